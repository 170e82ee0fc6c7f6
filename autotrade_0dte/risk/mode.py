"""What the risk controller allows at a time, what made it so, and the word that goes round."""

from collections.abc import Mapping
from enum import IntEnum, StrEnum

import msgspec

__all__ = ["DIRECT", "RISK_TOPIC", "RiskChange", "RiskMode", "Trigger"]

RISK_TOPIC = "risk.change"
"""Topic of the engine's bus that each `RiskChange` is published on."""

DIRECT = "direct"
"""Text of the change to KILLED by which another process closes everything at the broker itself: the
strategies send nothing more, lest the same be closed twice."""


class RiskMode(IntEnum):
    """What may be done, stricter from step to step; orders that reduce risk always may go.

    NORMAL: everything within the limits. TIGHTEN: the limits are smaller. HALT_ENTRIES: nothing is
    opened, what is open is managed. FLATTEN: what is open is closed at once. KILLED: all orders
    are canceled, everything is closed, and nothing is opened until the operator arms it again.
    """

    NORMAL = 0
    TIGHTEN = 1
    HALT_ENTRIES = 2
    FLATTEN = 3
    KILLED = 4


class Trigger(StrEnum):
    """What changes the mode.

    DAILY_LOSS, DRAWDOWN: the account against its value at the session's start, and against its
    peak. SCENARIO_LOSS, GREEKS: what is held may lose too much, or reacts too much. LEVEL_L3: the
    market is at its highest anomaly level. STALE_DATA: quotes do not come; DATA_GAP: the
    connection was lost. MARKS_UNKNOWN: what is held cannot be valued. REJECTS, ERRORS: too many a
    minute. EXECUTION: fills are too few or too dear. MISMATCH: the broker's books say otherwise.
    CLOCK_OFFSET: this clock is wrong. STORE: what must survive the process cannot be written.
    MANUAL: an operator's word; KILL_FILE: the kill switch.
    """

    DAILY_LOSS = "DAILY_LOSS"
    DRAWDOWN = "DRAWDOWN"
    SCENARIO_LOSS = "SCENARIO_LOSS"
    GREEKS = "GREEKS"
    LEVEL_L3 = "LEVEL_L3"
    STALE_DATA = "STALE_DATA"
    DATA_GAP = "DATA_GAP"
    MARKS_UNKNOWN = "MARKS_UNKNOWN"
    REJECTS = "REJECTS"
    ERRORS = "ERRORS"
    EXECUTION = "EXECUTION"
    MISMATCH = "MISMATCH"
    CLOCK_OFFSET = "CLOCK_OFFSET"
    STORE = "STORE"
    MANUAL = "MANUAL"
    KILL_FILE = "KILL_FILE"


class RiskChange(msgspec.Struct, frozen=True, kw_only=True):
    """A trigger that began or ended, and the mode that all standing triggers make together.

    Parameters
    ----------
    ts_event : int
        Event time, UTC ns.
    mode, before : RiskMode
        Now and before; the same where another trigger already asked for as much.
    trigger : Trigger
        What began or ended.
    begins : bool
        Whether it began.
    asks : RiskMode
        What this trigger asks for by itself.
    clears_itself : bool
        Whether it ends when its cause does; otherwise `autotrade rearm` ends it.
    figures : mapping of str to float
        The figures it was judged by.
    text : str
        What figures cannot say, such as an operator's reason.
    """

    ts_event: int
    mode: RiskMode
    before: RiskMode
    trigger: Trigger
    begins: bool
    asks: RiskMode
    clears_itself: bool
    figures: Mapping[str, float] = {}
    text: str = ""
