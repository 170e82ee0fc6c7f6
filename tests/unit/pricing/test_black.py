"""Black-76 against 50-digit answers, its edge cases, random input, and its array interface."""

import math
from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray

from autotrade_0dte.pricing.black import (
    GREEKS,
    PricingStatus,
    implied_vol_and_greeks,
    price_and_greeks,
)

YEARS = 3 / 8760
FORWARD, RATE = 6000.0, 0.045
DISCOUNT = math.exp(-RATE * YEARS)
NAN, INF = math.nan, math.inf


@pytest.fixture(scope="module")
def answers() -> dict[str, NDArray[np.float64]]:
    """Columns made by scripts/generate_pricing_answers.py."""
    with np.load(Path(__file__).with_name("answers.npz")) as columns:
        return dict(columns)


def arguments(
    columns: dict[str, NDArray[np.float64]], first: str
) -> tuple[NDArray[np.float64], ...]:
    names = (first, "forward", "strike", "years", "rate")
    return (*(columns[name] for name in names), columns["is_call"] > 0)


def relative_error(value: NDArray[np.float64], answer: NDArray[np.float64]) -> float:
    # Where the answer is exactly zero (rho never is) nothing but zero will do.
    return float(np.max(np.abs(value - answer) / np.where(answer == 0, 1e-300, np.abs(answer))))


def implied(
    *,
    price: float,
    strike: float,
    is_call: bool = True,
    forward: float = FORWARD,
    years: float = YEARS,
    rate: float = RATE,
) -> tuple[float, PricingStatus]:
    result = implied_vol_and_greeks(
        price, forward, np.array([strike]), years, rate, np.array([is_call])
    )
    return float(result.iv[0]), PricingStatus(result.status[0])


# -- accuracy --------------------------------------------------------------------------------------


def test_every_out_of_the_money_answer_is_inverted_to_1e_12(answers):
    result = implied_vol_and_greeks(*arguments(answers, "price"))

    assert (result.status == PricingStatus.OK).all()
    assert relative_error(result.iv, answers["vol"]) < 1e-12


@pytest.mark.parametrize("name", GREEKS)
def test_greeks_at_the_implied_volatility_agree_to_1e_12(answers, name):
    result = implied_vol_and_greeks(*arguments(answers, "price"))

    assert relative_error(getattr(result, name), answers[name]) < 1e-12


@pytest.mark.parametrize("name", ["price", *GREEKS])
def test_price_and_greeks_at_a_volatility_agree_to_1e_12(answers, name):
    result = price_and_greeks(*arguments(answers, "vol"))

    assert (result.status == PricingStatus.OK).all()
    assert relative_error(getattr(result, name), answers[name]) < 1e-12


def test_in_the_money_price_is_inverted_as_well_as_its_rounding_allows():
    sigmas = np.linspace(-3, 0, 200)
    strike = FORWARD * np.exp(sigmas * 0.15 * math.sqrt(YEARS))
    is_call = np.ones(200, dtype=bool)
    priced = price_and_greeks(0.15, FORWARD, strike, YEARS, RATE, is_call)

    result = implied_vol_and_greeks(priced.price, FORWARD, strike, YEARS, RATE, is_call)

    conditioning = 2.2e-16 * priced.price / (priced.vega * 0.15)
    assert (result.status == PricingStatus.OK).all()
    assert (np.abs(result.iv / 0.15 - 1) < 1e-13 + 10 * conditioning).all()


def test_volatility_of_one_row_does_not_depend_on_its_neighbors(answers):
    columns = arguments(answers, "price")
    together = implied_vol_and_greeks(*columns)

    for i in range(0, len(answers["vol"]), 37):
        alone = implied_vol_and_greeks(*(column[i : i + 1] for column in columns))
        assert alone.iv[0] == pytest.approx(together.iv[i], rel=1e-14)
        assert alone.charm[0] == pytest.approx(together.charm[i], rel=1e-12)


# -- edge cases -----------------------------------------------------------------------------------

INTRINSIC = DISCOUNT * 100.0  # of the 5900 call


