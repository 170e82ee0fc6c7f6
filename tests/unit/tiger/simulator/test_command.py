"""The simulator's command: what it prints, what it refuses, and that it ends."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from patience import PATIENCE_S
from simulator_process import ADAPTERS, SimulatorProcess

from tiger_nt.config import tiger_config
from tiger_nt.simulator.command import fault_script, main


def is_running(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True


def test_printed_environments_are_loopback_configurations_of_two_accounts():
    with SimulatorProcess("--rate", "10", is_measured=True) as simulator:
        paper = tiger_config(simulator.environment("paper"))
        live = tiger_config(simulator.environment("live"))
        session = simulator.control("GET", "/session")
        pid = simulator.pid
    assert paper.credentials.is_paper
    assert not live.credentials.is_paper
    assert paper.endpoints.is_loopback
    assert live.endpoints.is_loopback
    assert paper.credentials.private_key != live.credentials.private_key
    assert session["close_ns"] - session["open_ns"] == 4 * 3_600 * 10**9
    assert not is_running(pid)


def test_options_reach_market_users_and_faults(tmp_path: Path):
    users = tmp_path / "users.toml"
    users.write_text(
        '[[user]]\ntiger_id = "1"\naccount = "7001"\ncalls_per_minute = { orders = 5 }\n'
        '[[user]]\ntiger_id = "2"\naccount = "7002"\npermissions = []\n'
    )
    faults = tmp_path / "faults.toml"
    faults.write_text('[[fault]]\nat_s = 0\nkind = "refuse_login"\ncount = 3\n')
    options = ["--root", "SPXW", "--strikes", "2", "--seed", "9", "--cash", "5000"]
    options += ["--users", str(users), "--faults", str(faults), "--open-for", "60"]
    with SimulatorProcess(*options, is_measured=True) as simulator:
        state = simulator.wait_for(lambda s: bool(s["faults"]["pending"]), "the scripted fault")
        assert simulator.environment("live")["TIGEROPEN_ACCOUNT"] == "7001"
        assert simulator.environment("7002")["TIGEROPEN_TIGER_ID"] == "2"
    assert state["session"]["underlying"] == "SPX"
    assert len(state["session"]["contracts"]) == 10
    assert "seed 9" in state["session"]["description"]
    assert {account["cash"] for account in state["accounts"].values()} == {5_000}
    assert state["faults"]["pending"][0]["kind"] == "refuse_login"


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_signal_ends_it_cleanly(number: signal.Signals):
    process = subprocess.Popen(
        [sys.executable, "-m", "tiger_nt.simulator", "--rate", "10"],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        env=os.environ | {"PYTHONPATH": str(ADAPTERS)},
        text=True,
    )
    assert process.stdout is not None
    assert process.stdout.readline().startswith('{"environments"')
    process.send_signal(number)
    _, error = process.communicate(timeout=PATIENCE_S)
    assert (process.returncode, error) == (0, "")


def test_end_of_stdin_ends_it_when_asked_to():
    with SimulatorProcess("--rate", "10", is_measured=True) as simulator:
        process = simulator._process
        assert process is not None
        assert process.stdin is not None
        process.stdin.close()
        assert process.wait(10) == 0


@pytest.mark.parametrize(
    ("options", "problem"),
    [
        (["--rate", "0"], "quotes_per_second"),
        (["--root", "spy"], "root"),
        (["--closes-in", "-1"], "Expected hours that hold now"),
        (["--users", "none.toml"], "none.toml"),
        (["--faults", "none.toml"], "none.toml"),
        (["--faults", "none.toml", "--random-faults", "1"], "was both"),
        (["--random-faults", "1", "--every", "0"], "every so many seconds"),
    ],
)
def test_options_that_make_no_sense_are_one_line_and_code_2(
    options: list[str], problem: str, capsys: pytest.CaptureFixture[str]
):
    assert main(options) == 2
    error = capsys.readouterr().err
    assert problem in error
    assert error.count("\n") == 1


@pytest.mark.parametrize(
    ("content", "problem"),
    [("", "was none"), ("[[user]]\nname = 1", "tiger_id"), ("[[user", "Expected")],
)
def test_users_that_make_no_sense_are_refused(
    tmp_path: Path, content: str, problem: str, capsys: pytest.CaptureFixture[str]
):
    file = tmp_path / "users.toml"
    file.write_text(content)
    assert main(["--users", str(file)]) == 2
    assert problem in capsys.readouterr().err


def test_random_faults_come_without_end():
    script = iter(fault_script(None, 5, 2.0))
    assert [next(script).at_s < 4 * (k + 1) for k in range(20)] == [True] * 20
