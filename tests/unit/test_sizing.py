import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autotrade_0dte.risk.sizing import contracts


@pytest.mark.parametrize(
    ("worst_loss", "displayed", "budget_usd", "most", "expected"),
    [
        (100.0, 50.0, 250.0, 10, 2),
        (100.0, 50.0, 200.0, 10, 2),
        (100.0, 50.0, 99.99, 10, 0),
        (100.0, 50.0, -1.0, 10, 0),
        (100.0, 1.9, 1_000.0, 10, 1),
        (100.0, 50.0, 1_000.0, 3, 3),
        (100.0, math.nan, 1_000.0, 10, 0),
    ],
    ids=["budget", "exact", "too dear", "no budget", "displayed", "most", "size unknown"],
)
def test_tightest_limit_gives_the_contracts(
    worst_loss: float, displayed: float, budget_usd: float, most: int, expected: int
) -> None:
    assert contracts(worst_loss, displayed, budget_usd, most) == expected


@given(st.floats(0.01, 1e5), st.floats(0, 1e5), st.floats(0, 1e6), st.integers(1, 1_000))
def test_size_keeps_every_limit_and_one_more_would_break_one(
    worst_loss: float, displayed: float, budget_usd: float, most: int
) -> None:
    def keeps(count: int) -> bool:
        within = count * worst_loss <= budget_usd * (1 + 1e-12)
        return within and count <= displayed and count <= most

    size = contracts(worst_loss, displayed, budget_usd, most)
    assert size == 0 or keeps(size)
    assert not keeps(size + 1) or (size + 1) * worst_loss > budget_usd * (1 - 1e-12)


@pytest.mark.parametrize("worst_loss", [0.0, -1.0, math.nan])
def test_contract_that_loses_nothing_is_an_error(worst_loss: float) -> None:
    with pytest.raises(ValueError, match="worst loss"):
        contracts(worst_loss, 10.0, 100.0, 10)
