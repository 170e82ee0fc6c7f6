"""Least-squares slope of the log price, and its change, over an event-time window.

The sums over all prints are integers, so exact: t is the time since the first print in ns, y the
log price over that of the first print in LOG_UNIT. A slope does not depend on either zero.
"""

import math
from typing import Any

from numpy.typing import NDArray

from autotrade_0dte.indicators.lagged import rows_before
from autotrade_0dte.indicators.log_price import LOG_UNIT
from autotrade_0dte.indicators.memory import Memory
from autotrade_0dte.indicators.wide import difference, product, ratio, scaled, total
from autotrade_0dte.pricing.jit import strict_kernel

__all__ = ["add_print", "trend_at"]

_MIN_PRINTS = 3
_MIN_PRINTS_OF_HALF = 2
_PER_MINUTE = LOG_UNIT * 60e9

# Compiled, so coverage cannot see the bodies; the tests compare them with a plain regression.


@strict_kernel
def add_print(  # pragma: no cover
    memory: Memory, ts_event: int, price: float, log_price: int
) -> None:
    """Add a print, later than all before, with its sums to the table."""
    prints, row = memory.prints, memory.state.prints
    new = prints[row]
    new.ts_event = ts_event
    new.price = price
    new.log_price = log_price
    if row > 0:
        before = prints[row - 1]
        t, y = ts_event - prints[0].ts_event, log_price - prints[0].log_price
        new.t = before.t + t
        new.y = before.y + y
        _accumulate(new.tt, before.tt, t, t)
        _accumulate(new.ty, before.ty, t, y)
    memory.state.prints = row + 1


@strict_kernel
def _accumulate(new: Any, before: Any, a: int, b: int) -> None:  # pragma: no cover
    new[0], new[1] = total((before[0], before[1]), product(a, b))


@strict_kernel
def trend_at(memory: Memory, now_ns: int) -> tuple[float, float]:  # pragma: no cover
    """Return the slope over ``(now - window, now]``, and its later half's less its earlier half's.

    Both per minute. They are NaN until a print as old as the window has been seen, the slope below
    three prints in the window and the acceleration below two in either half.
    """
    state, prints = memory.state, memory.prints
    start = rows_before(state.trend, prints, state.prints, now_ns)
    middle = rows_before(state.half_trend, prints, state.prints, now_ns)
    slope = acceleration = math.nan
    if start == 0:
        return slope, acceleration
    late, early = state.prints - middle, middle - start
    if late + early >= _MIN_PRINTS:
        slope = _slope(prints, start, state.prints)
    if late >= _MIN_PRINTS_OF_HALF and early >= _MIN_PRINTS_OF_HALF:
        acceleration = _slope(prints, middle, state.prints) - _slope(prints, start, middle)
    return slope, acceleration


@strict_kernel
def _slope(prints: NDArray[Any], start: int, stop: int) -> float:  # pragma: no cover
    """Return the slope per minute over the prints from row `start` up to `stop`."""
    before, last, n = prints[start - 1], prints[stop - 1], stop - start
    t, y = last.t - before.t, last.y - before.y
    ty = difference((last.ty[0], last.ty[1]), (before.ty[0], before.ty[1]))
    tt = difference((last.tt[0], last.tt[1]), (before.tt[0], before.tt[1]))
    covariance = difference(scaled(ty, n), product(t, y))
    variance = difference(scaled(tt, n), product(t, t))
    return ratio(covariance, variance) * _PER_MINUTE
