"""Realized volatility over event-time windows.

The sums over all returns are integers, so exact: squares in LOG_UNIT squared, spans in ns.
"""

import math
from typing import Any

import numpy as np

from autotrade_0dte.indicators.lagged import rows_before
from autotrade_0dte.indicators.log_price import LOG_UNIT
from autotrade_0dte.indicators.memory import Memory
from autotrade_0dte.indicators.wide import difference, product, ratio, total
from autotrade_0dte.pricing.jit import strict_kernel

__all__ = ["add_return", "realized_at"]

_NS_PER_YEAR = 252 * 23_400_000_000_000
_SCALE = LOG_UNIT * LOG_UNIT * _NS_PER_YEAR

# Compiled, so coverage cannot see the bodies; the tests compare them with plain sums.


@strict_kernel
def add_return(memory: Memory, ts_event: int, log_price: int) -> None:  # pragma: no cover
    """Take a print, later than all before, and add the return that ends with it to the table.

    Prints that come sooner than `return_ns` after the last one taken are passed over: they are of
    one price seen from both sides of the spread.
    """
    state, returns = memory.state, memory.returns
    row = state.returns
    if row > 0:
        before = returns[row - 1]
        span = ts_event - before.ts_event
        if span < state.return_ns:
            return
        change = log_price - state.return_log
        squares = total((before.squares[0], before.squares[1]), product(change, change))
        returns[row].squares[0], returns[row].squares[1] = squares
        returns[row].span = before.span + span
    returns[row].ts_event = ts_event
    state.return_log = log_price
    state.returns = row + 1


@strict_kernel
def realized_at(memory: Memory, lagged: Any, now_ns: int) -> float:  # pragma: no cover
    """Return the volatility over ``(now - window, now]``, 0.15 for 15 % a year.

    It is the square root of squared returns over the time they span, in years of 252 sessions of
    6.5 h. A return belongs to the window its end lies in, with its whole span, so that neither
    irregular spacing nor a gap biases the figure. NaN until a price as old as the window has been
    seen, and below `min_returns` in it.
    """
    count, returns = memory.state.returns, memory.returns
    old = rows_before(lagged, returns, count, now_ns)
    if old == 0 or count - old < memory.state.min_returns:
        return math.nan
    before, last = returns[old - 1], returns[count - 1]
    squares = difference((last.squares[0], last.squares[1]), (before.squares[0], before.squares[1]))
    span = np.uint64(0), np.uint64(last.span - before.span)
    return math.sqrt(ratio(squares, span) * _SCALE)
