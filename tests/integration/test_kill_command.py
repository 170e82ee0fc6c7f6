"""``autotrade kill`` and ``rearm`` as an operator runs them."""

import json
import os
import resource
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

import pytest
from patience import PATIENCE_S, wait_until
from simulator_process import SimulatorProcess

from autotrade_0dte.nodes.kill_answers import claim, leave, write_answer
from autotrade_0dte.nodes.kill_latch import KillLatchError, read_latch, refuse_latched, set_latch

AUTOTRADE = str(Path(sys.executable).with_name("autotrade"))
DEMO = str(Path(__file__).resolve().parents[2] / "configs" / "demo.toml")


class Ended(NamedTuple):
    code: int
    out: str
    err: str


def command(folder: Path, *arguments: str, environment: Mapping[str, str] | None = None) -> Ended:
    kept = {name: text for name, text in os.environ.items() if not name.startswith("TIGER")}
    ended = subprocess.run(
        [AUTOTRADE, *arguments],
        cwd=folder,
        env=kept | dict(environment or {}),
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=False,
    )
    return Ended(ended.returncode, ended.stdout, ended.stderr)


@pytest.fixture(scope="module")
def simulator() -> Iterator[SimulatorProcess]:
    with SimulatorProcess("--rate", "200") as process:
        yield process


def test_kill_without_a_node_says_what_to_run_next(tmp_path: Path) -> None:
    ended = command(tmp_path, "kill", "--reason", "smoke")
    assert ended.code == 1
    assert "Now run: autotrade kill --direct" in ended.out
    assert str(tmp_path / "state") in ended.out
    latch = read_latch(tmp_path / "state")
    assert latch is not None
    assert (latch.reason, latch.direct) == ("smoke", False)


def test_latch_stands_before_anything_heavy_is_imported(tmp_path: Path) -> None:
    code = (
        "import sys; sys.argv = ['autotrade', 'kill', '--wait', '0.1']\n"
        "from autotrade_0dte import cli\n"
        "heavy = {'numpy', 'pandas', 'nautilus_trader', 'tigeropen', 'rich.console', 'msgspec'}\n"
        "import autotrade_0dte.cli_risk as risk\n"
        "before = risk.set_latch\n"
        "def seen(*a, **k):\n"
        "    print('IMPORTED', sorted(heavy & set(sys.modules)))\n"
        "    return before(*a, **k)\n"
        "risk.set_latch = seen\n"
        "cli.main()\n"
    )
    ended = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False
    )
    assert "IMPORTED []" in ended.stdout, ended


def test_kill_waits_until_each_running_node_is_flat(tmp_path: Path) -> None:
    state = tmp_path / "state"
    running = claim(state / "broker-a-SPY")
    process = subprocess.Popen(
        [AUTOTRADE, "kill", "--wait", str(PATIENCE_S)],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        text=True,
    )
    latch = wait_until(lambda: read_latch(state), "a latch")
    assert latch is not None
    write_answer(state / "broker-a-SPY", latch.time, 1, {"SPY261123C00600000": 2})
    assert "1 orders at work, holds +2 SPY261123C00600000" in line_with(process, "holds")
    assert process.poll() is None
    write_answer(state / "broker-a-SPY", latch.time, 0, {})
    out, _ = process.communicate(timeout=PATIENCE_S)
    running.close()
    assert process.returncode == 0
    assert out.splitlines()[-1] == "FLAT, as each running node says"


