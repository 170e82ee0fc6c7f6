"""Scenarios against repricing by hand, and what their grid holds."""

import math
from itertools import product

import mpmath
import msgspec
import numpy as np
import pytest

from autotrade_0dte.pricing.black import price_and_greeks
from autotrade_0dte.risk.scenarios import (
    Cells,
    Legs,
    ScenarioParams,
    exit_values,
    scenario_cells,
)

YEARS = 3 / (24 * 365)
FORWARD = 600.0
PARAMS = ScenarioParams(
    hold_move_multiple=2.0, session_move_multiple=1.5, vol_down_fraction=0.2, vol_up_fraction=0.5
)
CELLS = scenario_cells(PARAMS, 1, 3.0, 0.25)


def exact(vol: float, forward: float, strike: float, years: float, *, is_call: bool) -> float:
    """Return the undiscounted Black price, to thirty digits."""
    with mpmath.workdps(30):
        sign = 1 if is_call else -1
        deviation = mpmath.mpf(vol) * mpmath.sqrt(years)
        d1 = mpmath.log(mpmath.mpf(forward) / strike) / deviation + deviation / 2
        value = forward * mpmath.ncdf(sign * d1) - strike * mpmath.ncdf(sign * (d1 - deviation))
        return float(sign * value)


def one_leg(**figures: float) -> Legs:
    usual = {
        "quantity": 1.0,
        "strike": 602.0,
        "is_call": True,
        "iv": 0.25,
        "mid": 0.90,
        "half_spread": 0.02,
    }
    return Legs(**{name: np.array([[value]]) for name, value in (usual | figures).items()})


def cell(move: float = 0.0, vol_factor: float = 1.0, passed: float = 0.0) -> Cells:
    return Cells(*(np.array([value]) for value in (move, vol_factor, passed, 0.0)))


@pytest.mark.parametrize("is_call", [True, False])
@pytest.mark.parametrize("strike", [596.0, 600.0, 603.5])
def test_each_cell_equals_repricing_it_alone(strike, is_call) -> None:
    base = exact(0.25, FORWARD, strike, YEARS, is_call=is_call)
    legs = one_leg(strike=strike, is_call=is_call, mid=base + 0.01)
    found = exit_values(legs, CELLS, FORWARD, YEARS)[0]
    for value, move, factor, passed in zip(found, *CELLS[:3], strict=True):
        left = YEARS * (1 - passed)
        price = exact(0.25 * factor, FORWARD + move, strike, left, is_call=is_call)
        assert value == pytest.approx(max(price + 0.01 - 0.02, 0.0), abs=1e-9)


def test_positions_are_repriced_as_by_the_pricing_of_the_chain() -> None:
    rng = np.random.default_rng(5)
    shape = (7, 2)
    legs = Legs(
        quantity=np.array([1.0, -2.0]),
        strike=rng.uniform(595.0, 605.0, shape),
        is_call=rng.random(shape) < 0.5,
        iv=rng.uniform(0.1, 0.6, shape),
        mid=rng.uniform(5.0, 9.0, shape),
        half_spread=rng.uniform(0.0, 0.05, shape),
    )
    found = exit_values(legs, CELLS, FORWARD, YEARS)

    def price(column: int, forward: float, factor: float, years: float) -> np.ndarray:
        strike, is_call = legs.strike[:, column], legs.is_call[:, column]
        vol = legs.iv[:, column] * factor
        return price_and_greeks(vol, forward, strike, years, 0.0, is_call).price

    for i, (move, factor, passed) in enumerate(zip(*CELLS[:3], strict=True)):
        left = YEARS * (1 - passed)
        change = [
            price(leg, FORWARD + move, factor, left) - price(leg, FORWARD, 1.0, YEARS)
            for leg in (0, 1)
        ]
        long = np.maximum(legs.mid[:, 0] + change[0] - legs.half_spread[:, 0], 0.0)
        short = np.maximum(legs.mid[:, 1] + change[1], 0.0) + legs.half_spread[:, 1]
        np.testing.assert_allclose(found[:, i], long - 2.0 * short, rtol=0, atol=1e-9)


