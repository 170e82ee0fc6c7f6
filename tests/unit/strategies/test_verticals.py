"""The strategies' base with plans of two legs: which order goes when, and never a naked one."""

from typing import Any

import pytest
from msgspec.structs import replace
from nautilus_trader.model import ClientOrderId
from strategy_venue import (
    CALL,
    EXITS,
    NS,
    SHORT,
    VERTICAL,
    Venue,
    canceled,
    filled,
    position,
    rejected,
    sale,
)

from autotrade_0dte.execution.decision import DecisionKind
from autotrade_0dte.execution.exits import ExitReason


def sold(name: str, quantity: int, price: float, at_s: float = 5.0) -> Any:
    return filled(name, -quantity, price, leg=SHORT, at_s=at_s)


def bought_back(name: str, quantity: int, price: float) -> Any:
    return filled(name, quantity, price, leg=SHORT)


def purchase(quantity: int, cap: float, purpose: str = "exit") -> tuple[Any, ...]:
    """Return the order that buys the short leg back: at most a quarter above the ask."""
    return "SHORT", "BUY", quantity, cap, purpose


def covered() -> Venue:
    """Return a venue that filled both legs: two long at 0.99, two short at 0.40."""
    venue = Venue(VERTICAL).opened()
    venue.answer(sold("O-2", 2, 0.40))
    return venue


# -- entry --------------------------------------------------------------------------------------


def test_short_leg_is_sold_as_soon_as_the_long_one_is_held() -> None:
    venue = Venue(VERTICAL)
    assert venue.chain(1, 0.95) == [("BUY", 2, 1.00)]
    # The net cap of 0.60 leaves 0.39 as the least for the short leg.
    assert venue.answer(filled("O-1", 2, 0.99)) == [("SHORT", "SELL", 2, 0.39)]
    assert venue.chain(2, 0.95) == []
    assert venue.answer(sold("O-2", 2, 0.40)) == []
    assert venue.chain(3, 0.95) == []


def test_partly_filled_long_leg_is_covered_step_by_step() -> None:
    venue = Venue(VERTICAL)
    venue.chain(1, 0.95)
    assert venue.answer(filled("O-1", 1, 0.99)) == [("SHORT", "SELL", 1, 0.39)]
    assert venue.answer(filled("O-1", 1, 0.95)) == []  # one order for the leg at a time
    assert venue.answer(sold("O-2", 1, 0.40)) == [("SHORT", "SELL", 1, 0.37)]


def test_leg_that_follows_a_fill_told_late_is_decided_on_the_snapshot_there_is() -> None:
    venue = Venue(VERTICAL)
    venue.chain(1, 0.95)
    venue.chain(6, 0.95)
    venue.answer(filled("O-1", 2, 0.99, at_s=5))
    venue.answer(sold("O-2", 2, 0.40, at_s=6))
    venue.chain(7, 1.55)
    venue.chain(9, 1.55)
    venue.answer(filled("O-3", 2, 0.42, leg=SHORT, at_s=8))
    decided = [(tags["purpose"], int(tags["decided"]) / NS) for tags in venue.tags]
    assert decided == [("entry", 0), ("entry", 6), ("exit", 7), ("exit", 9)]


def test_limit_of_the_short_leg_is_on_the_tick_above_the_floor() -> None:
    venue = Venue(replace(VERTICAL, entry_cap=5.00, net_cap=0.602))
    venue.chain(1, 4.95)
    assert venue.answer(filled("O-1", 2, 4.99)) == [("SHORT", "SELL", 2, 4.39)]


def test_both_entries_are_on_the_record() -> None:
    venue = covered()
    assert [(d.kind, d.reason, d.instrument_id, d.side) for d in venue.decisions] == [
        (DecisionKind.ENTER, "TEST", CALL, "BUY"),
        (DecisionKind.ENTER, "SELL_SHORT", SHORT, "SELL"),
    ]
    assert venue.decisions[1].figures == pytest.approx({"net_cap": 0.60, "long_paid": 0.99})


def test_short_leg_not_filled_in_time_leaves_a_long_option_alone() -> None:
    venue = Venue(VERTICAL).opened()  # filled at 5 s
    assert venue.chain(19.9, 0.95) == []
    assert venue.chain(20, 0.95) == [("CANCEL", "O-2")]
    refusal = venue.decisions[-1]
    assert (refusal.kind, refusal.reason) == (DecisionKind.REFUSE, "LEG_NOT_FILLED")
    assert refusal.figures == {"leg_risk_s": 15.0}
    venue.answer(canceled("O-2"))
    assert venue.chain(21, 0.95) == []
    assert venue.chain(22, 1.50) == [sale(2)]  # its own target


