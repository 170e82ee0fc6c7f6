"""Identities of transaction costs, for whatever was filled."""

import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autotrade_0dte.execution.parent import Purpose, Side
from autotrade_0dte.execution.tca import CostParts, Fill, adjusted_mid, cost_parts, spreads

PRICES = st.integers(1, 5_000).map(lambda cents: cents / 100)
MIDS = st.integers(1, 10_000).map(lambda half_cents: half_cents / 200)
FILLS = st.lists(st.builds(Fill, st.integers(1, 50), PRICES, MIDS), max_size=6)
SIDES = st.sampled_from(Side)
PURPOSES = st.sampled_from(Purpose)


@st.composite
def orders(draw: st.DrawFn) -> dict[str, object]:
    fills = draw(FILLS)
    filled = sum(fill.quantity for fill in fills)
    return {
        "side": draw(SIDES),
        "purpose": draw(PURPOSES),
        "quantity": filled + draw(st.integers(0 if filled else 1, 20)),
        "fills": fills,
        "decision_mid": draw(MIDS),
        "submit_mid": draw(MIDS),
        "end_mid": draw(MIDS),
        "multiplier": draw(st.sampled_from([1, 100])),
    }


def plain_shortfall(order: dict) -> float:
    """Pay contract by contract, and add what the missing ones of an entry ran away by."""
    sign = 1 if order["side"] is Side.BUY else -1
    paid = 0.0
    left = order["quantity"]
    for fill in order["fills"]:
        for _ in range(fill.quantity):
            paid += sign * (fill.price - order["decision_mid"])
            left -= 1
    if order["purpose"] is Purpose.ENTRY:
        paid += left * sign * (order["end_mid"] - order["decision_mid"])
    return paid * order["multiplier"]


def close(value: float) -> object:
    return pytest.approx(value, rel=1e-9, abs=1e-6)


@given(orders())
def test_parts_add_up_to_the_shortfall_of_contract_by_contract(order: dict) -> None:
    parts = cost_parts(**order)
    assert parts.shortfall == close(plain_shortfall(order))
    whole = parts.delay + parts.spread + parts.impact + parts.opportunity
    assert whole == close(parts.shortfall)


@given(orders())
def test_a_sale_costs_what_the_same_purchase_gains(order: dict) -> None:
    buy, sell = (cost_parts(**(order | {"side": side})) for side in Side)
    for name in CostParts.__struct_fields__:
        assert getattr(buy, name) == close(-getattr(sell, name))


@given(orders(), st.sampled_from(["decision_mid", "submit_mid", "end_mid"]))
def test_unknown_mid_makes_unknown_only_what_is_measured_from_it(order: dict, name: str) -> None:
    parts = cost_parts(**(order | {name: math.nan}))
    filled = bool(order["fills"])
    left = order["quantity"] > sum(fill.quantity for fill in order["fills"])
    missed = left and order["purpose"] is Purpose.ENTRY
    unknown = {
        "decision_mid": {
            "delay": filled, "opportunity": missed, "shortfall": filled or missed,
        },
        "submit_mid": {"delay": filled, "impact": filled},
        "end_mid": {"opportunity": missed, "shortfall": missed},
    }[name]  # fmt: skip
    known = cost_parts(**order)
    for part in CostParts.__struct_fields__:
        value = getattr(parts, part)
        if unknown.get(part, False):
            assert math.isnan(value)
        else:
            assert value == close(getattr(known, part))


@given(SIDES, st.builds(Fill, st.integers(1, 50), PRICES, MIDS), MIDS)
def test_effective_spread_is_realised_and_impact(side: Side, fill: Fill, later: float) -> None:
    found = spreads(side, fill, later)
    assert found.realised + found.impact == close(found.effective)
    assert found.effective == close(2 * side.sign * (fill.price - fill.mid))


@given(MIDS, st.floats(-1, 1), st.floats(100, 900), st.floats(-5, 5))
def test_move_that_delta_explains_leaves_the_mid_where_it_was(
    mid: float, delta: float, spot: float, move: float
) -> None:
    moved = adjusted_mid(mid + delta * move, spot + move, delta=delta, spot_at_fill=spot)
    assert moved == close(mid)
