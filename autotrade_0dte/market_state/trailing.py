"""Usual value and scale of a figure over a trailing window that lags behind the present.

A figure is sampled once each `sample_ns` and takes part from `lag_ns` to `lag_ns + window_ns`
later. The lag keeps a disturbance from becoming its own usual while it is being recognized; a new
level that stays is usual once it fills half of the window. Nothing depends on what the state
machine has decided, so evidence is a function of the data alone.

Median and scaled median absolute deviation (MAD) are recomputed only when a sample enters or
leaves: constant time between. Below `min_samples` both are unknown (NaN).
"""

import math
from typing import Any

import numpy as np
from numpy.typing import NDArray

from autotrade_0dte.market_state.memory import SAMPLES, Memory
from autotrade_0dte.pricing.jit import strict_kernel

__all__ = ["MAD_TO_SD", "take_sample"]

MAD_TO_SD = 1.4826
"""Standard deviation over median absolute deviation of a normal distribution."""

type Floats = NDArray[np.float64]

# Compiled, so coverage cannot see the bodies; the property tests compare them with all samples.


@strict_kernel
def take_sample(memory: Memory, row: int, ts_event: int, value: float) -> None:  # pragma: no cover
    """Take a figure's value in time order; NaN is left out."""
    figure, samples = memory.state.figures[row], memory.points[SAMPLES + row]
    if ts_event >= figure.next_ns and not math.isnan(value):
        samples[figure.count].ts_event = ts_event
        samples[figure.count].value = value
        figure.count += 1
        figure.next_ns = ts_event + figure.sample_ns
    if ts_event >= figure.due_ns:
        _roll(figure, samples, memory.ordered[row], ts_event)


@strict_kernel
def _roll(figure: Any, samples: Any, ordered: Floats, now_ns: int) -> None:  # pragma: no cover
    youngest_ns = now_ns - figure.lag_ns
    oldest_ns = youngest_ns - figure.window_ns
    changed = False
    while figure.stop < figure.count and samples[figure.stop].ts_event <= youngest_ns:
        _insert(ordered, figure.stop - figure.first, samples[figure.stop].value)
        figure.stop += 1
        changed = True
    while figure.first < figure.stop and samples[figure.first].ts_event < oldest_ns:
        _remove(ordered, figure.stop - figure.first, samples[figure.first].value)
        figure.first += 1
        changed = True
    if changed:
        _summarize(figure, ordered[: figure.stop - figure.first])
    # Nothing changes before the next sample is old enough, or the oldest too old.
    entering = now_ns + figure.sample_ns
    if figure.stop < figure.count:
        entering = samples[figure.stop].ts_event + figure.lag_ns
    figure.due_ns = entering
    if figure.first < figure.stop:
        leaving = samples[figure.first].ts_event + figure.lag_ns + figure.window_ns + 1
        figure.due_ns = min(entering, leaving)


@strict_kernel
def _insert(ordered: Floats, size: int, value: float) -> None:  # pragma: no cover
    at = size
    while at > 0 and ordered[at - 1] > value:
        ordered[at] = ordered[at - 1]
        at -= 1
    ordered[at] = value


@strict_kernel
def _remove(ordered: Floats, size: int, value: float) -> None:  # pragma: no cover
    for at in range(np.searchsorted(ordered[:size], value), size - 1):
        ordered[at] = ordered[at + 1]


@strict_kernel
def _summarize(figure: Any, ordered: Floats) -> None:  # pragma: no cover
    figure.median = figure.scale = math.nan
    if ordered.size >= figure.min_samples:
        median = _middle(ordered)
        figure.median = median
        figure.scale = MAD_TO_SD * _middle(np.sort(np.abs(ordered - median)))


@strict_kernel
def _middle(ordered: Floats) -> float:  # pragma: no cover
    half = ordered.size // 2
    middle: float = ordered[half]
    return middle if ordered.size % 2 else 0.5 * (ordered[half - 1] + middle)
