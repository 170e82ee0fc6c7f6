"""One trade at work: turns a plan into orders and keeps to it until nothing is left."""

import math
from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from nautilus_trader.model import (
    ClientOrderId,
    InstrumentId,
    OrderCanceled,
    OrderDenied,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderSide,
)

from autotrade_0dte.chain.snapshot import ChainSnapshot
from autotrade_0dte.execution.coordinator import Allotment
from autotrade_0dte.execution.decision import DecisionKind
from autotrade_0dte.execution.exit_purpose import purpose_of
from autotrade_0dte.execution.exits import ExitReason
from autotrade_0dte.execution.managed_plan import ManagedPlan, PlanPhase, Step
from autotrade_0dte.execution.parent import Purpose
from autotrade_0dte.execution.protective_stop import protectable
from autotrade_0dte.indicators.contracts import theta_per_hour
from autotrade_0dte.risk.protective import ProtectiveParams
from autotrade_strategies.closing import Closing
from autotrade_strategies.orders import OrderSender, WorkingOrder
from autotrade_strategies.protection import Protection
from autotrade_strategies.quotes import fresh, tick_above
from autotrade_strategies.record import Record

__all__ = ["Trade"]

_WATCH_NS = 5_000_000_000
"""How long what the plan's watch has seen may be untold where its best has not changed."""


