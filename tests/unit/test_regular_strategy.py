"""The regular strategy's decisions on hand-made snapshots, without an engine."""

import math
from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
import pytest

from autotrade_0dte.actors.trading_session import TradingSession
from autotrade_0dte.chain.quality import QuoteFlag
from autotrade_0dte.chain.snapshot import ChainAnalytics, ChainSnapshot
from autotrade_strategies.regular import RegularParams, RegularStrategy

NS = 1_000_000_000
OPEN_NS = 1_784_554_200 * NS
CLOSE_NS = OPEN_NS + 23_400 * NS
UNKNOWN = ChainAnalytics(*[math.nan] * 9, 0, math.nan, math.nan)

UNUSED = "gamma", "vega", "theta", "rho", "vanna", "charm", "speed", "iv_uncertainty", "gex"


class Row(NamedTuple):
    """One contract's quote; its engine id is its strike with C or P."""

    strike: float
    is_call: bool
    delta: float
    bid: float
    ask: float
    quality: int = 0
    age_s: float = 0.0

    @property
    def name(self) -> str:
        return f"{self.strike:g}{'C' if self.is_call else 'P'}.US"


ROWS = (
    Row(598, True, 0.75, 2.60, 2.64),
    Row(598, False, -0.25, 0.50, 0.52),
    Row(600, True, 0.52, 1.20, 1.22),
    Row(600, False, -0.48, 1.10, 1.12),
    Row(602, True, 0.36, 0.58, 0.60),
    Row(602, False, -0.64, 2.40, 2.44),
)


def snapshot(at_s: float, spot: float, rows: Sequence[Row] = ROWS) -> ChainSnapshot:
    strike, is_call, delta, bid, ask, quality, age_s = (
        np.array(column) for column in zip(*rows, strict=True)
    )
    zero = np.zeros(len(rows))
    return ChainSnapshot(
        ts_event=OPEN_NS + round(at_s * NS),
        expiry_ns=CLOSE_NS,
        years=0.0005,
        spot=spot,
        forward=spot,
        forward_pairs=3,
        strike=strike,
        is_call=is_call,
        bid=bid,
        ask=ask,
        bid_size=zero,
        ask_size=zero,
        mid=(bid + ask) / 2,
        quote_age_s=age_s,
        iv=zero + 0.15,
        delta=delta,
        **dict.fromkeys(UNUSED, zero),
        quality=quality.astype(np.int8),
        status=zero.astype(np.int8),
        open_interest=zero,
        analytics=UNKNOWN,
    )


def regular(rows: Sequence[Row] = ROWS, **changes: Any) -> RegularStrategy:
    """Return a strategy with averages of one and two minute bars and no warm-up."""
    session = TradingSession(
        root="SPY",
        underlying="SPY",
        instrument_ids=tuple(row.name for row in rows),
        multiplier=100,
        open_ns=OPEN_NS,
        close_ns=CLOSE_NS,
        expiry_ns=CLOSE_NS,
        flatten_ns=None,
        exercise_test_ns=None,
        can_short_shares=False,
    )
    usual = {"fast_bars": 1, "slow_bars": 2, "warm_up_s": 0}
    return RegularStrategy(session, RegularParams(**(usual | changes)))


def seen(strategy: RegularStrategy, *spots: float, start_s: int = 0) -> int:
    """Show one spot a minute and return the second of the last one."""
    for minute, spot in enumerate(spots):
        strategy.observe(snapshot(start_s + 60 * minute, spot))
    return start_s + 60 * (len(spots) - 1)


UP = (600.0, 600.3, 600.6, 600.9)
DOWN = tuple(reversed(UP))


# -- direction --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spots", "bought", "reason"), [(UP, "602C.US", "TREND_UP"), (DOWN, "600P.US", "TREND_DOWN")]
)
def test_agreement_of_trend_and_momentum_buys_in_their_direction(
    spots: tuple[float, ...], bought: str, reason: str
) -> None:
    strategy = regular()
    plan = strategy.decide(snapshot(seen(strategy, *spots), spots[-1]))
    assert plan is not None
    assert (plan.instrument_id, plan.reason) == (bought, reason)


