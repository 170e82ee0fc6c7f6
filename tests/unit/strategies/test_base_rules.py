"""What the base adds to a strategy's own words: the action table, the shared budget, the record."""

from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace
from strategy_venue import EXITS, PLAN, RULES, Venue, canceled, filled, sale

from autotrade_0dte.execution.coordinator import CoordinatorParams
from autotrade_0dte.execution.decision import DecisionKind
from autotrade_0dte.execution.exits import ExitReason
from autotrade_0dte.market_state.actions import Action, ActionTable, Track, TrackActions, Urgency
from autotrade_0dte.market_state.state import Level
from autotrade_0dte.selection.ranking import Ranking
from autotrade_0dte.signals.signal import SIGNAL_TOPIC, Signal

HOUR = 3_600


def signal(direction: int = 1) -> Signal:
    return Signal(0, "regular", direction, 0.5, 0.5, 0.8, 0, 0, 1, None, ())


# -- exits --------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("exits", "views", "reason"),
    [
        ({}, [(10, 1.50)], ExitReason.TARGET),
        ({}, [(10, 0.60)], ExitReason.STOP),
        ({"trail_after_fraction": 0.2}, [(10, 1.30), (11, 1.15)], ExitReason.TRAILING),
        ({"hold_s": HOUR}, [(10, 1.00), (10 + 1_300, 1.00)], ExitReason.THETA_BURN),
        ({}, [(599, 1.00), (600, 1.00)], ExitReason.TIME_STOP),
    ],
)
def test_each_rule_of_the_plan_closes_it(
    exits: dict[str, Any], views: list[tuple[int, float]], reason: ExitReason
) -> None:
    venue = Venue(replace(PLAN, exits=replace(EXITS, **exits))).opened()
    for at_s, bid in views:
        assert venue.decisions[-1].kind is DecisionKind.ENTER
        venue.chain(at_s, bid, theta=-365.0 * 24)  # a dollar an hour
    assert (venue.decisions[-1].kind, venue.decisions[-1].reason) == (DecisionKind.EXIT, reason)


def test_time_value_is_burnt_at_the_rate_of_the_chains_clock() -> None:
    for year_s in (365.0 * 86_400, 252.0 * 23_400):
        plan = replace(PLAN, exits=replace(EXITS, theta_burn_fraction=0.25, hold_s=3_600))
        venue = Venue(plan).opened()
        theta = -year_s / 3_600  # a dollar an hour
        venue.chain(10, 0.95, theta=theta, year_s=year_s)
        venue.chain(900, 0.95, theta=theta, year_s=year_s)
        assert venue.decisions[-1].kind is DecisionKind.ENTER
        venue.chain(960, 0.95, theta=theta, year_s=year_s)
        assert venue.decisions[-1].reason == "THETA_BURN"


def test_orders_tell_how_urgent_the_level_makes_them() -> None:
    actions = ActionTable(regular=TrackActions(l2=Action(entries=True, urgency=Urgency.URGENT)))
    venue = Venue(actions=actions).opened()
    venue.chain(10, 1.55, level=Level.L2)
    assert [tags["urgency"] for tags in venue.tags] == ["normal", "urgent"]
    assert [tags["level"] for tags in venue.tags] == ["CALM", "L2"]


def test_reason_of_the_strategy_closes_the_plan() -> None:
    venue = Venue().opened()
    venue.wanted_out = ExitReason.SIGNAL_REVERSAL
    assert venue.chain(10, 0.95) == [sale(2)]
    assert venue.decisions[-1].reason == "SIGNAL_REVERSAL"


def test_reason_of_the_strategy_ends_an_entry_that_has_not_filled() -> None:
    venue = Venue()
    venue.chain(1, 0.95)
    venue.wanted_out = ExitReason.EVENT_OVER
    assert venue.chain(2, 0.95) == [("CANCEL", "O-1")]
    venue.answer(canceled("O-1"))
    assert venue.strategy._trade is None


# -- the action table ---------------------------------------------------------------------------


def table(**levels: Action) -> ActionTable:
    return ActionTable(regular=TrackActions(**levels))


FORCED = Action(entries=False, exits_forced=True)


def test_level_that_forces_exits_closes_the_plan_when_it_is_entered() -> None:
    venue = Venue(actions=table(l3=FORCED)).opened()
    assert venue.chain(10, 0.95, level=Level.L2, since_s=10) == []
    assert venue.chain(11, 0.95, level=Level.L3, since_s=11) == [sale(2, "stop")]
    assert (venue.decisions[-1].reason, venue.decisions[-1].level) == ("STATE_FORCED", Level.L3)


def test_level_entered_before_the_plan_was_made_does_not_close_it() -> None:
    venue = Venue(replace(PLAN, decided_ns=10**9), actions=table(l3=replace(FORCED, entries=True)))
    venue.chain(1, 0.95, level=Level.L3, since_s=1)
    venue.answer(filled("O-1", 2, 0.99))
    assert venue.chain(2, 0.95, level=Level.L3, since_s=1) == []


def test_level_without_entries_asks_for_no_plan() -> None:
    venue = Venue(actions=table(l2=Action(entries=False)))
    assert venue.chain(1, 0.95, level=Level.L2) == []
    assert venue.asked == 0
    assert venue.chain(2, 0.95) == [("BUY", 2, 1.00)]


def test_entry_at_work_is_withdrawn_at_a_level_without_entries_and_what_filled_is_kept() -> None:
    venue = Venue(actions=table(l2=Action(entries=False)))
    venue.chain(1, 0.95)
    venue.answer(filled("O-1", 1, 0.99))
    assert venue.chain(2, 0.95, level=Level.L2) == [("CANCEL", "O-1")]
    venue.answer(canceled("O-1"))
    assert venue.chain(3, 0.95, level=Level.L2) == []
    assert venue.chain(4, 1.50, level=Level.L2) == [sale(1)]