@pytest.mark.parametrize(
    ("case", "expected"),
    [
        ({"price": 0.0, "strike": 6100.0}, PricingStatus.BELOW_INTRINSIC),
        ({"price": -1.0, "strike": 6100.0}, PricingStatus.BELOW_INTRINSIC),
        ({"price": INTRINSIC, "strike": 5900.0}, PricingStatus.BELOW_INTRINSIC),
        ({"price": INTRINSIC * (1 + 1e-15), "strike": 5900.0}, PricingStatus.BELOW_INTRINSIC),
        ({"price": INTRINSIC - 0.05, "strike": 5900.0}, PricingStatus.BELOW_INTRINSIC),
        ({"price": INTRINSIC, "strike": 6100.0, "is_call": False}, PricingStatus.BELOW_INTRINSIC),
        ({"price": 5e-324, "strike": 6100.0}, PricingStatus.BELOW_INTRINSIC),
        ({"price": FORWARD * DISCOUNT, "strike": 6000.0}, PricingStatus.ABOVE_MAXIMUM),
        ({"price": 7000.0, "strike": 6000.0}, PricingStatus.ABOVE_MAXIMUM),
        ({"price": 6000.0, "strike": 6000.0, "is_call": False}, PricingStatus.ABOVE_MAXIMUM),
        ({"price": 0.05, "strike": 1e-3, "is_call": False}, PricingStatus.ABOVE_MAXIMUM),
        ({"price": NAN, "strike": 6000.0}, PricingStatus.BAD_INPUT),
        ({"price": INF, "strike": 6000.0}, PricingStatus.BAD_INPUT),
        ({"price": -INF, "strike": 6000.0}, PricingStatus.BAD_INPUT),
        ({"price": 1.0, "strike": 6000.0, "years": 0.0}, PricingStatus.BAD_INPUT),
        ({"price": 1.0, "strike": 6000.0, "years": -1e-5}, PricingStatus.BAD_INPUT),
        ({"price": 1.0, "strike": 6000.0, "years": NAN}, PricingStatus.BAD_INPUT),
        ({"price": 1.0, "strike": 6000.0, "years": 5e-324}, PricingStatus.BAD_INPUT),
        ({"price": 1.0, "strike": 6000.0, "years": 101.0}, PricingStatus.BAD_INPUT),
        ({"price": 1.0, "strike": 6000.0, "forward": 2e12}, PricingStatus.BAD_INPUT),
        ({"price": 1e-9, "strike": 6000.0, "forward": 5e-7}, PricingStatus.BAD_INPUT),
        ({"price": 1.0, "strike": 2e12}, PricingStatus.BAD_INPUT),
        ({"price": 1e-9, "strike": 5e-7, "is_call": False}, PricingStatus.BAD_INPUT),
        ({"price": 1.0, "strike": 0.0}, PricingStatus.BAD_INPUT),
        ({"price": 1.0, "strike": -5.0}, PricingStatus.BAD_INPUT),
        ({"price": 1.0, "strike": NAN}, PricingStatus.BAD_INPUT),
        ({"price": 1.0, "strike": INF}, PricingStatus.BAD_INPUT),
        ({"price": 1.0, "strike": 6000.0, "forward": 0.0}, PricingStatus.BAD_INPUT),
        ({"price": 1.0, "strike": 6000.0, "forward": NAN}, PricingStatus.BAD_INPUT),
        ({"price": 1.0, "strike": 6000.0, "forward": INF}, PricingStatus.BAD_INPUT),
        ({"price": 1.0, "strike": 6000.0, "rate": NAN}, PricingStatus.BAD_INPUT),
        ({"price": 1.0, "strike": 6000.0, "rate": 2.0}, PricingStatus.BAD_INPUT),
        ({"price": 1e-100, "strike": 6000.0}, PricingStatus.NO_CONVERGENCE),
    ],
)
def test_price_without_a_volatility_is_named_and_never_answered(case, expected):
    iv, status = implied(**case)

    assert status is expected
    assert math.isnan(iv)


