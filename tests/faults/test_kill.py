"""``autotrade kill`` with a node that lives, and directly with one that hangs."""

import datetime as dt
import os
import signal
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from faults.paper_node import AUTOTRADE, PLANNED, PaperNode
from patience import wait_until
from project_simulator import project_simulator
from simulator_process import SimulatorProcess

from autotrade_0dte.nodes.kill_answers import node_answers
from autotrade_0dte.nodes.kill_latch import read_latch

QUIET_S = 2.0
AT_WORK = {"Initial", "Submitted", "PendingCancel"}


@pytest.fixture
def simulator() -> Iterator[SimulatorProcess]:
    with project_simulator(lively=False) as process:
        yield process


@pytest.fixture
def node(simulator: SimulatorProcess, tmp_path: Path) -> Iterator[PaperNode]:
    """A node with one contract held, and two more at work."""
    session = simulator.control("GET", "/session")
    symbol = session["contracts"][len(session["contracts"]) // 2]
    ask = simulator.control("GET", f"/quote/{symbol}")["ask"]
    date = f"{dt.date.fromisoformat(session['date']):%y%m%d}"
    config = PLANNED.format(
        name="killed", quantity=3, date=date, symbol=symbol, entry_cap=round(ask + 1, 2)
    )
    (tmp_path / "config.toml").write_text(config)
    simulator.fault("partial_fill", count=2, value=1)
    with PaperNode(simulator, tmp_path) as running:
        number = simulator.environment("paper")["TIGEROPEN_ACCOUNT"]
        simulator.wait_for(
            lambda state: not running.is_running or _is_busy(state["accounts"][number]),
            "a position and an order at work",
        )
        assert running.is_running, running.output
        yield running


def _is_busy(account: dict[str, Any]) -> bool:
    return bool(account["positions"] and at_work(account))


def at_work(account: dict[str, Any]) -> list[dict[str, Any]]:
    return [order for order in account["orders"] if order["status"] in AT_WORK]


def kill(simulator: SimulatorProcess, folder: Path, *options: str) -> tuple[int, str]:
    kept = {name: text for name, text in os.environ.items() if not name.startswith("TIGER")}
    ended = subprocess.run(
        [AUTOTRADE, "kill", "--state", str(folder / "state"), *options],
        env=kept | simulator.environment("paper"),
        capture_output=True,
        text=True,
        check=False,
    )
    return ended.returncode, ended.stdout + ended.stderr


def test_living_node_cancels_and_closes_and_trades_on_only_when_rearmed(
    simulator: SimulatorProcess, node: PaperNode, tmp_path: Path
) -> None:
    code, printed = kill(simulator, tmp_path, "--wait", "100")
    assert code == 0, printed
    account = simulator.account("paper")
    assert (account["positions"], at_work(account)) == ({}, [])
    orders = len(account["orders"])
    time.sleep(QUIET_S)
    assert len(simulator.account("paper")["orders"]) == orders
    assert node.is_running
    rearmed = subprocess.run(
        [AUTOTRADE, "rearm", "--reason", "test", "--state", str(tmp_path / "state")], check=False
    )
    assert rearmed.returncode == 0
    assert read_latch(tmp_path / "state") is None
    [folder] = [path for path in (tmp_path / "state").iterdir() if path.is_dir()]
    wait_until(lambda: not (folder / "REARM").exists(), "the word taken", lambda: node.output)


def test_hanging_node_is_gone_round_and_sends_nothing_when_it_comes_back(
    simulator: SimulatorProcess, node: PaperNode, tmp_path: Path
) -> None:
    os.kill(node.pid, signal.SIGSTOP)
    try:
        code, printed = kill(simulator, tmp_path, "--direct")
    finally:
        os.kill(node.pid, signal.SIGCONT)
    assert code == 0, printed
    assert f"lives and has not seen the kill: end its process ({node.pid})" in printed
    account = simulator.account("paper")
    assert (account["positions"], at_work(account)) == ({}, [])
    orders = len(account["orders"])
    latch = read_latch(tmp_path / "state")
    assert latch is not None
    wait_until(
        lambda: node_answers(tmp_path / "state")[0].latch == latch.time,
        "the kill seen",
        lambda: node.output,
    )
    time.sleep(QUIET_S)
    after = simulator.account("paper")
    assert (after["positions"], len(after["orders"])) == ({}, orders)
