"""Debit verticals: which leg is sold, and the net figures."""

import math

import msgspec
import numpy as np
import pytest

from autotrade_0dte.chain.quality import QuoteFlag
from autotrade_0dte.pricing.black import PricingStatus
from autotrade_0dte.selection.params import SelectionParams, ShortLeg
from autotrade_0dte.selection.ranking import Candidate, Fall, Structure
from autotrade_0dte.selection.select import select

BY_STRIKES = SelectionParams(
    structure=Structure.DEBIT_VERTICAL, width_strikes=2, max_spread_to_move=2.0, keep=50
)
BY_DELTA = msgspec.structs.replace(BY_STRIKES, short_leg=ShortLeg.DELTA, short_delta=0.15)
SIDES = [(1, True), (-1, False)]


def of_row(candidates: tuple[Candidate, ...], row: int) -> Candidate:
    return next(candidate for candidate in candidates if candidate.row == row)


@pytest.mark.parametrize(("direction", "is_call"), SIDES)
@pytest.mark.parametrize("width", [1, 2, 3])
def test_the_short_leg_is_so_many_strikes_further_out(
    sound, limits, direction, is_call, width
) -> None:
    params = msgspec.structs.replace(BY_STRIKES, width_strikes=width)
    found = select(sound.snapshot, direction, params, limits)
    assert found.offered > 1
    for candidate in found.candidates:
        strike = sound.snapshot.strike[candidate.row]
        assert candidate.short_row == sound.row(strike + direction * width, is_call=is_call)


@pytest.mark.parametrize(("direction", "is_call"), SIDES)
def test_the_short_leg_is_the_one_nearest_the_wanted_delta(
    sound, limits, direction, is_call
) -> None:
    chain = sound.snapshot
    distance = np.where(chain.is_call == is_call, np.abs(np.abs(chain.delta) - 0.15), np.inf)
    nearest = int(np.nanargmin(distance))
    found = select(chain, direction, BY_DELTA, limits)
    assert found.offered > 1
    assert {candidate.short_row for candidate in found.candidates} == {nearest}


def test_where_the_wanted_delta_is_nearer_the_money_the_next_strike_is_sold(sound, limits) -> None:
    params = msgspec.structs.replace(BY_DELTA, short_delta=0.55)
    found = select(sound.snapshot, 1, params, limits)
    assert found.offered > 1
    for candidate in found.candidates:
        strike = sound.snapshot.strike[candidate.row]
        if strike >= 599.0:
            assert candidate.short_row == sound.row(strike + 1.0, is_call=True)


@pytest.mark.parametrize(
    "figures",
    [
        {"quality": QuoteFlag.ONE_SIDED},
        {"quality": QuoteFlag.STALE},
        {"quote_age_s": 31.0},
        {"status": PricingStatus.BAD_INPUT},
        {"bid_size": 0.0},
        {"bid_size": math.nan},
        {"ask_size": math.nan},
        {"mid": math.nan},
    ],
)
@pytest.mark.parametrize("params", [BY_STRIKES, BY_DELTA], ids=["strikes", "delta"])
def test_an_option_that_cannot_be_sold_is_passed_over(sound, limits, params, figures) -> None:
    long = sound.row(600.0, is_call=True)
    short = of_row(select(sound.snapshot, 1, params, limits).candidates, long).short_row
    found = select(sound.spoiled(short, **figures), 1, params, limits)
    assert of_row(found.candidates, long).short_row not in {short, -1}


def test_an_option_too_poor_to_buy_may_be_sold(sound, limits) -> None:
    long = sound.row(600.0, is_call=True)
    short = sound.row(602.0, is_call=True)
    chain = sound.spoiled(short, quality=QuoteFlag.NO_INFORMATION, open_interest=0.0)
    assert of_row(select(chain, 1, BY_STRIKES, limits).candidates, long).short_row == short


@pytest.mark.parametrize("params", [BY_STRIKES, BY_DELTA], ids=["strikes", "delta"])
def test_a_row_with_nothing_further_out_has_no_short_leg(sound, limits, params) -> None:
    row = sound.row(610.0, is_call=True)
    figures = {"delta": 0.4, "bid": 0.99, "ask": 1.0, "mid": 0.995, "iv": 0.5, "quality": 0}
    chain = sound.spoiled(row, status=PricingStatus.OK, **figures)
    # Nearer the money there is one that would make a debit spread.
    columns = {name: getattr(chain, name).copy() for name in ("bid", "ask", "mid")}
    calls = chain.is_call & (np.arange(chain.strike.size) != row)
    columns["bid"][calls], columns["ask"][calls], columns["mid"][calls] = 0.5, 0.51, 0.505
    chain = msgspec.structs.replace(chain, **columns)
    assert select(chain, 1, params, limits).falls[row] == Fall.NO_SHORT_LEG