# -- the shared budget --------------------------------------------------------------------------


def test_refused_plan_is_recorded_once_a_reason_and_not_counted() -> None:
    small = CoordinatorParams(budget_usd=100.0, regular=RULES.regular)
    venue = Venue(rules=small)
    for at_s in (1, 2, 3):
        assert venue.chain(at_s, 0.95) == []
    [refusal] = venue.decisions
    assert (refusal.kind, refusal.reason) == (DecisionKind.REFUSE, "TRACK_SHARE")
    assert refusal.figures == {"worst_loss_usd": 200.0, "at_risk_usd": 0.0, "limit_usd": 75.0}
    assert (refusal.plan_id, refusal.quantity, refusal.price) == ("P001", 2, 1.00)
    assert (venue.strategy.trades, venue.strategy.last_entry_ns) == (0, 0)


def test_refusal_after_a_snapshot_without_a_plan_is_recorded_again() -> None:
    venue = Venue(rules=CoordinatorParams(budget_usd=100.0, regular=RULES.regular))
    venue.chain(1, 0.95)
    venue.trades = 0
    venue.chain(2, 0.95)
    venue.trades = 1
    venue.chain(3, 0.95)
    assert len(venue.decisions) == 2


def test_budget_is_held_while_the_plan_is_open_and_given_back_at_its_end() -> None:
    venue = Venue()
    other = venue.coordinator.allotment(Track.ANOMALY)
    venue.chain(1, 0.95)
    assert other.room_usd(1) < 500.0
    venue.answer(filled("O-1", 2, 0.99))
    venue.chain(10, 1.50)
    venue.answer(filled("O-2", -2, 1.50))
    assert other.room_usd(1) == 500.0


def test_part_of_the_budget_that_an_entry_did_not_fill_is_given_back() -> None:
    venue = Venue()
    before = venue.strategy.allotment.room_usd(1)
    venue.chain(1, 0.95)
    venue.answer(filled("O-1", 1, 0.99))
    assert venue.strategy.allotment.room_usd(1) == before - 200.0
    venue.answer(canceled("O-1"))
    assert venue.strategy.allotment.room_usd(1) == before - 100.0


def test_track_asked_to_hand_over_closes_its_plan() -> None:
    venue = Venue().opened()
    view = venue.strategy.view
    assert view is not None
    state = replace(view.state, level=Level.L2)
    refused = venue.coordinator.allotment(Track.ANOMALY).request("A001", -1, 50.0, state, 0)
    assert refused is not None
    assert venue.chain(10, 0.95) == [sale(2, "stop")]
    assert venue.decisions[-1].reason == "HAND_OVER"


# -- what happened ------------------------------------------------------------------------------


@pytest.mark.parametrize(("price", "lost"), [(0.98, True), (0.99, False), (1.50, False)])
def test_close_below_the_cost_is_remembered_as_a_loss(price: float, lost: bool) -> None:
    venue = Venue().opened()
    venue.wanted_out = ExitReason.SIGNAL_REVERSAL
    venue.chain(10, price)
    venue.answer(filled("O-2", -2, price))
    assert (venue.strategy.last_loss_ns == 10 * 10**9) is lost
    assert venue.strategy.last_entry_ns == 10**9


def test_rounding_of_prices_is_no_loss() -> None:
    venue = Venue(replace(PLAN, quantity=3))
    venue.chain(1, 0.95)
    for price in (0.1, 0.2, 0.3):
        venue.answer(filled("O-1", 1, price))
    venue.wanted_out = ExitReason.SIGNAL_REVERSAL
    venue.chain(10, 0.30)
    for price in (0.3, 0.2, 0.1):
        venue.answer(filled("O-2", -1, price))
    assert -0.1 - 0.2 - 0.3 + 0.3 + 0.2 + 0.1 < 0
    assert venue.strategy._trade is None
    assert venue.strategy.last_loss_ns == 0


def test_entry_that_never_filled_is_no_loss() -> None:
    venue = Venue()
    venue.chain(1, 0.95)
    venue.answer(canceled("O-1"))
    assert venue.strategy.last_loss_ns == 0
    assert venue.strategy.trades == 1


def test_first_snapshot_is_remembered() -> None:
    venue = Venue(plan=None)
    venue.chain(5, 0.95)
    venue.chain(6, 0.95)
    assert venue.strategy.watching_since_ns == 5 * 10**9


# -- the record ---------------------------------------------------------------------------------


def test_signal_is_published_once_a_snapshot_and_only_where_one_was_made() -> None:
    venue = Venue(plan=None)
    venue.chain(1, 0.95)
    venue.signal = signal()
    venue.chain(2, 0.95)
    venue.chain(3, 0.95)
    assert venue.published[SIGNAL_TOPIC] == [venue.signal, venue.signal]


def test_decision_carries_the_state_the_signal_and_the_ranking_of_its_snapshot() -> None:
    ranking = Ranking(1, (), 0, np.zeros(0, np.int8), np.zeros(0), np.zeros((0, 0)))
    venue = Venue()
    venue.signal = signal()
    venue.ranking = ranking
    venue.chain(1, 0.95, spot=601.0, level=Level.L1)
    venue.answer(filled("O-1", 2, 0.99))
    venue.signal = signal(-1)
    venue.chain(10, 1.50, spot=602.0)
    entry, exit_ = venue.decisions
    assert (entry.level, entry.spot, entry.ranking) == (Level.L1, 601.0, ranking)
    assert entry.signal is not None
    assert entry.signal.direction == 1
    assert exit_.signal is venue.signal
    assert (exit_.level, exit_.spot, exit_.ranking) == (Level.CALM, 602.0, None)
