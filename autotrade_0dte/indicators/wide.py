"""Integers of 128 bits for compiled code: sums that are exact however large they grow.

A number is a pair of unsigned halves, high and low, in two's complement.
"""

import math

import numpy as np

from autotrade_0dte.pricing.jit import strict_kernel

__all__ = ["Wide", "difference", "product", "ratio", "scaled", "total"]

type Wide = tuple[np.uint64, np.uint64]

_HALF = np.uint64(32)
_LOWER = np.uint64(0xFFFF_FFFF)
_NONE, _ONE = np.uint64(0), np.uint64(1)
_TOP = np.uint64(1 << 63)
_SECOND = np.uint64(1 << 62)

# Compiled, so coverage cannot see the bodies; the property tests compare them with Python's own.


@strict_kernel
def total(a: Wide, b: Wide) -> Wide:  # pragma: no cover
    """Return a + b."""
    low = a[1] + b[1]
    return a[0] + b[0] + (_ONE if low < a[1] else _NONE), low


@strict_kernel
def difference(a: Wide, b: Wide) -> Wide:  # pragma: no cover
    """Return a - b."""
    return a[0] - b[0] - (_ONE if a[1] < b[1] else _NONE), a[1] - b[1]


@strict_kernel
def _full(a: np.uint64, b: np.uint64) -> Wide:  # pragma: no cover
    """Return the product of two unsigned halves, by halves of theirs."""
    a1, a0 = a >> _HALF, a & _LOWER
    b1, b0 = b >> _HALF, b & _LOWER
    low = a0 * b0
    middle = a1 * b0 + (low >> _HALF)
    other = a0 * b1 + (middle & _LOWER)
    high = a1 * b1 + (middle >> _HALF) + (other >> _HALF)
    return high, (other << _HALF) | (low & _LOWER)


@strict_kernel
def product(a: int, b: int) -> Wide:  # pragma: no cover
    """Return a * b of two int64."""
    size = _full(np.uint64(abs(a)), np.uint64(abs(b)))
    return difference((_NONE, _NONE), size) if (a < 0) != (b < 0) else size


@strict_kernel
def scaled(a: Wide, times: int) -> Wide:  # pragma: no cover
    """Return a * times; `times` is not negative."""
    factor = np.uint64(times)
    high, low = _full(a[1], factor)
    return high + a[0] * factor, low


@strict_kernel
def ratio(a: Wide, b: Wide) -> float:  # pragma: no cover
    """Return a / b, correctly rounded as Python divides integers.

    Both are below 2**126 in size, and b is above zero.
    """
    negative = (a[0] & _TOP) != _NONE
    rest = difference((_NONE, _NONE), a) if negative else a
    if rest[0] == _NONE and rest[1] == _NONE:
        return 0.0
    # Both shifted to one bit below the top: the quotient is then between a half and two.
    exponent = 0
    divisor = b
    while not rest[0] & _SECOND:
        rest = total(rest, rest)
        exponent -= 1
    while not divisor[0] & _SECOND:
        divisor = total(divisor, divisor)
        exponent += 1
    quotient = _NONE
    for _ in range(64):
        quotient <<= _ONE
        if rest[0] > divisor[0] or (rest[0] == divisor[0] and rest[1] >= divisor[1]):
            rest = difference(rest, divisor)
            quotient |= _ONE
        rest = total(rest, rest)
    # What is left matters to the rounding of ties alone: any bit far enough to the right says so.
    if rest[0] | rest[1]:
        quotient |= _ONE
    value = math.ldexp(float(quotient), exponent - 63)
    return -value if negative else value
