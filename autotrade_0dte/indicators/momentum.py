"""Price momentum over an event-time window."""

import math

from autotrade_0dte.indicators.lagged import rows_before
from autotrade_0dte.indicators.memory import Memory
from autotrade_0dte.pricing.jit import strict_kernel

__all__ = ["momentum_at"]


@strict_kernel
def momentum_at(  # pragma: no cover - compiled; the property tests compare it with a plain search
    memory: Memory, now_ns: int
) -> float:
    """Return the log return from the last print at least a window old to the newest one.

    NaN until a print that old has been seen, and when the newest print is itself that old: a price
    that nobody has renewed has not stood still. NaN as well when the earlier print is twice as old
    as the window: after a stop of the data the return is of the stop, not of the window.
    """
    state, prints = memory.state, memory.prints
    window_ns = state.momentum.window_ns
    old = rows_before(state.momentum, prints, state.prints, now_ns)
    if old == 0 or prints[state.prints - 1].ts_event <= now_ns - window_ns:
        return math.nan
    if prints[old - 1].ts_event <= now_ns - 2 * window_ns:
        return math.nan
    return math.log(prints[state.prints - 1].price / prints[old - 1].price)
