"""What each level of the market state does to each track."""

from enum import StrEnum
from typing import Annotated

import msgspec

from autotrade_0dte.market_state.state import Level

__all__ = ["Action", "ActionTable", "AnomalyActions", "RegularActions", "Track", "TrackActions"]
__all__ += ["Urgency"]


class Track(StrEnum):
    """One of the two strategies that run side by side."""

    REGULAR = "regular"
    ANOMALY = "anomaly"


class Urgency(StrEnum):
    """How hard orders are worked: PATIENT rests longer, URGENT crosses sooner."""

    PATIENT = "patient"
    NORMAL = "normal"
    URGENT = "urgent"


class Action(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one level does to one track.

    Parameters
    ----------
    entries : bool
        Whether new positions may be opened. Without a default, so that a level that a file changes
        never opens by what it leaves out.
    size_factor : float, default 1.0
        Multiple of the track's usual size.
    exits_forced : bool, default false
        Whether open positions are closed when the level is entered.
    urgency : Urgency, default NORMAL
        How hard orders are worked: a tag of each order, for the desk.
    """

    entries: bool
    size_factor: Annotated[float, msgspec.Meta(ge=0, le=4)] = 1.0
    exits_forced: bool = False
    urgency: Urgency = Urgency.NORMAL


class TrackActions(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Actions of one track by level; a level that a file leaves out keeps its track's default."""

    calm: Action = Action(entries=True)
    l1: Action = Action(entries=True)
    l2: Action = Action(entries=True)
    l3: Action = Action(entries=True)

    def at(self, level: Level) -> Action:
        """Return the action of a level."""
        return (self.calm, self.l1, self.l2, self.l3)[level]


class RegularActions(TrackActions, frozen=True, forbid_unknown_fields=True):
    """Actions of the regular track: half size at L1, no entries at L2, closed at L3."""

    l1: Action = Action(entries=True, size_factor=0.5)
    l2: Action = Action(entries=False, urgency=Urgency.URGENT)
    l3: Action = Action(entries=False, exits_forced=True, urgency=Urgency.URGENT)


class AnomalyActions(TrackActions, frozen=True, forbid_unknown_fields=True):
    """Actions of the anomaly track: no entries below L2, half size at L3."""

    calm: Action = Action(entries=False)
    l1: Action = Action(entries=False)
    l2: Action = Action(entries=True, urgency=Urgency.URGENT)
    l3: Action = Action(entries=True, size_factor=0.5, urgency=Urgency.URGENT)


class ActionTable(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The action table.

    The defaults halve the regular track at L1, stop its entries at L2 and close it at L3, where
    spreads and moves are beyond what its stops were made for. The anomaly track only acts from L2,
    and at half size at L3, where fills are worst.

    Parameters
    ----------
    regular : RegularActions
        Actions of the regular track.
    anomaly : AnomalyActions
        Actions of the anomaly track.
    """

    regular: RegularActions = RegularActions()
    anomaly: AnomalyActions = AnomalyActions()

    def of(self, track: Track, level: Level) -> Action:
        """Return what `level` does to `track`."""
        return (self.regular if track is Track.REGULAR else self.anomaly).at(level)
