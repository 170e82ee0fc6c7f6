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

import math
from typing import Annotated

import msgspec

from autotrade_0dte.market_state.state import CHANNELS, Channel, Level

__all__ = ["SOURCES", "Limits", "supported_level"]

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
_SOURCES = tuple(tuple(CHANNELS.index(channel) for channel in source) for source in SOURCES)
_DRIFT = CHANNELS.index(Channel.DRIFT)
_EVENT = CHANNELS.index(Channel.EVENT)

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


def supported_level(scores: list[float], limits: Limits) -> Level:
    """Return the highest level that `scores` (in the order of CHANNELS; NaN is unknown) support."""
    for score in scores:
        if score >= limits.elevated:
            break
    else:  # nearly always, and soonest found out like this
        return Level.CALM
    elevated = strong = extreme = 0
    for source in _SOURCES:
        best = -math.inf
        for channel in source:
            best = max(best, scores[channel])
        if best >= limits.elevated:
            elevated += 1
            strong += best >= limits.strong
            extreme += best >= limits.extreme
    if extreme:
        shock = any(scores[channel] >= limits.extreme for channel in _SHOCKS)
        if shock or strong > 1:
            return Level.L3
    if strong or elevated > 1 or scores[_EVENT] >= limits.strong:
        return Level.L2
    if elevated or scores[_DRIFT] >= limits.elevated or scores[_EVENT] >= limits.elevated:
        return Level.L1
    return Level.CALM
