"""A value as it was some time ago."""

from collections import deque

__all__ = ["Lagged", "nanoseconds"]

_NS = 1_000_000_000


def nanoseconds(window_s: float) -> int:
    """Return a window in nanoseconds; raise ValueError unless it is above zero."""
    if not window_s > 0:
        raise ValueError(f"Expected a window above 0 s, was {window_s}")
    return round(window_s * _NS)


class Lagged[T]:
    """The newest value that is at least `window_s` old; None until there is one.

    Every window here is the difference between a running total and what the total was a window
    ago, so that an update costs the same however much the window holds. Times, of values and of
    questions, must not go back.
    """

    __slots__ = ("_old", "_window_ns", "_young")

    def __init__(self, window_s: float) -> None:
        self._window_ns = nanoseconds(window_s)
        self._old: T | None = None
        self._young: deque[tuple[int, T]] = deque()

    def add(self, ts_event: int, value: T) -> None:
        """Note a value; of several at one time the last counts."""
        self._young.append((ts_event, value))

    def at(self, now_ns: int) -> T | None:
        """Return the value as of `window_s` before `now_ns`."""
        young = self._young
        cutoff = now_ns - self._window_ns
        while young and young[0][0] <= cutoff:
            self._old = young.popleft()[1]
        return self._old
