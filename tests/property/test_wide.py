"""Arithmetic of 128 bits against Python's own integers."""

import numpy as np
from hypothesis import example, given
from hypothesis import strategies as st

from autotrade_0dte.indicators.wide import Wide, difference, product, ratio, scaled, total

HALF = 1 << 64
halves = st.integers(-(1 << 63) + 1, (1 << 63) - 1)
small = st.integers(0, 100_000)
wide = st.integers(-(1 << 110), 1 << 110)
positive = st.one_of(st.integers(1, 1 << 110), st.integers(1, 1_000))


def stored(number: int) -> Wide:
    return np.uint64((number >> 64) % HALF), np.uint64(number % HALF)


def read(number: Wide) -> int:
    found = int(number[0]) * HALF + int(number[1])
    return found - (HALF * HALF if found >> 127 else 0)


@given(wide, wide)
def test_sum_and_difference_are_exact(a: int, b: int) -> None:
    assert read(total(stored(a), stored(b))) == a + b
    assert read(difference(stored(a), stored(b))) == a - b


@given(halves, halves)
def test_product_of_two_integers_is_exact(a: int, b: int) -> None:
    assert read(product(a, b)) == a * b


@given(wide, small)
def test_multiple_is_exact(a: int, times: int) -> None:
    assert read(scaled(stored(a), times)) == a * times


@given(wide, positive)
@example(0, 1)
@example(-1, 3)
@example((1 << 53) + 1, 1)
@example((1 << 54) + 3, 2)
@example(((1 << 53) + 1) * 3 + 1, 3)
@example(1, 1 << 110)
def test_ratio_is_rounded_as_python_rounds_it(a: int, b: int) -> None:
    assert ratio(stored(a), stored(b)) == a / b


@given(st.integers((1 << 53) + 1, (1 << 55) - 1), st.integers(1, 1 << 50), st.integers(-1, 1))
def test_ratio_at_and_beside_a_tie_is_rounded_as_python_rounds_it(
    quotient: int, b: int, beside: int
) -> None:
    a = quotient * b + beside
    assert ratio(stored(a), stored(b)) == a / b
