"""The execution client: the engine's orders at Tiger, and Tiger's account in the engine."""

import asyncio
import time
from typing import Any

from nautilus_trader.common import Clock
from nautilus_trader.live import (
    CancelAllOrders,
    CancelOrder,
    ClientCache,
    ModifyOrder,
    QueryAccount,
    QueryOrder,
    SubmitOrder,
    SubmitOrderList,
)
from nautilus_trader.model import ClientOrderId, OrderSide, TraderId

from tiger_nt.alarms import Alarm, AlarmKind
from tiger_nt.budget import Halt
from tiger_nt.engine_orders import EngineOrder, Terms
from tiger_nt.execution_config import TigerExecutionClientConfig
from tiger_nt.execution_reports import ReportingClient
from tiger_nt.marks import client_order_id, user_mark
from tiger_nt.order_admission import OrderAdmission
from tiger_nt.order_requests import order_request, refusal
from tiger_nt.orders import TrackedOrder
from tiger_nt.package_requests import (
    opening_refusal,
    package_name,
    package_refusal,
    package_request,
)
from tiger_nt.views import OrderRequest, PackageRequest

__all__ = ["TigerExecutionClient", "TigerExecutionClientConfig"]

_POLL_S = 0.05
_OTHER_LEG_S = 1.0
"""How long the first order of a package waits for the second: both are sent in one turn."""


