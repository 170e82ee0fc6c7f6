"""A node with Tiger's two clients against a simulator, driven from a test step by step.

>>> with SimulatorProcess() as simulator, TigerTrader(simulator) as trader:
...     order = trader.buy(limit=0.05)
...     trader.wait(lambda: trader.status(order) == "ACCEPTED", "an accepted order")
"""

import asyncio
import datetime as dt
import gc
import time
from collections.abc import Awaitable, Callable
from types import TracebackType
from typing import Any, Self

from nautilus_trader.common import Environment, LoggerConfig, LogLevel
from nautilus_trader.live import LiveNodeBuilder, LiveNodeConfig
from nautilus_trader.model import (
    ClientOrderId,
    InstrumentId,
    OrderSide,
    Price,
    Quantity,
    StrategyId,
    TimeInForce,
    TraderId,
)
from nautilus_trader.trading import Strategy, StrategyConfig
from patience import PATIENCE_S
from simulator_process import SimulatorProcess

from tiger_nt.alarms import Alarm
from tiger_nt.config import tiger_config
from tiger_nt.connection import TigerConnection
from tiger_nt.data_config import TigerDataClientConfig
from tiger_nt.execution import TigerExecutionClient
from tiger_nt.execution_config import TigerExecutionClientConfig, engine_config
from tiger_nt.factories import TigerDataClientFactory, TigerExecutionClientFactory
from tiger_nt.inquiry import Patience as OrderPatience
from tiger_nt.instruments import DefaultListings, Underlying
from tiger_nt.providers import StrikeWindow, load_chain
from tiger_nt.push_supervisor import Patience
from tiger_nt.rest import TigerRest

__all__ = ["TigerTrader"]

SPY = Underlying("SPY", "SPY")
WINDOW = StrikeWindow(0.0, 3)
HASTE = OrderPatience(
    risk_s=20.0,
    first_ask_s=0.15,
    longest_ask_s=0.3,
    lost_s=0.8,
    lost_asks=3,
    command_asks=3,
    recheck_s=0.3,
)


class _Recorder(Strategy):
    """Keeps its events; a test gives the orders."""

    def __init__(self, config: StrategyConfig) -> None:
        super().__init__(config)
        self.events: list[Any] = []
        self.option: InstrumentId | None = None

    def on_start(self) -> None:
        if self.option is not None:
            self.subscribe_quotes(self.option)

    def on_quote(self, quote: Any) -> None:
        """Nothing: the engine needs quotes for market orders."""

    def on_order_event(self, event: Any) -> None:
        self.events.append(event)