def test_short_leg_not_filled_in_time_closes_a_plan_that_says_so() -> None:
    venue = Venue(replace(VERTICAL, exits=replace(EXITS, keep_single=False))).opened()
    assert venue.chain(20, 0.95) == [("CANCEL", "O-2")]
    assert venue.answer(canceled("O-2")) == [sale(2, "stop")]
    assert venue.decisions[-1].reason == "LEG_NOT_FILLED"
    assert venue.decisions[-1].figures["leg_risk_s"] == 15.0


def test_short_leg_that_fills_while_it_is_canceled_covers_after_all() -> None:
    venue = Venue(VERTICAL).opened()
    venue.chain(20, 0.95)
    assert venue.answer(sold("O-2", 2, 0.40)) == []
    assert venue.chain(30, 1.40, short=(0.38, 0.40)) == [purchase(2, 0.50)]


def test_short_leg_that_the_venue_ends_is_sent_again_within_its_time() -> None:
    venue = Venue(VERTICAL).opened()
    assert venue.answer(canceled("O-2")) == []
    assert venue.chain(6, 0.95) == [("SHORT", "SELL", 2, 0.39)]


def test_refused_short_leg_is_not_sent_again() -> None:
    venue = Venue(VERTICAL).opened()
    assert venue.answer(rejected("O-2", "NAKED_SHORT: uncovered=2")) == []
    assert [d.reason for d in venue.decisions[-2:]] == [
        "NAKED_SHORT: uncovered=2", "LEG_NOT_FILLED",
    ]  # fmt: skip
    assert venue.chain(6, 0.95) == []
    assert venue.chain(40, 0.95) == []


# -- exit ---------------------------------------------------------------------------------------


def test_short_leg_is_bought_back_first_and_the_long_one_sold_at_once_after_it() -> None:
    venue = covered()
    assert venue.chain(10, 1.40, short=(0.40, 0.42)) == [purchase(2, 0.53)]
    assert venue.chain(11, 1.30) == []
    assert venue.answer(bought_back("O-3", 1, 0.42)) == []
    assert venue.answer(bought_back("O-3", 1, 0.42)) == [sale(2)]
    venue.answer(filled("O-4", -2, 1.30))
    assert [(d.reason, d.side) for d in venue.decisions[-2:]] == [
        ("TARGET", "BUY"), ("TARGET", "SELL"),
    ]  # fmt: skip
    assert venue.strategy._trade is None


def test_purchase_of_the_short_leg_has_another_cap_where_the_ask_leaves_its_own_behind() -> None:
    venue = covered()
    venue.chain(10, 1.40, short=(0.40, 0.42))
    assert venue.chain(11, 1.40, short=(0.30, 0.32)) == []
    assert venue.chain(12, 1.40, short=(0.50, 0.53)) == []
    assert venue.chain(13, 1.40, short=(0.50, 0.54)) == [("CANCEL", "O-3")]
    assert venue.chain(14, 1.40, short=(0.0, 0.0)) == []
    venue.chain(15, 1.40, short=(0.54, 0.56))
    assert venue.answer(canceled("O-3")) == [purchase(2, 0.70)]


def test_short_leg_without_an_ask_is_waited_for_and_the_long_one_kept() -> None:
    venue = covered()
    for at_s in (600, 601):
        assert venue.chain(at_s, 0.95, short=(0.0, 0.0)) == []
    assert [d.reason for d in venue.decisions[2:]] == ["NO_ASK"]
    assert venue.chain(602, 0.95, short=(0.0, 0.01)) == [purchase(2, 0.02)]


def test_stop_looks_at_the_net_value_and_not_at_the_long_leg() -> None:
    venue = covered()
    assert venue.chain(10, 0.55, short=(0.15, 0.18)) == []  # 0.37 of 0.60
    assert venue.chain(11, 0.90, short=(0.50, 0.54)) == [purchase(2, 0.68, "stop")]  # 0.36
    assert venue.decisions[-1].reason == "STOP"


def test_time_value_that_the_short_leg_earns_is_not_burnt() -> None:
    hour = -365.0 * 24  # a dollar of time value
    plan = replace(VERTICAL, exits=replace(EXITS, theta_burn_fraction=0.05, hold_s=3_600))
    for short_theta, closes in [(hour, False), (0.0, True)]:
        venue = Venue(plan).opened()
        venue.answer(sold("O-2", 2, 0.40))
        venue.chain(10, 0.95, theta=hour, short_theta=short_theta)
        venue.chain(130, 0.95, theta=hour, short_theta=short_theta)
        assert (venue.decisions[-1].reason == "THETA_BURN") is closes


