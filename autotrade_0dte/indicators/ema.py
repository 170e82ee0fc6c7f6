"""Exponential moving averages over event-time bars."""

import math

__all__ = ["BarCloses", "Ema"]

_NS = 1_000_000_000


class Ema:
    """Exponential moving average with weight 2 / (period + 1), seeded by the plain mean.

    The value is NaN until `period` closes have been seen.
    """

    __slots__ = ("_count", "_period", "_sum", "_weight", "value")

    def __init__(self, period: int) -> None:
        if period < 1:
            raise ValueError(f"Expected a period of at least 1 bar, was {period}")
        self._period = period
        self._weight = 2.0 / (period + 1)
        self._count = 0
        self._sum = 0.0
        self.value = math.nan

    def update(self, close: float) -> float:
        """Take the next bar's close and return the new value."""
        self._count += 1
        if self._count < self._period:
            self._sum += close
        elif self._count == self._period:
            self.value = (self._sum + close) / self._period
        else:
            self.value += self._weight * (close - self.value)
        return self.value


class BarCloses:
    """Turns irregular prices into closes of time bars aligned to the epoch.

    A bar closes when the first price of a later bar arrives; bars without a price are skipped,
    not filled in.
    """

    __slots__ = ("_bar", "_last", "_width_ns")

    def __init__(self, width_s: float) -> None:
        if not width_s > 0:
            raise ValueError(f"Expected a bar width above 0 s, was {width_s}")
        self._width_ns = round(width_s * _NS)
        self._bar = -1
        self._last = math.nan

    def update(self, ts_event: int, price: float) -> float:
        """Take a price; return the close of the bar it completes, else NaN."""
        bar = ts_event // self._width_ns
        closed = self._last if self._bar >= 0 and bar > self._bar else math.nan
        self._bar = bar
        self._last = price
        return closed
