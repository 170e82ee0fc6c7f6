"""The stop that rests at the broker: what it follows, and what it gives way to."""

import math
from typing import Any

import pytest
from msgspec.structs import replace
from nautilus_trader.model import ClientOrderId
from strategy_venue import (
    CALL,
    EXITS,
    NS,
    PLAN,
    SHORT,
    VERTICAL,
    Venue,
    canceled,
    filled,
    position,
    rejected,
    sale,
)
from unit.strategies.restarted import kept, restarted

from autotrade_0dte.execution.decision import Decision, DecisionKind
from autotrade_0dte.execution.plan import TradePlan
from autotrade_0dte.execution.plan_state import PlanPhase
from autotrade_0dte.risk.mode import RiskChange, RiskMode, Trigger
from autotrade_0dte.risk.protective import ProtectiveParams

ON = ProtectiveParams(enabled=True)
BOUGHT = filled("O-1", 2, 0.99)


def stop(quantity: int) -> tuple[Any, ...]:
    """Return the stop of a plan whose cost is 1.00 and whose own stop is at 0.60."""
    return "SELL", quantity, 0.20, "trigger", 0.40


def guarded(plan: TradePlan = PLAN) -> Venue:
    """Return a venue where the plan is bought and its stop, O-2, rests."""
    venue = Venue(plan, protective=ON).opened()
    assert venue.chain(6, 0.95) == [stop(2)]
    venue.booked[ClientOrderId("O-2")] = 2
    return venue


def placed(venue: Venue) -> list[Decision]:
    return [each for each in venue.decisions if each.kind is DecisionKind.PROTECT]


def tell(venue: Venue, mode: RiskMode) -> list[Any]:
    """Publish a change of the risk mode and return the commands that it caused."""
    before = len(venue.sent)
    change = RiskChange(
        ts_event=7 * NS, mode=mode, before=RiskMode.NORMAL, trigger=Trigger.MANUAL, begins=True,
        asks=mode, clears_itself=False, figures={},
    )  # fmt: skip
    venue.strategy._on_risk_change(change)
    return venue.sent[before:]


# -- what it follows ----------------------------------------------------------------------------


def test_without_being_asked_for_nothing_rests() -> None:
    venue = Venue().opened()
    assert venue.chain(6, 0.95) == []
    assert venue.chain(60, 0.95) == []


def test_stop_rests_once_all_is_bought_and_only_once() -> None:
    venue = guarded()
    assert venue.tags[-1]["purpose"] == "stop"
    assert venue.tags[-1]["reason"] == "PROTECTIVE_STOP"
    assert venue.tags[-1]["plan"] == PLAN.plan_id
    assert venue.chain(7, 0.95) == []
    [decision] = placed(venue)
    assert (decision.reason, decision.quantity, decision.price) == ("STOP_PLACED", 2, 0.20)
    assert decision.figures == {"held": 2.0, "loss_fraction": 0.4, "trigger": 0.40}


def test_stop_waits_for_the_end_of_the_entry_and_is_for_what_that_bought() -> None:
    venue = Venue(protective=ON)
    venue.chain(1, 0.95)
    venue.answer(filled("O-1", 1, 0.99))
    assert venue.chain(6, 0.95) == []
    assert venue.chain(31, 0.95) == [("CANCEL", "O-1")]
    assert venue.chain(32, 0.95) == []
    venue.answer(canceled("O-1"))
    assert venue.chain(33, 0.95) == [stop(1)]


def test_contract_bought_late_is_guarded_by_another_stop() -> None:
    venue = Venue(protective=ON)
    venue.chain(1, 0.95)
    venue.answer(filled("O-1", 1, 0.99))
    venue.answer(canceled("O-1"))
    assert venue.chain(6, 0.95) == [stop(1)]
    venue.answer(filled("O-1", 1, 0.99, at_s=6.5))
    assert venue.chain(7, 0.95) == [("CANCEL", "O-2")]
    assert venue.chain(8, 0.95) == []
    venue.answer(canceled("O-2"))
    assert venue.chain(9, 0.95) == [stop(2)]
    assert [each.reason for each in placed(venue)] == ["STOP_PLACED", "STOP_RESIZED"]


def test_its_name_is_told_before_it_is_sent() -> None:
    venue = Venue(protective=ON).opened()
    told: list[str] = []
    venue.strategy.submit_order = lambda _order: told.append(venue.plans[-1].stop_order)
    venue.chain(6, 0.95)
    assert told == ["O-2"]


def test_long_leg_that_covers_or_is_to_cover_has_no_stop() -> None:
    venue = Venue(VERTICAL, protective=ON).opened()
    assert venue.sent[-1][:2] == ("SHORT", "SELL")
    assert venue.chain(6, 0.95) == []
    venue.answer(filled("O-2", -2, 0.42, leg=SHORT))
    assert venue.chain(7, 0.95) == []
    assert placed(venue) == []


