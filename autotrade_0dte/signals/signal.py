"""The type of a signal: which way, how strong, why, and whether it may be acted on."""

from enum import StrEnum

import msgspec

__all__ = ["FACTORS", "RECORD_EVERY_NS", "SIGNAL_TOPIC", "Factor", "Reading", "Signal"]
__all__ += ["SignalRefusal"]

SIGNAL_TOPIC = "signal"
"""Bus topic on which every track's signal of every snapshot is published."""

RECORD_EVERY_NS = 10_000_000_000
"""Longest time in which a signal that goes on is not recorded again."""


class Factor(StrEnum):
    """One source of opinion about the direction.

    TREND: side and width of the moving averages' cross. MOMENTUM: return over the momentum window.
    MICRO_TREND: slope of the trend window. ACCELERATION: its change. VOLUME: a volume burst in the
    direction of momentum. VWAP: distance from the volume-weighted price. OPENING_RANGE: a breakout
    held for a bar. GAMMA: momentum where dealers are short gamma, reversal where they are long.
    SKEW: puts getting dearer than calls point down.
    """

    TREND = "trend"
    MOMENTUM = "momentum"
    MICRO_TREND = "micro_trend"
    ACCELERATION = "acceleration"
    VOLUME = "volume"
    VWAP = "vwap"
    OPENING_RANGE = "opening_range"
    GAMMA = "gamma"
    SKEW = "skew"


FACTORS = tuple(Factor)
"""Order of the factors in every tuple of a Signal."""


class Reading(msgspec.Struct, frozen=True, gc=False):
    """A factor's opinion in [-1, 1] (up is positive) and its confidence in [0, 1]; NaN unknown."""

    value: float
    confidence: float


class SignalRefusal(StrEnum):
    """Which filter kept a signal from being acted on.

    The last six are the anomaly track's. NO_TRIGGER: the episode has no move to trade. ACT_WINDOW:
    it began too long ago. UNCONFIRMED: too few prints show the move. AGAINST_TRIGGER: the factors
    point elsewhere. MAX_ATTEMPTS, LOSING_EPISODES: enough was tried, enough was lost.
    """

    WARM_UP = "WARM_UP"
    OUTSIDE_WINDOW = "OUTSIDE_WINDOW"
    STALE_DATA = "STALE_DATA"
    WIDE_SPREAD = "WIDE_SPREAD"
    WEAK = "WEAK"
    NO_AGREEMENT = "NO_AGREEMENT"
    COOL_DOWN = "COOL_DOWN"
    LOSS_COOL_DOWN = "LOSS_COOL_DOWN"
    MAX_TRADES = "MAX_TRADES"
    STATE = "STATE"
    TRACK_CONFLICT = "TRACK_CONFLICT"
    EXPIRED = "EXPIRED"
    NO_TRIGGER = "NO_TRIGGER"
    ACT_WINDOW = "ACT_WINDOW"
    UNCONFIRMED = "UNCONFIRMED"
    AGAINST_TRIGGER = "AGAINST_TRIGGER"
    MAX_ATTEMPTS = "MAX_ATTEMPTS"
    LOSING_EPISODES = "LOSING_EPISODES"


class Signal(msgspec.Struct, frozen=True, gc=False):
    """One track's opinion at one snapshot; tuples follow FACTORS.

    Parameters
    ----------
    ts_event : int
        The snapshot's instant, UTC ns.
    track : str
        Whose signal it is.
    direction : int
        +1 up, -1 down, 0 none.
    score : float
        Weighted mean of the factors in [-1, 1]; NaN until one is known.
    strength : float
        Size of the score in [0, 1].
    agreement : float
        Share of the known weight that points in `direction`, 0 to 1.
    onset_ns : int
        When this direction began; 0 without one.
    valid_until_ns : int
        A plan made later than this refuses the signal; 0 without a direction.
    priority : int
        Which of two signals goes first; larger is first.
    refusal : SignalRefusal, optional
        Why it may not be acted on; None when it may.
    readings : tuple of Reading
        What each factor said.
    figures : dict[str, float]
        What the refusal was judged by.
    """

    ts_event: int
    track: str
    direction: int
    score: float
    strength: float
    agreement: float
    onset_ns: int
    valid_until_ns: int
    priority: int
    refusal: SignalRefusal | None
    readings: tuple[Reading, ...]
    figures: dict[str, float] = {}
