"""A value as it was some time ago."""

import math
from collections import deque

__all__ = ["Lagged", "nanoseconds"]

_NS = 1_000_000_000


def nanoseconds(window_s: float) -> int:
    """Return a window in nanoseconds; raise ValueError unless it is above zero."""
    if not window_s > 0:
        raise ValueError(f"Expected a window above 0 s, was {window_s}")
    return round(window_s * _NS)


class Lagged:
    """The newest value that is at least `window_s` old; NaN until there is one.

    Times, of values and of questions, must not go back.
    """

    __slots__ = ("_values", "_window_ns")

    def __init__(self, window_s: float) -> None:
        self._window_ns = nanoseconds(window_s)
        self._values: deque[tuple[int, float]] = deque()

    def add(self, ts_event: int, value: float) -> None:
        """Note a value; of several at one time the last counts."""
        self._values.append((ts_event, value))

    def at(self, now_ns: int) -> float:
        """Return the value as of `window_s` before `now_ns`."""
        values = self._values
        cutoff = now_ns - self._window_ns
        while len(values) > 1 and values[1][0] <= cutoff:
            values.popleft()
        return values[0][1] if values and values[0][0] <= cutoff else math.nan
