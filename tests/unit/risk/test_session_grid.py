"""The grid over the rest of the session against repricing every leg of every cell by hand."""

import math
from itertools import product

import numpy as np
import pytest
from quoted_chain import NOW_NS, QuotedChain

from autotrade_0dte.pricing.black import price_and_greeks
from autotrade_0dte.risk.session_grid import (
    Grid,
    GridParams,
    HeldLegs,
    held_legs,
    session_grid,
    worst_cell,
)

SECOND = 1 / (365 * 24 * 3600)
FORWARD = 600.0
IMPLIED = 2.5
PARAMS = GridParams(
    implied_moves=(0.5, 2.0), fixed_moves=(0.01, 0.05), vol_down_fraction=0.3, vol_up_fraction=0.6
)
MOVES = [0.0, 1.25, -1.25, 5.0, -5.0, 6.0, -6.0, 30.0, -30.0]
VOLS = [1.0, 0.7, 1.6]
BOOK = HeldLegs(
    quantity=np.array([2.0, -3.0, 1.0, -1.0, 4.0, -2.0]),
    strike=np.array([598.0, 600.0, 604.0, 600.0, 595.0, 640.0]),
    is_call=np.array([True, True, True, False, False, False]),
    iv=np.array([0.22, 0.2, 0.19, 0.2, 0.25, 0.4]),
    mid=np.array([4.1, 2.6, 1.15, 2.55, 0.9, 40.2]),
)


def one_leg(**figures: float) -> HeldLegs:
    usual = {"quantity": 1.0, "strike": 602.0, "is_call": True, "iv": 0.25, "mid": 1.9}
    return HeldLegs(**{name: np.array([value]) for name, value in (usual | figures).items()})


def price(vol: float, forward: float, strike: float, years: float, is_call: bool) -> float:
    """Return the undiscounted price by the pricing of the chain; at expiry what exercise brings."""
    if years == 0.0:
        return max(forward - strike if is_call else strike - forward, 0.0)
    found = price_and_greeks(vol, forward, np.array([strike]), years, 0.0, np.array([is_call]))
    return float(found.price[0])


def by_hand(legs: HeldLegs, years: float, move: float, factor: float, passed: float) -> float:
    total = 0.0
    for quantity, strike, is_call, iv, mid in zip(*legs, strict=True):
        there = price(iv * factor, FORWARD + move, strike, years * (1 - passed), is_call)
        here = price(iv, FORWARD, strike, years, is_call)
        value = there if passed == 1.0 else max(mid + there - here, 0.0)
        total += quantity * 100 * (value - mid)
    return total


@pytest.mark.parametrize("left_s", [6.5 * 3600, 3600, 300, 30, 1, 0.001, 0])
def test_every_cell_equals_repricing_each_leg_by_hand(left_s) -> None:
    years = left_s * SECOND
    grid = session_grid(BOOK, FORWARD, years, IMPLIED, PARAMS)
    assert np.isfinite(grid.pnl_usd).all()
    np.testing.assert_allclose(grid.move_usd, MOVES)
    np.testing.assert_allclose(grid.vol_factor, VOLS)
    for (i, move), (j, factor), (k, passed) in product(
        enumerate(MOVES), enumerate(VOLS), enumerate([0.0, 0.5, 1.0])
    ):
        expected = by_hand(BOOK, years, move, factor, passed)
        assert grid.pnl_usd[i, j, k] == pytest.approx(expected, abs=1e-5), (move, factor, passed)


def test_worst_cell_is_the_least_of_the_grid_with_its_coordinates() -> None:
    grid = session_grid(BOOK, FORWARD, 3600 * SECOND, IMPLIED, PARAMS)
    worst = worst_cell(BOOK, FORWARD, 3600 * SECOND, IMPLIED, PARAMS)
    assert worst.loss_usd == -grid.pnl_usd.min() > 0
    found = by_hand(BOOK, 3600 * SECOND, worst.move_usd, worst.vol_factor, worst.passed)
    assert found == pytest.approx(-worst.loss_usd, abs=1e-6)


def test_default_grid_has_the_moves_of_the_session_and_the_fixed_ones() -> None:
    grid = session_grid(BOOK, FORWARD, 3600 * SECOND, IMPLIED)
    scaled = {sign * IMPLIED * m for m in (0.5, 1.0, 2.0) for sign in (1, -1)}
    fixed = {sign * FORWARD * m for m in (0.005, 0.01, 0.02, 0.05) for sign in (1, -1)}
    assert set(grid.move_usd) == {0.0} | scaled | fixed
    assert grid.passed.tolist() == [0.0, 0.5, 1.0]


def test_now_and_unchanged_nothing_is_gained_or_lost() -> None:
    grid = session_grid(BOOK, FORWARD, 3600 * SECOND, IMPLIED, PARAMS)
    assert grid.pnl_usd[0, 0, 0] == 0.0


def test_at_the_close_a_leg_is_worth_its_intrinsic_value_whatever_its_quote_was() -> None:
    grid = session_grid(one_leg(mid=9.0), FORWARD, 3600 * SECOND, IMPLIED, PARAMS)
    assert grid.pnl_usd[MOVES.index(5.0), :, 2] == pytest.approx(100 * (3.0 - 9.0))
    assert grid.pnl_usd[MOVES.index(-5.0), :, 2] == pytest.approx(-900.0)


