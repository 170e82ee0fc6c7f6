"""Watches one underlying's market: indicators, evidence and level of each snapshot."""

import math

import numpy as np

from autotrade_0dte.chain.book import ChainParams, OptionChainBook
from autotrade_0dte.chain.snapshot import ChainSnapshot
from autotrade_0dte.indicators.panel import IndicatorPanel
from autotrade_0dte.indicators.params import IndicatorParams
from autotrade_0dte.market_state.detector import Detector
from autotrade_0dte.market_state.events import ScheduledEvent
from autotrade_0dte.market_state.ladder import Ladder
from autotrade_0dte.market_state.params import DetectorParams
from autotrade_0dte.market_state.profile import Profile
from autotrade_0dte.market_state.state import MarketState
from autotrade_0dte.market_state.view import MarketView
from autotrade_0dte.products import product

__all__ = ["MarketWatch", "warm"]


class MarketWatch:
    """Turns the snapshots of one session into views of the market.

    Parameters
    ----------
    indicators : IndicatorParams
        Windows of the indicators.
    params : DetectorParams
        Thresholds of the evidence and of the ladder.
    open_ns, close_ns : int
        The session, UTC ns.
    profile : Profile, optional
        What is usual at each minute of the day. It must be of sessions before this one; see
        `check_profile`.
    events : tuple of ScheduledEvent
        Announcements, of this session or others.
    """

    def __init__(
        self,
        indicators: IndicatorParams,
        params: DetectorParams,
        *,
        open_ns: int,
        close_ns: int,
        profile: Profile | None = None,
        events: tuple[ScheduledEvent, ...] = (),
    ) -> None:
        self._panel = IndicatorPanel(
            indicators,
            open_ns=open_ns,
            close_ns=close_ns,
            usual_volume_rate=None if profile is None else profile.usual_volume_rate(),
        )
        self._detector = Detector(
            params, open_ns=open_ns, close_ns=close_ns, profile=profile, events=events
        )
        self._ladder = Ladder(params.ladder)

    def update(
        self,
        chain: ChainSnapshot,
        volatility_index: float = math.nan,
        volatility_index_ns: int = 0,
    ) -> MarketView:
        """Take the next snapshot and return what it looks like.

        Parameters
        ----------
        chain : ChainSnapshot
            Instants ascend.
        volatility_index : float
            Newest value of an index such as VIX, vol points; NaN where there is none.
        volatility_index_ns : int
            Its time, UTC ns.
        """
        now_ns = chain.ts_event
        values = self._panel.update(chain)
        evidence = self._detector.update(chain, values, volatility_index, volatility_index_ns)
        ladder = self._ladder
        before = ladder.level
        level = ladder.update(
            now_ns, evidence.entering, evidence.holding, is_fresh=evidence.is_fresh
        )
        state = MarketState(
            ts_event=now_ns,
            level=level,
            before=before,
            since_ns=ladder.since_ns,
            onset_ns=ladder.onset_ns,
            supported=evidence.entering,
            values=evidence.values,
            scores=evidence.scores,
        )
        return MarketView(chain, values, state)


def warm() -> None:
    """Compile what a snapshot goes through, or load it from the cache, so that none waits."""
    strike = np.repeat(np.array([99.0, 101.0]), 2)
    is_call = np.tile(np.array([True, False]), 2)
    book = OptionChainBook(strike, is_call, 1, ChainParams(), facts=product("SPY"))
    watch = MarketWatch(IndicatorParams(), DetectorParams(), open_ns=0, close_ns=1)
    watch.update(book.snapshot(0, 100.0), math.nan, 0)