def test_exit_while_the_short_leg_is_at_work_waits_until_it_is_gone() -> None:
    venue = Venue(VERTICAL).opened()
    assert venue.chain(10, 0.60) == [("CANCEL", "O-2")]
    assert venue.chain(11, 0.55) == []
    assert venue.answer(sold("O-2", 1, 0.40)) == []
    assert venue.answer(canceled("O-2")) == [purchase(1, 0.53, "stop")]
    assert venue.answer(bought_back("O-3", 1, 0.42)) == [sale(2, "stop")]


def test_refused_purchase_of_the_short_leg_waits_for_another_quote() -> None:
    venue = covered()
    assert venue.chain(10, 1.40, age_s=2) == [purchase(2, 0.53)]
    assert venue.answer(rejected("O-3")) == []
    assert venue.chain(11, 1.40, age_s=3) == []
    assert venue.chain(12, 1.40, age_s=0) == [purchase(2, 0.53)]


# -- the last day's deadlines and restarts ------------------------------------------------------


def test_flatten_deadline_buys_the_short_leg_back_and_sells_the_long_one_at_once() -> None:
    venue = covered()
    venue.chain(499, 0.95)
    venue.strategy._on_flatten(None)
    assert venue.sent[-1] == purchase(2, 0.53, "emergency")
    assert venue.chain(500, 0.95, short=(0.44, 0.46)) == []
    assert venue.answer(bought_back("O-3", 2, 0.46)) == [sale(2, "emergency")]
    assert venue.decisions[-1].reason == "FLATTEN_DEADLINE"


def test_exercise_test_closes_a_spread_as_a_whole_with_the_short_leg_first() -> None:
    venue = Venue(VERTICAL, cash=1_000.0).opened()
    venue.answer(sold("O-2", 2, 0.40))
    venue.positions = [position(CALL, 2.0), position(SHORT, -2.0)]
    venue.chain(99, 0.95, spot=602.0)
    venue.strategy._on_exercise_test(None)
    assert venue.sent[-1] == purchase(2, 0.53, "emergency")
    assert venue.decisions[-1].reason == "EXERCISE_NOT_FUNDED"
    assert venue.answer(bought_back("O-3", 2, 0.42)) == [sale(2, "emergency")]


def test_spread_in_the_money_funds_its_own_exercise() -> None:
    venue = Venue(VERTICAL, cash=1_000.0).opened()
    venue.answer(sold("O-2", 2, 0.40))
    venue.positions = [position(CALL, 2.0), position(SHORT, -2.0)]
    venue.chain(99, 0.95, spot=610.0)
    before = len(venue.sent)
    venue.strategy._on_exercise_test(None)
    assert venue.sent[before:] == []


def test_short_position_left_by_a_process_before_is_closed_before_the_long_one() -> None:
    venue = Venue(None)
    venue.positions = [position(CALL, 3.0), position(SHORT, -2.0)]
    assert venue.chain(1, 0.95) == [purchase(2, 0.53, "emergency")]
    assert venue.answer(bought_back("O-1", 2, 0.42)) == []
    assert venue.chain(2, 0.95) == [sale(3, "emergency")]
    assert [(d.plan_id, d.reason) for d in venue.decisions] == [
        ("FOUND01", "RESTART"), ("FOUND02", "RESTART"),
    ]  # fmt: skip
    assert venue.strategy.last_loss_ns == 0  # what it had cost is not known


def test_long_leg_still_being_bought_is_given_up_with_the_short_one() -> None:
    venue = Venue(replace(VERTICAL, exits=replace(EXITS, keep_single=False)))
    venue.chain(1, 0.95)
    venue.answer(filled("O-1", 1, 0.99))
    assert venue.chain(20, 0.95) == [("CANCEL", "O-2"), ("CANCEL", "O-1")]
    venue.answer(canceled("O-2"))
    assert venue.sent[-1] == sale(1, "stop")


def test_nothing_follows_after_the_stop() -> None:
    venue = covered()
    venue.chain(10, 1.40)
    venue.left = [ClientOrderId("O-3")]
    venue.strategy.on_stop()
    assert venue.answer(bought_back("O-3", 2, 0.42)) == []
    venue = Venue(VERTICAL)
    venue.chain(1, 0.95)
    venue.strategy.on_stop()
    assert venue.answer(filled("O-1", 2, 0.99)) == []


def test_reason_is_kept_when_another_exit_follows() -> None:
    venue = covered()
    venue.chain(10, 1.40)
    venue.strategy._on_flatten(None)
    venue.answer(bought_back("O-3", 2, 0.42))
    assert venue.decisions[-1].reason == ExitReason.TARGET
    assert venue.sent[-1] == sale(2, "emergency")
