"""What each track may take of the risk that both share."""

from typing import Annotated

import msgspec

from autotrade_0dte.market_state.actions import Track

__all__ = ["AnomalyLimits", "CoordinatorParams", "RegularLimits", "TrackLimits"]

Share = Annotated[float, msgspec.Meta(gt=0, le=1)]
Pause = Annotated[float, msgspec.Meta(ge=0, le=23_400)]


class TrackLimits(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What one track may take of the shared budget.

    Parameters
    ----------
    share : float, default 1.0
        Largest share of the budget at risk in this track.
    max_plans : int, default 1
        Open plans at a time; entries at work count. The strategies here open one; more is for a
        strategy of your own.
    level_pause_s : float, default 0
        No entry for so long after the state changed its level, up or down, seconds.
    """

    share: Share = 1.0
    max_plans: Annotated[int, msgspec.Meta(ge=1, le=20)] = 1
    level_pause_s: Pause = 0.0


class RegularLimits(TrackLimits, frozen=True, forbid_unknown_fields=True):
    """What the regular track may take.

    Parameters
    ----------
    share : float, default 0.75
        Largest share of the budget at risk in this track: a quarter is left when an event comes.
    level_pause_s : float, default 60
        No entry for so long after the state changed its level, seconds: a rise often goes on, and
        after a fall the windows of the indicators still hold the move.
    """

    share: Share = 0.75
    level_pause_s: Pause = 60.0


class AnomalyLimits(TrackLimits, frozen=True, forbid_unknown_fields=True):
    """What the anomaly track may take; a change of level is its reason to act, so it has no pause.

    Parameters
    ----------
    share : float, default 0.5
        Largest share of the budget at risk in this track: its fills are the worst.
    """

    share: Share = 0.5


class CoordinatorParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Rules between the tracks.

    Parameters
    ----------
    budget_usd : float, default 1000
        Most that all open plans of both tracks may lose together in their worst scenarios, dollars;
        4 % of the default account, so that a session in which everything fails several times over
        is survived.
    stacking_factor : float, default 0.5
        Multiple of a track's share while the other track holds the same direction: the two lose
        together. 0 refuses such entries.
    hand_over : bool, default true
        Whether the regular position is closed when the anomaly track wants the opposite direction;
        if not, the anomaly track is refused.
    regular : RegularLimits
        What the regular track may take.
    anomaly : AnomalyLimits
        What the anomaly track may take.
    """

    budget_usd: Annotated[float, msgspec.Meta(gt=0, le=1e9)] = 1_000.0
    stacking_factor: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.5
    hand_over: bool = True
    regular: RegularLimits = RegularLimits()
    anomaly: AnomalyLimits = AnomalyLimits()

    def of(self, track: Track) -> TrackLimits:
        """Return the limits of a track."""
        return self.regular if track is Track.REGULAR else self.anomaly
