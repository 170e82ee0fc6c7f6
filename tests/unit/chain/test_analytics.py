"""Each analytic against an answer worked out by other means."""

import math

import numpy as np
import pytest

from autotrade_0dte.chain.book import ChainParams
from autotrade_0dte.pricing.black import price_and_greeks

MINUTE = 60_000_000_000
WIDE = np.arange(580.0, 621.0)


def gamma(forward: float, strike: np.ndarray, vol: np.ndarray, years: float) -> np.ndarray:
    deviation = vol * math.sqrt(years)
    d1 = np.log(forward / strike) / deviation + deviation / 2
    density = np.exp(-(d1**2) / 2) / math.sqrt(2 * math.pi)
    return math.exp(-0.04 * years) * density / (forward * deviation)


# ATM volatility


def test_atm_volatility_is_linear_in_variance_between_the_strikes_around(
    quoted_chain, now_ns
) -> None:
    strikes, vols = [597.0, 599.0, 601.0, 603.0], [0.9, 0.2, 0.4, 0.9]
    analytics = quoted_chain(strikes, vols, 599.5).book.snapshot(now_ns, 600.0).analytics
    assert analytics.atm_iv == pytest.approx(math.sqrt(0.75 * 0.2**2 + 0.25 * 0.4**2))


def test_atm_volatility_at_a_strike_is_that_of_the_strike(quoted_chain, now_ns) -> None:
    chain = quoted_chain([598.0, 599.0, 600.0, 601.0], [0.5, 0.4, 0.3, 0.2], 599.0)
    assert chain.book.snapshot(now_ns, 599.0).analytics.atm_iv == pytest.approx(0.4)


def test_atm_volatility_passes_over_an_unusable_strike(quoted_chain, now_ns) -> None:
    chain = quoted_chain([598.0, 599.0, 601.0, 602.0], [0.2, 0.3, 0.5, 0.6], 600.0)
    chain.set_quote(599.0, 2.0, 1.0, is_call=False)
    middle = chain.book.snapshot(now_ns, 600.0)
    weight = (middle.forward - 598) / 3
    expected = math.sqrt((1 - weight) * 0.2**2 + weight * 0.5**2)
    assert middle.analytics.atm_iv == pytest.approx(expected)


@pytest.mark.parametrize(
    "strikes", [[601.0, 602.0, 603.0], [597.0, 598.0, 599.0], [590.0, 592.0, 594.0, 601.0]]
)
def test_atm_volatility_needs_strikes_on_both_sides_within_the_band(
    quoted_chain, now_ns, strikes: list[float]
) -> None:
    chain = quoted_chain(strikes, 0.5, 600.5, params=ChainParams(atm_band_fraction=0.005))
    analytics = chain.book.snapshot(now_ns, 600.0).analytics
    assert math.isnan(analytics.atm_iv)
    assert math.isnan(analytics.implied_move)
    assert math.isnan(analytics.atm_iv_change_per_min)


def test_volatility_without_information_is_not_used(quoted_chain, now_ns) -> None:
    params = ChainParams(max_iv_uncertainty_fraction=1e-6)
    analytics = quoted_chain(WIDE, params=params).book.snapshot(now_ns, 600.0).analytics
    assert math.isnan(analytics.atm_iv)
    assert math.isnan(analytics.skew)


def test_stale_quotes_state_no_atm_volatility(quoted_chain, now_ns) -> None:
    snapshot = quoted_chain(WIDE).book.snapshot(now_ns + MINUTE, 600.0)
    assert math.isnan(snapshot.analytics.atm_iv)
    assert math.isnan(snapshot.analytics.skew)
    assert math.isnan(snapshot.analytics.variance_gauge)
    assert snapshot.analytics.stale_share == 1.0


def test_implied_move_is_the_undiscounted_straddle_at_the_forward(quoted_chain, now_ns) -> None:
    chain = quoted_chain([598.0, 600.0, 602.0], [0.2, 0.3, 0.4], 600.0)
    call, put = (chain.price[chain.row(600.0, is_call=side)] for side in (True, False))
    move = chain.book.snapshot(now_ns, 600.0).analytics.implied_move
    assert move == pytest.approx((call + put) / chain.discount, rel=1e-9)


# Change of ATM volatility


def changes(chain, start_ns: int, spacing_s: float, vols: list[float]) -> list[float]:
    found = []
    for i, vol in enumerate(vols):
        now = start_ns + round(i * spacing_s * 1e9)
        chain.quote(vol, 600.0, now)
        found.append(chain.book.snapshot(now, 600.0).analytics.atm_iv_change_per_min)
    return found


