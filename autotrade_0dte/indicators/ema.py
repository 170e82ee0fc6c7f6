"""Exponential moving averages over event-time bars."""

import math

from autotrade_0dte.indicators.lagged import nanoseconds

__all__ = ["BarCloses", "Ema", "EmaCross"]


class BarCloses:
    """Turns irregular prints into closes of time bars.

    A bar holds the prints in ``(start, end]`` and closes at `end`, so that the last print of a
    minute and data that come once a minute, stamped at its end, close the bar they belong to.
    Bars are aligned to the epoch; those without a print are skipped, not filled in.
    """

    __slots__ = ("_bar", "_closed", "_last", "_width_ns")

    def __init__(self, width_s: float) -> None:
        self._width_ns = nanoseconds(width_s)
        self._bar = 0
        self._closed = 0
        self._last = math.nan

    def add(self, ts_event: int, price: float) -> float:
        """Take a print, later than all before; return the close of the bar it ends, else NaN.

        A print that arrives after its bar has closed counts to the next one.
        """
        bar = max(-(-ts_event // self._width_ns), self._closed + 1)
        close = self._close() if bar > self._bar else math.nan
        self._bar = bar
        self._last = price
        return close

    def at(self, now_ns: int) -> float:
        """Return the close of the bar that is over at `now_ns` and had not closed, else NaN."""
        return self._close() if now_ns >= self._bar * self._width_ns else math.nan

    def _close(self) -> float:
        close = self._last
        self._closed = self._bar
        self._last = math.nan
        return close


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


class EmaCross:
    """Two moving averages, and the bars since they changed sides.

    Averages that meet are on neither side: the one before holds. The count is NaN until they have
    changed sides, and 0 at the bar that does it.
    """

    __slots__ = ("_side", "bars_since", "close", "fast", "gap", "slow")

    def __init__(self, fast_bars: int, slow_bars: int) -> None:
        self.fast = Ema(fast_bars)
        self.slow = Ema(slow_bars)
        self.close = math.nan
        self.gap = math.nan
        self.bars_since = math.nan
        self._side = 0

    def update(self, close: float) -> None:
        """Take the next bar's close."""
        self.close = close
        self.gap = math.log(self.fast.update(close) / self.slow.update(close))
        side = (self.gap > 0.0) - (self.gap < 0.0)
        self.bars_since += 1.0
        if side:
            if side == -self._side:
                self.bars_since = 0.0
            self._side = side
