"""The compiled loops: implied total volatility, price and Greeks of a whole chain.

Pass 1 takes one Householder step from a tabulated guess, without a branch, for all rows together;
its size certifies the row. Pass 2 sends every other row through the checks and `solver`. Pass 3
forms the Greeks from total volatilities, again without a branch: a NaN flows through it.
"""
# Coverage cannot trace compiled code, hence the pragmas on jitted functions.

import math

import numpy as np
from numpy.typing import NDArray

from autotrade_0dte.pricing.elementary import exp, log, log1p, mills_ratio
from autotrade_0dte.pricing.jit import inlined, kernel
from autotrade_0dte.pricing.solver import (
    MAXIMUM_TOTAL_VOL,
    MINIMUM_TOTAL_VOL,
    SERIES_END,
    PricingStatus,
    first_guess,
    householder_step,
    is_certain,
    log_price_error,
    price_over_vega,
    price_over_vega_series,
    total_vol,
)

__all__ = ["implied_rows", "priced_rows"]

_OK = np.int8(PricingStatus.OK)
_BAD_INPUT = np.int8(PricingStatus.BAD_INPUT)
_BELOW_INTRINSIC = np.int8(PricingStatus.BELOW_INTRINSIC)
_ABOVE_MAXIMUM = np.int8(PricingStatus.ABOVE_MAXIMUM)
_NO_CONVERGENCE = np.int8(PricingStatus.NO_CONVERGENCE)

_ONE_OVER_SQRT_2PI = 1.0 / math.sqrt(2.0 * math.pi)
# A time value this small a part of the price is the rounding of the price.
_ROUNDING = 8.0 * 2.0**-52
# Under this the normalised price is within reach of denormal numbers.
_LEAST_NORMALISED = 1e-305


@inlined
def _in_range(forward: float, strike: float, years: float, rate: float) -> bool:  # pragma: no cover
    return (
        (forward >= 1e-6)
        & (forward <= 1e12)
        & (strike >= 1e-6)
        & (strike <= 1e12)
        & (years >= 1e-12)
        & (years <= 100.0)
        & (abs(rate) <= 1.0)
    )


@inlined
def _log_moneyness(forward: float, strike: float) -> float:  # pragma: no cover
    # |ln(F/K)|, exact to rounding near the money too
    lower = forward if forward < strike else strike
    return log1p(abs(forward - strike) / lower)


@inlined
def _intrinsic(forward: float, strike: float, is_call: float) -> float:  # pragma: no cover
    value = forward - strike if is_call > 0.5 else strike - forward
    return value if value > 0.0 else 0.0


@kernel
def implied_rows(
    inputs: NDArray[np.float64], out: NDArray[np.float64], status: NDArray[np.int8]
) -> None:  # pragma: no cover
    """Fill `out` (9, n) with implied volatility and Greeks, and `status` (n,).

    `inputs` (6, n): price, forward, strike, years, rate, is_call (0 or 1).
    """
    price, forward, strike = inputs[0], inputs[1], inputs[2]
    years, rate, is_call = inputs[3], inputs[4], inputs[5]
    s_row = out[0]
    for i in range(price.shape[0]):
        f, k = forward[i], strike[i]
        intrinsic = _intrinsic(f, k, is_call[i])
        undiscounted = price[i] / exp(-rate[i] * years[i])
        value = undiscounted - intrinsic
        x = _log_moneyness(f, k)
        normalised = value / math.sqrt(f * k)
        s = first_guess(normalised, x)
        h, t = -x / s, 0.5 * s
        q = price_over_vega_series(h, t)
        step = householder_step(log_price_error(log(q / normalised), h, t), q, h, t)
        certain = (
            is_certain(step, h, t)
            & (t < SERIES_END)
            & (s > 2.0 * MINIMUM_TOTAL_VOL)
            & (value > _ROUNDING * undiscounted)
            & _in_range(f, k, years[i], rate[i])
        )
        s = s * (1.0 + step * (1.0 + step * (0.5 + step * (1 / 6))))
        s_row[i] = s if certain else math.nan
    for i in range(price.shape[0]):
        status[i] = _OK
        if math.isnan(s_row[i]):
            status[i], s_row[i] = _checked_total_vol(inputs, i)
    _fill_greeks(inputs, out)


