"""How many contracts a trade takes."""

import math

import msgspec

__all__ = ["SizingParams", "contracts"]


def contracts(worst_loss: float, displayed: float, budget_usd: float, most: int) -> int:
    """Return how many contracts keep a trade within its budget; 0 where none does.

    Parameters
    ----------
    worst_loss : float
        Dollars that one contract loses in its worst scenario, above zero.
    displayed : float
        Contracts shown at the touch: more than that is not for sale at the price of the decision.
        Nothing is bought where it is not known (NaN).
    budget_usd : float
        Most that the trade may lose, dollars.
    most : int
        Largest order, whatever the budget allows.

    Raises
    ------
    ValueError
        One contract loses nothing in its worst scenario.
    """
    if not worst_loss > 0:
        raise ValueError(f"Expected a worst loss above 0, was {worst_loss}")
    if math.isnan(displayed):
        return 0
    return max(0, min(int(budget_usd // worst_loss), int(displayed), most))


class SizingParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """What a trade's size hangs on."""
