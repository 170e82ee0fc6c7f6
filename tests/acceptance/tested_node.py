"""A node with both clients of the adapter, in a process of its own, and a script that uses it.

``python -m acceptance.tested_node SCENARIO FILE`` imports everything, makes the file, and reads
one line of JSON from stdin (where the simulator is). It runs the scenario's script beside the
node and writes what happened as JSON. The tests judge it; nothing is judged here except that a step
comes to its end.
"""

import asyncio
import datetime as dt
import importlib
import itertools
import json
import logging
import sys
import traceback
import urllib.request
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from acceptance.tester import Tester, Warden, price
from nautilus_trader.common import Environment, LoggerConfig, LogLevel
from nautilus_trader.live import (
    LiveExecutionEngineConfig,
    LiveNode,
    LiveNodeBuilder,
    LiveNodeConfig,
    SubmissionRecoveryPolicy,
)
from nautilus_trader.model import (
    InstrumentId,
    Money,
    OrderFilled,
    OrderSide,
    Price,
    Quantity,
    TimeInForce,
    TraderId,
    Venue,
)
from nautilus_trader.trading import ImportableControllerConfig

from tiger_nt.config import tiger_config
from tiger_nt.connection import TigerConnection
from tiger_nt.data_config import TigerDataClientConfig
from tiger_nt.execution_config import TigerExecutionClientConfig
from tiger_nt.factories import TigerDataClientFactory, TigerExecutionClientFactory
from tiger_nt.instruments import DefaultListings, Underlying
from tiger_nt.push_supervisor import Patience as PushPatience
from tiger_nt.simulator.market import SessionHours
from tiger_nt.symbols import OptionTerms

__all__ = ["NAME", "VENUE", "Run", "SimulatorControl"]

NAME = "TIGER"
VENUE = Venue("US")
STEP_S = 15.0
BUDGET_NS = 1_100_000_000
ENTRIES, CHANGES = 4, 3
UNDER_WAY = {"Initialized", "Submitted", "PendingUpdate"}
ANSWERS = {"Accepted", "Rejected", "Updated", "ModifyRejected"}
SPY = Underlying("SPY", "SPY")
VIX = Underlying("VIXW", "VIX", is_index=True)  # of its options nothing is loaded


class SimulatorControl:
    """The simulator's control port, as a test has it too."""

    def __init__(self, url: str, account: str) -> None:
        self._url = url
        self.number = account

    def __call__(self, method: str, path: str, body: object = None) -> Any:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(f"{self._url}{path}", method=method, data=data)
        with urllib.request.urlopen(request, timeout=STEP_S) as answer:
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

    def __init__(self, testers: Mapping[str, Tester], simulator: SimulatorControl, hours: Any):
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

    async def until(self, condition: Callable[[], Any], what: str, seconds: float = STEP_S) -> Any:
        """Return the condition's first true value; the script fails with `what` without one."""
        deadline = asyncio.get_running_loop().time() + seconds
        while not (value := condition()):
            if asyncio.get_running_loop().time() > deadline:
                raise TimeoutError(f"Expected {what} within {seconds} s, was not")
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


async def drive(scenario: ModuleType, where: Mapping[str, Any]) -> dict[str, Any]:
    """Run the scenario and return what happened."""
    environment = where["environment"]
    date, open_ns, close_ns = environment["TIGER_NT_SESSION"].split(",")
    hours = SessionHours(dt.date.fromisoformat(date), int(open_ns), int(close_ns))
    listings = DefaultListings([SPY, VIX], VENUE.value, lambda _root, _date: hours.close_ns)
    connection = TigerConnection(tiger_config(environment), PushPatience(first_s=0.1))
    settings = scenario.SETTINGS
    data = TigerDataClientConfig(
        connection, [SPY], hours.date, listings, **settings.get("data", {})
    )
    execution = TigerExecutionClientConfig(connection, listings, **settings.get("execution", {}))
    node = build(data, execution)
    testers = {name: Tester(name) for name in settings.get("strategies", ["TESTER-001"])}
    for tester in testers.values():
        node.add_strategy(tester)
    control = SimulatorControl(where["control"], environment["TIGEROPEN_ACCOUNT"])
    run = Run(testers, control, hours)
    scenario.prepare(run)
    failure = ""
    try:
        await live_through(node, lambda: scenario.script(run), run)
    except Exception:  # noqa: BLE001 - told with what came of the steps before it
        failure = traceback.format_exc()
    return {
        "failure": failure,
        "facts": run.facts,
        "testers": {name: tester.record() for name, tester in testers.items()},
        "engine": picture_of(node.cache),
        "account": control.account(),
    }


