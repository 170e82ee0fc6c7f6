"""A strategy started after another process of the day: its plans, its limits, what it left."""

import math
from types import SimpleNamespace
from typing import Any

import pytest
from msgspec.structs import replace
from nautilus_trader.model import ClientOrderId
from strategy_venue import (
    CALL,
    EXITS,
    NS,
    PLAN,
    SESSION,
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

from autotrade_0dte.execution.plan_state import KeptPlan, PlanPhase
from autotrade_0dte.market_state.actions import Track
from autotrade_strategies.base import TradeStrategy

LOST = replace(PLAN, plan_id="R009")


BOUGHT = filled("O-1", 2, 0.99)
HOLDING = position(CALL, 2.0)


def test_plan_with_its_position_goes_on_and_nothing_is_sold() -> None:
    venue = restarted([kept(Venue().opened(), ["O-1"])], [BOUGHT], [HOLDING])
    assert venue.chain(20, 0.95) == []
    assert venue.chain(21, 1.49) == []
    assert venue.chain(22, 1.50) == [sale(2)]
    assert venue.decisions[-1].reason == "TARGET"
    assert venue.decisions[-1].plan_id == PLAN.plan_id


@pytest.mark.parametrize(
    ("at_s", "bid", "reason"), [(30, 0.60, "STOP"), (599, 0.95, ""), (600, 0.95, "TIME_STOP")]
)
def test_stop_and_deadline_are_those_of_the_decision(at_s: int, bid: float, reason: str) -> None:
    venue = restarted([kept(Venue().opened(), ["O-1"])], [BOUGHT], [HOLDING])
    venue.chain(at_s, bid)
    assert "".join(d.reason for d in venue.decisions) == reason


def test_best_gain_of_before_is_guarded() -> None:
    trailing = replace(PLAN, exits=replace(EXITS, trail_after_fraction=0.2, trail_fraction=0.5))
    before = Venue(trailing).opened()
    before.chain(10, 1.40)
    assert before.plans[-1].best_gain == pytest.approx(0.40)
    venue = restarted([kept(before, ["O-1"])], [BOUGHT], [HOLDING])
    venue.chain(20, 1.19)
    assert venue.decisions[-1].reason == "TRAILING"


def test_time_value_is_lost_while_no_process_runs() -> None:
    before = Venue(replace(PLAN, exits=replace(EXITS, theta_burn_fraction=0.05))).opened()
    before.chain(10, 0.95, theta=-0.05 * 6.5, year_s=6.5 * 3_600)
    state = before.plans[-1]
    assert state.seen_ns == 10 * NS
    venue = restarted([kept(before, ["O-1"])], [BOUGHT], [HOLDING])
    venue.chain(500, 0.95, theta=0.0)
    assert venue.decisions == []


def test_fills_that_nobody_heard_of_are_taken_in() -> None:
    before = Venue()
    before.chain(1, 0.95)
    assert (before.plans[-1].phase, before.plans[-1].bought) == ("ENTERING", 0)
    venue = restarted([kept(before, ["O-1"])], [filled("O-1", 1, 0.90)], [position(CALL, 1.0)])
    assert venue.chain(20, 0.95) == []
    state = venue.plans[-1]
    assert (state.phase, state.held, state.bought, state.cash) == ("OPEN", 1, 1, -0.90)
    assert venue.chain(21, 1.50) == [sale(1)]


def test_entry_at_work_is_cancelled_first_and_not_sent_again() -> None:
    before = Venue()
    before.chain(1, 0.95)
    venue = restarted([kept(before, ["O-1"])], [], [])
    venue.left = [ClientOrderId("O-1")]
    venue.canceling.clear()
    assert venue.chain(2, 0.95) == [("CANCEL", "O-1")]
    venue.left = []
    assert venue.chain(3, 0.95) == []
    assert venue.plans[-1].phase == PlanPhase.CLOSED
    assert venue.strategy._trade is None


def test_exit_at_work_goes_on_as_an_exit_for_what_is_left() -> None:
    before = Venue().opened()
    before.chain(10, 0.60)
    assert before.plans[-1].exit_reason == "STOP"
    fills = [BOUGHT, filled("O-2", -1, 0.60, at_s=11)]
    venue = restarted([kept(before, ["O-1", "O-2"])], fills, [position(CALL, 1.0)])
    assert venue.chain(20, 0.95) == [sale(1, "stop")]
    assert venue.decisions[-1].reason == "STOP"


def test_plan_sold_while_no_process_ran_is_over_with_its_loss() -> None:
    before = Venue().opened()
    before.chain(10, 0.60)
    fills = [BOUGHT, filled("O-2", -2, 0.60, at_s=11)]
    venue = restarted([kept(before, ["O-1", "O-2"])], fills, [], plan=LOST)
    venue.trades = 99
    assert venue.chain(20, 0.95) == []
    state = venue.plans[-1]
    assert (state.phase, state.cash) == (PlanPhase.CLOSED, pytest.approx(-0.78))
    assert venue.strategy.last_loss_ns == 20 * NS
    assert venue.chain(21, 0.95) == [("BUY", 2, 1.00)]


@pytest.mark.parametrize(
    ("fills", "positions", "sold"),
    [
        ([BOUGHT], [position(CALL, 3.0)], [sale(3, "emergency")]),  # more than the plan
        ([], [HOLDING], [sale(2, "emergency")]),  # its orders are not known
        ([filled("O-1", -2, 0.5)], [], []),  # sold without being bought
        ([BOUGHT], [], []),  # gone
        ([filled("O-1", 3, 0.99)], [position(CALL, 3.0)], [sale(3, "emergency")]),
    ],
)
def test_plan_that_its_positions_do_not_fit_is_given_up_and_they_are_sold(
    fills: list[Any], positions: list[Any], sold: list[Any]
) -> None:
    venue = restarted([kept(Venue().opened(), ["O-1"])], fills, positions)
    assert venue.chain(20, 0.95) == sold
    state = venue.plans[-1]
    assert (state.phase, state.exit_reason, state.held) == ("CLOSED", "RESTART", 0)
    assert math.isnan(state.cash)  # its premium is no loss: nobody knows what became of it
    assert venue.strategy.allotment.room_usd(1) == Venue().strategy.allotment.room_usd(1)


def test_plan_that_was_closed_by_other_orders_than_its_own_is_over_with_its_loss() -> None:
    fills = [BOUGHT, filled("O-8", -2, 0.50, at_s=11)]
    venue = restarted([kept(Venue().opened(), ["O-1"])], fills, [])
    assert venue.chain(20, 0.95) == []
    state = venue.plans[-1]
    assert (state.phase, state.exit_reason, state.cash) == ("CLOSED", "", pytest.approx(-0.98))


def test_contracts_bought_before_the_plan_are_none_of_it() -> None:
    before = Venue(replace(PLAN, decided_ns=7 * NS))
    before.chain(7, 0.95)
    fills = [filled("O-1", 1, 0.99, at_s=8), filled("O-8", 1, 0.50, at_s=6)]
    venue = restarted([kept(before, ["O-1"])], fills, [HOLDING])
    assert venue.chain(20, 0.95) == [sale(2, "emergency")]


def test_plan_goes_on_once() -> None:
    venue = restarted([kept(Venue().opened(), ["O-1"])], [BOUGHT], [HOLDING])
    venue.chain(20, 1.50)
    venue.answer(filled("O-101", -2, 1.50))
    told = len(venue.plans)
    venue.positions = [position(CALL, 1.0)]
    venue.answer(filled("O-0", 1, 0.40))  # nobody knows what for
    assert venue.chain(21, 0.95) == [sale(1, "emergency")]
    assert len(venue.plans) == told


def test_short_leg_that_was_given_up_is_not_sold_after_the_restart() -> None:
    before = Venue(VERTICAL)
    before.chain(1, 0.95)
    before.answer(filled("O-1", 2, 0.99))
    before.answer(rejected("O-2"))
    assert before.plans[-1].short_over
    venue = restarted([kept(before, ["O-1", "O-2"])], [BOUGHT], [HOLDING])
    assert venue.chain(10, 0.95) == []


def test_orders_of_other_plans_close_no_plan() -> None:
    late = replace(PLAN, decided_ns=7 * NS, plan_id="R002")
    before = Venue(late)
    before.chain(7, 0.95)
    before.answer(filled("O-1", 2, 0.99, at_s=8))
    other = KeptPlan(
        replace(before.plans[-1], track="anomaly", phase=PlanPhase.CLOSED), frozenset({"O-7"})
    )
    mine = kept(before, ["O-1"])
    fills = [filled("O-1", 2, 0.99, at_s=8), filled("O-7", -2, 0.50, at_s=9)]
    venue = restarted([mine, other], fills, [])
    venue.chain(20, 0.95)
    assert venue.plans[-1].exit_reason == "RESTART"


def test_position_without_a_plan_is_sold_while_the_plan_goes_on() -> None:
    venue = restarted(
        [kept(Venue().opened(), ["O-1"])], [BOUGHT], [HOLDING, position(SHORT, 1.0)], plan=LOST
    )
    venue.trades = 99
    assert venue.chain(20, 0.95) == [("SHORT", *sale(1, "emergency"))]
    assert venue.chain(21, 1.50) == [sale(2)]
    venue.answer(filled("O-102", -2, 1.50))
    assert venue.chain(22, 0.95) == []  # nothing new before all is gone
    venue.answer(filled("O-101", -1, 0.40, leg=SHORT))
    assert venue.chain(23, 0.95) == [("BUY", 2, 1.00)]


def test_vertical_goes_on_with_both_legs() -> None:
    before = Venue(VERTICAL)
    before.chain(1, 0.95)
    before.answer(filled("O-1", 2, 0.99))
    before.answer(filled("O-2", -2, 0.42, leg=SHORT))
    fills = [BOUGHT, filled("O-2", -2, 0.42, leg=SHORT)]
    venue = restarted([kept(before, ["O-1", "O-2"])], fills, [HOLDING, position(SHORT, -2.0)])
    assert venue.chain(20, 0.95) == []
    assert venue.chain(30, 1.50, short=(0.10, 0.12)) == [("SHORT", "BUY", 2, 0.15, "exit")]


def test_short_leg_not_sold_in_its_time_is_given_up_after_the_restart() -> None:
    before = Venue(VERTICAL)
    before.chain(1, 0.95)
    before.answer(filled("O-1", 2, 0.99))
    assert before.sent[-1][0] == "SHORT"
    venue = restarted([kept(before, ["O-1", "O-2"])], [BOUGHT], [HOLDING])
    assert venue.chain(25, 0.95) == []  # bought at 5 s, and 15 s are over
    assert venue.decisions[-1].reason == "LEG_NOT_FILLED"
    assert venue.plans[-1].short_over


def test_short_leg_is_sold_after_the_restart_while_there_is_time() -> None:
    before = Venue(VERTICAL)
    before.chain(1, 0.95)
    before.answer(filled("O-1", 2, 0.99))
    venue = restarted([kept(before, ["O-1", "O-2"])], [BOUGHT], [HOLDING])
    assert venue.chain(10, 0.95) == [("SHORT", "SELL", 2, 0.39)]


def test_what_processes_before_did_counts() -> None:
    over = replace(Venue().opened().plans[-1], phase=PlanPhase.CLOSED, ts_event=40 * NS)
    won = replace(over, plan=replace(PLAN, plan_id="R002", decided_ns=50 * NS), cash=0.5)
    lost = replace(over, plan=replace(PLAN, plan_id="R001"), cash=-0.5)
    venue = restarted([KeptPlan(lost), KeptPlan(won)], [], [])
    strategy = venue.strategy
    assert (strategy.trades, strategy.last_entry_ns) == (2, 50 * NS)
    assert strategy.last_loss_ns == 40 * NS


def test_orders_of_a_kept_plan_are_one_entry_however_often_they_were_sent() -> None:
    venue = Venue(kept=(kept(Venue().opened(), ["O-20260720-150000-001-001-1"]),))
    venue.sent_before = [
        SimpleNamespace(
            client_order_id=ClientOrderId(f"O-20260720-150000-001-001-{n}"), instrument_id=CALL,
            side=None, filled_qty=None, ts_last=n,
        )
        for n in (1,)
    ]  # fmt: skip
    venue.strategy.on_start()
    assert venue.strategy.trades == 1


def test_open_plan_keeps_its_part_of_the_budget_and_what_was_not_bought_is_given_back() -> None:
    plan = kept(Venue().opened(), ["O-1"])
    venue = restarted([plan], [filled("O-1", 1, 0.99)], [position(CALL, 1.0)])
    other = venue.coordinator.allotment(Track.ANOMALY)
    full = Venue().coordinator.allotment(Track.ANOMALY).room_usd(-1)
    assert other.conflicts(1) is False
    room = venue.strategy.allotment.room_usd(1)
    assert room == Venue().strategy.allotment.room_usd(1) - 200.0
    venue.chain(20, 0.95)
    assert venue.strategy.allotment.room_usd(1) == room + 100.0
    venue.chain(21, 1.50)
    venue.answer(filled("O-101", -1, 1.50))
    assert other.room_usd(-1) == full


def test_plan_that_goes_on_after_the_flatten_deadline_is_closed_at_once() -> None:
    venue = restarted([kept(Venue().opened(), ["O-1"])], [BOUGHT], [HOLDING])
    venue.strategy._on_flatten(None)
    assert venue.chain(30, 0.95) == [sale(2, "emergency")]
    assert venue.decisions[-1].reason == "FLATTEN_DEADLINE"


def test_plan_that_goes_on_after_the_exercise_test_is_tested() -> None:
    venue = restarted([kept(Venue().opened(), ["O-1"])], [BOUGHT], [HOLDING])
    assert venue.strategy._exercise_test_due is False
    venue.strategy._on_exercise_test(None)
    long_plan = SESSION.exercise_test_ns
    assert long_plan is not None
    venue.chain(long_plan / NS, 0.95)
    assert venue.strategy._exercise_test_due is True


def test_each_track_goes_on_with_its_own_plans_and_claims_their_contracts() -> None:
    state = replace(Venue(replace(PLAN, instrument_id=SHORT)).opened().plans[-1], track="anomaly")
    session = replace(SESSION, kept=(KeptPlan(state),))
    claimed = {
        track: [str(name) for name in config.external_order_instrument_ids or ()]
        for track in Track
        for config in [TradeStrategy._engine_config(session, track)]
    }
    assert claimed == {Track.REGULAR: [CALL], Track.ANOMALY: [SHORT]}
    closed = replace(SESSION, kept=(KeptPlan(replace(state, phase=PlanPhase.CLOSED)),))
    assert closed.heir(SHORT) is Track.REGULAR
    venue = restarted([KeptPlan(state)], [], [])
    assert venue.strategy.trades == 0
    venue.chain(20, 0.95)
    assert venue.plans == []


# -- what is told -------------------------------------------------------------------------------


def test_every_change_of_a_plan_is_told_and_the_first_before_its_order() -> None:
    venue = Venue()
    seen: list[int] = []
    publish = venue.strategy.publish_message
    venue.strategy.publish_message = lambda *told: (seen.append(len(venue.sent)), publish(*told))  # type: ignore[method-assign,func-returns-value]
    venue.chain(1, 0.95)
    assert seen[0] == 0
    venue.answer(filled("O-1", 1, 0.99))
    venue.answer(filled("O-1", 1, 0.99))
    venue.chain(10, 1.50)
    venue.answer(filled("O-2", -2, 1.50))
    told = [(s.phase, s.held, s.exit_reason) for s in venue.plans]
    assert told == [
        ("ENTERING", 0, ""), ("ENTERING", 1, ""), ("ENTERING", 2, ""), ("OPEN", 2, ""),
        ("OPEN", 2, ""),  # its best gain
        ("EXITING", 2, "TARGET"), ("CLOSED", 0, "TARGET"),
    ]  # fmt: skip
    assert venue.plans[-1].cash == pytest.approx(1.02)


def test_what_the_watch_saw_is_told_with_a_new_best_and_now_and_then() -> None:
    venue = Venue().opened()
    told = len(venue.plans)
    for at_s, bid, more in (
        (10, 1.1, 1),
        (10.25, 1.0, 0),
        (12, 1.2, 1),
        (14, 1.1, 0),
        (17, 1.1, 1),
    ):
        venue.chain(at_s, bid)
        told += more
        assert len(venue.plans) == told


def test_entry_that_ends_without_a_fill_is_told_as_closed() -> None:
    venue = Venue()
    venue.chain(1, 0.95)
    venue.answer(canceled("O-1"))
    assert venue.plans[-1].phase == PlanPhase.CLOSED


def test_of_a_position_without_a_plan_no_plan_is_told() -> None:
    venue = restarted([], [], [HOLDING])
    venue.chain(1, 0.95)
    assert venue.plans == []
