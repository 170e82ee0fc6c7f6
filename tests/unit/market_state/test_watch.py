"""What a market does to the evidence and the level, a snapshot a second."""

import math
from collections.abc import Iterator

import msgspec
import numpy as np
import pytest
from market_series import CLOSE_NS, OPEN_NS, Moment, snapshots
from series import NS

from autotrade_0dte.calendar import NEW_YORK
from autotrade_0dte.chain.quality import QuoteFlag
from autotrade_0dte.chain.snapshot import ChainSnapshot, Tape
from autotrade_0dte.indicators.params import IndicatorParams
from autotrade_0dte.market_state import detector, fresh_memory
from autotrade_0dte.market_state.events import ScheduledEvent
from autotrade_0dte.market_state.params import DetectorParams
from autotrade_0dte.market_state.profile import Profile, Usual
from autotrade_0dte.market_state.state import CHANNELS, Channel, Level, MarketState
from autotrade_0dte.market_state.watch import MarketWatch

CALM, L1, L2, L3 = Level
NAN = math.nan
WARM_UP_S = 150
# Windows short enough to be warm within minutes; thresholds and rules as they are.
PARAMS = DetectorParams(
    change_window_s=5, step_window_s=2, index_window_s=10, jump_window_s=5, jump_steps=10,
    jump_lag_s=10, reference_s=300, reference_lag_s=10, sample_s=5, min_samples=5,
)  # fmt: skip
TEMPLATE = snapshots([Moment(step=0, lag=0, price=600.0)])[0]
ALL = 6


