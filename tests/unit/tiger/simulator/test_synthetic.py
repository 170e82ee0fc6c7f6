"""The synthetic market: what is quoted, when, and that nobody can take it for real."""

import datetime as dt
from itertools import islice

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tiger_nt.simulator.market import MarketChunk, MarketRow, SessionHours
from tiger_nt.simulator.premium import premiums, quotes_around
from tiger_nt.simulator.synthetic import SyntheticMarket, synthetic_settings
from tiger_nt.symbols import option_terms

NS = 1_000_000_000
NOW = 1_795_362_000 * NS
HOURS = SessionHours(dt.date(2026, 11, 22), NOW - 3_600 * NS, NOW + 3 * 3_600 * NS)


def market(root: str = "SPY", hours: SessionHours = HOURS, **changes: object) -> SyntheticMarket:
    return SyntheticMarket(synthetic_settings(root, **changes), hours, NOW)


def minute(played: SyntheticMarket, seconds: float = 60) -> list[MarketChunk]:
    return list(islice(played.rows(), 1 + round(2 * seconds)))


def rows(chunks: list[MarketChunk]) -> list[MarketRow]:
    return [row for chunk in chunks for row in chunk.rows()]


def test_chain_has_calls_and_puts_around_spot_expiring_on_the_sessions_date():
    played = market(strikes=3, spot=600.4)
    terms = [option_terms(symbol) for symbol in played.contracts]
    assert [(t.strike, t.is_call) for t in terms] == [
        (strike, is_call) for strike in range(597, 604) for is_call in (True, False)
    ]
    assert {t.expiry for t in terms} == {HOURS.date}


def test_every_instrument_is_quoted_at_once_at_the_start():
    played = market()
    first = rows(minute(played)[:1])
    assert {row.symbol for row in first} == {"SPY", "VIX", *played.contracts}
    assert {row.ts_ns for row in first} == {NOW}
    assert all(row.has_quote for row in first if row.symbol != "VIX")


def test_quotes_come_at_the_given_rate_and_prints_several_a_second():
    sent = rows(minute(market(quotes_per_second=250, prints_per_second=4))[1:])
    assert sum(row.has_quote for row in sent) == 250 * 60
    assert sum(row.has_last and row.symbol == "SPY" for row in sent) == 4 * 60


def test_index_root_has_levels_of_its_index_and_of_vix_and_no_quotes_of_either():
    played = market("SPXW")
    sent = rows(minute(played, 10))
    assert (played.underlying, played.indices) == ("SPX", ("SPX", "VIX"))
    levels = [row for row in sent if row.symbol in played.indices]
    assert {row.symbol for row in levels} == {"SPX", "VIX"}
    assert not any(row.has_quote or row.last_size for row in levels)
    assert sum(row.symbol == "SPX" for row in levels) == 1 + 10 * 5
    assert 5_900 < levels[0].last < 6_100


def test_stock_root_has_vix_as_its_only_index():
    played = market()
    assert (played.underlying, played.indices) == ("SPY", ("VIX",))


def test_equal_seeds_give_equal_rows_and_others_do_not():
    first, second, other = (minute(market(seed=seed), 5) for seed in (7, 7, 8))
    for mine, same in zip(first, second, strict=True):
        np.testing.assert_array_equal(mine.bid, same.bid)
        np.testing.assert_array_equal(mine.ts_ns, same.ts_ns)
    assert not np.array_equal(first[1].bid, other[1].bid, equal_nan=True)


def test_rows_end_with_the_session():
    hours = SessionHours(HOURS.date, NOW - NS, NOW + 2_700_000_000)
    sent = rows(list(market(hours=hours).rows()))
    assert NOW + 2_600_000_000 < sent[-1].ts_ns < hours.close_ns


def test_lively_market_swings_within_a_minute_by_more_than_the_walk_alone():
    def reach(swing_bps: float) -> float:
        sent = rows(minute(market(swing_bps=swing_bps)))
        prices = [row.last for row in sent if row.symbol == "SPY" and row.has_last]
        return (max(prices) / min(prices) - 1) * 10_000

    assert reach(0) < 15
    assert reach(15) > 25