@pytest.mark.parametrize(
    "spots",
    [
        (600.0, 600.3, 600.6, 600.3),  # trend up, momentum down
        (600.9, 600.6, 600.3, 600.6),  # trend down, momentum up
        (600.0, 600.03, 600.06, 600.09),  # half a basis point a minute
        (600.09, 600.06, 600.03, 600.0),
        (600.0, 600.0, 600.0, 600.0),
        (600.0, 600.3),  # the slow average is not known yet
    ],
    ids=["up-down", "down-up", "slow up", "slow down", "flat", "too early"],
)
def test_no_decision_without_agreement(spots: tuple[float, ...]) -> None:
    strategy = regular()
    assert strategy.decide(snapshot(seen(strategy, *spots), spots[-1])) is None


@pytest.mark.parametrize(("min_momentum_bps", "decided"), [(9.9, True), (10.1, False)])
@pytest.mark.parametrize("sign", [1, -1])
def test_momentum_counts_from_its_least_size_on(
    min_momentum_bps: float, decided: bool, sign: int
) -> None:
    strategy = regular(min_momentum_bps=min_momentum_bps)
    spots = [600.0 * math.exp(sign * 0.001 * minute) for minute in range(4)]  # 10 basis points
    plan = strategy.decide(snapshot(seen(strategy, *spots), spots[-1]))
    assert (plan is not None) is decided


@pytest.mark.parametrize(("spots", "reason"), [(UP, "TREND_UP"), (DOWN, "TREND_DOWN")])
def test_trend_alone_decides_where_no_momentum_is_asked_for(
    spots: tuple[float, ...], reason: str
) -> None:
    strategy = regular(min_momentum_bps=0.0)
    stands = (*spots[:3], spots[2])
    plan = strategy.decide(snapshot(seen(strategy, *stands), stands[-1]))
    assert plan is not None
    assert plan.reason == reason


def test_unknown_spot_is_passed_over() -> None:
    strategy, other = regular(), regular()
    for strategy_of_two in (strategy, other):
        seen(strategy_of_two, *UP[:2])
    strategy.observe(snapshot(90, math.nan))
    for strategy_of_two in (strategy, other):
        seen(strategy_of_two, *UP[2:], start_s=120)
    now = snapshot(180, UP[-1])
    assert strategy.decide(now) == other.decide(now) is not None


# -- entry window -----------------------------------------------------------------------------


def decided(strategy: RegularStrategy, at_s: float) -> bool:
    return strategy.decide(snapshot(at_s, UP[-1])) is not None


@pytest.mark.parametrize(("at_s", "expected"), [(899.9, False), (900, True)])
def test_no_entry_before_the_warm_up_is_over(at_s: float, expected: bool) -> None:
    strategy = regular(warm_up_s=900)
    seen(strategy, *UP)
    assert decided(strategy, at_s) is expected


@pytest.mark.parametrize(("at_s", "expected"), [(19_799.9, True), (19_800, False)])
def test_no_entry_in_the_last_hour(at_s: float, expected: bool) -> None:
    strategy = regular(last_entry_before_close_s=3_600)
    seen(strategy, *UP)
    assert decided(strategy, at_s) is expected


@pytest.mark.parametrize(("later_s", "expected"), [(299.9, False), (300, True)])
def test_decision_is_followed_by_a_pause(later_s: float, expected: bool) -> None:
    strategy = regular(cool_down_s=300)
    at_s = seen(strategy, *UP)
    assert decided(strategy, at_s)
    assert decided(strategy, at_s + later_s) is expected


@pytest.mark.parametrize(("trades", "expected"), [(1, True), (2, False)])
def test_no_entry_beyond_the_most_trades(trades: int, expected: bool) -> None:
    strategy = regular(max_trades=2)
    strategy.trades = trades
    assert decided(strategy, seen(strategy, *UP)) is expected


# -- contract ---------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("spots", "target_delta", "bought"),
    [(UP, 0.40, "602C.US"), (UP, 0.50, "600C.US"), (UP, 0.99, "598C.US"), (DOWN, 0.30, "598P.US")],
)
def test_contract_nearest_the_target_delta_is_bought(
    spots: tuple[float, ...], target_delta: float, bought: str
) -> None:
    strategy = regular(target_delta=target_delta)
    plan = strategy.decide(snapshot(seen(strategy, *spots), spots[-1]))
    assert plan is not None
    assert plan.instrument_id == bought


