"""What of the risk ladder must survive the process: latches, references, counters."""

import math
from collections.abc import Mapping

import msgspec

from autotrade_0dte.risk.picture import DayCounters
from autotrade_0dte.risk.rungs import RungState

__all__ = ["LADDER_TOPIC", "NO_RISE", "DayState", "LadderState", "Rise"]

LADDER_TOPIC = "risk.ladder"
"""Topic of the engine's bus that the `LadderState` is published on when it must be kept anew."""


class DayState(msgspec.Struct, frozen=True):
    """The session's counters, and the plans that are in them already.

    Parameters
    ----------
    counters : DayCounters
        See there.
    entered, closed : tuple of str
        Ids of the plans counted as entries, and as closed.
    """

    counters: DayCounters = DayCounters()
    entered: tuple[str, ...] = ()
    closed: tuple[str, ...] = ()


class Rise(msgspec.Struct, frozen=True):
    """The account's value above its peak: since when (UTC ns, 0 for not), and the least since."""

    since_ns: int = 0
    least: float = math.inf


NO_RISE = Rise()


class LadderState(msgspec.Struct, frozen=True, kw_only=True):
    """A ladder at one instant; times are UTC ns, 0 for none, and an unknown figure is NaN.

    Parameters
    ----------
    session_ns : int
        Open of the session it is of.
    start_equity, peak_equity : float
        The account's value at the session's start, and its highest since, dollars.
    rise : Rise
        A higher peak that has not stood long enough.
    day : DayState
        Counters of the session.
    rungs : tuple of RungState
        Those that stand, or are about to.
    figures : mapping of str to float
        The newest figure of each trigger that has one.
    texts : mapping of str to str
        What was said of a trigger last.
    recent : mapping of str to tuple of int
        When the rejects and the errors of the last minute were.
    newest_quote_ns : int
        Time of the newest quote.
    unknown_ns : int
        Since when the account's value is unknown.
    """

    session_ns: int
    start_equity: float = math.nan
    peak_equity: float = math.nan
    rise: Rise = NO_RISE
    day: DayState = DayState()
    rungs: tuple[RungState, ...] = ()
    figures: Mapping[str, float] = {}
    texts: Mapping[str, str] = {}
    recent: Mapping[str, tuple[int, ...]] = {}
    newest_quote_ns: int = 0
    unknown_ns: int = 0
