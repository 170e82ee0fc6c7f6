"""The book: what goes in, what a snapshot prices, and what it refuses to state."""

import math

import msgspec
import numpy as np
import pytest

from autotrade_0dte.chain.book import ChainParams, OptionChainBook, warm
from autotrade_0dte.chain.quality import QuoteFlag
from autotrade_0dte.pricing.black import GREEKS, PricingStatus, price_and_greeks
from autotrade_0dte.pricing.clock import ClockKind
from autotrade_0dte.products import product

STRIKES = np.arange(595.0, 606.0)
ARRAYS = ("bid", "ask", "bid_size", "ask_size", "mid", "quote_age_s", "iv", *GREEKS)
ARRAYS += ("iv_uncertainty", "gex", "quality", "status", "strike", "is_call")
SCALARS = ("atm_iv", "atm_iv_change_per_min", "skew", "gex", "gex_flip", "liquidity_score")
SCALARS += ("spread_quality", "implied_move", "variance_gauge", "crossed_share", "stale_share")


def test_both_sides_of_each_strike_have_the_greeks_of_their_own_pricing(
    quoted_chain, now_ns, years
) -> None:
    smile = 0.30 + 0.001 * (STRIKES - 600) ** 2
    chain = quoted_chain(STRIKES, smile, 600.4)
    snapshot = chain.book.snapshot(now_ns, 600.0)
    assert (snapshot.status == PricingStatus.OK).all()
    np.testing.assert_allclose(snapshot.forward, 600.4, rtol=1e-12)
    np.testing.assert_allclose(snapshot.iv, chain.vol, rtol=1e-9)
    expected = price_and_greeks(chain.vol, 600.4, chain.strike, years, 0.04, chain.is_call)
    for name in GREEKS:
        np.testing.assert_allclose(
            getattr(snapshot, name), getattr(expected, name), rtol=1e-6, atol=1e-8, err_msg=name
        )


def test_forward_is_implied_from_parity_and_not_taken_from_spot(quoted_chain, now_ns) -> None:
    snapshot = quoted_chain(STRIKES, forward=601.3).book.snapshot(now_ns, 600.0)
    assert snapshot.forward == pytest.approx(601.3, abs=1e-9)
    assert snapshot.forward_pairs == STRIKES.size
    assert snapshot.spot == 600.0


def test_one_wild_pair_does_not_move_the_forward(quoted_chain, now_ns) -> None:
    chain = quoted_chain(STRIKES)
    chain.set_quote(600.0, 9.0, 9.02, is_call=True)
    assert chain.book.snapshot(now_ns, math.nan).forward == pytest.approx(600.0, abs=1e-6)


def test_spot_stands_in_when_too_few_pairs_imply_a_forward(quoted_chain, now_ns) -> None:
    chain = quoted_chain([599.0, 601.0], params=ChainParams(min_forward_pairs=3))
    snapshot = chain.book.snapshot(now_ns, 600.0)
    assert (snapshot.forward, snapshot.forward_pairs) == (600.0, 0)
    assert np.isfinite(snapshot.iv).all()
    enough = quoted_chain([599.0, 601.0], params=ChainParams(min_forward_pairs=2))
    assert enough.book.snapshot(now_ns, 600.0).forward_pairs == 2


def test_without_forward_and_spot_everything_is_unknown(quoted_chain, now_ns) -> None:
    chain = quoted_chain([599.0, 601.0], open_interest=[10.0] * 4)
    snapshot = chain.book.snapshot(now_ns, math.nan)
    assert math.isnan(snapshot.forward)
    for name in ("iv", "iv_uncertainty", "gex", *GREEKS):
        assert np.isnan(getattr(snapshot, name)).all()
    assert (snapshot.status == PricingStatus.BAD_INPUT).all()
    for name in SCALARS[:-2]:
        assert math.isnan(getattr(snapshot.analytics, name)), name


def test_empty_book_knows_nothing(now_ns) -> None:
    book = OptionChainBook(
        np.array([600.0, 600.0]), np.array([True, False]), 2 * now_ns, ChainParams(),
        facts=product("SPY"),
    )  # fmt: skip
    snapshot = book.snapshot(now_ns, math.nan)
    assert (snapshot.quality == QuoteFlag.MISSING).all()
    assert np.isnan(snapshot.mid).all()
    assert np.isnan(snapshot.quote_age_s).all()
    assert not snapshot.usable().any()
    assert snapshot.analytics.usable == 0
    for name in SCALARS:
        assert math.isnan(getattr(snapshot.analytics, name)), name


@pytest.mark.parametrize("late_ns", [0, 1, 3_600_000_000_000])
def test_from_expiry_on_nothing_is_priced(quoted_chain, late_ns: int) -> None:
    chain = quoted_chain(STRIKES, open_interest=np.ones(22), params=ChainParams(stale_after_s=9e4))
    snapshot = chain.book.snapshot(chain.book.expiry_ns + late_ns, 600.0)
    assert snapshot.years == 0.0
    assert np.isnan(snapshot.iv).all()
    assert math.isnan(snapshot.analytics.atm_iv)
    assert math.isnan(snapshot.analytics.variance_gauge)
    assert math.isnan(snapshot.analytics.gex)


