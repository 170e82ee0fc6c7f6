"""Answers to two orders that are one package at the venue: the walk hears of each once."""

import datetime as dt
from typing import Any

import pytest
from nautilus_trader.core import UUID4
from nautilus_trader.model import (
    AccountId,
    ClientOrderId,
    InstrumentId,
    OrderAccepted,
    OrderCancelRejected,
    OrderDenied,
    StrategyId,
    TraderId,
    VenueOrderId,
)
from strategy_venue import CALL, canceled, filled, rejected
from worked_order import CLOSE_NS, at, entry, grid, quote

from autotrade_0dte.actors.desk_answers import Answer
from autotrade_0dte.actors.package_answers import take_package_answer, take_package_fill
from autotrade_0dte.actors.package_work import PackageLeg, PackageWork
from autotrade_0dte.execution.desk_params import DeskParams
from autotrade_0dte.execution.fees import Entity, fee_schedule
from autotrade_0dte.execution.offer import Offer
from autotrade_0dte.execution.package_walk import PackageWalk
from autotrade_0dte.execution.parent import Outcome
from autotrade_0dte.execution.remainder import RemainderRule
from autotrade_0dte.execution.walk_record import Move, MoveKind, StepReason, WalkEvent

FIRST, SECOND = ("O-1", "O-2"), ("O-3", "O-4")
"""Names of the purchase's and the sale's order, of a package and of the one that carries it on."""
HEAD = TraderId("TESTER-001"), StrategyId("Test-001"), InstrumentId.from_str(CALL)


def accepted(name: str) -> OrderAccepted:
    ids = ClientOrderId(name), VenueOrderId("V"), AccountId("US-001")
    return OrderAccepted(*HEAD, *ids, UUID4(), 0, 0, False)


def cancel_rejected(name: str) -> OrderCancelRejected:
    return OrderCancelRejected(*HEAD, ClientOrderId(name), "not now", UUID4(), 0, 0, False)


def denied(name: str) -> OrderDenied:
    return OrderDenied(*HEAD, ClientOrderId(name), "no", UUID4(), 0, 0)


class Desk:
    """A package of three that is on its way to the venue, and what is told of its orders."""

    def __init__(self) -> None:
        parent, params = entry(quantity=3, cap=0.60), DeskParams()
        fees = fee_schedule(Entity.STANDARD, dt.date(2026, 7, 20))
        rule = RemainderRule(fees, "SPY", params.remainder)
        unused: Any = None
        self.work = PackageWork(
            walk=PackageWalk(parent, params, grid(), CLOSE_NS, rule),
            legs=tuple(
                PackageLeg(
                    parent=parent, order_id=ClientOrderId(name), instrument_id=unused,
                    proposed=unused, held=None,
                )
                for name in FIRST
            ),
            offer=Offer(parent),
        )  # fmt: skip
        self.work.know_orders()
        self.now_s = 0.0
        self.look(0.0)

    def look(self, at_s: float) -> Move | None:
        self.now_s = at_s
        return self.work.walk.on_quote(quote(at_s, 0.50, 0.60), 60)

    def hear(self, event: Any) -> Answer | None:
        self.now_s += 0.1
        [leg] = [leg for leg in self.work.legs if leg.order_id == event.client_order_id]
        return take_package_answer(self.work, leg, event, at(self.now_s))

    def fill(self, name: str, quantity: int, price: float) -> list[Answer]:
        self.now_s += 0.1
        number = int(name in (FIRST[1], SECOND[1]))
        event = filled(name, -quantity if number else quantity, price)
        return list(take_package_fill(self.work, number, event, at(self.now_s)))

    def carried_on(self) -> "Desk":
        """Have the first package replaced by a second, which is at work."""
        for name in FIRST:
            self.hear(accepted(name))
        move = self.look(4.0)
        assert move is not None
        assert move.kind is MoveKind.REPLACE
        for name in FIRST:
            self.hear(canceled(name))
        for leg, name in zip(self.work.legs, SECOND, strict=True):
            leg.renew(ClientOrderId(name), None, leg.proposed)
        self.work.know_orders()
        self.work.walk.on_resent(at(self.now_s), 3)
        assert self.look(5.0) is not None
        for name in SECOND:
            self.hear(accepted(name))
        return self


def test_acceptance_and_end_are_told_when_both_orders_have_them() -> None:
    desk = Desk()
    assert desk.hear(accepted("O-2")) is None
    answer = desk.hear(accepted("O-1"))
    assert answer is not None
    assert answer.event is WalkEvent.ACCEPTED
    assert desk.hear(canceled("O-1")) is None
    end = desk.hear(canceled("O-2"))
    assert end is not None
    assert end.event is WalkEvent.CANCELED
    assert desk.work.walk.outcome is Outcome.CANCELED


@pytest.mark.parametrize(
    ("event", "kind", "outcome", "was_refused"),
    [
        (rejected, WalkEvent.REJECTED, Outcome.REJECTED, True),
        (denied, WalkEvent.DENIED, Outcome.DENIED, False),
    ],
)
def test_refusal_is_told_once_with_its_words(
    event: Any, kind: WalkEvent, outcome: Outcome, was_refused: bool
) -> None:
    desk = Desk()
    assert desk.hear(event("O-1")) is None
    answer = desk.hear(event("O-2"))
    assert answer is not None
    assert (answer.event, answer.told) == (kind, {"text": event("O-2").reason})
    assert (desk.work.walk.outcome, desk.work.was_refused) == (outcome, was_refused)
    assert desk.hear(event("O-2")) is None


def test_refused_cancel_comes_from_the_leg_that_asked_and_may_be_asked_again() -> None:
    desk = Desk()
    desk.work.is_canceling = True
    answer = desk.hear(cancel_rejected("O-1"))
    assert answer is not None
    assert (answer.event, answer.told) == (WalkEvent.CANCEL_REJECTED, {"text": "not now"})
    assert not desk.work.is_canceling


def test_package_of_which_an_order_is_held_here_is_over_when_that_is_withdrawn() -> None:
    desk = Desk()
    desk.work.legs[1].held = "an order"
    answer = desk.hear(canceled("O-2"))
    assert answer is not None
    assert answer.event is WalkEvent.CANCELED


def test_package_is_filled_when_both_legs_are() -> None:
    desk = Desk()
    assert desk.fill("O-1", 3, 1.10) == []
    [answer] = desk.fill("O-2", 3, 0.52)
    assert answer.told == {"order_id": "O-1", "quantity": 3, "price": 0.58}
    assert answer.move is not None
    assert (answer.move.kind, answer.move.outcome) == (MoveKind.END, Outcome.FILLED)


def test_late_fill_of_a_replaced_package_is_not_one_of_the_newest() -> None:
    """Three are at work, and only two are left."""
    desk = Desk().carried_on()
    desk.fill("O-2", 1, 0.52)
    [answer] = desk.fill("O-1", 1, 1.10)
    assert answer.told["order_id"] == "O-1"
    assert answer.move == Move(MoveKind.CANCEL, StepReason.OVERFILL_RISK)
    assert desk.work.walk.filled == 1


def test_fill_of_the_newest_package_is_its_own() -> None:
    desk = Desk().carried_on()
    desk.fill("O-3", 1, 1.10)
    [answer] = desk.fill("O-4", 1, 0.52)
    assert (answer.told["order_id"], answer.move) == ("O-3", None)
