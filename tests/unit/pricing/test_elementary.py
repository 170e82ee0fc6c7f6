"""The branch-free functions against mpmath, to the precision their module states."""

import math
from collections.abc import Callable

import mpmath as mp
import numpy as np
import pytest

from autotrade_0dte.pricing import elementary

RNG = np.random.default_rng(3)


def worst(
    function: Callable[[float], float], exact: Callable[[mp.mpf], mp.mpf], at: list[float]
) -> float:
    with mp.workdps(40):
        return max(float(abs(function(x) / exact(mp.mpf(x)) - 1)) for x in at)


def test_exp_is_exact_to_rounding():
    at = [*RNG.uniform(-708, 700, 300).tolist(), 0.0, 1e-20, -1e-20, 0.34657, -0.34657]
    assert worst(elementary.exp, mp.exp, at) < 4e-16


def test_exp_underflows_to_zero_and_keeps_nan():
    assert elementary.exp(-708.1) == 0.0
    assert elementary.exp(-math.inf) == 0.0
    assert math.isnan(elementary.exp(math.nan))


def test_log_is_exact_to_rounding():
    at = [*np.exp(RNG.uniform(-700, 700, 200)).tolist(), *RNG.uniform(0.5, 2.0, 200).tolist()]
    assert worst(elementary.log, mp.log, at) < 4e-16


def test_log1p_is_exact_to_rounding():
    at = [*np.exp(RNG.uniform(-40, 60, 300)).tolist(), *RNG.uniform(0.3, 0.5, 200).tolist()]
    assert worst(elementary.log1p, mp.log1p, at) < 6e-16
    assert elementary.log1p(0.0) == 0.0


def test_mills_ratio_is_exact_to_a_few_roundings():
    def exact(a: mp.mpf) -> mp.mpf:
        return mp.sqrt(mp.pi / 2) * mp.exp(a * a / 2) * mp.erfc(a / mp.sqrt(2))

    at = [0.0, *RNG.uniform(0, 5, 300).tolist(), *np.exp(RNG.uniform(0, 12, 200)).tolist()]
    assert worst(elementary.mills_ratio, exact, at) < 1e-15


@pytest.mark.parametrize(("x", "nearest"), [(0.0, 0), (0.4, 0), (0.6, 1), (62.7, 63), (511.2, 511)])
def test_nearest_integer_is_an_index_and_a_float(x, nearest):
    assert elementary.nearest(x) == (nearest, float(nearest))
