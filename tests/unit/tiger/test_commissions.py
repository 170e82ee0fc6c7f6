"""Commissions of fills out of Tiger's running total and an estimate."""

import math
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tiger_nt.commissions import OrderCommission


def two_and_dimes(_root: str, _is_sell: bool, fills: Sequence[tuple[int, float]]) -> float:
    """Return 2.00 an order and 0.10 a contract."""
    return 2.0 + 0.1 * sum(quantity for quantity, _ in fills)


def test_without_total_and_estimate_a_commission_is_unknown_not_zero() -> None:
    assert OrderCommission("SPY", False, None).charge(2, 1.0) is None


def test_a_total_that_covers_the_fill_is_charged_less_what_was_charged_before() -> None:
    commission = OrderCommission("SPY", False, None)
    commission.report(2.99, 1)
    assert commission.charge(1, 1.0) == 2.99
    commission.report(3.30, 4)
    assert commission.charge(3, 1.0) == pytest.approx(0.31)
    assert commission.difference == 0.0


def test_a_total_ahead_of_the_fills_is_shared_by_contracts() -> None:
    commission = OrderCommission("SPY", False, None)
    commission.report(4.0, 4)
    assert [commission.charge(1, 1.0), commission.charge(3, 1.0)] == [1.0, 3.0]


def test_before_a_total_the_estimates_increment_is_charged_and_the_last_fill_settles() -> None:
    commission = OrderCommission("SPY", False, two_and_dimes)
    assert commission.charge(1, 1.0) == 2.1
    assert commission.charge(1, 1.0) == pytest.approx(0.1)
    commission.report(2.5, 3)
    assert commission.charge(1, 1.0) == pytest.approx(0.3)
    assert commission.booked == 2.5


def test_a_zero_total_of_an_order_that_costs_is_not_a_total_yet() -> None:
    commission = OrderCommission("SPY", False, two_and_dimes)
    commission.report(0.0, 1)
    assert commission.charge(1, 1.0) == 2.1
    free = OrderCommission("SPY", False, None)
    free.report(0.0, 1)
    assert free.charge(1, 1.0) == 0.0


def test_an_older_total_takes_nothing_back() -> None:
    commission = OrderCommission("SPY", False, None)
    commission.report(3.0, 2)
    commission.report(2.5, 1)
    assert commission.charge(2, 1.0) == 3.0


def test_a_total_after_the_last_fill_leaves_a_difference() -> None:
    commission = OrderCommission("SPY", False, two_and_dimes)
    commission.charge(1, 1.0)
    commission.report(2.985, 1)
    assert commission.difference == pytest.approx(0.885)
    commission.report(2.105, 1)
    assert commission.difference == 0.0  # within a cent


def test_the_estimate_is_told_root_side_and_all_fills() -> None:
    seen = []

    def fees(root: str, is_sell: bool, fills: Sequence[tuple[int, float]]) -> float:
        seen.append((root, is_sell, list(fills)))
        return 0.0

    commission = OrderCommission("SPXW", True, fees)
    commission.charge(1, 2.0)
    commission.charge(3, 2.5)
    assert seen == [("SPXW", True, [(1, 2.0)]), ("SPXW", True, [(1, 2.0), (3, 2.5)])]


@given(
    st.lists(st.tuples(st.integers(1, 9), st.booleans()), min_size=1, max_size=8),
    st.floats(0.01, 2.0),
    st.booleans(),
)
def test_once_the_last_fill_is_covered_the_sum_is_tigers_total(
    fills: list[tuple[int, bool]], fee: float, has_estimate: bool
) -> None:
    commission = OrderCommission("SPY", False, two_and_dimes if has_estimate else None)
    done, charged = 0, 0.0
    for i, (quantity, told) in enumerate(fills):
        done += quantity
        total = fee * done
        if told or i == len(fills) - 1:
            commission.report(total, done)
        charged += commission.charge(quantity, 1.0) or 0.0
    assert math.isclose(charged, round(fee * done, 2), abs_tol=0.0051)
    assert commission.difference == 0.0