def test_change_is_per_minute_over_the_window_and_unknown_until_warm(quoted_chain, now_ns) -> None:
    vols = [0.30 + 0.001 * i for i in range(30)]
    found = changes(quoted_chain([598.0, 600.0, 602.0]), now_ns, 10.0, vols)
    assert np.isnan(found[:3]).all()
    np.testing.assert_allclose(found[3:], 0.006, rtol=1e-6)


def test_change_measures_the_window_and_not_all_of_the_past(quoted_chain, now_ns) -> None:
    found = changes(quoted_chain([598.0, 600.0, 602.0]), now_ns, 10.0, [0.6] * 10 + [0.3] * 10)
    # The seventh observation after the fall is the first to look back at a fallen one.
    assert found[9] == pytest.approx(0.0, abs=1e-9)
    np.testing.assert_allclose(found[10:16], -0.3, rtol=1e-6)
    np.testing.assert_allclose(found[16:], 0.0, atol=1e-9)


@pytest.mark.parametrize(("spacing_s", "known"), [(30.0, True), (90.0, True), (91.0, False)])
def test_change_stays_unknown_where_data_are_sparser_than_the_window(
    quoted_chain, now_ns, spacing_s: float, known: bool
) -> None:
    found = changes(quoted_chain([598.0, 600.0, 602.0]), now_ns, spacing_s, [0.3] * 8)
    assert math.isfinite(found[-1]) == known


def test_repricing_unchanged_quotes_is_not_taken_for_a_calm_market(quoted_chain, now_ns) -> None:
    chain = quoted_chain([598.0, 600.0, 602.0], params=ChainParams(stale_after_s=900.0))
    for second in range(0, 600, 20):
        analytics = chain.book.snapshot(now_ns + second * 10**9, 600.0).analytics
        assert math.isfinite(analytics.atm_iv)
        assert math.isnan(analytics.atm_iv_change_per_min)


def test_repricing_unchanged_quotes_leaves_the_change_as_it_was(quoted_chain, now_ns) -> None:
    chain = quoted_chain([598.0, 600.0, 602.0])
    known = changes(chain, now_ns, 30.0, [0.30, 0.31, 0.32])[-1]
    later = chain.book.snapshot(now_ns + 80 * 10**9, 600.0).analytics
    assert later.atm_iv_change_per_min == known == pytest.approx(0.02)


# Skew


def test_skew_is_put_less_call_volatility_at_25_delta(quoted_chain, now_ns, years) -> None:
    vols = 0.30 - 0.01 * (WIDE - 600) + 0.0005 * (WIDE - 600) ** 2
    chain = quoted_chain(WIDE, vols, 600.3, half_spread=0.0)
    skew = chain.book.snapshot(now_ns, 600.0).analytics.skew
    wing = {}
    for is_call in (True, False):
        side = np.full(WIDE.size, is_call)
        size = np.abs(price_and_greeks(vols, 600.3, WIDE, years, 0.04, side).delta)
        order = np.argsort(size)
        wing[is_call] = np.interp(0.25, size[order], vols[order])
    assert skew == pytest.approx(wing[False] - wing[True], rel=1e-6)
    assert skew > 0.04


def test_flat_chain_has_no_skew(quoted_chain, now_ns) -> None:
    skew = quoted_chain(WIDE, half_spread=0.0).book.snapshot(now_ns, 600.0).analytics.skew
    assert skew == pytest.approx(0.0, abs=1e-9)


@pytest.mark.parametrize(
    "strikes", [np.arange(599.0, 621.0), np.arange(580.0, 602.0), np.array([597.0, 600.0, 603.0])]
)
def test_skew_is_unknown_where_25_delta_is_not_bracketed(quoted_chain, now_ns, strikes) -> None:
    chain = quoted_chain(strikes, half_spread=0.0)
    assert math.isnan(chain.book.snapshot(now_ns, 600.0).analytics.skew)


# Gamma exposure


def test_gex_is_signed_dollar_gamma_of_the_open_interest(quoted_chain, now_ns, years) -> None:
    strikes = np.array([598.0, 600.0, 602.0])
    interest = np.array([100.0, 200.0, 300.0, 400.0, 500.0, 600.0])
    chain = quoted_chain(strikes, 0.30, 600.5, open_interest=interest)
    snapshot = chain.book.snapshot(now_ns, 601.0)
    dollar_gamma = np.repeat(gamma(600.5, strikes, np.full(3, 0.30), years), 2)
    dollar_gamma *= 100 * 601.0**2 * 0.01
    expected = dollar_gamma * interest * np.array([1, -1, 1, -1, 1, -1])
    np.testing.assert_allclose(snapshot.gex, expected, rtol=1e-6)
    assert snapshot.analytics.gex == pytest.approx(expected.sum(), rel=1e-6)


