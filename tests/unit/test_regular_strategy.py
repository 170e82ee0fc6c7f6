"""The regular strategy's decisions on constructed views, without an engine."""

import math
from typing import Any

import msgspec
import pytest
from traded_market import NS, ONE_PM_S, OPEN_NS, Decisions, TradedMarket

from autotrade_0dte.execution.coordinator import (
    Allotment,
    Coordinator,
    CoordinatorParams,
)
from autotrade_0dte.execution.coordinator_params import RegularLimits
from autotrade_0dte.execution.exits import ExitParams, ExitReason
from autotrade_0dte.execution.fees import order_fee
from autotrade_0dte.execution.managed_plan import ManagedPlan
from autotrade_0dte.execution.plan import TradePlan
from autotrade_0dte.market_state.actions import ActionTable, Track
from autotrade_0dte.market_state.state import CHANNELS, Channel, Level
from autotrade_0dte.market_state.view import MarketView
from autotrade_0dte.risk.mode import RiskMode
from autotrade_0dte.risk.picture import DayCounters, RiskPicture
from autotrade_0dte.selection.params import SelectionParams
from autotrade_0dte.selection.ranking import Structure
from autotrade_0dte.signals.filters import FilterParams
from autotrade_0dte.signals.signal import SignalRefusal
from autotrade_strategies.regular import RegularParams, RegularStrategy
from autotrade_strategies.signal_strategy import NoPlan

UP, DOWN = 1, -1


class Bench:
    """A regular strategy, its market and the other track's allotment."""

    def __init__(
        self,
        market: TradedMarket | None = None,
        coordinator: CoordinatorParams | None = None,
        **params: Any,
    ) -> None:
        self.market = market or TradedMarket()
        shared = Coordinator(coordinator or CoordinatorParams(), ActionTable())
        self.anomaly: Allotment = shared.allotment(Track.ANOMALY)
        self.strategy = RegularStrategy(
            self.market.session, RegularParams(**params), shared.allotment(Track.REGULAR)
        )
        self.decisions = Decisions()
        self.strategy._record = self.decisions  # type: ignore[assignment]

    def decided(self, **view: Any) -> TradePlan | None:
        """Show a view and return the decision on it."""
        return self.on(self.market.view(**view))

    def on(self, view: MarketView) -> TradePlan | None:
        self.strategy.observe(view)
        return self.strategy.decide(view)

    @property
    def refusal(self) -> SignalRefusal | None:
        assert self.strategy.signal is not None
        return self.strategy.signal.refusal


# -- from signal to contract ------------------------------------------------------------------


@pytest.mark.parametrize(("way", "reason"), [(UP, "SIGNAL_UP"), (DOWN, "SIGNAL_DOWN")])
def test_signal_buys_an_option_in_its_direction(way: int, reason: str) -> None:
    plan = Bench().decided(way=way)
    assert plan is not None
    assert plan.instrument_id.endswith("C.US" if way == UP else "P.US")
    assert (plan.direction, plan.reason) == (way, reason)


def test_without_a_direction_nothing_is_bought_and_nothing_ranked() -> None:
    bench = Bench()
    assert bench.decided(way=0) is None
    assert bench.refusal is SignalRefusal.WEAK
    assert bench.strategy.ranking is None


@pytest.mark.parametrize("ticks", [0, 1, 3])
def test_best_ranked_contract_is_bought_at_most_the_slack_above_its_ask(ticks: int) -> None:
    bench = Bench(cap_slack_ticks=ticks)
    plan = bench.decided(way=UP)
    ranking = bench.strategy.ranking
    assert plan is not None
    assert ranking is not None
    best = ranking.candidates[0]
    assert plan.instrument_id == bench.market.session.instrument_ids[best.row]
    cap = bench.market.ask(plan.instrument_id) + ticks / 100
    assert plan.entry_cap == pytest.approx(cap, abs=1e-4)
    assert plan.worst_loss_usd == pytest.approx(plan.quantity * (best.worst_loss + ticks))
    assert plan.figures["candidate_score"] == max(c.score for c in ranking.candidates)


def test_no_contract_that_selection_offers_no_plan() -> None:
    bench = Bench(selection=SelectionParams(min_premium=40.0))
    assert bench.decided(way=UP) is None
    assert bench.strategy.ranking is not None
    assert bench.strategy.ranking.offered == 0
    assert bench.decisions.reasons == [NoPlan.NO_CONTRACT]


def test_no_plan_is_recorded_once_for_each_direction_begun() -> None:
    bench = Bench(selection=SelectionParams(min_premium=40.0))
    for at_s, way in enumerate((UP, UP, UP, DOWN, DOWN), start=ONE_PM_S):
        bench.decided(at_s=at_s, way=way)
    assert bench.decisions.reasons == [NoPlan.NO_CONTRACT] * 2


