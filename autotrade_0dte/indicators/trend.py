"""Least-squares slope of the log price, and its change, over an event-time window."""

import math
from collections import deque

from autotrade_0dte.indicators.lagged import nanoseconds
from autotrade_0dte.indicators.log_price import LOG_UNIT

__all__ = ["Trend"]

_MIN_PRINTS = 3
_MIN_PRINTS_OF_HALF = 2
_PER_MINUTE = LOG_UNIT * 60e9


class _Sums:
    """Sums of a regression of y on t, in integers."""

    __slots__ = ("n", "t", "tt", "ty", "y")

    def __init__(self) -> None:
        self.n = self.t = self.y = self.tt = self.ty = 0

    def add(self, t: int, y: int) -> None:
        self.n += 1
        self.t += t
        self.y += y
        self.tt += t * t
        self.ty += t * y

    def remove(self, t: int, y: int) -> None:
        self.n -= 1
        self.t -= t
        self.y -= y
        self.tt -= t * t
        self.ty -= t * y


def _slope(n: int, t: int, y: int, tt: int, ty: int) -> float:
    return (n * ty - t * y) / (n * tt - t * t) * _PER_MINUTE


class Trend:
    """Slope over the window, and the slope of its later half less that of its earlier one.

    Both per minute. They are NaN until a print as old as the window has been seen, the slope below
    three prints in the window and the acceleration below two in either half.
    """

    __slots__ = (
        "_early", "_early_prints", "_first_ns", "_half_ns", "_late", "_late_prints", "_window_ns",
        "acceleration", "slope",
    )  # fmt: skip

    def __init__(self, window_s: float) -> None:
        self._window_ns = nanoseconds(window_s)
        self._half_ns = self._window_ns // 2
        self._first_ns = 0
        self._early, self._late = _Sums(), _Sums()
        self._early_prints: deque[tuple[int, int]] = deque()
        self._late_prints: deque[tuple[int, int]] = deque()
        self.slope = math.nan
        self.acceleration = math.nan

    def add(self, ts_event: int, log_price: int) -> None:
        """Take a print, later than all before; its price as `fixed_log` gives it."""
        self._first_ns = self._first_ns or ts_event
        t = ts_event - self._first_ns
        self._late.add(t, log_price)
        self._late_prints.append((t, log_price))

    def update(self, now_ns: int) -> None:
        """Move the window to ``(now - window, now]``."""
        early, late = self._early, self._late
        late_prints, early_prints = self._late_prints, self._early_prints
        now = now_ns - self._first_ns
        while late_prints and late_prints[0][0] <= now - self._half_ns:
            item = late_prints.popleft()
            late.remove(*item)
            early.add(*item)
            early_prints.append(item)
        while early_prints and early_prints[0][0] <= now - self._window_ns:
            early.remove(*early_prints.popleft())
        self.slope = self.acceleration = math.nan
        if not self._first_ns or now < self._window_ns:
            return
        if early.n + late.n >= _MIN_PRINTS:
            self.slope = _slope(
                early.n + late.n, early.t + late.t, early.y + late.y,
                early.tt + late.tt, early.ty + late.ty,
            )  # fmt: skip
        if min(early.n, late.n) >= _MIN_PRINTS_OF_HALF:
            self.acceleration = _slope(late.n, late.t, late.y, late.tt, late.ty) - _slope(
                early.n, early.t, early.y, early.tt, early.ty
            )
