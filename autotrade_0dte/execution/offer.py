"""Whether the market stood open to an order for so long that the rules say it should have filled.

Known only when the order is over, and from looks at the market alone: it does not ask what the desk
did, so that a desk that let an offer pass is found out.
"""

import math

from autotrade_0dte.execution.desk_params import DeskParams
from autotrade_0dte.execution.order_quote import OrderQuote
from autotrade_0dte.execution.parent import Outcome, ParentOrder, Purpose, Side
from autotrade_0dte.execution.routing import Style

__all__ = ["Offer", "needed_s", "should_fill"]

_NS = 1_000_000_000
_PRICE_TOLERANCE = 1e-9


class Offer:
    """The longest time without a break in which the market offered all that was left of an order.

    It does where the far touch is within the cap and shows that size, and no veto holds the order
    back. Vetoes that a stop or an emergency overrides do not count.

    Attributes
    ----------
    longest_ns : int
        That time, ns, from look to look.
    at_end : bool
        Whether the offer stood when the order ended.
    """

    __slots__ = ("_is_buy", "_since_ns", "_worst", "at_end", "longest_ns")

    def __init__(self, parent: ParentOrder) -> None:
        self._is_buy = parent.side is Side.BUY
        self._worst = parent.cap + parent.side.sign * _PRICE_TOLERANCE
        self._since_ns = 0
        self.longest_ns = 0
        self.at_end = False

    def look(self, quote: OrderQuote, leaves: int, *, is_vetoed: bool) -> None:
        """Take the market at one instant."""
        if self._is_buy:
            stands = 0 < quote.ask <= self._worst and quote.ask_size >= leaves
        else:
            stands = quote.bid > 0 and quote.bid >= self._worst and quote.bid_size >= leaves
        if not stands or is_vetoed:  # an unknown size shows nothing
            self._since_ns = 0
            return
        self._since_ns = self._since_ns or quote.now_ns
        self.longest_ns = max(self.longest_ns, quote.now_ns - self._since_ns)

    def end(self, now_ns: int) -> None:
        """Note that the order has ended."""
        if self._since_ns:
            self.at_end = True
            self.longest_ns = max(self.longest_ns, now_ns - self._since_ns)


def needed_s(parent: ParentOrder, style: Style | None, params: DeskParams) -> float:
    """Return how long an offer must stand for the rules to take it, seconds; NaN: they never do.

    An entry that walks takes all its steps to the far side, a marketable one the least rest; one
    that rests, or was given up, is not to cross. Anything else crosses when its time is over.
    """
    walk = params.walk
    crosses_ns = walk.crosses_ns(parent, params.route)
    if crosses_ns is not None:
        return max(crosses_ns - parent.decided_ns, 0) / _NS + walk.min_rest_s
    match style:
        case Style.WALK:
            return walk.steps * walk.step_ns(parent, params.route) / _NS + walk.min_rest_s
        case Style.MARKETABLE:
            return walk.min_rest_s
    return math.nan


def should_fill(
    purpose: Purpose, outcome: Outcome, *, offered_s: float, at_end: bool, needed: float
) -> bool:
    """Return whether the rules say that an order that ended so should have filled.

    It should where the offer stood for the time `needed`, or until it was filled or the venue
    refused it; an exit that was filled always should, and so should one that was neither filled
    nor withdrawn, whatever it was offered. What the desk's own checks denied never should.

    Parameters
    ----------
    purpose : Purpose
        What it was for.
    outcome : Outcome
        How it ended.
    offered_s : float
        Longest time the market offered all that was left, seconds.
    at_end : bool
        Whether it did when the order ended.
    needed : float
        See `needed_s`; NaN where the rules never cross.
    """
    if outcome is Outcome.DENIED:
        return False
    if purpose is not Purpose.ENTRY and outcome is not Outcome.CANCELED:
        return True
    if math.isnan(needed):
        return False
    return offered_s >= needed or (at_end and outcome in (Outcome.FILLED, Outcome.REJECTED))
