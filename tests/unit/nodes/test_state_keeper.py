"""What the keeper of the state writes of a node's messages, without an engine."""

from collections.abc import Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from msgspec.structs import replace
from nautilus_trader.model import OrderStatus, Quantity
from rich.text import Text
from stored import CHANGE, INTENT, OWNER, PARENT, PLAN, STATE, plan, submitted

from autotrade_0dte.execution.parent import Outcome
from autotrade_0dte.execution.plan_state import PLAN_TOPIC
from autotrade_0dte.execution.walk_record import PARENT_TOPIC, WALK_TOPIC
from autotrade_0dte.nodes.state_keeper import StateKeeper
from autotrade_0dte.risk.ladder_state import LADDER_TOPIC, LadderState
from autotrade_0dte.risk.mode import RISK_TOPIC, Trigger
from autotrade_0dte.risk.report import REPORT_TOPIC, RiskReport
from autotrade_0dte.store.encoding import RowError
from autotrade_0dte.store.rows import LogKind
from autotrade_0dte.store.state_store import StateStore


class Node:
    """A keeper on a bus of a test's own."""

    def __init__(self, store: StateStore) -> None:
        self.store = store
        self.said: list[str] = []
        self.reports: list[RiskReport] = []
        self.orders: dict[str, Any] = {}
        self.timer: Any = None
        hears: dict[str, Any] = {}
        node = self

        class Keeper(StateKeeper):
            clock = SimpleNamespace(
                set_timer_ns=lambda *_, callback: setattr(node, "timer", callback)
            )
            cache = SimpleNamespace(order=lambda name: node.orders.get(str(name)))

            def subscribe_topic(self, topic: str, handler: Any, *_: Any) -> None:
                hears[topic] = handler

            def publish_message(self, topic: str, message: Any) -> None:
                assert topic == REPORT_TOPIC
                node.reports.append(message)
                node.tell(RISK_TOPIC, CHANGE)  # what the controller makes of it, at once

        self.keeper = Keeper(
            store, [INTENT, replace(INTENT, client_order_id="O-9")], self.said.append
        )
        self._hears = hears
        self.keeper.on_start()

    def tell(self, topic: str, message: Any) -> None:
        self._hears[topic](message)

    def fill_disk(self) -> None:
        pages = self.store._connection.execute("PRAGMA page_count").fetchone()[0]
        self.store._connection.execute(f"PRAGMA max_page_count = {pages}")
        for number in range(400):
            self.tell(PLAN_TOPIC, plan(number))


@pytest.fixture
def node(tmp_path: Path) -> Iterator[Node]:
    with StateStore.open(tmp_path, OWNER) as store:
        yield Node(store)


def test_all_that_must_survive_is_on_file_when_the_bus_goes_on(node: Node) -> None:
    ladder = LadderState(session_ns=1)
    node.tell(PLAN_TOPIC, STATE)
    node.tell(PARENT_TOPIC, PARENT)
    node.tell(WALK_TOPIC, submitted())
    node.tell(RISK_TOPIC, CHANGE)
    node.tell(LADDER_TOPIC, ladder)
    assert [repr(state) for state in node.store.plans()] == [repr(STATE)]
    assert node.store.intents() == [INTENT]
    assert repr(node.store.ladder(LadderState)) == repr(ladder)
    assert [entry.kind for entry in node.store.entries()] == [LogKind.START, LogKind.CHANGE]


def test_sign_of_life_is_given_at_the_start_and_by_a_timer(node: Node) -> None:
    first = node.store.heartbeat()
    node.timer(None)
    second = node.store.heartbeat()
    assert first is not None
    assert second is not None
    assert second.ts_event > first.ts_event


def test_log_of_the_store_is_tidied_now_and_then(
    node: Node, monkeypatch: pytest.MonkeyPatch
) -> None:
    tidied: list[int] = []
    monkeypatch.setattr(node.store, "tidy", lambda: tidied.append(1))
    for _ in range(25):
        node.timer(None)
    assert len(tidied) == 2


