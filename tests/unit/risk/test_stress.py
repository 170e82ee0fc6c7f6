"""Each calamity against working out by hand what is left of every leg."""

import datetime as dt
import math

import msgspec
import numpy as np
import pytest
from quoted_chain import NOW_NS, QuotedChain

from autotrade_0dte.pricing.black import price_and_greeks
from autotrade_0dte.risk.stress import (
    Stress,
    StressLeg,
    StressLoss,
    StressMarket,
    StressParams,
    StressResult,
    market_of,
    stress,
    stress_legs,
)
from autotrade_0dte.risk.stress_params import due, stress_times

HOUR = 3600.0
YEARS = HOUR / (365 * 24 * 3600)
MARKET = StressMarket(forward=600.0, years=YEARS, left_s=HOUR)
PARAMS = StressParams(
    gap_fraction=0.01,
    gap_vol_factor=1.5,
    gap_spread_multiple=3.0,
    crash_fraction=0.02,
    crash_halt_s=900,
    crash_vol_factor=2.0,
    crash_spread_multiple=5.0,
    crush_vol_factor=0.5,
    dry_spread_multiple=4.0,
    dry_haircut=0.25,
)
CALL = StressLeg("call", 2, 602.0, True, 0.20, 0.58, 0.62)
SHORT_CALL = StressLeg("short call", -2, 604.0, True, 0.19, 0.20, 0.24)
PUT = StressLeg("put", 3, 598.0, False, 0.22, 0.80, 0.86)
LEGS = [CALL, SHORT_CALL, PUT]


def price(leg: StressLeg, move: float, factor: float, left: float) -> float:
    strike, is_call = np.array([leg.strike]), np.array([leg.is_call])
    found = price_and_greeks(leg.iv * factor, 600.0 + move, strike, left, 0.0, is_call)
    return float(found.price[0])


def by_hand(
    leg: StressLeg, move: float, factor: float, spreads: float, haircut=0.0, passed=0.0
) -> float:
    mid, half = (leg.bid + leg.ask) / 2, (leg.ask - leg.bid) / 2
    there = price(leg, move, factor, YEARS * (1 - passed))
    value = max(mid + there - price(leg, 0.0, 1.0, YEARS), 0.0)
    if leg.quantity > 0:
        left = max(value - spreads * half, 0.0) * (1 - haircut)
    else:
        left = (value + spreads * half) * (1 + haircut)
    return 100 * leg.quantity * (mid - left)


def run(legs: list[StressLeg], equity: float = 25_000.0) -> StressResult:
    return stress(legs, MARKET, PARAMS, now_ns=5, equity=equity)


def of(result: StressResult, name: Stress) -> StressLoss:
    (found,) = [loss for loss in result.losses if loss.stress is name]
    return found


@pytest.mark.parametrize(
    ("name", "way"),
    [
        (Stress.GAP_UP, (6.0, 1.5, 3.0)),
        (Stress.GAP_DOWN, (-6.0, 1.5, 3.0)),
        (Stress.CRASH, (-12.0, 2.0, 5.0, 0.0, 0.25)),
        (Stress.VOL_CRUSH, (0.0, 0.5, 1.0)),
        (Stress.LIQUIDITY_GONE, (0.0, 1.0, 4.0, 0.25)),
    ],
)
def test_loss_of_a_set_and_its_worst_leg_equal_leaving_each_leg_by_hand(name, way) -> None:
    found = of(run(LEGS), name)
    expected = {leg.name: by_hand(leg, *way) for leg in LEGS}
    assert found.loss_usd == pytest.approx(sum(expected.values()), abs=1e-6)
    assert found.worst_leg == max(expected, key=lambda leg: expected[leg])
    assert found.worst_leg_loss_usd == pytest.approx(max(expected.values()), abs=1e-6)
    assert found.equity_fraction == pytest.approx(found.loss_usd / 25_000)
    assert (found.move_usd, found.vol_factor, found.spread_multiple) == way[:3]


def test_pinned_at_the_strike_that_loses_most_a_leg_is_worth_what_exercise_brings() -> None:
    # At 602 both are worthless; at 604 the long call has 2.00.
    found = of(run([CALL, SHORT_CALL]), Stress.PIN)
    assert found.move_usd == 2.0
    assert found.loss_usd == pytest.approx(200 * (0.60 - 0.22))
    assert found.worst_leg == "call"


def test_a_short_straddle_is_pinned_where_its_hedge_is_worthless() -> None:
    short = msgspec.structs.replace(PUT, quantity=-3, name="short put")
    wing = msgspec.structs.replace(PUT, strike=590.0, bid=0.01, ask=0.03, name="wing")
    found = of(run([short, wing]), Stress.PIN)
    assert found.move_usd == -10.0  # at 590 the short put costs 8.00
    assert found.worst_leg == "short put"
    assert found.loss_usd == pytest.approx(300 * (8.0 - 0.83) + 300 * 0.02)


