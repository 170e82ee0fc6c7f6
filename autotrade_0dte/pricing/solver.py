"""Total volatility of one row, by a bracketed iteration that cannot leave a root behind.

Notation here and in `kernel`: x = |ln(F/K)|; s = sigma * sqrt(T), the total volatility;
h = -x / s; t = s / 2; the normalised out-of-the-money price is
b(s) = e**(h*t) Phi(h + t) - e**(-h*t) Phi(h - t), all in the notation of P. Jaeckel, "Let's be
rational" (2015). With the ratio M(z) = Phi(z) / phi(z): b / b' = M(h + t) - M(h - t).
"""
# Coverage cannot trace compiled code, hence the pragmas on jitted functions.

import math
from enum import IntEnum

from autotrade_0dte.pricing.elementary import FIRST_GUESS, log1p, mills_ratio, nearest
from autotrade_0dte.pricing.jit import inlined

__all__ = [
    "MAXIMUM_TOTAL_VOL", "MINIMUM_TOTAL_VOL", "SERIES_END", "PricingStatus", "first_guess",
    "householder_step", "is_certain", "log_price_error", "price_over_vega",
    "price_over_vega_series", "total_vol",
]  # fmt: skip


class PricingStatus(IntEnum):
    """What became of one row; every figure of a row that is not OK is NaN.

    OK
        Solved.
    BAD_INPUT
        An input is NaN, infinite or outside its range.
    BELOW_INTRINSIC
        The price holds no time value, or none beyond its own rounding.
    ABOVE_MAXIMUM
        The price reaches the discounted forward (call) or strike (put): no volatility is so high.
    NO_CONVERGENCE
        No total volatility in [1e-12, 100] reproduces the price.
    """

    OK = 0
    BAD_INPUT = 1
    BELOW_INTRINSIC = 2
    ABOVE_MAXIMUM = 3
    NO_CONVERGENCE = 4


MINIMUM_TOTAL_VOL, MAXIMUM_TOTAL_VOL = 1e-12, 100.0
SERIES_END = 0.05  # below this t the series of `price_over_vega_series` is exact to rounding
_SQRT_2PI = math.sqrt(2.0 * math.pi)
_LN_SQRT_2PI = 0.5 * math.log(2.0 * math.pi)


@inlined
def first_guess(price: float, x: float) -> float:  # pragma: no cover
    """Return a total volatility near the root: its relative error is of order s**4.

    Bachelier's formula inverted by a table in u, with the next order in s that turns a normal
    into a lognormal volatility. The table ends at prices under 1e-27 of |F - K|; below them the
    guess is rough.
    """
    stretch = 1.0 + x * x * (1 / 24 + x * x * (1 / 1920))  # |F - K| / sqrt(F K) over x
    ratio = x * stretch / price
    ratio = ratio if ratio > 1e-5 else 1e-5
    u = log1p(ratio)
    y = u * 8.0 - 0.5
    y = y if y > 0.0 else 0.0
    y = y if y < 511.0 else 511.0
    index, whole = nearest(y)
    w = u * 8.0 - 0.5 - whole
    w = w if w < 0.5 else 0.5
    i = index * 4
    slope = ((FIRST_GUESS[i + 3] * w + FIRST_GUESS[i + 2]) * w + FIRST_GUESS[i + 1]) * w
    s = price * ratio / (u * (slope + FIRST_GUESS[i]) * stretch)
    s = s if s < 1.5 else 1.5
    return s * (1.0 + s * s * (1 / 24))


@inlined
def price_over_vega_series(h: float, t: float) -> float:  # pragma: no cover
    """Return b / b' = M(h + t) - M(h - t) for h <= 0 <= t < SERIES_END: odd Taylor terms in t."""
    m0 = mills_ratio(-h)
    m1 = 1.0 + h * m0
    m2 = m0 + h * m1
    m3 = 2.0 * m1 + h * m2
    m4 = 3.0 * m2 + h * m3
    m5 = 4.0 * m3 + h * m4
    m6 = 5.0 * m4 + h * m5
    m7 = 6.0 * m5 + h * m6
    tt = t * t
    return 2.0 * t * (m1 + tt * (m3 * (1 / 6) + tt * (m5 * (1 / 120) + tt * (m7 * (1 / 5040)))))


@inlined
def _cdf_over_pdf(z: float) -> float:  # pragma: no cover
    if z <= 0.0:
        return mills_ratio(-z)
    return _SQRT_2PI * math.exp(0.5 * z * z) - mills_ratio(z)


@inlined
def price_over_vega(h: float, t: float) -> float:  # pragma: no cover
    """Return b / b' for any t > 0; infinite where h + t > 37."""
    if t < SERIES_END:
        return price_over_vega_series(h, t)
    return _cdf_over_pdf(h + t) - _cdf_over_pdf(h - t)


@inlined
def log_price_error(log_ratio: float, h: float, t: float) -> float:  # pragma: no cover
    """Return ln b(s) - ln(price), given ln of (b / b') / price."""
    return log_ratio - 0.5 * (h * h + t * t) - _LN_SQRT_2PI


@inlined
def householder_step(error: float, q: float, h: float, t: float) -> float:  # pragma: no cover
    """Return the third-order Householder step in ln s for `error` = ln b - ln price, q = b / b'."""
    g = 2.0 * t / q
    squares = h * h + t * t
    a = 1.0 - g + h * h - t * t
    newton = -error / g
    third = a * a - g * a - 2.0 * squares
    return newton * (1.0 + 0.5 * newton * a) / (1.0 + newton * (a + newton * third * (1 / 6)))


@inlined
def is_certain(step: float, h: float, t: float) -> bool:  # pragma: no cover
    """Return whether the root is known to rounding after `step`.

    The step is of order 4 and the curvature of ln b in ln s at most of order 1 + h**2 + t**2.
    """
    curved = step * (1.0 + h * h + t * t)
    return abs(step * curved * curved * curved) < 1e-14


@inlined
def total_vol(price: float, x: float) -> float:  # pragma: no cover
    """Return s with b(s) = price for 0 < price < e**(-x / 2), or NaN if there is none in range."""
    log_price = math.log(price)
    low, high = MINIMUM_TOTAL_VOL, MAXIMUM_TOTAL_VOL
    s = min(max(first_guess(price, x), low), high)
    for _ in range(200):
        h, t = -x / s, 0.5 * s
        q = price_over_vega(h, t)
        error = log_price_error(math.log(q) - log_price, h, t)
        if error < 0.0:
            low = s
        else:  # also where q overflows: there s is far too high
            high = s
        step = householder_step(error, q, h, t)
        following = s * math.exp(step)
        if is_certain(step, h, t):
            inside = MINIMUM_TOTAL_VOL < following < MAXIMUM_TOTAL_VOL
            return following if inside else math.nan
        if not low < following < high:
            following = math.sqrt(low * high)
        if following in (low, high):  # the bracket has closed on the last digit
            inside = low > MINIMUM_TOTAL_VOL and high < MAXIMUM_TOTAL_VOL
            return following if inside else math.nan
        s = following
    return math.nan
