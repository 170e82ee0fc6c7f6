"""The account's part of the execution client: its connection, its figures, its reconciliation."""

import asyncio
import contextlib
from collections.abc import Coroutine

from nautilus_trader.common import Clock, Logger
from nautilus_trader.live import ClientCache
from nautilus_trader.live.clients import ExecutionClient
from nautilus_trader.model import (
    AccountId,
    AccountType,
    OmsType,
    OptionContract,
    TraderId,
)

from tiger_nt.account_news import AccountNews
from tiger_nt.account_state import AccountState
from tiger_nt.alarms import Alarm, AlarmKind, Residual
from tiger_nt.engine_output import EngineOutput
from tiger_nt.engine_reports import EngineReports
from tiger_nt.errors import TigerError
from tiger_nt.execution_config import TigerExecutionClientConfig
from tiger_nt.gateway import OrderGateway
from tiger_nt.orders import TrackedOrder
from tiger_nt.parsing.reports import USD, balances, margins
from tiger_nt.reconciliation import Reconciler, Snapshot, net_fills, net_positions, residuals
from tiger_nt.tracker import OrderTracker
from tiger_nt.views import AssetsView, LinkEvent, LinkState, PositionView

__all__ = ["AccountClient"]

_NS_PER_MS = 1_000_000
_RETRY_S = 5.0
_START_S = 30.0
_SETTLED_S = 5.0
"""After a gap, when news of orders are sure to flow again: once more, for what fell in between."""


class AccountClient(ExecutionClient):
    """Keeps the engine's picture of the account true while it runs; see `TigerExecutionClient`."""

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
        self._unreadable: set[str] = set()
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
            was_gap = self._gap.is_set()
            wait_s = min(_SETTLED_S, interval_s) if was_gap else interval_s
            self._gap.clear()
            try:
                if not self._news.is_released:
                    self._news.release()
                await self._reconcile(whole=was_gap)
            except TigerError as e:
                self._log.warning(f"not reconciled, trying again: {e}")
                wait_s = _RETRY_S

    async def _take_over(self) -> list[PositionView]:
        """Take in the trading day so far; news go on from here. Return the positions."""
        snapshot = await self._reconciler.start(self._now_ms())
        self._on_snapshot(snapshot)
        held = net_positions(snapshot.positions)
        different = residuals(held, net_fills(self._tracker))
        unexplained = tuple(each for each in different if each.held)
        if unexplained:
            listed = "; ".join(map(str, unexplained))
            text = f"positions not explained by today's orders of ours: {listed}"
            self._alarm(Alarm(AlarmKind.UNEXPLAINED, text, unexplained))
        self._news.release()
        return snapshot.positions

    async def _reconcile(self, *, whole: bool) -> None:
        """Take in what is new, or the whole day; raise an alarm for what differs after the latter.

        Whatever may have been missed is in the day, so it is read before anybody is alarmed.
        """
        lasting = await self._lasting_differences(whole=whole)
        if lasting and not whole:
            lasting = await self._lasting_differences(whole=True)
        if lasting:
            self._alarmed |= set(lasting)
            text = f"positions of the engine and of Tiger differ: {'; '.join(map(str, lasting))}"
            self._alarm(Alarm(AlarmKind.MISMATCH, text, lasting))

    async def _lasting_differences(self, *, whole: bool) -> tuple[Residual, ...]:
        """Take in what is new; return the positions that differ, and still do after a while."""
        snapshot = await self._reconciler.refresh(self._now_ms(), whole=whole)
        self._on_snapshot(snapshot)
        different = set(self._differences(snapshot.positions))
        self._alarmed &= different
        new = different - self._alarmed
        if not new:
            return ()
        # The engine may not have worked off the news yet, and fills come after positions.
        await asyncio.sleep(self._settings.patience.recheck_s)
        positions = await self._connection.rest.positions()
        return tuple(sorted(new & set(self._differences(positions)), key=str))

    async def _refresh(self) -> None:
        """Take in what is new."""
        self._on_snapshot(await self._reconciler.refresh(self._now_ms()))

    def _on_snapshot(self, snapshot: Snapshot) -> None:
        self._on_assets(snapshot.assets)
        for text in set(snapshot.unreadable) - self._unreadable:
            self._unreadable.add(text)
            self._alarm(Alarm(AlarmKind.UNREADABLE, text))

    def _now_ms(self) -> int:
        return self.clock.timestamp_ns() // _NS_PER_MS

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
