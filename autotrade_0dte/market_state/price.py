"""Evidence from the underlying's prints: jumps and drift."""

import math

from autotrade_0dte.market_state.jump import take_drift, take_step, u_shape
from autotrade_0dte.market_state.memory import PRODUCTS, Memory
from autotrade_0dte.market_state.window import take_value
from autotrade_0dte.pricing.jit import strict_kernel

__all__ = ["take_print"]

_MINUTE_NS = 60_000_000_000
_LARGEST_STEP = 3.0

# Compiled, so coverage cannot see the bodies; the unit tests run them by steps of known size.


@strict_kernel
def take_print(  # pragma: no cover
    memory: Memory, window: int, ts_event: int, price: float, implied_sd: float
) -> None:
    """Take a new print, times ascending.

    `jump` is the logarithmic return over the window; its score is its size over the larger of what
    local volatility and what `DetectorParams.jump_implied_share` make of it. The drift's score is
    the CUSUM of standardized steps in units of `DetectorParams.drift_scale`.

    Parameters
    ----------
    window : int
        Row of the jump's window.
    price : float
        Dollars.
    implied_sd : float
        Standard deviation of the return to expiry by the options; NaN if unknown.
    """
    judged, local, drift = memory.state.price, memory.state.local, memory.state.drift
    log_price = math.log(price)
    take_value(memory, window, ts_event, log_price)
    usual = _usual(memory, ts_event)
    known = local.value
    if take_step(local, memory.points[PRODUCTS], ts_event, log_price, usual) and known > 0.0:
        # A jump is another channel's matter, so one step counts for three deviations at most.
        step = local.last / known
        take_drift(drift, max(-_LARGEST_STEP, min(_LARGEST_STEP, step)))
    changed = memory.state.windows[window]
    judged.jump = changed.value
    scale = local.value * usual * math.sqrt(changed.elapsed_s)
    scale = max(scale, judged.implied_share * implied_sd)
    scale = max(scale, judged.floor)
    judged.jump_score = abs(judged.jump) / scale
    judged.drift_score = drift.value / judged.drift_scale


@strict_kernel
def _usual(memory: Memory, ts_event: int) -> float:  # pragma: no cover
    """Return the usual volatility at an instant relative to the day's."""
    open_ns, close_ns = memory.state.open_ns, memory.state.close_ns
    minute = (ts_event - open_ns) // _MINUTE_NS
    if 0 <= minute < memory.pattern.size:
        usual: float = memory.pattern[minute]
        return usual
    return u_shape((ts_event - open_ns) / 1e9, (close_ns - ts_event) / 1e9)
