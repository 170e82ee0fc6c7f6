"""What one parent order cost, cut into the parts that add up to its shortfall.

Implementation shortfall is that of Perold, "The Implementation Shortfall: Paper versus Reality",
Journal of Portfolio Management 14(3), 1988, measured from the mid at the decision. Effective and
realised spread are those of Huang and Stoll, "Dealer versus auction markets", Journal of Financial
Economics 41, 1996; the mid after a fill is first freed of what the underlying's move did to it.

A cost is above zero for buys and sells alike. What is not known is NaN, and so is all that follows
from it; nothing times an unknown figure is nothing.
"""

import math
from collections.abc import Sequence

import msgspec

from autotrade_0dte.execution.parent import Purpose, Side

__all__ = ["CostParts", "Fill", "Slippage", "Spreads", "adjusted_mid", "cost_parts", "slippage"]
__all__ += ["spreads"]


class Fill(msgspec.Struct, frozen=True, gc=False):
    """Contracts filled at a price; `mid` is the market's middle when they were. Dollars a share."""

    quantity: int
    price: float
    mid: float


class CostParts(msgspec.Struct, frozen=True, kw_only=True):
    """Implementation shortfall of one parent and its parts, dollars.

    Parameters
    ----------
    delay : float
        The market's move from the decision to the submission.
    spread : float
        What was paid beyond the mid at each fill.
    impact : float
        The market's move from the submission to each fill.
    opportunity : float
        The market's move from the decision to the end, of what an entry did not get. What an exit
        leaves goes to the order that follows it, which has its own decision: 0.
    shortfall : float
        What was paid beyond the mid at the decision, with the opportunity: the sum of the parts.
    """

    delay: float
    spread: float
    impact: float
    opportunity: float
    shortfall: float


class Slippage(msgspec.Struct, frozen=True, gc=False):
    """What was paid beyond the mid at the decision, in four measures.

    `cents` are of a share, `ticks` price steps, `of_spread` a share of the spread at the decision
    (0.5 is its far side), `of_premium` a share of the mid.
    """

    cents: float
    ticks: float
    of_spread: float
    of_premium: float


class Spreads(msgspec.Struct, frozen=True, gc=False):
    """Effective spread of a fill, cut in two by the market after it; dollars a share.

    `realised` is what the other side kept, `impact` what the market moved on: the two add up to
    `effective`, which is twice the distance from the mid.
    """

    effective: float
    realised: float
    impact: float


def cost_parts(
    side: Side,
    purpose: Purpose,
    quantity: int,
    fills: Sequence[Fill],
    *,
    decision_mid: float,
    submit_mid: float,
    end_mid: float,
    multiplier: int,
) -> CostParts:
    """Return what a parent of `quantity` contracts cost against the mid at its decision.

    Parameters
    ----------
    side : Side
        Buy or sell.
    purpose : Purpose
        Only an entry has a cost of what it did not get.
    quantity : int
        Contracts wanted.
    fills : sequence of Fill
        What was got of them.
    decision_mid, submit_mid, end_mid : float
        Middle of the market when it was decided, first sent, and over; dollars a share.
    multiplier : int
        Shares a contract.
    """
    scale = side.sign * multiplier
    filled = sum(fill.quantity for fill in fills)
    unfilled = max(quantity - filled, 0) if purpose is Purpose.ENTRY else 0
    paid = math.fsum(fill.price * fill.quantity for fill in fills)
    at_mid = math.fsum(fill.mid * fill.quantity for fill in fills)
    opportunity = scale * _times(unfilled, end_mid - decision_mid)
    return CostParts(
        delay=scale * _times(filled, submit_mid - decision_mid),
        spread=scale * (paid - at_mid),
        impact=scale * (at_mid - _times(filled, submit_mid)),
        opportunity=opportunity,
        shortfall=scale * (paid - _times(filled, decision_mid)) + opportunity,
    )


def slippage(
    side: Side, price: float, *, decision_mid: float, decision_spread: float, tick: float
) -> Slippage:
    """Return what an average price gave away against the mid at the decision; dollars a share."""
    paid = side.sign * (price - decision_mid)
    return Slippage(
        cents=100 * paid,
        ticks=paid / tick,
        of_spread=paid / decision_spread if decision_spread > 0 else math.nan,
        of_premium=paid / decision_mid if decision_mid > 0 else math.nan,
    )


def adjusted_mid(mid: float, spot: float, *, delta: float, spot_at_fill: float) -> float:
    """Return a later mid without what the underlying's move since the fill made of it.

    `delta` is that of the fill. What is left is the option's own: its volatility, its spread, and
    who knew more. To first order only: over minutes a large move leaves its gamma in it.
    """
    return mid - delta * (spot - spot_at_fill)


def spreads(side: Side, fill: Fill, later_mid: float) -> Spreads:
    """Return the effective spread of a fill and its parts by an adjusted mid after it."""
    twice = 2 * side.sign
    return Spreads(
        effective=twice * (fill.price - fill.mid),
        realised=twice * (fill.price - later_mid),
        impact=twice * (later_mid - fill.mid),
    )


def _times(contracts: int, dollars: float) -> float:
    """Multiply; no contracts cost nothing, whatever is not known."""
    return contracts * dollars if contracts else 0.0
