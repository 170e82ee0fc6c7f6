"""What reduces risk always has a way through the gate, and nothing else passes for it."""

import math
from typing import Any

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
    PICTURE,
    PUT,
    THEIRS,
    World,
    book,
    limits,
    losing,
    order,
)

from autotrade_0dte.risk.deny import DenyReason
from autotrade_0dte.risk.gate import RiskGate
from autotrade_0dte.risk.mode import RiskMode
from autotrade_0dte.risk.proposed_order import GateQuote

SPREAD = ((CALL, 3, 2.0, MINE), (HIGHER, -3, 1.0, MINE))
SELL = order(quantity=-2, price=0.0)
BUY_BACK = order(contract=HIGHER, quantity=3, price=math.nan, fee_usd=50.0)

NOTHING_ALLOWED = limits(
    order={
        "max_contracts": 1,
        "max_premium_usd": 0.01,
        "max_notional_usd": 0.01,
        "max_age_s": 0.01,
        "collar_ticks": 0.01,
        "collar_fraction": 0.01,
        "needs_fair_value": True,
        "max_orders_a_minute": 1,
    },
    position={"max_series_contracts": 1, "max_cluster_contracts": 1},
    portfolio={"max_delta_usd": 0.01, "max_entries": 1},
)


def in_an_emergency(asked: Any, *held: Any, mode: RiskMode) -> World:
    """No cash, no quote, no chain, an unknown account, past the close, and orders without end."""
    exposure = book(*held, cash=-1_000.0)
    for number in range(40):
        quick = order(order_id=f"X-{number}", contract=FAR, quantity=1, price=0.01)
        exposure.submitted(quick, NOW_NS)
    return World(
        order=asked,
        exposure=exposure,
        limits=NOTHING_ALLOWED,
        facts=msgspec.structs.replace(FACTS, flatten_ns=NOW_NS, close_ns=NOW_NS),
        quote=GateQuote(),
        chain=None,
        picture=msgspec.structs.replace(PICTURE, mode=mode, equity=math.nan),
        worst_loss=losing(1e9),
        others={"QQQ": math.nan},
    )


@pytest.mark.parametrize("mode", RiskMode)
@pytest.mark.parametrize(
    ("asked", "held"),
    [
        (SELL, ((CALL, 2, 2.0, MINE),)),
        (SELL, ((CALL, 5, 2.0, MINE), (HIGHER, -3, 1.0, MINE))),
        (BUY_BACK, SPREAD),
        (order(contract=HIGHER, quantity=1, price=math.nan), ((HIGHER, -1, 1.0, MINE),)),
    ],
    ids=["sale", "sale of what covers nothing", "buy-back of a covered short", "of a naked one"],
)
def test_closing_passes_in_every_mode_whatever_is_known(
    asked: Any, held: Any, mode: RiskMode
) -> None:
    assert in_an_emergency(asked, *held, mode=mode).verdict() is None


@pytest.mark.parametrize(
    ("asked", "held", "reason"),
    [
        (order(quantity=-3), ((CALL, 2, 2.0, MINE),), DenyReason.NAKED_SHORT),
        (SELL, SPREAD, DenyReason.NAKED_SHORT),
        (order(quantity=-1, contract=PUT), SPREAD, DenyReason.NAKED_SHORT),
        (order(contract=HIGHER, quantity=4), SPREAD, DenyReason.HALTED),
        (order(contract=HIGHER, quantity=-1), ((CALL, 2, 2.0, MINE),), DenyReason.HALTED),
    ],
    ids=["more than held", "what covers a short", "another right", "more than short", "an opening"],
)
def test_what_only_looks_like_closing_is_refused(asked: Any, held: Any, reason: DenyReason) -> None:
    denial = in_an_emergency(asked, *held, mode=RiskMode.FLATTEN).verdict()
    assert denial is not None
    assert denial.reason is reason


def test_another_sale_at_work_uses_up_what_can_be_closed() -> None:
    at_work = order(order_id="O-0", quantity=-2)
    held = (CALL, 3, 2.0, MINE)
    denial = World(order=SELL, exposure=book(held, working=(at_work,))).verdict()
    assert denial is not None
    assert str(denial) == "NAKED_SHORT: uncovered=1, sell=2, net_held=3, working_sells=2"
    one = order(quantity=-1)
    assert World(order=one, exposure=book(held, working=(at_work,))).verdict() is None


