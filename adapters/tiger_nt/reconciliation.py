"""What Tiger says an account holds and did, taken in, and where it differs from what is known."""

import asyncio
import datetime as dt
import logging
import time
from collections.abc import Callable, Iterable, Mapping
from itertools import batched
from zoneinfo import ZoneInfo

import msgspec

from tiger_nt.alarms import Residual
from tiger_nt.gateway import OrderGateway
from tiger_nt.order_events import Doubt
from tiger_nt.order_lists import OrderList, Row
from tiger_nt.orders import TrackedOrder
from tiger_nt.rest import TigerRest
from tiger_nt.tracker import Change, OrderTracker
from tiger_nt.views import AssetsView, OrderView, PositionView, TransactionView

__all__ = ["Reconciler", "Snapshot", "net_fills", "net_positions", "residuals"]

_log = logging.getLogger(__name__)
_NEW_YORK = ZoneInfo("America/New_York")
_STILL_ATTEMPTS = 3
_SHOWN_LATE_MS = 120_000
"""A change may show in Tiger's lists so much later than it is stamped there."""
_CLOCK_MOVED_S = 30.0
_DOUBT_ROUNDS = 10
_DOUBT_PAUSE_S = 0.2
_A_SLICE = 20
"""Views taken in before the event loop has another turn, some 0.2 ms."""

type Lists = tuple[OrderList, OrderList]
type Tell = Callable[[list[Change]], None]


class Snapshot(msgspec.Struct, frozen=True):
    """What the account holds, and what could not be read of its orders."""

    positions: list[PositionView]
    assets: AssetsView
    unreadable: tuple[str, ...]


class _Reading(msgspec.Struct, frozen=True):
    """When a reading began, by our clock and a steady one, and which orders were at work then."""

    now_ms: int
    began_s: float
    at_work: list[TrackedOrder]
    is_whole: bool


