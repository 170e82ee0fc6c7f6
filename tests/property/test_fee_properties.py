"""Fees keep their laws whatever the order: split, order of fills, size, side."""

import datetime as dt
from random import Random

from hypothesis import given
from hypothesis import strategies as st

from autotrade_0dte.execution.fees import Entity, FeeSchedule, OrderFees, fee_schedule, order_fee

schedules = st.builds(
    fee_schedule, st.sampled_from(Entity), st.dates(dt.date(2015, 1, 1), dt.date(2030, 1, 1))
)
roots = st.sampled_from(["SPY", "SPXW", "XSP", "GOOG"])
prices = st.integers(0, 50_000).map(lambda cents: cents / 100)
fills = st.tuples(st.integers(1, 40), prices)
sizes = st.integers(1, 3_000)
orders = st.lists(fills, min_size=1, max_size=12)


@given(schedules, roots, st.booleans(), orders)
def test_fees_of_partial_fills_are_never_negative_and_add_up_to_the_order(
    schedule: FeeSchedule, root: str, is_sell: bool, order: list[tuple[int, float]]
) -> None:
    running = OrderFees(schedule, root, is_sell)
    parts = [running.add_fill(quantity, price) for quantity, price in order]
    assert min(parts) >= 0
    # In cents: a float sum of parts is off in its last digit.
    assert sum(round(part * 100) for part in parts) == running.breakdown.total_cents
    assert all(round(part * 100) / 100 == part for part in parts)


@given(schedules, roots, st.booleans(), st.integers(1, 60), prices)
def test_fills_one_by_one_cost_as_much_as_one_fill(
    schedule: FeeSchedule, root: str, is_sell: bool, quantity: int, price: float
) -> None:
    whole = order_fee(schedule, root, is_sell, [(quantity, price)])
    assert order_fee(schedule, root, is_sell, [(1, price)] * quantity) == whole


@given(schedules, roots, st.booleans(), orders, st.randoms(use_true_random=False))
def test_the_sequence_of_fills_does_not_matter(
    schedule: FeeSchedule, root: str, is_sell: bool, order: list[tuple[int, float]], random: Random
) -> None:
    shuffled = order.copy()
    random.shuffle(shuffled)
    assert order_fee(schedule, root, is_sell, shuffled) == order_fee(schedule, root, is_sell, order)


@given(schedules, roots, st.booleans(), st.tuples(sizes, sizes), prices)
def test_more_contracts_never_cost_less(
    schedule: FeeSchedule, root: str, is_sell: bool, two: tuple[int, int], price: float
) -> None:
    fewer, more = sorted(two)
    small = order_fee(schedule, root, is_sell, [(fewer, price)])
    assert order_fee(schedule, root, is_sell, [(more, price)]).total_cents >= small.total_cents


@given(schedules, roots, sizes, prices)
def test_a_buy_costs_the_same_at_any_price(
    schedule: FeeSchedule, root: str, quantity: int, price: float
) -> None:
    free = order_fee(schedule, root, False, [(quantity, 0.0)])
    assert order_fee(schedule, root, False, [(quantity, price)]) == free


@given(schedules, roots, orders)
def test_a_sell_costs_more_than_the_same_buy_by_the_two_selling_fees(
    schedule: FeeSchedule, root: str, order: list[tuple[int, float]]
) -> None:
    buy = order_fee(schedule, root, is_sell=False, fills=order)
    sell = order_fee(schedule, root, is_sell=True, fills=order)
    assert buy.sec_cents == buy.taf_cents == 0
    assert min(sell.sec_cents, sell.taf_cents) >= 1
    assert sell.total_cents == buy.total_cents + sell.sec_cents + sell.taf_cents


@given(st.integers(1, 2_000))
def test_both_entities_cost_the_same_in_sum(quantity: int) -> None:
    # New Zealand's single commission is the standard commission and platform fee in one.
    date = dt.date(2026, 7, 17)
    totals = {
        order_fee(fee_schedule(entity, date), "SPY", False, [(quantity, 1.0)]).total_cents
        for entity in Entity
    }
    assert len(totals) == 1
