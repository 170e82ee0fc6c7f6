"""How far a figure is from what is usual at this minute of the day or of the last while.

The score is (value - usual) / scale. Where the profile knows the minute, usual and scale are its
own; elsewhere those of the trailing window, in the first `trailing_minutes` of the session: later,
a figure that rises by itself towards the close is unknown without a profile. The scale is never
below `floor`: a figure that hardly ever moves is no evidence because it has moved a little.
"""

import math

from autotrade_0dte.market_state.memory import Memory
from autotrade_0dte.market_state.trailing import take_sample
from autotrade_0dte.pricing.jit import strict_kernel

__all__ = ["judge", "standard_score", "update_figure"]

# Compiled, so coverage cannot see the bodies; the unit tests run them by figures of known scale.


@strict_kernel
def update_figure(  # pragma: no cover
    memory: Memory, row: int, minute: int, ts_event: int, value: float, least: float
) -> None:
    """Take a value in time order, NaN for an unknown one; `least` is a floor of its scale."""
    take_sample(memory, row, ts_event, value)
    judge(memory, row, minute, value, least)


@strict_kernel
def judge(  # pragma: no cover
    memory: Memory, row: int, minute: int, value: float, least: float
) -> None:
    """Score a value by what is usual."""
    figure = memory.state.figures[row]
    figure.value = value
    figure.score = standard_score(memory, row, minute, value, figure.median, least)


@strict_kernel
def standard_score(  # pragma: no cover
    memory: Memory, row: int, minute: int, value: float, usual: float, least: float
) -> float:
    """Return the score of `value` in a minute of the session; NaN where nothing is usual.

    `usual` is that of the trailing window; `least` is a floor of the moment.
    """
    figure = memory.state.figures[row]
    scale = figure.scale
    known = math.nan
    if 0 <= minute < memory.usual.shape[1]:
        known = memory.usual[row, minute, 0]
    if not math.isnan(known):
        usual, scale = known, memory.usual[row, minute, 1]
    elif minute >= figure.trailing_minutes:
        return math.nan
    score: float = (value - usual) / max(scale, figure.floor, least)
    return score
