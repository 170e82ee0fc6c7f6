"""The anomaly strategy's decisions on constructed episodes, without an engine."""

from typing import Any

import pytest
from traded_market import NS, ONE_PM_S, OPEN_NS, TradedMarket

from autotrade_0dte.execution.coordinator import (
    Allotment,
    Coordinator,
    CoordinatorParams,
    RefusalReason,
)
from autotrade_0dte.execution.exits import ExitReason
from autotrade_0dte.execution.managed_plan import ManagedPlan
from autotrade_0dte.execution.plan import TradePlan
from autotrade_0dte.market_state.actions import ActionTable, Track
from autotrade_0dte.market_state.state import Level, MarketState
from autotrade_0dte.signals.filters import FilterParams
from autotrade_0dte.signals.signal import SignalRefusal
from autotrade_0dte.signals.trigger import Stance, TriggerParams
from autotrade_strategies.anomaly import AnomalyParams, AnomalyStrategy
from autotrade_strategies.anomaly_params import AnomalySignal
from autotrade_strategies.regular import RegularParams

UP, DOWN = 1, -1
CALM, L1, L2, L3 = Level
ONSET_S = ONE_PM_S + 60
NO_PAUSE = FilterParams(cool_down_s=0.0, loss_cool_down_s=0.0)


class Bench:
    """An anomaly strategy and its market; seconds count from the onset of the episode."""

    def __init__(self, market: TradedMarket | None = None, **params: Any) -> None:
        self.market = market or TradedMarket()
        shared = Coordinator(CoordinatorParams(), ActionTable())
        self.regular: Allotment = shared.allotment(Track.REGULAR)
        self.strategy = AnomalyStrategy(
            self.market.session, AnomalyParams(**params), shared.allotment(Track.ANOMALY)
        )
        self.before = CALM
        self.onset_s: float | None = None
        for at_s in range(-40, 0, 5):
            self.decided(at_s, 600.0, CALM)

    def decided(
        self, at_s: float, spot: float, level: Level, way: int = 0, **figures: Any
    ) -> TradePlan | None:
        """Show a snapshot and return the decision on it."""
        at_s += ONSET_S
        if level is CALM:
            self.onset_s = None
        elif self.onset_s is None:
            self.onset_s = at_s
        self.view = self.market.view(
            at_s, way=way, spot=spot, level=level, before=self.before, onset_s=self.onset_s,
            **figures,
        )  # fmt: skip
        self.before = level
        self.strategy.observe(self.view)
        if not self.strategy.entries_allowed(self.view):
            return None
        return self.strategy.decide(self.view)

    def jump(self, at_s: float = 0.0, way: int = UP, level: Level = L2) -> TradePlan | None:
        """Show a jump of half a percent with its first two prints, and return the decision."""
        self.decided(at_s, 600.0 + 3.0 * way, level, way)
        return self.decided(at_s + 1, 600.0 + 3.2 * way, level, way)

    def calm(self, at_s: float) -> None:
        """Show a minute and a half of calm at the old price."""
        for second in range(0, 90, 10):
            self.decided(at_s + second, 600.0, CALM)

    def enters(self, plan: TradePlan | None, *, loses: bool = False) -> None:
        """Do what the base does with a plan, whose trade is over at once."""
        assert plan is not None
        self.strategy.trades += 1
        self.strategy.last_entry_ns = plan.decided_ns
        if loses:
            self.strategy.last_loss_ns = plan.decided_ns + NS

    @property
    def refusal(self) -> SignalRefusal | None:
        assert self.strategy.signal is not None
        return self.strategy.signal.refusal


# -- acting -----------------------------------------------------------------------------------


@pytest.mark.parametrize("level", [L2, L3])
@pytest.mark.parametrize(("way", "reason"), [(UP, "FOLLOW_UP"), (DOWN, "FOLLOW_DOWN")])
def test_confirmed_jump_is_followed(level: Level, way: int, reason: str) -> None:
    bench = Bench()
    plan = bench.jump(way=way, level=level)
    assert plan is not None
    assert (plan.reason, plan.direction) == (reason, way)
    assert plan.instrument_id.endswith("C.US" if way == UP else "P.US")
    assert plan.plan_id == "A001"
    assert plan.figures["peak_bps"] == pytest.approx(way * 53.3, abs=0.3)


