"""Whatever comes before the gate: what it lets through breaks no limit, and it stops no closing.

Judged by `plain_gate`, which sums every figure anew from lists and knows nothing of the gate.
"""

import copy
import math
from collections import Counter
from random import Random
from typing import Any

import msgspec
import plain_gate
import pytest
from gate_world import CHAIN, FACTS, OPEN_NS, PICTURE, contract, limits
from hypothesis import given, settings
from hypothesis import strategies as st
from plain_gate import Situation
from quoted_chain import EXPIRY_NS

from autotrade_0dte.risk.deny import Denial, DenyReason
from autotrade_0dte.risk.exposure import Exposure
from autotrade_0dte.risk.gate import RiskGate
from autotrade_0dte.risk.gate_case import GateFacts
from autotrade_0dte.risk.limits import DayTradePolicy, LimitParams
from autotrade_0dte.risk.mode import RiskMode
from autotrade_0dte.risk.picture import DayCounters
from autotrade_0dte.risk.proposed_order import GateQuote, Owner, ProposedOrder

NS = 1_000_000_000
CODES = [reason for reason in DenyReason if reason is not DenyReason.BAD_QUANTITY]
CONTRACTS = [contract(strike, is_call=c) for strike in (598.0, 600.0, 601.0, 604.0) for c in (0, 1)]
OWNERS = [
    Owner("Regular-001", "regular", "P1"),
    Owner("Regular-001", "regular", "P2"),
    Owner("Second-003", "regular", "P1"),
    Owner("Anomaly-002", "anomaly", "P1"),
]
RARELY = 0.04
"""How often a limit is tight or a figure strange: of thirty, one or so in each situation."""


def some(rng: Random, strange: Any, usual: Any, share: float = RARELY) -> Any:
    """Return `strange` now and then, otherwise `usual`; a function of the generator is called."""
    chosen = strange if rng.random() < share else usual
    return chosen(rng) if callable(chosen) else chosen


def some_limits(rng: Random) -> LimitParams:
    """Return limits of which a few are so tight that usual orders break them."""

    def tight(low: float, high: float, usual: float) -> Any:
        is_count = isinstance(usual, int)
        draw = rng.randint if is_count else rng.uniform
        return draw(low, high) if rng.random() < RARELY else usual  # type: ignore[operator]

    usd = 3_000.0
    return limits(
        order={
            "max_contracts": tight(1, 4, 50),
            "max_premium_usd": tight(50.0, usd, 2e4),
            "max_notional_usd": tight(5e4, 3e5, 5e6),
            "max_age_s": tight(0.5, 3.0, 600.0),
            "max_spread_ticks": tight(0.1, 5.0, 40.0),
            "max_spread_fraction": tight(0.001, 0.05, 1.0),
            "collar_ticks": tight(0.1, 5.0, 20.0),
            "collar_fraction": tight(0.001, 0.05, 0.5),
            "needs_fair_value": rng.random() < 0.5,
            "duplicate_window_s": rng.choice([0.0, 1.0, 30.0]),
            "max_orders_a_minute": tight(1, 3, 20),
        },
        position={
            "max_series_contracts": tight(1, 6, 50),
            "cluster_fraction": rng.choice([0.0, 0.0025, 0.01]),
            "max_cluster_contracts": tight(1, 10, 100),
            "max_strategy_plans": tight(1, 2, 5),
            "max_track_plans": tight(1, 2, 5),
            "max_strategy_premium_usd": tight(50.0, usd, 2e4),
            "max_track_premium_usd": tight(50.0, usd, 2e4),
        },
        portfolio={
            "max_premium_usd": tight(50.0, usd, 3e4),
            "max_capital_fraction": tight(0.001, 0.1, 0.5),
            "max_delta_usd": tight(100.0, 2_000.0, 2e4),
            "max_gamma_usd": tight(50.0, 1_000.0, 1e5),
            "max_vega_usd": tight(5.0, 50.0, 2_500.0),
            "max_theta_usd": tight(5.0, 100.0, 5_000.0),
            "max_worst_loss_fraction": tight(0.01, 0.05, 0.25),
            "max_entries": tight(1, 4, 60),
            "max_losses_in_row": tight(1, 3, 8),
        },
        account={
            "day_trades": some(
                rng, lambda r: r.choice(list(DayTradePolicy)), DayTradePolicy.NONE, 0.2
            ),
            "pdt_day_trades_before": rng.randint(0, 3),
        },
        correlation={"max_beta_delta_usd": tight(100.0, 3_000.0, 25_000.0)},
    )


