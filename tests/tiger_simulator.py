"""What tests of the simulator share: a market that stands still, and a simulator in a thread."""

import asyncio
import datetime as dt
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from typing import Any

import numpy as np
from patience import PATIENCE_S

from tiger_nt.simulator.market import MarketChunk, MarketRow, SessionHours
from tiger_nt.simulator.server import Simulator

EXPIRY = dt.date(2026, 11, 23)
CALL = "SPY261123C00600000"
PUT = "SPY261123P00600000"
OTHER = "SPY261123C00601000"
NAN = float("nan")
HOUR_NS = 3_600 * 10**9


def row(
    symbol: str,
    bid: float = NAN,
    ask: float = NAN,
    bid_size: int = 10,
    ask_size: int = 10,
    *,
    last: float = NAN,
    last_size: int = 0,
    ts_ns: int | None = None,
) -> MarketRow:
    """Return a quote, a print, or both; a side at 0 is without a quote."""
    return MarketRow(
        ts_ns=time.time_ns() if ts_ns is None else ts_ns,
        symbol=symbol,
        bid=bid,
        ask=ask,
        bid_size=bid_size if bid > 0 else 0,
        ask_size=ask_size if ask > 0 else 0,
        last=last,
        last_size=last_size,
    )


def chunk_of(rows: list[MarketRow]) -> MarketChunk:
    """Return rows as columns."""
    ts_ns, names, *columns = zip(*rows, strict=True)
    symbols = tuple(dict.fromkeys(names))
    instrument = np.array([symbols.index(name) for name in names], dtype=np.int32)
    return MarketChunk(symbols, np.array(ts_ns), instrument, *map(np.array, columns))


class FixedMarket:
    """SPY at 600.00/600.02, three options at a dollar, and VIX; one row each, then silence."""

    synthetic = True
    settlement: float | None = None
    description = "a market that stands still"
    underlying = "SPY"
    indices = ("VIX",)
    contracts = (CALL, OTHER, PUT)

    def __init__(self, *, open_in_ns: int = -HOUR_NS, close_in_ns: int = HOUR_NS) -> None:
        now = time.time_ns()
        self.hours = SessionHours(EXPIRY, now + open_in_ns, now + close_in_ns)
        self.first = [
            row("SPY", 600.0, 600.02, 300, 200, last=600.01, last_size=100),
            row("VIX", last=15.5),
            *(row(symbol, 1.0, 1.05, 10, 12) for symbol in self.contracts),
        ]

    def earlier(self) -> Iterator[MarketChunk]:
        """Yield nothing."""
        return iter(())

    def rows(self) -> Iterator[MarketChunk]:
        """Yield the first quotes."""
        yield chunk_of(self.first)


class SimulatorThread:
    """A running simulator, and its loop to call things in."""

    def __init__(
        self, simulator: Simulator, loop: asyncio.AbstractEventLoop, stop: asyncio.Event
    ) -> None:
        self.simulator = simulator
        self.stop = stop
        self._loop = loop

    def call[T](self, function: Callable[[], T]) -> T:
        """Run `function` in the simulator's thread and return what it returns."""

        async def run() -> T:
            return function()

        return asyncio.run_coroutine_threadsafe(run(), self._loop).result(PATIENCE_S)


@contextmanager
def running(simulator: Simulator) -> Iterator[SimulatorThread]:
    """Run a simulator in a thread; its first rows are out."""
    ready: Future[SimulatorThread] = Future()

    async def run() -> None:
        async with simulator:
            stop = asyncio.Event()
            handle = SimulatorThread(simulator, asyncio.get_running_loop(), stop)
            ready.set_result(handle)
            await stop.wait()

    with ThreadPoolExecutor(1, "simulator") as pool:
        end = pool.submit(asyncio.run, run())
        handle = next(as_completed([ready, end])).result()
        try:
            wait_for(lambda: simulator.feed.counters.is_over)
            yield handle
        finally:
            handle.call(handle.stop.set)
            end.result(PATIENCE_S)


def wait_for(condition: Callable[[], Any]) -> Any:
    """Return the condition's first true value, of a simulator in this process: asked often."""
    deadline = time.monotonic() + PATIENCE_S
    while not (value := condition()):
        assert time.monotonic() < deadline, "Expected the condition to come true, did not"
        time.sleep(0.002)
    return value


def sdk_config(environment: dict[str, str], empty_folder: str) -> Any:
    """Return a configuration of the real SDK that points at the simulator and nowhere else."""
    from tigeropen.tiger_open_config import TigerOpenClientConfig

    config = TigerOpenClientConfig(enable_dynamic_domain=False, props_path=empty_folder)
    config.tiger_id = environment["TIGEROPEN_TIGER_ID"]
    config.account = environment["TIGEROPEN_ACCOUNT"]
    config.license = environment["TIGEROPEN_LICENSE"]
    config.private_key = environment["TIGEROPEN_PRIVATE_KEY"]
    config.tiger_public_key = environment["TIGER_NT_PUBLIC_KEY"]
    config.server_url = config.quote_server_url = environment["TIGEROPEN_SERVER_URL"]
    protocol, host, port = environment["TIGEROPEN_SOCKET_HOST_PORT"].split(",")
    config.socket_host_port = (protocol, host, int(port))
    config.callback_thread_pool_size = 20
    config.retry_max_tries = 1
    config.timeout = PATIENCE_S
    return config
