"""Chain analytics, computed per strike in compiled loops.

Formulas
--------
ATM volatility
    Linear in total variance between the two strikes around the forward.
Skew
    25-delta risk reversal, put less call; each wing linear in delta between bracketing strikes.
GEX
    ``gamma * open interest * multiplier * spot^2 * move``, calls +, puts -: assumes that dealers
    are long calls and short puts (SqueezeMetrics, "Gamma Exposure", 2016). Open interest is
    yesterday's and the dealers' side a guess, so read it as a state, not as a position.
GEX flip
    The profile revalued at other levels of the underlying, volatility sticky to the strike, on a
    grid of quarter standard deviations out to three; the sign change nearest to the forward.
Implied move
    ``E|S_T - F| = 2 F (2 N(atm_iv sqrt(T) / 2) - 1)``, the undiscounted straddle at the forward;
    about 0.8 F sigma sqrt(T) (Brenner and Subrahmanyam, 1988).
Variance gauge
    ``(2/T) sum dK/K^2 Q(K)/D - (1/T) (F/K0 - 1)^2``, the VIX of one expiry (Cboe, "Volatility
    Index Methodology"), with the chain's own time to expiry and no 30-day interpolation.
Liquidity
    Mean over the strikes near the money of ``1/(1 + spread/half) * depth/(depth + half)`` of the
    out-of-the-money option, 0 where it has no fresh two-sided quote.
"""

import math

import numpy as np
from numpy.typing import NDArray

from autotrade_0dte.chain.quality import UNUSABLE, QuoteFlag
from autotrade_0dte.pricing.jit import strict_kernel

__all__ = ["gamma_exposure", "near_money", "quote_counts", "volatility"]

type Floats = NDArray[np.float64]
type Bytes = NDArray[np.int8]
type Rows = NDArray[np.int64]

_CROSSED = int(QuoteFlag.CROSSED)
_STALE = int(QuoteFlag.STALE)
_NO_INFORMATION = int(QuoteFlag.NO_INFORMATION)
_UNUSABLE = int(UNUSABLE)
_CALL = 0
_PUT = 1
_OTM = 2
_SKEW_DELTA = 0.25
_GRID_STEP = 0.25
_GRID_STEPS = 12

# Compiled, so coverage cannot see the bodies; the unit tests run each on a hand-worked chain.
# `rows` has shape (3, strikes): the call's row, the put's row (-1 if not listed), the OTM one.


@strict_kernel
def _interpolated(
    x: float, x0: float, y0: float, x1: float, y1: float
) -> float:  # pragma: no cover
    return y0 if x1 == x0 else y0 + (y1 - y0) * (x - x0) / (x1 - x0)


@strict_kernel
def _atm(  # pragma: no cover
    forward: float, band: float, strike: Floats, iv: Floats, fit: NDArray[np.bool_]
) -> tuple[float, int, int]:
    below = above = -1
    for j in range(strike.size):
        if fit[j] and strike[j] <= forward:
            below = j
        if fit[j] and strike[j] >= forward:
            above = j
            break
    if below < 0 or above < 0:
        return np.nan, -1, -1
    if forward - strike[below] > band or strike[above] - forward > band:
        return np.nan, -1, -1
    low, high = iv[below] ** 2, iv[above] ** 2
    variance = _interpolated(forward, strike[below], low, strike[above], high)
    return math.sqrt(variance), below, above


@strict_kernel
def _wing(  # pragma: no cover
    first: int, stop: int, step: int, delta: Floats, iv: Floats, fit: NDArray[np.bool_]
) -> float:
    """Walk outward from the forward to the pair of strikes whose deltas bracket 25."""
    inner = -1
    for j in range(first, stop, step):
        if not fit[j]:
            continue
        size = abs(delta[j])
        if size <= _SKEW_DELTA:
            if inner < 0 and size < _SKEW_DELTA:
                return np.nan
            k = j if inner < 0 else inner
            return _interpolated(_SKEW_DELTA, abs(delta[k]), iv[k], size, iv[j])
        inner = j
    return np.nan