def test_nothing_changed_brings_the_bid() -> None:
    assert exit_values(one_leg(), cell(), FORWARD, YEARS)[0, 0] == pytest.approx(0.88)


def test_a_short_leg_is_bought_back_at_the_ask() -> None:
    legs = one_leg(quantity=-1.0)
    assert exit_values(legs, cell(), FORWARD, YEARS)[0, 0] == pytest.approx(-0.92)


def test_an_option_is_never_worth_less_than_nothing() -> None:
    crash = cell(move=-20.0)  # the model takes off more than the quote holds
    assert exit_values(one_leg(mid=0.30), crash, FORWARD, YEARS)[0, 0] == 0.0
    short = exit_values(one_leg(mid=0.30, quantity=-1.0), crash, FORWARD, YEARS)[0, 0]
    assert short == pytest.approx(-0.02)


@pytest.mark.parametrize("move", [-5.0, 1.0, 5.0])
def test_at_expiry_only_the_intrinsic_value_is_left(move) -> None:
    base = exact(0.25, FORWARD, 602.0, YEARS, is_call=True)
    legs = one_leg(mid=base, half_spread=0.0)
    value = exit_values(legs, cell(move=move, passed=1.0), FORWARD, YEARS)[0, 0]
    assert value == pytest.approx(max(FORWARD + move - 602.0, 0.0), abs=1e-6)


@pytest.mark.parametrize("name", ["quantity", "strike", "iv", "mid", "half_spread"])
def test_an_unknown_figure_leaves_the_value_unknown(name) -> None:
    assert np.isnan(exit_values(one_leg(**{name: math.nan}), CELLS, FORWARD, YEARS)).all()


def test_an_unknown_implied_move_leaves_the_moved_cells_unknown() -> None:
    cells = scenario_cells(PARAMS, 1, math.nan, 0.25)
    assert np.isnan(exit_values(one_leg(), cells, FORWARD, YEARS)[0, cells.weight > 0]).all()


def test_no_positions_have_no_values() -> None:
    legs = Legs(np.array([1.0]), *(np.empty((0, 1)) for _ in range(5)))
    assert exit_values(legs, CELLS, FORWARD, YEARS).shape == (0, CELLS.move.size)


def test_the_stress_grid_has_every_move_with_every_volatility_after_the_hold() -> None:
    stress = CELLS.weight == 0.0
    hold_move = 3.0 * math.sqrt(0.25)
    moves = (0.0, 2 * hold_move, -2 * hold_move, 1.5 * 3.0, -1.5 * 3.0)
    expected = set(product(moves, (1.0, 0.8, 1.5), (0.25,)))
    found = list(zip(*(column[stress] for column in CELLS[:3]), strict=True))
    assert set(found) == expected
    assert len(found) == len(expected)


@pytest.mark.parametrize("direction", [1, -1])
def test_the_hoped_for_moves_are_a_half_normal_law_the_way_of_the_signal(direction) -> None:
    cells = scenario_cells(PARAMS, direction, 3.0, 0.25)
    hoped = cells.weight > 0.0
    move, weight = cells.move[hoped], cells.weight[hoped]
    assert (np.sign(move) == direction).all()
    assert (cells.vol_factor[hoped] == 1.0).all()
    assert (cells.passed[hoped] == 0.25).all()
    assert weight.sum() == pytest.approx(1.0)
    # |N(0, s)| has the mean m = s sqrt(2/pi) and the mean square s^2 = m^2 pi/2.
    mean = 3.0 * math.sqrt(0.25)
    assert weight @ move == pytest.approx(direction * mean, rel=0.01)
    assert weight @ move**2 == pytest.approx(mean**2 * math.pi / 2, rel=0.15)


def test_a_wider_grid_never_loses_less() -> None:
    def worst(params: ScenarioParams) -> float:
        cells = scenario_cells(params, 1, 3.0, 0.25)
        return float(exit_values(one_leg(), cells, FORWARD, YEARS).min())

    base = worst(PARAMS)
    for name in ("hold_move_multiple", "session_move_multiple", "vol_down_fraction"):
        wider = msgspec.structs.replace(PARAMS, **{name: 2 * getattr(PARAMS, name)})
        assert worst(wider) <= base
