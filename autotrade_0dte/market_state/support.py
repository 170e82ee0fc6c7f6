"""Which level a set of scores supports.

Figures that come from the same data are one witness, however many there are, so that the votes are
counted by source: volatility, prices, volume, quotes. A source that has to be believed alone must
say much more than two that agree.

==== ==================================================================================
L1   one source elevated (or drift, or an event's approach)
L2   one source strong, or two elevated, or an event's window
L3   volatility or a jump extreme; or any source extreme and another strong
==== ==================================================================================

Volatility and jumps may raise L3 alone, being the shock itself: implied volatility is the judgment
of a whole strip of quotes, and a jump must be large against the move that the options still price
in. Wide or old quotes and volume may not: a broken feed and a block trade look like them.
"""

from collections.abc import Sequence
from typing import Annotated

import msgspec
import numpy as np
from numpy.typing import NDArray

from autotrade_0dte.market_state.state import CHANNELS, Channel, Level
from autotrade_0dte.pricing.jit import strict_kernel

__all__ = ["SOURCES", "Limits", "supported", "supported_level"]

SOURCES: tuple[tuple[Channel, ...], ...] = (
    (Channel.VOLATILITY_LEVEL, Channel.VOLATILITY_CHANGE),
    (Channel.REALIZED, Channel.JUMP),
    (Channel.ACTIVITY,),
    (Channel.SPREAD, Channel.QUOTE_AGE, Channel.CROSSED),
)
"""Channels by the data that they come from. DRIFT and EVENT are no votes: they have caps."""

_SHOCKS = tuple(
    CHANNELS.index(channel)
    for channel in (Channel.VOLATILITY_LEVEL, Channel.VOLATILITY_CHANGE, Channel.JUMP)
)
_SOURCE_OF = tuple(
    next((k for k, source in enumerate(SOURCES) if channel in source), -1) for channel in CHANNELS
)
_DRIFT = CHANNELS.index(Channel.DRIFT)
_EVENT = CHANNELS.index(Channel.EVENT)
_CALM, _L1, _L2, _L3 = map(int, Level)

Score = Annotated[float, msgspec.Meta(gt=0, le=100)]


class Limits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Scores from which a figure is elevated, strong and extreme, robust standard deviations."""

    elevated: Score
    strong: Score
    extreme: Score

    def __post_init__(self) -> None:
        if not self.elevated < self.strong < self.extreme:
            found = f"{self.elevated:g}, {self.strong:g}, {self.extreme:g}"
            raise ValueError(f"Expected elevated below strong below extreme, was {found}")


def supported_level(scores: Sequence[float], limits: Limits) -> Level:
    """Return the highest level that `scores` (in the order of CHANNELS; NaN is unknown) support."""
    figures = np.array(scores, np.float64)
    return Level(supported(figures, limits.elevated, limits.strong, limits.extreme))


# Compiled, so coverage cannot see the body; the unit tests run it channel by channel.


@strict_kernel
def supported(  # pragma: no cover
    scores: NDArray[np.float64], elevated: float, strong: float, extreme: float
) -> int:
    """Return `supported_level` by the three of its limits, as an integer."""
    if not (scores >= elevated).any():  # nearly always
        return _CALM
    best = np.full(len(SOURCES), -np.inf)
    for channel in range(scores.size):
        source = _SOURCE_OF[channel]
        if source >= 0:
            best[source] = max(best[source], scores[channel])
    sources_elevated = np.count_nonzero(best >= elevated)
    sources_strong = np.count_nonzero(best >= strong)
    sources_extreme = np.count_nonzero(best >= extreme)
    if sources_extreme:
        shock = False
        for channel in _SHOCKS:
            shock = shock or scores[channel] >= extreme
        if shock or sources_strong > 1:
            return _L3
    if sources_strong or sources_elevated > 1 or scores[_EVENT] >= strong:
        return _L2
    if sources_elevated or scores[_DRIFT] >= elevated or scores[_EVENT] >= elevated:
        return _L1
    return _CALM