class Reconciler:
    """Asks Tiger for what it knows and gives it to the tracker.

    The whole trading day is read at the start, when news may have been missed, and when the clocks
    have moved against each other or Tiger does not tell its own. In between only what is new: the
    orders at work, those changed or made since the last reading began, and one by one those that
    were at work and are in neither list. So neither an order at work nor the end of one is missed,
    also where Tiger lists orders by when they were made. Executions that a view speaks of are asked
    for by the `inquiry`. What all this cannot see, a late fill of an order that was over, shows in
    the positions: whoever finds them different has the whole day read.

    Parameters
    ----------
    rest : TigerRest
        Who is asked.
    tracker : OrderTracker
        Who takes it in.
    gateway : OrderGateway
        Tells what is new, and asks for orders that Tiger does not list any more.
    """

    def __init__(self, rest: TigerRest, tracker: OrderTracker, gateway: OrderGateway) -> None:
        self._rest = rest
        self._tracker = tracker
        self._gateway = gateway
        self._read_ms: int | None = None
        """By Tiger's clock, when the last reading began; without it the next is a whole one."""
        self._offset_s = 0.0
        """Tiger's clock less ours then."""
        self._seen: Mapping[int, Row] = {}

    async def start(self, now_ms: int) -> Snapshot:
        """Take in the trading day so far without telling it, and settle every doubt about it.

        The engine is told by reports, made from what the tracker then knows.
        """
        snapshot = await self._read_whole(now_ms, lambda _: None)
        for _ in range(_DOUBT_ROUNDS):
            doubts = self._tracker.doubts()
            for order_id, doubt in doubts:
                self._tracker.on_answer(order_id, doubt, await self._answer(order_id, doubt))
            if not self._tracker.doubts():
                break
            await asyncio.sleep(_DOUBT_PAUSE_S)
        return snapshot

    async def refresh(self, now_ms: int, *, whole: bool = False) -> Snapshot:
        """Take in what is new and tell it; if `whole`, out of the whole trading day."""
        if whole:
            self._read_ms = None  # for the next one too, if this fails
        if self._read_ms is None:
            return await self._read_whole(now_ms, self._gateway.tell)
        offset_s = self._offset_s
        snapshot = await self._read_new(now_ms, self._read_ms - _SHOWN_LATE_MS)
        if self._read_ms is not None and abs(self._offset_s - offset_s) <= _CLOCK_MOVED_S:
            return snapshot
        return await self.refresh(now_ms, whole=True)

    async def _read_new(self, now_ms: int, since_ms: int) -> Snapshot:
        """Read what is at work or has changed; positions last, they are to be compared."""
        rest = self._rest
        reading = self._begin(now_ms, whole=False)
        open_orders, changed, assets = await asyncio.gather(
            rest.open_orders(self._seen), rest.orders_changed(since_ms, self._seen), rest.assets()
        )
        lists = changed, open_orders
        await self._take_in(reading, lists, [], self._gateway.tell)
        return Snapshot(await rest.positions(), assets, _unreadable(lists))

    async def _read_whole(self, now_ms: int, tell: Tell) -> Snapshot:
        """Read the day, again if positions change meanwhile: they must fit the rest."""
        rest = self._rest
        since_ms = _midnight_ms(now_ms)
        reading = self._begin(now_ms, whole=True)
        positions = await rest.positions()
        for _ in range(_STILL_ATTEMPTS):
            open_orders, made, assets = await asyncio.gather(
                rest.open_orders(), rest.orders_made(since_ms), rest.assets()
            )
            lists = made, open_orders
            executions = await rest.transactions_since(since_ms, _orders(lists))
            before, positions = positions, await rest.positions()
            if net_positions(before) == net_positions(positions):
                break
        await self._take_in(reading, lists, executions, tell)
        return Snapshot(positions, assets, _unreadable(lists))

    def _begin(self, now_ms: int, *, whole: bool) -> _Reading:
        # Orders placed meanwhile need not be in the answers.
        at_work = [order for order in self._tracker.live() if order.view is not None]
        return _Reading(now_ms, time.monotonic(), at_work, whole)

    async def _take_in(
        self, reading: _Reading, lists: Lists, executions: list[TransactionView], tell: Tell
    ) -> None:
        """Take in the answers, a few views at a time, and remember them for the next reading."""
        for views in batched(_orders(lists), _A_SLICE, strict=False):
            tell([change for view in views for change in self._tracker.on_view(view)])
            await asyncio.sleep(0)
        for some in batched(executions, _A_SLICE, strict=False):
            tell([change for each in some for change in self._tracker.on_transaction(each)])
            await asyncio.sleep(0)
        self._seen = {order_id: row for each in lists for order_id, row in each.rows.items()}
        for order in reading.at_work:
            if order.id is not None and order.id not in self._seen and not order.is_done:
                _log.warning("order %s: at work here, but not listed by Tiger: asking", order.id)
                self._gateway.inquiry.suspect(order.id)
        if self._read_ms is None and not reading.is_whole:
            return  # a whole one was asked for meanwhile, and is still due
        offset_s = self._rest.clock_offset_s(time.monotonic() - reading.began_s)
        self._read_ms = None if offset_s is None else reading.now_ms + round(offset_s * 1_000)
        self._offset_s = offset_s or 0.0

    async def _answer(self, order_id: int, doubt: Doubt) -> list[OrderView] | list[TransactionView]:
        if doubt is Doubt.TRANSACTIONS:
            return await self._rest.transactions(order_id)
        view = await self._rest.order(order_id)
        return [] if view is None else [view]


def _orders(lists: Lists) -> list[OrderView]:
    return [view for each in lists for view in each.views]


def _unreadable(lists: Lists) -> tuple[str, ...]:
    return tuple(row.text for each in lists for row in each.unreadable)


def _midnight_ms(now_ms: int) -> int:
    now = dt.datetime.fromtimestamp(now_ms / 1_000, _NEW_YORK)
    return int(now.replace(hour=0, minute=0, second=0, microsecond=0).timestamp()) * 1_000


def net_positions(positions: Iterable[PositionView]) -> dict[str, int]:
    """Return signed quantities by symbol, without what is flat."""
    held: dict[str, int] = {}
    for position in positions:
        held[position.symbol] = held.get(position.symbol, 0) + position.quantity
    return {symbol: quantity for symbol, quantity in held.items() if quantity}


def net_fills(tracker: OrderTracker) -> dict[str, int]:
    """Return what the fills of orders with a mark of ours add up to, signed, by symbol."""
    net: dict[str, int] = {}
    for part in (part for order in tracker for part in order.parts):
        if part.is_ours:
            sign = 1 if part.request.is_buy else -1
            symbol = part.request.symbol
            net[symbol] = net.get(symbol, 0) + sign * part.filled
    return net


def residuals(held: Mapping[str, int], expected: Mapping[str, int]) -> tuple[Residual, ...]:
    """Return where two sets of positions differ, by symbol."""
    return tuple(
        Residual(symbol, held.get(symbol, 0), expected.get(symbol, 0))
        for symbol in sorted(held.keys() | expected.keys())
        if held.get(symbol, 0) != expected.get(symbol, 0)
    )
