"""Laws of the grid, whatever is held: linear, of no order, bounded by what an option can do."""

import msgspec
import numpy as np
from gate_world import CHAIN
from hypothesis import given
from hypothesis import strategies as st

from autotrade_0dte.pricing.black import price_and_greeks
from autotrade_0dte.risk.session_grid import (
    HeldLegs,
    held_legs,
    least_pnl,
    session_grid,
    worst_cell,
)

FORWARD = 600.0
SECOND = 1 / (365 * 24 * 3600)

markets = st.tuples(st.floats(0.0, 23_400.0), st.floats(0.0, 20.0))
contracts = st.integers(-20, 20)
figures = st.tuples(
    st.floats(500.0, 700.0), st.booleans(), st.floats(0.03, 3.0), st.floats(0.0, 2.0)
)
books = st.lists(st.tuples(contracts, figures), min_size=1, max_size=6)

legs_of_chain = st.lists(
    st.tuples(st.integers(0, CHAIN.strike.size - 1), contracts, st.floats(-500.0, 500.0)),
    max_size=4,
)
"""Row, contracts, and what they pay beyond the mid."""


def legs_of(book: list[tuple[int, tuple[float, bool, float, float]]], left_s: float) -> HeldLegs:
    """Return the legs with a mid at their own model price, times what a quote may be off by."""
    quantity = np.array([float(count) for count, _ in book])
    strike, is_call, iv, off = (
        np.array(column) for column in zip(*(f for _, f in book), strict=True)
    )
    fair = price_and_greeks(iv, FORWARD, strike, max(left_s, 1.0) * SECOND, 0.0, is_call).price
    return HeldLegs(quantity, strike, is_call, iv, fair * off)


def pnl(legs: HeldLegs, market: tuple[float, float]) -> np.ndarray:
    left_s, implied_move = market
    return session_grid(legs, FORWARD, left_s * SECOND, implied_move).pnl_usd


def close(a: np.ndarray, b: np.ndarray) -> None:
    np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-6)


@given(books, markets, st.integers(-5, 5))
def test_the_result_is_linear_in_the_contracts(book, market, times) -> None:
    legs = legs_of(book, market[0])
    close(pnl(legs._replace(quantity=times * legs.quantity), market), times * pnl(legs, market))


@given(books, books, markets)
def test_two_books_together_make_what_each_makes_alone(one, other, market) -> None:
    both = pnl(legs_of([*one, *other], market[0]), market)
    close(both, pnl(legs_of(one, market[0]), market) + pnl(legs_of(other, market[0]), market))


@given(books, markets, st.randoms(use_true_random=False))
def test_the_order_of_the_legs_does_not_matter(book, market, random) -> None:
    mixed = random.sample(book, len(book))
    close(pnl(legs_of(book, market[0]), market), pnl(legs_of(mixed, market[0]), market))


@given(books, markets, figures)
def test_a_leg_and_its_exact_hedge_add_nothing(book, market, figure) -> None:
    hedged = [*book, (7, figure), (-7, figure)]
    close(pnl(legs_of(hedged, market[0]), market), pnl(legs_of(book, market[0]), market))


@given(books, markets, figures)
def test_no_contracts_add_nothing_even_where_they_are_unknown(book, market, figure) -> None:
    legs = legs_of([*book, (0, figure)], market[0])
    unknown = legs._replace(mid=np.append(legs.mid[:-1], np.nan))
    assert (pnl(unknown, market) == pnl(legs_of(book, market[0]), market)).all()


@given(books, markets)
def test_long_options_never_lose_more_than_their_marks(book, market) -> None:
    legs = legs_of(book, market[0])
    legs = legs._replace(quantity=np.abs(legs.quantity))
    assert pnl(legs, market).min() >= -100 * (legs.quantity @ legs.mid) * (1 + 1e-12)


@given(books, markets)
def test_short_options_never_gain_more_than_their_marks(book, market) -> None:
    legs = legs_of(book, market[0])
    legs = legs._replace(quantity=-np.abs(legs.quantity))
    assert pnl(legs, market).max() <= -100 * (legs.quantity @ legs.mid) * (1 + 1e-12) + 1e-9


@given(st.integers(1, 20), figures, st.floats(1.0, 50.0), markets)
def test_a_debit_vertical_loses_at_the_close_at_most_its_debit(count, figure, width, market):
    strike, is_call, iv, off = figure
    short = (strike + width if is_call else strike - width, is_call, iv, off)
    legs = legs_of([(count, figure), (-count, short)], market[0])
    debit = 100 * count * (legs.mid[0] - legs.mid[1])
    at_close = pnl(legs, market)[:, :, 2]
    assert at_close.min() >= -debit - 1e-6
    assert at_close.max() <= 100 * count * width - debit + 1e-6


@given(books, markets)
def test_the_worst_cell_is_known_and_never_a_gain(book, market) -> None:
    left_s, implied_move = market
    worst = worst_cell(legs_of(book, left_s), FORWARD, left_s * SECOND, implied_move)
    assert np.isfinite(worst).all()
    assert worst.loss_usd >= 0.0


@given(books, markets)
def test_at_the_close_volatility_no_longer_matters(book, market) -> None:
    at_close = pnl(legs_of(book, market[0]), market)[:, :, 2]
    assert (at_close == at_close[:, :1]).all()


def cells(row: int, quantity: int) -> np.ndarray:
    legs, market = held_legs(CHAIN, [row], [quantity]), (CHAIN.forward, CHAIN.years)
    return session_grid(legs, *market, CHAIN.analytics.implied_move).pnl_usd


@given(legs_of_chain, legs_of_chain)
def test_the_least_cell_has_each_order_filled_where_that_is_worse(held, at_work) -> None:
    flat = [float(figure) for leg in (*held, *at_work) for figure in leg]
    expected = np.zeros_like(cells(0, 0))
    for row, quantity, _ in held:
        expected = expected + cells(row, quantity)
    for row, quantity, beyond_usd in at_work:
        if quantity:
            expected = expected + np.minimum(cells(row, quantity) - beyond_usd, 0.0)
    close(least_pnl(CHAIN, flat, len(at_work)), expected.min())


@given(legs_of_chain, st.integers(0, CHAIN.strike.size - 1))
def test_one_unknown_leg_makes_the_least_cell_unknown(legs, row) -> None:
    iv = CHAIN.iv.copy()
    iv[row] = np.nan
    iv.flags.writeable = False
    flat = [float(figure) for leg in (*legs, (row, 1, 0.0)) for figure in leg]
    assert np.isnan(least_pnl(msgspec.structs.replace(CHAIN, iv=iv), flat, 0))
