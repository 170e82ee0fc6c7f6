"""One package at the desk: its walk, its legs' orders, and what of it was filled."""

from collections import deque
from collections.abc import Iterator
from typing import Any

import msgspec
from nautilus_trader.model import ClientOrderId, InstrumentId

from autotrade_0dte.actors.worked_walk import WorkedWalk
from autotrade_0dte.execution.parent import ParentOrder, Purpose
from autotrade_0dte.risk.proposed_order import ProposedOrder

__all__ = ["PackageLeg", "PackageWork"]


class PackageLeg(msgspec.Struct, kw_only=True):
    """One leg: its order as the strategy asked for it, and the one at the venue.

    Parameters
    ----------
    parent : ParentOrder
        What it is to do.
    order_id : ClientOrderId
        The order that is or was last at the venue for it.
    instrument_id : InstrumentId
        Its contract.
    proposed : ProposedOrder
        The order as the gate judges it.
    held : Any, optional
        The engine's order with the cap as its limit, until it is known to have been sent.
    is_accepted, is_over : bool
        What the venue has said of this order.
    unmatched : deque of [int, float]
        Contracts and prices of fills that the other leg has no contract to yet.
    """

    parent: ParentOrder
    order_id: ClientOrderId
    instrument_id: InstrumentId
    proposed: ProposedOrder
    held: Any
    is_accepted: bool = False
    is_over: bool = False
    unmatched: deque[list[float]] = msgspec.field(default_factory=deque)

    def renew(self, order_id: ClientOrderId, held: Any, proposed: ProposedOrder) -> None:
        """Take the order that carries the leg on."""
        self.order_id, self.held, self.proposed = order_id, held, proposed
        self.is_accepted = self.is_over = False


class PackageWork(WorkedWalk, kw_only=True):
    """What the desk keeps of a package, besides its walk.

    Parameters
    ----------
    legs : tuple of PackageLeg
        Its purchase and its sale.
    """

    legs: tuple[PackageLeg, ...]

    @property
    def parents(self) -> tuple[ParentOrder, ...]:
        """What each leg is to do."""
        return tuple(leg.parent for leg in self.legs)

    def filled(self, number: int, quantity: int, price: float) -> Iterator[tuple[int, float]]:
        """Take a fill of a leg; yield the packages that it makes whole and their net price.

        Contracts are matched in the order in which they were filled.
        """
        self.legs[number].unmatched.append([quantity, price])
        bought, sold = self.legs
        while bought.unmatched and sold.unmatched:
            first, second = bought.unmatched[0], sold.unmatched[0]
            packages = int(min(first[0], second[0]))
            for leg in self.legs:
                leg.unmatched[0][0] -= packages
                if leg.unmatched[0][0] == 0:
                    leg.unmatched.popleft()
            is_entry = self.walk.parent.purpose is Purpose.ENTRY
            net = first[1] - second[1] if is_entry else second[1] - first[1]
            self.paid += packages * net
            yield packages, round(net, 6)
