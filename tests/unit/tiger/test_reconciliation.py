"""Since when Tiger is asked, and what becomes of answers that do not fit."""

import asyncio
import datetime as dt
from typing import Any, cast
from zoneinfo import ZoneInfo

import msgspec
import pytest
from patience import PATIENCE_S

from tiger_nt.gateway import OrderGateway
from tiger_nt.inquiry import Patience
from tiger_nt.order_lists import OrderList
from tiger_nt.reconciliation import Reconciler
from tiger_nt.rest import TigerRest
from tiger_nt.tracker import Change, OrderTracker
from tiger_nt.views import AssetsView, OrderState, OrderView

NEW_YORK = ZoneInfo("America/New_York")
ASSETS = AssetsView(
    net_liquidation=1.0,
    cash=1.0,
    cash_available=1.0,
    buying_power=1.0,
    init_margin=0.0,
    maintenance_margin=0.0,
)
WORKING = OrderView(
    id=1,
    user_mark="",
    symbol="SPY",
    sec_type="STK",
    is_buy=True,
    order_type="LMT",
    quantity=1,
    filled=0,
    limit_price=1.0,
    stop_price=None,
    average_price=float("nan"),
    commission=float("nan"),
    state=OrderState.HELD,
    reason="",
    updated_ms=1,
)
ENDING = msgspec.structs.replace(WORKING, id=3)


class QuietRest:
    """Knows one order; keeps since when it was asked."""

    def __init__(self) -> None:
        self.since: list[int] = []

    async def orders_made(self, since_ms: int) -> OrderList:
        self.since.append(since_ms)
        return OrderList()

    async def orders_changed(self, since_ms: int, seen: Any) -> OrderList:
        self.since.append(since_ms)
        return OrderList()

    async def open_orders(self, seen: Any = None) -> OrderList:
        return OrderList({WORKING.id: {}}, [WORKING])

    async def transactions_since(self, since_ms: int, orders: Any) -> list[Any]:
        return []

    def clock_offset_s(self, within_s: float) -> float | None:
        return 5.0

    async def positions(self) -> list[Any]:
        return []

    async def assets(self) -> AssetsView:
        return ASSETS


def ms(text: str) -> int:
    return int(dt.datetime.fromisoformat(text).replace(tzinfo=NEW_YORK).timestamp() * 1_000)


@pytest.mark.parametrize(
    ("now", "midnight"),
    [
        ("2026-11-23T10:00:00.123", "2026-11-23T00:00:00"),
        ("2026-11-23T00:00:00", "2026-11-23T00:00:00"),
        ("2026-11-22T23:59:59.999", "2026-11-22T00:00:00"),
        ("2026-11-01T12:00:00", "2026-11-01T00:00:00"),  # a day of 25 hours
    ],
)
def test_whoever_asks_first_asks_for_the_day_in_new_york_and_later_for_what_is_new(
    now: str, midnight: str
) -> None:
    rest, tracker = QuietRest(), OrderTracker()
    told: list[Change] = []
    gateway = OrderGateway(cast(TigerRest, rest), tracker, told.extend)
    reconciler = Reconciler(cast(TigerRest, rest), tracker, gateway)

    async def ask() -> None:
        await reconciler.refresh(ms(now))
        await reconciler.refresh(ms(now) + 60_000)

    asyncio.run(ask())
    assert rest.since == [ms(midnight), ms(now) + 5_000 - 120_000]
    assert [type(event).__name__ for _, event in told] == ["Accepted"]


class ForgetfulRest(QuietRest):
    """Lists no order, and has one come in and another end by push while it is asked."""

    def __init__(self, tracker: OrderTracker) -> None:
        super().__init__()
        self.tracker = tracker
        self.asked: list[int] = []

    async def open_orders(self, seen: Any = None) -> OrderList:
        self.tracker.on_view(msgspec.structs.replace(WORKING, id=2))
        self.tracker.on_view(msgspec.structs.replace(ENDING, state=OrderState.CANCELLED))
        return OrderList()

    async def order(self, order_id: int) -> None:
        self.asked.append(order_id)


def test_only_what_was_at_work_before_the_question_is_missed_in_its_answer() -> None:
    tracker = OrderTracker()
    rest = ForgetfulRest(tracker)
    patience = Patience(first_ask_s=0.0, longest_ask_s=60.0)
    gateway = OrderGateway(cast(TigerRest, rest), tracker, lambda _: None, patience)
    reconciler = Reconciler(cast(TigerRest, rest), tracker, gateway)
    tracker.on_view(WORKING)
    tracker.on_view(ENDING)

    async def ask() -> None:
        await reconciler.refresh(ms("2026-11-23T10:00:00"))
        asking = asyncio.create_task(gateway.inquiry.run())
        async with asyncio.timeout(PATIENCE_S):
            while not rest.asked:
                await asyncio.sleep(0)
        for _ in range(100):  # what else is due has its turn
            await asyncio.sleep(0)
        asking.cancel()

    asyncio.run(ask())
    assert rest.asked == [WORKING.id]