def test_a_wide_spread_never_takes_more_than_the_mark() -> None:
    wide = msgspec.structs.replace(CALL, bid=0.01, ask=1.19)
    assert of(run([wide]), Stress.LIQUIDITY_GONE).loss_usd == pytest.approx(200 * 0.60)


def test_an_unknown_quote_leaves_every_loss_unknown_and_is_the_worst() -> None:
    result = run([CALL, msgspec.structs.replace(PUT, ask=math.nan)])
    assert all(math.isnan(loss.loss_usd) for loss in result.losses)
    assert all(loss.worst_leg == "" for loss in result.losses)
    assert math.isnan(result.worst.loss_usd)


def test_an_unknown_loss_is_worse_than_any_known_one() -> None:
    known = run(LEGS)
    unknown = msgspec.structs.replace(known.losses[0], loss_usd=math.nan)
    mixed = msgspec.structs.replace(known, losses=(*known.losses, unknown))
    assert mixed.worst is unknown


def test_an_unknown_volatility_leaves_open_what_is_repriced_but_not_the_settlement() -> None:
    result = run([msgspec.structs.replace(CALL, iv=math.nan)])
    assert [loss.stress for loss in result.losses if not math.isnan(loss.loss_usd)] == [Stress.PIN]


def test_no_contracts_of_an_unknown_leg_cost_nothing() -> None:
    unknown = StressLeg("gone", 0, 602.0, True, math.nan, math.nan, math.nan)
    assert run([*LEGS, unknown]) == run(LEGS)


def test_nothing_held_loses_nothing() -> None:
    result = run([])
    assert [loss.loss_usd for loss in result.losses] == [0.0] * len(Stress)
    assert [loss.stress for loss in result.losses] == list(Stress)
    assert result.value_usd == 0.0


def test_an_unknown_equity_leaves_the_share_unknown_but_not_the_loss() -> None:
    found = run(LEGS, equity=math.nan).losses[0]
    assert math.isnan(found.equity_fraction)
    assert not math.isnan(found.loss_usd)


def test_a_halt_longer_than_the_session_ends_it() -> None:
    late = MARKET._replace(years=YEARS / 6, left_s=HOUR / 6)
    fair = price(CALL, 0.0, 1.0, late.years)
    call = msgspec.structs.replace(CALL, bid=fair, ask=fair)
    found = of(stress([call], late, PARAMS, now_ns=0), Stress.CRASH)
    assert found.loss_usd == pytest.approx(200 * fair)
    put = msgspec.structs.replace(
        PUT, bid=price(PUT, 0, 1, late.years), ask=price(PUT, 0, 1, late.years)
    )
    found = of(stress([put], late, PARAMS, now_ns=0), Stress.CRASH)
    assert found.loss_usd == pytest.approx(300 * (put.bid - (598.0 - 588.0)))


def test_result_has_marks_instant_and_its_worst_set() -> None:
    result = run(LEGS)
    assert result.ts_event == 5
    assert result.value_usd == pytest.approx(200 * 0.60 - 200 * 0.22 + 300 * 0.83)
    assert result.worst.loss_usd == max(loss.loss_usd for loss in result.losses)


def test_legs_and_market_of_a_chain_carry_its_figures() -> None:
    chain = QuotedChain([598.0, 600.0, 602.0]).book.snapshot(NOW_NS, 600.0)
    (leg,) = stress_legs(chain, [3], [-2], ["P600"])
    assert leg == StressLeg("P600", -2, 600.0, False, chain.iv[3], chain.bid[3], chain.ask[3])
    assert market_of(chain) == (chain.forward, chain.years, 3 * HOUR)


def test_set_times_are_of_new_york_and_come_due_once() -> None:
    times = stress_times(StressParams(at=("14:00", "10:00")), dt.date(2026, 7, 17))
    ten = int(dt.datetime(2026, 7, 17, 14, tzinfo=dt.UTC).timestamp()) * 1_000_000_000
    assert times == (ten, ten + 4 * 3_600_000_000_000)
    assert not due(ten - 1, ten - 10, times)
    assert due(ten, ten - 1, times)
    assert due(times[1] + 5, ten + 1, times)
    assert not due(ten + 1, ten, times)


@pytest.mark.parametrize("clock", ["24:00", "9:30", "10:60", "noon"])
def test_a_time_that_is_none_is_refused(clock) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.convert({"at": [clock]}, StressParams)
