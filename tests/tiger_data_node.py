"""A node with the Tiger data client, against a stand-in for the login, for tests."""

import asyncio
import datetime as dt
import gc
import time

from nautilus_trader.common import DataActor, Environment, LoggerConfig, LogLevel
from nautilus_trader.live import LiveNodeBuilder, LiveNodeConfig
from nautilus_trader.live.clients import DataClientFactory
from nautilus_trader.model import (
    InstrumentId,
    TraderId,
)
from patience import PATIENCE_S

from tiger_nt.config import Credentials, TigerConfig
from tiger_nt.data import TigerDataClient
from tiger_nt.data_config import TigerDataClientConfig
from tiger_nt.instruments import DefaultListings, Underlying
from tiger_nt.providers import StrikeWindow
from tiger_nt.symbols import OptionTerms, option_terms
from tiger_nt.views import (
    BarView,
    ContractView,
    QuotaView,
    QuoteView,
    StockView,
)

NAME = "TIGER"
DAY = dt.datetime.now(dt.UTC).date() + dt.timedelta(days=1)
SPY = Underlying("SPY", "SPY")
SPX = Underlying("SPXW", "SPX", is_index=True)
VIX = Underlying("VIX", "VIX", is_index=True)
LISTINGS = DefaultListings([SPY, SPX, VIX])
SPOT = 600.3


def symbol(strike, right="C", root="SPY"):
    return OptionTerms(root, DAY, right == "C", strike * 1000).compact


def instrument_id(name):
    return InstrumentId.from_str(f"{name}.US")


