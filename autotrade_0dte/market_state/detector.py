"""From a snapshot to evidence: what each channel reads, and which levels that supports."""

import math

import msgspec
import numpy as np

from autotrade_0dte.chain.snapshot import ChainSnapshot
from autotrade_0dte.indicators.values import IndicatorValues
from autotrade_0dte.market_state.events import ScheduledEvent, seconds_to_event
from autotrade_0dte.market_state.evidence import weigh
from autotrade_0dte.market_state.fresh_memory import fresh_memory
from autotrade_0dte.market_state.memory import grown
from autotrade_0dte.market_state.params import DetectorParams, Floors
from autotrade_0dte.market_state.profile import Profile
from autotrade_0dte.market_state.state import CHANNELS, Level
from autotrade_0dte.market_state.support import Limits

__all__ = ["Detector", "DetectorParams", "Evidence", "Floors", "Limits"]

_NS = 1_000_000_000
_LEVELS = tuple(Level)


class Evidence(msgspec.Struct, frozen=True, gc=False):
    """What one snapshot says; tuples follow CHANNELS, see MarketState.

    Parameters
    ----------
    values, scores : tuple of float
    entering, holding : Level
        Supported by the thresholds of entering and by those of leaving.
    is_fresh : bool
        Whether data behind it is new: behind a channel that supports a level, or, when none does,
        behind any.
    """

    values: tuple[float, ...]
    scores: tuple[float, ...]
    entering: Level
    holding: Level
    is_fresh: bool


class Detector:
    """Evidence of one session.

    Parameters
    ----------
    params : DetectorParams
        Thresholds and windows.
    open_ns, close_ns : int
        The session, UTC ns.
    profile : Profile, optional
        What is usual at each minute of the day; without it the last hour is.
    events : sequence of ScheduledEvent
        Announcements, of this session or others.
    """

    def __init__(
        self,
        params: DetectorParams,
        *,
        open_ns: int,
        close_ns: int,
        profile: Profile | None = None,
        events: tuple[ScheduledEvent, ...] = (),
    ) -> None:
        self._params = params
        self._memory = fresh_memory(params, open_ns=open_ns, close_ns=close_ns, profile=profile)
        self._evidence = np.full((2, len(CHANNELS)), np.nan)
        self._updates = 0
        # A calendar of the year is looked through once, not at each snapshot.
        self._has_calendar = bool(events)
        first_ns = open_ns - params.event_after_s * _NS
        last_ns = close_ns + params.event_watch_s * _NS
        self._events = tuple(ns for ns in (e.ns for e in events) if first_ns <= ns <= last_ns)

    def update(
        self,
        chain: ChainSnapshot,
        indicators: IndicatorValues,
        volatility_index: float,
        volatility_index_ns: int,
    ) -> Evidence:
        """Take the next snapshot, its indicators and the newest volatility index.

        The index is in vol points and NaN with time 0 where there is none.
        """
        self._make_room()
        analytics = chain.analytics
        entering, holding, is_fresh = weigh(
            chain.ts_event, chain.forward, self._params.near_fraction, chain.strike, chain.bid,
            chain.ask, chain.quote_age_s, chain.quality, chain.iv, chain.iv_uncertainty,
            analytics.atm_iv, analytics.variance_gauge,
            volatility_index, volatility_index_ns, chain.tape.ts_event, chain.spot, chain.years,
            indicators.realized_ratio, indicators.volume_burst, *self._event(chain.ts_event),
            *self._memory, self._evidence,
        )  # fmt: skip
        values, scores = self._evidence.tolist()
        return Evidence(tuple(values), tuple(scores), _LEVELS[entering], _LEVELS[holding], is_fresh)

    def _event(self, now_ns: int) -> tuple[float, float]:
        """Return the seconds to an event, and a score: an event has no usual value.

        The score is the limit of the level that the event supports.
        """
        if not self._has_calendar:
            return math.nan, math.nan
        params, limits = self._params, self._params.enter
        to_event_s = seconds_to_event(
            now_ns, self._events, params.event_watch_s, params.event_after_s
        )
        if to_event_s is None:
            return math.nan, 0.0
        near = to_event_s <= params.event_before_s
        return to_event_s, limits.strong if near else limits.elevated

    def _make_room(self) -> None:
        """See to it that each row of points has room for one more: an update adds one at most."""
        memory = self._memory
        if self._updates == memory.points.shape[1]:
            self._memory = memory._replace(
                points=grown(memory.points), ordered=grown(memory.ordered)
            )
        self._updates += 1
