"""Price momentum over an event-time window."""

import math
from collections import deque

__all__ = ["Momentum"]

_NS = 1_000_000_000


class Momentum:
    """Log return from the last price at least `window_s` old to the newest one.

    NaN until a price that old has been seen.
    """

    __slots__ = ("_prices", "_window_ns", "value")

    def __init__(self, window_s: float) -> None:
        if not window_s > 0:
            raise ValueError(f"Expected a window above 0 s, was {window_s}")
        self._window_ns = round(window_s * _NS)
        self._prices: deque[tuple[int, float]] = deque()
        self.value = math.nan

    def update(self, ts_event: int, price: float) -> float:
        """Take the next price (positive, in time order) and return the new value."""
        prices = self._prices
        prices.append((ts_event, price))
        cutoff = ts_event - self._window_ns
        while len(prices) > 1 and prices[1][0] <= cutoff:
            prices.popleft()
        reference_ts, reference = prices[0]
        self.value = math.log(price / reference) if reference_ts <= cutoff else math.nan
        return self.value
