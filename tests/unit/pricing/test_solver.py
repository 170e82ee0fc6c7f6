"""The two properties that make one vectorized step enough: a close guess and a step of order 4."""

import math

import mpmath as mp
import pytest

from autotrade_0dte.pricing.solver import first_guess, householder_step, is_certain, total_vol


def normalised_price(s: float, sigmas: float) -> mp.mpf:
    """Return the out-of-the-money Black price over sqrt(F K), at |ln(F/K)| = sigmas * s."""
    with mp.workdps(40):
        h, t = -mp.mpf(sigmas), mp.mpf(s) / 2
        return mp.exp(h * t) * mp.ncdf(h + t) - mp.exp(-h * t) * mp.ncdf(h - t)


@pytest.mark.parametrize("s", [1e-6, 1e-4, 0.01, 0.09])
@pytest.mark.parametrize("sigmas", [0.0, 0.03, 0.5, 1.0, 2.5, 5.0, 8.0])
def test_guess_is_close_enough_for_one_step(s, sigmas):
    guess = first_guess(float(normalised_price(s, sigmas)), sigmas * s)

    assert guess == pytest.approx(s, rel=2e-6 if sigmas else 1e-5)


@pytest.mark.parametrize("s", [0.01, 0.3, 2.0])
@pytest.mark.parametrize("sigmas", [0.0, 0.5, 2.0, 5.0])
def test_error_after_a_step_is_of_order_four(s, sigmas):
    def left_after_a_step(off: float) -> float:
        start = s * math.exp(off)
        h, t = -sigmas * s / start, start / 2
        with mp.workdps(40):
            q = mp.ncdf(h + t) / mp.npdf(h + t) - mp.ncdf(h - t) / mp.npdf(h - t)
            error = mp.log(normalised_price(start, -h) / normalised_price(s, sigmas))
            step = householder_step(float(error), float(q), h, t)
        return abs(step + off)

    curvature = 1 + sigmas**2 + s**2
    for off in (0.02, -0.02, 0.005):
        assert left_after_a_step(off / curvature) < (off / curvature) ** 4 * curvature**3


def test_certain_step_is_smaller_where_the_price_curves_more():
    assert is_certain(2e-4, 0.0, 0.01)
    assert not is_certain(2e-4, -8.0, 0.01)
    assert not is_certain(math.nan, -1.0, 0.01)


@pytest.mark.parametrize("s", [1e-11, 1e-3, 0.2, 1.0, 5.0])
@pytest.mark.parametrize("sigmas", [0.0, 0.5, 3.0, 8.0, 30.0, 36.0])
def test_root_is_found_over_the_whole_range(s, sigmas):
    price = float(normalised_price(s, sigmas))

    assert total_vol(price, sigmas * s) == pytest.approx(s, rel=2e-13)


def test_no_root_is_returned_outside_the_range():
    just_below = 1e-12 * (1 - 1e-6) / math.sqrt(2 * math.pi)

    assert math.isnan(total_vol(just_below, 0.0))
    assert math.isnan(total_vol(1e-200, 0.0))
