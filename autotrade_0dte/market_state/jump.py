"""Jumps and drifts of the underlying, against its local volatility at this time of day.

A return is set against local volatility as by Lee and Mykland (2008), "Jumps in Financial Markets",
Review of Financial Studies 21: volatility from the bipower variation of past returns, which a
single jump does not raise (Barndorff-Nielsen and Shephard 2004), with the daily pattern taken out
(Boudt, Croux and Laurent 2011). Only new prints count: repeated prices are zero returns, and zero
returns make spurious jumps (Theodosiou and Zikes 2011).
"""

import math
from typing import Any

from numpy.typing import NDArray

from autotrade_0dte.pricing.jit import strict_kernel

__all__ = ["take_drift", "take_step", "u_shape"]

_FADE_S = 1_800.0
_OPEN_EXCESS = 2.5
_CLOSE_EXCESS = 1.0
_BIPOWER = math.pi / 2.0

# Compiled, so coverage cannot see the bodies; the property tests compare them with plain sums.


@strict_kernel
def u_shape(since_open_s: float, to_close_s: float) -> float:  # pragma: no cover
    """Return the usual volatility at a time of day relative to midday.

    A stylized U where no profile is at hand: variance 3.5 times that of midday at the open and
    twice at the close, each fading in half an hour (about the pattern of five-minute returns of
    the S&P 500 in Andersen and Bollerslev (1997), Journal of Empirical Finance 4).
    """
    opening = _OPEN_EXCESS * math.exp(-max(since_open_s, 0.0) / _FADE_S)
    closing = _CLOSE_EXCESS * math.exp(-max(to_close_s, 0.0) / _FADE_S)
    return math.sqrt(1.0 + opening + closing)


@strict_kernel
def take_step(  # pragma: no cover
    local: Any, products: NDArray[Any], ts_event: int, log_price: float, usual: float
) -> bool:
    """Take a new print; return whether it completes a step, whose return is then `last`.

    `value` is the bipower volatility of a trailing window that ends `lag_ns` before the present, so
    that a move does not judge itself: the mean of `steps` products of neighboring returns, each
    over `step_ns` or more. It is that of a second at midday, and `last` the step's return over the
    square root of its seconds, both with the daily pattern taken out; NaN until known.

    Parameters
    ----------
    local : record
        The `local` of STATE.
    products : POINT (capacity,)
        What it is made of, in time order.
    usual : float
        Usual volatility at the print relative to the day's.
    """
    if local.ts_event == 0:
        local.ts_event = ts_event
        local.log_price = log_price
        return False
    if ts_event - local.ts_event < local.step_ns:
        return False
    elapsed_s = (ts_event - local.ts_event) / 1e9
    step = (log_price - local.log_price) / (math.sqrt(elapsed_s) * usual)
    local.ts_event = ts_event
    local.log_price = log_price
    local.last = step
    size = abs(step)
    if not math.isnan(local.before):
        products[local.count].ts_event = ts_event
        products[local.count].value = size * local.before
        local.count += 1
    local.before = size
    while local.stop < local.count and products[local.stop].ts_event <= ts_event - local.lag_ns:
        local.stop += 1
    # Summed anew each step: a running sum would not be the same after different histories.
    if local.stop >= local.steps:
        used = products[local.stop - local.steps : local.stop]
        local.value = math.sqrt(_BIPOWER * _sum(used) / local.steps)
    return True


@strict_kernel
def _sum(points: NDArray[Any]) -> float:  # pragma: no cover
    """Return the sum of the values in twice the precision of a float (Knuth's two-sum)."""
    total = rest = 0.0
    for k in range(points.size):
        value = points[k].value
        larger = total + value
        shift = larger - total
        rest += (total - (larger - shift)) + (value - shift)
        total = larger
    return total + rest


@strict_kernel
def take_drift(drift: Any, score: float) -> None:  # pragma: no cover
    """Take the next step's standardized return into a two-sided CUSUM (Page 1954, Biometrika 41).

    ``S = max(0, S + z - k)`` upward and downward; `value` is the larger one. `k` is half the drift
    to be noticed, in standard deviations of a step.
    """
    drift.up = max(0.0, drift.up + score - drift.allowance)
    drift.down = max(0.0, drift.down - score - drift.allowance)
    drift.value = max(drift.up, drift.down)
