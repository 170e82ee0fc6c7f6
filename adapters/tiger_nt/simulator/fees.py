"""What Tiger charges for an order of options."""

from collections.abc import Callable, Sequence

__all__ = ["FeeFunction", "fixed_plan"]

type FeeFunction = Callable[[str, bool, Sequence[tuple[int, float]]], float]
"""Total of all fees of an order so far, dollars, from root, whether it sells, and its fills
(contracts, dollars a share)."""

COMMISSION = 0.95
"""Dollars a contract."""
MINIMUM = 2.99
"""Dollars an order, of the commission alone."""
PASS_THROUGH = 0.035
"""Dollars a contract for exchange, clearing and regulators together."""


def fixed_plan(root: str, is_sell: bool, fills: Sequence[tuple[int, float]]) -> float:  # noqa: ARG001
    """Return the fees of the fixed plan, in a simple form that treats all roots and sides alike.

    Dollars, whole cents; 0 without a fill. A node that knows a finer schedule hands in its own.
    """
    contracts = sum(quantity for quantity, _ in fills)
    if contracts == 0:
        return 0.0
    return round(max(MINIMUM, COMMISSION * contracts) + PASS_THROUGH * contracts, 2)
