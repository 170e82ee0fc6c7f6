"""What a process before this one left: its plans, its entries of the day and its positions."""

from collections import deque
from collections.abc import Callable, Container, Iterable, Mapping, Sequence
from typing import Any

from msgspec.structs import replace
from nautilus_trader.model import ClientOrderId, OrderSide
from nautilus_trader.trading import Strategy

from autotrade_0dte.actors.account import made_by_hand
from autotrade_0dte.actors.order_tables import fills
from autotrade_0dte.execution.exits import ExitReason
from autotrade_0dte.execution.ledger import Fill
from autotrade_0dte.execution.managed_plan import ManagedPlan
from autotrade_0dte.execution.plan_state import KeptPlan
from autotrade_0dte.market_state.actions import Track
from autotrade_strategies.orders import OrderSender

__all__ = ["Leftovers", "entries_of", "plans_of", "resumed"]


class Leftovers:
    """A strategy's orders and positions that no trade knows of, and the plans that were kept.

    A process before this one left them, or an order that filled after its trade was over. A kept
    plan that its positions fit goes on. Any other position is closed: nobody knows what it is for.

    Parameters
    ----------
    strategy : Strategy
        Whose.
    sender : OrderSender
        Its orders' way out.
    contracts : container of str
        Engine ids of the chain's contracts; positions in others are left alone.
    kept : sequence of KeptPlan
        The session's plans of processes before this one, also those that are over, and all tracks'.
    track : Track
        Whose open plans go on here.
    drop : callable
        Called with a kept plan that the positions do not fit.
    """

    def __init__(
        self,
        strategy: Strategy,
        sender: OrderSender,
        contracts: Container[str],
        kept: Sequence[KeptPlan],
        track: Track,
        drop: Callable[[KeptPlan], None],
    ) -> None:
        self._strategy: Any = strategy
        self._sender = sender
        self._contracts = contracts
        self._kept = [plan for plan in kept if plan.is_open and plan.state.track == track]
        self._of_plans = frozenset[str]().union(*(plan.order_ids for plan in kept))
        self._drop = drop
        self._resumed: deque[ManagedPlan] = deque()
        self._plans: deque[ManagedPlan] = deque()
        self._is_known = False
        self._found = 0

    def cancel(self, spared: Container[ClientOrderId] = ()) -> None:
        """Cancel the orders at work, but for the operator's own in these contracts and `spared`."""
        for order in self._at_work():
            if order.client_order_id not in spared:
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
        strange = self._resume(positions, now_ns)
        plans = plans_of(strange, self._contracts, now_ns, self._found + 1)
        self._plans, self._found = deque(plans), self._found + len(plans)
        return True

    def next_resumed(self) -> ManagedPlan | None:
        """Return the next plan that goes on; None when there is none left."""
        return self._resumed.popleft() if self._resumed else None

    def next_plan(self) -> ManagedPlan | None:
        """Return the plan that closes the next position; None when there is none left."""
        return self._plans.popleft() if self._plans else None

    def _resume(self, positions: Sequence[Any], now_ns: int) -> list[Any]:
        """Resume the kept plans, once; return the positions that they do not explain."""
        if not self._kept:
            return list(positions)
        cache = self._strategy.cache
        held = {str(p.instrument_id): int(p.signed_qty) for p in positions}
        traded = {str(o.client_order_id): fills([o], cache) for o in cache.orders()}
        strays = [f for name, of in traded.items() if name not in self._of_plans for f in of]
        explained: set[str | None] = set()
        for told in self._kept:
            kept = _exiting(told) if traded.get(told.state.stop_order) else told
            own = [fill for name in kept.order_ids for fill in traded.get(name, ())]
            managed = resumed(kept, own, strays, held, now_ns)
            if managed is None:
                self._drop(kept)
                continue
            self._resumed.append(managed)
            explained |= {managed.plan.instrument_id, managed.plan.short_instrument_id}
        self._kept = []
        return [p for p in positions if str(p.instrument_id) not in explained]

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


def resumed(
    kept: KeptPlan,
    own: Sequence[Fill],
    strays: Sequence[Fill],
    held: Mapping[str, int],
    now_ns: int,
) -> ManagedPlan | None:
    """Return a kept plan after all its fills; None where the positions are not what they make.

    Parameters
    ----------
    kept : KeptPlan
        The plan.
    own : sequence of Fill
        Fills of its orders.
    strays : sequence of Fill
        Fills of orders of no plan, as of a market exit, a kill from outside, or by hand: where its
        own do not make the positions, those in its contracts since its decision may.
    held : mapping of str to int
        Contracts held by engine id, short ones below 0: the truth.
    now_ns : int
        Event time, ns.
    """
    since_ns = kept.state.plan.decided_ns
    late = [f for f in strays if kept.has_leg(f.instrument_id) and f.ts_event >= since_ns]
    for traded in (own, [*own, *late]):
        try:
            managed = ManagedPlan.of_state(kept.state, traded, now_ns)
        except ValueError:
            continue
        if _makes(managed, held):
            return managed
    return None


def _exiting(kept: KeptPlan) -> KeptPlan:
    """Return a plan that its stop at the broker has begun to close, while nobody watched."""
    reason = kept.state.exit_reason or ExitReason.PROTECTIVE_STOP
    return replace(kept, state=replace(kept.state, exit_reason=reason))


def _makes(managed: ManagedPlan, held: Mapping[str, int]) -> bool:
    """Return whether the positions are those of a plan."""
    plan = managed.plan
    short = plan.short_instrument_id
    sold = 0 if short is None else -held.get(short, 0)
    is_held = (managed.held, managed.sold) == (held.get(plan.instrument_id, 0), sold)
    return is_held and managed.bought <= plan.quantity


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
