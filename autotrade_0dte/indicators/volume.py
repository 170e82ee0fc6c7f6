"""Traded volume against its usual rate."""

import math

from autotrade_0dte.indicators.lagged import rows_before
from autotrade_0dte.indicators.memory import Memory
from autotrade_0dte.pricing.jit import strict_kernel

__all__ = ["take_volume"]

_NS = 1_000_000_000
_NS_PER_MINUTE = 60 * _NS

# Compiled, so coverage cannot see the bodies; the unit tests run them second by second.


@strict_kernel
def take_volume(  # pragma: no cover
    memory: Memory, now_ns: int, shares: float
) -> tuple[float, float]:
    """Take the shares traded since the open, NaN where unknown; return rate and burst.

    The rate is that over the burst window, and the burst how many times its usual one that is.
    Usual is the rate of this minute of the session, that of the middle of the window, where a
    profile knows it; else the mean rate over a trailing window that ends where the burst window
    begins, so that a burst is not compared with itself. NaN until known.
    """
    state, volumes = memory.state, memory.volumes
    volumes[state.volumes].ts_event = now_ns
    volumes[state.volumes].shares = shares
    state.volumes += 1
    old = rows_before(state.burst, volumes, state.volumes, now_ns)
    if old == 0:
        return math.nan, math.nan
    before = volumes[old - 1].shares
    rate = (shares - before) * _NS / state.burst.window_ns
    usual = _usual_rate(memory, now_ns, before)
    return rate, rate / usual if usual > 0.0 else math.nan


@strict_kernel
def _usual_rate(memory: Memory, now_ns: int, before: float) -> float:  # pragma: no cover
    state, volumes = memory.state, memory.volumes
    minute = (now_ns - state.burst.window_ns // 2 - state.open_ns) // _NS_PER_MINUTE
    usual = memory.usual_rate[minute] if 0 <= minute < memory.usual_rate.size else math.nan
    if not math.isnan(usual):
        return usual
    old = rows_before(state.trailing, volumes, state.volumes, now_ns)
    if old == 0:
        return math.nan
    window_ns = state.trailing.window_ns - state.burst.window_ns
    rate: float = (before - volumes[old - 1].shares) * _NS / window_ns
    return rate
