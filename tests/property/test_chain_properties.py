"""Laws of the chain book, whatever the quotes and their order."""

import math

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from autotrade_0dte.chain.book import ChainParams, OptionChainBook
from autotrade_0dte.chain.quality import QuoteFlag
from autotrade_0dte.chain.snapshot import ChainAnalytics, ChainSnapshot
from autotrade_0dte.pricing.black import GREEKS, PricingStatus, price_and_greeks
from autotrade_0dte.products import product

EXPIRY_NS = 1_784_318_400_000_000_000
HOUR_NS = 3_600_000_000_000
LEVELS = np.arange(570.0, 631.0)
PRICED = ("iv", *GREEKS, "iv_uncertainty")
ROWS = ("bid", "ask", "bid_size", "ask_size", "mid", "quote_age_s", *PRICED, "gex")
ROWS += ("quality", "status")

vols = st.floats(0.08, 0.8)
forwards = st.floats(597.0, 603.0)
hours = st.floats(0.5, 6.5)
seeds = st.integers(0, 2**32 - 1)


def book_of(
    levels: NDArray[np.float64],
    params: ChainParams | None = None,
    open_interest: NDArray[np.float64] | None = None,
) -> OptionChainBook:
    strike = np.repeat(levels, 2)
    is_call = np.tile([True, False], levels.size)
    return OptionChainBook(
        strike, is_call, EXPIRY_NS, params or ChainParams(), open_interest, facts=product("SPY")
    )


def quote_at(book: OptionChainBook, vol: float, forward: float, now_ns: int) -> None:
    """Quote every row locked at its Black price."""
    years = (EXPIRY_NS - now_ns) / (365 * 24 * HOUR_NS)
    rate = book.params.annual_rate
    price = price_and_greeks(vol, forward, book.strike, years, rate, book.is_call).price
    book.bid[:] = book.ask[:] = price
    book.bid_size[:] = book.ask_size[:] = 10.0
    book.ts_event[:] = now_ns


def assert_same(one: ChainSnapshot, other: ChainSnapshot) -> None:
    for name in ROWS:
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)
    assert np.array_equal(one.forward, other.forward, equal_nan=True)
    for name in ChainAnalytics.__struct_fields__:
        found, expected = getattr(one.analytics, name), getattr(other.analytics, name)
        assert np.array_equal(found, expected, equal_nan=True), name


def random_quotes(
    rng: np.random.Generator, book: OptionChainBook, now_ns: int, count: int
) -> list[tuple[int, float, float, float, float, int]]:
    """Quotes around Black prices, a third of them spoiled, none later than `now_ns`."""
    years = (EXPIRY_NS - now_ns) / (365 * 24 * HOUR_NS)
    price = price_and_greeks(0.3, 600.0, book.strike, years, 0.04, book.is_call).price
    rows = rng.integers(0, book.strike.size, count)
    bid = np.floor(price[rows] * 100 * rng.uniform(0.7, 1.02, count)) / 100
    ask = np.ceil(price[rows] * 100 * rng.uniform(0.98, 1.3, count)) / 100
    spoil = rng.integers(0, 18, count)
    bid[spoil == 0] = 0.0
    ask[spoil == 1] = 0.0
    bid[spoil == 2] = ask[spoil == 2]
    bid[spoil == 3], ask[spoil == 3] = np.nan, np.nan
    ask[spoil == 4] = np.inf
    bid[spoil == 5] = -1.0
    ask[spoil == 6] = 1e9
    age = rng.integers(0, 60_000_000_000, count)
    size = rng.integers(0, 50, (2, count)).astype(float)
    columns = (rows, bid, ask, size[0], size[1], now_ns - age)
    return list(zip(*(column.tolist() for column in columns), strict=True))


@settings(deadline=None)
@given(vols, forwards, hours)
def test_flat_chain_gives_its_volatility_forward_and_gauge_back(
    vol: float, forward: float, left: float
) -> None:
    now_ns = EXPIRY_NS - round(left * HOUR_NS)
    deviation = vol * math.sqrt(left / 8760)
    # A strip of six deviations, eight strikes in each: its error is the step's square over 12.
    levels = np.exp(np.log(600.0) + deviation * np.arange(-48, 49) / 8)
    book = book_of(levels)
    quote_at(book, vol, forward := 600.0 + (forward - 600.0) * deviation, now_ns)
    snapshot = book.snapshot(now_ns, math.nan)
    assert abs(snapshot.forward / forward - 1) < 1e-12
    analytics = snapshot.analytics
    assert abs(analytics.atm_iv / vol - 1) < 1e-6
    assert abs(analytics.variance_gauge / (100 * vol) - 1) < 0.005
    assert abs(analytics.skew) < 1e-6


@settings(deadline=None)
@given(forwards, hours, seeds)
def test_forward_lies_within_the_quoted_spread_of_the_truth(
    forward: float, left: float, seed: int
) -> None:
    rng = np.random.default_rng(seed)
    now_ns = EXPIRY_NS - round(left * HOUR_NS)
    book = book_of(LEVELS)
    quote_at(book, 0.3, forward, now_ns)
    book.bid -= rng.uniform(0.0, 0.02, book.bid.size)
    book.ask += rng.uniform(0.0, 0.02, book.ask.size)
    snapshot = book.snapshot(now_ns, math.nan)
    assert snapshot.forward_pairs >= 3
    assert abs(snapshot.forward - forward) <= 0.02 * 1.0001


