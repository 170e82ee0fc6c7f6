"""Evidence from a volatility: an index, or what the chain's own quotes imply."""

import math

from autotrade_0dte.market_state.memory import Memory
from autotrade_0dte.market_state.standard import standard_score, update_figure
from autotrade_0dte.market_state.trailing import take_sample
from autotrade_0dte.market_state.window import recent_change, take_value
from autotrade_0dte.pricing.jit import strict_kernel

__all__ = ["bounded_step", "take_change", "take_level"]

# Compiled, so coverage cannot see the bodies; unit and property tests run them by plain references.


@strict_kernel
def take_level(  # pragma: no cover
    memory: Memory, row: int, minute: int, ts_event: int, log_value: float
) -> None:
    """Take the newest logarithm of a volatility into the figure of its level, times ascending.

    The level is the logarithm over its own trailing median, so that it means the same in calm and
    in wild weeks.
    """
    take_sample(memory, row, ts_event, log_value)
    figure = memory.state.figures[row]
    figure.value = log_value - figure.median
    figure.score = standard_score(memory, row, minute, figure.value, 0.0, 0.0)


@strict_kernel
def take_change(  # pragma: no cover
    memory: Memory,
    row: int,
    first: int,
    minute: int,
    ts_event: int,
    log_value: float,
    log_second: float,
    noise: float,
) -> None:
    """Take the newest logarithm into the figure of its change, times ascending.

    With a second estimate of the same volatility the change is the lesser of both: a wrong quote
    moves one of them, a shock both. After a stop of the data it is unknown until a window has
    passed. The windows are `first` and the one after it.

    Parameters
    ----------
    log_second : float
        The second estimate's; NaN without one.
    noise : float
        Fraction of the value that its quotes leave open: a smaller change says nothing.
    """
    take_value(memory, first, ts_event, log_value)
    change = recent_change(memory, first)
    if not math.isnan(log_second):
        take_value(memory, first + 1, ts_event, log_second)
        change = min(change, recent_change(memory, first + 1))
    update_figure(memory, row, minute, ts_event, change, noise)


@strict_kernel
def bounded_step(change: float, step: float, most: float) -> float:  # pragma: no cover
    """Return the score of a change or of a step, whichever says more; NaN without a change.

    The change may be watched in a second, shorter window too, for a step: of a small rise within
    seconds a long window shows no more than a short one, but has more noise about it. `most` is
    what a step is worth: it tells how sudden a rise is, not how large.
    """
    step = min(step, most)
    return step if step > change else change
