"""A strategy's orders on their way to the desk and back."""

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

from autotrade_0dte.actors.event_gate import EventGate
from autotrade_0dte.actors.order_desk import DESK_ID
from autotrade_0dte.actors.order_tags import order_tags
from autotrade_0dte.execution.parent import ParentOrder, Purpose, Side
from autotrade_0dte.execution.walk_record import MoveKind, WalkRecord
from autotrade_0dte.market_state.state import Level

__all__ = ["OrderSender", "WorkingOrder"]


class WorkingOrder(msgspec.Struct):
    """An order at the desk: what it is to do, its name now, and what is left of it, contracts.

    `package` is the name of the package that it is a leg of.

    The desk has its limit; `parent` has the cap, the worst that the limit may come to. One with a
    trigger is a stop: it rests at the broker, and its cap is its limit.
    """

    order_id: ClientOrderId
    parent: ParentOrder
    leaves: int
    pair: str | None
    trigger: float | None = None
    package: str | None = None

    @property
    def side(self) -> OrderSide:
        """Buy or sell, in the engine's words."""
        return OrderSide.BUY if self.parent.side is Side.BUY else OrderSide.SELL


class OrderSender:
    """Sends a strategy's orders to the desk and hands it what became of them.

    Where the desk must replace an order, as it could not be modified, the remainder that the venue
    has confirmed is sent from here: only a strategy can make orders.

    Parameters
    ----------
    strategy : Strategy
        Whose orders.
    take : callable
        Called with each order event, when the command that caused it has returned.
    """

    def __init__(self, strategy: Strategy, take: Callable[[Any], None]) -> None:
        self._strategy: Any = strategy
        self._take = take
        self._gate = EventGate()
        self._replacing: set[str] = set()
        self.stopped = False

    def submit(
        self,
        instrument_id: str,
        side: OrderSide,
        quantity: int,
        cap: float,
        *,
        purpose: Purpose,
        plan_id: str,
        reason: str,
        decided_ns: int,
        deadline_ns: int,
        note: Callable[[WorkingOrder], None],
        pair: str | None = None,
        trigger: float | None = None,
        package: str | None = None,
    ) -> None:
        """Send a day order to the desk.

        `note` is called with it before it leaves, so that its events find it known. The rest is as
        in `ParentOrder`; `pair` is the contract of the other leg. `trigger` makes it a stop-limit
        order, which the desk passes on as it is. `package` is the name that it shares with the
        other leg's order, with which it goes as one.
        """
        view = self._strategy.view
        order_id = self._strategy.order_factory.generate_client_order_id()
        parent = ParentOrder(
            parent_id=str(order_id),
            plan_id=plan_id,
            strategy=str(self._strategy.strategy_id),
            instrument_id=instrument_id,
            side=Side.BUY if side == OrderSide.BUY else Side.SELL,
            quantity=quantity,
            cap=cap,
            purpose=purpose,
            urgency=self._strategy.urgency,
            level=Level.CALM if view is None else view.state.level,
            reason=reason,
            decided_ns=decided_ns,
            deadline_ns=deadline_ns,
        )
        order = WorkingOrder(order_id, parent, quantity, pair, trigger, package)
        note(order)
        self._send(order, resent=False)

    def package_name(self) -> str | None:
        """Return a new name for the orders of a package; None where the venue takes none."""
        if not self._strategy.session.packages:
            return None
        return str(self._strategy.order_factory.generate_client_order_id())

    def resend(self, order: WorkingOrder) -> bool:
        """Send what is left of a canceled order anew, where the desk had asked for that."""
        if order.parent.parent_id not in self._replacing or self.stopped or order.leaves < 1:
            return False
        self._replacing.discard(order.parent.parent_id)
        order.order_id = self._strategy.order_factory.generate_client_order_id()
        self._send(order, resent=True)
        return True

    def cancel(self, order: WorkingOrder) -> None:
        """Cancel an order, once; nothing takes its place."""
        self._replacing.discard(order.parent.parent_id)
        self.cancel_named(order.order_id)

    def at_work(self, order: WorkingOrder) -> int:
        """Return how many contracts of an order are at work by the engine's books."""
        known = self._strategy.cache.order(order.order_id)
        if known is None or not (known.is_open or known.is_inflight):
            return 0
        return int(known.leaves_qty.as_double())

    def cancel_named(self, order_id: ClientOrderId) -> None:
        """Cancel an order of a process before this one, once."""
        if not self._strategy.cache.is_order_pending_cancel_local(order_id):
            self._gate.command(self._strategy.cancel_order, order_id)

    def on_walk(self, message: Any) -> None:
        """Hear from the desk which order is to be replaced."""
        record: WalkRecord = message
        if record.move is not None and record.move.kind is MoveKind.REPLACE:
            self._replacing.add(record.parent_id)
        elif record.move is not None and record.move.kind is MoveKind.END:
            self._replacing.discard(record.parent_id)

    def receive(self, event: Any) -> None:
        """Take an order event from the engine."""
        self._gate.receive(self._take, event)

    def defer(self, take: Callable[[Any], None], message: Any) -> None:
        """Call `take` with a message of the bus, now or after the command being made."""
        self._gate.receive(take, message)

    def _send(self, working: WorkingOrder, *, resent: bool) -> None:
        parent, factory = working.parent, self._strategy.order_factory
        terms: tuple[Any, ...] = (
            InstrumentId.from_str(parent.instrument_id),
            working.side,
            Quantity.from_int(working.leaves),
            Price(parent.cap, 2),
        )
        make = factory.limit
        if working.trigger is not None:
            make, terms = factory.stop_limit, (*terms, Price(working.trigger, 2))
        order = make(
            *terms,
            time_in_force=TimeInForce.DAY,
            client_order_id=working.order_id,
            exec_algorithm_id=DESK_ID,
            tags=order_tags(parent, pair=working.pair, resent=resent, package=working.package),
        )
        self._gate.command(self._strategy.submit_order, order)
