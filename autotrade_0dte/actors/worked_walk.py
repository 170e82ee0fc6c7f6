"""A walk at the desk, of an order or a package: what the market offered, how well it goes."""

import math

import msgspec

from autotrade_0dte.execution.desk_params import DeskParams
from autotrade_0dte.execution.offer import Offer, needed_s, should_fill
from autotrade_0dte.execution.order_quote import OrderQuote
from autotrade_0dte.execution.quality import EndedParent
from autotrade_0dte.execution.walk import Walk

__all__ = ["WorkedWalk"]

_NS = 1_000_000_000


class WorkedWalk(msgspec.Struct, kw_only=True):
    """What the desk keeps of whatever it works.

    Parameters
    ----------
    walk : Walk
        Its policy; of a package at net prices.
    offer : Offer
        What the market has offered it.
    checked_ns : int
        When it was last found to break no rule, UTC ns.
    is_canceling : bool
        Whether the desk has asked for a cancel without an answer yet.
    logged_veto : str
        The veto that the log has last.
    arrival : OrderQuote, optional
        The market at its first look.
    was_refused : bool
        Whether the venue rejected it or a change of it.
    paid : float
        Sum of what was filled, dollars a share times contracts or packages.
    """

    walk: Walk
    offer: Offer
    checked_ns: int = 0
    is_canceling: bool = False
    logged_veto: str = ""
    arrival: OrderQuote | None = None
    was_refused: bool = False
    paid: float = 0.0

    def looked(self, quote: OrderQuote) -> None:
        """Take the market of a look; the first is the arrival's."""
        if self.arrival is None:
            self.arrival = quote
        self.offer.look(quote, self.walk.leaves, is_vetoed=bool(self.walk.veto))

    def ended(self, now_ns: int, params: DeskParams) -> EndedParent:
        """Return what the quality watch has to know when it is over."""
        self.offer.end(now_ns)
        walk, parent = self.walk, self.walk.parent
        style = None if walk.route is None else walk.route.style
        return EndedParent(
            ts_event=now_ns,
            outcome=walk.outcome,
            should_fill=should_fill(
                parent.purpose, walk.outcome, offered_s=self.offer.longest_ns / _NS,
                at_end=self.offer.at_end, needed=needed_s(parent, style, params),
            ),
            slippage=self._slippage(),
            rejected=self.was_refused,
        )  # fmt: skip

    def _slippage(self) -> float:
        walk, arrival = self.walk, self.arrival
        if walk.filled == 0 or arrival is None or not arrival.spread > 0:
            return math.nan
        return walk.parent.side.sign * (self.paid / walk.filled - arrival.mid) / arrival.spread
