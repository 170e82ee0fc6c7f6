"""A strategy's orders on their way to the desk and back."""

import math
from collections import deque
from collections.abc import Callable
from typing import Any

import msgspec
from nautilus_trader.model import (
    ClientOrderId,
    InstrumentId,
    OrderSide,
    Price,
    Quantity,
    TimeInForce,
)
from nautilus_trader.trading import Strategy

from autotrade_0dte.actors.order_desk import DESK_ID

__all__ = ["OrderSender", "WorkingOrder"]


class WorkingOrder(msgspec.Struct):
    """An order on its way: what is left of it, and its limit (NaN at market), dollars."""

    order_id: ClientOrderId
    instrument_id: str
    side: OrderSide
    leaves: int
    limit: float


class OrderSender:
    """Sends a strategy's orders and hands it what became of them.

    A denial, and without latency any event, arrives while the command that caused it still holds
    the engine: it is handed on when the command has returned.

    Parameters
    ----------
    strategy : Strategy
        Whose orders.
    take : callable
        Called with each order event.
    """

    def __init__(self, strategy: Strategy, take: Callable[[Any], None]) -> None:
        self._strategy: Any = strategy
        self._take = take
        self._commanding = False
        self._events: deque[Any] = deque()
        self.stopped = False

    def submit(
        self,
        instrument_id: str,
        side: OrderSide,
        quantity: int,
        limit: float,
        *,
        plan_id: str,
        reason: str,
        note: Callable[[WorkingOrder], None],
    ) -> None:
        """Send a day order to the desk, at market where the limit is NaN.

        It carries its plan, its reason and how urgent it is. `note` is called with it before it
        leaves, so that its events find it known.
        """
        factory = self._strategy.order_factory
        head = InstrumentId.from_str(instrument_id), side, Quantity.from_int(quantity)
        tags = [f"plan={plan_id}", f"reason={reason}", f"urgency={self._strategy.urgency}"]
        desk: dict[str, Any] = {"exec_algorithm_id": DESK_ID, "tags": tags}
        if math.isnan(limit):
            order = factory.market(*head, TimeInForce.DAY, **desk)
        else:
            order = factory.limit(*head, Price(limit, 2), TimeInForce.DAY, **desk)
        note(WorkingOrder(order.client_order_id, instrument_id, side, quantity, limit))
        self._command(self._strategy.submit_order, order)

    def reprice(self, order: WorkingOrder, limit: float) -> None:
        """Move the limit of an order that the venue has; one still on its way is left alone."""
        if self._strategy.cache.is_order_open(order.order_id):
            order.limit = limit
            self._command(self._strategy.modify_order, order.order_id, None, Price(limit, 2))

    def cancel(self, order_id: ClientOrderId) -> None:
        """Cancel an order, once."""
        if not self._strategy.cache.is_order_pending_cancel_local(order_id):
            self._command(self._strategy.cancel_order, order_id)

    def receive(self, event: Any) -> None:
        """Take an order event from the engine."""
        self._events.append(event)
        if not self._commanding:
            self._hand_on()

    def _command(self, send: Callable[..., None], *arguments: Any) -> None:
        self._commanding = True
        try:
            send(*arguments)
        finally:
            self._commanding = False
        self._hand_on()

    def _hand_on(self) -> None:
        while self._events:
            self._take(self._events.popleft())
