"""Fees against an answer file worked by hand, and the choice of the price list."""

import csv
import datetime as dt
import math
from pathlib import Path

import msgspec
import pytest

from autotrade_0dte.execution.fees import (
    SCHEDULES,
    Entity,
    FeeParams,
    OrderFees,
    fee_schedule,
    order_fee,
    without_minimums,
)

TODAY = dt.date(2026, 7, 17)
STANDARD = fee_schedule(Entity.STANDARD, TODAY)
_COMPONENTS = ("commission", "platform", "settlement", "orf", "occ", "sec", "taf", "exchange")


def _answers() -> list[dict[str, str]]:
    lines = (Path(__file__).parent / "answers" / "fees.csv").read_text().splitlines()
    return list(csv.DictReader(line for line in lines if not line.startswith("#")))


def _cents(dollars: str) -> int:
    return round(float(dollars) * 100)


def _fills(text: str) -> list[tuple[int, float]]:
    pairs = (fill.split("@") for fill in text.split("+"))
    return [(int(quantity), float(price)) for quantity, price in pairs]


@pytest.mark.parametrize(
    "answer", _answers(), ids=lambda a: f"{a['entity']}-{a['root']}-{a['side']}-{a['fills']}"
)
def test_order_fee_equals_the_sum_worked_by_hand(answer: dict[str, str]) -> None:
    schedule = fee_schedule(Entity(answer["entity"]), TODAY)
    fee = order_fee(schedule, answer["root"], answer["side"] == "SELL", _fills(answer["fills"]))
    actual = {name: getattr(fee, f"{name}_cents") for name in _COMPONENTS}
    assert actual == {name: _cents(answer[name]) for name in _COMPONENTS}
    assert fee.total_cents == _cents(answer["total"])
    assert fee.total == float(answer["total"])


def test_without_minimums_an_order_costs_its_contracts_alone() -> None:
    bare = without_minimums(STANDARD)
    # 0.65 + 0.30 + 0.18 + 0.012 + 0.02; SEC 0.0001 and TAF 0.003 are less than half a cent.
    assert order_fee(bare, "SPY", is_sell=True, fills=[(1, 0.05)]).total == 1.16
    # 6.50 + 3.00 + 1.80 + 0.12 + 0.20, SEC 0.014, TAF 0.028; nothing of it is a minimum.
    many = [order_fee(s, "SPY", is_sell=True, fills=[(10, 0.50)]) for s in (bare, STANDARD)]
    assert [fee.total for fee in many] == [11.66, 11.66]


def test_partial_fills_pay_the_minimums_once_and_then_only_what_is_added() -> None:
    order = OrderFees(STANDARD, "SPY", is_sell=False)
    # 1 lot 3.20; 2 lots 1.99 + 1.00 + 0.36 + 0.02 + 0.04 = 3.41; 4 lots 4.65
    assert [order.add_fill(1, 0.5), order.add_fill(1, 0.5), order.add_fill(2, 0.5)] == [
        3.20,
        0.21,
        1.24,
    ]
    assert order.contracts == 4


def test_half_a_cent_is_rounded_up_where_binary_floats_would_lose_it() -> None:
    # 1500 x 0.50 x 100 x 0.0000278 = 2.085
    assert round(75_000 * 0.0000278 * 100) == 208
    fee = order_fee(STANDARD, "SPY", is_sell=True, fills=[(500, 0.5)] * 3)
    assert fee.sec_cents == 209


@pytest.mark.parametrize("quantity", [0, -1])
def test_fill_of_no_contracts_is_refused(quantity: int) -> None:
    order = OrderFees(STANDARD, "SPY", is_sell=False)
    with pytest.raises(
        ValueError, match=rf"Expected a quantity of 1 or more, was {quantity} \(SPY"
    ):
        order.add_fill(quantity, 0.5)
    assert order.breakdown.total_cents == 0


@pytest.mark.parametrize("price", [-0.01, math.nan, math.inf])
def test_fill_at_an_impossible_price_is_refused_and_charges_nothing(price: float) -> None:
    order = OrderFees(STANDARD, "SPY", is_sell=True)
    with pytest.raises(ValueError, match=r"Expected a price of 0 or more, was .* \(SPY\)"):
        order.add_fill(1, price)
    assert order.contracts == 0
    assert order.breakdown.total_cents == 0


