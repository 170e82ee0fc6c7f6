"""Evidence from the width of the quotes near the money: its level and its change, logarithmic.

The level alone is late where the last hour was unlike this minute: spreads that came down since the
open, or were tight by chance just now, leave a scale in which a spread four times as wide is within
the usual. Its change in half a minute is not, and has no pattern within the day.
"""

import math

from autotrade_0dte.market_state.memory import Memory
from autotrade_0dte.market_state.standard import update_figure
from autotrade_0dte.market_state.window import recent_change, take_value
from autotrade_0dte.pricing.jit import strict_kernel

__all__ = ["spread_score", "take_spread"]

# Compiled, so coverage cannot see the bodies; the unit tests run them by scenario.


@strict_kernel
def take_spread(  # pragma: no cover
    memory: Memory, level: int, change: int, window: int, minute: int, ts_event: int, spread: float
) -> None:
    """Take the newest spread, times ascending; one that is not positive is unknown.

    `level` and `change` are figures, `window` is that of the change.
    """
    log_spread = math.log(spread) if spread > 0.0 else math.nan
    update_figure(memory, level, minute, ts_event, log_spread, 0.0)
    take_value(memory, window, ts_event, log_spread)
    update_figure(memory, change, minute, ts_event, recent_change(memory, window), 0.0)


@strict_kernel
def spread_score(memory: Memory, level: int, change: int) -> float:  # pragma: no cover
    """Return the score of level or change, whichever says more."""
    of_level: float = memory.state.figures[level].score
    of_change: float = memory.state.figures[change].score
    return of_change if of_change > of_level or math.isnan(of_level) else of_level
