"""What each option of a chain is worth by its neighbours, and how that moves with the underlying.

A quote alone cannot say whether it is off; the implied volatilities of the strikes beside it can,
for their squares lie on a smooth curve over log-moneyness x = ln(K/F), nearly a parabola within a
standard deviation. The variance of a strike is read off a local parabola through the good
out-of-the-money quotes on both sides of it (W. S. Cleveland, "Robust Locally Weighted Regression
and Smoothing Scatterplots", JASA 1979), each weighted by

- 1 / u^2, u being half its spread over its derivative by the variance, at least half a cent;
- the tricube of its distance in x, which is 0 just beyond the farthest of them;
- 1 / (1 + (r / 2u)^2)^2, r being its residual from the fit before: one that is off has no say.

Where more than one of them remains off by more than 2u, nothing is known. The strike's own quotes
take no part, so that a bad quote does not confirm itself. The price is Black's on the snapshot's
forward, both rights by parity (European: the early exercise of a put deep in the money is left out,
at most `rate * years * strike`, two cents at the open of SPY).

How wide the window is was chosen on generated sessions, seeds 100 to 105: docs/execution.md.
"""

import math

import numpy as np
from numpy.typing import NDArray

from autotrade_0dte.chain.book import ChainParams, OptionChainBook
from autotrade_0dte.chain.quality import UNUSABLE, QuoteFlag
from autotrade_0dte.chain.snapshot import ChainSnapshot
from autotrade_0dte.pricing.elementary import exp, log, log1p
from autotrade_0dte.pricing.jit import inlined, strict_kernel
from autotrade_0dte.pricing.solver import price_over_vega
from autotrade_0dte.products import product

__all__ = ["FairValues", "warm"]

type Floats = NDArray[np.float64]
type _Row = tuple[float, float, float, bool]
"""Strike, smoothed deviation to expiry, discount factor and whether a call."""

_UNFIT = int(UNUSABLE | QuoteFlag.NO_INFORMATION)
_ONE_OVER_SQRT_2PI = 1.0 / math.sqrt(2.0 * math.pi)

_BAND = 1.25  # half the window in standard deviations to expiry; a parabola fits no wider smile
_SIDE = 5  # most neighbours on a side: more cost time and change nothing
_LEAST_SIDE = 2  # fewer on a side would be to extrapolate, so these may be beyond the window,
_FARTHEST = 2.0  # but not farther than so many standard deviations: the mid knows better there
_LEAST_HALF_SPREAD = 0.005  # dollars; a locked quote is as uncertain as one of a cent
_REACH = 1.25  # radius of the tricube in distances of the farthest neighbour
_ROUNDS = 4  # fits, each weighted by the residuals of the one before; a fifth changes nothing
_MOST_OFF = 1  # neighbours that may disagree with the fit; of four, two leave open which are right


class FairValues:
    """Fair values of a snapshot's rows in dollars, each computed when asked for; NaN is unknown.

    A row is unknown without two good neighbours on each side within two standard deviations, and so
    is every row of a snapshot whose pairs imply no forward, or no volatility at it.

    Parameters
    ----------
    chain : ChainSnapshot
        The quotes.
    """

    __slots__ = ("_chain", "_rows")

    def __init__(self, chain: ChainSnapshot) -> None:
        self._chain = chain
        self._rows: dict[int, _Row] = {}

    def at(self, row: int, spot: float = math.nan) -> float:
        """Return the value of `row` with the underlying at `spot`, by default the snapshot's.

        The forward moves with the underlying, the volatility stays with the strike. The option is
        priced anew, which delta and gamma approximate, so that large moves keep its bounds too.
        """
        c = self._chain
        forward = c.forward
        if not math.isnan(spot):
            forward += spot - c.spot
        known = self._rows.get(row)
        if known is not None:
            return _worth(forward, *known)
        atm_iv = c.analytics.atm_iv
        if not (c.forward_pairs > 0 and atm_iv > 0.0):
            return math.nan
        # At once: most rows are asked for once a snapshot, and each call from Python costs.
        worth, self._rows[row] = _smooth_worth(
            forward, row, c.forward, atm_iv, math.sqrt(c.years), c.strike, c.is_call,
            c.bid, c.ask, c.iv, c.vega, c.delta, c.quality,
        )  # fmt: skip
        return worth


