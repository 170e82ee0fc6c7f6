"""Change of a figure over a window, from observations at irregular times."""

import math
from collections import deque

__all__ = ["ChangePerMinute"]

_NS = 1_000_000_000
_NANOSECONDS_PER_MINUTE = 60e9


class ChangePerMinute:
    """Change per minute from the observation nearest to `window_s` before the newest one.

    Observations carry the time of their quotes, so that a figure computed again from unchanged
    quotes is not taken for a calm market. The reference must be within half a window of its place;
    data that are sparser leave the change unknown.
    """

    __slots__ = ("_history", "_window_ns")

    def __init__(self, window_s: float) -> None:
        self._window_ns = round(window_s * _NS)
        self._history: deque[tuple[int, float]] = deque()

    def update(self, ts_event: int, value: float) -> float:
        """Note an observation, unless it is as old as the one before, and return the change.

        NaN where `value` is or no reference is near; then nothing is noted.
        """
        if math.isnan(value):
            return math.nan
        history = self._history
        if not history or ts_event > history[-1][0]:
            history.append((ts_event, value))
        newest_ns, newest = history[-1]
        target = newest_ns - self._window_ns
        # The target only moves forward, so an observation passed by its successor is done with.
        while len(history) > 1 and abs(history[1][0] - target) <= abs(history[0][0] - target):
            history.popleft()
        reference_ns, reference = history[0]
        if 2 * abs(reference_ns - target) > self._window_ns:
            return math.nan
        return (newest - reference) / ((newest_ns - reference_ns) / _NANOSECONDS_PER_MINUTE)
