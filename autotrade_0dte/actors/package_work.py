"""One package at the desk: its walk, its legs' orders, and what of it was filled."""

from collections import deque
from collections.abc import Iterator
from typing import Any

import msgspec
from nautilus_trader.model import ClientOrderId, InstrumentId

from autotrade_0dte.actors.worked_walk import WorkedWalk
from autotrade_0dte.execution.parent import ParentOrder
from autotrade_0dte.risk.proposed_order import ProposedOrder

__all__ = ["PackageLeg", "PackageWork"]

type _Fills = deque[list[float]]
"""Contracts and prices of one leg's fills that the other has no contract to yet."""


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
    """

    parent: ParentOrder
    order_id: ClientOrderId
    instrument_id: InstrumentId
    proposed: ProposedOrder
    held: Any
    is_accepted: bool = False
    is_over: bool = False

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
    _purchases: dict[ClientOrderId, ClientOrderId] = msgspec.field(default_factory=dict)
    _unmatched: dict[ClientOrderId, tuple[_Fills, _Fills]] = msgspec.field(default_factory=dict)

    @property
    def parents(self) -> tuple[ParentOrder, ...]:
        """What each leg is to do."""
        return tuple(leg.parent for leg in self.legs)

    def know_orders(self) -> None:
        """Remember the legs' orders as those of one package at the venue."""
        purchase = self.legs[0].order_id
        self._unmatched[purchase] = deque(), deque()
        for leg in self.legs:
            self._purchases[leg.order_id] = purchase

    def purchase_of(self, order_id: ClientOrderId) -> ClientOrderId:
        """Return the purchase that was in one package with an order: the package's own name."""
        return self._purchases[order_id]

    def filled(
        self, number: int, order_id: ClientOrderId, quantity: int, price: float
    ) -> Iterator[tuple[int, float]]:
        """Take a fill of leg `number`; yield the packages that it makes whole and their net price.

        Contracts are matched within one package at the venue, in the order of their fills.
        """
        fills = self._unmatched[self.purchase_of(order_id)]
        fills[number].append([quantity, price])
        bought, sold = fills
        while bought and sold:
            packages = int(min(bought[0][0], sold[0][0]))
            net = self.walk.parent.side.sign * (bought[0][1] - sold[0][1])
            for side in fills:
                side[0][0] -= packages
                if side[0][0] == 0:
                    side.popleft()
            self.paid += packages * net
            yield packages, round(net, 6)
