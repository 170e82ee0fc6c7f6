"""What a scenario's script has in hand: strategies, simulator, and a record for the tests."""

import asyncio
import itertools
import json
import urllib.request
from collections.abc import Callable, Mapping
from typing import Any

from acceptance.picture import VENUE, picture_of
from acceptance.tester import Tester, Warden, price
from nautilus_trader.model import InstrumentId, OrderSide, Quantity, TimeInForce
from patience import PATIENCE_S

from tiger_nt.simulator.market import SessionHours
from tiger_nt.symbols import OptionTerms

__all__ = ["CHANGES", "Run", "SimulatorControl"]

BUDGET_NS = 1_100_000_000
ENTRIES, CHANGES = 4, 3
UNDER_WAY = {"Initialized", "Submitted", "PendingUpdate"}
ANSWERS = {"Accepted", "Rejected", "Updated", "ModifyRejected"}


class SimulatorControl:
    """The simulator's control port, as a test has it too."""

    def __init__(self, url: str, account: str) -> None:
        self._url = url
        self.number = account

    def __call__(self, method: str, path: str, body: object = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self._url}{path}", method=method, data=data)
        with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
            return json.load(answer)

    def fault(self, kind: str, **fields: object) -> None:
        self("POST", "/faults", {"kind": kind, **fields})

    def account(self) -> dict[str, Any]:
        return self("GET", "/state")["accounts"][self.number]

    def order(self, order_id: str) -> dict[str, Any]:
        return next(each for each in self.account()["orders"] if str(each["id"]) == order_id)

    def connections(self) -> list[dict[str, Any]]:
        every = self("GET", "/state")["connections"]
        return [each for each in every if each["account"] == self.number]


class Run:
    """What a script has in hand: the strategies, the simulator, and a record for the tests."""

    def __init__(
        self, testers: Mapping[str, Tester], simulator: SimulatorControl, hours: SessionHours
    ) -> None:
        self.testers = testers
        self.tester = next(iter(testers.values()))
        self.simulator = simulator
        self.hours = hours
        self.facts: dict[str, Any] = {}
        self._sizes = itertools.count(100)

    @property
    def warden(self) -> Warden:
        """Who stops and removes strategies."""
        return Warden.made[0]

    def quote(
        self, symbol: str, bid: float = 2.00, ask: float = 2.10, *, ask_size: int | None = None
    ) -> None:
        """Set a quote by hand, of a new size unless one is given: what was taken is there again."""
        size = next(self._sizes)
        sizes = {"bid_size": size, "ask_size": size if ask_size is None else ask_size}
        self.simulator("POST", "/quote", {"symbol": symbol, "bid": bid, "ask": ask, **sizes})

    def stand_still(self, *strikes: float) -> None:
        """Let no quote change but by hand, and set those of these strikes."""
        self.simulator.fault("frozen_quotes", seconds=600)
        for strike in strikes:
            for right in "CP":
                self.quote(self.symbol(strike, right))

    def picture(self) -> dict[str, Any]:
        """Return what the engine has of orders and positions now."""
        return picture_of(self.tester.cache)

    def see(self, *names: str) -> None:
        """Keep what the simulator says now of orders of the first strategy."""
        for name in names:
            order = self.tester.order(name)
            self.facts.setdefault("seen", {})[name] = self.simulator.order(
                str(order.venue_order_id)
            )

    def symbol(self, strike: float, right: str = "C") -> str:
        """Return the engine symbol of an option of the session's chain."""
        return OptionTerms("SPY", self.hours.date, right == "C", round(strike * 1000)).compact

    def option(self, strike: float, right: str = "C") -> InstrumentId:
        return self.id(self.symbol(strike, right))

    def id(self, symbol: str) -> InstrumentId:
        return InstrumentId.from_str(f"{symbol}.{VENUE}")

    async def until(self, condition: Callable[[], Any], what: str) -> Any:
        """Return the condition's first true value; the script fails with `what` without one."""
        deadline = asyncio.get_running_loop().time() + PATIENCE_S
        while not (value := condition()):
            if asyncio.get_running_loop().time() > deadline:
                raise TimeoutError(f"Expected {what}, was not")
            await asyncio.sleep(0.005)
        return value

    async def reached(self, status: str, *names: str) -> None:
        """Return once these orders of the first strategy have this status."""
        for name in names:
            try:
                await self.until(lambda n=name: self.tester.order(n).status.name == status, status)
            except TimeoutError as e:
                history = self.tester.events[self.tester.names[name]]
                raise TimeoutError(f"{name}: {e}: {history}") from None

    async def room(self, most: int) -> None:
        """Return once less than `most` orders and changes have gone out in a second.

        The node has a part of Tiger's five a second, and refuses at once what is too much.
        """

        def is_there() -> bool:
            since_ns = self.tester.clock.timestamp_ns() - BUDGET_NS
            histories = [each for t in self.testers.values() for each in t.events.values()]
            under_way = sum(events[-1]["type"] in UNDER_WAY for events in histories)
            answered = sum(
                event["type"] in ANSWERS and event["ts_init"] > since_ns
                for events in histories
                for event in events
            )
            return under_way + answered < most

        await self.until(is_there, "room in the budget")

    async def send(self, name: str, order: Any, tester: Tester | None = None) -> None:
        """Submit an order under a name, for the first strategy unless another is given."""
        await self.room(ENTRIES)
        (tester or self.tester).send(name, order)

    async def market(self, name: str, option: InstrumentId, side: OrderSide, quantity: int,
                     **more: Any) -> None:  # fmt: skip
        terms = {"time_in_force": TimeInForce.DAY} | more
        size = Quantity.from_int(quantity)
        await self.send(name, self.tester.order_factory.market(option, side, size, **terms))

    async def limit(self, name: str, option: InstrumentId, side: OrderSide, quantity: int,
                    at: float, tester: Tester | None = None, **more: Any) -> None:  # fmt: skip
        terms = {"time_in_force": TimeInForce.DAY} | more
        factory = (tester or self.tester).order_factory
        order = factory.limit(option, side, Quantity.from_int(quantity), price(at), **terms)
        await self.send(name, order, tester)

    async def modify(self, name: str, **changes: Any) -> None:
        await self.room(CHANGES)
        self.tester.modify_order(self.tester.order(name).client_order_id, **changes)

    def cancel(self, name: str) -> None:
        self.tester.cancel_order(self.tester.order(name).client_order_id)
