"""Each check of the gate: what it lets through to the last bit, and what it alone refuses."""

from collections.abc import Callable
from typing import NamedTuple

import msgspec
import pytest
from gate_world import (
    CALL,
    FACTS,
    FAR,
    HIGHER,
    MINE,
    NOW_NS,
    NS,
    OPEN_NS,
    PICTURE,
    PUT,
    QUOTE,
    SAME_STRATEGY,
    SAME_TRACK,
    THEIRS,
    World,
    book,
    chain_of,
    contract,
    limits,
    losing,
    order,
)
from quoted_chain import EXPIRY_NS

from autotrade_0dte.risk import gate
from autotrade_0dte.risk.deny import DenyReason
from autotrade_0dte.risk.limits import DayTradePolicy
from autotrade_0dte.risk.mode import RiskMode, Trigger
from autotrade_0dte.risk.picture import DayCounters

PDT = {"day_trades": DayTradePolicy.LEGACY_PDT}
MARGIN = {"day_trades": DayTradePolicy.INTRADAY_MARGIN}


def quote(**changes: float) -> object:
    return msgspec.structs.replace(QUOTE, **changes)


def picture(**changes: object) -> object:
    return msgspec.structs.replace(PICTURE, **changes)


def facts(**changes: object) -> object:
    return msgspec.structs.replace(FACTS, **changes)


def at(ns: int, **changes: object) -> World:
    return World(now_ns=ns, picture=picture(ts_event=ns), **changes)


def waiting(count: int, owner: object = THEIRS) -> tuple[object, ...]:
    """Orders at work, each of a plan of its own that holds nothing yet."""
    return tuple(
        order(
            order_id=f"W-{n}",
            contract=PUT,
            quantity=1,
            price=0.01,
            fee_usd=0.0,
            owner=msgspec.structs.replace(owner, plan_id=f"W{n}"),
        )
        for n in range(count)
    )


class Edge(NamedTuple):
    """A world at a limit, one beyond it, and the figures of the refusal."""

    passes: Callable[[], World]
    breaks: Callable[[], World]
    figures: dict[str, float | str]