def test_another_buy_back_at_work_uses_up_what_can_be_closed() -> None:
    at_work = order(order_id="O-0", contract=HIGHER, quantity=2)
    halted = msgspec.structs.replace(PICTURE, mode=RiskMode.KILLED)
    world = World(
        order=order(contract=HIGHER, quantity=2),
        exposure=book(*SPREAD, working=(at_work,)),
        picture=halted,
    )
    denial = world.verdict()
    assert denial is not None
    assert denial.reason is DenyReason.HALTED
    world.order = order(contract=HIGHER, quantity=1)
    assert world.verdict() is None


def test_sale_that_is_judged_anew_is_no_other_sale() -> None:
    exposure = book((CALL, 2, 2.0, MINE), working=(SELL,))
    assert World(order=SELL, exposure=exposure).verdict() is None


def test_sale_that_carries_on_the_rest_of_another_takes_its_place() -> None:
    exposure = book((CALL, 2, 2.0, MINE), working=(order(order_id="O-0", quantity=-2),))
    assert World(order=order(quantity=-2, replaces="O-0"), exposure=exposure).verdict() is None


def test_buy_at_work_covers_nothing() -> None:
    exposure = book(working=(order(order_id="O-0"),))
    denial = World(order=order(contract=HIGHER, quantity=-2), exposure=exposure).verdict()
    assert denial is not None
    assert denial.reason is DenyReason.NAKED_SHORT


def test_where_no_short_legs_are_held_another_strike_covers_nothing() -> None:
    facts = msgspec.structs.replace(FACTS, short_legs=False)
    short_leg = order(contract=HIGHER, quantity=-1)
    exposure = book((CALL, 2, 2.0, MINE))
    assert World(order=short_leg, exposure=exposure).verdict() is None
    denial = World(order=short_leg, exposure=exposure, facts=facts).verdict()
    assert denial is not None
    assert str(denial) == "NAKED_SHORT: uncovered=1, sell=1, net_held=0, working_sells=0"
    assert World(order=SELL, exposure=exposure, facts=facts).verdict() is None


@pytest.mark.parametrize(
    "other",
    [
        msgspec.structs.replace(CALL, name="XSP", root="XSP"),
        msgspec.structs.replace(CALL, name="later", expiry=CALL.expiry.replace(day=20)),
        PUT,
    ],
    ids=["root", "expiry", "right"],
)
def test_contract_of_another_series_covers_nothing(other: Any) -> None:
    exposure = book((other, 2, 2.0, MINE))
    denial = World(order=order(contract=HIGHER, quantity=-1), exposure=exposure).verdict()
    assert denial is not None
    assert denial.reason is DenyReason.NAKED_SHORT


@pytest.mark.parametrize("quantity", [0, 1.5, math.nan])
def test_quantity_that_is_no_number_of_contracts_is_refused(quantity: float) -> None:
    asked = order(quantity=quantity)
    denial = World(order=asked, exposure=book((CALL, -5, 1.0, THEIRS))).verdict()
    assert denial is not None
    assert denial.reason is DenyReason.BAD_QUANTITY


def test_gate_tells_what_reduces_risk_without_a_verdict() -> None:
    gate = RiskGate(limits(), FACTS)
    exposure = book(*SPREAD)
    assert gate.reduces(BUY_BACK, exposure)
    assert not gate.reduces(SELL, exposure)
    assert not gate.reduces(order(quantity=0), exposure)
    assert not gate.reduces(order(), book())


@pytest.mark.parametrize(
    ("asked", "held", "filled"),
    [(SELL, (CALL, 2, 2.0, MINE), -1), (BUY_BACK, (HIGHER, -3, 1.0, MINE), 2)],
    ids=["sale", "buy-back"],
)
def test_closing_order_that_is_filled_in_part_reduces_risk_still(
    asked: Any, held: Any, filled: int
) -> None:
    gate, exposure = RiskGate(limits(), FACTS), book(held, working=(asked,))
    exposure.filled(asked.order_id, asked.contract, filled, 1.0)
    assert gate.reduces(asked, exposure)
    exposure.filled("by hand", asked.contract, filled, 1.0)  # less is held than it would close
    assert not gate.reduces(asked, exposure)


def test_rate_of_sales_is_no_matter_but_that_of_entries_is() -> None:
    exposure = book((CALL, 30, 2.0, MINE), sent_ns=NOW_NS)
    for number in range(20):
        exposure.submitted(order(order_id=f"S-{number}", quantity=-1), NOW_NS - NS)
    assert World(order=order(quantity=-1), exposure=exposure).verdict() is None
    denial = World(order=order(contract=FAR), exposure=exposure).verdict()
    assert denial is not None
    assert denial.reason is DenyReason.ORDER_RATE
