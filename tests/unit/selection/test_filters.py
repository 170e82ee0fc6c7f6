"""Every filter alone: a sound row of the chain falls once the filter's figure is spoiled."""

import math

import msgspec
import numpy as np
import pytest

from autotrade_0dte.chain.quality import QuoteFlag
from autotrade_0dte.pricing.black import PricingStatus
from autotrade_0dte.selection.params import SelectionParams
from autotrade_0dte.selection.ranking import Fall
from autotrade_0dte.selection.select import select

NAN = math.nan
SPOILED = [
    (Fall.NO_QUOTE, {"quality": QuoteFlag.MISSING}),
    (Fall.NO_QUOTE, {"quality": QuoteFlag.CROSSED}),
    (Fall.NO_QUOTE, {"quality": QuoteFlag.ONE_SIDED}),
    (Fall.NO_QUOTE, {"mid": NAN}),
    (Fall.STALE_QUOTE, {"quality": QuoteFlag.STALE}),
    (Fall.STALE_QUOTE, {"quote_age_s": 30.1}),
    (Fall.STALE_QUOTE, {"quote_age_s": NAN}),
    (Fall.NO_IV, {"status": PricingStatus.BELOW_INTRINSIC}),
    (Fall.NO_IV, {"iv": NAN}),
    (Fall.TICK_NOISE, {"quality": QuoteFlag.NO_INFORMATION}),
    (Fall.DELTA_BAND, {"delta": 0.19}),
    (Fall.DELTA_BAND, {"delta": 0.61}),
    (Fall.DELTA_BAND, {"delta": NAN}),
    (Fall.PREMIUM_BAND, {"ask": 0.0999}),
    (Fall.PREMIUM_BAND, {"ask": 50.01}),
    (Fall.SPREAD, {"bid": 0.9, "ask": 1.0, "mid": 0.95}),
    (Fall.SIZE, {"bid_size": 0.0}),
    (Fall.SIZE, {"ask_size": 0.0}),
    (Fall.SIZE, {"ask_size": NAN}),
    (Fall.OPEN_INTEREST, {"open_interest": 9.0}),
]


def names(case: object) -> str:
    return case.name if isinstance(case, Fall) else str(case)


@pytest.mark.parametrize("direction", [1, -1])
@pytest.mark.parametrize(("fall", "figures"), SPOILED, ids=names)
def test_a_spoiled_row_falls_for_that_reason_and_the_others_stay(
    sound, limits, direction, fall, figures
) -> None:
    params = SelectionParams()
    before = select(sound.snapshot, direction, params, limits)
    row = before.candidates[0].row
    if "delta" in figures:
        figures = {"delta": direction * figures["delta"]}
    after = select(sound.spoiled(row, **figures), direction, params, limits)
    assert Fall(after.falls[row]) is fall
    others = np.arange(after.falls.size) != row
    np.testing.assert_array_equal(after.falls[others], before.falls[others])
    assert after.offered == before.offered - 1
    assert row not in [candidate.row for candidate in after.candidates]


def test_a_half_tick_that_is_large_against_the_premium_is_noise(sound, limits) -> None:
    row = sound.row(601.0, is_call=True)
    mid = sound.snapshot.mid[row]
    params = SelectionParams(max_tick_fraction=0.05)
    for tick, fall in ((0.0999 * mid, Fall.NONE), (0.1001 * mid, Fall.TICK_NOISE)):
        judged = msgspec.structs.replace(limits, tick_below_3=tick)
        assert select(sound.snapshot, 1, params, judged).falls[row] == fall


def test_the_tick_from_three_dollars_is_its_own(sound, limits) -> None:
    row = sound.row(601.0, is_call=True)
    chain = sound.spoiled(row, bid=2.99, ask=3.01, mid=3.0)
    judged = msgspec.structs.replace(limits, tick_below_3=0.01, tick_from_3=0.50)
    assert select(chain, 1, SelectionParams(), judged).falls[row] == Fall.TICK_NOISE


@pytest.mark.parametrize(("direction", "is_call"), [(1, True), (-1, False)])
def test_up_buys_calls_and_down_buys_puts(sound, limits, direction, is_call) -> None:
    chain = sound.snapshot
    found = select(chain, direction, SelectionParams(), limits)
    assert found.offered > 1
    assert (chain.is_call[found.falls == Fall.NONE] == is_call).all()
    assert ((found.falls == Fall.WRONG_RIGHT) == (chain.is_call != is_call)).all()


