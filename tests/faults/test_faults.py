"""Every fault hits a node that trades all the time; afterwards engine and simulator agree.

On every order, fill, position and fee, with no order twice and none lost (see books.py).
"""

from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import pytest
from faults.limits import users_table
from faults.node_process import TradingNode
from simulator_process import SimulatorProcess

type Events = list[dict[str, str]]


@pytest.fixture(scope="module")
def simulator(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
    users = tmp_path_factory.mktemp("users") / "users.toml"
    users.write_text(users_table())
    with SimulatorProcess("--rate", "200", "--users", str(users)) as process:
        yield process


@pytest.fixture(scope="module")
def running(
    simulator: SimulatorProcess, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[TradingNode]:
    with TradingNode(simulator, tmp_path_factory.mktemp("node")) as process:
        yield process


@pytest.fixture
def node(running: TradingNode) -> Iterator[TradingNode]:
    """The node, trading; after each test the proof that nothing is out of order."""
    running.do("trade")
    yield running
    report, found = running.settled()
    assert not found, found
    assert not report["alarms"], report["alarms"]


class Case(msgspec.Struct, frozen=True):
    """A fault, and what the strategy has to hear of it.

    `told` is given the events of one order; some order has to have had them.
    """

    fault: dict[str, Any]
    told: Callable[[Events], bool] = lambda _: True


def case(kind: str, told: Callable[[Events], bool] = lambda _: True, **fields: Any) -> Case:
    return Case({"kind": kind, **fields}, told)


def types(events: Events) -> list[str]:
    return [event["type"] for event in events]


def ends(*wanted: str) -> Callable[[Events], bool]:
    """Return whether the last of an order's events are these."""
    return lambda events: types(events)[-len(wanted) :] == list(wanted)


def reason(kind: str, words: str) -> Callable[[Events], bool]:
    """Return whether an order had an event of this kind with these words as reason."""
    return lambda events: any(e["type"] == kind and words in e["reason"] for e in events)


GROUPS = {
    "refusals": [
        case("reject", reason("Rejected", "1200:not today"), message="1200:not today"),
        case("cancel_fails", ends("CancelRejected", "PendingCancel", "Canceled")),
        case("modify_refused", reason("ModifyRejected", "refused by Tiger without a reason")),
    ],
    "ends that come later": [
        case("late_reject", reason("Rejected", "201:too late"), value=0.1, message="201:too late"),
        case("partial_fill", ends("Filled", "PendingCancel", "Canceled"), value=1, count=2),
    ],
    "lost answers": [
        case("lost_response", method="place_order", count=2),
        case("lost_response", method="modify_order"),
        case("lost_response", method="cancel_order"),
    ],
    "an unknown status and late answers": [
        case("unknown_status", ends("Canceled"), message="PartiallyFilled"),
        case("delay_response", method="place_order", value=1.2),
        case("delay_response", method="cancel_order", value=1.2),
    ],
    "damaged answers while nothing is pushed": [
        case("stall", seconds=1.0),
        case("wrong_signature", method="place_order"),
        case("wrong_signature", method="orders"),
    ],
    "news twice and in another order": [
        case("duplicate_push", count=15),
        case("reorder_push", count=8),
        case("partial_fill", value=1),
    ],
    "frozen quotes, clock ahead": [
        case("frozen_quotes", seconds=1.5),
        case("clock_skew", seconds=1.5, value=30.0),
    ],
    "clock behind": [case("clock_skew", seconds=1.5, value=-30.0)],
    "limits": [
        case("rate_limit", method="place_order"),
        case("rate_limit", method="modify_order", value=429),
    ],
}


@pytest.mark.parametrize("group", GROUPS)
def test_engine_and_simulator_agree_after(node: TradingNode, group: str) -> None:
    before = len(node.do("report")["events"])
    for each in GROUPS[group]:
        node.simulator.fault(**each.fault)
    node.simulator.wait_for(lambda state: not state["faults"]["pending"], f"{group} to hit")

    def is_told(report: dict[str, Any]) -> bool:
        orders: dict[str, Events] = {}
        for event in report["events"][before:]:
            orders.setdefault(event["order"], []).append(event)
        return all(any(map(each.told, orders.values())) for each in GROUPS[group])

    node.wait(is_told, f"what tells of {group}")


@pytest.mark.parametrize(
    "fault",
    [{"kind": "drop", "seconds": 0.5}, {"kind": "stall", "seconds": 5.0}],
    ids=["drop", "stall"],
)
def test_engine_and_simulator_agree_after_the_push_was(
    node: TradingNode, fault: dict[str, Any]
) -> None:
    """What happened meanwhile is found by asking, and the gap is told."""
    before = len(node.do("report")["links"])
    node.simulator.fault(**fault)
    seen = node.wait(lambda r: len(r["links"]) >= before + 2, "the connection lost and back")
    assert [(link["state"], link["gap"]) for link in seen["links"][before:]] == [
        ("DOWN", False),
        ("UP", True),
    ]