@settings(deadline=None, max_examples=50)
@given(seeds)
def test_order_of_updates_of_different_rows_does_not_matter(seed: int) -> None:
    rng = np.random.default_rng(seed)
    now_ns = EXPIRY_NS - 3 * HOUR_NS
    one, other = book_of(LEVELS), book_of(LEVELS)
    last = {quote[0]: quote for quote in random_quotes(rng, one, now_ns, 300)}
    quotes = list(last.values())
    for quote in quotes:
        one.update(*quote)
    for index in rng.permutation(len(quotes)):
        other.update(*quotes[index])
    assert_same(one.snapshot(now_ns, 600.0), other.snapshot(now_ns, 600.0))


@settings(deadline=None, max_examples=50)
@given(seeds)
def test_snapshot_depends_only_on_updates_until_its_instant(seed: int) -> None:
    rng = np.random.default_rng(seed)
    start_ns = EXPIRY_NS - 3 * HOUR_NS
    params = ChainParams(iv_change_window_s=30.0)
    interest = rng.integers(0, 1000, 2 * LEVELS.size).astype(float)
    whole, cut = (book_of(LEVELS, params, interest) for _ in range(2))
    instants = [start_ns + step * 15_000_000_000 for step in range(6)]
    batches = [random_quotes(rng, whole, now_ns, 150) for now_ns in instants]
    taken = []
    for now_ns, batch in zip(instants, batches, strict=True):
        for quote in batch:
            whole.update(*quote)
        taken.append(whole.snapshot(now_ns, 600.0))
    end = int(rng.integers(1, 6))
    for now_ns, batch, earlier in zip(instants[:end], batches[:end], taken[:end], strict=True):
        for quote in batch:
            cut.update(*quote)
        assert_same(cut.snapshot(now_ns, 600.0), earlier)


@settings(deadline=None)
@given(st.floats(0.2, 0.8), st.floats(2.0, 6.5), st.sampled_from([0.5, 2.0, 10.0]), seeds)
def test_scaling_every_price_scales_dollars_and_leaves_volatilities(
    vol: float, left: float, scale: float, seed: int
) -> None:
    now_ns = EXPIRY_NS - round(left * HOUR_NS)
    interest = np.random.default_rng(seed).integers(0, 1000, 2 * LEVELS.size).astype(float)
    # Ticks do not scale, so the options are dear enough for them not to matter.
    params = ChainParams(max_iv_uncertainty_fraction=10.0)
    plain, scaled = book_of(LEVELS, params, interest), book_of(LEVELS * scale, params, interest)
    quote_at(plain, vol, 600.4, now_ns)
    quote_at(scaled, vol, 600.4 * scale, now_ns)
    one = plain.snapshot(now_ns, 600.0)
    other = scaled.snapshot(now_ns, 600.0 * scale)
    near = np.abs(one.strike - 600.4) < 4 * 600 * vol * math.sqrt(one.years)
    for name, power in {"iv": 0, "delta": 0, "gamma": -1, "vega": 1, "theta": 1, "gex": 1}.items():
        np.testing.assert_allclose(
            getattr(other, name)[near], getattr(one, name)[near] * scale**power, rtol=1e-6,
            atol=1e-9 * scale**power, err_msg=name,
        )  # fmt: skip
    powers = {"atm_iv": 0, "skew": 0, "variance_gauge": 0, "implied_move": 1, "gex_flip": 1}
    for name, power in powers.items():
        expected = getattr(one.analytics, name) * scale**power
        found = getattr(other.analytics, name)
        np.testing.assert_allclose(found, expected, rtol=1e-6, atol=1e-9, err_msg=name)


@settings(deadline=None)
@given(vols, forwards, seeds)
def test_gex_is_positive_in_calls_negative_in_puts_and_turns_with_them(
    vol: float, forward: float, seed: int
) -> None:
    now_ns = EXPIRY_NS - 3 * HOUR_NS
    calls = np.random.default_rng(seed).integers(0, 1000, 2 * LEVELS.size).astype(float)
    calls[1::2] = 0.0
    calls[60] = 1.0
    puts = np.roll(calls, 1)
    found = []
    for interest in (calls, puts, calls + puts):
        book = book_of(LEVELS, ChainParams(min_gex_coverage_fraction=0.0), interest)
        quote_at(book, vol, forward, now_ns)
        found.append(book.snapshot(now_ns, forward).analytics.gex)
    assert found[0] > 0 > found[1]
    assert abs(found[0] + found[1]) <= 1e-9 * found[0]
    assert abs(found[2]) <= 1e-9 * found[0]


def test_no_stream_of_quotes_makes_a_row_ok_and_unknown() -> None:
    rng = np.random.default_rng(5)
    levels = np.arange(592.0, 609.0)
    unpriceable = int(QuoteFlag.MISSING | QuoteFlag.CROSSED)
    for run in range(20):
        now_ns = EXPIRY_NS - int(rng.integers(1, 6 * HOUR_NS))
        book = book_of(levels, open_interest=rng.integers(0, 9, 34).astype(float))
        for step, quote in enumerate(random_quotes(rng, book, now_ns, 1_000)):
            book.update(*quote)
            spot = math.nan if step % 7 == 0 else 600.0
            snapshot = book.snapshot(now_ns, spot)
            ok = snapshot.status == PricingStatus.OK
            for name in PRICED:
                column = getattr(snapshot, name)
                assert np.isfinite(column[ok]).all(), (run, step, name)
                assert np.isnan(column[~ok]).all(), (run, step, name)
            assert (snapshot.iv[ok] > 0).all()
            assert (np.isnan(snapshot.mid) >= (snapshot.quality & QuoteFlag.MISSING > 0)).all()
            is_otm = snapshot.is_call == (snapshot.strike >= snapshot.forward)
            assert not (ok & is_otm & (snapshot.quality & unpriceable > 0)).any()