class Market:
    """A market that stays as it was told to be, but for a wiggle that makes it usual."""

    def __init__(self, start_s: int = 3_600, **options: object) -> None:
        self.now_ns = OPEN_NS + start_s * NS
        self.watch = MarketWatch(
            IndicatorParams(), PARAMS, open_ns=OPEN_NS, close_ns=CLOSE_NS, **options
        )
        self.spot, self.iv, self.gauge, self.spread, self.index = 600.0, 0.15, 16.0, 0.05, NAN
        self.crossed = 0
        self.quotes_stop = self.prints_stop = self.index_stops = False
        self._quoted_ns = self._print_ns = self._index_ns = 0
        self._price = self.spot

    def step(self, seconds: int = 1) -> MarketState:
        for _ in range(seconds):
            self.now_ns += NS
            wiggle = 1 + 0.001 * (-1) ** (self.now_ns // NS)
            if not self.quotes_stop:
                self._quoted_ns = self.now_ns
            if not self.prints_stop:
                self._print_ns, self._price = self.now_ns, self.spot * (1 + (wiggle - 1) / 20)
            if self.now_ns // NS % 5 == 0 and not self.index_stops:
                self._index_ns = self.now_ns
            state = self.watch.update(self._chain(wiggle), self.index, self._index_ns).state
        return state

    def states(self, seconds: int) -> Iterator[MarketState]:
        return (self.step() for _ in range(seconds))

    def _chain(self, wiggle: float) -> ChainSnapshot:
        analytics = msgspec.structs.replace(
            TEMPLATE.analytics, atm_iv=self.iv * wiggle, variance_gauge=self.gauge * wiggle
        )
        bid = np.full(ALL, 1.0)
        quality = np.zeros(ALL, np.int8)
        quality[: self.crossed] = QuoteFlag.CROSSED
        columns = {
            # Near the money are all six rows, at distances of nothing.
            "strike": np.full(ALL, 600.0),
            "bid": bid,
            "ask": bid + self.spread * wiggle,
            "quality": quality,
            "quote_age_s": np.full(ALL, (self.now_ns - self._quoted_ns) / NS),
        }
        for column in columns.values():  # one type for compiled code, that of a snapshot
            column.flags.writeable = False
        return msgspec.structs.replace(
            TEMPLATE,
            ts_event=self.now_ns,
            years=(CLOSE_NS - self.now_ns) / (365 * 86_400 * NS),
            spot=self._price,
            forward=600.0,
            **columns,
            analytics=analytics,
            tape=Tape(self._print_ns, NAN, NAN),
        )


@pytest.fixture
def market() -> Market:
    market = Market()
    assert market.step(WARM_UP_S).level is CALM
    return market


def score(state: MarketState, channel: Channel) -> float:
    return state.scores[CHANNELS.index(channel)]


def value(state: MarketState, channel: Channel) -> float:
    return state.values[CHANNELS.index(channel)]


def test_usual_market_stays_calm_with_its_evidence_known(market: Market) -> None:
    states = list(market.states(120))
    assert {state.level for state in states} == {CALM}
    known = {channel for channel in CHANNELS if not math.isnan(score(states[-1], channel))}
    assert known == {
        Channel.VOLATILITY_LEVEL, Channel.VOLATILITY_CHANGE, Channel.JUMP, Channel.DRIFT,
        Channel.SPREAD, Channel.QUOTE_AGE, Channel.CROSSED,
    }  # fmt: skip


def test_room_that_a_session_begins_with_makes_no_difference(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    usual = list(Market().states(WARM_UP_S))
    monkeypatch.setattr(fresh_memory, "_FIRST_CAPACITY", 1)
    for state, expected in zip(Market().states(WARM_UP_S), usual, strict=True):
        assert repr(state) == repr(expected)


def test_nothing_is_known_at_the_first_snapshot() -> None:
    state = Market().step()
    assert all(math.isnan(figure) for figure in state.scores)


def test_shock_of_implied_volatility_is_l3_at_its_second_snapshot(market: Market) -> None:
    market.iv *= 1.3
    market.gauge *= 1.3
    first, second = market.states(2)
    assert (first.level, first.supported) == (CALM, L3)
    assert (second.before, second.level) == (CALM, L3)
    assert second.since_ns == second.onset_ns == second.ts_event
    assert value(second, Channel.VOLATILITY_CHANGE) == pytest.approx(math.log(1.3), abs=0.01)


def test_small_sudden_rise_of_implied_volatility_is_l2_at_its_second_snapshot(
    market: Market,
) -> None:
    market.iv *= math.exp(0.04)
    market.gauge *= math.exp(0.04)
    states = list(market.states(30))
    assert [state.level for state in states[:2]] == [CALM, L2]
    assert score(states[1], Channel.VOLATILITY_CHANGE) == PARAMS.enter.strong
    assert max(state.level for state in states) is L2


def test_same_rise_that_takes_longer_is_l1(market: Market) -> None:
    seen = set()
    for _ in range(4):
        market.iv *= math.exp(0.01)
        market.gauge *= math.exp(0.01)
        seen.add(market.step().level)
    assert seen | {state.level for state in market.states(30)} == {CALM, L1}


def test_rise_that_is_sudden_and_not_large_is_no_shock(market: Market) -> None:
    market.iv *= math.exp(0.07)
    market.gauge *= math.exp(0.07)
    assert max(state.supported for state in market.states(30)) is L2


def test_step_is_judged_by_the_last_hour_though_a_profile_knows_the_minute() -> None:
    usual = Usual((60, 61, 62, 63), 4 * (0.0,), 4 * (0.02,), 4 * (9,))
    market = Market(profile=Profile("SPY", (), {Channel.VOLATILITY_CHANGE: usual}))
    market.step(WARM_UP_S)
    market.iv *= math.exp(0.025)
    market.gauge *= math.exp(0.025)
    states = list(market.states(5))
    assert score(states[0], Channel.VOLATILITY_CHANGE) == pytest.approx(0.025 / 0.005, abs=0.5)
    assert score(states[-1], Channel.VOLATILITY_CHANGE) == pytest.approx(0.025 / 0.02, abs=0.2)


def test_step_is_no_evidence_in_the_last_hour_which_a_profile_of_longer_changes_judges() -> None:
    usual = Usual((360, 361), 2 * (0.0,), 2 * (0.02,), 2 * (9,))
    profile = Profile("SPY", (), {Channel.VOLATILITY_CHANGE: usual})
    market = Market(start_s=360 * 60 - WARM_UP_S, profile=profile)
    market.step(WARM_UP_S + 10)
    market.iv *= math.exp(0.025)
    market.gauge *= math.exp(0.025)
    seen = score(market.step(), Channel.VOLATILITY_CHANGE)
    assert seen == pytest.approx(0.025 / 0.02, abs=0.2)


def test_wrong_quote_at_the_money_that_the_strip_does_not_share_is_no_change(
    market: Market,
) -> None:
    market.iv *= 1.3
    assert abs(value(market.step(), Channel.VOLATILITY_CHANGE)) < 0.01


def test_fall_of_implied_volatility_is_no_evidence(market: Market) -> None:
    market.iv /= 1.5
    market.gauge /= 1.5
    assert {state.supported for state in market.states(10)} == {CALM}


def test_shock_of_the_index_is_l3_at_its_second_value() -> None:
    market = Market()
    market.index = 16.0
    market.step(WARM_UP_S)
    market.index = 18.5
    levels = [state.level for state in market.states(10)]
    assert levels.index(L3) in range(5, 10)


def test_one_value_of_the_index_repeated_is_one_value() -> None:
    market = Market()
    market.index = 16.0
    market.step(WARM_UP_S)
    assert market.now_ns // NS % 5 == 0
    market.index = 18.5
    states = list(market.states(9))
    assert states[5].supported is L3
    assert states[8].level is CALM


def test_index_takes_the_place_of_the_chain_in_the_level_of_volatility() -> None:
    market = Market()
    market.index = 16.0
    market.step(WARM_UP_S)
    market.index = 16.0 * math.exp(0.05)
    assert value(market.step(10), Channel.VOLATILITY_LEVEL) == pytest.approx(0.05)
    assert score(market.step(), Channel.VOLATILITY_LEVEL) == pytest.approx(2.0)


def test_level_is_not_held_by_an_index_that_has_stopped() -> None:
    market = Market()
    market.index = 16.0
    market.step(WARM_UP_S)
    market.index = 18.5
    assert market.step(10).level is L3
    market.index_stops = True
    assert market.step(19).supported is L3
    state = market.step(2)
    assert state.supported is CALM
    assert value(state, Channel.VOLATILITY_LEVEL) == pytest.approx(0.0, abs=0.01)
    assert market.step(320).level is L2


def test_wide_quotes_alone_are_l2_and_never_a_shock(market: Market) -> None:
    market.spread *= 20
    levels = [state.level for state in market.states(30)]
    assert levels[:2] == [CALM, L2]
    assert max(levels) is L2


def test_sudden_wide_quotes_are_l2_though_a_profile_knows_minutes_of_all_widths() -> None:
    usual = Usual((60, 61, 62, 63), 4 * (math.log(0.05 / 600),), 4 * (2.0,), 4 * (9,))
    market = Market(profile=Profile("SPY", (), {Channel.SPREAD: usual}))
    market.step(WARM_UP_S)
    market.spread *= 4
    states = list(market.states(10))
    assert [state.level for state in states[:2]] == [CALM, L2]
    assert score(states[0], Channel.SPREAD) == pytest.approx(math.log(4) / 0.2, abs=0.05)
    assert score(states[-1], Channel.SPREAD) == pytest.approx(math.log(4) / 2.0, abs=0.05)


def test_quotes_that_stop_while_prints_go_on_are_l2(market: Market) -> None:
    market.quotes_stop = True
    states = list(market.states(60))
    assert max(state.level for state in states) is L2
    assert score(states[-1], Channel.QUOTE_AGE) == pytest.approx(60 / 5)


def test_quotes_of_slow_books_are_not_old_before_a_book_is_missing() -> None:
    market = Market()
    ages = []
    for second in range(40 * 20 + 60):
        market.quotes_stop = second % 40 != 0 or second > 40 * 20
        ages.append(score(market.step(), Channel.QUOTE_AGE))
    assert max(ages[400:800]) < 1
    assert ages[-1] == pytest.approx((59 - 39) / 5)


def test_crossed_quotes_are_l2(market: Market) -> None:
    market.crossed = 2
    assert [state.level for state in market.states(2)] == [CALM, L2]
    assert value(market.step(), Channel.CROSSED) == pytest.approx(1 / 3)


def test_jump_of_all_that_options_price_in_is_l3(market: Market) -> None:
    market.spot *= 1 + 1.2 * 0.15 * math.sqrt((CLOSE_NS - market.now_ns) / (365 * 86_400 * NS))
    assert [state.level for state in market.states(2)] == [CALM, L3]


def test_one_print_repeated_does_not_confirm_a_jump(market: Market) -> None:
    market.spot *= 1.006
    market.step()
    market.prints_stop = True
    states = list(market.states(2))
    assert {state.supported for state in states} == {L3}
    assert {state.level for state in states} == {CALM}
    market.prints_stop = False
    assert market.step().level is L3


def test_jump_impossible_by_local_volatility_but_of_little_worth_is_no_evidence(
    market: Market,
) -> None:
    market.spot *= 1.0008
    states = list(market.states(20))
    assert max(value(state, Channel.JUMP) for state in states) > 0.0007
    assert {state.supported for state in states} == {CALM}


def test_steady_climb_is_noticed_as_drift_and_is_l1_at_most(market: Market) -> None:
    levels = set()
    for _ in range(300):
        market.spot *= 1.00002
        levels.add(market.step().level)
    assert levels == {CALM, L1}


def test_silence_confirms_nothing(market: Market) -> None:
    market.iv *= 1.3
    market.gauge *= 1.3
    market.step()
    market.quotes_stop = market.prints_stop = True
    states = list(market.states(4))
    assert {state.supported for state in states} == {L3}
    assert {state.level for state in states} == {CALM}


def test_chains_volatility_is_not_judged_in_the_last_hour_without_a_profile() -> None:
    market = Market(start_s=23_400 - 3_600 - 60)
    state = market.step(59)
    assert not math.isnan(score(state, Channel.VOLATILITY_CHANGE))
    assert not math.isnan(score(state, Channel.SPREAD))
    state = market.step()
    assert math.isnan(score(state, Channel.VOLATILITY_CHANGE))
    assert math.isnan(score(state, Channel.VOLATILITY_LEVEL))
    assert math.isnan(score(state, Channel.SPREAD))


def test_profile_tells_what_is_usual_also_in_the_last_hour() -> None:
    usual = Usual((360,), (math.log(0.05 / 600),), (0.5,), (9,))
    profile = Profile("SPY", (), {Channel.SPREAD: usual})
    market = Market(start_s=360 * 60, profile=profile)
    market.spread *= math.e
    assert score(market.step(), Channel.SPREAD) == pytest.approx(2.0, abs=0.01)
    assert math.isnan(score(market.step(60), Channel.SPREAD))


def event_after(open_s: int) -> ScheduledEvent:
    """Return an event so many seconds after the open, whole minutes."""
    at = OPEN_NS + open_s * NS
    local = np.datetime64(at, "ns").astype("datetime64[s]").item().replace(tzinfo=None)
    offset = NEW_YORK.utcoffset(local)
    assert offset is not None
    event = ScheduledEvent((local + offset).strftime("%Y-%m-%d %H:%M"), "statement")
    assert event.ns == at
    return event


def test_event_is_watched_on_its_approach_and_acted_on_around_it() -> None:
    at, event = OPEN_NS + 2 * 3_600 * NS, event_after(2 * 3_600)
    market = Market(start_s=2 * 3_600 - 610, events=(event,))
    levels = {round((at - state.ts_event) / NS): state.level for state in market.states(1_400)}
    assert [levels[s] for s in (601, 599, 61, 59, 0, -600)] == [CALM, L1, L1, L2, L2, L2]
    assert value(market.step(), Channel.EVENT) != value(market.step(), Channel.EVENT)


def test_event_shortly_before_the_open_or_after_the_close_counts_and_one_of_another_day_not() -> (
    None
):
    for open_s, start_s in ((-300, 0), (23_400 + 60, 23_300)):
        assert (
            score(Market(start_s=start_s, events=(event_after(open_s),)).step(), Channel.EVENT) > 0
        )
    another_day = Market(start_s=0, events=(event_after(86_400),))
    assert score(another_day.step(), Channel.EVENT) == 0.0
    assert math.isnan(score(Market(start_s=0).step(), Channel.EVENT))


def test_long_calendar_is_looked_through_once(monkeypatch: pytest.MonkeyPatch) -> None:
    seen: list[int] = []

    def count(_now_ns: int, instants: tuple[int, ...], *_: float) -> None:
        seen.append(len(instants))

    monkeypatch.setattr(detector, "seconds_to_event", count)
    Market(start_s=0, events=tuple(event_after(day * 86_400) for day in range(5))).step()
    assert seen == [1]