@strict_kernel
def _gauge(  # pragma: no cover
    forward: float,
    years: float,
    discount: float,
    min_side: int,
    strike: Floats,
    mid: Floats,
    quotes: Floats,
    flags: Bytes,
    rows: Rows,
    first_call: int,
) -> float:
    """VIX of the strip; `first_call` is the first strike at or above the forward."""
    size = strike.size
    center = first_call if first_call < size and strike[first_call] == forward else first_call - 1
    if center < 0 or rows[_CALL, center] < 0 or rows[_PUT, center] < 0:
        return np.nan
    if (flags[rows[_CALL, center]] | flags[rows[_PUT, center]]) & _UNUSABLE:
        return np.nan
    at = np.empty(size)
    value = np.empty(size)
    low = center
    high = center
    at[center] = strike[center]
    value[center] = 0.5 * (mid[rows[_CALL, center]] + mid[rows[_PUT, center]])
    for side in range(2):
        zeros = 0
        step = 1 if side == _CALL else -1
        j = center + step
        while 0 <= j < size and zeros < 2:
            row = rows[side, j]
            if row >= 0:
                if quotes[0, row] == 0.0:
                    zeros += 1
                else:
                    zeros = 0
                    if not flags[row] & _UNUSABLE:
                        if side == _CALL:
                            high += 1
                            k = high
                        else:
                            low -= 1
                            k = low
                        at[k] = strike[j]
                        value[k] = mid[row]
            j += step
    if center - low < min_side or high - center < min_side:
        return np.nan
    total = 0.0
    for k in range(low, high + 1):
        left = at[k - 1] if k > low else at[k]
        right = at[k + 1] if k < high else at[k]
        width = right - left if k in (low, high) else 0.5 * (right - left)
        total += width / at[k] ** 2 * value[k]
    variance = (2.0 * total / discount - (forward / strike[center] - 1.0) ** 2) / years
    return 100.0 * math.sqrt(variance) if variance >= 0.0 else np.nan


@strict_kernel
def _profile(  # pragma: no cover
    level: float, log_strike: Floats, deviation: Floats, density: Floats
) -> float:
    """Sign of the dealers' gamma at a log level of the underlying (scale left out)."""
    total = 0.0
    for j in range(density.size):
        if density[j] != 0.0:
            d1 = (level - log_strike[j]) / deviation[j] + 0.5 * deviation[j]
            if abs(d1) < 8.0:
                total += density[j] * math.exp(-0.5 * d1 * d1)
    return total


@strict_kernel
def _flip(  # pragma: no cover
    forward: float,
    atm_iv: float,
    root_years: float,
    log_strike: Floats,
    iv: Floats,
    rows: Rows,
    open_interest: Floats,
) -> float:
    size = log_strike.size
    deviation = np.empty(size)
    density = np.zeros(size)
    for j in range(size):
        deviation[j] = iv[j] * root_years
        net = 0.0
        if rows[_CALL, j] >= 0:
            net += open_interest[rows[_CALL, j]]
        if rows[_PUT, j] >= 0:
            net -= open_interest[rows[_PUT, j]]
        if net != 0.0 and not math.isnan(net * deviation[j]):
            density[j] = net / deviation[j]
    middle = math.log(forward)
    step = _GRID_STEP * atm_iv * root_years
    up = down = _profile(middle, log_strike, deviation, density)
    for i in range(1, _GRID_STEPS + 1):
        nearest = np.inf
        for way in (1.0, -1.0):
            inner = up if way > 0.0 else down
            outer = _profile(middle + way * i * step, log_strike, deviation, density)
            if inner * outer < 0.0:
                offset = way * step * (i - 1 + inner / (inner - outer))
                if abs(offset) < abs(nearest):
                    nearest = offset
            if way > 0.0:
                up = outer
            else:
                down = outer
        if nearest < np.inf:
            return math.exp(middle + nearest)
    return np.nan


