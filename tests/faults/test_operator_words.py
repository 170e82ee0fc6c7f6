"""What an operator's words, and what goes wrong at Tiger, lead to at a node with a position."""

import datetime as dt
import os
import subprocess
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from faults.paper_node import AUTOTRADE, PLANNED, PaperNode
from patience import wait_until
from project_simulator import project_simulator
from simulator_process import SimulatorProcess

from autotrade_0dte.nodes.kept_state import read_kept_state
from autotrade_0dte.store.rows import Owner, account_key

CONFIG = (
    PLANNED
    + """
[regular.params.exits]
profit_fraction = 10.0
loss_fraction = 1.0
theta_burn_fraction = 1000.0
hold_s = 23_400

[live]
reconcile_interval_s = 2
"""
)


class World:
    """A simulator, a folder, and a node with a contract."""

    def __init__(self, simulator: SimulatorProcess, folder: Path) -> None:
        self.simulator = simulator
        self.folder = folder
        self.number = simulator.environment("paper")["TIGEROPEN_ACCOUNT"]
        session = simulator.control("GET", "/session")
        symbol = session["contracts"][len(session["contracts"]) // 2]
        ask = simulator.control("GET", f"/quote/{symbol}")["ask"]
        self.date = dt.date.fromisoformat(session["date"])
        config = CONFIG.format(
            name="told",
            quantity=1,
            date=f"{self.date:%y%m%d}",
            symbol=symbol,
            entry_cap=round(ask + 1, 2),
        )
        (folder / "config.toml").write_text(config)

    def node(self) -> PaperNode:
        return PaperNode(self.simulator, self.folder)

    def autotrade(self, *words: str) -> str:
        """Run a command on the nodes' state, and return what it prints."""
        ended = subprocess.run(
            [AUTOTRADE, *words, "--reason", "test", "--state", str(self.folder / "state")],
            env={name: text for name, text in os.environ.items() if not name.startswith("TIGER")},
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        return ended.stdout

    def await_account(self, node: PaperNode, what: str, holds: Callable[[Any], bool]) -> None:
        self.simulator.wait_for(
            lambda state: not node.is_running or holds(state["accounts"][self.number]),
            what,
        )
        assert node.is_running, node.output

    def latched(self) -> list[str]:
        """Return the rungs of the ladder that is kept."""
        kept = read_kept_state(
            self.folder / "state" / "broker-told-SPY", Owner(self.date, account_key(self.number))
        )
        return [] if kept.ladder is None else [rung.name for rung in kept.ladder.rungs]

    def await_latched(self, what: str, holds: Callable[[list[str]], bool]) -> None:
        wait_until(lambda: holds(self.latched()), what, self.latched)


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    with project_simulator(lively=False) as simulator:
        yield World(simulator, tmp_path)


def changes(node: PaperNode) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = pq.read_table(node.folder / "risk.parquet").to_pylist()
    return rows


def test_halted_node_keeps_its_position_and_the_next_one_begins_halted_until_rearmed(
    world: World,
) -> None:
    with world.node() as node:
        world.await_account(node, "a position", lambda account: bool(account["positions"]))
        world.autotrade("halt")
        world.await_latched("a halt", lambda latched: "MANUAL:HALT_ENTRIES" in latched)
        time.sleep(1.0)  # to sell in, if it would
        assert world.simulator.account("paper")["positions"]
        node.interrupt()
        node.end()
    printed = world.autotrade("rearm")
    assert "broker-told-SPY: does not run; takes the word at its next start" in printed
    world.autotrade("halt", "--flatten")
    with world.node() as node:
        world.await_account(node, "no position", lambda account: not account["positions"])
        assert "broker-told-SPY: armed again" in world.autotrade("rearm")
        world.await_latched("nothing latched", lambda latched: not latched)
        node.interrupt()
        node.end()
    words = [(row["begins"], row["mode"]) for row in changes(node) if row["trigger"] == "MANUAL"]
    # The word, the halt given after it, once more for the strategies, and the second word.
    assert words == [(False, "NORMAL"), (True, "FLATTEN"), (True, "FLATTEN"), (False, "NORMAL")]


def test_books_that_differ_end_the_node_and_keep_the_next_one_from_entries_until_rearmed(
    world: World,
) -> None:
    with world.node() as node:
        world.await_account(node, "a position", lambda account: bool(account["positions"]))
        world.simulator.control("POST", "/reset")  # the contract is gone, without an order
        world.simulator.fault("drop")  # after which the books are compared
        node.end()
    mismatch = [row for row in changes(node) if row["trigger"] == "MISMATCH"]
    assert [(row["begins"], row["mode"]) for row in mismatch] == [(True, "HALT_ENTRIES")]
    assert "MISMATCH: positions of the engine and of Tiger differ" in mismatch[0]["text"]
    assert "MISMATCH:HALT_ENTRIES" in world.latched()
    with world.node() as node:
        # Its market, told of when it trades.
        wait_until(lambda: "usable" in node.output, "a line of status", lambda: node.output)
        assert "broker-told-SPY: armed again" in world.autotrade("rearm")
        world.await_latched("nothing latched", lambda latched: not latched)


def test_clock_of_tiger_that_leaves_ours_halts_entries(world: World) -> None:
    with world.node() as node:
        world.await_account(node, "a position", lambda account: bool(account["positions"]))
        world.simulator.fault("clock_skew", value=5.0, seconds=3_600)
        world.await_latched("a halt", lambda latched: "CLOCK_OFFSET:HALT_ENTRIES" in latched)


def test_answers_that_are_lost_again_and_again_halt_entries(world: World) -> None:
    with world.node() as node:
        world.await_account(node, "a position", lambda account: bool(account["positions"]))
        world.simulator.fault("lost_response", method="positions", count=1_000)
        world.await_latched("a halt", lambda latched: "ERRORS:HALT_ENTRIES" in latched)
