"""Least-squares slope of the log price, and its change, over an event-time window."""

import math

from autotrade_0dte.indicators.lagged import Lagged
from autotrade_0dte.indicators.log_price import LOG_UNIT

__all__ = ["Trend"]

_MIN_PRINTS = 3
_MIN_PRINTS_OF_HALF = 2
_PER_MINUTE = LOG_UNIT * 60e9


type _Sums = tuple[int, int, int, int, int]
"""Running sums over all prints so far: their number, t, y, t t, t y. Integers, so exact."""


class Trend:
    """Slope over the window, and the slope of its later half less that of its earlier one.

    Both per minute. They are NaN until a print as old as the window has been seen, the slope below
    three prints in the window and the acceleration below two in either half.
    """

    __slots__ = ("_first_ns", "_half", "_sums", "_whole", "acceleration", "slope")

    def __init__(self, window_s: float) -> None:
        self._whole = Lagged[_Sums](window_s)
        self._half = Lagged[_Sums](window_s / 2)
        self._first_ns = 0
        self._sums: _Sums = (0, 0, 0, 0, 0)
        self.slope = math.nan
        self.acceleration = math.nan

    def add(self, ts_event: int, log_price: int) -> None:
        """Take a print, later than all before; its price as `fixed_log` gives it."""
        self._first_ns = self._first_ns or ts_event
        at = ts_event - self._first_ns
        n, t, y, tt, ty = self._sums
        self._sums = sums = (n + 1, t + at, y + log_price, tt + at * at, ty + at * log_price)
        self._whole.add(ts_event, sums)
        self._half.add(ts_event, sums)

    def update(self, now_ns: int) -> None:
        """Move the window to ``(now - window, now]``."""
        sums, middle, start = self._sums, self._half.at(now_ns), self._whole.at(now_ns)
        self.slope = self.acceleration = math.nan
        if start is None or middle is None:
            return
        late, early = sums[0] - middle[0], middle[0] - start[0]
        if late + early >= _MIN_PRINTS:
            self.slope = _slope(start, sums)
        if late >= _MIN_PRINTS_OF_HALF and early >= _MIN_PRINTS_OF_HALF:
            self.acceleration = _slope(middle, sums) - _slope(start, middle)


def _slope(start: _Sums, end: _Sums) -> float:
    """Return the slope per minute over the prints after `start` up to `end`."""
    n0, t0, y0, tt0, ty0 = start
    n1, t1, y1, tt1, ty1 = end
    n, t = n1 - n0, t1 - t0
    return (n * (ty1 - ty0) - t * (y1 - y0)) / (n * (tt1 - tt0) - t * t) * _PER_MINUTE
