"""The reports that the engine asks the execution client for."""

from typing import Any

from nautilus_trader.live import (
    GenerateFillReports,
    GenerateOrderStatusReport,
    GenerateOrderStatusReports,
    GeneratePositionStatusReports,
)
from nautilus_trader.model import (
    ExecutionMassStatus,
    FillReport,
    OrderStatusReport,
    PositionStatusReport,
)

from tiger_nt.account_client import AccountClient
from tiger_nt.engine_orders import EngineOrder
from tiger_nt.marks import user_mark

__all__ = ["ReportingClient"]


class ReportingClient(AccountClient):
    """Reports orders, fills and positions as Tiger has them; see `TigerExecutionClient`.

    What the engine does with the reports at its start (measured): an order under a client order id
    it does not know becomes an order of the strategy that claims the instrument
    (``external_order_instrument_ids``), else of the strategy EXTERNAL; fills are told apart by
    trade id and make the positions; a position report makes up only what fills do not explain.
    """

    async def _generate_mass_status(self, lookback_mins: int | None) -> ExecutionMassStatus:  # noqa: ARG002
        """Report the whole trading day, whatever the lookback: positions must fit the fills."""
        positions = await self._take_over()
        status = ExecutionMassStatus(
            self.client_id,
            self.account_id,
            self._settings.listings.venue,
            self.clock.timestamp_ns(),
        )
        orders = self._parts()
        status.add_order_reports(self._reports.orders(orders))
        status.add_fill_reports([f for each in orders for f in self._fills_of(each)])
        status.add_position_reports(self._reports.positions(positions))
        return status

    async def _generate_order_status_report(
        self, command: GenerateOrderStatusReport
    ) -> OrderStatusReport | None:
        order = None
        if command.venue_order_id is not None:
            order = self._tracker.part_by_id(int(command.venue_order_id.value))
        elif command.client_order_id is not None:
            order = self._tracker.part_by_mark(user_mark(command.client_order_id.value))
        if order is None or order.whole.id is None:
            return None
        view = await self._connection.rest.order(order.whole.id)
        if view is not None:
            self._gateway.tell(self._tracker.on_view(view))
        return next(iter(self._reports.orders([order])), None)

    async def _generate_order_status_reports(
        self, command: GenerateOrderStatusReports
    ) -> list[OrderStatusReport]:
        await self._refresh()
        orders = [order for order in self._parts() if not (command.open_only and order.is_done)]
        return [r for r in self._reports.orders(orders) if _wanted(command, r)]

    async def _generate_fill_reports(self, command: GenerateFillReports) -> list[FillReport]:
        await self._refresh()
        found = [report for order in self._parts() for report in self._fills_of(order)]
        return [
            report
            for report in found
            if _wanted(command, report) and command.venue_order_id in {None, report.venue_order_id}
        ]

    async def _generate_position_status_reports(
        self, command: GeneratePositionStatusReports
    ) -> list[PositionStatusReport]:
        positions = await self._connection.rest.positions()
        return [r for r in self._reports.positions(positions) if _wanted(command, r)]

    def _parts(self) -> list[EngineOrder]:
        """Return the orders that Tiger knows, as the engine has them."""
        return [part for order in self._tracker for part in order.parts]

    def _fills_of(self, order: EngineOrder) -> list[FillReport]:
        return self._reports.fills(order, order.fills)


def _wanted(command: Any, report: Any) -> bool:
    return command.instrument_id in {None, report.instrument_id}
