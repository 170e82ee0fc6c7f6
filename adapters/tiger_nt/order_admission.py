"""What may go to Tiger, whatever strategy and desk let pass: the last line, of one client."""

import time
from typing import Any

from nautilus_trader.common import Clock
from nautilus_trader.live import ClientCache

from tiger_nt.alarms import AlarmKind
from tiger_nt.budget import CallBudget
from tiger_nt.engine_orders import EngineOrder
from tiger_nt.order_limits import OrderGuard, OrderLimits
from tiger_nt.tracker import OrderTracker
from tiger_nt.views import OrderRequest, PackageRequest

__all__ = ["OrderAdmission"]

_NS_PER_MS = 1_000_000


class OrderAdmission:
    """Says why an order or a change may not go; what reduces risk always may.

    Parameters
    ----------
    limits : OrderLimits
        Of single orders and of their number.
    budget : CallBudget
        Says whether Tiger has refused so many calls that entries rest.
    tracker : OrderTracker
        Orders sent and at work.
    cache : ClientCache
        The engine's positions, quotes and instruments.
    clock : Clock
        The engine's.
    """

    def __init__(
        self,
        limits: OrderLimits,
        budget: CallBudget,
        tracker: OrderTracker,
        cache: ClientCache,
        clock: Clock,
    ) -> None:
        self._guard = OrderGuard(limits)
        self._budget = budget
        self._tracker = tracker
        self._cache = cache
        self._clock = clock

    def against_order(self, order: Any, request: OrderRequest, *, reduces: bool) -> str | None:
        """Return why a new order may not go, None if it may; then it counts as sent.

        `order` is the engine's, of a package one of its two.
        """
        legs = request.legs if isinstance(request, PackageRequest) else ()
        for mark in (request.user_mark, *(leg.user_mark for leg in legs)):
            if self._tracker.part_by_mark(mark) is not None:
                return f"DUPLICATE: {order.client_order_id} was sent before"
        if reduces:
            return None
        reason = self.against_change(order, request.quantity, request.limit_price)
        return reason or self._guard.against_rate(self._clock.timestamp_ns() // _NS_PER_MS)

    def against_change(self, order: Any, quantity: int, limit_price: float | None) -> str | None:
        """Return why an order that does not reduce risk may not have these terms."""
        if self._budget.is_halted(time.monotonic()):
            return f"{AlarmKind.CALLS_HALTED}: Tiger has refused too many calls"
        instrument: Any = self._cache.instrument(order.instrument_id)
        price = limit_price
        if price is None:
            quote = self._cache.quote(order.instrument_id)
            if quote is not None:
                price = (quote.ask_price if order.is_buy else quote.bid_price).as_double()
        return self._guard.against_size(quantity, price, instrument.multiplier.as_double())

    def reduces_risk(self, order: Any, leaves: float, own: EngineOrder | None = None) -> bool:
        """Return whether the order can only make a position smaller, others at work included.

        Parameters
        ----------
        order : Order
            The engine's.
        leaves : float
            Contracts that it may still fill.
        own : EngineOrder, optional
            The same order if it is at work already, which is not counted twice.
        """
        name = order.instrument_id
        positions = self._cache.positions_open(instrument_id=name)
        net = sum(position.signed_qty for position in positions)
        if net == 0 or (net > 0) == order.is_buy:
            return False
        for other in (part for each in self._tracker.live() for part in each.parts):
            sent = other.request
            same = sent.symbol == name.symbol.value and sent.is_buy == order.is_buy
            if same and other is not own and not other.is_done:
                leaves += other.quantity - other.filled
        return leaves <= abs(net)
