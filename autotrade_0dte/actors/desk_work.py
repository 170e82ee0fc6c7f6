"""One parent order at the desk: its walk and its order at the venue."""

from typing import Any

from nautilus_trader.model import ClientOrderId, InstrumentId

from autotrade_0dte.actors.worked_walk import WorkedWalk
from autotrade_0dte.execution.parent import ParentOrder
from autotrade_0dte.risk.proposed_order import ProposedOrder

__all__ = ["DeskWork"]


class DeskWork(WorkedWalk, kw_only=True):
    """What the desk keeps of a parent, besides its walk.

    Parameters
    ----------
    order_id : ClientOrderId
        The order that is or was last at the venue for it.
    instrument_id, pair : InstrumentId
        Its contract, and that of the other leg.
    proposed : ProposedOrder
        The order as the gate judges it.
    held : Any, optional
        The engine's order with the cap as its limit, until it is known to have been sent.
    """

    order_id: ClientOrderId
    instrument_id: InstrumentId
    pair: InstrumentId | None
    proposed: ProposedOrder
    held: Any

    @property
    def parent(self) -> ParentOrder:
        """What is to be done."""
        return self.walk.parent
