"""Fair values on chains whose values are known."""

import math
from typing import Any

import numpy as np
import pytest
from msgspec.structs import replace
from quoted_chain import EXPIRY_NS, NOW_NS, YEARS, QuotedChain

from autotrade_0dte.chain.book import ChainParams
from autotrade_0dte.execution import fair_value
from autotrade_0dte.execution.fair_value import FairValues, warm
from autotrade_0dte.pricing.black import price_and_greeks

FORWARD = 600.0
STRIKES = np.arange(580.0, 621.0)
HALF_HOUR_NS = 1_800_000_000_000


def fair_of(chain: QuotedChain, spot: float = FORWARD, now_ns: int = NOW_NS) -> FairValues:
    return FairValues(chain.book.snapshot(now_ns, spot))


def test_flat_smile_gives_back_the_price_that_the_quotes_stand_around() -> None:
    chain = QuotedChain(STRIKES)
    fair = fair_of(chain)
    for strike in (595.0, 599.0, 600.0, 601.0, 605.0):
        for is_call in (True, False):
            row = chain.row(strike, is_call=is_call)
            assert fair.at(row) == pytest.approx(chain.price[row], abs=1e-9)


def test_variance_that_is_a_parabola_over_log_moneyness_is_recovered() -> None:
    x = np.log(STRIKES / FORWARD)
    chain = QuotedChain(STRIKES, np.sqrt(0.09 - 0.9 * x + 40 * x * x))
    fair = fair_of(chain)
    for strike in (595.0, 597.0, 600.0, 604.0):
        row = chain.row(strike, is_call=True)
        assert fair.at(row) == pytest.approx(chain.price[row], abs=1e-9)


@pytest.mark.parametrize("off", [0.50, 0.20, 0.10, -0.10, -0.20, -0.50])
def test_quote_that_is_off_neither_confirms_itself_nor_carries_its_neighbours_away(
    off: float,
) -> None:
    chain = QuotedChain(STRIKES)
    row = chain.row(601.0, is_call=True)
    true = chain.price[row]
    chain.set_quote(601.0, true + off - 0.02, true + off + 0.02, is_call=True)
    fair = fair_of(chain)
    assert fair.at(row) == pytest.approx(true, abs=0.002)
    for strike in (598.0, 599.0, 600.0, 602.0, 603.0):
        beside = chain.row(strike, is_call=True)
        assert fair.at(beside) == pytest.approx(chain.price[beside], abs=0.01)


def test_neighbour_with_a_wide_market_has_little_say() -> None:
    errors = []
    for half_spread in (0.02, 0.10):
        chain = QuotedChain(STRIKES)
        true = chain.price[chain.row(603.0, is_call=True)]
        chain.set_quote(603.0, true + 0.02 - half_spread, true + 0.02 + half_spread, is_call=True)
        row = chain.row(602.0, is_call=True)
        errors.append(abs(fair_of(chain).at(row) - chain.price[row]))
    assert errors[1] < errors[0] / 3


def test_move_of_the_underlying_reprices_at_the_same_volatility() -> None:
    chain = QuotedChain(STRIKES)
    fair = fair_of(chain, spot=599.9)
    moved = price_and_greeks(
        0.30, FORWARD + 1.25, chain.strike, YEARS, chain.params.annual_rate, chain.is_call
    ).price
    for strike in (597.0, 600.0, 604.0):
        for is_call in (True, False):
            row = chain.row(strike, is_call=is_call)
            assert fair.at(row, 601.15) == pytest.approx(moved[row], abs=1e-9)


def test_small_move_is_delta_and_gamma() -> None:
    chain = QuotedChain(STRIKES)
    snapshot = chain.book.snapshot(NOW_NS, FORWARD)
    fair, row, move = FairValues(snapshot), chain.row(601.0, is_call=True), 0.05
    expected = fair.at(row) + snapshot.delta[row] * move + snapshot.gamma[row] * move**2 / 2
    assert fair.at(row, FORWARD + move) == pytest.approx(expected, abs=1e-5)


