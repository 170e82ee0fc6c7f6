"""High and low of the first minutes of a session."""

import math

from autotrade_0dte.indicators.lagged import nanoseconds

__all__ = ["OpeningRange"]


class OpeningRange:
    """High and low of the prints in ``[open, open + range)``; NaN until that time is over.

    They stay NaN where the prints leave a gap longer than `gap_s` (less than the range), before the
    first and after the last included: the extreme may have been in it. Once known they do not
    change.
    """

    __slots__ = ("_end_ns", "_gap_ns", "_last_ns", "_max", "_min", "_over", "_seen", "high", "low")

    def __init__(self, open_ns: int, range_s: float, gap_s: float) -> None:
        self._end_ns = open_ns + nanoseconds(range_s)
        self._gap_ns = nanoseconds(gap_s)
        self._last_ns = open_ns
        self._seen = True
        self._over = False
        self._min = math.inf
        self._max = -math.inf
        self.high = math.nan
        self.low = math.nan

    def add(self, ts_event: int, price: float) -> None:
        """Take a print of the session, later than all before."""
        if ts_event < self._end_ns:
            self._check_gap(ts_event)
            self._min = min(self._min, price)
            self._max = max(self._max, price)

    def update(self, now_ns: int) -> None:
        """Close the range when its time is over."""
        if self._over or now_ns < self._end_ns:
            return
        self._over = True
        self._check_gap(self._end_ns)
        if self._seen:
            self.high = self._max
            self.low = self._min

    def _check_gap(self, ts_event: int) -> None:
        self._seen &= ts_event - self._last_ns <= self._gap_ns
        self._last_ns = ts_event