def view(name, bid=1.0, ask=1.1, time_ms=None):
    now_ns = time.time_ns()
    return QuoteView(name, bid, ask, 5, 6, time_ms or now_ns // 1_000_000, now_ns)


def fair(name, spot=SPOT):
    """Return a quote with some time value."""
    terms = option_terms(name)
    intrinsic = max(0.0, (spot - terms.strike) * (1 if terms.is_call else -1))
    return view(name, round(intrinsic + 1.0, 2), round(intrinsic + 1.04, 2))


class FakeRest:
    def __init__(self, strikes=range(590, 611)):
        self.rows = [
            ContractView(symbol(k, right, root), view("x"), 0, 12)
            for root in ("SPY", "SPXW")
            for k in strikes
            for right in "CP"
        ]
        self.asked = []
        self.chain_day = DAY

    async def expirations(self, name):
        return [self.chain_day]

    async def chain(self, name, expiry):
        root = {"SPY": "SPY", "SPX": "SPXW"}[name]
        return [row for row in self.rows if row.symbol.startswith(root)]

    async def stock_quotes(self, names):
        now_ms = time.time_ns() // 1_000_000
        return [StockView(name, view(name, 0.0, 0.0), SPOT, now_ms) for name in names]

    async def option_quotes(self, names):
        self.asked.append(list(names))
        return [fair(name) for name in names]

    async def market_status(self):
        return "TRADING"

    async def option_bars(self, name, minutes, begin_ms, end_ms):
        return [BarView(name, begin_ms, 1.0, 1.2, 0.9, 1.1, 10)]

    async def stock_bars(self, name, minutes, begin_ms, end_ms):
        return [BarView(name, begin_ms, 600.0, 600.5, 599.5, 600.25, 1_000)]


class FakePush:
    def __init__(self, quota=100, used=0):
        self.limit = QuotaView(quota, used)
        self.listeners = []
        self.quotes = set()
        self.ticks = set()
        self.most = 0

    def add_listener(self, listener):
        self.listeners.append(listener)

    def remove_listener(self, listener):
        self.listeners.remove(listener)

    async def subscribe_quotes(self, names):
        self.quotes.update(names)
        self.most = max(self.most, len(self.quotes))

    async def unsubscribe_quotes(self, names):
        self.quotes.difference_update(names)

    async def subscribe_ticks(self, names):
        self.ticks.update(names)

    async def unsubscribe_ticks(self, names):
        self.ticks.difference_update(names)

    async def quota(self):
        return self.limit


class FakeConnection:
    def __init__(self, rest=None, push=None):
        self.rest = rest or FakeRest()
        self.push = push or FakePush()
        self.config = TigerConfig(
            credentials=Credentials(tiger_id="1", account="2", private_key="")
        )
        self.users = 0

    async def open(self):
        self.users += 1

    async def close(self):
        self.users -= 1

    def tell(self, method, *args):
        """Call the listeners as the push does."""
        for listener in self.push.listeners:
            try:
                getattr(listener, method)(*args)
            except Exception as error:  # noqa: BLE001 - as the push does
                listener.on_fault(error)


class Watcher(DataActor):
    """Keeps what it receives; `begin` subscribes."""

    def __init__(self):
        super().__init__()
        self.begin = lambda actor: None
        self.got = []

    def on_start(self):
        self.begin(self)

    def on_quote(self, quote):
        self.got.append(quote)

    def on_trade(self, trade):
        self.got.append(trade)

    def on_index_price(self, update):
        self.got.append(update)

    def on_instrument_status(self, status):
        self.got.append(status)

    def on_option_greeks(self, greeks):
        self.got.append(greeks)

    def on_option_chain(self, chain):
        self.got.append(chain)

    def on_instrument(self, instrument):
        self.got.append(instrument)

    def on_historical_bars(self, bars):
        self.got.extend(bars)

    def on_data(self, data):
        self.got.append(data.data)

    def kinds(self, name):
        return [each for each in self.got if type(each).__name__ == name]


class Run:
    """What a script sees of the running node."""

    def __init__(self, connection, actor, client):
        self.connection = connection
        self.push = connection.push
        self.actor = actor
        self.client = client

    async def wait(self, condition, what="condition"):
        until = time.monotonic() + PATIENCE_S
        while not condition():
            if time.monotonic() > until:
                raise AssertionError(
                    f"{what}: not within {PATIENCE_S} s; got {self.actor.got[-3:]}"
                )
            await asyncio.sleep(0.005)

    def quotes(self, *views):
        self.connection.tell("on_quotes", list(views))

    async def received(self, kind, count=1):
        await self.wait(lambda: len(self.actor.kinds(kind)) >= count, kind)
        return self.actor.kinds(kind)


def run_node(begin, script, connection=None, underlyings=(SPY,), **settings):
    """Run a node and `script` beside it; return whether the node still ran at the script's end."""
    connection = connection or FakeConnection()
    settings = {"window": StrikeWindow(0.005, 0), "greeks_interval_s": 0.05} | settings
    config = TigerDataClientConfig(connection, underlyings, DAY, LISTINGS, **settings)
    try:
        still_running = asyncio.run(drive(begin, script, connection, config))
    finally:
        gc.collect()  # a thread can have the next node only when this one is gone
    assert connection.users == 0
    assert connection.push.listeners == []
    return still_running


async def drive(begin, script, connection, config):
    made = []

    class Factory(DataClientFactory):
        @staticmethod
        def create(*, name, config, cache, clock):
            made.append(TigerDataClient(name, config, cache, clock))
            return made[-1]

    node_config = LiveNodeConfig(
        environment=Environment.SANDBOX,
        trader_id=TraderId("TESTER-001"),
        logging=LoggerConfig(stdout_level=LogLevel.WARNING),
        shutdown_on_error=True,
        timeout_connection_secs=PATIENCE_S,
        timeout_disconnection_secs=20.0,
        delay_post_stop_secs=0.05,
    )
    builder = LiveNodeBuilder.from_config("NODE", node_config)
    node = builder.add_data_client(NAME, Factory(), config).build()
    actor = Watcher()
    actor.begin = begin
    node.add_actor(actor)
    handle = node.handle()
    running = asyncio.ensure_future(node.run_async())
    run = Run(connection, actor, made[0])
    try:
        await run.wait(lambda: handle.is_running or running.done(), "start")
        await script(run)
        return handle.is_running
    finally:
        handle.stop()
        await running
        node.dispose()
