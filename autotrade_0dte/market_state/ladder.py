"""The ladder of levels: from what the evidence supports to what the system acts on.

::

    CALM -> L1 -> L2 -> L3     up: confirmed, any number of rungs at once
    CALM <- L1 <- L2 <- L3     down: one rung, after nothing has supported the level for its dwell
"""

from typing import Annotated

import msgspec

from autotrade_0dte.market_state.state import Level

__all__ = ["Ladder", "LadderParams"]

_NS = 1_000_000_000
_RISING = (Level.L1, Level.L2, Level.L3)

Seconds = Annotated[float, msgspec.Meta(ge=0, le=23_400)]


class LadderParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """How levels are entered and left.

    Parameters
    ----------
    confirmations : int, default 2
        Snapshots in a row, each with new data behind the evidence, before a level is entered. One
        quote or print is often wrong; two in a row seldom are. A third would cost the second
        snapshot in which a shock must be recognized.
    l1_dwell_s, l2_dwell_s, l3_dwell_s : float, default 120, 300, 300
        A level is left when nothing has supported it this long, seconds. L2 and L3 keep entries of
        the regular track closed; five minutes are what spreads and quotes need to come back.
    cool_down_s : float, default 120
        L1 or L2, once left, is not entered again this long, seconds, so that evidence on the edge
        does not flap. L3 always is: a shock is not missed for the sake of quiet.
    """

    confirmations: Annotated[int, msgspec.Meta(ge=1, le=20)] = 2
    l1_dwell_s: Seconds = 120.0
    l2_dwell_s: Seconds = 300.0
    l3_dwell_s: Seconds = 300.0
    cool_down_s: Seconds = 120.0


class Ladder:
    """State machine of one session; pure, event time only.

    Attributes
    ----------
    level : Level
    since_ns : int
        When `level` was entered, UTC ns; 0 at the start.
    onset_ns : int
        When CALM was last left; 0 while CALM.
    """

    __slots__ = (
        "_confirmations", "_cool_down_ns", "_dwell_ns", "_left_ns", "_streak", "_supported_ns",
        "level", "onset_ns", "since_ns",
    )  # fmt: skip

    def __init__(self, params: LadderParams) -> None:
        self._confirmations = params.confirmations
        dwells = (0.0, params.l1_dwell_s, params.l2_dwell_s, params.l3_dwell_s)
        self._dwell_ns = tuple(round(dwell * _NS) for dwell in dwells)
        self._cool_down_ns = round(params.cool_down_s * _NS)
        self._streak = [0, 0, 0, 0]
        # By level: when evidence last held it, and when it was last left.
        self._supported_ns = 0
        self._left_ns: list[int | None] = [None, None, None, None]
        self.level = Level.CALM
        self.since_ns = 0
        self.onset_ns = 0

    def update(self, ts_event: int, entering: Level, holding: Level, *, is_fresh: bool) -> Level:
        """Take the evidence of the next snapshot and return the level.

        Parameters
        ----------
        ts_event : int
            Instant of the snapshot, UTC ns, ascending.
        entering, holding : Level
            Supported by the thresholds of entering and by the lower ones of leaving.
        is_fresh : bool
            Whether data behind the evidence is new. Repeated data neither confirms a level nor
            lets it be left: silence is not calm.
        """
        level = self.level
        if level is Level.CALM and entering is Level.CALM:
            self._streak[1] = self._streak[2] = self._streak[3] = 0
            return level
        if holding >= level:
            self._supported_ns = ts_event
        target = self._confirmed(ts_event, entering, is_fresh=is_fresh)
        if target > level:
            self._enter(target, ts_event)
        elif (
            is_fresh
            and level > Level.CALM
            and holding < level
            and ts_event - self._supported_ns >= self._dwell_ns[level]
        ):
            self._left_ns[level] = ts_event
            self._enter(Level(level - 1), ts_event)
        return self.level

    def _confirmed(self, ts_event: int, entering: Level, *, is_fresh: bool) -> Level:
        confirmed = Level.CALM
        for level in _RISING:
            if entering < level:
                self._streak[level] = 0
                continue
            self._streak[level] += is_fresh
            if self._streak[level] >= self._confirmations and self._is_open(level, ts_event):
                confirmed = level
        return confirmed

    def _is_open(self, level: Level, ts_event: int) -> bool:
        left_ns = self._left_ns[level]
        return level is Level.L3 or left_ns is None or ts_event - left_ns >= self._cool_down_ns

    def _enter(self, level: Level, ts_event: int) -> None:
        if level is Level.CALM:
            self.onset_ns = 0
        elif self.level is Level.CALM:
            self.onset_ns = ts_event
        self.level = level
        self.since_ns = self._supported_ns = ts_event
