"""Shares the risk budget between the tracks and keeps them from trading against each other.

Both tracks trade one underlying, so what they hold is one bet: two open plans never point in
opposite directions, and all of them together never risk more than one budget. Where the tracks want
opposite things the anomaly track goes first, because its reason to trade is over in minutes: the
regular position is closed, and only then does the anomaly track act (a hand-over).
"""

import math
from collections.abc import Iterable
from enum import StrEnum

import msgspec

from autotrade_0dte.execution.coordinator_params import CoordinatorParams
from autotrade_0dte.market_state.actions import Action, ActionTable, Track
from autotrade_0dte.market_state.state import Level, MarketState

__all__ = ["Allotment", "Coordinator", "CoordinatorParams", "HandOver", "Refusal", "RefusalReason"]

_NS = 1_000_000_000


class RefusalReason(StrEnum):
    """Why a track may not open a plan.

    NO_ENTRIES: the action table has none at this level. LEVEL_CHANGED: the level changed a moment
    ago. MAX_PLANS: the track has as many plans as it may. TRACK_SHARE: more than the track's share
    of the budget. SAME_DIRECTION: more than is left of that share while the other track holds the
    same direction. OPPOSING_POSITION: an open plan points the other way. HAND_OVER: so does the
    regular track's, which has been asked to close. SHARED_BUDGET: more than the tracks may lose
    together.
    """

    NO_ENTRIES = "NO_ENTRIES"
    LEVEL_CHANGED = "LEVEL_CHANGED"
    MAX_PLANS = "MAX_PLANS"
    TRACK_SHARE = "TRACK_SHARE"
    SAME_DIRECTION = "SAME_DIRECTION"
    OPPOSING_POSITION = "OPPOSING_POSITION"
    HAND_OVER = "HAND_OVER"
    SHARED_BUDGET = "SHARED_BUDGET"


class HandOver(StrEnum):
    """Why a track is asked to close: HAND_OVER, the anomaly track wants the other direction."""

    HAND_OVER = "HAND_OVER"


class Refusal(msgspec.Struct, frozen=True):
    """Why a plan may not be opened, and the figures it was judged by."""

    reason: RefusalReason
    figures: dict[str, float]


class _Grant(msgspec.Struct, frozen=True, gc=False):
    """An open plan: whose, which way, and what it may lose, dollars."""

    track: Track
    direction: int
    worst_loss_usd: float


