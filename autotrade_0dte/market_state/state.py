"""What state the market is in, and the evidence for it."""

import math
from enum import IntEnum, StrEnum

import msgspec

__all__ = ["CHANNELS", "Channel", "Level", "MarketState"]


class Level(IntEnum):
    """How far the market is from its usual self; CALM → L1 (watch) → L2 (act) → L3 (shock)."""

    CALM = 0
    L1 = 1
    L2 = 2
    L3 = 3


class Channel(StrEnum):
    """One kind of evidence.

    VOLATILITY_LEVEL, VOLATILITY_CHANGE: the volatility index, or the chain's own variance gauge.
    REALIZED: short over long realized volatility of the underlying.
    ACTIVITY: traded volume of the underlying.
    JUMP: a return against local volatility at this time of day.
    DRIFT: returns that add up one way for longer than chance allows; slow, at most L1.
    SPREAD, QUOTE_AGE, CROSSED: stress of the chain's quotes near the money.
    EVENT: a scheduled event is near or has just been.
    """

    VOLATILITY_LEVEL = "volatility_level"
    VOLATILITY_CHANGE = "volatility_change"
    REALIZED = "realized"
    ACTIVITY = "activity"
    JUMP = "jump"
    DRIFT = "drift"
    SPREAD = "spread"
    QUOTE_AGE = "quote_age"
    CROSSED = "crossed"
    EVENT = "event"


CHANNELS = tuple(Channel)
"""Order of the channels in every tuple of a MarketState."""

_UNKNOWN = (math.nan,) * len(CHANNELS)


class MarketState(msgspec.Struct, frozen=True, gc=False):
    """The market's level at one snapshot, with all evidence; tuples follow CHANNELS.

    Parameters
    ----------
    ts_event : int
        The snapshot's instant, UTC ns.
    level : Level
        What the ladder holds, after hysteresis, confirmation, dwell and cool-down.
    before : Level
        Level at the snapshot before; different from `level` at a transition.
    since_ns : int
        When `level` was entered.
    onset_ns : int
        When the present episode left CALM; 0 while CALM. It names an episode.
    supported : Level
        What the evidence of this snapshot alone supports.
    values : tuple of float
        Raw figure of each channel in its own unit; NaN is unknown.
    scores : tuple of float
        The figure against its usual value at this minute of the day or of the last while, in robust
        standard deviations; NaN is unknown.
    """

    ts_event: int
    level: Level
    before: Level = Level.CALM
    since_ns: int = 0
    onset_ns: int = 0
    supported: Level = Level.CALM
    values: tuple[float, ...] = _UNKNOWN
    scores: tuple[float, ...] = _UNKNOWN

    @property
    def changed(self) -> bool:
        """Whether this snapshot is a transition."""
        return self.level is not self.before
