"""Finds in the engine's cache what was won and lost by orders that no plan tells of."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any, NamedTuple

from autotrade_0dte.actors.order_tables import fills, tags_of
from autotrade_0dte.execution.ledger import Fill
from autotrade_0dte.execution.plan_state import KeptPlan, PlanState
from autotrade_0dte.risk.untold_trades import UntoldTrades

__all__ = ["UntoldOrders", "UntoldTrip"]


class UntoldTrip(NamedTuple):
    """A round trip: the order that ended it, when (UTC ns), and what it made, dollars."""

    order_id: str
    ts_closed: int
    net_usd: float


class UntoldOrders:
    """Looks at all orders whenever one has ended, and takes each fill once.

    Those made by hand and by another tool are in the cache once the broker has told of them. They
    have no plan of which a strategy tells. What is bought by an order that still works may be sold
    already, so that its fills count too.

    Parameters
    ----------
    kept : iterable of KeptPlan
        Plans of a process before this one, whose orders may have come without their tags.
    """

    def __init__(self, kept: Iterable[KeptPlan]) -> None:
        self._plans: set[tuple[str, str]] = set()
        self._seen: set[str] = set().union(*(plan.order_ids for plan in kept))
        self._taken: dict[str, int] = {}
        self._ended = 0
        self._trades = UntoldTrades()

    def told(self, state: PlanState) -> None:
        """Take a plan that is told of, and with it its orders."""
        self._plans.add((state.strategy, state.plan.plan_id))
        self._seen.add(state.stop_order)

    def trips(self, cache: Any) -> Iterator[UntoldTrip]:
        """Yield the round trips that have ended since the last look."""
        if cache.orders_closed_count() == self._ended:
            return
        orders = cache.orders_closed()
        self._ended = len(orders)
        new = self._new_fills(orders, cache)
        for name, fill in sorted(new, key=lambda each: (each[1].ts_event, each[0])):
            price_usd = fill.price * fill.multiplier
            net_usd = self._trades.take(fill.instrument_id, fill.quantity, price_usd, fill.fee)
            if net_usd is not None:
                yield UntoldTrip(name, fill.ts_event, net_usd)

    def _new_fills(self, closed: Sequence[Any], cache: Any) -> Iterator[tuple[str, Fill]]:
        # A plan is told of by the end of its orders, at the latest.
        by_hand = [order for order in cache.orders_open() if "plan" not in tags_of(order)]
        for order in (*closed, *by_hand):
            name = str(order.client_order_id)
            if name in self._seen:
                continue
            if order.is_closed:
                self._seen.add(name)
            if not self._is_told(order):
                found, taken = fills([order], cache), self._taken.get(name, 0)
                self._taken[name] = len(found)
                yield from ((name, fill) for fill in found[taken:])

    def _is_told(self, order: Any) -> bool:
        return (str(order.strategy_id), tags_of(order).get("plan", "")) in self._plans
