"""Whatever happens at Tiger, told or not, is known after a reading, and no row is read twice."""

import asyncio
import datetime as dt
import math
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, cast
from zoneinfo import ZoneInfo

import msgspec
import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from tiger_nt.errors import AnswerError, TigerRequestError
from tiger_nt.gateway import OrderGateway
from tiger_nt.order_events import Doubt
from tiger_nt.order_lists import OrderList, Unreadable
from tiger_nt.reconciliation import Reconciler, net_positions
from tiger_nt.rest import TigerRest
from tiger_nt.tracker import OrderTracker
from tiger_nt.views import (
    AssetsView,
    OrderRequest,
    OrderState,
    OrderView,
    PositionView,
    TransactionView,
)

MORNING_MS = int(
    dt.datetime(2026, 11, 23, 9, 30, tzinfo=ZoneInfo("America/New_York")).timestamp() * 1_000
)
SYMBOL = "SPY261123C00600000"
ASSETS = AssetsView(
    net_liquidation=1.0,
    cash=1.0,
    cash_available=1.0,
    buying_power=1.0,
    init_margin=0.0,
    maintenance_margin=0.0,
)


class Version(msgspec.Struct, frozen=True):
    """An order as it was from `at_ms` on; stamps are of Tiger's clock, times of ours."""

    at_ms: int
    made_stamp: int
    state_stamp: int
    view: OrderView


