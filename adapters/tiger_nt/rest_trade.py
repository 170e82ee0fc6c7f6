"""The account's side of REST: assets, positions, orders, executions."""

import logging
import time
from collections.abc import Callable, Iterable
from typing import Any

from tigeropen.common.consts import Market, SecurityType

from tiger_nt.budget import Priority
from tiger_nt.calls import Calls
from tiger_nt.config import Credentials
from tiger_nt.errors import TigerDeniedError, TigerUnknownOutcomeError
from tiger_nt.lanes import Lane
from tiger_nt.parsing import rest as parse
from tiger_nt.symbols import SEC_TYPES, option_terms
from tiger_nt.views import AssetsView, OrderRequest, OrderView, PositionView, TransactionView
from tiger_nt.wire_orders import wire_order

__all__ = ["TradeCalls"]

_log = logging.getLogger(__name__)

_ORDERS_A_PAGE = 300
_TRANSACTIONS_A_PAGE = 100
_MAX_PAGES = 100
_A_DAY_MS = 86_400_000


class TradeCalls:
    """Calls of the SDK's trade client; part of `TigerRest`."""

    _calls: Calls
    _trade: Any
    _credentials: Credentials

    async def assets(self) -> AssetsView:
        """Return the account's securities segment."""
        return await self._calls.ask(
            "prime_assets",
            lambda: parse.assets_view(self._trade.get_prime_assets(base_currency="USD")),
        )

    async def positions(self) -> list[PositionView]:
        """Return all positions in US options and stocks that are not flat."""
        found = [
            await self._calls.ask("positions", lambda k=kind: self._positions(k))  # type: ignore[misc]
            for kind in (SecurityType.OPT, SecurityType.STK)
        ]
        return [view for views in found for view in views if view.quantity]

    async def open_orders(self) -> list[OrderView]:
        """Return the orders at work in the US market."""
        return await self._calls.ask(
            "active_orders",
            lambda: _readable(
                self._trade.get_open_orders(market=Market.US, limit=_ORDERS_A_PAGE),
                parse.order_view,
                "order",
            ),
        )

    async def orders_since(self, start_ms: int) -> list[OrderView]:
        """Return the US orders made since `start_ms` (UTC, at most 90 days ago), in any state."""

        def page(token: str) -> Any:
            return self._trade.get_orders(
                market=Market.US,
                start_time=start_ms,
                end_time=time.time_ns() // 1_000_000 + _A_DAY_MS,
                limit=_ORDERS_A_PAGE,
                page_token=token,
            )

        orders = await self._pages("orders", page, parse.order_view, "order")
        return list({order.id: order for order in orders}.values())

    async def order(self, id: int) -> OrderView | None:  # noqa: A002 - Tiger's word
        """Return one order by its global id, None if Tiger does not know it."""
        try:
            return await self._calls.ask("orders", lambda: _one(self._trade.get_order(id=id)))
        except TigerDeniedError as e:
            if _is_unknown_order(e):
                return None
            raise

    async def order_by_mark(self, mark: str, since_ms: int) -> OrderView | None:
        """Return the order that carries our `mark`, made since `since_ms`, None without one."""
        orders = await self.orders_since(since_ms)
        return next((order for order in orders if order.user_mark == mark), None)

    async def transactions(
        self, order_id: int | None = None, since_ms: int | None = None
    ) -> list[TransactionView]:
        """Return the executions of one order, or of all US orders made since `since_ms`, by time.

        Tiger wants an order or a symbol, so the second takes a call for each symbol traded, which
        may be an option's root or a stock.
        """
        if order_id is not None:
            questions: list[dict[str, Any]] = [{"order_id": order_id}]
        elif since_ms is not None:
            traded = {
                asked
                for order in await self.orders_since(since_ms)
                if order.filled
                for asked in _traded(order)
            }
            questions = [
                {"symbol": symbol, "sec_type": sec_type, "start_time": since_ms}
                for symbol, sec_type in sorted(traded)
            ]
        else:
            raise ValueError("Expected order_id or since_ms, was neither")
        found: dict[int, TransactionView] = {}
        for question in questions:

            def page(token: str, question: dict[str, Any] = question) -> Any:
                return self._trade.get_transactions(
                    limit=_TRANSACTIONS_A_PAGE, page_token=token, **question
                )

            views = await self._pages(
                "order_transactions", page, parse.transaction_view, "execution"
            )
            found.update((view.id, view) for view in views)
        return sorted(found.values(), key=lambda view: (view.time_ms, view.id))

    async def place(self, request: OrderRequest, priority: Priority = Priority.ENTRY) -> int:
        """Send a new order, once; return Tiger's global id."""
        order = wire_order(request, self._credentials, "place_order")

        def send() -> int:
            found = self._trade.place_order(order)
            if found is None:
                raise TigerUnknownOutcomeError("place_order: Expected an id, was none")
            return int(found)

        return await self._calls.change("place_order", send, Lane.ORDERS, priority)

    async def modify(
        self,
        id: int,  # noqa: A002 - Tiger's word
        request: OrderRequest,
        priority: Priority = Priority.WALK,
    ) -> None:
        """Change price or quantity of an order at work, once; `request` is the whole order anew.

        The answer says that Tiger has taken the wish; only the push says what became of it.
        """
        order = wire_order(request, self._credentials, "modify_order", id)
        await self._calls.change(
            "modify_order", lambda: self._trade.modify_order(order), Lane.ORDERS, priority
        )

    async def cancel(self, id: int) -> None:  # noqa: A002 - Tiger's word
        """Ask for an order to be cancelled, once; only the push says what became of it."""
        await self._calls.change(
            "cancel_order",
            lambda: self._trade.cancel_order(id=id),
            Lane.CANCELS,
            Priority.RISK,
        )

    async def preview(self, request: OrderRequest) -> dict[str, Any]:
        """Return what an order would cost and tie up (``is_pass``, ``commission``...)."""
        order = wire_order(request, self._credentials, "preview_order")
        found = await self._calls.ask(
            "preview_order", lambda: dict(self._trade.preview_order(order) or {})
        )
        return {name: value for name, value in found.items() if name != "account"}

    def _positions(self, kind: SecurityType) -> list[PositionView]:
        positions = self._trade.get_positions(sec_type=kind, market=Market.US)
        return _readable(positions, parse.position_view, "position")

    async def _pages[T](
        self,
        method: str,
        page: Callable[[str], Any],
        read: Callable[[Any], T],
        what: str,
    ) -> list[T]:
        views: list[T] = []
        token = ""
        for _ in range(_MAX_PAGES):
            answer = await self._calls.ask(method, lambda t=token: page(t))  # type: ignore[misc]
            views += _readable(answer.result, read, what)
            if not answer.next_page_token or answer.next_page_token == token:
                break
            token = answer.next_page_token
        return views


def _readable[T](items: Iterable[Any] | None, read: Callable[[Any], T], what: str) -> list[T]:
    views, left_out = parse.readable(items or (), read)
    if left_out:
        _log.warning("Left out, as parts of shares: %s of %s", what, ", ".join(left_out))
    return views


def _one(order: Any) -> OrderView | None:
    return None if order is None else parse.order_view(order)


def _is_unknown_order(error: TigerDeniedError) -> bool:
    text = error.message.lower()
    return "not_found" in text or "does not exist" in text


def _traded(order: OrderView) -> set[tuple[str, str]]:
    """Return the symbols and kinds under which the order's executions are listed."""
    if order.legs:
        return {(option_terms(leg.symbol).root, "OPT") for leg in order.legs}
    if order.sec_type not in SEC_TYPES:
        return set()
    symbol = option_terms(order.symbol).root if order.sec_type == "OPT" else order.symbol
    return {(symbol, order.sec_type)}