def test_at_l1_it_watches_and_at_l2_it_acts_on_what_it_saw() -> None:
    bench = Bench()
    assert bench.jump(level=L1) is None
    assert bench.refusal is SignalRefusal.STATE
    plan = bench.decided(2, 603.3, L2, UP)
    assert plan is not None
    assert plan.figures["move_bps"] == pytest.approx(54.9, abs=0.2)


def test_signal_is_made_from_l1_on_and_begins_with_the_episode() -> None:
    bench = Bench(signal=AnomalySignal(validity_s=30.0))
    for second in range(0, 60, 10):
        bench.decided(second, 600.0, CALM, UP)
        assert bench.strategy.signal is None
    bench.decided(60, 600.0, L1, UP)
    assert bench.strategy.signal is not None
    assert bench.strategy.signal.onset_ns == bench.view.chain.ts_event
    assert bench.jump(61) is not None


def test_signal_begins_again_with_a_move_long_after_the_episode() -> None:
    bench = Bench()  # as before an announcement: L1 for minutes, and a market that leans already
    for second in range(0, 200, 10):
        bench.decided(second, 600.0, L1, UP)
    assert bench.jump(200) is not None


def test_signal_of_an_episode_knows_nothing_of_the_one_before() -> None:
    bench = Bench(signal=AnomalySignal(validity_s=30.0))
    bench.decided(0, 600.0, L1, UP)
    bench.decided(1, 600.0, CALM, UP)
    assert bench.strategy.signal is None
    assert bench.jump(50) is not None


def test_one_print_is_not_acted_on() -> None:
    bench = Bench()
    assert bench.decided(0, 603.0, L2, UP) is None
    assert bench.refusal is SignalRefusal.UNCONFIRMED


def test_unusual_market_without_a_move_gives_nothing_to_follow() -> None:
    bench = Bench()
    bench.decided(0, 600.01, L3, UP)
    assert bench.decided(1, 600.01, L3, UP) is None
    assert bench.refusal is SignalRefusal.NO_TRIGGER


def test_factors_against_the_move_keep_it_out() -> None:
    bench = Bench()
    bench.decided(0, 603.0, L2, UP)
    assert bench.decided(1, 603.2, L2, DOWN) is None
    assert bench.refusal is SignalRefusal.AGAINST_TRIGGER


def test_factors_that_say_nothing_keep_it_out() -> None:
    bench = Bench()
    bench.decided(0, 603.0, L2)
    assert bench.decided(1, 603.2, L2) is None
    assert bench.refusal is SignalRefusal.WEAK


def test_fade_buys_against_a_move_that_is_being_given_back() -> None:
    bench = Bench(trigger=TriggerParams(stance=Stance.FADE))
    assert bench.jump() is None
    bench.decided(2, 602.3, L2, DOWN)
    plan = bench.decided(3, 602.2, L2, DOWN)
    assert plan is not None
    assert (plan.reason, plan.direction) == ("FADE_DOWN", DOWN)


def test_after_the_act_window_it_is_too_late() -> None:
    bench = Bench(trigger=TriggerParams(act_window_s=60.0))
    bench.decided(0, 603.0, L2)
    assert bench.decided(61, 604.0, L2, UP) is None
    assert bench.refusal is SignalRefusal.ACT_WINDOW


def test_spreads_of_a_drought_keep_it_out() -> None:
    bench = Bench()
    bench.decided(0, 603.0, L2, UP)
    assert bench.decided(1, 603.2, L2, UP, spread_quality=0.101) is None
    assert bench.refusal is SignalRefusal.WIDE_SPREAD


def test_trade_is_smaller_and_shorter_than_a_regular_one() -> None:
    anomaly, regular = AnomalyParams(), RegularParams()
    assert anomaly.risk_usd < regular.risk_usd
    assert anomaly.max_contracts < regular.max_contracts
    assert anomaly.exits.hold_s < regular.exits.hold_s
    assert anomaly.exits.loss_fraction < regular.exits.loss_fraction
    assert anomaly.exits.entry_timeout_s < regular.exits.entry_timeout_s
    plan = Bench(max_contracts=100).jump()
    assert plan is not None
    assert 0 < plan.worst_loss_usd <= anomaly.risk_usd


# -- attempts and losses ----------------------------------------------------------------------


