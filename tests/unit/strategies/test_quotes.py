"""Prices on the tick of each product."""

import pytest

from autotrade_strategies.quotes import tick_above


@pytest.mark.parametrize(
    ("contract", "price", "limit"),
    [
        ("SPY260720C00600000.US", 0.384, 0.39),
        ("SPY260720C00600000.US", 0.38, 0.38),
        ("SPY260720C00600000.US", -0.20, 0.01),
        ("SPXW260720C06000000.US", 1.01, 1.05),
        ("SPXW260720C06000000.US", 2.98, 3.00),
        ("SPXW260720C06000000.US", 3.01, 3.10),
        ("SPXW260720C06000000.US", 0.0, 0.05),
    ],
)
def test_price_is_raised_to_the_next_tick(contract: str, price: float, limit: float) -> None:
    assert tick_above(price, contract) == limit