def test_interrupted_kill_says_that_nothing_is_known_and_leaves_the_latch(tmp_path: Path) -> None:
    state = tmp_path / "state"
    running = claim(state / "a")
    process = subprocess.Popen(
        [AUTOTRADE, "kill", "--wait", str(PATIENCE_S)],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    line_with(process, "has not seen the kill")
    process.send_signal(signal.SIGINT)
    out, told = process.communicate(timeout=PATIENCE_S)
    running.close()
    assert (process.returncode, told) == (130, "autotrade: interrupted\n")
    assert out.splitlines() == [
        "NOT KNOWN TO BE FLAT (interrupted, the kill stands). Go on with: autotrade kill"
    ]
    assert read_latch(state) is not None


def line_with(process: subprocess.Popen[str], word: str) -> str:
    """Return the next line that a process prints with a word in it."""
    assert process.stdout is not None
    return next(line for line in process.stdout if word in line)


@pytest.mark.parametrize("ends", [True, False])
def test_node_that_does_not_get_flat_means_go_on_directly(tmp_path: Path, ends: bool) -> None:
    state = tmp_path / "state"
    flat, stuck = claim(state / "a"), claim(state / "b")
    latch = set_latch(state, "", direct=False)
    write_answer(state / "a", latch.time, 0, {})
    process = subprocess.Popen(
        [AUTOTRADE, "kill", "--wait", str(PATIENCE_S) if ends else "0.2"],
        cwd=tmp_path,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert "b: has not seen the kill" in line_with(process, "b:")
    if ends:
        stuck.close()
    out, _ = process.communicate(timeout=PATIENCE_S)
    flat.close()
    stuck.close()
    assert process.returncode == 1
    assert "NOT FLAT (not flat: b). Now run: autotrade kill --direct" in out


def test_latch_that_cannot_be_read_makes_no_silent_node_flat(tmp_path: Path) -> None:
    (tmp_path / "state").mkdir()
    (tmp_path / "state" / "KILL").write_text("?")
    running = claim(tmp_path / "state" / "a")
    ended = command(tmp_path, "kill", "--wait", "0.2")
    running.close()
    assert ended.code == 1
    assert "NOT FLAT (not flat: a)" in ended.out
    latch = read_latch(tmp_path / "state")
    assert latch is not None
    assert latch.direct
    assert "nodes only cancel" in ended.out


def test_node_that_died_holding_something_is_not_flat_beside_one_that_is(tmp_path: Path) -> None:
    state = tmp_path / "state"
    claim(state / "dead").close()
    os.utime(state / "dead" / "RUNNING", (time.time() - 600,) * 2)
    claim(state / "stopped").close()
    leave(state / "stopped")
    running = claim(state / "flat")
    latch = set_latch(state, "", direct=False)
    write_answer(state / "flat", latch.time, 0, {})
    ended = command(tmp_path, "kill")
    running.close()
    assert ended.code == 1
    assert "NOT FLAT (not flat: dead)" in ended.out


def test_kill_goes_on_where_its_log_cannot_be_written(tmp_path: Path) -> None:
    state = tmp_path / "state"
    (state / "log.jsonl").mkdir(parents=True)
    running = claim(state / "a")
    latch = set_latch(state, "", direct=False)
    write_answer(state / "a", latch.time, 0, {})
    ended = command(tmp_path, "kill")
    running.close()
    assert ended.code == 0
    assert "not in log.jsonl" in ended.err


@pytest.mark.parametrize("direct", [True, False])
def test_kill_goes_on_where_nobody_can_be_told(
    simulator: SimulatorProcess, tmp_path: Path, direct: bool
) -> None:
    """Its output goes to a full disk."""
    options = ["--direct"] if direct else ["--wait", "0.1"]
    contract = simulator.control("GET", "/session")["contracts"][0]
    order = {"account": "paper", "symbol": contract, "side": "BUY", "quantity": 1}
    simulator.control("POST", "/order", order | {"limit_price": 0.01})
    with Path("/dev/full").open("w") as full:
        subprocess.run(
            [AUTOTRADE, "kill", *options],
            cwd=tmp_path,
            env=os.environ | simulator.environment("paper"),
            stdout=full,
            stderr=full,
            check=False,
        )
    statuses = {order["status"] for order in simulator.account("paper")["orders"]}
    assert ("Initial" in statuses or "Submitted" in statuses) is not direct
    lines = (tmp_path / "state" / "log.jsonl").read_text().splitlines()
    assert len(lines) == (2 if direct else 1)
    simulator.control("POST", "/reset")


def test_full_disk_takes_a_latch_without_words(tmp_path: Path) -> None:
    ended = subprocess.run(
        [AUTOTRADE, "kill", "--wait", "0.1"],
        cwd=tmp_path,
        preexec_fn=lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0)),
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 1
    assert (tmp_path / "state" / "KILL").read_bytes() == b""
    with pytest.raises(KillLatchError):
        refuse_latched(tmp_path / "state")


def test_direct_kill_flattens_and_latches_and_logs(
    simulator: SimulatorProcess, tmp_path: Path
) -> None:
    contracts = simulator.control("GET", "/session")["contracts"]
    symbol = contracts[len(contracts) // 2]
    order = {"account": "paper", "symbol": symbol, "quantity": 2}
    simulator.control("POST", "/order", order | {"side": "BUY", "order_type": "MKT"})
    simulator.control("POST", "/order", order | {"side": "BUY", "limit_price": 0.01})
    number = simulator.environment("paper")["TIGEROPEN_ACCOUNT"]
    simulator.wait_for(lambda state: state["accounts"][number]["positions"], "a position")
    ended = command(
        tmp_path, "kill", "--direct", "--reason", "x", environment=simulator.environment("paper")
    )
    assert (ended.code, ended.err) == (0, "")
    assert "FLAT, verified with the broker" in ended.out
    assert number not in ended.out
    assert simulator.account("paper")["positions"] == {}
    latch = read_latch(tmp_path / "state")
    assert latch is not None
    assert latch.direct
    lines = (tmp_path / "state" / "log.jsonl").read_text().splitlines()
    assert [json.loads(line)["action"] for line in lines] == ["kill", "flattened"]
    assert json.loads(lines[1])["verdict"] == "FLAT"


def test_direct_kill_without_credentials_is_one_line(tmp_path: Path) -> None:
    ended = command(tmp_path, "kill", "--direct")
    assert ended.code == 4
    assert len(ended.err.splitlines()) == 1
    assert "TIGEROPEN_ACCOUNT" in ended.err


def test_direct_kill_with_another_account_is_one_line(
    simulator: SimulatorProcess, tmp_path: Path
) -> None:
    environment = simulator.environment("paper") | {"TIGEROPEN_ACCOUNT": "50000009"}
    ended = command(tmp_path, "kill", "--direct", environment=environment)
    assert (ended.code, ended.err) == (4, "")
    assert "no permission for this account" in ended.out.splitlines()[-1]


def test_direct_kill_goes_on_where_no_latch_can_be_written(
    simulator: SimulatorProcess, tmp_path: Path
) -> None:
    (tmp_path / "state").write_text("a file in the way")
    ended = command(tmp_path, "kill", "--direct", environment=simulator.environment("paper"))
    assert ended.code == 0
    assert "no latch, nodes are not told" in ended.err
    ended = command(tmp_path, "kill")
    assert ended.code == 1
    assert "Now run: autotrade kill --direct" in ended.out


def test_direct_kill_warns_of_a_node_that_has_not_seen_it(
    simulator: SimulatorProcess, tmp_path: Path
) -> None:
    running = claim(tmp_path / "state" / "broker-a-SPY")
    ended = command(tmp_path, "kill", "--direct", environment=simulator.environment("paper"))
    running.close()
    assert ended.code == 0
    assert f"broker-a-SPY lives and has not seen the kill: end its process ({os.getpid()})" in (
        ended.out
    )


def test_node_refuses_to_start_until_rearmed_with_a_reason(
    simulator: SimulatorProcess, tmp_path: Path
) -> None:
    environment = simulator.environment("paper")
    command(tmp_path, "kill", "--reason", "it went mad")
    refused = command(tmp_path, "paper", DEMO, environment=environment)
    assert refused.code == 4
    assert len(refused.err.splitlines()) == 1
    assert "it went mad" in refused.err
    assert "autotrade rearm" in refused.err
    assert command(tmp_path, "rearm").code != 0
    assert command(tmp_path, "rearm", "--reason", " ").code == 2
    assert read_latch(tmp_path / "state") is not None
    rearmed = command(tmp_path, "rearm", "--reason", "checked")
    assert rearmed.code == 0
    assert read_latch(tmp_path / "state") is None
    again = command(tmp_path, "rearm", "--reason", "checked")
    assert (again.code, len(again.err.splitlines())) == (4, 1)
    lines = (tmp_path / "state" / "log.jsonl").read_text().splitlines()
    assert [(json.loads(line)["action"], json.loads(line)["reason"]) for line in lines] == [
        ("kill", "it went mad"),
        ("rearm", "checked"),
    ]


def test_help_says_what_to_do_in_order(tmp_path: Path) -> None:
    out = command(tmp_path, "kill", "--help").out
    assert out.index("autotrade kill  ") < out.index("autotrade kill --direct")
    assert len(out.splitlines()) < 30