EDGES = {
    DenyReason.OPPOSED: Edge(
        lambda: World(order=order(quantity=1), exposure=book((CALL, 2, 2.0, THEIRS))),
        lambda: World(
            order=order(quantity=1),
            exposure=book((CALL, 2, 2.0, SAME_TRACK), (CALL, -1, 2.0, THEIRS)),
        ),
        {"quantity": 1, "strategy": "Anomaly-002", "may_hold": -1},
    ),
    DenyReason.NAKED_SHORT: Edge(
        lambda: World(
            order=order(quantity=-2, contract=HIGHER), exposure=book((CALL, 2, 2.0, MINE))
        ),
        lambda: World(
            order=order(quantity=-2, contract=HIGHER), exposure=book((CALL, 1, 2.0, MINE))
        ),
        {"uncovered": 1, "sell": 2, "net_held": 1, "working_sells": 0},
    ),
    DenyReason.HALTED: Edge(
        lambda: World(picture=picture(mode=RiskMode.TIGHTEN)),
        lambda: World(picture=picture(mode=RiskMode.HALT_ENTRIES, trigger=Trigger.DAILY_LOSS)),
        {"mode": "HALT_ENTRIES", "trigger": "DAILY_LOSS"},
    ),
    DenyReason.NO_PRICE_LIMIT: Edge(
        World,
        lambda: World(
            order=order(price=0.0),
        ),
        {"quantity": 2, "price": 0.0},
    ),
    DenyReason.ORDER_CONTRACTS: Edge(
        lambda: World(limits=limits(order={"max_contracts": 2})),
        lambda: World(limits=limits(order={"max_contracts": 1})),
        {"quantity": 2, "max_contracts": 1},
    ),
    DenyReason.ORDER_PREMIUM: Edge(
        lambda: World(limits=limits(order={"max_premium_usd": 403.0})),
        lambda: World(limits=limits(order={"max_premium_usd": 402.99})),
        {"premium_usd": 403.0, "max_premium_usd": 402.99},
    ),
    DenyReason.ORDER_NOTIONAL: Edge(
        lambda: World(limits=limits(order={"max_notional_usd": 120_000.0})),
        lambda: World(limits=limits(order={"max_notional_usd": 119_999.0})),
        {"notional_usd": 120_000.0, "max_notional_usd": 119_999.0, "spot": 600.0},
    ),
    DenyReason.OFF_TICK: Edge(
        lambda: World(order=order(price=1.99)),
        lambda: World(order=order(price=1.995)),
        {"price": 1.995, "tick": 0.01},
    ),
    DenyReason.QUOTE_AGE: Edge(
        lambda: World(quote=quote(age_s=600.0)),
        lambda: World(quote=quote(age_s=600.5)),
        {"age_s": 600.5, "max_age_s": 600.0},
    ),
    DenyReason.SPREAD: Edge(
        lambda: World(quote=quote(bid=1.6)),
        lambda: World(quote=quote(bid=1.5), limits=limits(order={"max_spread_fraction": 0.25})),
        {"bid": 1.5, "ask": 2.0, "spread": 0.5, "max_spread": 0.4375},
    ),
    DenyReason.COLLAR_QUOTE: Edge(
        lambda: World(quote=quote(bid=1.3, ask=1.34)),
        lambda: World(quote=quote(bid=1.28, ask=1.30)),
        {"price": 2.0, "far": 1.3, "beyond": 0.7, "allowed": 0.65},
    ),
    DenyReason.COLLAR_FAIR: Edge(
        lambda: World(quote=quote(fair=1.34)),
        lambda: World(quote=quote(fair=1.25)),
        {"price": 2.0, "fair": 1.25, "beyond": 0.75, "allowed": 0.625},
    ),
    DenyReason.DUPLICATE: Edge(
        lambda: World(
            exposure=book(
                working=(order(order_id="O-0", owner=SAME_STRATEGY),), sent_ns=NOW_NS - NS
            )
        ),
        lambda: World(
            exposure=book(
                working=(order(order_id="O-0", owner=SAME_STRATEGY),), sent_ns=NOW_NS - NS // 2
            )
        ),
        {"ago_s": 0.5, "window_s": 1.0},
    ),
    DenyReason.ORDER_RATE: Edge(
        lambda: World(
            exposure=book(working=waiting(2)), limits=limits(order={"max_orders_a_minute": 3})
        ),
        lambda: World(
            exposure=book(working=waiting(3)), limits=limits(order={"max_orders_a_minute": 3})
        ),
        {"orders": 4, "max_orders_a_minute": 3},
    ),
    DenyReason.TOO_EARLY: Edge(
        lambda: at(OPEN_NS + 60 * NS),
        lambda: at(OPEN_NS + 59 * NS),
        {"passed_s": 59.0, "no_entry_after_open_s": 60.0},
    ),
    DenyReason.TOO_LATE: Edge(
        lambda: at(
            EXPIRY_NS - 301 * NS, order=order(contract=HIGHER), facts=facts(exercise_test_ns=None)
        ),
        lambda: at(
            EXPIRY_NS - 300 * NS, order=order(contract=HIGHER), facts=facts(exercise_test_ns=None)
        ),
        {"left_s": 300.0, "last_entry_before_close_s": 300.0},
    ),
    DenyReason.FLATTEN_DEADLINE: Edge(
        lambda: World(facts=facts(flatten_ns=NOW_NS + 1)),
        lambda: World(facts=facts(flatten_ns=NOW_NS)),
        {"past_s": 0.0},
    ),
    DenyReason.ENTRIES_A_DAY: Edge(
        lambda: World(
            picture=picture(counters=DayCounters(entries=57)), exposure=book(working=waiting(2))
        ),
        lambda: World(
            picture=picture(counters=DayCounters(entries=58)), exposure=book(working=waiting(2))
        ),
        {"entries": 58, "pending": 2, "max_entries": 60},
    ),
    DenyReason.LOSS_STREAK: Edge(
        lambda: World(
            picture=picture(counters=DayCounters(losses_in_row=8, last_loss_ns=NOW_NS - 1_800 * NS))
        ),
        lambda: World(
            picture=picture(counters=DayCounters(losses_in_row=8, last_loss_ns=NOW_NS - 1_799 * NS))
        ),
        {"losses_in_row": 8, "passed_s": 1_799.0, "loss_pause_s": 1_800.0},
    ),
    DenyReason.PIN_ZONE: Edge(
        lambda: at(
            EXPIRY_NS - 900 * NS, quote=quote(spot=600.7), facts=facts(exercise_test_ns=None)
        ),
        lambda: at(
            EXPIRY_NS - 900 * NS, quote=quote(spot=600.5), facts=facts(exercise_test_ns=None)
        ),
        {"strike": 600.0, "spot": 600.5, "reach": 0.6005, "left_s": 900.0},
    ),
    DenyReason.EXERCISE_NOT_FUNDED: Edge(
        lambda: at(EXPIRY_NS - 7_501 * NS),
        lambda: at(EXPIRY_NS - 7_500 * NS),
        {"funds_after": -20_403.0, "shares_after": 200, "spot": 600.0},
    ),
    DenyReason.SERIES_CONTRACTS: Edge(
        lambda: World(
            exposure=book((CALL, 3, 2.0, MINE)), limits=limits(position={"max_series_contracts": 5})
        ),
        lambda: World(
            exposure=book((CALL, 4, 2.0, MINE)), limits=limits(position={"max_series_contracts": 5})
        ),
        {"contracts": 6, "max_contracts": 5},
    ),
    DenyReason.CLUSTER_CONTRACTS: Edge(
        lambda: World(
            exposure=book((contract(602.0), 9, 2.0, MINE), (PUT, 3, 2.0, MINE)),
            limits=limits(position={"max_cluster_contracts": 5}),
        ),
        lambda: World(
            exposure=book((contract(601.0), 1, 2.0, MINE), (PUT, 3, 2.0, MINE)),
            limits=limits(position={"max_cluster_contracts": 5}),
        ),
        {"contracts": 6, "max_contracts": 5},
    ),
    DenyReason.STRATEGY_PLANS: Edge(
        lambda: World(
            exposure=book((PUT, 1, 2.0, SAME_STRATEGY), (FAR, 1, 2.0, THEIRS)),
            limits=limits(position={"max_strategy_plans": 2}),
        ),
        lambda: World(
            exposure=book((PUT, 1, 2.0, SAME_STRATEGY)),
            limits=limits(position={"max_strategy_plans": 1}),
        ),
        {"plans": 2, "max_plans": 1},
    ),
    DenyReason.TRACK_PLANS: Edge(
        lambda: World(
            exposure=book((PUT, 1, 2.0, SAME_TRACK), (FAR, 1, 2.0, THEIRS)),
            limits=limits(position={"max_track_plans": 2}),
        ),
        lambda: World(
            exposure=book((PUT, 1, 2.0, SAME_TRACK)),
            limits=limits(position={"max_track_plans": 1}),
        ),
        {"plans": 2, "max_plans": 1},
    ),
    DenyReason.STRATEGY_PREMIUM: Edge(
        lambda: World(
            exposure=book((PUT, 1, 2.0, SAME_STRATEGY), (FAR, 9, 2.0, SAME_TRACK)),
            limits=limits(position={"max_strategy_premium_usd": 603.0}),
        ),
        lambda: World(
            exposure=book((PUT, 1, 2.0, SAME_STRATEGY)),
            limits=limits(position={"max_strategy_premium_usd": 602.0}),
        ),
        {"premium_usd": 603.0, "max_premium_usd": 602.0},
    ),
    DenyReason.TRACK_PREMIUM: Edge(
        lambda: World(
            exposure=book((PUT, 1, 2.0, SAME_TRACK), (FAR, 9, 2.0, THEIRS)),
            limits=limits(position={"max_track_premium_usd": 603.0}),
        ),
        lambda: World(
            exposure=book((PUT, 1, 2.0, SAME_TRACK)),
            limits=limits(position={"max_track_premium_usd": 602.0}),
        ),
        {"premium_usd": 603.0, "max_premium_usd": 602.0},
    ),
    DenyReason.PREMIUM_EXCEEDS_CASH: Edge(
        lambda: World(exposure=book(cash=403.0)),
        lambda: World(exposure=book(cash=402.99)),
        {"cost": 403.0, "free_cash": 402.99, "fee": 3.0, "quantity": 2},
    ),
    DenyReason.DAY_TRADES: Edge(
        lambda: World(
            limits=limits(account={**PDT, "pdt_day_trades_before": 1}),
            picture=picture(equity=24_999.0, counters=DayCounters(day_trades=1)),
        ),
        lambda: World(
            limits=limits(account={**PDT, "pdt_day_trades_before": 1}),
            picture=picture(equity=24_999.0, counters=DayCounters(day_trades=1)),
            exposure=book((PUT, 1, 2.0, THEIRS)),
        ),
        {"day_trades": 4, "max_day_trades": 3, "equity": 24_999.0, "min_equity": 25_000.0},
    ),
    DenyReason.INTRADAY_MARGIN: Edge(
        lambda: World(
            limits=limits(account=MARGIN), picture=picture(equity=2_403.0, premium_usd=2_000.0)
        ),
        lambda: World(
            limits=limits(account=MARGIN), picture=picture(equity=2_402.0, premium_usd=2_000.0)
        ),
        {"cost": 403.0, "excess": 402.0, "equity": 2_402.0, "min_equity": 2_000.0},
    ),
    DenyReason.PREMIUM_AT_RISK: Edge(
        lambda: World(
            exposure=book((PUT, 1, 2.0, THEIRS)),
            limits=limits(portfolio={"max_premium_usd": 603.0}),
        ),
        lambda: World(
            exposure=book((PUT, 1, 2.0, THEIRS)),
            limits=limits(portfolio={"max_premium_usd": 602.0}),
        ),
        {"premium_usd": 603.0, "max_premium_usd": 602.0},
    ),
    DenyReason.CAPITAL_USE: Edge(
        lambda: World(exposure=book((PUT, 1, 2.0, THEIRS)), picture=picture(equity=1_206.0)),
        lambda: World(exposure=book((PUT, 1, 2.0, THEIRS)), picture=picture(equity=1_205.0)),
        {"premium_usd": 603.0, "equity": 1_205.0, "max_capital_fraction": 0.5},
    ),
    # Two contracts, 100 of each, for 6 dollars of a spot of 600.
    DenyReason.NET_DELTA: Edge(
        lambda: World(chain=chain_of(delta=0.5), limits=limits(portfolio={"max_delta_usd": 600.0})),
        lambda: World(
            chain=chain_of(delta=-0.5), limits=limits(portfolio={"max_delta_usd": 599.0})
        ),
        {"net_usd": 600.0, "before_usd": 0.0, "max_usd": 599.0},
    ),
    DenyReason.NET_GAMMA: Edge(
        lambda: World(chain=chain_of(gamma=0.1), limits=limits(portfolio={"max_gamma_usd": 720.5})),
        lambda: World(
            chain=chain_of(gamma=0.125), limits=limits(portfolio={"max_gamma_usd": 899.0})
        ),
        {"net_usd": 900.0, "before_usd": 0.0, "max_usd": 899.0},
    ),
    DenyReason.NET_VEGA: Edge(
        lambda: World(chain=chain_of(vega=8.0), limits=limits(portfolio={"max_vega_usd": 16.0})),
        lambda: World(chain=chain_of(vega=8.0), limits=limits(portfolio={"max_vega_usd": 15.9})),
        {"net_usd": 16.0, "before_usd": 0.0, "max_usd": 15.9},
    ),
    # A third of the three hours to expiry, which are 3 / 8,760 years.
    DenyReason.NET_THETA: Edge(
        lambda: World(
            chain=chain_of(theta=-8_760.0), limits=limits(portfolio={"max_theta_usd": 200.1})
        ),
        lambda: World(
            chain=chain_of(theta=-8_760.0), limits=limits(portfolio={"max_theta_usd": 199.9})
        ),
        {"net_usd": 200.0, "before_usd": 0.0, "max_usd": 199.9},
    ),
    DenyReason.BETA_DELTA: Edge(
        lambda: World(
            chain=chain_of(delta=0.5),
            others={"QQQ": 1_000.0},
            limits=limits(correlation={"max_beta_delta_usd": 1_800.0}),
        ),
        lambda: World(
            chain=chain_of(delta=0.5),
            others={"QQQ": 1_000.0},
            limits=limits(correlation={"max_beta_delta_usd": 1_799.0}),
        ),
        {
            "beta_delta_usd": 1_800.0,
            "before_usd": 1_200.0,
            "max_usd": 1_799.0,
            "others_usd": 1_200.0,
        },
    ),
    DenyReason.SCENARIO_LOSS: Edge(
        lambda: World(worst_loss=losing(12_500.0)),
        lambda: World(worst_loss=losing(12_501.0, before=10.0)),
        {
            "worst_loss_usd": 25_012.0,
            "before_usd": 10.0,
            "max_usd": 25_000.0,
            "equity": 100_000.0,
        },
    ),
}
"""By reason, in the order of the codes; BAD_QUANTITY comes before all checks, OPPOSED as well."""

