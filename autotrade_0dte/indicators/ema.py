"""Exponential moving averages over event-time bars."""

import math
from typing import Any

from autotrade_0dte.pricing.jit import strict_kernel

__all__ = ["close_at", "take_close", "take_price"]

# Compiled, so coverage cannot see the bodies; unit and property tests run them bar by bar.


@strict_kernel
def take_price(bars: Any, ts_event: int, price: float) -> float:  # pragma: no cover
    """Take a print, later than all before; return the close of the bar it ends, else NaN.

    A bar holds the prints in ``(start, end]`` and closes at `end`, so that the last print of a
    minute and data that come once a minute, stamped at its end, close the bar they belong to. Bars
    are aligned to the epoch; those without a print are skipped, not filled in. A print that arrives
    after its bar has closed counts to the next one.
    """
    bar = max(-(-ts_event // bars.width_ns), bars.closed + 1)
    close = _close(bars) if bar > bars.bar else math.nan
    bars.bar = bar
    bars.last = price
    return close


@strict_kernel
def close_at(bars: Any, now_ns: int) -> float:  # pragma: no cover
    """Return the close of the bar that is over at `now_ns` and had not closed, else NaN."""
    return _close(bars) if now_ns >= bars.bar * bars.width_ns else math.nan


@strict_kernel
def _close(bars: Any) -> float:  # pragma: no cover
    close: float = bars.last
    bars.closed = bars.bar
    bars.last = math.nan
    return close


@strict_kernel
def take_close(cross: Any, close: float) -> None:  # pragma: no cover
    """Take the next bar's close, NaN for none, into two averages and their cross.

    `bars_since` counts the bars since they changed sides: NaN until they have, 0 at the bar that
    does it. Averages that meet are on neither side: the one before holds.
    """
    if math.isnan(close):
        return
    cross.close = close
    cross.gap = math.log(_average(cross.fast, close) / _average(cross.slow, close))
    side = (cross.gap > 0.0) - (cross.gap < 0.0)
    cross.bars_since += 1.0
    if side != 0:
        if side == -cross.side:
            cross.bars_since = 0.0
        cross.side = side


@strict_kernel
def _average(average: Any, close: float) -> float:  # pragma: no cover
    """Return the exponential average with weight 2 / (period + 1), seeded by the plain mean.

    NaN until `period` closes have been seen.
    """
    average.count += 1
    if average.count < average.period:
        average.sum += close
    elif average.count == average.period:
        average.value = (average.sum + close) / average.period
    else:
        average.value += average.weight * (close - average.value)
    value: float = average.value
    return value