def open_interest(strikes: np.ndarray, **per_strike: float) -> np.ndarray:
    """Open interest from arguments such as c605=10 (call) and p596=20 (put), 0 elsewhere."""
    interest = np.zeros(2 * strikes.size)
    for name, contracts in per_strike.items():
        at = np.flatnonzero(strikes == float(name[1:]))[0]
        interest[2 * at + (name[0] == "p")] = contracts
    return interest


def test_gex_flip_between_puts_and_calls_is_near_their_geometric_middle(
    quoted_chain, now_ns, years
) -> None:
    interest = open_interest(WIDE, p596=1000, c605=1000)
    chain = quoted_chain(WIDE, half_spread=0.0, open_interest=interest)
    # Equal gammas need opposite d1 at the two strikes.
    expected = math.sqrt(596 * 605) * math.exp(-(0.30**2) * years / 2)
    flip = chain.book.snapshot(now_ns, 600.0).analytics.gex_flip
    assert flip == pytest.approx(expected, abs=0.02)


def test_gex_flip_at_the_forward_itself_is_found(quoted_chain, now_ns, years) -> None:
    forward = math.sqrt(596 * 604) * math.exp(-(0.30**2) * years / 2)
    interest = open_interest(WIDE, p596=1000, c604=1000)
    chain = quoted_chain(WIDE, 0.30, forward, half_spread=0.0, open_interest=interest)
    assert chain.book.snapshot(now_ns, 600.0).analytics.gex_flip == pytest.approx(forward, abs=1e-3)


def test_gex_flip_nearest_to_the_forward_is_chosen(quoted_chain, now_ns) -> None:
    interest = open_interest(WIDE, p592=1000, c601=1000, p607=1000)
    nearest = {}
    for forward in (598.0, 603.0):
        chain = quoted_chain(WIDE, 0.30, forward, half_spread=0.0, open_interest=interest)
        nearest[forward] = chain.book.snapshot(now_ns, forward).analytics.gex_flip
    assert 596 < nearest[598.0] < 597
    assert 603.5 < nearest[603.0] < 604.5


def test_gex_flip_nearest_to_the_forward_is_chosen_within_one_step_too(
    quoted_chain, now_ns
) -> None:
    interest = open_interest(WIDE, p597=1000, c600=2000, p603=1000)
    flips = {}
    for forward in (597.0, 603.0):
        chain = quoted_chain(WIDE, 0.30, forward, half_spread=0.0, open_interest=interest)
        flips[forward] = chain.book.snapshot(now_ns, forward).analytics.gex_flip
    middle = (flips[597.0] + flips[603.0]) / 2
    for nudge, nearest in ((-0.05, flips[597.0]), (0.05, flips[603.0])):
        chain = quoted_chain(WIDE, 0.30, middle + nudge, half_spread=0.0, open_interest=interest)
        flip = chain.book.snapshot(now_ns, middle).analytics.gex_flip
        assert flip == pytest.approx(nearest, abs=0.05)


def test_gamma_that_appears_only_further_off_is_no_flip(quoted_chain, now_ns) -> None:
    strikes = np.append(WIDE, 632.0)
    interest = open_interest(strikes, c632=1000)
    chain = quoted_chain(strikes, half_spread=0.0, open_interest=interest)
    analytics = chain.book.snapshot(now_ns, 600.0).analytics
    assert analytics.gex > 0
    assert math.isnan(analytics.gex_flip)


def test_gex_flip_agrees_with_the_profile_on_a_fine_grid(quoted_chain, now_ns, years) -> None:
    rng = np.random.default_rng(11)
    vols = 0.30 + 0.0004 * (WIDE - 600) ** 2
    checked = 0
    for _ in range(30):
        interest = rng.integers(0, 5_000, 2 * WIDE.size).astype(float)
        chain = quoted_chain(WIDE, vols, 600.2, half_spread=0.0, open_interest=interest)
        flip = chain.book.snapshot(now_ns, 600.0).analytics.gex_flip
        net = interest[::2] - interest[1::2]
        levels = 600.2 * np.exp(np.linspace(-3, 3, 4001) * 0.30 * math.sqrt(years))
        profile = np.array([net @ gamma(level, WIDE, vols, years) for level in levels])
        roots = levels[:-1][np.sign(profile[:-1]) != np.sign(profile[1:])]
        if roots.size == 0:
            assert math.isnan(flip)
        elif np.diff(roots).min(initial=9.0) > 1.0:
            assert flip == pytest.approx(roots[np.argmin(np.abs(roots - 600.2))], abs=0.05)
            checked += 1
    assert checked > 10