def test_unknown_open_interest_passes_or_falls_by_parameter(sound, limits) -> None:
    row = sound.row(601.0, is_call=True)
    chain = sound.spoiled(row, open_interest=NAN)
    for passes, fall in ((True, Fall.NONE), (False, Fall.OPEN_INTEREST)):
        params = SelectionParams(unknown_open_interest_passes=passes)
        assert select(chain, 1, params, limits).falls[row] == fall


def test_the_first_filter_that_fails_is_the_reason(sound, limits) -> None:
    row = sound.row(601.0, is_call=True)
    figures: dict[str, float] = {}
    # From the last filter to the first: each takes over from those behind it.
    for fall, figure in (
        (Fall.OPEN_INTEREST, {"open_interest": 0.0}),
        (Fall.SIZE, {"bid_size": 0.0}),
        (Fall.SPREAD, {"bid": 0.01}),
        (Fall.PREMIUM_BAND, {"ask": 60.0}),
        (Fall.DELTA_BAND, {"delta": 0.95}),
        (Fall.TICK_NOISE, {"quality": QuoteFlag.NO_INFORMATION}),
        (Fall.NO_IV, {"status": PricingStatus.BAD_INPUT}),
        (Fall.STALE_QUOTE, {"quote_age_s": 1e6}),
        (Fall.NO_QUOTE, {"quality": QuoteFlag.CROSSED}),
    ):
        figures |= figure
        found = select(sound.spoiled(row, **figures), 1, SelectionParams(), limits)
        assert Fall(found.falls[row]) is fall
    found = select(sound.spoiled(row, **figures), -1, SelectionParams(), limits)
    assert found.falls[row] == Fall.WRONG_RIGHT


def test_a_spread_that_takes_the_expected_move_falls(sound, limits) -> None:
    chain, row = sound.snapshot, sound.row(601.0, is_call=True)
    passed = limits.hold_s / (3 * 3_600.0)
    worth = chain.delta[row] * chain.analytics.implied_move * math.sqrt(passed)
    share = (chain.ask[row] - chain.bid[row]) / worth
    for most, fall in ((1.001 * share, Fall.NONE), (0.999 * share, Fall.SPREAD_OVER_MOVE)):
        params = SelectionParams(max_spread_to_move=most)
        assert select(chain, 1, params, limits).falls[row] == fall


def test_nothing_is_offered_while_the_implied_move_is_unknown(sound, limits) -> None:
    analytics = msgspec.structs.replace(sound.snapshot.analytics, implied_move=NAN)
    chain = msgspec.structs.replace(sound.snapshot, analytics=analytics)
    found = select(chain, 1, SelectionParams(), limits)
    assert found.offered == 0
    assert Fall.SPREAD_OVER_MOVE in found.falls


def test_a_contract_that_may_lose_more_than_the_budget_falls(sound, limits) -> None:
    best = select(sound.snapshot, 1, SelectionParams(), limits).candidates[0]
    for budget, fall in ((best.worst_loss, Fall.NONE), (best.worst_loss - 0.01, Fall.OVER_BUDGET)):
        judged = msgspec.structs.replace(limits, budget_usd=budget)
        found = select(sound.snapshot, 1, SelectionParams(), judged)
        assert found.falls[best.row] == fall
        assert all(candidate.worst_loss <= budget for candidate in found.candidates)


def test_fees_count_against_the_budget(sound, limits) -> None:
    best = select(sound.snapshot, 1, SelectionParams(), limits).candidates[0]
    dearer = msgspec.structs.replace(limits, fee_usd=limits.fee_usd + 5.0)
    found = select(sound.snapshot, 1, SelectionParams(), dearer)
    loss = next(c.worst_loss for c in found.candidates if c.row == best.row)
    assert loss == pytest.approx(best.worst_loss + 5.0)


@pytest.mark.parametrize("direction", [0, 2])
def test_a_direction_that_is_none_is_refused(sound, limits, direction) -> None:
    with pytest.raises(ValueError, match=rf"Expected a direction of \+1 or -1, was {direction}"):
        select(sound.snapshot, direction, SelectionParams(), limits)