class Trade:
    """A managed plan and its orders: at most one for each leg's entry and one to close.

    A stop that rests at the broker is withdrawn, and its end awaited, before anything is closed:
    two sales of one position would otherwise be at work.

    Parameters
    ----------
    managed : ManagedPlan
        The plan.
    rows : dict
        Row of each contract in the chain, by engine id.
    chain : ChainSnapshot
        The newest snapshot; set anew for every one.
    sender, record, allotment
        The strategy's.
    close_ns : int
        Close of the session, UTC ns.
    least_purpose : Purpose
        Least of what its close is for: EMERGENCY once the session's deadline is past.
    protective : ProtectiveParams
        Its stop at the broker.
    """

    def __init__(
        self,
        managed: ManagedPlan,
        rows: Mapping[str, int],
        chain: ChainSnapshot,
        *,
        sender: OrderSender,
        record: Record,
        allotment: Allotment,
        close_ns: int,
        least_purpose: Purpose,
        protective: ProtectiveParams,
    ) -> None:
        self.managed = managed
        self.chain = chain
        self._plan = managed.plan
        self._rows = rows
        self._sender = sender
        self._record = record
        self._allotment = allotment
        self._told_ns = 0
        self._told_gain = managed.best_gain
        self._long: WorkingOrder | None = None
        self._short: WorkingOrder | None = None
        self._closing = Closing(
            managed, rows, sender=sender, record=record, close_ns=close_ns, purpose=least_purpose
        )
        self._protection = Protection(
            managed, protective, sender=sender, record=record, close_ns=close_ns, tell=self._tell
        )

    @property
    def is_over(self) -> bool:
        """Whether the plan is closed and none of its orders can fill any more."""
        return self.managed.phase is PlanPhase.CLOSED and not self._orders()

    @property
    def is_exiting(self) -> bool:
        """Whether the close has begun."""
        return self.managed.phase in (PlanPhase.EXITING, PlanPhase.CLOSED)

    @property
    def resting(self) -> ClientOrderId | None:
        """Name of the stop at the broker; None without one that is to stay there."""
        order = self._protection.order
        return order.order_id if order is not None and not self.is_exiting else None

    def has_leg(self, instrument_id: InstrumentId) -> bool:
        """Return whether a contract is one of the plan's."""
        return str(instrument_id) in (self._plan.instrument_id, self._plan.short_instrument_id)

    # -- from the strategy ----------------------------------------------------------------------

    def enter(self) -> None:
        """Send the order for the long leg, of a vertical both where the venue takes them as one."""
        plan, short = self._plan, self._plan.short_instrument_id
        self._tell(plan.decided_ns)
        package = None if short is None else self._sender.package_name()
        self._send_entry(
            OrderSide.BUY, plan.instrument_id, plan.quantity, plan.entry_cap, plan.reason,
            plan.figures, plan.decided_ns, plan.entry_deadline_ns, package,
        )  # fmt: skip
        if package is not None and short is not None:
            floor = tick_above(plan.entry_cap - plan.net_cap, short)  # nets to the cap, or below
            self._send_entry(
                OrderSide.SELL, short, plan.quantity, floor, Step.SELL_SHORT,
                {"net_cap": plan.net_cap}, plan.decided_ns, plan.entry_deadline_ns, package,
            )  # fmt: skip

    def resume(self, now_ns: int) -> None:
        """Go on with a plan of a process before this one; an exit that had begun goes on."""
        managed = self.managed
        if managed.bought:
            self._allotment.filled(self._plan.plan_id, managed.bought / self._plan.quantity)
        if managed.exit_reason is not None:
            self._closing.raise_to(purpose_of(managed.exit_reason))
        self._tell(now_ns)

    def stop_entering(self) -> None:
        """Buy no more; what is held goes on."""
        if self._long is not None:
            self._sender.cancel(self._long)
        if self._short is not None and self._short.package is not None:
            self._sender.cancel(self._short)  # lest it be sent anew alone

    def due_exit(self) -> StrEnum | None:
        """Return which of the plan's own rules closes the position now, or None."""
        chain, row = self.chain, self._rows[self._plan.instrument_id]
        bid, burn = fresh(chain, row, OrderSide.SELL), theta_per_hour(chain)
        decay = float(burn[row])
        short_ask = math.nan
        if self.managed.sold and self._plan.short_instrument_id is not None:
            short_row = self._rows[self._plan.short_instrument_id]
            short_ask = fresh(chain, short_row, OrderSide.BUY)
            decay -= float(burn[short_row]) * self.managed.sold / max(self.managed.held, 1)
        reason = self.managed.due_exit(chain.ts_event, bid, short_ask, decay)
        is_best = self.managed.best_gain > self._told_gain
        if self.managed.held and (is_best or chain.ts_event >= self._told_ns + _WATCH_NS):
            self._tell(chain.ts_event)
        return reason

    def work(self) -> None:
        """Bring the plan further: deadlines, the short leg, the exit's price."""
        now_ns = self.chain.ts_event
        if self.is_exiting or now_ns >= self._plan.entry_deadline_ns:
            self.stop_entering()  # again, where the first cancel has failed
        if self.managed.phase is PlanPhase.EXITING:
            self._work_exit(now_ns)
            return
        if self.managed.is_leg_overdue(now_ns):
            self._give_up_short_leg(now_ns)
        else:
            self._cover(now_ns)
        is_entering = self._long is not None or self._short is not None
        self._protection.work(0 if is_entering else protectable(self.managed), now_ns)

    def exit(self, reason: str, now_ns: int, figures: Mapping[str, float] | None = None) -> None:
        """Close the position, as soon as the reason asks for; nothing more is opened.

        A close that is at work already keeps its first reason, but not its leisure.
        """
        self.stop_entering()
        self._protection.withdraw()
        begins = not self.is_exiting
        self.managed.begin_exit(reason, now_ns)
        if begins:
            self._tell(now_ns)
        if figures is not None:
            self._closing.figures = dict(figures)
        self._closing.raise_to(purpose_of(reason))
        if self.managed.phase is PlanPhase.EXITING:
            self._work_exit(now_ns)

    # -- the legs -------------------------------------------------------------------------------

    def _cover(self, now_ns: int) -> None:
        """Sell the short leg against what is held and has none yet."""
        step, name = self.managed.step, self._plan.short_instrument_id
        if step is None or name is None or self._short is not None or self._sender.stopped:
            return
        reason, quantity = step
        floor, deadline_ns = self.managed.short_floor, self.managed.leg_deadline_ns or now_ns
        figures = {"net_cap": self._plan.net_cap, "long_paid": floor + self._plan.net_cap}
        limit = tick_above(floor, name)
        decided_ns = max(now_ns, self.chain.ts_event)  # a fill may be told of after its snapshot
        self._send_entry(
            OrderSide.SELL, name, quantity, limit, reason, figures, decided_ns, deadline_ns
        )

    def _give_up_short_leg(self, now_ns: int) -> None:
        """Go on, or end, as the plan says; what is still at work may fill until it is canceled."""
        _, missing = self.managed.step or (None, 0)
        order, name = self._short, str(self._plan.short_instrument_id)
        self.managed.give_up_short_leg(now_ns)
        self._tell(now_ns)
        figures = {"leg_risk_s": self.managed.leg_risk_ns / 1e9}
        self._record.decision(
            DecisionKind.REFUSE, ExitReason.LEG_NOT_FILLED, self._plan.plan_id, name,
            OrderSide.SELL, missing if order is None else order.leaves,
            math.nan if order is None else order.parent.cap, figures,
        )  # fmt: skip
        if order is not None:
            self._sender.cancel(order)
        if self.is_exiting:
            self.exit(ExitReason.LEG_NOT_FILLED, now_ns)

    def _send_entry(
        self,
        side: OrderSide,
        name: str,
        quantity: int,
        cap: float,
        reason: str,
        figures: Mapping[str, float],
        decided_ns: int,
        deadline_ns: int,
        package: str | None = None,
    ) -> None:
        plan = self._plan
        self._record.decision(
            DecisionKind.ENTER, reason, plan.plan_id, name, side, quantity, cap, figures
        )

        def note(order: WorkingOrder) -> None:
            if side == OrderSide.BUY:
                self._long = order
            else:
                self._short = order

        other = plan.short_instrument_id if side == OrderSide.BUY else plan.instrument_id
        self._sender.submit(
            name, side, quantity, cap, purpose=Purpose.ENTRY, plan_id=plan.plan_id, reason=reason,
            decided_ns=decided_ns, deadline_ns=deadline_ns, note=note, pair=other, package=package,
        )  # fmt: skip

    def _work_exit(self, now_ns: int) -> None:
        self._protection.withdraw()
        if self._short is not None:  # it may still fill, and that must be bought back as well
            self._sender.cancel(self._short)
        elif self._protection.order is None:
            self._closing.work(self.chain, now_ns)

    # -- what became of the orders --------------------------------------------------------------

    def on_event(self, event: Any) -> None:
        """Take what became of an order."""
        match event:
            case OrderFilled():
                self._filled(event)
            case OrderCanceled() | OrderExpired():
                order = self._working(event.client_order_id)
                if order is not None and not self._sender.resend(order):
                    self._ended(order, event.ts_event)
            case OrderRejected() | OrderDenied():
                self._refused(event)

    def _filled(self, event: OrderFilled) -> None:
        if not self.has_leg(event.instrument_id):
            return
        name = str(event.instrument_id)
        contracts = int(event.last_qty.as_double())
        signed = contracts if event.order_side == OrderSide.BUY else -contracts
        fee = 0.0 if event.commission is None else event.commission.as_double()
        order = self._working(event.client_order_id)
        is_stop = order is not None and order is self._protection.order
        if is_stop:
            self.managed.begin_exit(ExitReason.PROTECTIVE_STOP, event.ts_event)
        self.managed.filled(name, signed, event.last_px.as_double(), event.ts_event, fee)
        self._tell(event.ts_event)
        if order is not None:
            order.leaves -= contracts
            if order.leaves == 0:
                self._ended(order, event.ts_event)
        if is_stop:
            self.exit(ExitReason.PROTECTIVE_STOP, event.ts_event)  # what it has left
        elif not self.is_exiting:
            self._cover(event.ts_event)

    def _ended(self, order: WorkingOrder, now_ns: int) -> None:
        """Note that an order fills no further, and go on where the next one waited for that."""
        if order is self._long:
            self._long = None
            self.managed.entry_ended()
            self._tell(now_ns)
            if self.managed.bought:
                share = self.managed.bought / self._plan.quantity
                self._allotment.filled(self._plan.plan_id, share)
        elif order is self._short or order is self._protection.order:
            if order is self._short:
                self._short = None
            else:
                self._protection.ended()
            if self.managed.phase is PlanPhase.EXITING:
                self._work_exit(now_ns)
        else:
            self._closing.ended(order, self.chain, now_ns)

    def _refused(self, event: OrderRejected | OrderDenied) -> None:
        order = self._working(event.client_order_id)
        if order is None:
            return
        if order is self._protection.order:
            self._protection.refused(event)
            self._ended(order, event.ts_event)
            return
        self._record.decision(
            DecisionKind.REFUSE, event.reason, self._plan.plan_id, order.parent.instrument_id,
            order.side, order.leaves, order.parent.cap, self._closing.figures,
        )  # fmt: skip
        # Of a package that was filled in part nothing may be left uncovered.
        lacks_short = order is self._short and (
            order.package is None or self.managed.step is not None
        )
        if order in (self._closing.order, self._closing.sale):
            self._closing.refused(order, self.chain)
        self._ended(order, event.ts_event)
        if lacks_short and not self.is_exiting:
            self._give_up_short_leg(event.ts_event)

    def _tell(self, now_ns: int) -> None:
        """Publish the plan as it is now; of a position found at the start there is no plan."""
        if self.managed.found:
            return
        self._told_ns, self._told_gain = now_ns, self.managed.best_gain
        self._record.plan(self.managed.state(self._allotment.track, now_ns))

    def _orders(self) -> list[WorkingOrder]:
        orders = (
            self._long, self._short, self._closing.order, self._closing.sale,
            self._protection.order,
        )  # fmt: skip
        return [order for order in orders if order is not None]

    def _working(self, order_id: ClientOrderId) -> WorkingOrder | None:
        return next((order for order in self._orders() if order.order_id == order_id), None)