def test_gex_of_one_sign_has_no_flip(quoted_chain, now_ns) -> None:
    interest = np.tile([1000.0, 0.0], WIDE.size)
    chain = quoted_chain(WIDE, half_spread=0.0, open_interest=interest)
    analytics = chain.book.snapshot(now_ns, 600.0).analytics
    assert analytics.gex > 0
    assert math.isnan(analytics.gex_flip)


def test_gex_is_unknown_without_open_interest_or_spot(quoted_chain, now_ns) -> None:
    assert math.isnan(quoted_chain(WIDE).book.snapshot(now_ns, 600.0).analytics.gex)
    chain = quoted_chain(WIDE, half_spread=0.0, open_interest=np.ones(2 * WIDE.size))
    assert math.isfinite(chain.book.snapshot(now_ns, 600.0).analytics.gex)
    analytics = chain.book.snapshot(now_ns, math.nan).analytics
    assert math.isnan(analytics.gex)
    assert math.isfinite(analytics.atm_iv)


@pytest.mark.parametrize(("unpriced", "known"), [(40.0, True), (120.0, False)])
def test_gex_needs_half_of_the_known_open_interest_priced(
    quoted_chain, now_ns, unpriced: float, known: bool
) -> None:
    strikes = np.array([598.0, 600.0, 602.0, 604.0])
    interest = np.array([25.0, 25.0, 25.0, math.nan, 25.0, 0.0, 0.0, unpriced])
    chain = quoted_chain(strikes, 0.30, 599.5, open_interest=interest)
    chain.set_quote(604.0, 0.0, 0.0, is_call=True)
    snapshot = chain.book.snapshot(now_ns, 600.0)
    assert math.isfinite(snapshot.analytics.gex) == known
    np.testing.assert_array_equal(np.flatnonzero(np.isnan(snapshot.gex)), [3, 6, 7])
    if known:
        assert snapshot.analytics.gex == pytest.approx(np.nansum(snapshot.gex))


# Liquidity and spread


def near_money_chain(quoted_chain, quotes: dict[float, tuple[float, float]], size: float = 20.0):
    """A chain whose out-of-the-money options within 1 of the forward 600.5 have these quotes."""
    params = ChainParams(atm_band_fraction=1.6 / 600.5, half_spread_fraction=0.05)
    chain = quoted_chain(np.arange(596.0, 606.0), 0.30, 600.5, params=params, size=size)
    for strike, (bid, ask) in quotes.items():
        chain.set_quote(strike, bid, ask, is_call=strike > 600.5)
    return chain


def test_spread_quality_is_the_median_relative_spread_near_the_money(quoted_chain, now_ns) -> None:
    quotes = {599.0: (1.9, 2.1), 600.0: (2.2, 2.2), 601.0: (1.98, 2.02), 602.0: (1.0, 3.0)}
    chain = near_money_chain(quoted_chain, quotes)
    analytics = chain.book.snapshot(now_ns, 600.5).analytics
    assert analytics.spread_quality == pytest.approx((0.02 + 0.1) / 2)


def test_liquidity_weighs_spread_and_depth_of_each_strike_near_the_money(
    quoted_chain, now_ns
) -> None:
    quotes = {599.0: (1.95, 2.05), 600.0: (2.0, 2.0), 601.0: (2.0, 1.0), 602.0: (0.0, 2.0)}
    chain = near_money_chain(quoted_chain, quotes, size=60.0)
    # Spread at the half value, no spread, crossed, one-sided; depth 60 with half value 20.
    expected = (0.5 * 0.75 + 1.0 * 0.75 + 0.0 + 0.0) / 4
    assert chain.book.snapshot(now_ns, 600.5).analytics.liquidity_score == pytest.approx(expected)


def test_liquidity_takes_the_smaller_size_of_the_two_sides(quoted_chain, now_ns) -> None:
    quotes = dict.fromkeys((599.0, 600.0, 601.0, 602.0), (2.0, 2.0))
    chain = near_money_chain(quoted_chain, quotes)
    chain.book.bid_size[:] = 5.0
    chain.book.ask_size[:] = 500.0
    assert chain.book.snapshot(now_ns, 600.5).analytics.liquidity_score == pytest.approx(5 / 25)


def test_liquidity_and_spread_are_unknown_without_a_strike_near_the_money(
    quoted_chain, now_ns
) -> None:
    chain = quoted_chain([580.0, 582.0, 584.0, 620.0], 0.9, params=ChainParams())
    analytics = chain.book.snapshot(now_ns, 600.0).analytics
    assert math.isnan(analytics.liquidity_score)
    assert math.isnan(analytics.spread_quality)


