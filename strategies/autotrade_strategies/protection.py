"""A trade's resting stop at the broker, for when no node watches the position any more."""

import math
from collections.abc import Callable
from functools import partial

from nautilus_trader.model import OrderDenied, OrderRejected, OrderSide

from autotrade_0dte.execution.decision import DecisionKind
from autotrade_0dte.execution.exits import ExitReason
from autotrade_0dte.execution.managed_plan import ManagedPlan
from autotrade_0dte.execution.parent import Purpose
from autotrade_0dte.execution.protective_stop import ProtectionReason, stop_terms
from autotrade_0dte.instruments import option_symbol
from autotrade_0dte.products import product, tick_cents
from autotrade_0dte.risk.protective import ProtectiveParams
from autotrade_strategies.orders import OrderSender, WorkingOrder
from autotrade_strategies.record import Record

__all__ = ["Protection"]

_NS = 1_000_000_000


class Protection:
    """Keeps a stop-limit sale of what a plan holds at the broker, and looks whether it is there.

    A refused one is not sent again: what the broker, or the gate, has against it will not change.

    Parameters
    ----------
    managed : ManagedPlan
        The plan.
    params : ProtectiveParams
        Whether there is one, and where.
    sender, record
        The strategy's.
    close_ns : int
        Close of the session, UTC ns.
    tell : callable
        Publishes the plan at an event time: its name is on file before the stop is sent.

    Attributes
    ----------
    order : WorkingOrder, optional
        The stop at the broker.
    """

    def __init__(
        self,
        managed: ManagedPlan,
        params: ProtectiveParams,
        *,
        sender: OrderSender,
        record: Record,
        close_ns: int,
        tell: Callable[[int], None],
    ) -> None:
        self.order: WorkingOrder | None = None
        self._managed = managed
        self._params = params
        self._sender = sender
        self._record = record
        self._close_ns = close_ns
        self._tell = tell
        self._tick_cents = partial(tick_cents, product(_root(managed.plan.instrument_id)))
        self._is_over = not params.enabled
        self._is_withdrawn = False
        self._reason = ProtectionReason.STOP_PLACED
        self._verified_ns = -math.inf

    def work(self, quantity: int, now_ns: int) -> None:
        """Have a stop rest for `quantity` contracts; none withdraws it."""
        order = self.order
        if order is None:
            if quantity and not self._is_over and self._is_due(now_ns):
                self._place(quantity, now_ns)
        elif order.leaves != quantity:
            self._reason = ProtectionReason.STOP_RESIZED
            self.withdraw()
        elif self._is_due(now_ns):
            self._verify(order, now_ns)

    def withdraw(self) -> None:
        """Cancel the stop, as it is in the way of another order."""
        if self.order is not None:
            self._is_withdrawn = True
            self._sender.cancel(self.order)

    def ended(self) -> None:
        """Note that the stop fills no further; one that was not withdrawn is missed in time."""
        if self._is_withdrawn:
            self._verified_ns = -math.inf
        else:
            self._reason = ProtectionReason.STOP_LOST
        self.order, self._is_withdrawn = None, False

    def refused(self, event: OrderRejected | OrderDenied) -> None:
        """Note that it was refused, for good."""
        self._is_over = True
        if self.order is not None:
            parent = self.order.parent
            self._decide(DecisionKind.REFUSE, event.reason, self.order.leaves, parent.cap)

    def _is_due(self, now_ns: int) -> bool:
        return now_ns >= self._verified_ns + self._params.verify_s * _NS

    def _verify(self, order: WorkingOrder, now_ns: int) -> None:
        """Look for the stop in the engine's books, which are compared with the broker's."""
        self._verified_ns = now_ns
        at_work = self._sender.at_work(order)
        if at_work == order.leaves:
            return
        if at_work:  # changed at the broker
            self._reason = ProtectionReason.STOP_RESIZED
            self.withdraw()
        else:
            self.order, self._reason = None, ProtectionReason.STOP_LOST
            self._place(order.leaves, now_ns)

    def _place(self, quantity: int, now_ns: int) -> None:
        if self._sender.stopped:
            return
        plan = self._managed.plan
        terms = stop_terms(plan, self._params, self._tick_cents)
        if terms is None:
            self._is_over = True
            self._decide(DecisionKind.REFUSE, ProtectionReason.STOP_NO_ROOM, quantity, math.nan)
            return
        self._verified_ns = now_ns
        self._decide(
            DecisionKind.PROTECT, self._reason, quantity, terms.limit, trigger=terms.trigger
        )

        def note(order: WorkingOrder) -> None:
            self.order, self._managed.stop_order = order, str(order.order_id)
            self._tell(now_ns)

        self._sender.submit(
            plan.instrument_id, OrderSide.SELL, quantity, terms.limit, trigger=terms.trigger,
            purpose=Purpose.STOP, plan_id=plan.plan_id, reason=ExitReason.PROTECTIVE_STOP,
            decided_ns=now_ns, deadline_ns=self._close_ns, note=note,
        )  # fmt: skip

    def _decide(
        self, kind: DecisionKind, reason: str, quantity: int, limit: float, **figures: float
    ) -> None:
        plan, held = self._managed.plan, float(self._managed.held)
        self._record.decision(
            kind, reason, plan.plan_id, plan.instrument_id, OrderSide.SELL, quantity, limit,
            {"held": held, "loss_fraction": plan.exits.loss_fraction, **figures},
        )  # fmt: skip


def _root(instrument_id: str) -> str:
    return option_symbol(instrument_id.rpartition(".")[0]).root
