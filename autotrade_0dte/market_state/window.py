"""Change of a logarithm over a window of event time."""

import math

from autotrade_0dte.market_state.memory import Memory
from autotrade_0dte.pricing.jit import strict_kernel

__all__ = ["recent_change", "take_value"]

# Compiled, so coverage cannot see the bodies; the property tests compare them with a plain search.


@strict_kernel
def take_value(  # pragma: no cover
    memory: Memory, row: int, ts_event: int, log_value: float
) -> None:
    """Take a new value into a window; times ascend.

    The window's `value` is the change from the last value at least `step_ns` old to the newest
    one: unknown (NaN) until a value that old has been seen, and while the newest one is unknown.
    """
    window, points = memory.state.windows[row], memory.points[row]
    if math.isnan(log_value):
        window.value = math.nan
        return
    points[window.count].ts_event = ts_event
    points[window.count].value = log_value
    window.count += 1
    cutoff = ts_event - window.step_ns
    while window.first + 1 < window.count and points[window.first + 1].ts_event <= cutoff:
        window.first += 1
    reference = points[window.first]
    if reference.ts_event <= cutoff:
        window.value = log_value - reference.value
        window.elapsed_s = (ts_event - reference.ts_event) / 1e9


@strict_kernel
def recent_change(memory: Memory, row: int) -> float:  # pragma: no cover
    """Return the change, unknown where a stop of the data made it one of two windows or more.

    What happened meanwhile would be scored as if it had within one.
    """
    window = memory.state.windows[row]
    return window.value if window.elapsed_s < window.longest_s else math.nan