def test_long_leg_that_is_kept_alone_has_a_stop_once_the_short_one_is_given_up() -> None:
    venue = Venue(VERTICAL, protective=ON).opened()
    assert venue.chain(21, 0.95) == [("CANCEL", "O-2")]
    assert venue.chain(22, 0.95) == []
    venue.answer(canceled("O-2"))
    assert venue.chain(23, 0.95) == [stop(2)]


# -- what it gives way to -----------------------------------------------------------------------


def test_exit_awaits_the_end_of_the_stop() -> None:
    venue = guarded()
    assert venue.chain(7, 1.55) == [("CANCEL", "O-2")]
    assert venue.chain(8, 1.55) == []
    assert venue.answer(canceled("O-2")) == [sale(2)]
    assert venue.decisions[-1].reason == "TARGET"
    assert venue.chain(60, 1.55) == []


def test_cancel_that_failed_is_made_again() -> None:
    venue = guarded()
    venue.chain(7, 1.55)
    venue.canceling.clear()
    assert venue.chain(8, 1.55) == [("CANCEL", "O-2")]


@pytest.mark.parametrize("mode", [RiskMode.FLATTEN, RiskMode.KILLED])
def test_emergency_waits_for_the_cancel_alone(mode: RiskMode) -> None:
    venue = guarded()
    assert tell(venue, mode) == [("CANCEL", "O-2")]
    assert venue.answer(canceled("O-2")) == [sale(2, "emergency")]


def test_stop_that_fills_while_it_is_canceled_leaves_nothing_to_sell() -> None:
    venue = guarded()
    venue.chain(7, 1.55)
    assert venue.answer(filled("O-2", -2, 0.30)) == []
    assert venue.plans[-1].phase == PlanPhase.CLOSED
    assert venue.plans[-1].exit_reason == "TARGET"
    assert venue.strategy._trade is None


def test_stop_is_withdrawn_from_a_position_that_another_order_has_closed() -> None:
    venue = guarded()
    assert venue.answer(filled("O-77", -2, 0.80)) == []
    assert venue.chain(7, 0.95) == [("CANCEL", "O-2")]
    venue.answer(canceled("O-2"))
    assert venue.strategy._trade is None


def test_stop_that_is_left_over_goes_in_an_emergency_as_well() -> None:
    venue = guarded()
    venue.answer(filled("O-77", -2, 0.80))
    assert tell(venue, RiskMode.FLATTEN) == [("CANCEL", "O-2")]


def test_node_that_stops_leaves_the_stop_and_cancels_all_else() -> None:
    venue = guarded()
    venue.left = [ClientOrderId("O-2"), ClientOrderId("O-77")]
    venue.strategy.on_stop()
    assert venue.sent[-1] == ("CANCEL", "O-77")
    assert ("CANCEL", "O-2") not in venue.sent


def test_node_that_stops_while_it_sells_leaves_no_stop() -> None:
    venue = guarded()
    venue.chain(7, 1.55)
    venue.canceling.clear()
    venue.left = [ClientOrderId("O-2")]
    before = len(venue.sent)
    venue.strategy.on_stop()
    assert venue.sent[before:] == [("CANCEL", "O-2")]


def test_node_that_stops_sends_no_stop() -> None:
    venue = Venue(protective=ON).opened()
    venue.strategy._sender.stopped = True
    venue.strategy._trade.work()
    assert placed(venue) == []


# -- when it fills ------------------------------------------------------------------------------


def test_filled_stop_closes_the_plan() -> None:
    venue = guarded()
    assert venue.answer(filled("O-2", -2, 0.30)) == []
    state = venue.plans[-1]
    assert (state.phase, state.exit_reason, state.held) == (
        PlanPhase.CLOSED,
        "PROTECTIVE_STOP",
        0,
    )
    assert state.cash == pytest.approx(-2 * 0.99 + 2 * 0.30)
    assert venue.strategy._trade is None
    assert venue.strategy.last_loss_ns > 0


def test_what_a_stop_leaves_is_sold_by_the_desk() -> None:
    venue = guarded()
    assert venue.answer(filled("O-2", -1, 0.30)) == [("CANCEL", "O-2")]
    assert venue.plans[-1].exit_reason == "PROTECTIVE_STOP"
    assert venue.answer(canceled("O-2")) == [sale(1, "stop")]
    assert venue.chain(7, 0.25) == []


# -- whether it is there ------------------------------------------------------------------------


def test_stop_in_the_books_is_left_alone() -> None:
    venue = guarded()
    assert [venue.chain(at_s, 0.95) for at_s in range(7, 300)] == [[]] * 293