def test_disk_that_is_full_is_reported_once_and_again_when_there_is_room(node: Node) -> None:
    node.fill_disk()
    [report] = node.reports
    assert (report.trigger, report.begins) == (Trigger.STORE, True)
    assert report.figures["unwritten"] >= 1
    assert "full" in report.text
    assert node.keeper.unwritten > 0
    node.store._connection.execute("PRAGMA max_page_count = 1000000")
    node.timer(None)
    assert [(r.begins, r.figures["unwritten"]) for r in node.reports[1:]] == [(False, 0.0)]
    assert node.keeper.unwritten == 0
    assert len(node.store.plans()) == 400
    assert [entry.kind for entry in node.store.entries()].count(LogKind.CHANGE) == 2
    assert ["not written" in line for line in node.said] == [True, False]


def test_words_of_the_disk_are_shown_as_they_are(node: Node) -> None:
    node.keeper._tell(False, "disk I/O error [/dev/sda1] [red]")
    [line] = node.said
    assert Text.from_markup(line).plain.endswith("disk I/O error [/dev/sda1] [red]")


def test_row_that_no_disk_takes_halts_entries_and_is_an_error_of_the_run(node: Node) -> None:
    with pytest.raises(RowError):
        node.tell(PLAN_TOPIC, replace(STATE, plan=replace(PLAN, figures={"score": object()})))
    assert node.keeper.misfits == [
        "Expected a value that JSON has, was object (plan.state.plan.figures.score)"
    ]
    assert node.keeper.unwritten == 0
    [report] = node.reports
    assert (report.trigger, report.begins) == (Trigger.STORE, True)
    assert report.figures["unwritten"] == 1.0


@pytest.mark.parametrize(
    ("status", "outcome"),
    [
        (OrderStatus.FILLED, Outcome.FILLED),
        (OrderStatus.CANCELED, Outcome.CANCELED),
        (OrderStatus.EXPIRED, Outcome.CANCELED),
        (OrderStatus.REJECTED, Outcome.REJECTED),
    ],
)
def test_end_of_an_order_of_before_is_learnt_from_the_broker(
    node: Node, status: OrderStatus, outcome: Outcome
) -> None:
    node.store.keep_intent(INTENT)
    order = SimpleNamespace(
        is_closed=False, status=status, filled_qty=Quantity.from_int(2), ts_last=77
    )
    node.orders[INTENT.client_order_id] = order
    node.timer(None)
    assert node.store.intents() == [INTENT]
    order.is_closed = True
    node.timer(None)
    ended = replace(INTENT, filled=2, outcome=outcome, ended_ns=77)
    assert node.store.intents() == [ended]
    order.ts_last = 88  # it is not asked for again
    node.timer(None)
    assert node.store.intents() == [ended]


def test_end_that_came_after_the_stop_is_learnt_from_the_engine(node: Node) -> None:
    node.tell(PARENT_TOPIC, replace(PARENT, parent_id="O-5"))
    node.tell(WALK_TOPIC, submitted(parent_id="O-5", client_order_id="O-5"))
    node.keeper.on_stop()
    order = SimpleNamespace(
        is_closed=True, status=OrderStatus.CANCELED, filled_qty=Quantity.from_int(1), ts_last=77
    )
    cache = SimpleNamespace(order=lambda name: order if str(name) == "O-5" else None)
    node.keeper.finish(cache)
    assert node.store.intents() == [
        replace(
            INTENT,
            client_order_id="O-5",
            parent_id="O-5",
            filled=1,
            outcome=Outcome.CANCELED,
            ended_ns=77,
        )
    ]


def test_stop_is_noted(node: Node) -> None:
    node.keeper.on_stop()
    assert [entry.kind for entry in node.store.entries()] == [LogKind.START, LogKind.STOP]
