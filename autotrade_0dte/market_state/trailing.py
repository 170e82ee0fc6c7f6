"""Usual value and scale of a figure over a trailing window that lags behind the present."""

import math
from bisect import bisect_left, insort
from collections import deque

__all__ = ["MAD_TO_SD", "Trailing"]

_NS = 1_000_000_000

MAD_TO_SD = 1.4826
"""Standard deviation over median absolute deviation of a normal distribution."""


class Trailing:
    """Running median and scaled median absolute deviation (MAD) of a figure.

    A figure is sampled once each `sample_s` and takes part from `lag_s` to `lag_s + window_s`
    later. The lag keeps a disturbance from becoming its own usual while it is being recognized; a
    new level that stays is usual once it fills half of the window. Nothing depends on what the
    state machine has decided, so evidence is a function of the data alone.

    Both are recomputed only when a sample enters or leaves: constant time between.

    Parameters
    ----------
    window_s, lag_s, sample_s : float
        Seconds.
    min_samples : int
        Samples below which both are unknown (NaN).
    """

    __slots__ = (
        "_due_ns", "_lag_ns", "_min_samples", "_next_ns", "_sample_ns", "_samples", "_sorted",
        "_used", "_window_ns", "median", "scale",
    )  # fmt: skip

    def __init__(self, window_s: float, lag_s: float, sample_s: float, min_samples: int) -> None:
        self._window_ns = round(window_s * _NS)
        self._lag_ns = round(lag_s * _NS)
        self._sample_ns = round(sample_s * _NS)
        self._min_samples = min_samples
        self._samples: deque[tuple[int, float]] = deque()
        self._used: deque[tuple[int, float]] = deque()
        self._sorted: list[float] = []
        self._next_ns = 0
        self._due_ns = 0
        self.median = math.nan
        self.scale = math.nan

    def update(self, ts_event: int, value: float) -> None:
        """Take a value in time order; NaN is left out."""
        if ts_event >= self._next_ns and value == value:  # noqa: PLR0124 - NaN, without a call
            self._samples.append((ts_event, value))
            self._next_ns = ts_event + self._sample_ns
        if ts_event >= self._due_ns:
            self._roll(ts_event)

    def _roll(self, now_ns: int) -> None:
        waiting, used, ordered = self._samples, self._used, self._sorted
        changed = False
        while waiting and waiting[0][0] <= now_ns - self._lag_ns:
            used.append(waiting.popleft())
            insort(ordered, used[-1][1])
            changed = True
        while used and used[0][0] < now_ns - self._lag_ns - self._window_ns:
            del ordered[bisect_left(ordered, used.popleft()[1])]
            changed = True
        if changed:
            self._summarize()
        # Nothing changes before the next sample is old enough, or the oldest too old.
        entering = waiting[0][0] + self._lag_ns if waiting else now_ns + self._sample_ns
        leaving = used[0][0] + self._lag_ns + self._window_ns + 1 if used else entering
        self._due_ns = min(entering, leaving)

    def _summarize(self) -> None:
        ordered = self._sorted
        if len(ordered) < self._min_samples:
            self.median = self.scale = math.nan
            return
        median = self.median = _middle(ordered)
        self.scale = MAD_TO_SD * _middle(sorted([abs(value - median) for value in ordered]))


def _middle(ordered: list[float]) -> float:
    half = len(ordered) // 2
    return ordered[half] if len(ordered) % 2 else 0.5 * (ordered[half - 1] + ordered[half])
