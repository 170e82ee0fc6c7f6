"""The loopback Tiger of the benchmark: plays numbered quotes on demand and keeps when it sent what.

Both sizes of a quote together are its number, so that a receiver needs no clock but its own and the
frame stays what it is. Commands come as lines of JSON on stdin, each is answered with one.
"""

import asyncio
import itertools
import json
import sys
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from aiohttp import web

from autotrade_0dte.config import load_config
from autotrade_0dte.nodes.tiger import TigerFees
from tiger_nt.simulator.accounts import User
from tiger_nt.simulator.feed import Feed
from tiger_nt.simulator.gateway import Gateway
from tiger_nt.simulator.market import MarketChunk, SessionHours, hours_around
from tiger_nt.simulator.server import Simulator
from tiger_nt.simulator.synthetic import SyntheticMarket, synthetic_settings

CONFIG = Path(__file__).parents[1] / "configs" / "demo.toml"
"""Of the node, and whose fees this Tiger charges."""
STRIKES = 17
"""On either side of spot: all within 3 %, what a node subscribes to by default."""

_BASE = 250
_CHUNKS_PER_S = 2
_MANY = 1_000_000
USERS = [
    User(tiger_id=name, account=account, cash=1e7, calls_per_minute={"place_order": _MANY})
    for name, account in (("20150002", "50000001"), ("20150003", "50000002"))
]
"""Two live accounts, the node's and the SDK's. Orders at Tiger's own pace would be too few to tell
a percentile from."""


def sizes_of(number: int) -> tuple[int, int]:
    """Return the bid and ask size that stand for a number."""
    return 1 + number % _BASE, 1 + number // _BASE


def number_of(bid_size: float, ask_size: float) -> int:
    """Return the number that a quote's sizes stand for."""
    return int(bid_size) - 1 + _BASE * (int(ask_size) - 1)


class NumberedMarket(SyntheticMarket):
    """Quotes of a chain at `rate` a second for `seconds`, numbered from 0, and 5 prints a second.

    Everybody has a bid: at a high volatility and hours from the close nothing is worthless.
    """

    def __init__(self, hours: SessionHours, rate: float, seconds: float) -> None:
        settings = synthetic_settings(
            volatility=0.6, strikes=STRIKES, quotes_per_second=rate, prints_per_second=5.0
        )
        super().__init__(settings, hours, time.time_ns())
        self._chunks = round(seconds * _CHUNKS_PER_S)

    def rows(self) -> Iterator[MarketChunk]:
        """Yield half a second at a time; without the opening, which quotes everything at once."""
        numbers = itertools.count()
        for chunk in itertools.islice(super().rows(), 1, 1 + self._chunks):
            bid_size, ask_size = chunk.bid_size.copy(), chunk.ask_size.copy()
            for row in (chunk.bid > 0).nonzero()[0]:
                bid_size[row], ask_size[row] = sizes_of(next(numbers))
            yield replace(chunk, bid_size=bid_size, ask_size=ask_size)


class OpeningMarket(SyntheticMarket):
    """The same chain, quoted once, and the first prints."""

    def rows(self) -> Iterator[MarketChunk]:
        """Yield the opening and half a second."""
        yield from itertools.islice(super().rows(), 2)


class Stamps:
    """When frames were handed to the socket and orders had been read from it, ns UTC.

    Notes what the exchange tells its publisher, and the time just before that is written.

    Attributes
    ----------
    quotes : list of int
        By number.
    fills : dict of int to int
        By Tiger's id of the execution.
    """

    def __init__(self, simulator: Simulator) -> None:
        self.quotes: list[int] = []
        self.fills: dict[int, int] = {}
        self._waiting = 0
        push = simulator.push
        tell_quote, tell_fill, flush = push.quote, push.transaction, push.flush

        def quote(quote: Any, row: Any) -> None:
            self._waiting += row.has_quote
            tell_quote(quote, row)

        def write() -> None:
            self.quotes += [time.time_ns()] * self._waiting
            self._waiting = 0
            flush()

        def transaction(transaction: Any) -> None:
            self.fills[transaction.id] = time.time_ns()
            tell_fill(transaction)

        push.quote, push.flush, push.transaction = quote, write, transaction  # type: ignore[method-assign]


def stamp_orders() -> dict[str, int]:
    """Return where gateways made from now on keep when they had read each order, by its mark."""
    taken: dict[str, int] = {}
    handle = Gateway.handle

    async def stamped(self: Gateway, request: web.Request) -> web.StreamResponse:
        text = await request.read()
        at_ns = time.time_ns()
        asked = json.loads(text)
        if asked["method"] == "place_order":
            taken[json.loads(asked["biz_content"])["user_mark"]] = at_ns
        return await handle(self, request)

    Gateway.handle = stamped  # type: ignore[method-assign]
    return taken


async def serve() -> None:
    """Answer commands until stdin closes."""
    hours = hours_around(time.time_ns(), 3_600, 43_200)
    settings = synthetic_settings(volatility=0.6, strikes=STRIKES)
    market = OpeningMarket(settings, hours, time.time_ns())
    taken = stamp_orders()
    fees = TigerFees(load_config(CONFIG).fees.schedule(hours.date))
    async with Simulator(market, users=USERS, fees=fees) as simulator:
        stamps = Stamps(simulator)
        await simulator.feed.wait()
        symbols = [market.underlying, *market.contracts]
        node, sdk = (simulator.environment(user) for user in USERS)
        _say({"node": node, "sdk": sdk, "symbols": symbols})
        while line := await asyncio.to_thread(sys.stdin.readline):
            command = json.loads(line)
            if "rate" in command:
                stamps.quotes.clear()
                played = NumberedMarket(hours, command["rate"], command["seconds"])
                feed = Feed(played, simulator.exchange.on_rows, simulator.faults)
                await feed.run()
                dropped = sum(session.quotes_dropped for session in simulator.push.sessions)
                _say({"sent_ns": stamps.quotes, "dropped": dropped, "late": feed.counters.late})
            else:
                _say({"orders_ns": taken, "fills_ns": stamps.fills})


def _say(answer: dict[str, Any]) -> None:
    print(json.dumps(answer), flush=True)


if __name__ == "__main__":
    asyncio.run(serve())