class Tiger:
    """An account whose lists show everything `late_ms` after it happened.

    Parameters
    ----------
    by_change : bool
        Whether lists can be had by the last change; otherwise they go by when orders were made.
    """

    def __init__(self, *, by_change: bool, late_ms: int = 0) -> None:
        self.now_ms = MORNING_MS
        self.offset_ms: int | None = 0
        self.fails = 0
        self.unreadable: list[Unreadable] = []
        self.positions_fail = False
        self.meanwhile: Callable[[], Awaitable[object]] | None = None
        self.asked: list[str] = []
        self.read = 0
        self._by_change = by_change
        self._late_ms = late_ms
        self._orders: dict[int, list[Version]] = {}
        self.executions: dict[int, list[TransactionView]] = {}

    # What happens

    def make(self, mark: str = "") -> OrderView:
        number = len(self._orders) + 1
        return self._note(
            OrderView(
                id=number,
                user_mark=mark,
                symbol=SYMBOL,
                sec_type="OPT",
                is_buy=True,
                order_type="LMT",
                quantity=3,
                filled=0,
                limit_price=2.0,
                stop_price=None,
                average_price=math.nan,
                commission=0.0,
                state=OrderState.HELD,
                reason="",
                updated_ms=self._stamp(),
            )
        )

    def fill(self, order: OrderView, quantity: int) -> OrderView:
        """Fill an order, one that is over too: then its state is not changed again."""
        filled = order.filled + quantity
        state = order.state
        if not state.is_final:
            state = OrderState.FILLED if filled == order.quantity else OrderState.PARTIALLY_FILLED
        executions = self.executions.setdefault(order.id, [])
        executions.append(
            TransactionView(
                id=100 * order.id + len(executions),
                order_id=order.id,
                symbol=SYMBOL,
                sec_type="OPT",
                is_buy=True,
                quantity=quantity,
                price=2.0,
                time_ms=self._stamp(),
            )
        )
        return self._change(
            order, state=state, filled=filled, average_price=2.0, commission=float(filled)
        )

    def end(self, order: OrderView) -> OrderView:
        return self._change(order, state=OrderState.CANCELLED)

    def order_now(self, order_id: int) -> OrderView:
        return self._orders[order_id][-1].view

    def orders_now(self) -> list[OrderView]:
        return [versions[-1].view for versions in self._orders.values()]

    def held(self) -> int:
        return sum(each.quantity for all_of in self.executions.values() for each in all_of)

    def _change(self, order: OrderView, **changes: Any) -> OrderView:
        stamp = self._stamp()
        return self._note(msgspec.structs.replace(order, updated_ms=stamp, **changes))

    def _note(self, view: OrderView) -> OrderView:
        versions = self._orders.setdefault(view.id, [])
        stamp = self._stamp()
        made, changed = stamp, stamp
        if versions:
            made = versions[0].made_stamp
            before = versions[-1]
            if before.view.state is view.state:
                changed = before.state_stamp
        versions.append(Version(self.now_ms, made, changed, view))
        return view

    def _stamp(self) -> int:
        return self.now_ms + (self.offset_ms or 0)

    # What it answers

    async def open_orders(self, seen: Mapping[int, Any] | None = None) -> OrderList:
        return self._list("open", lambda each: not each.view.state.is_final, seen)

    async def orders_made(self, since_ms: int) -> OrderList:
        return self._list("made", lambda each: each.made_stamp >= since_ms, None)

    async def orders_changed(self, since_ms: int, seen: Mapping[int, Any]) -> OrderList:
        if not self._by_change:
            return self._list("changed", lambda each: each.made_stamp >= since_ms, seen)
        return self._list("changed", lambda each: each.state_stamp >= since_ms, seen)

    async def order(self, order_id: int) -> OrderView:
        self.asked.append(f"order {order_id}")
        return self.order_now(order_id)

    async def transactions(self, order_id: int) -> list[TransactionView]:
        return self.executions.get(order_id, [])

    async def transactions_since(self, since_ms: int, orders: Any) -> list[TransactionView]:
        self.asked.append("executions")
        return [each for all_of in self.executions.values() for each in all_of]

    async def positions(self) -> list[PositionView]:
        if self.positions_fail:
            raise AnswerError("position: Expected a whole number, was 0.5")
        return [PositionView(symbol=SYMBOL, sec_type="OPT", quantity=self.held(), average_cost=2.0)]

    async def assets(self) -> AssetsView:
        meanwhile, self.meanwhile = self.meanwhile, None
        if meanwhile is not None:
            await meanwhile()
        if self.fails:
            self.fails -= 1
            raise TigerRequestError("no answer")
        return ASSETS

    def clock_offset_s(self, within_s: float) -> float | None:
        return None if self.offset_ms is None else self.offset_ms / 1_000

    def _list(self, name: str, wanted: Any, seen: Mapping[int, Any] | None) -> OrderList:
        self.asked.append(name)
        shown = [
            past[-1]
            for versions in self._orders.values()
            if (past := [v for v in versions if v.at_ms <= self.now_ms - self._late_ms])
        ]
        rows = {each.view.id: {"view": each.view} for each in shown if wanted(each)}
        views = [row["view"] for key, row in rows.items() if (seen or {}).get(key) != row]
        self.read += len(views)
        return OrderList(rows, views, self.unreadable)