def test_time_value_runs_out_by_the_close():
    hours = SessionHours(HOURS.date, NOW - NS, NOW + 200 * NS)
    sent = rows(list(market(hours=hours, volatility=0.4, quotes_per_second=200).rows()))
    spot = [row.last for row in sent if row.symbol == "SPY" and row.has_last][-1]
    last = {row.symbol: row for row in sent}
    for symbol, row in last.items():
        if symbol in ("SPY", "VIX") or row.ts_ns < hours.close_ns - NS:
            continue
        terms = option_terms(symbol)
        intrinsic = max(spot - terms.strike if terms.is_call else terms.strike - spot, 0.0)
        assert row.bid <= intrinsic + 0.1
        assert row.ask >= intrinsic - 0.1


def test_description_says_that_it_is_synthetic():
    played = market()
    assert played.synthetic
    assert "SYNTHETIC SPY" in played.description


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"quotes_per_second": 0}, "quotes_per_second"),
        ({"volatility": -1}, "volatility"),
        ({"strikes": 0}, "strikes"),
        ({"root": "spy"}, "root"),
        ({"speed": 2}, "speed"),
    ],
)
def test_settings_out_of_range_are_refused_by_name(changes: dict[str, object], field: str):
    with pytest.raises(ValueError, match=f"Synthetic market: .*{field}"):
        synthetic_settings(**{"root": "SPY"} | changes)


@settings(max_examples=20, deadline=None)
@given(
    root=st.sampled_from(["SPY", "SPXW", "XSP", "GOOG"]),
    rate=st.floats(1, 5_000),
    prints=st.floats(0, 50),
    seed=st.integers(0, 10_000),
    swing=st.floats(0, 100),
)
def test_all_rows_are_in_order_and_every_quote_can_be_traded(
    root: str, rate: float, prints: float, seed: int, swing: float
):
    played = market(
        root, quotes_per_second=rate, prints_per_second=prints, seed=seed, swing_bps=swing
    )
    chunks = minute(played, 3)
    times = np.concatenate([chunk.ts_ns for chunk in chunks])
    assert (np.diff(times) >= 0).all()
    for chunk in chunks:
        quoted = ~np.isnan(chunk.bid)
        assert (chunk.ask[quoted] > chunk.bid[quoted]).all()
        assert (chunk.ask_size[quoted] > 0).all()
        assert ((chunk.bid[quoted] > 0) == (chunk.bid_size[quoted] > 0)).all()
        assert (quoted | ~np.isnan(chunk.last)).all()


@given(
    spot=st.floats(590, 610),
    strike=st.integers(560, 640),
    left_s=st.floats(0, 23_400),
    volatility=st.floats(0.05, 1),
)
def test_premiums_keep_put_call_parity_and_are_worth_at_least_intrinsic(
    spot: float, strike: int, left_s: float, volatility: float
):
    both = premiums(
        np.full(2, spot),
        np.full(2, float(strike)),
        np.array([True, False]),
        np.full(2, left_s * NS),
        volatility,
    )
    call, put = both.tolist()
    assert call - put == pytest.approx(spot - strike, abs=1e-6)
    assert call >= max(spot - strike, 0) - 1e-6
    assert put >= max(strike - spot, 0) - 1e-6


@pytest.mark.parametrize(("root", "below", "above"), [("SPY", 1, 1), ("SPXW", 5, 10)])
def test_quotes_are_on_the_roots_grid_and_hold_the_premium(root: str, below: int, above: int):
    premium = np.array([0.0, 0.004, 0.05, 1.234, 2.98, 2.99, 3.01, 3.04, 17.77])
    bid, ask = quotes_around(premium, root)
    assert (bid <= premium).all()
    assert (ask > premium).all()
    for side in (bid, ask):
        cents = np.rint(side * 100)
        np.testing.assert_allclose(side * 100, cents, atol=1e-9)
        assert (cents % np.where(side < 3, below, above) == 0).all()
