"""Traded volume against its usual rate."""

import math

import numpy as np
from numpy.typing import NDArray

from autotrade_0dte.indicators.lagged import Lagged, nanoseconds

__all__ = ["VolumeBurst"]

_NS = 1_000_000_000
_NS_PER_MINUTE = 60 * _NS


class VolumeBurst:
    """Rate of trading over the burst window, and how many times its usual one that is.

    Usual is the rate of this minute of the session, that of the middle of the window, where a
    profile knows it; else the mean rate over a trailing window that ends where the burst window
    begins, so that a burst is not compared with itself.

    Parameters
    ----------
    burst_window_s, trailing_window_s : float
        Seconds; the trailing window reaches back this far from now.
    open_ns : int
        Start of the session, UTC ns.
    usual_rate : float64 (minutes,), optional
        Usual shares a second by minute after the open, NaN where unknown.
    """

    __slots__ = (
        "_burst", "_burst_ns", "_open_ns", "_trailing", "_trailing_ns", "_usual", "burst",
        "rate",
    )  # fmt: skip

    def __init__(
        self,
        burst_window_s: float,
        trailing_window_s: float,
        open_ns: int,
        usual_rate: NDArray[np.float64] | None = None,
    ) -> None:
        self._burst_ns = nanoseconds(burst_window_s)
        self._trailing_ns = nanoseconds(trailing_window_s)
        self._burst = Lagged[float](burst_window_s)
        self._trailing = Lagged[float](trailing_window_s)
        self._open_ns = open_ns
        self._usual: list[float] = [] if usual_rate is None else usual_rate.tolist()
        self.rate = math.nan
        self.burst = math.nan

    def update(self, now_ns: int, volume: float) -> None:
        """Take the shares traded since the open; NaN where sizes are unknown."""
        self._burst.add(now_ns, volume)
        self._trailing.add(now_ns, volume)
        self.rate = self.burst = math.nan
        before = self._burst.at(now_ns)
        if before is not None:
            self.rate = (volume - before) * _NS / self._burst_ns
            usual = self._usual_rate(now_ns, before)
            self.burst = self.rate / usual if usual > 0.0 else math.nan

    def _usual_rate(self, now_ns: int, before: float) -> float:
        minute = (now_ns - self._burst_ns // 2 - self._open_ns) // _NS_PER_MINUTE
        usual = self._usual[minute] if 0 <= minute < len(self._usual) else math.nan
        long_before = self._trailing.at(now_ns) if math.isnan(usual) else None
        if long_before is None:
            return usual
        return (before - long_before) * _NS / (self._trailing_ns - self._burst_ns)