def test_reasons_that_take_turns_are_each_recorded_once() -> None:
    bench = Bench(TradedMarket(size=0.5), selection=SelectionParams(min_size=0.25))
    for at_s, size in enumerate((0.5, 0.1, 0.5, 0.1), start=ONE_PM_S):
        bench.market.chain.size = size
        bench.decided(at_s=at_s, way=UP)
    assert bench.decisions.reasons == [NoPlan.NO_SIZE, NoPlan.NO_CONTRACT]


def test_debit_vertical_sells_a_contract_further_out_within_the_net_debit() -> None:
    bench = Bench(selection=SelectionParams(structure=Structure.DEBIT_VERTICAL))
    plan = bench.decided(way=UP)
    assert plan is not None
    assert plan.short_instrument_id is not None
    long, short = (float(name[:3]) for name in (plan.instrument_id, plan.short_instrument_id))
    assert long < short
    short_bid = bench.market.ask(plan.short_instrument_id) - 2 * bench.market.chain.half_spread
    assert plan.net_cap == pytest.approx(plan.entry_cap - short_bid, abs=1e-4)
    # Both legs are bought and sold, each by an order of its own.
    fills = [(plan.quantity, 1.00)]
    schedule = bench.market.session.fees
    one_leg = sum(order_fee(schedule, "SPY", sell, fills).total for sell in (False, True))
    share = 2 * one_leg / (plan.quantity * plan.net_cap * 100)
    assert plan.figures["fee_share"] == pytest.approx(share)


# -- size -------------------------------------------------------------------------------------


def test_size_is_what_the_risk_of_a_trade_allows() -> None:
    plan = Bench(risk_usd=500.0, max_contracts=1_000).decided(way=UP)
    assert plan is not None
    one = plan.worst_loss_usd / plan.quantity
    assert plan.quantity > 1
    assert plan.worst_loss_usd <= 500.0 < plan.worst_loss_usd + one


def test_largest_order_bounds_the_size() -> None:
    plan = Bench(risk_usd=500.0, max_contracts=2).decided(way=UP)
    assert plan is not None
    assert plan.quantity == 2


def test_size_shown_at_the_touch_bounds_the_size() -> None:
    plan = Bench(TradedMarket(size=2.0)).decided(way=UP)
    assert plan is not None
    assert plan.quantity == 2


def test_order_whose_minimum_fees_eat_too_much_of_the_premium_is_not_made() -> None:
    bench = Bench(TradedMarket(size=1.0))  # one contract at 0.50
    assert bench.decided(way=UP) is None
    assert bench.decisions.reasons == [NoPlan.FEE_SHARE]


def test_unknown_volatility_makes_no_plan() -> None:
    bench = Bench()
    view = bench.market.view(way=UP)
    unknown = msgspec.structs.replace(view.indicators, realized_ratio=math.nan)
    assert bench.on(msgspec.structs.replace(view, indicators=unknown)) is None
    assert bench.decisions.reasons == [NoPlan.SIZE_UNKNOWN]
    assert bench.strategy.ranking is None


@pytest.mark.parametrize("channel", [True, False], ids=["implied", "realized"])
def test_volatility_far_above_its_usual_one_makes_the_trade_smaller(channel: bool) -> None:
    bench = Bench(risk_usd=500.0, max_contracts=1_000)
    usual = bench.market.view(way=UP)
    values = [math.nan] * len(CHANNELS)
    if channel:
        values[CHANNELS.index(Channel.VOLATILITY_LEVEL)] = math.log(4.0)
    wild = msgspec.structs.replace(
        usual,
        state=msgspec.structs.replace(usual.state, values=tuple(values)),
        indicators=msgspec.structs.replace(
            usual.indicators, realized_ratio=1.0 if channel else 4.0
        ),
    )
    plan = bench.on(wild)
    assert plan is not None
    assert 200.0 < plan.worst_loss_usd <= 250.0


def test_size_follows_the_picture_of_the_account_once_there_is_one() -> None:
    picture = RiskPicture(
        ts_event=0,
        mode=RiskMode.NORMAL,
        equity=96_500.0,
        peak_equity=100_000.0,
        counters=DayCounters(losses_in_row=4),
    )
    bench = Bench(risk_usd=5_000.0, max_contracts=1_000)
    bench.strategy.picture = picture
    plan = bench.decided(way=UP)
    assert plan is not None
    # 2 % of the equity, half of it in a drawdown of 3.5 % and half of that after four losses
    assert plan.quantity == 482.5 // (plan.worst_loss_usd / plan.quantity)


def test_loss_at_the_stop_bounds_the_size_by_the_account() -> None:
    account = RiskPicture(ts_event=0, mode=RiskMode.NORMAL, equity=20_000.0, peak_equity=20_000.0)
    bench = Bench(exits=ExitParams(loss_fraction=1.0), max_contracts=1_000)
    bench.strategy.picture = account
    plan = bench.decided(way=UP)
    assert plan is not None
    fees = sum(order_fee(bench.market.session.fees, "SPY", sell, [(1, 1.00)]).total
               for sell in (False, True))  # fmt: skip
    stopped = 100 * plan.entry_cap + fees
    assert plan.quantity == 300.0 // stopped  # 1.5 % of the account, where 2 % would buy more
    assert 400.0 // (plan.worst_loss_usd / plan.quantity) > plan.quantity


