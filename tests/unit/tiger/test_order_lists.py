"""What of a list of orders is read: what is new, a few rows at a time, and what cannot be."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Iterator
from typing import Any

import msgspec
import pytest
from tiger_simulator import CALL, FixedMarket, SimulatorThread, running
from tigeropen.trade.response.orders_response import OrdersResponse

from tiger_nt.budget import Priority
from tiger_nt.config import tiger_config
from tiger_nt.errors import AnswerError
from tiger_nt.rest import TigerRest
from tiger_nt.simulator import trade_methods
from tiger_nt.simulator.accounts import User
from tiger_nt.simulator.server import Simulator
from tiger_nt.views import OrderRequest, OrderState

OFTEN = dict.fromkeys(("place_order", "orders", "active_orders"), 10_000)
USER = User(tiger_id="20157777", account="50000077", calls_per_minute=OFTEN)


@pytest.fixture(scope="module")
def server() -> Iterator[SimulatorThread]:
    with running(Simulator(FixedMarket(), users=(USER,))) as thread:
        yield thread


@pytest.fixture
def use(server: SimulatorThread) -> Callable[[Callable[[TigerRest], Awaitable[None]]], None]:
    """Return a function that uses a client of an account without orders."""
    server.call(server.simulator.reset)
    config = tiger_config(server.simulator.environment(USER))
    config = msgspec.structs.replace(config, calls_per_minute=OFTEN)

    def use(script: Callable[[TigerRest], Awaitable[None]]) -> None:
        async def main() -> None:
            rest = TigerRest(config)
            await rest.start()
            try:
                await script(rest)
            finally:
                await rest.close()

        asyncio.run(main())

    return use


@pytest.fixture
def read(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Return the ids of the orders that the SDK has read of lists."""
    found: list[int] = []
    parse = OrdersResponse.parse_order

    def noted(row: dict[str, Any], *rest: Any) -> Any:
        found.append(row["id"])
        return parse(row, *rest)

    monkeypatch.setattr(OrdersResponse, "parse_order", noted)
    return found


async def resting(rest: TigerRest, number: int) -> list[int]:
    """Place orders that stay at work, and wait until they are."""
    placed = []
    for each in range(number):
        request = OrderRequest(
            user_mark=f"M{each}",
            symbol=CALL,
            is_buy=True,
            order_type="LMT",
            quantity=1,
            limit_price=0.5,
        )
        placed.append(await rest.place(request, Priority.RISK))
    while any(view.state is OrderState.NEW for view in (await rest.open_orders()).views):
        await asyncio.sleep(0.005)
    return placed


async def ended(rest: TigerRest, order_id: int) -> None:
    """Cancel an order, and wait until it is."""
    await rest.cancel(order_id)
    while (view := await rest.order(order_id)) and not view.state.is_final:
        await asyncio.sleep(0.002)


def test_rows_that_stand_as_they_stood_are_listed_and_not_read_again(
    use: Any, read: list[int]
) -> None:
    async def script(rest: TigerRest) -> None:
        first, second, third = await resting(rest, 3)
        before = await rest.open_orders()
        assert {view.id for view in before.views} == {first, second, third}
        await ended(rest, second)
        read.clear()
        after = await rest.open_orders(before.rows)
        assert set(after.rows) == {first, third}
        assert after.views == []
        assert read == []
        changed = await rest.orders_changed(0, before.rows)
        assert set(changed.rows) == {first, second, third}
        assert [view.id for view in changed.views] == [second] == read

    use(script)


@pytest.mark.parametrize("a_page", [1, 2, 3, 100])
def test_orders_are_listed_by_the_time_of_their_last_change_on_all_pages(
    use: Any, monkeypatch: pytest.MonkeyPatch, a_page: int
) -> None:
    monkeypatch.setattr("tiger_nt.order_lists._A_PAGE", a_page)

    async def script(rest: TigerRest) -> None:
        first, second, third = await resting(rest, 3)
        await asyncio.sleep(0.01)
        since_ms = time.time_ns() // 1_000_000
        assert (await rest.orders_changed(since_ms)).rows == {}
        for order_id in (third, first):
            await ended(rest, order_id)
            await asyncio.sleep(0.002)  # stamps are of whole milliseconds
        changed = await rest.orders_changed(since_ms)
        assert [view.id for view in changed.views] == [first, third]
        assert [view.id for view in (await rest.orders_made(0)).views] == [third, second, first]

    use(script)