class Desk:
    """A tracker kept true by readings alone, and by what a test tells it."""

    def __init__(self, tiger: Tiger) -> None:
        self.tiger = tiger
        self.tracker = OrderTracker()
        rest = cast(TigerRest, tiger)
        self.suspects: set[int] = set()
        gateway = OrderGateway(rest, self.tracker, lambda _: None)
        gateway.inquiry.suspect = self.suspects.add  # type: ignore[method-assign]
        self.reconciler = Reconciler(rest, self.tracker, gateway)

    def submit(self, mark: str) -> OrderView:
        request = OrderRequest(
            user_mark=mark, symbol=SYMBOL, is_buy=True, order_type="LMT", quantity=3, limit_price=2
        )
        order = self.tracker.submit(request)
        view = self.tiger.make(mark)
        self.tracker.placed(order, view.id)
        self.tracker.on_view(view)
        return view

    def read(self, *, whole: bool = False) -> None:
        """Read as the execution client does: the whole day if positions differ afterwards."""

        async def refresh(whole: bool) -> int:
            snapshot = await self.reconciler.refresh(self.tiger.now_ms, whole=whole)
            await self._settle()
            return net_positions(snapshot.positions).get(SYMBOL, 0)

        held = asyncio.run(refresh(whole))
        if held != self.filled():
            asyncio.run(refresh(True))

    async def _settle(self) -> None:
        """Ask what the inquiry would."""
        for _ in range(4):
            for order_id in list(self.suspects):
                view = await self.tiger.order(order_id)
                self.tracker.on_answer(order_id, Doubt.ORDER, [view])
            self.suspects.clear()
            for order_id, doubt in self.tracker.doubts():
                answer: list[Any] = (
                    await self.tiger.transactions(order_id)
                    if doubt is Doubt.TRANSACTIONS
                    else [await self.tiger.order(order_id)]
                )
                self.tracker.on_answer(order_id, doubt, answer)

    def filled(self) -> int:
        return sum(order.filled for order in self.tracker)

    def known(self) -> dict[int | None, tuple[int, bool]]:
        return {order.id: (order.filled, order.is_done) for order in self.tracker}

    def true(self) -> dict[int | None, tuple[int, bool]]:
        return {view.id: (view.filled, view.state.is_final) for view in self.tiger.orders_now()}


STEPS = st.lists(
    st.tuples(
        st.sampled_from(["make", "submit", "fill", "all", "end", "late", "read", "fail", "clock"]),
        st.integers(0, 7),
        st.booleans(),
        st.sampled_from([0, 1, 40, 400]),
    ),
    max_size=24,
)


def play(desk: Desk, steps: list[tuple[str, int, bool, int]]) -> None:
    """Have orders made, filled and ended, some of it told by push; `seconds` pass after each."""
    tiger = desk.tiger
    for number, (what, which, told, seconds) in enumerate(steps):
        orders = tiger.orders_now()
        order = orders[which % len(orders)] if orders else None
        view = None
        if what == "make":
            view = tiger.make()
        elif what == "submit":
            desk.submit(f"M{number}")
        elif what == "read":
            desk.read()
        elif what == "fail":
            tiger.fails = 1
            with pytest.raises(TigerRequestError):
                desk.read(whole=told)
        elif what == "clock":
            tiger.offset_ms = None if which == 7 else (which - 3) * 300_000
            desk.read()
        elif order is not None and order.filled < order.quantity:
            if what == "end" and not order.state.is_final:
                view = tiger.end(order)
            elif what == "late" or not order.state.is_final:
                view = tiger.fill(order, order.quantity - order.filled if what == "all" else 1)
        if told and view is not None:
            desk.tracker.on_view(view)
        tiger.now_ms += 1_000 * seconds


UNTOLD_END = [("make", 0, True, 400), ("read", 0, False, 1), ("end", 0, False, 1)]
SHOWN_LATE = [("make", 0, False, 0), ("end", 0, False, 40), ("read", 0, False, 40)]


@example(UNTOLD_END, False, 0)
@example(SHOWN_LATE, True, 60_000)
@given(STEPS, st.booleans(), st.sampled_from([0, 60_000]))
def test_after_a_reading_everything_is_known_that_happened_told_or_not(
    steps: list[tuple[str, int, bool, int]], by_change: bool, late_ms: int
) -> None:
    tiger = Tiger(by_change=by_change, late_ms=late_ms)
    desk = Desk(tiger)
    desk.read()
    play(desk, steps)
    tiger.now_ms += late_ms
    desk.read()
    assert desk.known() == desk.true()
    assert desk.filled() == tiger.held()


@pytest.fixture
def tiger() -> Tiger:
    return Tiger(by_change=True)


def test_a_reading_asks_for_what_is_new_and_reads_no_row_twice(tiger: Tiger) -> None:
    desk = Desk(tiger)
    orders = [tiger.make() for _ in range(50)]
    desk.read()
    tiger.asked.clear()
    tiger.read = 0
    tiger.now_ms += 30_000
    tiger.end(tiger.fill(orders[0], 1))
    desk.read()
    assert tiger.asked == ["open", "changed"]
    assert tiger.read == 1
    tiger.read = 0
    for _ in range(10):
        tiger.now_ms += 30_000
        desk.read()
    assert tiger.read == 0
    assert "executions" not in tiger.asked
    assert desk.known() == desk.true()