def test_size_factor_of_the_level_scales_the_risk() -> None:
    rules = CoordinatorParams(regular=RegularLimits(share=1.0))
    full = Bench(coordinator=rules, risk_usd=800.0, max_contracts=1_000).decided(way=UP)
    half = Bench(coordinator=rules, risk_usd=800.0, max_contracts=1_000).decided(
        way=UP, level=Level.L1, onset_s=ONE_PM_S - 600
    )
    assert full is not None
    assert half is not None
    assert half.worst_loss_usd <= 400.0 < full.worst_loss_usd <= 800.0


def test_room_in_the_shared_budget_bounds_the_size() -> None:
    rules = CoordinatorParams(budget_usd=300.0, regular=RegularLimits(share=1.0))
    plan = Bench(coordinator=rules, risk_usd=500.0).decided(way=UP)
    assert plan is not None
    assert plan.worst_loss_usd <= 300.0


def test_budget_that_buys_no_contract_makes_no_plan() -> None:
    bench = Bench(risk_usd=20.0)
    assert bench.decided(way=UP) is None
    assert bench.decisions.reasons == [NoPlan.NO_CONTRACT]


def test_contract_of_which_nothing_is_shown_makes_no_plan() -> None:
    bench = Bench(TradedMarket(size=0.5), selection=SelectionParams(min_size=0.0))
    assert bench.decided(way=UP) is None
    assert bench.decisions.reasons == [NoPlan.NO_SIZE]


# -- when it does not act ---------------------------------------------------------------------


@pytest.mark.parametrize("level", [Level.L2, Level.L3])
def test_no_entries_where_the_action_table_has_none(level: Level) -> None:
    bench = Bench()
    assert bench.decided(way=UP, level=level, onset_s=ONE_PM_S - 600) is None
    assert bench.refusal is SignalRefusal.STATE


def test_no_entry_against_a_position_of_the_anomaly_track() -> None:
    bench = Bench()
    at_l2 = bench.market.view(level=Level.L2).state
    assert bench.anomaly.request("A001", DOWN, 100.0, at_l2, at_l2.ts_event) is None
    assert bench.decided(way=UP) is None
    assert bench.refusal is SignalRefusal.TRACK_CONFLICT
    assert bench.decided(at_s=ONE_PM_S + 1, way=DOWN) is not None


def test_node_that_starts_during_the_session_warms_up_first() -> None:
    bench = Bench(filters=FilterParams(warm_up_s=900.0))
    bench.strategy.watching_since_ns = OPEN_NS + ONE_PM_S * NS
    assert bench.decided(at_s=ONE_PM_S + 899, way=UP) is None
    assert bench.refusal is SignalRefusal.WARM_UP
    assert bench.decided(at_s=ONE_PM_S + 900, way=UP) is not None


def test_cool_down_counts_from_the_last_entry() -> None:
    bench = Bench(filters=FilterParams(cool_down_s=300.0))
    bench.strategy.last_entry_ns = OPEN_NS + ONE_PM_S * NS
    assert bench.decided(at_s=ONE_PM_S + 299, way=UP) is None
    assert bench.refusal is SignalRefusal.COOL_DOWN
    assert bench.decided(at_s=ONE_PM_S + 300, way=UP) is not None


def test_loss_is_followed_by_a_longer_pause() -> None:
    bench = Bench(filters=FilterParams(loss_cool_down_s=900.0))
    bench.strategy.last_loss_ns = OPEN_NS + ONE_PM_S * NS
    assert bench.decided(at_s=ONE_PM_S + 299, way=UP) is None
    assert bench.refusal is SignalRefusal.LOSS_COOL_DOWN


def test_trades_of_a_process_before_this_one_count() -> None:
    bench = Bench(filters=FilterParams(max_trades=2))
    bench.strategy.trades = 2
    assert bench.decided(way=UP) is None
    assert bench.refusal is SignalRefusal.MAX_TRADES


# -- plan and exits ---------------------------------------------------------------------------


def test_plan_carries_exits_time_and_a_name_of_its_track() -> None:
    exits = ExitParams(hold_s=600)
    bench = Bench(exits=exits)
    bench.strategy.trades = 2
    plan = bench.decided(way=UP)
    assert plan is not None
    assert (plan.plan_id, plan.exits) == ("R003", exits)
    assert plan.decided_ns == OPEN_NS + ONE_PM_S * NS


@pytest.mark.parametrize(
    ("way", "reason"), [(UP, None), (0, None), (DOWN, ExitReason.SIGNAL_REVERSAL)]
)
def test_position_is_left_when_the_signal_turns_against_it(
    way: int, reason: ExitReason | None
) -> None:
    bench = Bench()
    plan = bench.decided(way=UP)
    assert plan is not None
    later = bench.market.view(ONE_PM_S + 10, way=way)
    bench.strategy.observe(later)
    assert bench.strategy.wants_out(later, ManagedPlan(plan)) is reason