def test_other_threads_have_their_turn_while_a_list_is_read(
    use: Any, read: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    turns: list[int] = []
    monkeypatch.setattr("tiger_nt.order_lists.time.sleep", lambda _: turns.append(len(read)))

    async def script(rest: TigerRest) -> None:
        await resting(rest, 20)
        read.clear()
        turns.clear()
        await rest.orders_made(0)
        assert len(read) == 20
        assert turns == [7, 15]

    use(script)


@pytest.fixture
def broken(server: SimulatorThread, monkeypatch: pytest.MonkeyPatch) -> dict[str, Any]:
    """Return what is to be different in the rows of orders with the mark M1."""
    changes: dict[str, Any] = {}
    item = trade_methods.order_item

    def broken(order: Any) -> Any:
        row = item(order)
        return row | changes if order.user_mark == "M1" else row

    monkeypatch.setattr(trade_methods, "order_item", broken)
    return changes


@pytest.mark.parametrize(
    ("change", "why"),
    [
        ({"action": "HOLD"}, "action: Expected BUY or SELL, was 'HOLD'"),
        ({"totalQuantity": 15, "totalQuantityScale": 1}, "quantity: Expected a whole number"),
        ({"identifier": "SPY 261123X00600000"}, "Expected"),
        ({"legs": 5}, "TypeError"),
        ({"updateTime": "noon"}, "invalid literal"),
    ],
)
def test_an_order_that_cannot_be_read_is_named_and_hides_no_other(
    use: Any, broken: dict[str, Any], change: dict[str, Any], why: str
) -> None:
    async def script(rest: TigerRest) -> None:
        first, second, third = await resting(rest, 3)
        broken.update(change)
        found = await rest.orders_made(0)
        assert {view.id for view in found.views} == {first, third}
        assert set(found.rows) == {first, second, third}
        [named] = found.unreadable
        assert named.mark == "M1"
        assert named.text.startswith(f"order {second} of SPY")
        assert why in named.text
        again = await rest.orders_changed(0, found.rows)
        assert again.unreadable == []
        with pytest.raises(AnswerError, match=f"order {second} of SPY"):
            await rest.orders_since(0)

    use(script)


def test_an_order_is_not_missing_while_it_may_be_one_that_cannot_be_read(
    use: Any, broken: dict[str, Any]
) -> None:
    async def script(rest: TigerRest) -> None:
        _, _, third = await resting(rest, 3)
        broken["action"] = "HOLD"
        found = await rest.order_by_mark("M2", 0)
        assert found is not None
        assert found.id == third
        assert await rest.order_by_mark("OTHER", 0) is None
        with pytest.raises(AnswerError, match="cannot be read"):
            await rest.order_by_mark("M1", 0)

    use(script)


def test_what_is_no_order_at_all_is_named(use: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(trade_methods, "order_item", lambda _: None)

    async def script(rest: TigerRest) -> None:
        request = OrderRequest(
            user_mark="M", symbol=CALL, is_buy=True, order_type="LMT", quantity=1, limit_price=0.5
        )
        await rest.place(request, Priority.RISK)
        found = await rest.orders_made(0)
        assert (found.rows, found.views) == ({}, [])
        [named] = found.unreadable
        assert named.mark is None
        with pytest.raises(AnswerError):
            await rest.order_by_mark("M", 0)

    use(script)


def test_token_that_tiger_repeats_ends_a_list(use: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[object] = []

    def paged(found: list[Any], body: dict[str, Any], *_: Any) -> tuple[list[Any], str]:
        asked.append(body.get("page_token"))
        return found, "1.1"

    async def script(rest: TigerRest) -> None:
        [order_id] = await resting(rest, 1)
        monkeypatch.setattr(trade_methods, "_paged", paged)
        found = await rest.orders_made(time.time_ns() // 1_000_000 - 60_000)
        assert [view.id for view in found.views] == [order_id]
        assert len(asked) == 2

    use(script)
