"""A connection that will not come back ends the node, with a reason and nothing left at work."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from faults.books import Books, differences, tiger_books
from faults.node_process import TradingNode
from simulator_process import SimulatorProcess


@pytest.fixture
def simulator() -> Iterator[SimulatorProcess]:
    with SimulatorProcess("--rate", "100") as process:
        yield process


@pytest.mark.parametrize(
    ("faults", "states"),
    [
        ([{"kind": "kickout"}], ["UP", "KICKED"]),
        (
            [{"kind": "refuse_login", "seconds": 60}, {"kind": "drop", "seconds": 0.1}],
            ["UP", "DOWN", "REFUSED"],
        ),
    ],
    ids=["kickout", "refused login"],
)
def test_node_stops_and_says_why_after(
    simulator: SimulatorProcess, tmp_path: Path, faults: list[dict[str, Any]], states: list[str]
) -> None:
    with TradingNode(simulator, tmp_path) as node:
        node.wait(_is_in_the_middle, "a position and an order at work")
        for fault in faults:
            simulator.fault(**fault)
        report = node.ended()
    [ended] = [text for text in report["reasons"] if text.startswith("LINK_ENDED")]
    assert ended.startswith(f"LINK_ENDED: {states[-1]} ")
    assert [link["state"] for link in report["links"]] == states
    account = simulator.account("live")
    assert all(order["status"] in {"Filled", "Cancelled"} for order in account["orders"])
    assert differences(msgspec.convert(report["books"], Books), tiger_books(account)) == []


def _is_in_the_middle(report: dict[str, Any]) -> bool:
    books = report["books"]
    return bool(books["positions"]) and any(o["status"] == "ACCEPTED" for o in books["orders"])