@strict_kernel
def volatility(  # pragma: no cover
    forward: float,
    years: float,
    rate: float,
    band_fraction: float,
    min_strip_strikes: int,
    strike: Floats,
    iv: Floats,
    delta: Floats,
    rows: Rows,
    quotes: Floats,
    ts_event: NDArray[np.int64],
    mid: Floats,
    flags: Bytes,
) -> tuple[float, int, float, float, float]:
    """Return ATM volatility, the time of its newest quote, skew, implied move, variance gauge.

    `iv` and `delta` are of the out-of-the-money option of each strike. The time is 0 if unknown.
    """
    size = strike.size
    fit = np.zeros(size, np.bool_)
    for j in range(size):
        row = rows[_OTM, j]
        fit[j] = row >= 0 and iv[j] > 0.0 and not flags[row] & (_UNUSABLE | _NO_INFORMATION)
    first_call = int(np.searchsorted(strike, forward))

    atm_iv, below, above = _atm(forward, band_fraction * forward, strike, iv, fit)
    atm_ns = 0
    if below >= 0:
        atm_ns = max(ts_event[rows[_OTM, below]], ts_event[rows[_OTM, above]])
    implied_move = 2.0 * forward * math.erf(atm_iv * math.sqrt(years / 8.0))

    skew = _wing(first_call - 1, -1, -1, delta, iv, fit)
    skew -= _wing(first_call, size, 1, delta, iv, fit)

    gauge = np.nan
    if years > 0.0 and forward > 0.0:
        discount = math.exp(-rate * years)
        gauge = _gauge(
            forward, years, discount, min_strip_strikes,
            strike, mid, quotes, flags, rows, first_call,
        )  # fmt: skip
    return atm_iv, atm_ns, skew, implied_move, gauge


@strict_kernel
def gamma_exposure(  # pragma: no cover
    forward: float,
    atm_iv: float,
    years: float,
    min_coverage: float,
    log_strike: Floats,
    iv: Floats,
    rows: Rows,
    open_interest: Floats,
    row_gex: Floats,
) -> tuple[float, float]:
    """Return the sum of `row_gex` and the flip level; NaN below `min_coverage`.

    Coverage is the share of the known open interest whose gamma is known.
    """
    known = priced = total = 0.0
    for row in range(row_gex.size):
        if open_interest[row] >= 0.0:
            known += open_interest[row]
            if not math.isnan(row_gex[row]):
                priced += open_interest[row]
                total += row_gex[row]
    if known == 0.0 or priced == 0.0 or priced < min_coverage * known:
        return np.nan, np.nan
    if not atm_iv > 0.0:
        return total, np.nan
    return total, _flip(forward, atm_iv, math.sqrt(years), log_strike, iv, rows, open_interest)


@strict_kernel
def near_money(  # pragma: no cover
    forward: float,
    band_fraction: float,
    half_spread_fraction: float,
    half_depth: float,
    strike: Floats,
    rows: Rows,
    quotes: Floats,
    mid: Floats,
    flags: Bytes,
) -> tuple[float, float]:
    """Return the liquidity score and the median relative spread of the options near the money."""
    spreads = np.empty(strike.size)
    near = quoted = 0
    score = 0.0
    for j in range(strike.size):
        if abs(strike[j] - forward) <= band_fraction * forward:
            near += 1
            row = rows[_OTM, j]
            if row >= 0 and not flags[row] & _UNUSABLE:
                spread = (quotes[1, row] - quotes[0, row]) / mid[row]
                depth = min(quotes[2, row], quotes[3, row])
                score += depth / (depth + half_depth) / (1.0 + spread / half_spread_fraction)
                spreads[quoted] = spread
                quoted += 1
    if near == 0:
        return np.nan, np.nan
    return score / near, np.median(spreads[:quoted]) if quoted else np.nan


@strict_kernel
def quote_counts(  # pragma: no cover
    ts_event: NDArray[np.int64], flags: Bytes
) -> tuple[int, float, float]:
    """Return the number of usable rows, and the crossed and stale shares of the rows seen."""
    seen = usable = crossed = stale = 0
    for row in range(flags.size):
        if ts_event[row] > 0:
            seen += 1
            usable += not flags[row] & _UNUSABLE
            crossed += (flags[row] & _CROSSED) != 0
            stale += (flags[row] & _STALE) != 0
    if seen == 0:
        return 0, np.nan, np.nan
    return usable, crossed / seen, stale / seen
