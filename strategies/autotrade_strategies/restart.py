"""What a process before this one left: its entries of the day and its positions."""

from collections.abc import Container, Iterable
from typing import Any

from nautilus_trader.model import OrderSide

from autotrade_0dte.execution.managed_plan import ManagedPlan

__all__ = ["entries_of", "plans_of"]


def entries_of(number: str, orders: Iterable[Any]) -> int:
    """Count the entries among the orders that the strategy of this number named.

    An order of ours is O-date-time-trader-number-count. Purchases that opened a position count;
    those that closed a short leg do not.
    """
    held: dict[Any, int] = {}
    entries = 0
    for order in sorted(orders, key=lambda order: order.ts_last):
        if str(order.client_order_id).rpartition("-")[0].rpartition("-")[2] != number:
            continue
        name, filled = order.instrument_id, int(order.filled_qty.as_double())
        before = held.get(name, 0)
        if order.side == OrderSide.BUY:
            entries += before >= 0
            held[name] = before + filled
        else:
            held[name] = before - filled
    return entries


def plans_of(positions: Iterable[Any], contracts: Container[str], now_ns: int) -> list[ManagedPlan]:
    """Return a plan to close each position in the chain's contracts; others are left alone.

    Short ones come first: no long one is sold while it may be their cover.
    """
    found = [(int(p.signed_qty), str(p.instrument_id)) for p in positions]
    found = [(quantity, name) for quantity, name in found if name in contracts]
    found.sort(key=lambda position: position[0] > 0)
    return [
        ManagedPlan.of_position(number, name, quantity, now_ns)
        for number, (quantity, name) in enumerate(found, start=1)
    ]