@pytest.mark.parametrize("params", [BY_STRIKES, BY_DELTA], ids=["strikes", "delta"])
def test_a_chain_that_cannot_be_priced_offers_nothing(sound, limits, params) -> None:
    status = np.full(sound.snapshot.strike.size, PricingStatus.BAD_INPUT, np.int8)
    blind = msgspec.structs.replace(sound.snapshot, status=status)
    assert select(blind, 1, params, limits).offered == 0


@pytest.mark.parametrize(
    ("bid", "fall"),
    [(1.00, Fall.NO_SHORT_LEG), (1.01, Fall.NO_SHORT_LEG), (0.50, Fall.NONE)],
)
def test_a_vertical_without_a_debit_is_not_made(sound, limits, bid, fall) -> None:
    long, short = (sound.row(strike, is_call=True) for strike in (600.0, 602.0))
    chain = sound.spoiled(long, bid=0.99, ask=1.0, mid=0.995)
    columns = {name: getattr(chain, name).copy() for name in ("bid", "ask", "mid")}
    columns["bid"][short], columns["ask"][short] = bid, bid + 0.01
    columns["mid"][short] = bid + 0.005
    chain = msgspec.structs.replace(chain, **columns)
    assert select(chain, 1, BY_STRIKES, limits).falls[long] == fall


@pytest.mark.parametrize(("ask", "fall"), [(2.3, Fall.NO_SHORT_LEG), (2.2, Fall.NONE)])
def test_a_vertical_that_costs_its_width_is_not_made(sound, limits, ask, fall) -> None:
    assert 2.3 - 0.3 < 2.0  # in floats
    long, short = (sound.row(strike, is_call=True) for strike in (600.0, 602.0))
    chain = sound.spoiled(long, bid=ask - 0.01, ask=ask, mid=ask - 0.005)
    columns = {name: getattr(chain, name).copy() for name in ("bid", "ask", "mid")}
    columns["bid"][short], columns["ask"][short], columns["mid"][short] = 0.3, 0.31, 0.305
    chain = msgspec.structs.replace(chain, **columns)
    assert select(chain, 1, BY_STRIKES, limits).falls[long] == fall


def test_net_figures_are_those_of_the_two_legs_at_the_touch(sound, limits) -> None:
    long, short = (sound.row(strike, is_call=True) for strike in (600.0, 602.0))
    chain = sound.spoiled(short, bid_size=7.0)
    found = of_row(select(chain, 1, BY_STRIKES, limits).candidates, long)
    assert found.debit == pytest.approx(chain.ask[long] - chain.bid[short], abs=5.1e-5)
    assert found.delta == pytest.approx(chain.delta[long] - chain.delta[short])
    decay = (chain.theta[short] - chain.theta[long]) / (365 * 24)
    assert found.theta_per_hour == pytest.approx(decay)
    assert found.displayed == 7.0
    assert found.worst_loss == pytest.approx(100 * found.debit + 2 * limits.fee_usd)


def test_the_spreads_of_both_legs_count_against_the_move(sound, limits) -> None:
    long, short = (sound.row(strike, is_call=True) for strike in (600.0, 602.0))
    chain = sound.snapshot
    spread = sum(chain.ask[leg] - chain.bid[leg] for leg in (long, short))
    move = chain.analytics.implied_move * math.sqrt(limits.hold_s / (3 * 3_600.0))
    share = spread / ((chain.delta[long] - chain.delta[short]) * move)
    for most, fall in ((1.001 * share, Fall.NONE), (0.999 * share, Fall.SPREAD_OVER_MOVE)):
        params = msgspec.structs.replace(BY_STRIKES, max_spread_to_move=most)
        assert select(chain, 1, params, limits).falls[long] == fall


def test_a_vertical_whose_loss_exceeds_the_budget_falls(sound, limits) -> None:
    best = select(sound.snapshot, 1, BY_STRIKES, limits).candidates[0]
    judged = msgspec.structs.replace(limits, budget_usd=best.worst_loss - 0.01)
    assert select(sound.snapshot, 1, BY_STRIKES, judged).falls[best.row] == Fall.OVER_BUDGET
