"""The half of the execution client that tells the engine: account, news, reports."""

import asyncio
import contextlib
from collections.abc import Coroutine
from typing import Any

from nautilus_trader.common import Clock, Logger
from nautilus_trader.live import (
    ClientCache,
    GenerateFillReports,
    GenerateOrderStatusReport,
    GenerateOrderStatusReports,
    GeneratePositionStatusReports,
)
from nautilus_trader.live.clients import ExecutionClient
from nautilus_trader.model import (
    AccountId,
    AccountType,
    ExecutionMassStatus,
    FillReport,
    OmsType,
    OptionContract,
    OrderStatusReport,
    PositionStatusReport,
    TraderId,
)

from tiger_nt.account_news import AccountNews
from tiger_nt.account_state import AccountState
from tiger_nt.alarms import Alarm, AlarmKind, Residual
from tiger_nt.engine_orders import EngineOrder
from tiger_nt.engine_output import EngineOutput
from tiger_nt.engine_reports import EngineReports
from tiger_nt.errors import TigerError
from tiger_nt.execution_config import TigerExecutionClientConfig
from tiger_nt.gateway import OrderGateway
from tiger_nt.marks import user_mark
from tiger_nt.orders import TrackedOrder
from tiger_nt.parsing.reports import USD, balances, margins
from tiger_nt.reconciliation import Reconciler, net_fills, net_positions, residuals
from tiger_nt.tracker import OrderTracker
from tiger_nt.views import AssetsView, LinkEvent, LinkState, PositionView

__all__ = ["ReportingClient"]

_NS_PER_MS = 1_000_000
_RETRY_S = 5.0
_START_S = 30.0
_SETTLED_S = 5.0
"""After a gap, when news of orders are sure to flow again: once more, for what fell in between."""


