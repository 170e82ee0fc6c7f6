"""Realized volatility over event-time windows."""

import math
from collections import deque

from autotrade_0dte.indicators.lagged import nanoseconds
from autotrade_0dte.indicators.log_price import LOG_UNIT

__all__ = ["RealizedVolatility", "Returns"]

_NS_PER_YEAR = 252 * 23_400_000_000_000
_VARIANCE_UNIT = LOG_UNIT * LOG_UNIT


class Returns:
    """Squared returns between prints at least `return_s` apart.

    Prints that come sooner are passed over: they are of one price seen from both sides of the
    spread.
    """

    __slots__ = ("_last_log", "_last_ns", "_least_ns")

    def __init__(self, return_s: float) -> None:
        self._least_ns = nanoseconds(return_s)
        self._last_ns = 0
        self._last_log = 0

    def add(self, ts_event: int, log_price: int) -> tuple[int, int, int] | None:
        """Take a print, later than all before; return what it completes, or None.

        That is the time of the print, the squared return in LOG_UNIT squared, and its span in ns.
        """
        span = ts_event - self._last_ns
        if span < self._least_ns:
            return None
        change = log_price - self._last_log
        first = not self._last_ns
        self._last_ns = ts_event
        self._last_log = log_price
        return None if first else (ts_event, change * change, span)


class RealizedVolatility:
    """Square root of squared returns over the time they span, in years of 252 sessions of 6.5 h.

    A return belongs to the window its end lies in, with its whole span, so that neither irregular
    spacing nor a gap biases the figure. NaN until a price as old as the window has been seen, and
    below `min_returns` in it.
    """

    __slots__ = ("_first_ns", "_min_returns", "_returns", "_span", "_squares", "_window_ns")

    def __init__(self, window_s: float, min_returns: int) -> None:
        self._window_ns = nanoseconds(window_s)
        self._min_returns = min_returns
        self._first_ns = 0
        self._squares = self._span = 0
        self._returns: deque[tuple[int, int, int]] = deque()

    def add(self, item: tuple[int, int, int]) -> None:
        """Take a return as `Returns.add` gives it."""
        ts_event, square, span = item
        self._first_ns = self._first_ns or ts_event - span
        self._squares += square
        self._span += span
        self._returns.append(item)

    def at(self, now_ns: int) -> float:
        """Return the volatility over ``(now - window, now]``, 0.15 for 15 % a year."""
        returns = self._returns
        cutoff = now_ns - self._window_ns
        while returns and returns[0][0] <= cutoff:
            _, square, span = returns.popleft()
            self._squares -= square
            self._span -= span
        if not self._first_ns or self._first_ns > cutoff or len(returns) < self._min_returns:
            return math.nan
        return math.sqrt(self._squares / self._span * (_VARIANCE_UNIT * _NS_PER_YEAR))
