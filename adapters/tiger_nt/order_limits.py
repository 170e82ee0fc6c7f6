"""The last line before Tiger: limits of single orders and of their number."""

from collections import deque
from typing import Annotated

import msgspec

__all__ = ["OrderGuard", "OrderLimits"]

_MINUTE_MS = 60_000


class OrderLimits(msgspec.Struct, frozen=True, kw_only=True):
    """What no single order and no minute may exceed; orders that reduce risk are exempt.

    Parameters
    ----------
    max_contracts : int, default 100
        Of one order.
    max_notional : float, default 50000
        Of one order, dollars: contracts x limit price x multiplier. A market order counts with the
        opposite quote and is refused without one.
    max_orders_per_minute : int, default 60
        Over any 60 seconds.
    """

    max_contracts: Annotated[int, msgspec.Meta(ge=1)] = 100
    max_notional: Annotated[float, msgspec.Meta(gt=0)] = 50_000.0
    max_orders_per_minute: Annotated[int, msgspec.Meta(ge=1)] = 60


class OrderGuard:
    """Applies `OrderLimits`; time comes in as an argument."""

    def __init__(self, limits: OrderLimits) -> None:
        self._limits = limits
        self._sent_ms: deque[int] = deque()

    def against_size(self, quantity: int, price: float | None, multiplier: float) -> str | None:
        """Return which limit an order of this size exceeds, None if it may go.

        `price` is what a contract may cost, dollars; None where nothing tells it, and 0 is what a
        side without a quote has.
        """
        limits = self._limits
        if quantity > limits.max_contracts:
            return f"MAX_CONTRACTS: Expected at most {limits.max_contracts}, was {quantity}"
        if price is None or not price > 0:
            return "NO_PRICE: Expected a limit price or a quote to value the order, was neither"
        notional = quantity * price * multiplier
        if notional > limits.max_notional:
            return f"MAX_NOTIONAL: Expected at most {limits.max_notional:.2f}, was {notional:.2f}"
        return None

    def against_rate(self, now_ms: int) -> str | None:
        """Return why one more order would be too many, None if it may go; then it is counted."""
        limits = self._limits
        while self._sent_ms and self._sent_ms[0] <= now_ms - _MINUTE_MS:
            self._sent_ms.popleft()
        if len(self._sent_ms) >= limits.max_orders_per_minute:
            return (
                f"MAX_ORDERS_PER_MINUTE: Expected at most {limits.max_orders_per_minute}, "
                f"was {len(self._sent_ms) + 1}"
            )
        self._sent_ms.append(now_ms)
        return None