# Variance gauge


def gauge_by_hand(
    strip: list[tuple[float, float]], forward: float, center: float, years: float
) -> float:
    """Apply the Cboe formula to (strike, price) of the options it selects."""
    strikes = [strike for strike, _ in strip]
    total = 0.0
    for i, (strike, price) in enumerate(strip):
        low, high = max(i - 1, 0), min(i + 1, len(strip) - 1)
        width = (strikes[high] - strikes[low]) / (high - low)
        total += width / strike**2 * math.exp(0.04 * years) * price
    variance = 2 / years * total - (forward / center - 1) ** 2 / years
    return 100 * math.sqrt(variance)


STRIP_QUOTES = {  # strike: call bid, call ask, put bid, put ask
    593.0: (7.5, 7.7, 0.01, 0.02),
    594.0: (6.5, 6.7, 0.00, 0.01),
    595.0: (5.5, 5.7, 0.02, 0.04),
    596.0: (4.5, 4.7, 0.00, 0.02),
    597.0: (3.6, 3.8, 0.10, 0.12),
    598.0: (2.7, 2.9, 0.24, 0.26),
    600.0: (1.40, 1.44, 0.90, 0.94),
    601.0: (0.80, 0.82, 1.30, 1.34),
    602.0: (0.40, 0.42, 1.9, 2.1),
    604.0: (0.10, 0.14, 3.5, 3.7),
    605.0: (0.00, 0.05, 4.5, 4.7),
    606.0: (0.00, 0.05, 5.5, 5.7),
    607.0: (0.05, 0.07, 6.5, 6.7),
}


def test_gauge_follows_the_cboe_selection_and_formula(quoted_chain, now_ns, years) -> None:
    chain = quoted_chain(list(STRIP_QUOTES))
    for strike, (call_bid, call_ask, put_bid, put_ask) in STRIP_QUOTES.items():
        chain.set_quote(strike, call_bid, call_ask, is_call=True)
        chain.set_quote(strike, put_bid, put_ask, is_call=False)
    snapshot = chain.book.snapshot(now_ns, 600.5)
    assert 600.0 < snapshot.forward < 601.0
    # Puts pass over the single zero bids at 596 and 594; calls end at the second in a row, 606.
    strip = [
        (593.0, 0.015),
        (595.0, 0.03),
        (597.0, 0.11),
        (598.0, 0.25),
        (600.0, (1.42 + 0.92) / 2),
    ]
    strip += [(601.0, 0.81), (602.0, 0.41), (604.0, 0.12)]
    expected = gauge_by_hand(strip, snapshot.forward, 600.0, years)
    assert snapshot.analytics.variance_gauge == pytest.approx(expected, rel=1e-9)


def test_gauge_passes_over_unusable_quotes(quoted_chain, now_ns, years) -> None:
    chain = quoted_chain(WIDE, 0.30, 600.5, half_spread=0.0)
    full = chain.book.snapshot(now_ns, 600.0).analytics.variance_gauge
    chain.set_quote(598.0, 5.0, 1.0, is_call=False)
    chain.set_quote(603.0, 0.0, 0.0, is_call=False)  # in the money: never in the strip
    thinner = chain.book.snapshot(now_ns, 600.0).analytics.variance_gauge
    assert thinner == pytest.approx(full, rel=0.01)
    assert thinner != full


@pytest.mark.parametrize("zeroed", [597.0, 603.0])
def test_gauge_is_unknown_with_too_few_strikes_on_a_side(
    quoted_chain, now_ns, zeroed: float
) -> None:
    strikes = np.arange(597.0, 605.0)
    chain = quoted_chain(strikes, 0.30, 600.5)
    assert math.isfinite(chain.book.snapshot(now_ns, 600.0).analytics.variance_gauge)
    side = zeroed > 600
    chain.set_quote(zeroed, 0.0, 0.01, is_call=side)
    if side:
        chain.set_quote(604.0, 0.0, 0.01, is_call=True)
    assert math.isnan(chain.book.snapshot(now_ns, 600.0).analytics.variance_gauge)


def test_gauge_is_unknown_without_both_quotes_at_the_middle(quoted_chain, now_ns) -> None:
    chain = quoted_chain(WIDE, 0.30, 600.5, half_spread=0.0)
    chain.set_quote(600.0, 3.0, 2.0, is_call=True)
    assert math.isnan(chain.book.snapshot(now_ns, 600.0).analytics.variance_gauge)
