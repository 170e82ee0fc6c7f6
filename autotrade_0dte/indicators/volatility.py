"""Realized volatility over event-time windows."""

import math

from autotrade_0dte.indicators.lagged import Lagged, nanoseconds
from autotrade_0dte.indicators.log_price import LOG_UNIT

__all__ = ["RealizedVolatility", "Returns", "SquaredReturns"]

_NS_PER_YEAR = 252 * 23_400_000_000_000
_SCALE = LOG_UNIT * LOG_UNIT * _NS_PER_YEAR


type SquaredReturns = tuple[int, int, int]
"""All returns up to a print: their number, sum of squares in LOG_UNIT squared, and span in ns."""


class Returns:
    """Squared returns between prints at least `return_s` apart.

    Prints that come sooner are passed over: they are of one price seen from both sides of the
    spread.
    """

    __slots__ = ("_last_log", "_last_ns", "_least_ns", "total")

    def __init__(self, return_s: float) -> None:
        self._least_ns = nanoseconds(return_s)
        self._last_ns = 0
        self._last_log = 0
        self.total: SquaredReturns = (0, 0, 0)

    def add(self, ts_event: int, log_price: int) -> bool:
        """Take a print, later than all before; return whether it is far enough from the last."""
        span = ts_event - self._last_ns
        if span < self._least_ns:
            return False
        if self._last_ns:
            n, squares, spans = self.total
            change = log_price - self._last_log
            self.total = (n + 1, squares + change * change, spans + span)
        self._last_ns = ts_event
        self._last_log = log_price
        return True


class RealizedVolatility:
    """Square root of squared returns over the time they span, in years of 252 sessions of 6.5 h.

    A return belongs to the window its end lies in, with its whole span, so that neither irregular
    spacing nor a gap biases the figure. NaN until a price as old as the window has been seen, and
    below `min_returns` in it.
    """

    __slots__ = ("_before", "_min_returns", "_total")

    def __init__(self, window_s: float, min_returns: int) -> None:
        self._before = Lagged[SquaredReturns](window_s)
        self._min_returns = min_returns
        self._total: SquaredReturns = (0, 0, 0)

    def add(self, ts_event: int, total: SquaredReturns) -> None:
        """Take the returns up to a print that `Returns` has not passed over."""
        self._total = total
        self._before.add(ts_event, total)

    def at(self, now_ns: int) -> float:
        """Return the volatility over ``(now - window, now]``, 0.15 for 15 % a year."""
        before = self._before.at(now_ns)
        if before is None:
            return math.nan
        n0, squares0, span0 = before
        n1, squares1, span1 = self._total
        if n1 - n0 < self._min_returns:
            return math.nan
        return math.sqrt((squares1 - squares0) / (span1 - span0) * _SCALE)