class ReportingClient(ExecutionClient):
    """Keeps the engine's picture of the account true; see `TigerExecutionClient`.

    What the engine does with the reports at its start (measured): an order under a client order id
    it does not know becomes an order of the strategy that claims the instrument
    (``external_order_instrument_ids``), else of the strategy EXTERNAL; fills are told apart by
    trade id and make the positions; a position report makes up only what fills do not explain.
    """

    unexplained: tuple[Residual, ...] = ()
    """Positions at the start that fills of today's orders with our mark do not explain."""

    def __init__(
        self,
        name: str,
        config: TigerExecutionClientConfig,
        cache: ClientCache,
        clock: Clock,
        trader_id: TraderId,
    ) -> None:
        credentials = config.connection.config.credentials
        super().__init__(
            name=name,
            config=config,
            cache=cache,
            clock=clock,
            trader_id=trader_id,
            venue=config.listings.venue,
            # The engine finds the account of a venue by the first part of its id.
            account_id=AccountId(f"{config.listings.venue}-{credentials.account[-4:]}"),
            account_type=config.account_type,
            oms_type=OmsType.NETTING,
            base_currency=USD,
        )
        rest = config.connection.rest
        self._settings = config
        self._connection = config.connection
        self._log = Logger(name)
        self._reports = EngineReports(self, config.listings, self._alarm)
        engine = EngineOutput(self, self._reports, self._alarm, self._cancel)
        self._tracker = OrderTracker(config.fees)
        self._gateway = OrderGateway(rest, self._tracker, engine.tell, config.patience, self._fail)
        self._reconciler = Reconciler(rest, self._tracker, self._gateway)
        self._account = AccountState(rest, self._on_assets, self._log)
        self._news = AccountNews(
            self._tracker, self._account, self._gateway.tell, self._on_link, self._fail
        )
        self._tasks: list[asyncio.Task[object]] = []
        self._gap = asyncio.Event()
        self._alarmed: set[Residual] = set()
        self._is_open = False

    # -- Lifecycle -----------------------------------------------------------------------------

    async def _connect(self) -> None:
        await self._connection.open()
        self._is_open = True
        self._connection.push.add_listener(self._news)
        try:
            await self._account.refresh()
        except BaseException:
            await self._close()
            raise
        self._start("account", self._account.run())
        self._start("orders", self._gateway.inquiry.run())
        self._start("reconciliation", self._keep_reconciled())

    async def _disconnect(self) -> None:
        for task in self._tasks:
            task.cancel()
        self._tasks.clear()
        await self._gateway.close()
        if self._is_open:
            await self._account.finish()
        await self._close()

    async def _close(self) -> None:
        """Give the connection back, once: the engine disconnects what failed to connect too."""
        if self._is_open:
            self._is_open = False
            self._connection.push.remove_listener(self._news)
            await self._connection.close()

    def _start(self, name: str, work: Coroutine[object, object, object]) -> None:
        self._tasks.append(self.create_task(work, name))

    def _fail(self, error: Exception) -> None:
        """Let the engine's supervision see an error that arose in a callback."""

        async def fail() -> None:
            raise error

        self.create_task(fail(), "execution")

    def _cancel(self, order: TrackedOrder) -> None:
        self._gateway.cancel(order)

    def _alarm(self, alarm: Alarm) -> None:
        # An error in the engine's log ends a node with shutdown_on_error.
        log = self._log.warning if alarm.kind.is_passing else self._log.error
        log(f"{alarm.kind}: {alarm.text}")
        if self._settings.on_alarm is not None:
            self._settings.on_alarm(alarm)

    def _on_link(self, event: LinkEvent) -> None:
        if event.state is LinkState.UP:
            self._gap.set()
        elif event.state is not LinkState.DOWN:  # what it means for the node is not ours to say
            self._log.warning(f"{event.state}: no news of orders any more, they are asked for")

    def _on_assets(self, assets: AssetsView) -> None:
        if assets.currency != USD.code:
            self._log.warning(f"Expected the account's figures in USD, was {assets.currency}")
            return
        known = balances(assets)
        if not known:
            self._log.warning("Tiger told the account's figures without its cash: not passed on")
            return
        is_margin = self._settings.account_type == AccountType.MARGIN
        self.generate_account_state(
            known, margins(assets) if is_margin else [], True, self.clock.timestamp_ns()
        )

    # -- Reconciliation ------------------------------------------------------------------------

    async def _keep_reconciled(self) -> None:
        """Compare with Tiger now and then, and at once when a lost connection is back."""
        wait_s = _START_S  # the engine asks for its first reports meanwhile, if it does at all
        while True:
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(wait_s):
                    await self._gap.wait()
            interval_s = self._settings.reconcile_interval_s
            wait_s = min(_SETTLED_S, interval_s) if self._gap.is_set() else interval_s
            self._gap.clear()
            try:
                if not self._news.is_released:
                    self._news.release()
                await self._reconcile()
            except TigerError as e:
                self._log.warning(f"not reconciled, trying again: {e}")
                wait_s = _RETRY_S

    async def _take_over(self) -> list[PositionView]:
        """Take in the trading day so far; news go on from here. Return the positions."""
        snapshot = await self._reconciler.start(self.clock.timestamp_ns() // _NS_PER_MS)
        self._on_assets(snapshot.assets)
        held = net_positions(snapshot.positions)
        different = residuals(held, net_fills(self._tracker))
        self.unexplained = tuple(each for each in different if each.held)
        if self.unexplained:
            listed = "; ".join(map(str, self.unexplained))
            text = f"positions not explained by today's orders of ours: {listed}"
            self._alarm(Alarm(AlarmKind.UNEXPLAINED, text, self.unexplained))
        self._news.release()
        return snapshot.positions

    async def _reconcile(self) -> None:
        snapshot = await self._reconciler.refresh(self.clock.timestamp_ns() // _NS_PER_MS)
        self._on_assets(snapshot.assets)
        self._alarmed &= set(self._differences(snapshot.positions))
        new = set(self._differences(snapshot.positions)) - self._alarmed
        if not new:
            return
        # The engine may not have worked off the news yet, and fills come after positions.
        await asyncio.sleep(self._settings.patience.recheck_s)
        positions = await self._connection.rest.positions()
        lasting = tuple(sorted(new & set(self._differences(positions)), key=str))
        if lasting:
            self._alarmed |= set(lasting)
            text = f"positions of the engine and of Tiger differ: {'; '.join(map(str, lasting))}"
            self._alarm(Alarm(AlarmKind.MISMATCH, text, lasting))

    def _differences(self, positions: list[PositionView]) -> tuple[Residual, ...]:
        """Return where Tiger and the engine differ, leaving out what has expired."""
        now_ns = self.clock.timestamp_ns()
        engine: dict[str, int] = {}
        for position in self.cache.positions_open(venue=self.venue):
            symbol = position.instrument_id.symbol.value
            engine[symbol] = engine.get(symbol, 0) + int(position.signed_qty)
        return tuple(
            each
            for each in residuals(net_positions(positions), engine)
            if not self._is_expired(each.symbol, now_ns)
        )

    def _is_expired(self, symbol: str, now_ns: int) -> bool:
        instrument = self._reports.known_instrument(symbol)
        return isinstance(instrument, OptionContract) and instrument.expiration_ns <= now_ns

    # -- Reports -------------------------------------------------------------------------------

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
        await self._reconciler.refresh(self.clock.timestamp_ns() // _NS_PER_MS)
        orders = [order for order in self._parts() if not (command.open_only and order.is_done)]
        return [r for r in self._reports.orders(orders) if _wanted(command, r)]

    async def _generate_fill_reports(self, command: GenerateFillReports) -> list[FillReport]:
        await self._reconciler.refresh(self.clock.timestamp_ns() // _NS_PER_MS)
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
