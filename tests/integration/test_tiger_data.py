"""The data client in a node, through the real SDK, against the simulator in another process."""

import asyncio
import datetime as dt
import gc
import time

import pytest
from engine_log import logged
from nautilus_trader.common import DataActor, Environment, LoggerConfig, LogLevel
from nautilus_trader.live import LiveNodeBuilder, LiveNodeConfig
from nautilus_trader.model import BarType, ClientId, OptionSeriesId, StrikeRange, TraderId
from patience import PATIENCE_S
from simulator_process import SimulatorProcess

from tiger_nt.config import tiger_config
from tiger_nt.connection import TigerConnection
from tiger_nt.data_config import TigerDataClientConfig
from tiger_nt.factories import TigerDataClientFactory
from tiger_nt.instruments import DefaultListings, Underlying
from tiger_nt.link_data import LINK_DATA_TYPE
from tiger_nt.providers import StrikeWindow, load_chain
from tiger_nt.push_supervisor import Patience
from tiger_nt.rest import TigerRest

SPY = Underlying("SPY", "SPY")
WINDOW = StrikeWindow(0.0, 4)
PAST_PRINTS = (590.0, 592.5, 589.0, 591.0)


@pytest.fixture(scope="module")
def simulator():
    with SimulatorProcess("--rate", "300", "--quote-limit", "12") as process:
        yield process


class Watcher(DataActor):
    def __new__(cls, *_args):
        return super().__new__(cls)

    def __init__(self, chain):
        super().__init__()
        self.chain = chain
        self.got = {}
        self.full = None
        self.past = []

    def on_start(self):
        expiry_ns = self.chain.contracts[0].expiration_ns
        series = OptionSeriesId("US", "SPY", "USD", expiry_ns)
        strikes = StrikeRange.atm_relative(2, 2)
        self.subscribe_option_chain(series, strikes, snapshot_interval_ms=100)
        for contract in self.chain.contracts:
            self.subscribe_quotes(contract.id)
        self.subscribe_trades(self.chain.underlying.id)
        self.subscribe_data(LINK_DATA_TYPE, ClientId("TIGER"))

    def keep(self, kind, value):
        self.got.setdefault(kind, []).append(value)

    def on_quote(self, quote):
        self.keep(str(quote.instrument_id), quote)

    def on_trade(self, trade):
        self.keep("trade", trade)

    def on_data(self, data):
        self.keep("link", data.data)

    def on_historical_bars(self, bars):
        self.past = bars

    def on_option_chain(self, chain):
        strikes = chain.strikes()
        if strikes and all(chain.get_call_greeks(k) and chain.get_put_greeks(k) for k in strikes):
            self.full = chain


async def wait(condition, what):
    until = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < until, f"Expected {what}, was not"
        await asyncio.sleep(0.01)


async def run_beside_a_node(environment, script):
    config = tiger_config(environment)
    date, _, close_ns = environment["TIGER_NT_SESSION"].split(",")
    day = dt.date.fromisoformat(date)
    listings = DefaultListings([SPY], expiry=lambda root, expiry: int(close_ns))
    rest = TigerRest(config)
    await rest.start()
    chain = await load_chain(rest, SPY, day, listings, WINDOW)
    await rest.close()

    node_config = LiveNodeConfig(
        environment=Environment.SANDBOX,
        trader_id=TraderId("TESTER-001"),
        logging=LoggerConfig(stdout_level=LogLevel.WARNING),
        shutdown_on_error=True,
        timeout_connection_secs=PATIENCE_S,
        timeout_disconnection_secs=20.0,
        delay_post_stop_secs=0.05,
    )
    connection = TigerConnection(config, Patience(first_s=0.05))
    data = TigerDataClientConfig(
        connection, [SPY], day, listings, window=WINDOW, chains=[chain], poll_interval_s=0.2
    )
    builder = LiveNodeBuilder.from_config("NODE", node_config)
    node = builder.add_data_client("TIGER", TigerDataClientFactory(), data).build()
    actor = Watcher(chain)
    node.add_actor(actor)
    handle = node.handle()
    running = asyncio.ensure_future(node.run_async())
    try:
        await script(actor, chain)
        assert handle.is_running
    finally:
        handle.stop()
        await running
        node.dispose()


def test_quotes_greeks_and_gaps_of_a_whole_chain_within_a_small_quota(simulator, capfd):
    async def script(actor, chain):
        names = {str(contract.id) for contract in chain.contracts}
        assert len(names) == 16
        await wait(lambda: names < actor.got.keys(), "quotes of every contract, pushed or polled")

        def subscribed():
            return len(simulator.state()["connections"][0]["quotes"])

        await wait(lambda: subscribed() == 12, "all subscriptions that there may be")
        await wait(lambda: "trade" in actor.got, "prints of the underlying")

        await wait(lambda: actor.full is not None, "a chain with all Greeks")
        assert actor.full.strike_count() == 5
        greeks = actor.full.get_call_greeks(actor.full.atm_strike)
        assert 0.05 < greeks.mark_iv < 1
        assert abs(greeks.delta) < 1

        ticks = [tick for name in names for tick in actor.got[name]]
        assert all(0 < tick.ts_event <= tick.ts_init for tick in ticks)

        simulator.fault("drop")
        await wait(lambda: len(actor.got["link"]) == 3, "a lost and a new connection")
        _, down, up = actor.got["link"]
        assert (down.state, up.state) == ("DOWN", "UP")
        assert 0 < up.gap_from_ns < up.gap_to_ns
        for name in names:
            actor.got[name].clear()
        await wait(lambda: all(actor.got[name] for name in names), "quotes after the reconnect")

    run(simulator, script, capfd)


def test_past_bars_of_the_stock_are_those_of_its_prints(simulator, capfd):
    async def script(actor, _chain):
        await wait(lambda: "trade" in actor.got, "prints of the underlying")
        for last in PAST_PRINTS:
            past = {"symbol": "SPY", "last": last, "last_size": 3, "age_s": 600}
            simulator.control("POST", "/quote", past)
        bar_type = BarType.from_str("SPY.US-5-MINUTE-LAST-EXTERNAL")
        actor.request_bars(bar_type)
        await wait(lambda: actor.past, "past bars")
        assert {bar.bar_type for bar in actor.past} == {bar_type}
        [opened, *_, close] = [price for bar in actor.past for price in (bar.open, bar.close)]
        assert (opened.as_double(), close.as_double()) == (PAST_PRINTS[0], PAST_PRINTS[-1])
        assert max(bar.high.as_double() for bar in actor.past) == max(PAST_PRINTS)
        assert sum(bar.volume.as_double() for bar in actor.past) == 3 * len(PAST_PRINTS)
        assert all(bar.ts_event <= bar.ts_init for bar in actor.past)

    run(simulator, script, capfd)


def run(simulator, script, capfd):
    """Run `script` beside a node that neither warns nor fails."""
    asyncio.run(run_beside_a_node(simulator.environment(), script))
    gc.collect()  # a thread can have the next node only when this one is gone
    out = logged(capfd)
    assert "[ERROR]" not in out
    assert "[WARN]" not in out