def test_rights_of_a_strike_differ_by_parity() -> None:
    chain = QuotedChain(STRIKES)
    fair = fair_of(chain)
    for strike in (595.0, 600.0, 604.0):
        call, put = (fair.at(chain.row(strike, is_call=right)) for right in (True, False))
        assert call - put == pytest.approx(chain.discount * (FORWARD - strike), abs=1e-9)


def test_chain_without_an_implied_forward_is_unknown() -> None:
    chain = QuotedChain(STRIKES, params=ChainParams(min_forward_pairs=100))
    snapshot = chain.book.snapshot(NOW_NS, FORWARD)
    assert snapshot.forward == FORWARD  # the spot stands in
    assert math.isnan(FairValues(snapshot).at(chain.row(600.0, is_call=True)))


def test_chain_without_a_volatility_at_the_forward_is_unknown() -> None:
    chain = QuotedChain(STRIKES)
    snapshot = chain.book.snapshot(NOW_NS, FORWARD)
    without = replace(snapshot, analytics=replace(snapshot.analytics, atm_iv=math.nan))
    row = chain.row(600.0, is_call=True)
    assert not math.isnan(FairValues(snapshot).at(row))
    assert math.isnan(FairValues(without).at(row))


def test_stale_chain_is_unknown() -> None:
    chain = QuotedChain(STRIKES, params=ChainParams(stale_after_s=60))
    row = chain.row(600.0, is_call=True)
    assert not math.isnan(fair_of(chain, now_ns=NOW_NS + 59_000_000_000).at(row))
    assert math.isnan(fair_of(chain, now_ns=NOW_NS + 61_000_000_000).at(row))


def test_spot_against_an_unknown_one_is_unknown() -> None:
    chain = QuotedChain(STRIKES)
    fair = fair_of(chain, spot=math.nan)
    row = chain.row(600.0, is_call=True)
    assert fair.at(row) == pytest.approx(chain.price[row], abs=1e-9)
    assert math.isnan(fair.at(row, 600.0))


def test_strike_without_two_good_neighbours_on_each_side_is_unknown() -> None:
    chain = QuotedChain(np.arange(597.0, 604.0))
    fair = fair_of(chain)
    known = {
        s: not math.isnan(fair.at(chain.row(s, is_call=True))) for s in np.unique(chain.strike)
    }
    assert known == {s: 599.0 <= s <= 601.0 for s in known}


def test_crossed_neighbour_is_not_good() -> None:
    chain = QuotedChain(np.arange(598.0, 603.0))
    row = chain.row(600.0, is_call=True)
    assert not math.isnan(fair_of(chain).at(row))
    chain.set_quote(601.0, 1.50, 1.40, is_call=True)
    assert math.isnan(fair_of(chain).at(row))


def test_strikes_too_far_apart_for_the_time_left_are_unknown() -> None:
    chain = QuotedChain(STRIKES, 0.15, half_spread=0.005)
    row = chain.row(600.0, is_call=True)
    assert not math.isnan(fair_of(chain).at(row))
    late_ns = EXPIRY_NS - HALF_HOUR_NS  # one standard deviation is less than 70 cents
    chain.quote(0.15, FORWARD, late_ns)
    assert math.isnan(fair_of(chain, now_ns=late_ns).at(row))


def test_warm_calls_every_kernel(monkeypatch: pytest.MonkeyPatch) -> None:
    called = []
    for name in ("_smooth_worth", "_worth"):
        kernel = getattr(fair_value, name)

        def noted(*args: object, name: str = name, kernel: Any = kernel) -> object:
            called.append(name)
            return kernel(*args)

        monkeypatch.setattr(fair_value, name, noted)
    warm()
    assert set(called) == {"_smooth_worth", "_worth"}