class Coordinator:
    """The open plans of both tracks, and the rules for a further one.

    One object serves all strategies of a session. It has no clock and no randomness: the same
    requests in the same order have the same answers.
    """

    __slots__ = ("_asked", "_grants", "actions", "params")

    def __init__(self, params: CoordinatorParams, actions: ActionTable) -> None:
        self.params = params
        self.actions = actions
        self._grants: dict[tuple[Track, str], _Grant] = {}
        self._asked: set[Track] = set()

    def allotment(self, track: Track) -> "Allotment":
        """Return one track's side of the coordinator."""
        return Allotment(self, track)

    def request(
        self,
        track: Track,
        plan_id: str,
        direction: int,
        worst_loss_usd: float,
        state: MarketState,
        now_ns: int,
    ) -> Refusal | None:
        """Grant a plan or say why not; see `Allotment.request`."""
        if direction not in (1, -1):
            raise ValueError(f"Expected a direction of 1 or -1, was {direction} (plan {plan_id})")
        if not 0 <= worst_loss_usd < math.inf:
            raise ValueError(
                f"Expected a worst loss of 0 or more, was {worst_loss_usd} (plan {plan_id})"
            )
        if (track, plan_id) in self._grants:
            raise ValueError(f"Expected a new plan, was {plan_id}, which is open ({track})")
        refusal = (
            self._by_state(track, state, now_ns)
            or self._by_track(track, direction, worst_loss_usd)
            or self._by_other(track, direction)
            or self._by_budget(worst_loss_usd)
        )
        if refusal is None:
            self._grants[track, plan_id] = _Grant(track, direction, worst_loss_usd)
        return refusal

    def restored(self, track: Track, plan_id: str, direction: int, worst_loss_usd: float) -> None:
        """Count a plan that a process before this one opened; see `Allotment.restored`."""
        self._grants[track, plan_id] = _Grant(track, direction, worst_loss_usd)

    def filled(self, track: Track, plan_id: str, share: float) -> None:
        """Free what an ended entry did not fill; see `Allotment.filled`."""
        if not 0 < share <= 1:
            raise ValueError(f"Expected a share in (0, 1], was {share} (plan {plan_id})")
        grant = self._grants.get((track, plan_id))
        if grant is not None:
            left = msgspec.structs.replace(grant, worst_loss_usd=grant.worst_loss_usd * share)
            self._grants[track, plan_id] = left

    def released(self, track: Track, plan_id: str) -> None:
        """Take a closed plan out; see `Allotment.released`."""
        self._grants.pop((track, plan_id), None)
        if not self._of(track):
            self._asked.discard(track)

    def room_usd(self, track: Track, direction: int) -> float:
        """Return the most that a plan may lose to be granted; see `Allotment.room_usd`."""
        ahead = self._hands_over(track)
        staying = (g for g in self._grants.values() if not (ahead and g.direction == -direction))
        own = self._limit(track, direction) - _at_risk(self._of(track))
        return max(0.0, min(self.params.budget_usd - _at_risk(staying), own))

    def conflicts(self, track: Track, direction: int) -> bool:
        """Return whether an open plan is in the way; see `Allotment.conflicts`."""
        if not self._grants:  # asked at every view
            return False
        against = self._against(direction)
        if any(grant.track is track for grant in against):
            return True
        return bool(against) and (bool(self._asked) or not self._hands_over(track))

    def asked_to_close(self, track: Track) -> HandOver | None:
        """Return why a track should close what it holds; see `Allotment.asked_to_close`."""
        return HandOver.HAND_OVER if track in self._asked else None

    # -- the rules ------------------------------------------------------------------------------

    def _by_state(self, track: Track, state: MarketState, now_ns: int) -> Refusal | None:
        if not self.actions.of(track, state.level).entries:
            return Refusal(RefusalReason.NO_ENTRIES, {"level": float(state.level)})
        pause_s = self.params.of(track).level_pause_s
        since_s = (now_ns - state.since_ns) / _NS
        if since_s < pause_s:
            figures = {"since_s": since_s, "pause_s": pause_s, "level": float(state.level)}
            return Refusal(RefusalReason.LEVEL_CHANGED, figures)
        return None

    def _by_track(self, track: Track, direction: int, loss: float) -> Refusal | None:
        own, limits = self._of(track), self.params.of(track)
        if len(own) >= limits.max_plans:
            figures = {"open": float(len(own)), "max_plans": float(limits.max_plans)}
            return Refusal(RefusalReason.MAX_PLANS, figures)
        limit, at_risk = self._limit(track, direction), _at_risk(own)
        if at_risk + loss <= limit:
            return None
        stacked = self._stacks(track, direction)
        reason = RefusalReason.SAME_DIRECTION if stacked else RefusalReason.TRACK_SHARE
        return Refusal(reason, _figures(loss, at_risk, limit))

    def _by_other(self, track: Track, direction: int) -> Refusal | None:
        """Refuse a plan against an open one; where the tracks hand over, ask for its close."""
        against = self._against(direction)
        if not against:
            return None
        figures = {"direction": float(direction), "against_usd": _at_risk(against)}
        if self._hands_over(track) and all(grant.track is not track for grant in against):
            self._asked.update(grant.track for grant in against)
            return Refusal(RefusalReason.HAND_OVER, figures)
        return Refusal(RefusalReason.OPPOSING_POSITION, figures)

    def _by_budget(self, loss: float) -> Refusal | None:
        at_risk, budget = _at_risk(self._grants.values()), self.params.budget_usd
        if at_risk + loss <= budget:
            return None
        return Refusal(RefusalReason.SHARED_BUDGET, _figures(loss, at_risk, budget))

    def _limit(self, track: Track, direction: int) -> float:
        """Return the most that a track may have at risk in a direction, dollars."""
        share = self.params.of(track).share * self.params.budget_usd
        return share * self.params.stacking_factor if self._stacks(track, direction) else share

    def _stacks(self, track: Track, direction: int) -> bool:
        """Return whether the other track holds this direction."""
        grants = self._grants.values()
        return any(g.track is not track and g.direction == direction for g in grants)

    def _hands_over(self, track: Track) -> bool:
        """Return whether the other track gives way to this one."""
        return self.params.hand_over and track is Track.ANOMALY

    def _of(self, track: Track) -> list[_Grant]:
        return [grant for grant in self._grants.values() if grant.track is track]

    def _against(self, direction: int) -> list[_Grant]:
        return [grant for grant in self._grants.values() if grant.direction == -direction]