@inlined
def _checked_total_vol(
    inputs: NDArray[np.float64], i: int
) -> tuple[np.int8, float]:  # pragma: no cover
    price, forward, strike = inputs[0, i], inputs[1, i], inputs[2, i]
    years, rate, is_call = inputs[3, i], inputs[4, i], inputs[5, i]
    if not (_in_range(forward, strike, years, rate) and abs(price) < math.inf):
        return _BAD_INPUT, math.nan
    undiscounted = price / math.exp(-rate * years)
    value = undiscounted - _intrinsic(forward, strike, is_call)
    if value <= _ROUNDING * undiscounted:
        return _BELOW_INTRINSIC, math.nan
    if value >= min(forward, strike):
        return _ABOVE_MAXIMUM, math.nan
    normalised = value / math.sqrt(forward * strike)
    if normalised < _LEAST_NORMALISED:
        return _BELOW_INTRINSIC, math.nan
    s = total_vol(normalised, _log_moneyness(forward, strike))
    return (_NO_CONVERGENCE, s) if math.isnan(s) else (_OK, s)


@kernel
def priced_rows(
    inputs: NDArray[np.float64], out: NDArray[np.float64], status: NDArray[np.int8]
) -> None:  # pragma: no cover
    """Fill `out` (9, n) with price and Greeks, and `status` (n,).

    `inputs` (6, n): volatility, forward, strike, years, rate, is_call (0 or 1); the first row is
    overwritten by the price.
    """
    vol, forward, strike = inputs[0], inputs[1], inputs[2]
    years, rate, is_call = inputs[3], inputs[4], inputs[5]
    s_row = out[0]
    for i in range(vol.shape[0]):
        f, k = forward[i], strike[i]
        s = vol[i] * math.sqrt(years[i])
        valid = (
            (s >= MINIMUM_TOTAL_VOL) & (s <= MAXIMUM_TOTAL_VOL) & _in_range(f, k, years[i], rate[i])
        )
        s_row[i] = s if valid else math.nan
        status[i] = _OK if valid else _BAD_INPUT
    for i in range(vol.shape[0]):
        f, k = forward[i], strike[i]
        h, t = -_log_moneyness(f, k) / s_row[i], 0.5 * s_row[i]
        q = price_over_vega_series(h, t)
        vega = math.sqrt(f * k) * _ONE_OVER_SQRT_2PI * exp(-0.5 * (h * h + t * t))
        vol[i] = exp(-rate[i] * years[i]) * (_intrinsic(f, k, is_call[i]) + vega * q)
    for i in range(vol.shape[0]):
        if s_row[i] >= 2.0 * SERIES_END:
            f, k = forward[i], strike[i]
            value = _wide_time_value(f, k, s_row[i])
            vol[i] = math.exp(-rate[i] * years[i]) * (_intrinsic(f, k, is_call[i]) + value)
    _fill_greeks(inputs, out)
    out[0] = vol


@inlined
def _wide_time_value(forward: float, strike: float, s: float) -> float:  # pragma: no cover
    x = _log_moneyness(forward, strike)
    h, t = -x / s, 0.5 * s
    q = price_over_vega(h, t)
    vega = math.sqrt(forward * strike) * _ONE_OVER_SQRT_2PI * math.exp(-0.5 * (h * h + t * t))
    return vega * q


@inlined
def _fill_greeks(inputs: NDArray[np.float64], out: NDArray[np.float64]) -> None:  # pragma: no cover
    # Row 0 of `out` comes in as total volatility and leaves as volatility.
    price, forward, strike = inputs[0], inputs[1], inputs[2]
    years, rate, is_call = inputs[3], inputs[4], inputs[5]
    first, delta, gamma, vega, theta = out[0], out[1], out[2], out[3], out[4]
    rho, vanna, charm, speed = out[5], out[6], out[7], out[8]
    for i in range(price.shape[0]):
        s, f, years_i, rate_i = first[i], forward[i], years[i], rate[i]
        x = _log_moneyness(f, strike[i])
        x = x if f > strike[i] else -x
        root = math.sqrt(years_i)
        discount = exp(-rate_i * years_i)
        x_over_s = x / s
        d1 = x_over_s + 0.5 * s
        d2 = x_over_s - 0.5 * s
        density = _ONE_OVER_SQRT_2PI * exp(-0.5 * d1 * d1)
        tail = density * mills_ratio(abs(d1))
        sign = 1.0 if is_call[i] > 0.5 else -1.0
        probability = tail if sign * d1 <= 0.0 else 1.0 - tail
        sigma = s / root
        discounted = discount * density
        delta_i = discount * sign * probability
        gamma_i = discounted / (f * s)
        vega_i = discounted * f * root
        first[i] = sigma
        delta[i] = delta_i
        gamma[i] = gamma_i
        vega[i] = vega_i
        theta[i] = rate_i * price[i] - 0.5 * vega_i * sigma / years_i
        rho[i] = -years_i * price[i] if s > 0.0 else math.nan
        vanna[i] = -discounted * d2 / sigma
        charm[i] = rate_i * delta_i + 0.5 * discounted * d2 / years_i
        speed[i] = -gamma_i / f * (1.0 + d1 / s)