@pytest.mark.parametrize(
    "change",
    [
        {"quality": int(QuoteFlag.STALE)},
        {"quality": int(QuoteFlag.CROSSED)},
        {"quality": int(QuoteFlag.ONE_SIDED)},
        {"quality": int(QuoteFlag.MISSING)},
        {"delta": math.nan},
        {"age_s": 30.1},
        {"age_s": math.nan},
        {"bid": 0.53},  # seven cents wide
        {"bid": 0.08, "ask": 0.085},
    ],
    ids=[
        "stale",
        "crossed",
        "one-sided",
        "missing",
        "no delta",
        "old",
        "age unknown",
        "wide",
        "cheap",
    ],
)
def test_contract_that_cannot_be_traded_is_passed_over(change: dict[str, Any]) -> None:
    rows = [row._replace(**change) if row.name == "602C.US" else row for row in ROWS]
    strategy = regular(rows)
    plan = strategy.decide(snapshot(seen(strategy, *UP), UP[-1], rows))
    assert plan is not None
    assert plan.instrument_id == "600C.US"


@pytest.mark.parametrize("flag", [QuoteFlag.LOCKED, QuoteFlag.NO_INFORMATION])
def test_harmless_flag_does_not_keep_a_contract_out(flag: QuoteFlag) -> None:
    rows = [row._replace(quality=int(flag)) for row in ROWS]
    strategy = regular(rows)
    assert strategy.decide(snapshot(seen(strategy, *UP), UP[-1], rows)) is not None


def test_bounds_of_a_tradable_contract_are_inclusive() -> None:
    rows = [row._replace(bid=0.48, ask=0.52, age_s=30.0) for row in ROWS]
    limits = {"min_premium": 0.52, "max_spread_fraction": 0.0801, "max_quote_age_s": 30.0}
    strategy = regular(rows, **limits)
    assert strategy.decide(snapshot(seen(strategy, *UP), UP[-1], rows)) is not None


def test_no_tradable_contract_no_plan() -> None:
    rows = [row for row in ROWS if not row.is_call]
    strategy = regular(rows)
    assert strategy.decide(snapshot(seen(strategy, *UP), UP[-1], rows)) is None


# -- plan -------------------------------------------------------------------------------------


def test_plan_holds_to_the_parameters_and_carries_its_figures() -> None:
    strategy = regular(
        premium_budget=500.0, profit_fraction=0.5, loss_fraction=0.4, hold_s=600, entry_timeout_s=20
    )
    at_s = seen(strategy, *UP)
    strategy.trades = 2
    plan = strategy.decide(snapshot(at_s, UP[-1]))
    assert plan is not None
    assert plan.plan_id == "P003"
    assert plan.quantity == 8  # 500 / 60
    assert plan.entry_cap == 0.60
    assert (plan.target, plan.stop) == (pytest.approx(0.90), pytest.approx(0.36))
    assert plan.entry_deadline_ns == OPEN_NS + (at_s + 20) * NS
    assert plan.exit_deadline_ns == OPEN_NS + (at_s + 600) * NS
    assert plan.figures == {
        "ema_fast": 600.6,
        "ema_slow": pytest.approx(2 / 3 * 600.6 + 1 / 3 * 600.15),
        "momentum_bps": pytest.approx(1e4 * math.log(600.9 / 600.6)),
        "delta": 0.36,
        "iv": 0.15,
    }


@pytest.mark.parametrize(
    ("budget", "most", "quantity"), [(59.99, 10, None), (60.0, 10, 1), (1e6, 10, 10), (1e6, 3, 3)]
)
def test_quantity_is_what_the_budget_buys_up_to_the_most_contracts(
    budget: float, most: int, quantity: int | None
) -> None:
    strategy = regular(premium_budget=budget, max_contracts=most)
    plan = strategy.decide(snapshot(seen(strategy, *UP), UP[-1]))
    assert (plan and plan.quantity) == quantity


def test_plan_that_the_budget_cannot_buy_costs_no_pause() -> None:
    strategy = regular(premium_budget=59.0, cool_down_s=300)
    at_s = seen(strategy, *UP)
    assert not decided(strategy, at_s)
    cheaper = [row._replace(bid=0.55, ask=0.57) if row.name == "602C.US" else row for row in ROWS]
    assert strategy.decide(snapshot(at_s + 1, UP[-1], cheaper)) is not None
