"""Before Tiger blocks a login for calling too often, entries stop, and the operator is told."""

import asyncio
from collections.abc import Iterator

import pytest
from nautilus_trader.model import Price
from simulator_process import SimulatorProcess
from tiger_trader import TigerTrader

from tiger_nt.rest import TigerRest

REFUSALS = 5


@pytest.fixture
def trader() -> Iterator[TigerTrader]:
    with SimulatorProcess("--rate", "100") as simulator, TigerTrader(simulator) as trader:
        yield trader


def test_refused_calls_stop_entries_and_let_positions_be_closed(trader: TigerTrader) -> None:
    trader.await_status(trader.buy(1, limit=trader.ask() + 0.2), "FILLED")
    resting = trader.buy(1, limit=0.05)
    trader.await_status(resting, "ACCEPTED")

    trader.simulator.fault("rate_limit", count=REFUSALS)
    trader.do(_ask(trader.client._connection.rest))

    [alarm] = trader.alarms
    assert alarm.kind == "CALLS_HALTED"
    assert alarm.text.startswith("Tiger has refused 5 calls of late: no entries for 1")
    entry = trader.buy(1, limit=0.05)
    trader.await_status(entry, "DENIED")
    assert trader.reason(entry) == "CALLS_HALTED: Tiger has refused too many calls"
    trader.strategy.modify_order(resting, price=Price(0.06, 2))
    trader.wait(lambda: "ModifyRejected" in trader.events(resting), "the refusal of the change")
    assert trader.reason(resting).startswith("CALLS_HALTED")

    trader.strategy.cancel_order(resting)
    trader.await_status(resting, "CANCELED")
    trader.await_status(trader.sell(1), "FILLED")
    assert trader.held() == {}


async def _ask(rest: TigerRest) -> None:
    """Ask five questions; each is asked again when it was refused."""
    asked = (rest.assets(), rest.positions(), rest.open_orders(), rest.orders_since(0))
    await asyncio.gather(*asked, rest.license())
