"""Costs of parent orders from the tables of a run folder."""

import datetime as dt
import math

import pytest
from worked_tables import DATE, NAN, NS, OPEN_NS, example, fill, mark, parent, worked_tables

from autotrade_0dte.analysis.tca import ParentCost, parent_costs


def cost(**changes: object) -> ParentCost:
    [found] = parent_costs(worked_tables([parent(**changes)]))
    return found


def test_example_costs_what_was_worked_out_by_hand() -> None:
    [found] = parent_costs(example())
    parts = found.parts
    assert (parts.delay, parts.spread) == (pytest.approx(2), pytest.approx(3))
    assert (parts.impact, parts.opportunity) == (pytest.approx(2), pytest.approx(7))
    assert parts.shortfall == pytest.approx(14)
    assert found.slippage.of_spread == pytest.approx(0.35)
    assert found.slippage.ticks == pytest.approx(3.5)
    assert (found.fees, found.minimums) == (pytest.approx(3.41), 1.09)
    assert found.effective == pytest.approx((0.04 + 0.02) / 2)


def test_markout_is_of_the_fills_that_are_known_at_its_horizon_and_says_how_many() -> None:
    [found] = parent_costs(example())
    five, thirty, _ = found.markouts
    assert (five.known, thirty.known, found.effective_known) == (0, 1, 2)
    assert math.isnan(five.realised)
    # The first fill alone: effective 0.04 = realised -0.04 + impact 0.08.
    assert thirty.effective == pytest.approx(0.04)
    assert thirty.realised == pytest.approx(-0.04)
    assert thirty.impact == pytest.approx(0.08)


def test_markouts_on_a_constructed_path_fall_with_the_option_s_own_value_alone() -> None:
    # The option is worth 0.5 x (spot - 600) + 1.06 and loses one cent each 30 s after the fill; the
    # underlying rises 2 cents a second. Without its rise the mid is 1.06 - 0.01 x h / 30.
    marks = [mark()]
    for horizon in (5, 30, 300):
        spot = 600 + 0.02 * horizon
        value = 1.06 + 0.5 * (spot - 600) - 0.01 * horizon / 30
        marks.append(mark(horizon, mid=value, spot=spot))
    [found] = parent_costs(worked_tables([parent(filled=1)], marks, [fill()]))
    own = [0.01 * horizon / 30 for horizon in (5, 30, 300)]
    assert [m.impact for m in found.markouts] == pytest.approx([-2 * loss for loss in own])
    assert [m.realised for m in found.markouts] == pytest.approx([0.04 + 2 * x for x in own])
    assert [m.effective for m in found.markouts] == pytest.approx([0.04] * 3)


def test_fills_of_one_parent_at_several_orders_are_weighed_by_contracts() -> None:
    marks = [mark(quantity=3), mark(trade_id="T-2", client_order_id="O-2", price=1.04, mid=1.06)]
    fills = [fill(), fill(trade_id="T-2", client_order_id="O-2", fee=2.0)]
    [found] = parent_costs(worked_tables([parent(quantity=4, filled=4)], marks, fills))
    assert found.effective == pytest.approx((3 * 0.04 - 0.04) / 4)
    assert found.fees == pytest.approx(3.0)


def test_same_ids_in_another_session_are_another_order() -> None:
    later = {"session": DATE + dt.timedelta(days=1)}
    parents = [parent(filled=1), parent(filled=1, **later)]
    marks = [mark(), mark(price=2.0, **later)]
    fills = [fill(), fill(fee=9.0, **later)]
    first, second = parent_costs(worked_tables(parents, marks, fills))
    assert (first.fees, second.fees) == (1.0, 9.0)
    assert first.effective == pytest.approx(0.04)
    assert second.effective == pytest.approx(1.88)


def test_orders_come_in_the_order_they_were_decided() -> None:
    later, first = parent(parent_id="P-1", decided=OPEN_NS + NS), parent(parent_id="P-2")
    assert [c.parent_id for c in parent_costs(worked_tables([later, first]))] == ["P-2", "P-1"]


def test_fill_without_a_booked_fee_makes_the_fees_unknown() -> None:
    [found] = parent_costs(worked_tables([parent(filled=1)], [mark()]))
    assert math.isnan(found.fees)


def test_order_that_got_nothing_has_no_slippage_and_no_fees() -> None:
    found = cost(outcome="GIVEN_UP", end_mid=1.12, ended=OPEN_NS)
    assert found.parts.shortfall == pytest.approx(21.0)
    assert (found.fees, found.parts.spread) == (0.0, 0.0)
    assert math.isnan(found.slippage.cents)
    assert math.isnan(found.effective)


def test_decision_without_a_quote_of_two_sides_leaves_the_shortfall_unknown() -> None:
    marks, fills = [mark()], [fill()]
    [found] = parent_costs(worked_tables([parent(filled=1, bid=0.0)], marks, fills))
    assert math.isnan(found.parts.shortfall)
    assert math.isnan(found.slippage.of_spread)
    assert found.parts.spread == pytest.approx(2.0)


def test_latency_is_counted_from_stage_to_stage() -> None:
    [found] = parent_costs(example())
    stages = found.latency
    assert (stages.to_submit, stages.to_acknowledge, stages.to_first_fill) == (1, 1, 2)
    assert stages.to_end == 61
    assert math.isnan(cost().latency.to_first_fill)


def test_stage_whose_beginning_is_not_known_took_nobody_knows_how_long() -> None:
    lost = cost(acknowledged=None, first_fill=OPEN_NS + NS).latency
    assert math.isnan(lost.to_first_fill)


def test_markout_needs_the_market_at_the_fill() -> None:
    marks = [mark(mid=NAN), mark(30, mid=1.30, spot=600.40)]
    [found] = parent_costs(worked_tables([parent(filled=1)], marks, [fill()]))
    assert (found.markouts[1].known, found.effective_known) == (0, 0)
    assert math.isnan(found.markouts[1].realised)


@pytest.mark.parametrize(("minutes", "name"), [(0, "09:30"), (29.9, "09:30"), (30, "10:00")])
def test_half_hour_is_that_of_the_decision_in_new_york(minutes: float, name: str) -> None:
    assert cost(decided=OPEN_NS + round(minutes * 60) * NS).half_hour == name


def test_track_is_that_of_the_strategy_s_signals_and_its_name_without_any() -> None:
    assert cost().track == "regular"
    assert cost(strategy="Other-001").track == "Other-001"


def test_index_option_slips_in_its_own_ticks() -> None:
    spx = {"instrument_id": "SPXW260720C06000000.US", "bid": 3.0, "ask": 3.2, "filled": 1}
    assert cost(**spx, average_price=3.2).slippage.ticks == pytest.approx(1.0)
    below = spx | {"bid": 1.0, "ask": 1.2}
    assert cost(**below, average_price=1.2).slippage.ticks == pytest.approx(2.0)


@pytest.mark.parametrize(("bid", "ask", "tick"), [(2.95, 3.05, 0.10), (2.95, 3.0, 0.05)])
def test_ticks_are_those_at_the_middle_of_the_decision(bid: float, ask: float, tick: float) -> None:
    spx = {"instrument_id": "SPXW260720C06000000.US", "bid": bid, "ask": ask, "filled": 1}
    slipped = cost(**spx, average_price=ask).slippage
    assert slipped.ticks == pytest.approx((ask - bid) / 2 / tick)


def test_vetoes_are_read_by_code() -> None:
    assert cost(vetoes='{"SPREAD":2}', leg_risk_s=NAN).vetoes == {"SPREAD": 2}