def warm() -> None:
    """Compile every kernel, or load it from the cache, so that no order waits."""
    an_hour_ns = 3_600_000_000_000
    strike, is_call = np.repeat(np.array([99.5, 100.5]), 2), np.tile([True, False], 2)
    params, facts = ChainParams(min_forward_pairs=1), product("SPY")
    book = OptionChainBook(strike, is_call, an_hour_ns, params, facts=facts)
    for row, price in enumerate((1.0, 0.5, 0.5, 1.0)):
        book.update(row, price, price, 1.0, 1.0, 1)
    fair = FairValues(book.snapshot(1, 100.0))
    fair.at(0, 100.0)
    fair.at(0, 100.0)  # the second call of a row is another kernel's


# Compiled, so coverage cannot see the bodies; the unit tests run them on chains of known value.


@inlined
def _discount(strike: Floats, delta: Floats) -> float:  # pragma: no cover
    """Return the discount factor of the snapshot: the deltas of a strike's two rights differ by it.

    NaN without a strike whose both rights are priced.
    """
    for row in range(1, strike.size):
        if strike[row] == strike[row - 1]:
            found: float = delta[row - 1] - delta[row]
            if not math.isnan(found):
                return found
    return np.nan


@strict_kernel
def _worth(  # pragma: no cover
    forward: float, strike: float, total_vol: float, discount: float, is_call: bool
) -> float:
    """Return the Black price; the terms of `pricing.kernel.priced_rows`."""
    if not (forward > 0.0 and total_vol > 0.0):
        return np.nan
    intrinsic = max(forward - strike if is_call else strike - forward, 0.0)
    h = -log1p(abs(forward - strike) / min(forward, strike)) / total_vol
    t = 0.5 * total_vol
    vega = math.sqrt(forward * strike) * _ONE_OVER_SQRT_2PI * exp(-0.5 * (h * h + t * t))
    return discount * (intrinsic + vega * price_over_vega(h, t))


@strict_kernel
def _smooth_worth(  # pragma: no cover
    forward: float,
    row: int,
    smile_forward: float,
    atm_iv: float,
    root_years: float,
    strike: Floats,
    is_call: NDArray[np.bool_],
    bid: Floats,
    ask: Floats,
    iv: Floats,
    vega: Floats,
    delta: Floats,
    quality: NDArray[np.int8],
) -> tuple[float, _Row]:
    """Return what a row is worth at `forward` by the smile at `smile_forward`, and its `_Row`."""
    volatility = _smooth(
        row, smile_forward, atm_iv, root_years, strike, is_call, bid, ask, iv, vega, quality
    )
    total_vol, discount = volatility * root_years, _discount(strike, delta)
    worth = _worth(forward, strike[row], total_vol, discount, is_call[row])
    return worth, (strike[row], total_vol, discount, is_call[row])


@strict_kernel
def _smooth(  # pragma: no cover
    row: int,
    forward: float,
    atm_iv: float,
    root_years: float,
    strike: Floats,
    is_call: NDArray[np.bool_],
    bid: Floats,
    ask: Floats,
    iv: Floats,
    vega: Floats,
    quality: NDArray[np.int8],
) -> float:
    """Return the volatility that the strikes beside it give a row."""
    own, deviation = log(strike[row] / forward), atm_iv * root_years
    # Farther ones are part of no fit. Where the line is exactly is for `_level` to say.
    reach = exp(_FARTHEST * deviation) * (1.0 + 1e-9)
    lowest, highest = strike[row] / reach, strike[row] * reach
    points = np.empty((3, 2 * _SIDE))
    at, first, stop = row - 1, _SIDE, _SIDE
    while at >= 0 and strike[at] >= lowest and first > 0:
        if strike[at] < strike[row] and _is_fit(at, forward, strike, is_call, vega, quality):
            first -= 1
            _note(points, first, at, forward, atm_iv, strike, bid, ask, iv, vega)
        at -= 1
    at = row + 1
    while at < strike.size and strike[at] <= highest and stop < 2 * _SIDE:
        if strike[at] > strike[row] and _is_fit(at, forward, strike, is_call, vega, quality):
            _note(points, stop, at, forward, atm_iv, strike, bid, ask, iv, vega)
            stop += 1
        at += 1
    return _level(points, first, stop, own, deviation)