def test_episode_has_at_most_its_attempts() -> None:
    bench = Bench(max_attempts=2, filters=NO_PAUSE)
    bench.enters(bench.jump())
    bench.enters(bench.decided(2, 603.3, L2, UP))
    assert bench.decided(3, 603.4, L2, UP) is None
    assert bench.refusal is SignalRefusal.MAX_ATTEMPTS


def test_next_episode_has_its_own_attempts() -> None:
    bench = Bench(max_attempts=1, filters=NO_PAUSE)
    bench.enters(bench.jump())
    assert bench.decided(2, 603.3, L2, UP) is None
    bench.calm(10)
    assert bench.jump(110) is not None


def test_plan_that_was_not_entered_is_no_attempt() -> None:
    bench = Bench(max_attempts=1, filters=NO_PAUSE)
    assert bench.jump() is not None
    assert bench.decided(2, 603.3, L2, UP) is not None


def test_session_is_over_after_enough_losing_episodes() -> None:
    bench = Bench(max_losing_episodes=2, filters=NO_PAUSE)
    for at_s in (0, 200):
        bench.enters(bench.jump(at_s), loses=True)
        bench.calm(at_s + 10)
    assert bench.jump(400) is None
    assert bench.refusal is SignalRefusal.LOSING_EPISODES


def test_two_losses_of_one_episode_are_one_losing_episode() -> None:
    bench = Bench(max_losing_episodes=2, max_attempts=3, filters=NO_PAUSE)
    bench.enters(bench.jump(), loses=True)
    bench.enters(bench.decided(3, 603.3, L2, UP), loses=True)
    assert bench.decided(6, 603.4, L2, UP) is not None


def test_episode_that_lost_nothing_is_no_losing_episode() -> None:
    bench = Bench(max_losing_episodes=2, filters=NO_PAUSE)
    for at_s, loses in ((0, True), (200, False)):
        bench.enters(bench.jump(at_s), loses=loses)
        bench.calm(at_s + 10)
    assert bench.jump(400) is not None


def test_loss_taken_when_calm_belongs_to_the_episode_it_was_entered_in() -> None:
    bench = Bench(max_losing_episodes=1, filters=NO_PAUSE)
    bench.enters(bench.jump())
    bench.calm(10)
    bench.strategy.last_loss_ns = OPEN_NS + (ONSET_S + 50) * NS
    assert bench.jump(110) is None
    assert bench.refusal is SignalRefusal.LOSING_EPISODES


# -- beside the regular track -----------------------------------------------------------------


def test_regular_position_against_the_move_is_asked_to_close_first() -> None:
    bench = Bench()
    calm = MarketState(OPEN_NS, CALM)
    assert bench.regular.request("R001", DOWN, 500.0, calm, OPEN_NS + ONSET_S * NS) is None
    plan = bench.jump()
    assert plan is not None
    allotment = bench.strategy.allotment
    refusal = allotment.request(
        plan.plan_id, plan.direction, plan.worst_loss_usd, bench.view.state, plan.decided_ns
    )
    assert refusal is not None
    assert refusal.reason is RefusalReason.HAND_OVER
    assert bench.regular.asked_to_close() is not None

    assert bench.decided(2, 603.3, L2, UP) is None
    assert bench.refusal is SignalRefusal.TRACK_CONFLICT
    bench.regular.released("R001")
    assert bench.decided(3, 603.4, L2, UP) is not None


def test_regular_position_in_its_direction_makes_the_trade_smaller() -> None:
    alone, beside = Bench(risk_usd=400.0), Bench(risk_usd=400.0)
    calm = MarketState(OPEN_NS, CALM)
    assert beside.regular.request("R001", UP, 500.0, calm, OPEN_NS + ONSET_S * NS) is None
    whole, part = alone.jump(), beside.jump()
    assert whole is not None
    assert part is not None
    assert part.worst_loss_usd <= 250.0 < whole.worst_loss_usd


# -- exits ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("level", "way", "reason"),
    [
        (L3, UP, None),
        (L1, UP, None),
        (L1, 0, None),
        (CALM, UP, ExitReason.EVENT_OVER),
        (L2, DOWN, ExitReason.SIGNAL_REVERSAL),
    ],
)
def test_position_is_left_when_the_event_is_over_or_the_signal_turns(
    level: Level, way: int, reason: ExitReason | None
) -> None:
    bench = Bench()
    plan = bench.jump()
    assert plan is not None
    bench.decided(5, 603.0, level, way)
    assert bench.strategy.wants_out(bench.view, ManagedPlan(plan)) is reason
