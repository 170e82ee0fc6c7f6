"""The account's side of REST: assets, positions, orders, executions."""

import logging
from collections.abc import Iterable
from typing import Any

from tigeropen.common.consts import Market, SecurityType

from tiger_nt.budget import Priority
from tiger_nt.calls import Calls
from tiger_nt.config import Credentials
from tiger_nt.errors import TigerUnknownOutcomeError
from tiger_nt.lanes import Lane
from tiger_nt.parsing import rest as parse
from tiger_nt.symbols import SEC_TYPES, option_terms
from tiger_nt.views import AssetsView, OrderRequest, OrderView, PositionView, TransactionView
from tiger_nt.wire_orders import wire_order

__all__ = ["TradeCalls"]

_log = logging.getLogger(__name__)

_TRANSACTIONS_A_PAGE = 100
_MAX_PAGES = 100


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

    async def transactions(self, order_id: int) -> list[TransactionView]:
        """Return the executions of one order, by time."""
        return _by_time(await self._executions(order_id=order_id))

    async def transactions_since(
        self, since_ms: int, orders: Iterable[OrderView]
    ) -> list[TransactionView]:
        """Return the executions since then of all that `orders` have filled, by time.

        Tiger wants an order or a symbol: it takes a call for each symbol, which may be an option's
        root or a stock.
        """
        traded = {asked for order in orders if order.filled for asked in _traded(order)}
        found: list[TransactionView] = []
        for symbol, kind in sorted(traded):
            found += await self._executions(symbol=symbol, sec_type=kind, start_time=since_ms)
        return _by_time(found)

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
        views, left_out = parse.readable(positions or (), parse.position_view)
        if left_out:
            _log.warning("Left out, as parts of shares: position of %s", ", ".join(left_out))
        return views

    async def _executions(self, **question: object) -> list[TransactionView]:
        views: list[TransactionView] = []
        token = ""
        for _ in range(_MAX_PAGES):

            def page(token: str = token) -> tuple[list[TransactionView], str]:
                answer = self._trade.get_transactions(
                    limit=_TRANSACTIONS_A_PAGE, page_token=token, **question
                )
                return _readable(answer.result or ()), answer.next_page_token or ""

            found, following = await self._calls.ask("order_transactions", page)
            views += found
            if following in {"", token}:
                break
            token = following
        return views


def _readable(transactions: Iterable[Any]) -> list[TransactionView]:
    """Read executions; what is missing of an order is asked for again, and at last inferred."""
    views = []
    for transaction in transactions:
        try:
            views.append(parse.transaction_view(transaction))
        except (ArithmeticError, AttributeError, TypeError, ValueError) as e:
            _log.warning("Left out, cannot be read: execution %s: %s", transaction.id, e)
    return views


def _by_time(views: Iterable[TransactionView]) -> list[TransactionView]:
    once = {view.id: view for view in views}
    return sorted(once.values(), key=lambda view: (view.time_ms, view.id))


def _traded(order: OrderView) -> set[tuple[str, str]]:
    """Return the symbols and kinds under which the order's executions are listed."""
    if order.legs:
        return {(option_terms(leg.symbol).root, "OPT") for leg in order.legs}
    if order.sec_type not in SEC_TYPES:
        return set()
    symbol = option_terms(order.symbol).root if order.sec_type == "OPT" else order.symbol
    return {(symbol, order.sec_type)}