CHECK_OF = dict(
    zip(
        [reason for reason in DenyReason if reason in EDGES],
        [
            check
            for check in (gate.opposed, *gate.CHECKS)
            for _ in range(4 if check.__name__ == "greeks" else 1)
        ],
        strict=True,
    )
)


def test_every_reason_but_a_bad_quantity_has_an_edge() -> None:
    assert EDGES.keys() == set(DenyReason) - {DenyReason.BAD_QUANTITY}


@pytest.mark.parametrize("reason", EDGES)
def test_order_at_the_limit_passes(reason: DenyReason) -> None:
    assert EDGES[reason].passes().verdict() is None


@pytest.mark.parametrize("reason", EDGES)
def test_order_beyond_the_limit_is_refused_with_the_figures(reason: DenyReason) -> None:
    denial = EDGES[reason].breaks().verdict()
    assert denial is not None
    assert denial.reason is reason
    assert {
        name: pytest.approx(figure) if isinstance(figure, float) else figure
        for name, figure in EDGES[reason].figures.items()
    } == denial.figures


@pytest.mark.parametrize("reason", EDGES)
def test_without_its_check_the_order_beyond_the_limit_would_pass(
    reason: DenyReason, monkeypatch: pytest.MonkeyPatch
) -> None:
    if reason is DenyReason.OPPOSED:
        monkeypatch.setattr(gate, "opposed", lambda _case: None)
    else:
        left = tuple(check for check in gate.CHECKS if check is not CHECK_OF[reason])
        assert len(left) == len(gate.CHECKS) - 1
        monkeypatch.setattr(gate, "CHECKS", left)
    assert EDGES[reason].breaks().verdict() is None
