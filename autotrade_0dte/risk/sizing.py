"""How many contracts one trade takes: as many as every limit allows, or none and why."""

import math
from enum import StrEnum

import msgspec

__all__ = ["Size", "SizeLimit", "quantity"]


class SizeLimit(StrEnum):
    """What bounds the quantity; where it is zero, what refuses the trade.

    BUDGET: the worst loss against the dollars at risk. MAX_CONTRACTS: the largest order.
    DISPLAYED: a share of the contracts shown at the touch. UNKNOWN: a figure is missing.
    """

    BUDGET = "BUDGET"
    MAX_CONTRACTS = "MAX_CONTRACTS"
    DISPLAYED = "DISPLAYED"
    UNKNOWN = "UNKNOWN"


class Size(msgspec.Struct, frozen=True):
    """Contracts to trade, the limit that binds, and what each limit allows.

    Parameters
    ----------
    quantity : int
        Contracts; 0 refuses the trade.
    limit : SizeLimit
        The tightest limit.
    figures : dict[str, float]
        The figures it was judged by.
    """

    quantity: int
    limit: SizeLimit
    figures: dict[str, float]


def quantity(
    worst_loss_usd: float,
    displayed: float,
    *,
    budget_usd: float,
    size_factor: float,
    max_contracts: int,
    max_displayed_share: float,
) -> Size:
    """Return how many contracts a trade takes, rounded down.

    Parameters
    ----------
    worst_loss_usd : float
        Dollars one contract loses in its worst scenario, above zero.
    displayed : float
        Contracts shown at the touch, the smaller of the legs.
    budget_usd : float
        Dollars the trade may lose at the usual size.
    size_factor : float
        Multiple of the usual size; scales budget and largest order.
    max_contracts : int
        Largest order at the usual size.
    max_displayed_share : float
        Largest multiple of what is shown; above it the order would walk the book.

    Returns
    -------
    Size
        Zero with UNKNOWN if a figure is NaN or the loss is not above zero.
    """
    figures = {
        "worst_loss_usd": worst_loss_usd,
        "displayed": displayed,
        "budget_usd": budget_usd * size_factor,
        "max_contracts": max_contracts * size_factor,
        "max_displayed": displayed * max_displayed_share,
    }
    if not worst_loss_usd > 0.0 or any(map(math.isnan, figures.values())):
        return Size(0, SizeLimit.UNKNOWN, figures)
    allowed = {
        SizeLimit.BUDGET: figures["budget_usd"] / worst_loss_usd,
        SizeLimit.MAX_CONTRACTS: figures["max_contracts"],
        SizeLimit.DISPLAYED: figures["max_displayed"],
    }
    limit = min(allowed, key=lambda name: allowed[name])
    return Size(max(math.floor(allowed[limit]), 0), limit, figures)
