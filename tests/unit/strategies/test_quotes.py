"""Prices on the tick of each product."""

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest

from autotrade_strategies.quotes import quote_of, tick_above


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


def test_contract_without_a_quote_keeps_having_none() -> None:
    # An order refused on it would else be sent again at each snapshot.
    unknown = np.full(1, np.nan)
    first, then = (
        SimpleNamespace(ts_event=at_ns, bid=unknown, bid_size=unknown, quote_age_s=unknown)
        for at_ns in (1_000_000_000, 2_000_000_000)
    )
    chains: list[Any] = [first, then]
    assert quote_of(chains[0], 0) == quote_of(chains[1], 0)
