"""Price momentum over an event-time window."""

import math

from autotrade_0dte.indicators.lagged import Lagged, nanoseconds

__all__ = ["Momentum"]


class Momentum:
    """Log return from the last print at least `window_s` old to the newest one.

    NaN until a print that old has been seen, and when the newest print is itself that old: a price
    that nobody has renewed has not stood still. NaN as well when the earlier print is twice as old
    as the window: after a stop of the data the return is of the stop, not of the window.
    """

    __slots__ = ("_before", "_newest", "_newest_ns", "_window_ns")

    def __init__(self, window_s: float) -> None:
        self._window_ns = nanoseconds(window_s)
        self._before = Lagged[tuple[int, float]](window_s)
        self._newest_ns = 0
        self._newest = math.nan

    def add(self, ts_event: int, price: float) -> None:
        """Take a print, later than all before."""
        self._before.add(ts_event, (ts_event, price))
        self._newest_ns = ts_event
        self._newest = price

    def at(self, now_ns: int) -> float:
        """Return the momentum as of `now_ns`."""
        before, window_ns = self._before.at(now_ns), self._window_ns
        if before is None or self._newest_ns <= now_ns - window_ns:
            return math.nan
        before_ns, price = before
        if before_ns <= now_ns - 2 * window_ns:
            return math.nan
        return math.log(self._newest / price)