class TigerTrader:
    """Runs the node in the test's thread: it lives while the test waits.

    Parameters
    ----------
    simulator : SimulatorProcess
        Its market and paper account.
    claim : bool, default False
        Whether the strategy takes over orders and positions it finds at the start.
    ends_on_error : bool, default False
        Whether the node stops itself after an error.
    **settings
        Of the execution client.
    """

    def __init__(
        self,
        simulator: SimulatorProcess,
        *,
        claim: bool = False,
        ends_on_error: bool = False,
        **settings: Any,
    ) -> None:
        self.simulator = simulator
        self.alarms: list[Alarm] = []
        self._claim = claim
        self._ends_on_error = ends_on_error
        self._settings = {"patience": HASTE, "on_alarm": self.alarms.append, **settings}
        self._loop = asyncio.new_event_loop()
        self._task: asyncio.Future[None] | None = None

    def __enter__(self) -> Self:
        self._loop.run_until_complete(self._start())
        self.wait(lambda: self._handle.is_running and self.strategy.is_running(), "a running node")
        self.wait(lambda: self.cache.quote(self.option) is not None, "a quote")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self.stop()
        self.node.dispose()
        # A thread can have the next node only when nothing refers to this one.
        del self.node, self.cache, self.strategy, self.client, self._handle
        self._loop.close()
        gc.collect()
        time.sleep(1.0 - time.time() % 1.0)  # the engine counts its order ids anew every second

    def stop(self) -> None:
        """Stop the node and wait for its end."""
        if self._task is not None:
            self._handle.stop()
            task, self._task = self._task, None
            self._loop.run_until_complete(task)

    @property
    def is_running(self) -> bool:
        """Whether the node has not begun to stop."""
        return bool(self._handle.is_running)

    def wait(self, condition: Callable[[], bool], what: str) -> None:
        """Let the node live until the condition holds."""

        async def wait() -> None:
            until = time.monotonic() + PATIENCE_S
            while not condition():
                events = [f"{type(e).__name__} {e.client_order_id}" for e in self.strategy.events]
                assert time.monotonic() < until, f"Expected {what}, was {events}, {self.alarms}"
                assert self._task is None or not self._task.done(), f"Expected {what}, was the end"
                await asyncio.sleep(0.005)

        self._loop.run_until_complete(wait())

    def do[T](self, work: Awaitable[T]) -> T:
        """Let the node live while something is done on its loop."""

        async def done() -> T:
            return await work

        return self._loop.run_until_complete(done())

    # Orders

    def buy(self, quantity: int = 1, limit: float | None = None, **options: Any) -> ClientOrderId:
        """Buy the at-the-money call at a limit, at market without one; return the order's id."""
        return self.submit(self.order(OrderSide.BUY, quantity, limit, **options))

    def sell(self, quantity: int = 1, limit: float | None = None, **options: Any) -> ClientOrderId:
        """Sell, as `buy`."""
        return self.submit(self.order(OrderSide.SELL, quantity, limit, **options))

    def order(
        self, side: OrderSide, quantity: int, limit: float | None = None, **options: Any
    ) -> Any:
        """Make an order of the at-the-money call."""
        factory, size = self.strategy.order_factory, Quantity.from_int(quantity)
        options = {"time_in_force": TimeInForce.DAY, **options}
        if limit is None:
            return factory.market(self.option, side, size, **options)
        return factory.limit(self.option, side, size, Price(limit, 2), **options)

    def submit(self, order: Any) -> ClientOrderId:
        """Submit an order and return its id."""
        self.strategy.submit_order(order)
        name: ClientOrderId = order.client_order_id
        return name

    def status(self, order: ClientOrderId) -> str:
        """Return the engine's status of an order."""
        return str(self.cache.order(order).status)

    def events(self, order: ClientOrderId) -> list[str]:
        """Return the names of an order's events, without ``Order``."""
        return [
            type(event).__name__.removeprefix("Order")
            for event in self.strategy.events
            if event.client_order_id == order
        ]

    def reason(self, order: ClientOrderId) -> str:
        """Return the reason that the last event of the order carries."""
        found = [event for event in self.strategy.events if event.client_order_id == order]
        return str(found[-1].reason)

    def await_status(self, order: ClientOrderId, status: str) -> None:
        """Wait until the engine's order has the status."""
        self.wait(lambda: self.status(order) == status, f"{order} {status}")

    # What holds in the end

    def held(self) -> dict[str, int]:
        """Return the engine's positions by symbol."""
        found: dict[str, int] = {}
        for position in self.cache.positions_open():
            symbol = position.instrument_id.symbol.value
            found[symbol] = found.get(symbol, 0) + int(position.signed_qty)
        return found

    def agrees(self) -> bool:
        """Return whether the engine's orders and positions are the simulator's."""
        account = self.simulator.account()
        held = {name: each["quantity"] for name, each in account["positions"].items()}
        filled = {str(o["id"]): o["filled"] for o in account["orders"] if o["filled"]}
        known = {
            order.venue_order_id.value: int(order.filled_qty.as_double())
            for order in self.cache.orders()
            if order.filled_qty.as_double()
        }
        over = {"Cancelled", "Filled", "Inactive", "Invalid"}
        at_work = {str(o["id"]) for o in account["orders"] if o["status"] not in over}
        open_here = {o.venue_order_id.value for o in self.cache.orders_open()}
        return held == self.held() and filled == known and at_work == open_here

    def order_at_tiger(self, order: ClientOrderId) -> dict[str, Any]:
        """Return the simulator's order."""
        name = self.cache.order(order).venue_order_id.value
        found = [o for o in self.simulator.account()["orders"] if str(o["id"]) == name]
        assert len(found) == 1, found
        return dict(found[0])

    def ask(self) -> float:
        """Return the at-the-money call's ask at the simulator."""
        return float(self.simulator.control("GET", f"/quote/{self.symbol}")["ask"])

    # The node

    async def _start(self) -> None:
        environment = self.simulator.environment()
        config = tiger_config(environment)
        date, _, close_ns = environment["TIGER_NT_SESSION"].split(",")
        day = dt.date.fromisoformat(date)
        listings = DefaultListings([SPY], expiry=lambda _root, _date: int(close_ns))
        rest = TigerRest(config)
        await rest.start()
        chain = await load_chain(rest, SPY, day, listings, WINDOW)
        await rest.close()
        calls = [c for c in chain.contracts if "C" in c.id.symbol.value[9:10]]
        nearest = min(calls, key=lambda c: abs(c.strike_price.as_double() - chain.spot))
        self.option: InstrumentId = nearest.id
        self.symbol = nearest.id.symbol.value

        connection = TigerConnection(config, Patience(first_s=0.05))
        data = TigerDataClientConfig(connection, [SPY], day, listings, WINDOW, [chain])
        execution = TigerExecutionClientConfig(connection, listings, **self._settings)
        made: list[TigerExecutionClient] = []

        class Factory(TigerExecutionClientFactory):
            @staticmethod
            def create(**facts: Any) -> TigerExecutionClient:
                made.append(TigerExecutionClientFactory.create(**facts))
                return made[-1]

        builder = LiveNodeBuilder.from_config("NODE", _node_config(self._ends_on_error))
        builder = builder.add_data_client("TIGER", TigerDataClientFactory(), data)
        self.node = builder.add_exec_client("TIGER", Factory(), execution).build()
        self.client = made[0]
        claimed = [contract.id for contract in chain.contracts] if self._claim else None
        self.cache = self.node.cache
        self.strategy = _Recorder(
            StrategyConfig(StrategyId("S-001"), external_order_instrument_ids=claimed)
        )
        self.strategy.option = self.option
        self.node.add_strategy(self.strategy)
        self._handle = self.node.handle()
        self._task = asyncio.ensure_future(self.node.run_async())


def _node_config(ends_on_error: bool) -> LiveNodeConfig:
    return LiveNodeConfig(
        environment=Environment.LIVE,
        trader_id=TraderId("TESTER-001"),
        logging=LoggerConfig(stdout_level=LogLevel.WARNING),
        exec_engine=engine_config(reconciliation_startup_delay_secs=0.0),
        shutdown_on_error=ends_on_error,
        timeout_connection_secs=PATIENCE_S,
        timeout_disconnection_secs=20.0,
        delay_post_stop_secs=0.05,
    )
