"""One parent order at the desk: its walk, its order at the venue, and how well it goes."""

import math
from typing import Any

import msgspec
from nautilus_trader.model import ClientOrderId, InstrumentId

from autotrade_0dte.execution.order_quote import OrderQuote
from autotrade_0dte.execution.parent import Outcome, ParentOrder, Purpose
from autotrade_0dte.execution.quality import EndedParent
from autotrade_0dte.execution.walk import Walk

__all__ = ["DeskWork"]

_NOT_TOLD = (Outcome.CANCELED, Outcome.DENIED)


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
    has_met : bool
        Whether its limit has been at the other side of the market, so that it should fill.
    was_refused : bool
        Whether the venue rejected it or a change of it.
    paid : float
        Sum of what was filled, dollars a share times contracts.
    """

    walk: Walk
    order_id: ClientOrderId
    instrument_id: InstrumentId
    pair: InstrumentId | None
    held: Any
    checked_ns: int = 0
    is_canceling: bool = False
    logged_veto: str = ""
    arrival: OrderQuote | None = None
    has_met: bool = False
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

    def priced(self, limit: float, quote: OrderQuote) -> None:
        """Take a limit that is sent."""
        side = self.parent.side
        if side.sign * (limit - quote.far(side)) >= -1e-9:
            self.has_met = True

    def at_risk(self, multiplier: int) -> float:
        """Return what a buy at work may cost beyond its limit of now, dollars."""
        if self.held is not None or self.parent.side.sign < 0 or math.isnan(self.walk.limit):
            return 0.0
        return (self.parent.cap - self.walk.limit) * self.walk.leaves * multiplier

    def ended(self, now_ns: int) -> EndedParent:
        """Return what the quality watch has to know when the parent is over.

        An entry should have filled when its limit met the market, anything else always; what the
        strategy withdrew proves nothing.
        """
        outcome = self.walk.outcome
        expected = self.has_met or self.parent.purpose is not Purpose.ENTRY
        return EndedParent(
            ts_event=now_ns,
            outcome=outcome,
            should_fill=expected and outcome not in _NOT_TOLD,
            slippage=self._slippage(),
            rejected=self.was_refused,
        )

    def _slippage(self) -> float:
        filled, arrival = self.walk.filled, self.arrival
        if filled == 0 or arrival is None or not arrival.spread > 0:
            return math.nan
        paid = self.paid / filled - arrival.mid
        return self.parent.side.sign * paid / arrival.spread