def some_facts(rng: Random) -> GateFacts:
    return msgspec.structs.replace(
        FACTS,
        flatten_ns=rng.choice([None, EXPIRY_NS - 900 * NS]),
        exercise_test_ns=rng.choice([None, FACTS.exercise_test_ns]),
        can_short_shares=rng.random() < 0.3,
        short_legs=rng.random() < 0.7,
    )


def some_order(rng: Random, number: int, name: str, price: float) -> ProposedOrder:
    return ProposedOrder(
        order_id=f"{name}-{number}",
        contract=rng.choice(CONTRACTS),
        quantity=rng.choice([1, 1, 2, 3, 5, -1, -2]),
        price=price,
        fee_usd=rng.choice([0.0, 3.2]),
        owner=rng.choice(OWNERS),
        is_entry=rng.random() < 0.5,
    )


def some_time(rng: Random) -> int:
    strange = rng.choice([
        OPEN_NS + rng.randint(-10, 70) * NS,
        EXPIRY_NS - rng.randint(-10, 310) * NS,
        EXPIRY_NS - rng.randint(310, 920) * NS,
        EXPIRY_NS - rng.randint(6_000, 7_600) * NS,
    ])  # fmt: skip
    return some(rng, strange, EXPIRY_NS - 3 * 3_600 * NS, 0.3)


def some_picture(rng: Random, now_ns: int) -> Any:
    counters = DayCounters(
        entries=rng.randint(0, 3),
        losses_in_row=rng.randint(0, 3),
        last_loss_ns=now_ns - rng.randint(0, 3_600) * NS,
        day_trades=rng.randint(0, 2),
    )
    return msgspec.structs.replace(
        PICTURE,
        ts_event=now_ns,
        mode=some(rng, lambda r: r.choice(list(RiskMode)), RiskMode.NORMAL, 0.15),
        equity=some(rng, math.nan, float(rng.choice([1_500, 20_000, 100_000]))),
        premium_usd=some(rng, math.nan, 500.0),
        counters=counters,
    )