@pytest.mark.parametrize(
    ("case", "iv"),
    [
        ({"price": 0.05, "strike": 6400.0}, 1.1606),
        ({"price": 1e-300, "strike": 6100.0}, 0.02416),
        ({"price": INTRINSIC + 1e-10, "strike": 5900.0}, None),
        ({"price": DISCOUNT * 100.0 + 0.01, "strike": 5900.0}, None),
        ({"price": 0.025, "strike": 3000.0, "is_call": False}, None),
        ({"price": 0.5, "strike": 6000.0, "years": 1 / 31_536_000}, None),
        ({"price": 5999.0 * DISCOUNT, "strike": 6000.0}, None),
        ({"price": DISCOUNT * 6000.0 * (1 - 1e-15), "strike": 6000.0}, None),
    ],
)
def test_extreme_price_is_solved_and_gives_its_price_back(case, iv):
    found, status = implied(**case)

    assert status is PricingStatus.OK
    if iv is not None:
        assert found == pytest.approx(iv, rel=2e-4)
    back = price_and_greeks(
        found,
        FORWARD,
        np.array([case["strike"]]),
        case.get("years", YEARS),
        RATE,
        np.array([case.get("is_call", True)]),
    )
    assert back.price[0] == pytest.approx(case["price"], rel=1e-12)


@pytest.mark.parametrize("vol", [0.0, -0.1, NAN, INF, 1e-14, 1e5])
def test_volatility_out_of_range_is_bad_input(vol):
    result = price_and_greeks(vol, FORWARD, np.array([6000.0]), YEARS, RATE, np.array([True]))

    assert result.status[0] == PricingStatus.BAD_INPUT
    assert all(math.isnan(getattr(result, name)[0]) for name in ("price", *GREEKS))


def test_option_sixty_sigma_away_is_worth_nothing():
    strike = FORWARD * math.exp(60 * 0.1 * math.sqrt(YEARS))

    result = price_and_greeks(0.1, FORWARD, np.array([strike]), YEARS, RATE, np.array([True]))

    assert result.status[0] == PricingStatus.OK
    assert [getattr(result, name)[0] for name in ("price", *GREEKS)] == [0.0] * 9


# -- random input ----------------------------------------------------------------------------------

ODD = np.array([NAN, INF, -INF, 0.0, -0.0, -1.0, 5e-324, 1e-310, 1e-300, 1e300, 1e-6, 1e12, 100.0])


def wild(rng: np.random.Generator, low: float, high: float, n: int) -> NDArray[np.float64]:
    values = np.exp(rng.uniform(math.log(low), math.log(high), n))
    odd = rng.random(n) < 0.03
    values[odd] = rng.choice(ODD, odd.sum())
    return values


def test_any_input_gets_a_status_and_every_ok_row_gives_its_price_back():
    rng = np.random.default_rng(20260717)
    n = 300_000
    forward, years = wild(rng, 1e-7, 1e13, n), wild(rng, 1e-13, 200, n)
    near = rng.random(n) < 0.7
    is_call = rng.random(n) < 0.5
    rate = rng.uniform(-1.05, 1.05, n)
    with np.errstate(invalid="ignore", over="ignore"):
        beside = forward * np.exp(rng.normal(0, 0.05, n))
        strike = np.where(near, beside, wild(rng, 1e-7, 1e13, n))
        value = np.minimum(forward, strike) * np.exp(rng.uniform(-720, 0, n))
        intrinsic = np.maximum(np.where(is_call, forward - strike, strike - forward), 0)
        price = value + np.where(rng.random(n) < 0.5, intrinsic * np.exp(-rate * years), 0.0)
        odd = rng.random(n) < 0.1
        price[odd] = wild(rng, 1e-310, 1e12, odd.sum())

    result = implied_vol_and_greeks(price, forward, strike, years, rate, is_call)

    ok = result.status == PricingStatus.OK
    figures = np.array(result[:-1])
    assert ok.sum() > 80_000
    assert set(np.unique(result.status)) <= set(PricingStatus)
    assert (result.status == PricingStatus.NO_CONVERGENCE).sum() < 30
    assert np.isfinite(figures[:, ok]).all()
    assert (result.iv[ok] > 0).all()
    assert np.isnan(figures[:, ~ok]).all()
    back = price_and_greeks(
        result.iv[ok], forward[ok], strike[ok], years[ok], rate[ok], is_call[ok]
    )
    assert (back.status == PricingStatus.OK).all()
    assert np.max(np.abs(back.price / price[ok] - 1)) < 2e-12