def test_stop_that_is_gone_is_placed_anew_at_the_next_look() -> None:
    venue = guarded()
    venue.booked.clear()
    assert venue.chain(35.9, 0.95) == []
    assert venue.chain(36, 0.95) == [stop(2)]
    decision = placed(venue)[-1]
    assert (decision.reason, decision.quantity, decision.figures["trigger"]) == (
        "STOP_LOST",
        2,
        0.40,
    )


def test_stop_that_somebody_canceled_is_placed_anew_at_the_next_look() -> None:
    venue = guarded()
    assert venue.answer(canceled("O-2")) == []
    assert venue.chain(35, 0.95) == []
    assert venue.chain(36, 0.95) == [stop(2)]
    assert placed(venue)[-1].reason == "STOP_LOST"


def test_stop_that_somebody_canceled_after_it_was_resized_is_missed_all_the_same() -> None:
    venue = guarded()
    venue.answer(filled("O-1", 1, 0.99, at_s=6.5))
    assert venue.chain(7, 0.95) == [("CANCEL", "O-2")]
    venue.answer(canceled("O-2"))
    assert venue.chain(8, 0.95) == [stop(3)]
    venue.answer(canceled("O-3"))
    assert venue.chain(9, 0.95) == []
    assert venue.chain(38, 0.95) == [stop(3)]
    assert placed(venue)[-1].reason == "STOP_LOST"


def test_stop_with_another_quantity_in_the_books_is_replaced() -> None:
    venue = guarded()
    venue.booked[ClientOrderId("O-2")] = 1
    assert venue.chain(36, 0.95) == [("CANCEL", "O-2")]
    venue.answer(canceled("O-2"))
    assert venue.chain(37, 0.95) == [stop(2)]
    assert placed(venue)[-1].reason == "STOP_RESIZED"


def test_refused_stop_is_recorded_once_and_the_plan_goes_on_without() -> None:
    venue = Venue(protective=ON).opened()
    venue.chain(6, 0.95)
    assert venue.answer(rejected("O-2", "NO_PERMISSION")) == []
    [refusal] = [each for each in venue.decisions if each.kind is DecisionKind.REFUSE]
    assert (refusal.reason, refusal.quantity, refusal.price) == ("NO_PERMISSION", 2, 0.20)
    assert [venue.chain(at_s, 0.95) for at_s in range(7, 200)] == [[]] * 193
    assert venue.chain(200, 1.55) == [sale(2)]


def test_stop_refused_while_an_exit_waits_for_it_lets_that_go() -> None:
    venue = guarded()
    venue.chain(7, 1.55)
    assert venue.answer(rejected("O-2")) == [sale(2)]


def test_plan_whose_stop_is_too_far_down_says_so_once() -> None:
    plan = replace(PLAN, exits=replace(EXITS, loss_fraction=0.9))
    venue = Venue(plan, protective=ON).opened()
    assert [venue.chain(at_s, 0.95) for at_s in range(6, 100)] == [[]] * 94
    [refusal] = [each for each in venue.decisions if each.kind is DecisionKind.REFUSE]
    assert refusal.reason == "STOP_NO_ROOM"
    assert math.isnan(refusal.price)


# -- over a restart -----------------------------------------------------------------------------


def test_stop_left_at_the_broker_is_canceled_and_placed_anew() -> None:
    before = guarded()
    venue = restarted([kept(before, ["O-1", "O-2"])], [BOUGHT], [position(CALL, 2.0)])
    venue.session = replace(venue.session, protective=ON)
    venue.strategy.session = venue.session
    venue.left = [ClientOrderId("O-2")]
    assert venue.chain(20, 0.95) == [("CANCEL", "O-2")]
    assert venue.chain(21, 0.95) == []
    venue.left = []
    assert venue.chain(22, 0.95) == [stop(2)]


def test_name_of_a_stop_outlives_a_process_that_places_none() -> None:
    venue = restarted([kept(guarded(), ["O-1", "O-2"])], [BOUGHT], [position(CALL, 2.0)])
    assert venue.chain(20, 0.95) == []
    assert venue.plans[-1].stop_order == "O-2"


@pytest.mark.parametrize(("sold", "sent"), [(2, []), (1, [sale(1, "stop")])])
def test_stop_that_filled_while_nobody_watched_has_closed_the_plan(
    sold: int, sent: list[Any]
) -> None:
    holding = [position(CALL, 2.0 - sold)] if sold < 2 else []
    fills = [BOUGHT, filled("O-2", -sold, 0.30, at_s=9.0)]
    venue = restarted([kept(guarded(), ["O-1", "O-2"])], fills, holding)
    assert venue.chain(20, 0.30) == sent
    assert venue.plans[-1].exit_reason == "PROTECTIVE_STOP"
    assert venue.plans[-1].held == 2 - sold