class TigerExecutionClient(ReportingClient):
    """Sends the engine's orders to Tiger, each once, and keeps the engine's picture true.

    What the engine is told of an order comes from one state machine (orders.py) that push, REST
    and executions all feed. Orders that Tiger cannot have are denied with the reason; so are those
    beyond the limits of the configuration unless they reduce risk. An order whose fate is unknown
    is asked for by its mark and never sent again.

    The node's engine is to be made with `engine_config`: by default it decides by itself what
    became of orders without an answer, while this client is still asking. An order that the engine
    has ended so and Tiger works is cancelled, with an alarm.
    """

    def __init__(
        self,
        name: str,
        config: TigerExecutionClientConfig,
        cache: ClientCache,
        clock: Clock,
        trader_id: TraderId,
    ) -> None:
        super().__init__(name, config, cache, clock, trader_id)
        budget = config.connection.rest.budget
        budget.on_halt = self._on_halt
        self._admission = OrderAdmission(config.limits, budget, self._tracker, cache, clock)
        self._halves: dict[str, Any] = {}

    async def _disconnect(self) -> None:
        self._connection.rest.close_entries()
        if self._settings.cancel_on_stop:
            await self._cancel_own()
        left = self._own_working()
        if left:
            listed = ", ".join(map(_name, left))
            self._alarm(Alarm(AlarmKind.LEFT_OPEN, f"orders still at work: {listed}"))
        await super()._disconnect()

    # -- Commands ------------------------------------------------------------------------------

    async def _submit_order(self, command: SubmitOrder) -> None:
        # The command's own copy is as the order was made; an execution algorithm may have changed
        # it since, and the cache has what it is now.
        self._submit(self.cache.order(command.order.client_order_id))

    async def _submit_order_list(self, command: SubmitOrderList) -> None:
        for name in command.order_list.client_order_ids():
            self._submit(self.cache.order(name))

    async def _modify_order(self, command: ModifyOrder) -> None:
        order = self._find(command)
        engine_order: Any = self.cache.order(command.client_order_id)
        if not isinstance(order, TrackedOrder):
            self.generate_order_modify_rejected(
                engine_order,
                command.venue_order_id,
                "UNKNOWN_ORDER: Expected an order sent by this adapter"
                if order is None
                else "PACKAGE_NOT_MODIFIABLE: Expected a cancel and a new package",
                self.clock.timestamp_ns(),
            )
            return
        terms = _terms(command, order)
        leaves = terms[0] - engine_order.filled_qty.as_double()
        reduces = self._admission.reduces_risk(engine_order, leaves, order)
        reason = None
        if not reduces:
            reason = self._admission.against_change(engine_order, terms[0], terms[1])
        if reason is not None:
            self.generate_order_modify_rejected(
                engine_order, command.venue_order_id, reason, self.clock.timestamp_ns()
            )
            return
        self._gateway.modify(order, terms, reduces_risk=reduces)

    async def _cancel_order(self, command: CancelOrder) -> None:
        order = self._find(command)
        if order is None:
            self.generate_order_cancel_rejected(
                self.cache.order(command.client_order_id),
                command.venue_order_id,
                "UNKNOWN_ORDER: Expected an order that Tiger has told of",
                self.clock.timestamp_ns(),
            )
            return
        # A cancel of either leg is one of the package; the other leg's needs no second request.
        if order is order.whole or not order.awaits_cancel:
            self._gateway.cancel(order.whole)

    async def _cancel_all_orders(self, command: CancelAllOrders) -> None:
        # By our own books: the engine's may not know yet of an order that was just sent.
        for order in (part for each in self._tracker.live() for part in each.parts):
            name = self._reports.client_order_id(order)
            known: Any = None if name is None or order.is_done else self.cache.order(name)
            if (
                known is not None
                and known.strategy_id == command.strategy_id
                and known.instrument_id == command.instrument_id
                and command.order_side in {None, OrderSide.NO_ORDER_SIDE, known.side}
            ):
                self._gateway.cancel(order.whole)

    async def _query_account(self, command: QueryAccount) -> None:  # noqa: ARG002
        self._account.on_change()

    async def _query_order(self, command: QueryOrder) -> None:
        order = self._find(command)
        if order is not None and order.whole.id is not None:
            self._gateway.inquiry.suspect(order.whole.id)

    # -- Submitting ----------------------------------------------------------------------------

    def _submit(self, order: Any) -> None:
        """Send an order or deny it; never raise, or the engine would have it pending for good."""
        package = package_name(order)
        if package is not None:
            self._join(package, order)
            return
        try:
            request = order_request(order) if (reason := refusal(order)) is None else None
            reduces = self._reduces_risk(order)
            if request is not None:
                reason = self._admission.against_order(order, request, reduces=reduces)
        except Exception as e:  # noqa: BLE001 - nothing was sent, and this must become a denial
            request, reason = None, f"INTERNAL_ERROR: {type(e).__name__}: {e}"
        if request is None or reason is not None:
            self.generate_order_denied(order, str(reason))
            return
        self._place([order], request, reduces)

    def _join(self, package: str, order: Any) -> None:
        """Send a package when its second order is here; alone, the first goes nowhere."""
        first = self._halves.pop(package, None)
        if first is not None:
            self._submit_package([first, order])
            return
        self._halves[package] = order
        self.create_task(self._give_up_half(package, order), "package")

    async def _give_up_half(self, package: str, order: Any) -> None:
        await asyncio.sleep(_OTHER_LEG_S)
        if self._halves.get(package) is order:
            del self._halves[package]
            reason = f"PACKAGE_INCOMPLETE: Expected a second order tagged package={package}"
            self.generate_order_denied(order, reason)

    def _submit_package(self, orders: list[Any]) -> None:
        """Send the orders as one, or deny them all; never raise, as `_submit`."""
        request: PackageRequest | None = None
        reduces = False
        try:
            reason = package_refusal(orders)
            if reason is None:
                request = package_request(orders)
                reduces = all(self._reduces_risk(order) for order in orders)
                reason = None if reduces else opening_refusal(request)
                reason = reason or self._admission.against_order(
                    orders[0], request, reduces=reduces
                )
        except Exception as e:  # noqa: BLE001 - nothing was sent, and this must become a denial
            reason = f"INTERNAL_ERROR: {type(e).__name__}: {e}"
        if request is None or reason is not None:
            for order in orders:
                self.generate_order_denied(order, str(reason))
            return
        self._place(orders, request, reduces)

    def _place(self, orders: list[Any], request: OrderRequest, reduces: bool) -> None:
        if not self._news.is_released:
            self._news.release()  # a node without reports at its start trades from here
        for order in orders:
            self.generate_order_submitted(order)
        self._gateway.place(request, reduces_risk=reduces)

    def _reduces_risk(self, order: Any) -> bool:
        return self._admission.reduces_risk(order, order.leaves_qty.as_double())

    def _on_halt(self, halt: Halt) -> None:
        if halt.is_over:
            self._log.warning("orders that open positions may go on")
            return
        left_s = halt.until_s - time.monotonic()
        text = f"Tiger has refused {halt.strikes} calls of late: no entries for {left_s:.0f} s"
        self._alarm(Alarm(AlarmKind.CALLS_HALTED, text))

    # -- Finding -------------------------------------------------------------------------------

    def _find(self, command: Any) -> EngineOrder | None:
        found = self._by_name(command.client_order_id)
        if found is None and command.venue_order_id is not None:
            found = self._tracker.part_by_id(int(command.venue_order_id.value))
        return found

    def _by_name(self, name: ClientOrderId) -> EngineOrder | None:
        found = self._tracker.part_by_mark(user_mark(name.value))
        if found is None:
            venue_id = self.cache.venue_order_id(name)
            found = None if venue_id is None else self._tracker.part_by_id(int(venue_id.value))
        return found

    # -- Stopping ------------------------------------------------------------------------------

    def _own_working(self) -> list[TrackedOrder]:
        """Return orders at work that this trader sent, in this process or one before it."""
        tag = self.trader_id.value.rpartition("-")[2]
        return [
            order
            for order in self._tracker.live()
            if not order.is_done
            and (
                order.was_sent
                or any(f"-{tag}-" in (client_order_id(part.mark) or "") for part in order.parts)
            )
        ]

    async def _cancel_own(self) -> None:
        working = self._to_cancel()
        if not working:
            return
        self._log.info(f"stopping: cancelling {len(working)} orders at work")
        deadline_s = time.monotonic() + self._settings.stop_timeout_s
        for order in working:
            self._gateway.cancel(order)
        while self._to_cancel() and time.monotonic() < deadline_s:
            await asyncio.sleep(_POLL_S)

    def _to_cancel(self) -> list[TrackedOrder]:
        keeps = self._settings.keep_stops
        return [
            order
            for order in self._own_working()
            if not (keeps and order.request.stop_price is not None)
        ]


def _name(order: TrackedOrder) -> str:
    symbol = order.request.symbol
    if order.id is None:
        return f"{symbol} with mark {order.mark}, outcome unknown"
    return f"{order.id} {symbol}"


def _terms(command: ModifyOrder, order: TrackedOrder) -> Terms:
    quantity, price, trigger = command.quantity, command.price, command.trigger_price
    return (
        order.quantity if quantity is None else int(quantity.as_double()),
        order.terms[1] if price is None else price.as_double(),
        order.terms[2] if trigger is None else trigger.as_double(),
    )
