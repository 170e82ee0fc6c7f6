"""Closes as packages that nobody takes: leg by leg in the end, short one first, on record."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import msgspec
import pytest
from faults.books import differences, run_books, tiger_books
from faults.paper_node import PaperNode
from faults.test_desk_packages import PACKAGES
from faults.told_strategy import READY, Told, over_line
from patience import wait_until
from project_simulator import project_simulator
from simulator_process import SimulatorProcess
from walked_log import WalkedParent, package_faults, walked_parents

from autotrade_0dte.analysis.tables import read_table
from autotrade_0dte.config import load_config
from autotrade_0dte.execution.parent import Outcome, Purpose, Side
from autotrade_0dte.execution.walk_record import StepReason

CONFIG = f"""{
    PACKAGES.replace(
        "[desk.route]",
        '''package_cross_s = 1.0
urgent_exit_s = 3600

[desk.route]''',
    )
}"""
"""What walks is given up for its legs after two seconds; what is urgent is not."""
APART, NO_BID = "apart", "no bid"


class Left(NamedTuple):
    """What the node left."""

    folder: Path
    config: Path
    account: dict[str, Any]

    def parents(self, plan: str) -> list[WalkedParent]:
        return [parent for parent in walked_parents(self.folder) if parent.order.plan_id == plan]

    def refusals(self, plan: str) -> list[dict[str, Any]]:
        rows = read_table(self.folder, "decisions").to_pylist()
        return [row for row in rows if row["plan_id"] == plan and row["kind"] == "REFUSE"]


@pytest.fixture(scope="module")
def left(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Left]:
    folder = tmp_path_factory.mktemp("exits")
    (folder / "config.toml").write_text(CONFIG)
    with project_simulator(lively=False) as simulator:
        with PaperNode(simulator, folder, 10) as node:
            await_line(node, READY)
            simulator.fault("unmatched_packages", seconds=3_600, value=0)
            tell(node, Told(APART, hold_s=0.5, is_vertical=True, walks=True))
            await_line(node, over_line(APART))
            tell(node, Told(NO_BID, hold_s=0.5, is_vertical=True))
            lose_bid(simulator)
            await_line(node, over_line(NO_BID))
            node.interrupt()
            assert node.end() == 0, node.output
        yield Left(node.folder, folder / "config.toml", simulator.account())


def await_line(node: PaperNode, line: str) -> None:
    wait_until(lambda: line in node.output, line, lambda: node.output)


def tell(node: PaperNode, told: Told) -> None:
    node.tell(msgspec.json.encode(told).decode())


def lose_bid(simulator: SimulatorProcess) -> None:
    """Take the long leg's bid away once its close is at work, until the short one is closed."""

    def closing() -> Any:
        orders = simulator.account()["orders"]
        found = [o for o in orders if o["legs"] and o["status"] == "Submitted"]
        return next((o for o in found if o["limit_price"] < 0), None)

    order = wait_until(closing, "a close at work", simulator.account)
    [long] = [leg["symbol"] for leg in order["legs"] if leg["side"] == "SELL"]
    simulator.fault("frozen_quotes", seconds=3_600)

    def is_alone() -> bool:
        simulator.control("POST", "/quote", {"symbol": long, "bid": 0, "ask": 0.05})
        return set(simulator.account()["positions"]) == {long}

    wait_until(is_alone, "the short leg closed", lambda: json.dumps(simulator.account()))
    simulator.control("DELETE", "/faults")


@pytest.mark.parametrize(
    ("plan", "reason", "end_reason"),
    [
        (APART, "PACKAGE_LEFT", StepReason.BY_LEGS),
        (NO_BID, "PACKAGE_NO_BID", StepReason.CANCELED),
    ],
)
def test_legs_are_closed_one_by_one_short_first_with_the_reason_on_record(
    left: Left, plan: str, reason: str, end_reason: StepReason
) -> None:
    exits = [p for p in left.parents(plan) if p.order.purpose is not Purpose.ENTRY]
    together = [p for p in exits if p.order.package]
    assert {p.end_reason for p in together} == {end_reason}
    assert not any(p.filled for p in together)
    back, out = (p for p in exits if not p.order.package)
    assert (back.order.side, out.order.side) == (Side.BUY, Side.SELL)
    assert back.outcome is out.outcome is Outcome.FILLED
    assert out.records[0].ts_event >= back.records[-1].ts_event
    assert [row["reason"] for row in left.refusals(plan)] == [reason]


def test_the_log_of_each_package_makes_its_every_move_again(left: Left) -> None:
    config = load_config(left.config)
    close_ns = max(parent.order.deadline_ns for parent in walked_parents(left.folder))
    found = package_faults(left.folder, config, close_ns)
    assert len(found) == 4
    assert not any(found.values()), found


def test_the_books_are_the_brokers_and_nothing_is_left(left: Left) -> None:
    ours, theirs = run_books(left.folder), tiger_books(left.account)
    for books in (ours, theirs):  # a package's fees are one sum
        books.fees.clear()
    assert differences(ours, theirs) == []
    assert left.account["positions"] == {}
