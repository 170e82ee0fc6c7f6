"""One parent order at the desk: its walk, its order at the venue, and how well it goes."""

import math
from typing import Any

import msgspec
from nautilus_trader.model import ClientOrderId, InstrumentId

from autotrade_0dte.execution.desk_params import DeskParams
from autotrade_0dte.execution.offer import Offer, needed_s, should_fill
from autotrade_0dte.execution.order_quote import OrderQuote
from autotrade_0dte.execution.parent import ParentOrder
from autotrade_0dte.execution.quality import EndedParent
from autotrade_0dte.execution.walk import Walk
from autotrade_0dte.risk.proposed_order import ProposedOrder

__all__ = ["DeskWork", "ended_parent"]

_NS = 1_000_000_000


class DeskWork(msgspec.Struct, kw_only=True):
    """What the desk keeps of a parent.

    Parameters
    ----------
    walk : Walk
        Its policy.
    order_id : ClientOrderId
        The order that is or was last at the venue for it.
    instrument_id, pair : InstrumentId
        Its contract, and that of the other leg.
    proposed : ProposedOrder
        The order as the gate judges it.
    held : Any, optional
        The engine's order with the cap as its limit, until it is known to have been sent.
    checked_ns : int
        When it was last found to break no rule, UTC ns.
    is_canceling : bool
        Whether the desk has asked for a cancel without an answer yet.
    logged_veto : str
        The veto that the log has last.
    arrival : OrderQuote, optional
        The market at its first look.
    offer : Offer
        What the market has offered it.
    was_refused : bool
        Whether the venue rejected it or a change of it.
    paid : float
        Sum of what was filled, dollars a share times contracts.
    """

    walk: Walk
    order_id: ClientOrderId
    instrument_id: InstrumentId
    pair: InstrumentId | None
    proposed: ProposedOrder
    held: Any
    offer: Offer
    checked_ns: int = 0
    is_canceling: bool = False
    logged_veto: str = ""
    arrival: OrderQuote | None = None
    was_refused: bool = False
    paid: float = 0.0

    @property
    def parent(self) -> ParentOrder:
        """What is to be done."""
        return self.walk.parent

    def looked(self, quote: OrderQuote) -> None:
        """Take the market of a look; the first is the arrival's."""
        if self.arrival is None:
            self.arrival = quote
        self.offer.look(quote, self.walk.leaves, is_vetoed=bool(self.walk.veto))

    def ended(self, now_ns: int, params: DeskParams) -> EndedParent:
        """Return what the quality watch has to know when the parent is over."""
        self.offer.end(now_ns)
        return ended_parent(
            self.walk, self.offer, self.arrival, self.paid, self.was_refused, now_ns, params
        )


def ended_parent(
    walk: Walk,
    offer: Offer,
    arrival: OrderQuote | None,
    paid: float,
    was_refused: bool,
    now_ns: int,
    params: DeskParams,
) -> EndedParent:
    """Return what the quality watch has to know of a walk that is over; see `DeskWork`."""
    parent, style = walk.parent, None if walk.route is None else walk.route.style
    return EndedParent(
        ts_event=now_ns,
        outcome=walk.outcome,
        should_fill=should_fill(
            parent.purpose, walk.outcome, offered_s=offer.longest_ns / _NS,
            at_end=offer.at_end, needed=needed_s(parent, style, params),
        ),
        slippage=_slippage(walk, arrival, paid),
        rejected=was_refused,
    )  # fmt: skip


def _slippage(walk: Walk, arrival: OrderQuote | None, paid: float) -> float:
    if walk.filled == 0 or arrival is None or not arrival.spread > 0:
        return math.nan
    return walk.parent.side.sign * (paid / walk.filled - arrival.mid) / arrival.spread
