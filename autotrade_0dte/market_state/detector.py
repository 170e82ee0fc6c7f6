"""From a snapshot to evidence: what each channel reads, and which levels that supports."""

import math

import msgspec

from autotrade_0dte.chain.snapshot import ChainSnapshot
from autotrade_0dte.indicators.values import IndicatorValues
from autotrade_0dte.market_state.events import ScheduledEvent, seconds_to_event
from autotrade_0dte.market_state.params import DetectorParams, Floors
from autotrade_0dte.market_state.price import PriceWatch
from autotrade_0dte.market_state.profile import Profile
from autotrade_0dte.market_state.quotes import near_quotes
from autotrade_0dte.market_state.spread import SpreadWatch
from autotrade_0dte.market_state.standard import Figure, Standard
from autotrade_0dte.market_state.state import CHANNELS, Channel, Level
from autotrade_0dte.market_state.support import Limits, supported_level
from autotrade_0dte.market_state.trailing import Trailing
from autotrade_0dte.market_state.volatility import ChangeWatch, VolatilityWatch

__all__ = ["Detector", "DetectorParams", "Evidence", "Floors", "Limits"]

_NS = 1_000_000_000
_MINUTE_NS = 60 * _NS
_INDEX_LIFE_WINDOWS = 2.0
_LEVEL, _CHANGE, _REALIZED, _ACTIVITY, _JUMP, _DRIFT, _SPREAD, _AGE, _CROSSED, _EVENT = range(
    len(CHANNELS)
)


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
        self._open_ns = open_ns
        self._profile = profile
        minutes = (close_ns - open_ns) // _MINUTE_NS
        until_close = minutes - int(params.close_s // 60)
        floors = params.floors
        self._index = self._volatility(params.index_window_s, minutes)
        # A profile knows changes in half a minute and how wide spreads are at each minute, but not
        # what either does within less.
        step = self._unprofiled(Channel.VOLATILITY_CHANGE, floors.volatility_step, until_close)
        self._chain = self._volatility(
            params.change_window_s, until_close, ChangeWatch(step, params.step_window_s)
        )
        self._price = PriceWatch(params, open_ns=open_ns, close_ns=close_ns, profile=profile)
        self._realized = self._figure(Channel.REALIZED, floors.realized, minutes)
        self._activity = self._figure(Channel.ACTIVITY, floors.activity, until_close)
        self._spread = SpreadWatch(
            self._figure(Channel.SPREAD, floors.spread, until_close),
            self._unprofiled(Channel.SPREAD, floors.spread, until_close),
            params.change_window_s,
        )
        self._age = self._figure(Channel.QUOTE_AGE, floors.quote_age, minutes)
        self._crossed = self._figure(Channel.CROSSED, floors.crossed, minutes)
        # A calendar of the year is looked through once, not at each snapshot.
        self._has_calendar = bool(events)
        first_ns = open_ns - params.event_after_s * _NS
        last_ns = close_ns + params.event_watch_s * _NS
        self._events = tuple(ns for ns in (e.ns for e in events) if first_ns <= ns <= last_ns)
        self._quoted_ns = 0
        self._print_ns = 0
        self._index_life_ns = round(_INDEX_LIFE_WINDOWS * params.index_window_s * _NS)
        self._values = [math.nan] * len(CHANNELS)
        self._scores = [math.nan] * len(CHANNELS)
        self._fresh = [False] * len(CHANNELS)

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
        minute = (chain.ts_event - self._open_ns) // _MINUTE_NS
        index_is_new = volatility_index > 0.0 and self._index.update(
            minute, volatility_index_ns, volatility_index
        )
        # What an index said long ago neither raises a level nor holds one.
        index_age_ns = chain.ts_event - volatility_index_ns
        has_index = volatility_index > 0.0 and index_age_ns <= self._index_life_ns
        chain_is_new = self._take_quotes(minute, chain)
        self._take_volatility(
            has_index=has_index, index_is_new=index_is_new, chain_is_new=chain_is_new
        )
        print_is_new = self._take_prints(minute, chain, indicators)
        self._take_events(chain.ts_event)
        holding = supported_level(self._scores, self._params.leave)
        entering = Level.CALM  # what does not hold a level does not enter one
        if holding is not Level.CALM:
            entering = supported_level(self._scores, self._params.enter)
        is_fresh = index_is_new or chain_is_new or print_is_new
        if is_fresh and holding is not Level.CALM:
            is_fresh = self._supporting_is_fresh()
        return Evidence(tuple(self._values), tuple(self._scores), entering, holding, is_fresh)

    def _take_quotes(self, minute: int, chain: ChainSnapshot) -> bool:
        """Read the quotes near the money; return whether any of them is new."""
        now_ns = chain.ts_event
        spread, age_s, crossed, youngest_s, tick_noise = near_quotes(
            chain.forward, self._params.near_fraction, chain.strike, chain.bid, chain.ask,
            chain.quote_age_s, chain.quality, chain.iv, chain.iv_uncertainty,
        )  # fmt: skip
        quoted_ns = now_ns - round(youngest_s * _NS) if youngest_s < math.inf else 0
        is_new = quoted_ns > self._quoted_ns
        if is_new:
            # Usual is how old quotes become before the next ones: a book of five minutes ages.
            self._age.sample(quoted_ns, self._age.value)
            self._quoted_ns = quoted_ns
            analytics = chain.analytics
            self._chain.update(
                minute, quoted_ns, analytics.atm_iv, analytics.variance_gauge, tick_noise
            )
            self._spread.update(minute, quoted_ns, spread)
            self._crossed.update(minute, quoted_ns, crossed)
        self._age.judge(minute, age_s)
        self._set(_AGE, self._age.value, self._age.score, is_fresh=True)
        self._set(_SPREAD, self._spread.value, self._spread.score, is_fresh=is_new)
        self._set(_CROSSED, self._crossed.value, self._crossed.score, is_fresh=is_new)
        return is_new

    def _take_volatility(self, *, has_index: bool, index_is_new: bool, chain_is_new: bool) -> None:
        index, chain = self._index, self._chain
        level, level_is_new = (index, index_is_new) if has_index else (chain, chain_is_new)
        self._set(_LEVEL, level.level, level.level_score, is_fresh=level_is_new)
        change, is_new = chain, chain_is_new
        # Whichever says more: an index of thirty days is slow, the chain blind near the close.
        if has_index and (
            index.change_score > chain.change_score or math.isnan(chain.change_score)
        ):
            change, is_new = index, index_is_new
        self._set(_CHANGE, change.change.value, change.change_score, is_fresh=is_new)

    def _take_prints(self, minute: int, chain: ChainSnapshot, indicators: IndicatorValues) -> bool:
        print_ns = chain.tape.ts_event
        is_new = print_ns > self._print_ns and chain.spot > 0.0
        price = self._price
        if is_new:
            self._print_ns = print_ns
            implied_sd = chain.analytics.atm_iv * math.sqrt(max(chain.years, 0.0))
            price.update(print_ns, chain.spot, implied_sd)
            ratio, burst = indicators.realized_ratio, indicators.volume_burst
            self._realized.update(minute, print_ns, math.log(ratio) if ratio > 0.0 else math.nan)
            self._activity.update(minute, print_ns, math.log(burst) if burst > 0.0 else math.nan)
        self._set(_REALIZED, self._realized.value, self._realized.score, is_fresh=is_new)
        self._set(_ACTIVITY, self._activity.value, self._activity.score, is_fresh=is_new)
        self._set(_JUMP, price.jump, price.jump_score, is_fresh=is_new)
        self._set(_DRIFT, price.drift, price.drift_score, is_fresh=is_new)
        return is_new

    def _take_events(self, now_ns: int) -> None:
        """Score an event, which has no usual value, by the limit of the level it supports."""
        if not self._has_calendar:
            return
        params, limits = self._params, self._params.enter
        to_event_s = seconds_to_event(
            now_ns, self._events, params.event_watch_s, params.event_after_s
        )
        if to_event_s is None:
            self._set(_EVENT, math.nan, 0.0, is_fresh=True)
        else:
            near = to_event_s <= params.event_before_s
            score = limits.strong if near else limits.elevated
            self._set(_EVENT, to_event_s, score, is_fresh=True)

    def _set(self, channel: int, value: float, score: float, *, is_fresh: bool) -> None:
        self._values[channel] = value
        self._scores[channel] = score
        self._fresh[channel] = is_fresh

    def _supporting_is_fresh(self) -> bool:
        least = self._params.leave.elevated
        return any(
            fresh and score >= least for fresh, score in zip(self._fresh, self._scores, strict=True)
        )

    def _volatility(
        self, window_s: float, trailing_minutes: int, step: ChangeWatch | None = None
    ) -> VolatilityWatch:
        floors = self._params.floors
        change = self._figure(Channel.VOLATILITY_CHANGE, floors.volatility_change, trailing_minutes)
        return VolatilityWatch(
            self._standard(Channel.VOLATILITY_LEVEL, floors.volatility_level, trailing_minutes),
            self._trailing(),
            ChangeWatch(change, window_s),
            step,
            self._params.enter.strong,
        )

    def _figure(self, channel: Channel, floor: float, trailing_minutes: int) -> Figure:
        return Figure(self._standard(channel, floor, trailing_minutes), self._trailing())

    def _unprofiled(self, channel: Channel, floor: float, trailing_minutes: int) -> Figure:
        standard = Standard(channel, floor, profile=None, trailing_minutes=trailing_minutes)
        return Figure(standard, self._trailing())

    def _standard(self, channel: Channel, floor: float, trailing_minutes: int) -> Standard:
        return Standard(channel, floor, profile=self._profile, trailing_minutes=trailing_minutes)

    def _trailing(self) -> Trailing:
        params = self._params
        return Trailing(
            params.reference_s, params.reference_lag_s, params.sample_s, params.min_samples
        )
