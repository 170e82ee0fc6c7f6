import datetime as dt

import numpy as np
import pytest

from autotrade_0dte.calendar import session
from autotrade_0dte.data.session_data import ChainData
from autotrade_0dte.data.synthetic.chain import strikes_around
from autotrade_0dte.data.synthetic.days import DayKind
from autotrade_0dte.data.synthetic.generate import (
    SyntheticParams,
    SyntheticSession,
    generate_session,
)
from autotrade_0dte.data.synthetic.path import PathParams
from autotrade_0dte.data.synthetic.quotes import MarketGrid, QuoteParams, fair_values
from autotrade_0dte.data.synthetic.smile import SmileParams

DATE = dt.date(2026, 7, 31)
DAY = session(DATE)
BOOKS = QuoteParams(interval_s=60, refresh_fraction=1, delay_ms=1)


@pytest.fixture(scope="module")
def default() -> SyntheticSession:
    return generate_session(SyntheticParams(), DATE, 1, DayKind.ORDINARY)


@pytest.fixture(scope="module")
def books() -> SyntheticSession:
    """Every contract quotes each minute, so quotes reshape to (minutes, contracts)."""
    return generate_session(SyntheticParams(quotes=BOOKS), DATE, 1, DayKind.ORDINARY)


def _books(chain: ChainData, name: str) -> np.ndarray:
    order = np.lexsort((chain.contract, (chain.ts_event - DAY.open_ns) // 10**9))
    return getattr(chain, name)[order].reshape(-1, len(chain.strike_mills))


def test_default_chain_is_thirty_strikes_around_the_opening_price(default):
    strikes = np.unique(default.chain.strike_mills) / 1_000
    assert len(strikes) == 30
    assert (np.diff(strikes) == 1).all()
    assert abs(strikes[15] - default.path.spot[0]) <= 0.5


def test_quotes_lie_inside_the_session_in_order_of_time(default):
    ts = default.chain.ts_event
    assert (np.diff(ts) >= 0).all()
    assert DAY.open_ns < ts[0]
    assert ts[-1] < DAY.close_ns


def test_every_contract_is_quoted_at_the_open(default):
    first = default.chain.ts_event <= DAY.open_ns + 200_000_000
    assert len(np.unique(default.chain.contract[first])) == 60


def test_asks_are_above_bids_and_bids_not_negative(default):
    assert (default.chain.ask > default.chain.bid).all()
    assert (default.chain.bid >= 0).all()


def test_a_zero_bid_has_no_size_and_every_other_side_has_one(default):
    chain = default.chain
    assert ((chain.bid == 0) == (chain.bid_size == 0)).all()
    assert (chain.bid == 0).any()
    assert chain.ask_size.min() >= 1


def test_index_options_quote_on_five_and_ten_cents():
    params = SyntheticParams(
        root="SPXW",
        path=PathParams(spot_dollars=7_400),
        quotes=QuoteParams(strikes=40, strike_step_dollars=5, interval_s=30),
    )
    chain = generate_session(params, DATE, 1).chain
    for side in (chain.bid, chain.ask):
        assert (side[side < 300] % 5 == 0).all()
        assert (side[side >= 300] % 10 == 0).all()
        assert (side % 10 == 5).any()
    assert (chain.ask > chain.bid).all()


def test_unchanged_quotes_are_sent_again_only_by_chance():
    def repeats(fraction: float) -> float:
        quotes = QuoteParams(strikes=6, refresh_fraction=fraction)
        chain = generate_session(SyntheticParams(quotes=quotes), DATE, 1).chain
        same = 0
        for row in range(12):
            mine = chain.contract == row
            bid, ask = chain.bid[mine], chain.ask[mine]
            same += ((np.diff(bid) == 0) & (np.diff(ask) == 0)).sum()
        return same / len(chain.contract)

    assert repeats(0) == 0
    assert 0.01 < repeats(0.3) < repeats(1)


def test_full_refresh_sends_every_contract_each_interval(books):
    assert len(books.chain.contract) == 390 * 60


def test_put_call_parity_holds_within_the_spread(books):
    chain = books.chain
    strike = chain.strike_mills[::2] / 10.0
    bid, ask = _books(chain, "bid"), _books(chain, "ask")
    spot = 100 * books.path.spot[:-1:60, None]
    years = (23_400 - np.arange(0, 23_400, 60))[:, None] / (365 * 86_400)
    parity = spot - strike * np.exp(-0.04 * years)
    early_exercise = strike * 0.04 * years
    assert (bid[:, ::2] - ask[:, 1::2] <= parity + 1).all()
    assert (ask[:, ::2] - bid[:, 1::2] >= parity - early_exercise - 1).all()


@pytest.fixture(scope="module")
def grid(books) -> MarketGrid:
    at = np.arange(0, 23_400, 60)
    path = books.path
    return MarketGrid(
        ts=DAY.open_ns + at * 10**9,
        spot=path.spot[at],
        implied_variance=path.implied_variance[at],
        volatility=path.volatility[at],
        spread=np.ones(len(at)),
        elapsed=at / 23_400,
        years=(23_400 - at) / (365 * 86_400),
    )


def test_fair_values_keep_parity_and_puts_their_early_exercise_value(grid):
    for strike in np.arange(715.0, 765.0):
        call, put = fair_values(strike, grid, SmileParams(), 0.04)
        assert (put.price >= strike - grid.spot - 1e-12).all()
        european = put.price > strike - grid.spot
        parity = grid.spot - strike * np.exp(-0.04 * grid.years)
        gap = call.price - put.price - parity
        np.testing.assert_allclose(gap[european], 0, atol=1e-9)
        assert (np.abs(gap) <= strike * 0.04 * grid.years).all()
        np.testing.assert_allclose(call.delta - put.delta, np.exp(-0.04 * grid.years))


def test_fair_values_are_monotone_and_convex_in_strike(grid):
    strikes = np.arange(700.0, 780.0)
    pairs = [fair_values(strike, grid, SmileParams(), 0.0) for strike in strikes]
    for side, sign in ((0, -1), (1, 1)):
        price = np.array([pair[side].price for pair in pairs])
        slope = sign * np.diff(price, axis=0)
        assert slope.min() > -1e-9
        assert slope.max() < 1 + 1e-9
        assert np.diff(price, n=2, axis=0).min() > -1e-9


def test_middle_prices_admit_no_butterfly_beyond_the_spread(books):
    bid, ask = _books(books.chain, "bid"), _books(books.chain, "ask")
    for side in (0, 1):
        low, high = bid[:, side::2], ask[:, side::2]
        assert (high[:, :-2] + high[:, 2:] - 2 * low[:, 1:-1] >= -1).all()
        vertical = low[:, 1:] - high[:, :-1] if side == 0 else low[:, :-1] - high[:, 1:]
        assert (vertical <= 0).all()


def test_spreads_are_narrow_out_of_the_money_and_wide_deep_in_it(books):
    chain = books.chain
    spread = _books(chain, "ask") - _books(chain, "bid")
    offset = chain.strike_mills / 1_000 - books.path.spot[0]
    calls = chain.is_call
    morning = spread[5:60]
    assert np.median(morning[:, calls & (offset > 3)]) == 1
    assert np.median(morning[:, np.abs(offset) <= 1]) <= 2
    assert np.median(morning[:, calls & (offset < -10)]) > 20
    afternoon = spread[240:300, calls & (offset < -10)]
    assert np.median(afternoon) < np.median(morning[:, calls & (offset < -10)])


def test_spreads_widen_with_volatility():
    def near_the_money(volatility: float) -> float:
        path = PathParams(session_volatility=volatility, volatility_dispersion=0)
        made = generate_session(SyntheticParams(path=path, quotes=BOOKS), DATE, 2).chain
        near = np.abs(made.strike_mills / 1_000 - np.median(made.strike_mills) / 1_000) <= 2
        spread = _books(made, "ask") - _books(made, "bid")
        return float(spread[:30, near].mean())

    assert near_the_money(0.4) > 2 * near_the_money(0.1)


def test_carried_gamma_widens_spreads_at_the_money_into_the_close():
    def spreads(holding_s: float) -> tuple[float, float]:
        quotes = QuoteParams(
            interval_s=2, refresh_fraction=1, holding_s=holding_s, in_the_money_bps=0
        )
        params = SyntheticParams(quotes=quotes)
        made = generate_session(params, DATE, 4, DayKind.ORDINARY)
        chain = made.chain
        second = (chain.ts_event - DAY.open_ns) // 10**9
        distance = chain.strike_mills[chain.contract] / 1_000 - made.path.spot[second]
        near = np.abs(distance) <= 0.5
        spread = chain.ask - chain.bid
        midday = spread[near & (second > 9_000) & (second < 15_000)].mean()
        return float(midday), float(spread[near & (second > 23_100)].mean())

    (midday, closing), (midday_without, closing_without) = spreads(30), spreads(0)
    assert midday == pytest.approx(midday_without, rel=0.1)
    assert closing > 1.1 * closing_without
    assert closing > 1.2 * midday


def test_an_option_just_in_the_money_stays_narrow_in_the_last_minutes():
    quotes = QuoteParams(interval_s=2, refresh_fraction=1)
    made = generate_session(SyntheticParams(quotes=quotes), DATE, 4, DayKind.ORDINARY)
    chain = made.chain
    second = (chain.ts_event - DAY.open_ns) // 10**9
    distance = chain.strike_mills[chain.contract] / 1_000 - made.path.spot[second]
    inside = chain.is_call[chain.contract] & (distance < 0) & (distance > -1)
    assert np.median((chain.ask - chain.bid)[inside & (second > 23_280)]) <= 6


def test_liquidity_moves_the_spreads_of_a_whole_session():
    def variation(sd: float) -> float:
        quotes = QuoteParams(interval_s=60, refresh_fraction=1, delay_ms=1, liquidity_sd=sd)
        made = generate_session(SyntheticParams(quotes=quotes), DATE, 1, DayKind.ORDINARY).chain
        spread = (_books(made, "ask") - _books(made, "bid"))[200:350, 0]
        return float(spread.std() / spread.mean())

    assert variation(0.4) > 0.2 > 4 * variation(0)


def test_each_strike_has_luck_of_its_own(books):
    sizes = _books(books.chain, "ask_size")
    assert np.abs(np.corrcoef(sizes[:60, -2], sizes[:60, -4])[0, 1]) < 0.4


def test_sizes_are_largest_out_of_the_money(books):
    size = np.median(_books(books.chain, "ask_size")[:60], axis=0)
    offset = books.chain.strike_mills / 1_000 - books.path.spot[0]
    calls = books.chain.is_call
    far, near, inside = calls & (offset > 8), np.abs(offset) <= 1, calls & (offset < -8)
    assert size[far].min() > 5 * size[near].max()
    assert size[near].min() > 1.5 * size[inside].max()


def test_open_interest_lies_out_of_the_money(default):
    chain = default.chain
    offset = chain.strike_mills / 1_000 - default.path.spot[0]
    held = chain.open_interest
    calls, puts = held[chain.is_call], held[~chain.is_call]
    offset = offset[::2]
    assert calls[offset > 2].sum() > 10 * calls[offset < -2].sum()
    assert puts[offset < -2].sum() > 10 * puts[offset > 2].sum()
    near = np.abs(np.abs(chain.strike_mills[::2] / 1_000 - default.path.spot[0]) - 5) < 5
    fifth = chain.strike_mills[::2] % 5_000 == 0
    assert (calls + puts)[near & fifth].mean() > 1.4 * (calls + puts)[near & ~fifth].mean()


def test_a_strike_is_quoted_alike_whatever_other_strikes_there_are(default):
    few = generate_session(
        SyntheticParams(quotes=QuoteParams(strikes=4)), DATE, 1, DayKind.ORDINARY
    ).chain
    many = default.chain
    strike = few.strike_mills[2]
    row = int(np.flatnonzero(many.strike_mills == strike)[0])
    for name in ("ts_event", "bid", "ask", "bid_size", "ask_size"):
        np.testing.assert_array_equal(
            getattr(few, name)[few.contract == 2], getattr(many, name)[many.contract == row]
        )


def test_strikes_below_zero_are_refused():
    with pytest.raises(ValueError, match=r"Expected strikes above 0, was -8\.0 dollars"):
        strikes_around(12.2, QuoteParams(strikes=40))
