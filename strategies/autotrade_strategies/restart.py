"""What a process before this one left: its entries of the day and its positions."""

from collections import deque
from collections.abc import Container, Iterable
from typing import Any

from nautilus_trader.model import OrderSide
from nautilus_trader.trading import Strategy

from autotrade_0dte.actors.account import made_by_hand
from autotrade_0dte.execution.managed_plan import ManagedPlan
from autotrade_strategies.orders import OrderSender

__all__ = ["Leftovers", "entries_of", "plans_of"]


class Leftovers:
    """A strategy's orders and positions that no trade knows of; the plans behind them are gone.

    A process before this one left them, or an order that filled after its trade was over.

    Parameters
    ----------
    strategy : Strategy
        Whose.
    sender : OrderSender
        Its orders' way out.
    contracts : container of str
        Engine ids of the chain's contracts; positions in others are left alone.
    """

    def __init__(self, strategy: Strategy, sender: OrderSender, contracts: Container[str]) -> None:
        self._strategy: Any = strategy
        self._sender = sender
        self._contracts = contracts
        self._plans: deque[ManagedPlan] = deque()
        self._is_known = False
        self._found = 0

    def cancel(self) -> None:
        """Cancel the orders at work, but for the operator's own in these contracts."""
        for order in self._at_work():
            self._sender.cancel_named(order.client_order_id)

    def look_again(self) -> None:
        """Note that there is a position more."""
        self._is_known = False

    def are_known(self) -> bool:
        """Look for positions, where that is still to do; return whether they are known.

        Orders may still fill when they have been canceled: until they are gone nothing is known.
        """
        if self._is_known:
            return True
        if self._at_work():
            self.cancel()  # again, where the first cancel has failed
            return False
        self._is_known = True
        positions = self._strategy.cache.positions_open(strategy_id=self._strategy.strategy_id)
        now_ns = self._strategy.clock.timestamp_ns()
        plans = plans_of(positions, self._contracts, now_ns, self._found + 1)
        self._plans, self._found = deque(plans), self._found + len(plans)
        return True

    def next_plan(self) -> ManagedPlan | None:
        """Return the plan that closes the next position; None when there is none left."""
        return self._plans.popleft() if self._plans else None

    def _at_work(self) -> list[Any]:
        orders = self._strategy.cache.orders_open(strategy_id=self._strategy.strategy_id)
        return [order for order in orders if not made_by_hand(order)]


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


def plans_of(
    positions: Iterable[Any], contracts: Container[str], now_ns: int, first: int = 1
) -> list[ManagedPlan]:
    """Return a plan to close each position in the chain's contracts; others are left alone.

    Short ones come first: no long one is sold while it may be their cover. They are numbered from
    `first` on.
    """
    found = [(int(p.signed_qty), str(p.instrument_id)) for p in positions]
    found = [(quantity, name) for quantity, name in found if name in contracts]
    found.sort(key=lambda position: position[0] > 0)
    return [
        ManagedPlan.of_position(number, name, quantity, now_ns)
        for number, (quantity, name) in enumerate(found, start=first)
    ]