def test_crossed_quote_is_out_of_forward_and_volatility_on_both_rows(quoted_chain, now_ns) -> None:
    chain = quoted_chain(STRIKES)
    crossed = chain.set_quote(602.0, 0.50, 0.40, is_call=True)
    snapshot = chain.book.snapshot(now_ns, 600.0)
    assert snapshot.quality[crossed] == QuoteFlag.CROSSED
    assert snapshot.mid[crossed] == pytest.approx(0.45)
    assert snapshot.forward_pairs == STRIKES.size - 1
    assert np.isnan(snapshot.iv[[crossed, crossed + 1]]).all()
    assert (snapshot.status[[crossed, crossed + 1]] == PricingStatus.BAD_INPUT).all()
    assert snapshot.analytics.crossed_share == pytest.approx(1 / 22)
    assert snapshot.analytics.usable == 21
    assert not snapshot.usable()[crossed]


def test_crossed_in_the_money_quote_leaves_the_strike_priced(quoted_chain, now_ns) -> None:
    chain = quoted_chain(STRIKES)
    row = chain.set_quote(602.0, 3.0, 2.9, is_call=False)
    assert chain.book.snapshot(now_ns, 600.0).iv[row] == pytest.approx(0.30)


def test_locked_quote_is_used_like_a_clean_one(quoted_chain, now_ns) -> None:
    chain = quoted_chain(STRIKES)
    row = chain.set_quote(602.0, 0.60, 0.60, is_call=True)
    snapshot = chain.book.snapshot(now_ns, 600.0)
    assert snapshot.quality[row] == QuoteFlag.LOCKED
    assert snapshot.forward_pairs == STRIKES.size
    assert math.isfinite(snapshot.iv[row])
    assert snapshot.usable().all()


def test_quote_without_bid_is_priced_at_half_the_ask_and_says_nothing(
    quoted_chain, now_ns, years
) -> None:
    chain = quoted_chain(STRIKES)
    row = chain.set_quote(605.0, 0.0, 0.10, is_call=True)
    snapshot = chain.book.snapshot(now_ns, 600.0)
    assert snapshot.quality[row] == QuoteFlag.ONE_SIDED | QuoteFlag.NO_INFORMATION
    assert snapshot.mid[row] == 0.05
    price = price_and_greeks(
        snapshot.iv[[row]], 600.0, np.array([605.0]), years, 0.04, np.array([True])
    ).price
    np.testing.assert_allclose(price, 0.05, rtol=1e-9)
    assert snapshot.iv_uncertainty[row] == pytest.approx(0.05 / snapshot.vega[row])
    assert snapshot.forward_pairs == STRIKES.size - 1


def test_stale_quote_is_priced_but_out_of_the_forward(quoted_chain, now_ns) -> None:
    chain = quoted_chain(STRIKES)
    row = chain.set_quote(602.0, 0.4, 0.5, is_call=True, ts_event=now_ns - 31_000_000_000)
    snapshot = chain.book.snapshot(now_ns, 600.0)
    assert snapshot.quality[row] == QuoteFlag.STALE
    assert snapshot.quote_age_s[row] == pytest.approx(31.0)
    assert snapshot.forward_pairs == STRIKES.size - 1
    assert math.isfinite(snapshot.iv[row])
    assert snapshot.analytics.stale_share == pytest.approx(1 / 22)


def test_missing_out_of_the_money_quote_leaves_the_strike_unpriced(quoted_chain, now_ns) -> None:
    chain = quoted_chain(STRIKES)
    row = chain.set_quote(598.0, 0.0, 0.0, is_call=False)
    snapshot = chain.book.snapshot(now_ns, 600.0)
    assert np.isnan(snapshot.iv[[row - 1, row]]).all()
    assert snapshot.quality[row] == QuoteFlag.MISSING
    assert snapshot.quality[row - 1] == 0


@pytest.mark.parametrize(("root", "below_3", "from_3"), [("SPY", 0.01, 0.01), ("SPXW", 0.05, 0.10)])
def test_volatility_uncertainty_is_half_a_tick_over_vega(
    quoted_chain, now_ns, root: str, below_3: float, from_3: float
) -> None:
    chain = quoted_chain(STRIKES, 1.0, root=root)
    snapshot = chain.book.snapshot(now_ns, 600.0)
    assert snapshot.forward == pytest.approx(600.0)
    otm = chain.is_call == (chain.strike >= 599.999)
    cheap = np.repeat(chain.price[otm] < 3.0, 2)
    assert 0 < cheap.sum() < cheap.size
    expected = 0.5 * np.where(cheap, below_3, from_3) / snapshot.vega
    np.testing.assert_allclose(snapshot.iv_uncertainty, expected)