@inlined
def _level(
    points: Floats, first: int, stop: int, own: float, deviation: float
) -> float:  # pragma: no cover
    """Return a strike's volatility by the points beside it, NaN without enough of them.

    Those from `first` to `_SIDE` lie below it and the others, before `stop`, above. `own` is the
    strike's log-moneyness and `deviation` a standard one; `points` are overwritten.
    """
    x = points[0]
    while _SIDE - first > _LEAST_SIDE and own - x[first] > _BAND * deviation:
        first += 1
    while stop - _SIDE > _LEAST_SIDE and x[stop - 1] - own > _BAND * deviation:
        stop -= 1
    if _SIDE - first < _LEAST_SIDE or stop - _SIDE < _LEAST_SIDE:
        return np.nan
    farthest = max(own - x[first], x[stop - 1] - own)
    if farthest > _FARTHEST * deviation:
        return np.nan
    for i in range(first, stop):
        x[i] = (x[i] - own) / (_REACH * farthest)
    variance = _fitted(points, first, stop)
    return math.sqrt(variance) if variance > 0.0 else np.nan


@inlined
def _is_fit(
    row: int,
    forward: float,
    strike: Floats,
    is_call: NDArray[np.bool_],
    vega: Floats,
    quality: NDArray[np.int8],
) -> bool:  # pragma: no cover
    """Return whether a row's quote is good and out of the money."""
    return (
        not quality[row] & _UNFIT and vega[row] > 0.0 and is_call[row] == (strike[row] >= forward)
    )


@inlined
def _note(
    points: Floats,
    at: int,
    row: int,
    forward: float,
    atm_iv: float,
    strike: Floats,
    bid: Floats,
    ask: Floats,
    iv: Floats,
    vega: Floats,
) -> None:  # pragma: no cover
    """Write log-moneyness, variance and 1 / u^2 of a row down as a point."""
    half_spread = max(0.5 * (ask[row] - bid[row]), _LEAST_HALF_SPREAD)
    # At a volatility that is far too low the variance would seem far too certain.
    u = half_spread * 2.0 * max(iv[row], atm_iv) / vega[row]
    points[0, at] = log(strike[row] / forward)
    points[1, at] = iv[row] * iv[row]
    points[2, at] = 1.0 / (u * u)


@inlined
def _fitted(points: Floats, first: int, stop: int) -> float:  # pragma: no cover
    """Return a parabola's value at 0, NaN where too many points disagree with it.

    `points` hold the distance in radii, the variance and 1 / u^2; those before `stop` count.
    """
    level = slope = bend = 0.0
    for turn in range(_ROUNDS):
        s0 = s1 = s2 = s3 = s4 = t0 = t1 = t2 = 0.0
        for i in range(first, stop):
            d, y, precision = points[0, i], points[1, i], points[2, i]
            near = 1.0 - abs(d * d * d)
            w = precision * near * near * near
            if turn > 0:
                residual = y - (level + d * (slope + d * bend))
                doubt = 1.0 + 0.25 * residual * residual * precision
                w /= doubt * doubt
            wd = w * d
            wdd = wd * d
            s0 += w
            s1 += wd
            s2 += wdd
            s3 += wdd * d
            s4 += wdd * d * d
            t0 += w * y
            t1 += wd * y
            t2 += wdd * y
        a, b, c = s2 * s4 - s3 * s3, s2 * s3 - s1 * s4, s1 * s3 - s2 * s2
        e, f, g = s0 * s4 - s2 * s2, s1 * s2 - s0 * s3, s0 * s2 - s1 * s1
        over = 1.0 / (s0 * a + s1 * b + s2 * c)
        level = (t0 * a + t1 * b + t2 * c) * over
        slope = (t0 * b + t1 * e + t2 * f) * over
        bend = (t0 * c + t1 * f + t2 * g) * over
    off = 0
    for i in range(first, stop):
        d = points[0, i]
        residual = points[1, i] - (level + d * (slope + d * bend))
        off += residual * residual * points[2, i] > 4.0
    return level if off <= _MOST_OFF else np.nan