def test_fill_at_zero_is_charged_like_any_other() -> None:
    assert OrderFees(STANDARD, "SPY", is_sell=False).add_fill(1, 0.0) == 3.20


def test_sessions_before_the_first_list_pay_its_prices() -> None:
    old = fee_schedule(Entity.STANDARD, dt.date(2015, 12, 24))
    assert old == STANDARD
    assert old.valid_from > dt.date(2015, 12, 24)


def test_schedule_changes_on_its_first_day(monkeypatch: pytest.MonkeyPatch) -> None:
    change = dt.date(2027, 1, 4)
    dearer = msgspec.structs.replace(STANDARD, valid_from=change, commission_usd=0.75)
    other = msgspec.structs.replace(STANDARD, valid_from=dt.date(2020, 1, 2))
    monkeypatch.setitem(SCHEDULES, (Entity.STANDARD, change), dearer)
    monkeypatch.setitem(SCHEDULES, (Entity.STANDARD, other.valid_from), other)
    chosen = [
        fee_schedule(Entity.STANDARD, day)
        for day in (dt.date(2019, 1, 2), dt.date(2024, 5, 21), TODAY, dt.date(2027, 1, 3), change)
    ]
    assert chosen == [other, other, STANDARD, STANDARD, dearer]


def test_every_entity_has_a_list_filed_under_its_first_day() -> None:
    assert {entity for entity, _ in SCHEDULES} == set(Entity)
    assert all(day == schedule.valid_from for (_, day), schedule in SCHEDULES.items())


@pytest.mark.parametrize(
    ("month_contracts", "commission"),
    [
        (0, 0.80),
        (500, 0.80),
        (501, 0.70),
        (1_000, 0.70),
        (1_001, 0.60),
        (3_000, 0.60),
        (3_001, 0.50),
        (15_000, 0.50),
        (15_001, 0.40),
        (50_000, 0.40),
        (50_001, 0.30),
        (100_000, 0.30),
        (100_001, 0.0),
    ],
)
def test_tiered_plan_charges_the_whole_order_by_the_tier_reached(
    month_contracts: int, commission: float
) -> None:
    schedule = fee_schedule(Entity.STANDARD, TODAY, month_contracts)
    assert schedule.commission_usd == commission
    fee = order_fee(schedule, "SPY", is_sell=False, fills=[(600, 0.5)])
    assert fee.commission_cents == max(round(commission * 60_000), 199)


@pytest.mark.parametrize(("entity", "count"), [(Entity.NZ, 0), (Entity.STANDARD, -1)])
def test_tiered_plan_that_does_not_exist_is_refused(entity: Entity, count: int) -> None:
    with pytest.raises(
        ValueError, match=f"Expected a tiered plan.*was {entity} .* {count} contracts"
    ):
        fee_schedule(entity, TODAY, count)


def test_params_choose_entity_and_plan() -> None:
    assert FeeParams().schedule(TODAY) == STANDARD
    assert FeeParams(entity=Entity.NZ).schedule(TODAY).commission_usd == 0.95
    assert FeeParams(tiered_month_contracts=600).schedule(TODAY).commission_usd == 0.70


def test_params_from_toml_carry_an_own_price_list() -> None:
    text = """
    [own]
    valid_from = 2026-10-01
    commission_usd = 0.5
    commission_min_usd = 0.99
    platform_usd = 0.3
    platform_min_usd = 1.0
    settlement_usd = 0
    orf_usd = 0.0128
    occ_usd = 0.025
    occ_max_usd = 55
    sec_fraction = 0.0000206
    sec_min_usd = 0.01
    taf_usd = 0.00329
    taf_min_usd = 0.01
    exchange = [{root = "SPXW", per_contract_usd = 0.45}]
    """
    params = msgspec.toml.decode(text, type=FeeParams)
    fee = order_fee(params.schedule(TODAY), "SPXW", is_sell=False, fills=[(1, 0.5)])
    # 0.99 + 1.00 + 0.01 + 0.03 (0.025 half up) + 0.45
    assert fee.total == 2.48


@pytest.mark.parametrize(
    "text",
    ["entity = 'moon'", "commission = 1", "tiered_month_contracts = -1", "[own]\norf_usd = 1"],
)
def test_params_refuse_what_they_do_not_know(text: str) -> None:
    with pytest.raises(msgspec.ValidationError):
        msgspec.toml.decode(text, type=FeeParams)