def test_volatility_says_nothing_beyond_the_uncertainty_limit(quoted_chain, now_ns) -> None:
    blind = QuoteFlag.NO_INFORMATION
    fraction = quoted_chain(STRIKES).book.snapshot(now_ns, 600.0)
    relative = fraction.iv_uncertainty / fraction.iv
    limit = float(np.median(relative))
    params = ChainParams(max_iv_uncertainty_fraction=limit * 1.0001)
    flagged = quoted_chain(STRIKES, params=params).book.snapshot(now_ns, 600.0).quality & blind > 0
    np.testing.assert_array_equal(flagged, relative > params.max_iv_uncertainty_fraction)
    assert 0 < flagged.sum() < flagged.size


def test_strike_with_only_a_call_is_priced_where_it_is_out_of_the_money(now_ns) -> None:
    strike = np.array([599.0, 600.0, 601.0, 602.0])
    book = OptionChainBook(
        strike, np.array([True] * 4), now_ns + 3_600_000_000_000, ChainParams(),
        facts=product("SPY"),
    )  # fmt: skip
    for row in range(4):
        book.update(row, 1.0, 1.02, 1.0, 1.0, now_ns)
    snapshot = book.snapshot(now_ns, 600.5)
    np.testing.assert_array_equal(np.isfinite(snapshot.iv), [False, False, True, True])
    assert snapshot.forward_pairs == 0


def test_session_clock_changes_years_and_volatility(quoted_chain, now_ns, years) -> None:
    params = ChainParams(clock=ClockKind.SESSION)
    snapshot = quoted_chain(STRIKES, params=params).book.snapshot(now_ns, 600.0)
    assert snapshot.years == pytest.approx(3 / (252 * 6.5))
    expected = 0.30 * math.sqrt(years / snapshot.years)
    np.testing.assert_allclose(snapshot.iv, expected, rtol=1e-3)


def test_published_arrays_are_read_only_and_share_nothing_with_the_book(
    quoted_chain, now_ns
) -> None:
    chain = quoted_chain(STRIKES, open_interest=np.ones(22))
    snapshot = chain.book.snapshot(now_ns, 600.0)
    before = {name: getattr(snapshot, name).copy() for name in ARRAYS}
    for name in ARRAYS:
        array = getattr(snapshot, name)
        with pytest.raises(ValueError, match="read-only"):
            array[0] = 0
    with pytest.raises(AttributeError):
        snapshot.spot = 1.0
    chain.quote(0.3, 603.0, now_ns + 1)
    chain.book.snapshot(now_ns + 1, 603.0)
    for name, array in before.items():
        np.testing.assert_array_equal(getattr(snapshot, name), array, err_msg=name)


def test_writing_the_arrays_is_the_same_as_updating(quoted_chain, now_ns) -> None:
    updated, written = quoted_chain(STRIKES), quoted_chain(STRIKES)
    updated.book.update(3, 1.0, 1.1, 5.0, 6.0, now_ns)
    book = written.book
    book.bid[3], book.ask[3], book.bid_size[3], book.ask_size[3] = 1.0, 1.1, 5.0, 6.0
    book.ts_event[3] = now_ns
    one, other = updated.book.snapshot(now_ns, 600.0), book.snapshot(now_ns, 600.0)
    for name in ARRAYS:
        np.testing.assert_array_equal(getattr(one, name), getattr(other, name), err_msg=name)
    assert (one.bid[3], one.ask[3], one.bid_size[3], one.ask_size[3]) == (1.0, 1.1, 5.0, 6.0)


def test_updating_a_row_that_does_not_exist_fails(quoted_chain, now_ns) -> None:
    with pytest.raises(IndexError):
        quoted_chain(STRIKES).book.update(22, 1.0, 1.1, 1.0, 1.0, now_ns)


@pytest.mark.parametrize(
    ("strike", "is_call", "open_interest", "message"),
    [
        ([], [], None, r"Expected strikes of shape \(n,\), n > 0, was \(0,\)"),
        ([[600.0]], [[True]], None, r"was \(1, 1\)"),
        ([600.0], [True, False], None, r"of shape \(1,\), was \(2,\) and \(1,\)"),
        ([600.0], [True], [1.0, 2.0], r"was \(1,\) and \(2,\)"),
        ([600.0, math.nan], [True, True], None, "Expected strikes above zero"),
        ([0.0, 600.0], [True, True], None, "Expected strikes above zero"),
        ([600.0, 600.0], [False, True], None, r"was 600.0 call \(row 1\)"),
        ([600.0, 600.0], [True, True], None, r"was 600.0 call \(row 1\)"),
        ([601.0, 600.0], [True, False], None, r"was 600.0 put \(row 1\)"),
    ],
)
def test_malformed_rows_are_refused_with_what_was_found(
    strike, is_call, open_interest, message: str
) -> None:
    with pytest.raises(ValueError, match=message):
        OptionChainBook(
            np.array(strike, float), np.array(is_call, bool), 1, ChainParams(),
            None if open_interest is None else np.array(open_interest), facts=product("SPY"),
        )  # fmt: skip


@pytest.mark.parametrize("text", ['{"stale_after_s": 0}', '{"annual_rate": 4.0}', '{"rate": 0.04}'])
def test_parameters_out_of_range_or_unknown_are_refused(text: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(text, type=ChainParams)


def test_warm_runs_every_kernel() -> None:
    warm()