def build(data: TigerDataClientConfig, execution: TigerExecutionClientConfig) -> LiveNode:
    config = LiveNodeConfig(
        environment=Environment.LIVE,
        trader_id=TraderId("TESTER-001"),
        logging=LoggerConfig(stdout_level=LogLevel.INFO, is_colored=False),
        exec_engine=LiveExecutionEngineConfig(
            reconciliation=True,
            submission_recovery_policy=SubmissionRecoveryPolicy.RETAIN_UNRESOLVED,
        ),
        controller=ImportableControllerConfig(
            "acceptance.tester:Warden", "nautilus_trader.common:DataActorConfig", {}
        ),
        timeout_connection_secs=20.0,
        timeout_disconnection_secs=5.0,
        delay_post_stop_secs=0.2,
    )
    builder = LiveNodeBuilder.from_config("ACCEPTANCE", config)
    builder = builder.add_data_client(NAME, TigerDataClientFactory(), data)
    return builder.add_exec_client(NAME, TigerExecutionClientFactory(), execution).build()


def is_up(run: Run) -> bool:
    return all(tester.is_running() for tester in run.testers.values())


async def live_through(node: LiveNode, script: Callable[[], Awaitable[None]], run: Run) -> None:
    handle = node.handle()
    running = asyncio.ensure_future(node.run_async())
    try:
        await run.until(lambda: running.done() or is_up(run), "a running node", 40.0)
        if not running.done():
            await script()
    finally:
        handle.stop()
        await running


def picture_of(cache: Any) -> dict[str, Any]:
    """Return the engine's picture of orders, positions and money."""
    account = cache.account_for_venue(VENUE)
    return {
        "orders": [order_of(order) for order in cache.orders()],
        "positions": [
            {
                "symbol": position.instrument_id.symbol.value,
                "strategy_id": position.strategy_id.value,
                "quantity": int(position.signed_qty),
                "average_price": position.avg_px_open,
            }
            for position in cache.positions_open()
        ],
        "cash": account and account.balance_total().as_double(),
        "free": account and account.balance_free().as_double(),
        "cash_told": account and [event.balances[0].total.as_double() for event in account.events],
    }


def order_of(order: Any) -> dict[str, Any]:
    fills = [event for event in order.events() if isinstance(event, OrderFilled)]
    return {
        "client_order_id": order.client_order_id.value,
        "venue_order_id": None if order.venue_order_id is None else order.venue_order_id.value,
        "strategy_id": order.strategy_id.value,
        "symbol": order.instrument_id.symbol.value,
        "status": order.status.name,
        "side": order.side.name,
        "order_type": order.order_type.name,
        "time_in_force": order.time_in_force.name,
        "quantity": int(order.quantity.as_double()),
        "filled": int(order.filled_qty.as_double()),
        "price": number(getattr(order, "price", None)),
        "trigger_price": number(getattr(order, "trigger_price", None)),
        "fills": [fill_of(fill) for fill in fills],
        "events": [type(event).__name__.removeprefix("Order") for event in order.events()],
    }


def fill_of(fill: OrderFilled) -> dict[str, Any]:
    return {
        "id": fill.trade_id.value,
        "quantity": int(fill.last_qty.as_double()),
        "price": fill.last_px.as_double(),
        "commission": number(fill.commission),
    }


def number(value: Money | Price | None) -> float | None:
    return None if value is None else value.as_double()


def main() -> None:
    scenario = importlib.import_module(f"acceptance.{sys.argv[1]}_scenario")
    logging.basicConfig(level=logging.WARNING, format="[%(levelname)s] %(name)s: %(message)s")
    Path(sys.argv[2]).touch()
    where = json.loads(sys.stdin.readline())
    outcome = asyncio.run(drive(scenario, where))
    Path(where["outcome"]).write_text(json.dumps(outcome, default=str))


if __name__ == "__main__":
    main()