def test_the_whole_day_is_read_after_one_that_failed(tiger: Tiger) -> None:
    desk = Desk(tiger)
    desk.read()
    tiger.fails = 1
    with pytest.raises(TigerRequestError):
        desk.read(whole=True)
    tiger.asked.clear()
    desk.read()
    assert tiger.asked == ["open", "made", "executions"]
    tiger.asked.clear()
    desk.read()
    assert tiger.asked == ["open", "changed"]


def test_a_whole_day_asked_for_while_something_new_is_read_is_still_due_when_it_fails(
    tiger: Tiger,
) -> None:
    desk = Desk(tiger)
    desk.read()

    async def meanwhile() -> None:
        tiger.fails = 1
        with pytest.raises(TigerRequestError):
            await desk.reconciler.refresh(tiger.now_ms, whole=True)
        tiger.asked.clear()

    tiger.meanwhile = meanwhile
    desk.read()
    assert tiger.asked == ["open", "made", "executions"]


def test_a_position_that_cannot_be_read_hides_no_order(tiger: Tiger) -> None:
    desk = Desk(tiger)
    desk.read()
    tiger.make()
    tiger.positions_fail = True
    with pytest.raises(AnswerError):
        desk.read()
    assert desk.known() == desk.true()


@pytest.mark.parametrize("offset_ms", [30_001, -30_001, None])
def test_the_whole_day_is_read_when_the_clocks_have_moved(
    tiger: Tiger, offset_ms: int | None
) -> None:
    desk = Desk(tiger)
    desk.read()
    tiger.asked.clear()
    tiger.offset_ms = offset_ms
    desk.read()
    assert tiger.asked == ["open", "changed", "open", "made", "executions"]


def test_the_whole_day_is_not_read_for_clocks_that_are_apart_and_stay_so(tiger: Tiger) -> None:
    tiger.offset_ms = -600_000
    desk = Desk(tiger)
    desk.read()
    tiger.make()
    tiger.asked.clear()
    desk.read()
    assert tiger.asked == ["open", "changed"]
    assert desk.known() == desk.true()


def test_a_late_fill_that_no_list_of_changes_shows_is_found_by_the_positions(tiger: Tiger) -> None:
    desk = Desk(tiger)
    order = tiger.end(tiger.make())
    desk.read()
    tiger.now_ms += 600_000
    tiger.fill(order, 1)
    tiger.asked.clear()
    desk.read()
    assert tiger.asked == ["open", "changed", "open", "made", "executions"]
    assert desk.known() == desk.true() == {1: (1, True)}


def test_what_cannot_be_read_is_told_and_the_rest_is_taken_in(tiger: Tiger) -> None:
    desk = Desk(tiger)
    tiger.make()
    tiger.unreadable.append(Unreadable("", "order 7 cannot be read"))
    snapshot = asyncio.run(desk.reconciler.refresh(tiger.now_ms))
    assert set(snapshot.unreadable) == {"order 7 cannot be read"}
    assert desk.known() == desk.true()


def test_other_work_of_the_loop_has_its_turn_while_hundreds_of_orders_are_taken_in(
    tiger: Tiger,
) -> None:
    desk = Desk(tiger)
    for _ in range(100):
        tiger.make()
    known: list[int] = []

    async def look() -> None:
        while True:
            known.append(len(list(desk.tracker)))
            await asyncio.sleep(0)

    async def script() -> None:
        looking = asyncio.create_task(look())
        await desk.reconciler.refresh(tiger.now_ms)
        looking.cancel()

    asyncio.run(script())
    assert {20, 40, 60, 80, 100} <= set(known)