def some_situation(rng: Random) -> Situation:
    """Return an order in a random portfolio, market and account."""
    now_ns = some_time(rng)
    mid = rng.randint(20, 500) / 100
    half = rng.randint(1, 4) / 100
    quote = GateQuote(
        bid=some(rng, math.nan, mid - half),
        ask=some(rng, lambda r: r.choice([0.0, math.nan]), mid + half),
        age_s=some(rng, lambda r: r.choice([math.nan, 700.0]), 1.0),
        fair=some(rng, lambda r: r.choice([math.nan, mid / 3, mid * 3]), mid),
        spot=some(rng, math.nan, 600.0 + rng.randint(-200, 200) / 100),
    )
    usual = round(mid + rng.choice([-half, 0.0, half]), 2)
    strange = rng.choice([math.nan, usual + 0.005, usual * 4, 0.0])
    order = some_order(rng, 0, "O", some(rng, strange, usual))
    lots = {(rng.choice(CONTRACTS), rng.choice(OWNERS)): None for _ in range(rng.randint(0, 4))}
    # A strategy's plans hold a contract on one side: what would open the other closes another's.
    sides = {(c.name, owner.strategy): rng.choice([1, 1, -1]) for c, owner in lots}
    held = [
        (c, sides[c.name, owner.strategy] * rng.choice([1, 2, 3, 5]), rng.randint(1, 500) / 100,
         owner)
        for c, owner in lots
    ]  # fmt: skip
    if held and rng.random() < 0.2:  # as closing does
        what, quantity, _, owner = rng.choice(held)
        order = msgspec.structs.replace(order, contract=what, quantity=-quantity, owner=owner)
    working = []
    for number in range(rng.randint(0, 3)):
        sent = some_order(rng, number, "W", rng.randint(1, 500) / 100)
        working.append((sent, now_ns - rng.randint(0, 70) * NS))
    if rng.random() < 0.2:  # the same order, a moment ago
        twin = msgspec.structs.replace(order, order_id="W-9", price=order.price or 1.0)
        if not math.isnan(twin.price):
            working.append((twin, now_ns - rng.choice([0, NS // 2, NS, 5 * NS])))
    situation = Situation(
        order=order,
        held=held,
        working=working,
        cash=some(rng, lambda r: r.choice([math.nan, r.uniform(0, 1_000)]), 1e5),
        buying_power=some(rng, lambda r: r.choice([math.nan, r.uniform(0, 1_000)]), math.inf),
        quote=quote,
        chain=some(rng, None, CHAIN, 0.01),
        picture=some_picture(rng, now_ns),
        now_ns=now_ns,
        loss_a_contract=some(rng, lambda r: r.choice([math.nan, 5_000.0]), 300.0),
        others=some(rng, lambda r: {"QQQ": r.uniform(-3e4, 3e4), "IWM": 500.0}, {}, 0.2),
    )
    if rng.random() < 0.1:
        replaced = msgspec.structs.replace(order, order_id="R-0", price=1.0)
        situation.replaced = replaced, now_ns - rng.randint(0, 70) * NS
        situation.order = msgspec.structs.replace(order, replaces="R-0")
    return situation


def judge(situation: Situation, params: LimitParams, facts: GateFacts) -> Denial | None:
    """Check the gate's verdict on a situation, and return it."""
    s, gate = situation, RiskGate(params, facts)

    def verdict(exposure: Any) -> Denial | None:
        return gate.check(
            s.order, exposure, s.quote, s.chain, s.picture, s.now_ns,
            worst_loss=s.worst_loss, others=s.others,
        )  # fmt: skip

    exposure = s.exposure()
    before = copy.deepcopy({n: msgspec.structs.astuple(x) for n, x in exposure.lines.items()})
    denial = verdict(exposure)
    after = {n: msgspec.structs.astuple(x) for n, x in exposure.lines.items()}
    assert before == after
    # The figures are compared as text, where one that is not known is like another.
    assert str(verdict(exposure)) == str(denial)
    assert str(verdict(s.exposure())) == str(denial)

    reducing = plain_gate.reduces(s, facts)
    assert gate.reduces(s.order, exposure) == reducing
    if reducing:
        assert denial is None
        return None
    broken = plain_gate.broken(s, params, facts)
    first = next((code for code in CODES if code in broken), None)
    assert (None if denial is None else denial.reason) == first
    return denial


def test_thousands_of_random_orders_are_judged_as_the_plain_limits_say() -> None:
    rng = Random(6)
    seen: Counter[str] = Counter()
    for _ in range(4_000):
        situation, facts = some_situation(rng), some_facts(rng)
        denial = judge(situation, some_limits(rng), facts)
        if plain_gate.reduces(situation, facts):
            seen["REDUCES"] += 1
        else:
            seen["ACCEPTED" if denial is None else str(denial.reason)] += 1
    assert seen["REDUCES"] > 200
    assert seen["ACCEPTED"] > 400
    assert not [code for code in CODES if code not in seen]


@settings(max_examples=150)
@given(st.randoms(use_true_random=False))
def test_no_accepted_order_breaks_a_limit_and_no_reducing_one_is_refused(rng: Random) -> None:
    judge(some_situation(rng), some_limits(rng), some_facts(rng))


@pytest.mark.parametrize("seed", range(20))
def test_however_accepted_orders_fill_no_short_is_left_alone_and_no_position_too_large(
    seed: int,
) -> None:
    rng = Random(seed)
    params = limits(
        position={"max_series_contracts": 8},
        order={"max_orders_a_minute": 1_000, "duplicate_window_s": 0.0},
    )
    gate, now_ns = RiskGate(params, FACTS), EXPIRY_NS - 3 * 3_600 * NS
    exposure, accepted = Exposure(1e5), 0
    quote = GateQuote(bid=1.99, ask=2.01, age_s=1.0, fair=2.0, spot=600.0)
    for number in range(150):
        order = some_order(rng, number, "O", 2.0)
        if gate.check(order, exposure, quote, CHAIN, PICTURE, now_ns) is None:
            exposure.submitted(order, now_ns)
            accepted += 1
        for order_id, working in list(exposure.orders.items()):
            filled = rng.randint(0, working.left)
            if filled:
                signed = filled if working.order.quantity > 0 else -filled
                exposure.filled(order_id, working.order.contract, signed, 2.0)
            if rng.random() < 0.2:
                exposure.ended(order_id)
        lines = exposure.lines.values()
        assert all(abs(line.held) <= 8 for line in lines)
        for is_call in (True, False):
            assert sum(line.held for line in lines if line.contract.is_call == is_call) >= 0
    assert accepted > 30
