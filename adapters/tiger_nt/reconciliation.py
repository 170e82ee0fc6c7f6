"""What Tiger says an account holds and did, taken in, and where it differs from what is known."""

import asyncio
import datetime as dt
import logging
from collections.abc import Iterable, Mapping
from zoneinfo import ZoneInfo

import msgspec

from tiger_nt.alarms import Residual
from tiger_nt.gateway import OrderGateway
from tiger_nt.order_events import Doubt
from tiger_nt.rest import TigerRest
from tiger_nt.tracker import Change, OrderTracker
from tiger_nt.views import AssetsView, OrderView, PositionView, TransactionView

__all__ = ["Reconciler", "Snapshot", "net_fills", "net_positions", "residuals"]

_log = logging.getLogger(__name__)
_NEW_YORK = ZoneInfo("America/New_York")
_STILL_ATTEMPTS = 3
_MARGIN_MS = 120_000
_DOUBT_ROUNDS = 10
_DOUBT_PAUSE_S = 0.2


class Snapshot(msgspec.Struct, frozen=True):
    """Orders and executions since some time, and everything held, asked for at one time."""

    orders: list[OrderView]
    transactions: list[TransactionView]
    positions: list[PositionView]
    assets: AssetsView


class Reconciler:
    """Asks Tiger for everything and gives it to the tracker.

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
        self._done_ms: int | None = None

    async def start(self, now_ms: int) -> Snapshot:
        """Take in the trading day so far without telling it, and settle every doubt about it.

        The engine is told by reports, made from what the tracker then knows.
        """
        snapshot = await self._ask(_midnight_ms(now_ms))
        self._feed(snapshot)
        for _ in range(_DOUBT_ROUNDS):
            doubts = self._tracker.doubts()
            for order_id, doubt in doubts:
                self._tracker.on_answer(order_id, doubt, await self._answer(order_id, doubt))
            if not self._tracker.doubts():
                break
            await asyncio.sleep(_DOUBT_PAUSE_S)
        self._done_ms = now_ms
        return snapshot

    async def refresh(self, now_ms: int) -> Snapshot:
        """Take in what happened since the last time, or today, and tell what is new."""
        done_ms = self._done_ms
        since_ms = _midnight_ms(now_ms) if done_ms is None else done_ms - _MARGIN_MS
        # Orders placed meanwhile need not be in the answers.
        before = [order for order in self._tracker.live() if order.view is not None]
        snapshot = await self._ask(since_ms)
        self._gateway.tell(self._feed(snapshot))
        listed = {order.id for order in snapshot.orders}
        for order in before:
            if order.id is not None and order.id not in listed and not order.is_done:
                _log.warning("order %s: at work here, but not listed by Tiger: asking", order.id)
                self._gateway.inquiry.suspect(order.id)
        self._done_ms = now_ms
        return snapshot

    async def _ask(self, since_ms: int) -> Snapshot:
        """Ask for everything, again if positions change meanwhile: they must fit the rest."""
        rest = self._rest
        positions = await rest.positions()
        for _ in range(_STILL_ATTEMPTS):
            open_orders, orders, transactions, assets = await asyncio.gather(
                rest.open_orders(),
                rest.orders_since(since_ms),
                rest.transactions(since_ms=since_ms),
                rest.assets(),
            )
            before, positions = positions, await rest.positions()
            if net_positions(before) == net_positions(positions):
                break
        return Snapshot([*orders, *open_orders], transactions, positions, assets)

    async def _answer(self, order_id: int, doubt: Doubt) -> list[OrderView] | list[TransactionView]:
        if doubt is Doubt.TRANSACTIONS:
            return await self._rest.transactions(order_id=order_id)
        view = await self._rest.order(order_id)
        return [] if view is None else [view]

    def _feed(self, snapshot: Snapshot) -> list[Change]:
        changes: list[Change] = []
        for order in snapshot.orders:
            changes += self._tracker.on_view(order)
        for transaction in snapshot.transactions:
            changes += self._tracker.on_transaction(transaction)
        return changes


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