class Allotment:
    """One track's side of the coordinator.

    Parameters
    ----------
    coordinator : Coordinator
        Shared by the tracks.
    track : Track
        Whose allotment it is.
    """

    __slots__ = ("_coordinator", "track")

    def __init__(self, coordinator: Coordinator, track: Track) -> None:
        self._coordinator = coordinator
        self.track = track

    def action(self, level: Level) -> Action:
        """Return what a level does to this track."""
        return self._coordinator.actions.of(self.track, level)

    def request(
        self, plan_id: str, direction: int, worst_loss_usd: float, state: MarketState, now_ns: int
    ) -> Refusal | None:
        """Ask to open a plan; None grants it, and its loss counts until it is released.

        Parameters
        ----------
        plan_id : str
            Unique within the track.
        direction : int
            +1 or -1.
        worst_loss_usd : float
            What the whole plan loses in its worst scenario, dollars.
        state : MarketState
            Of the snapshot that the plan was made on.
        now_ns : int
            Event time, UTC ns.

        Raises
        ------
        ValueError
            For another direction, a loss that is not a finite number of dollars from 0 on, or a
            plan that is open already.
        """
        return self._coordinator.request(
            self.track, plan_id, direction, worst_loss_usd, state, now_ns
        )

    def restored(self, plan_id: str, direction: int, worst_loss_usd: float) -> None:
        """Count a plan that was granted to a process before this one, until it is released.

        It is there whatever the rules say now: only further ones can be refused.
        """
        self._coordinator.restored(self.track, plan_id, direction, worst_loss_usd)

    def filled(self, plan_id: str, share: float = 1.0) -> None:
        """Note that an entry fills no further and has filled `share` of its contracts."""
        self._coordinator.filled(self.track, plan_id, share)

    def released(self, plan_id: str) -> None:
        """Note that a plan is over, filled or not.

        A plan that was never granted is passed over: positions found at a start are sold without
        a grant.
        """
        self._coordinator.released(self.track, plan_id)

    def room_usd(self, direction: int) -> float:
        """Return the most that a plan in this direction may lose to be granted, dollars.

        What would be closed in a hand-over does not count against it.
        """
        return self._coordinator.room_usd(self.track, direction)

    def conflicts(self, direction: int) -> bool:
        """Return whether an open plan keeps this track from a direction.

        A position that the track could have closed does not, until it has been asked to close:
        from then on there is nothing to do but wait.
        """
        return self._coordinator.conflicts(self.track, direction)

    def asked_to_close(self) -> HandOver | None:
        """Return why this track should close all it holds, or None; asked once, it stays asked."""
        return self._coordinator.asked_to_close(self.track)


def _at_risk(grants: Iterable[_Grant]) -> float:
    return math.fsum(grant.worst_loss_usd for grant in grants)


def _figures(loss: float, at_risk: float, limit: float) -> dict[str, float]:
    return {"worst_loss_usd": loss, "at_risk_usd": at_risk, "limit_usd": limit}