def test_ordinary_same_day_chains_never_fail():
    rng = np.random.default_rng(7)
    n = 200_000
    years = np.exp(rng.uniform(math.log(10), math.log(23_400), n)) / 31_536_000
    vol = np.exp(rng.uniform(math.log(0.05), math.log(3.0), n))
    sigmas = rng.uniform(-8, 8, n)
    strike = FORWARD * np.exp(sigmas * vol * np.sqrt(years))
    is_call = strike > FORWARD
    rate = rng.uniform(0, 0.06, n)
    price = price_and_greeks(vol, FORWARD, strike, years, rate, is_call).price

    result = implied_vol_and_greeks(price, FORWARD, strike, years, rate, is_call)

    assert (result.status == PricingStatus.OK).all()
    assert np.max(np.abs(result.iv / vol - 1)) < 1e-12


# -- the array interface --------------------------------------------------------------------------


def chain(n: int = 21) -> tuple[NDArray[np.float64], NDArray[np.bool]]:
    strike = np.linspace(5950.0, 6050.0, n)
    return strike, strike >= FORWARD


def test_floats_and_arrays_give_the_same_chain():
    strike, is_call = chain()
    full = np.ones_like(strike)

    scalar = price_and_greeks(0.15, FORWARD, strike, YEARS, RATE, is_call)
    vector = price_and_greeks(
        0.15 * full, FORWARD * full, strike, YEARS * full, RATE * full, is_call
    )

    np.testing.assert_array_equal(np.array(scalar), np.array(vector))


def test_any_layout_type_and_flag_of_input_gives_the_same_chain():
    strike, is_call = chain()
    spread_out = np.repeat(strike, 3)[::3]
    frozen = is_call.copy()
    frozen.flags.writeable = False

    plain = price_and_greeks(0.25, FORWARD, strike, YEARS, RATE, is_call)
    other = price_and_greeks(
        np.float32(0.25), int(FORWARD), spread_out, np.array(YEARS), [RATE], frozen
    )

    np.testing.assert_array_equal(np.array(plain), np.array(other))


def test_inputs_are_left_alone_and_results_are_read_only():
    strike, is_call = chain()
    vol = np.full_like(strike, 0.15)

    priced = price_and_greeks(vol, FORWARD, strike, YEARS, RATE, is_call)
    implied_chain = implied_vol_and_greeks(priced.price, FORWARD, strike, YEARS, RATE, is_call)

    assert (vol == 0.15).all()
    for column in (*priced, *implied_chain):
        with pytest.raises(ValueError, match="read-only"):
            column[0] = 0


def test_empty_chain_gives_empty_columns():
    result = implied_vol_and_greeks(
        np.empty(0), FORWARD, np.empty(0), YEARS, RATE, np.empty(0, dtype=bool)
    )

    assert [column.shape for column in result] == [(0,)] * 10


def test_column_of_another_length_raises_with_both_shapes():
    strike, is_call = chain()

    with pytest.raises(ValueError, match=r"Expected floats or arrays of shape \(21,\), was .*20"):
        implied_vol_and_greeks(np.ones(20), FORWARD, strike, YEARS, RATE, is_call)


def test_two_dimensional_chain_raises():
    with pytest.raises(ValueError, match=r"Expected is_call of shape \(n,\), was \(3, 7\)"):
        price_and_greeks(0.15, FORWARD, np.ones(21), YEARS, RATE, chain()[1].reshape(3, 7))


def test_signs_in_place_of_booleans_raise():
    strike, is_call = chain()

    with pytest.raises(TypeError, match="Expected is_call of bool, was int64"):
        price_and_greeks(0.15, FORWARD, strike, YEARS, RATE, np.where(is_call, 1, -1))