def test_before_the_close_an_option_is_never_worth_less_than_nothing() -> None:
    cheap = one_leg(mid=0.05)  # the model takes off more than the quote holds
    grid = session_grid(cheap, FORWARD, 3600 * SECOND, IMPLIED, PARAMS)
    assert grid.pnl_usd[MOVES.index(-30.0), 0, 0] == pytest.approx(-5.0)


def test_a_short_call_loses_most_in_the_largest_rise() -> None:
    worst = worst_cell(
        one_leg(quantity=-1.0, strike=632.0, mid=0.01), FORWARD, 3600 * SECOND, IMPLIED, PARAMS
    )
    assert (worst.move_usd, worst.vol_factor, worst.passed) == (30.0, 1.6, 0.0)


@pytest.mark.parametrize(
    ("name", "unknown"),
    [
        *product(["quantity", "strike", "iv", "mid"], [math.nan, math.inf]),
        *product(["strike", "iv", "mid"], [-1.0]),
    ],
)
def test_an_unknown_or_impossible_figure_of_a_leg_leaves_everything_unknown(name, unknown) -> None:
    legs = HeldLegs(*map(np.concatenate, zip(BOOK, one_leg(**{name: unknown}), strict=True)))
    assert np.isnan(session_grid(legs, FORWARD, SECOND, IMPLIED, PARAMS).pnl_usd).all()
    assert all(map(math.isnan, worst_cell(legs, FORWARD, SECOND, IMPLIED, PARAMS)))


@pytest.mark.parametrize(
    "market", [(math.nan, SECOND, 2.5), (0.0, SECOND, 2.5), (600.0, math.nan, 2.5),
               (600.0, -SECOND, 2.5), (600.0, SECOND, math.nan), (600.0, SECOND, math.inf)],
)  # fmt: skip
def test_an_unknown_market_leaves_the_loss_unknown(market) -> None:
    assert all(map(math.isnan, worst_cell(BOOK, *market, PARAMS)))


@pytest.mark.parametrize(("forward", "years"), [(math.nan, SECOND), (600.0, math.nan), (600.0, -1)])
def test_without_the_forward_or_the_time_not_even_the_close_is_known(forward, years) -> None:
    assert np.isnan(session_grid(BOOK, forward, years, IMPLIED, PARAMS).pnl_usd).all()


def test_without_the_implied_move_the_fixed_moves_are_still_known() -> None:
    grid = session_grid(BOOK, FORWARD, SECOND, math.nan, PARAMS)
    known = np.isfinite(grid.pnl_usd).all(axis=(1, 2))
    assert known.tolist() == [True, False, False, False, False, True, True, True, True]


def test_no_contracts_of_an_unknown_leg_lose_nothing() -> None:
    legs = one_leg(quantity=0.0, iv=math.nan, mid=math.nan)
    assert worst_cell(legs, FORWARD, SECOND, IMPLIED).loss_usd == 0.0


def test_no_legs_lose_nothing() -> None:
    empty = HeldLegs(*(np.empty(0) for _ in HeldLegs._fields))
    assert worst_cell(empty, FORWARD, SECOND, IMPLIED) == (0.0, 0.0, 1.0, 0.0)


def test_a_move_beyond_the_forward_leaves_the_whole_strike_to_a_put() -> None:
    put = one_leg(is_call=False, strike=600.0, mid=2.5)
    grid = session_grid(put, FORWARD, 3600 * SECOND, 400.0, PARAMS)  # twice 400 is more than 600
    assert grid.pnl_usd.max() == pytest.approx(100 * 600.0, rel=0.01)
    assert np.isfinite(grid.pnl_usd).all()


def test_multiplier_scales_the_dollars() -> None:
    grid = session_grid(BOOK, FORWARD, SECOND, IMPLIED, PARAMS, 10)
    whole = session_grid(BOOK, FORWARD, SECOND, IMPLIED, PARAMS, 100)
    np.testing.assert_allclose(10 * grid.pnl_usd, whole.pnl_usd)


def test_greeks_stay_finite_through_the_last_five_minutes() -> None:
    for left_s in (300, 60, 1, 0.01):
        found = price_and_greeks(BOOK.iv, FORWARD, BOOK.strike, left_s * SECOND, 0.0, BOOK.is_call)
        assert all(np.isfinite(column).all() for column in found)


def test_legs_of_a_chain_carry_its_figures() -> None:
    chain = QuotedChain([598.0, 600.0, 602.0]).book.snapshot(NOW_NS, 600.0)
    legs = held_legs(chain, [2, 0], [3, -1])
    assert legs.quantity.tolist() == [3.0, -1.0]
    for name in ("strike", "is_call", "iv", "mid"):
        np.testing.assert_array_equal(getattr(legs, name), getattr(chain, name)[[2, 0]])


def test_worst_of_a_grid_is_the_first_of_equals() -> None:
    flat = Grid(np.array([0.0, 1.0]), np.array([1.0]), np.array([0.0]), np.zeros((2, 1, 1)))
    assert flat.worst() == (0.0, 0.0, 1.0, 0.0)
