"""What orders without a plan made, contract by contract."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autotrade_0dte.risk.untold_trades import UntoldTrades


def test_round_trip_ends_when_nothing_is_left_and_has_its_fees() -> None:
    trades = UntoldTrades()
    assert trades.take("A", 2, 100.0, 2.0) is None
    assert trades.take("B", 1, 50.0, 1.0) is None
    assert trades.take("A", -1, 150.0, 1.0) is None
    assert trades.take("A", -1, 40.0, 1.0) == pytest.approx(190 - 200 - 4)
    assert trades.take("A", 1, 10.0, 0.0) is None
    assert trades.take("A", -1, 10.0, 0.0) == 0.0


def test_sale_of_what_a_plan_had_bought_is_none_and_shares_its_fee() -> None:
    trades = UntoldTrades()
    assert trades.take("A", -3, 100.0, 3.0) is None
    trades.take("A", 1, 100.0, 1.0)
    assert trades.take("A", -4, 120.0, 4.0) == pytest.approx(120 - 100 - 1 - 1)
    assert trades.take("A", -1, 120.0, 1.0) is None


@given(st.lists(st.tuples(st.integers(1, 5), st.integers(1, 300)), min_size=1, max_size=8))
def test_trip_makes_what_its_fills_brought_less_what_they_cost(
    bought: list[tuple[int, int]],
) -> None:
    trades = UntoldTrades()
    for quantity, price in bought:
        assert trades.take("A", quantity, price, 0.5) is None
    held = sum(quantity for quantity, _ in bought)
    cost = sum(quantity * price + 0.5 for quantity, price in bought)
    assert trades.take("A", -held, 150.0, 0.5) == pytest.approx(held * 150 - 0.5 - cost)
