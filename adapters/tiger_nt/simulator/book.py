"""The orders that wait for a price, and what of them a quote could fill."""

from collections import defaultdict

from tiger_nt.simulator.board import Quote
from tiger_nt.simulator.orders import Order

__all__ = ["RestingOrders", "fillable"]


class RestingOrders:
    """Orders at work by symbol; those of one side are served by price, then by time.

    A package waits with both its legs' orders, and is served after them.
    """

    def __init__(self) -> None:
        self._queues: defaultdict[str, list[Order]] = defaultdict(list)

    def add(self, order: Order) -> None:
        """Put an order at the end of its queue."""
        for part in order.parts:
            self._queues[part.symbol].append(order)

    def discard(self, order: Order) -> None:
        """Take an order out, if it is in."""
        for part in order.parts:
            queue = self._queues.get(part.symbol, [])
            if order in queue:
                queue.remove(order)

    def requeue(self, order: Order) -> None:
        """Put a changed order behind those that waited unchanged."""
        self.discard(order)
        self.add(order)

    def clear(self) -> None:
        """Forget all."""
        self._queues.clear()

    def of(self, symbol: str) -> list[Order]:
        """Return the symbol's orders, first served first."""
        queue = self._queues.get(symbol)
        return sorted(queue, key=_price_priority) if queue else []


def fillable(order: Order, quote: Quote) -> int:
    """Return how much of the order the quote could fill now, a stop that is reached noted.

    A stop is reached for a buy when the offer is at or above it, for a sell when the bid is at or
    below it.
    """
    if order.stop_price is not None and not order.is_triggered:
        if order.is_buy:
            order.is_triggered = quote.has_ask and quote.ask >= order.stop_price
        else:
            order.is_triggered = quote.has_bid and quote.bid <= order.stop_price
        if not order.is_triggered:
            return 0
    offered = quote.fillable(is_buy=order.is_buy, limit=order.limit_price)
    return min(offered, order.remaining)


def _price_priority(order: Order) -> tuple[bool, float]:
    limit = order.limit_price
    if limit is None:
        return bool(order.legs), float("-inf")
    return bool(order.legs), -limit if order.is_buy else limit
