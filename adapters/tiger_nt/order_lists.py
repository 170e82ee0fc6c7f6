"""Lists of orders by REST: every row is looked at, only new ones are read.

The SDK takes 60 us to read an order of a list, and one thread of Python runs at a time: hundreds in
one go would hold up an order on its way. So a row that stands as it stood in the list before is not
read again, the others are read a few at a time, and in the thread of the call. One that cannot be
read is named and hides no other.
"""

import logging
import time
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
from tigeropen.common.consts import OrderSortBy
from tigeropen.common.request import OpenApiRequest
from tigeropen.trade.request.model import OrdersParams
from tigeropen.trade.response.orders_response import OrdersResponse

from tiger_nt.calls import Calls
from tiger_nt.config import Credentials
from tiger_nt.errors import AnswerError, TigerDeniedError
from tiger_nt.parsing import rest as parse
from tiger_nt.sdk_clients import data_of
from tiger_nt.views import OrderView

__all__ = ["OrderList", "OrderLists", "Row", "Unreadable"]

_log = logging.getLogger(__name__)

_A_PAGE = 50
"""Of up to 300: decoding a page is one step of the interpreter, of 0.3 ms with as many."""
_OPEN_ORDERS = 300
"""All that Tiger gives of orders at work; they come without pages."""
_MAX_PAGES = 400
_A_SLICE = 8
_GIVE_WAY_S = 0.001
_A_DAY_MS = 86_400_000

type Row = dict[str, Any]


class Unreadable(msgspec.Struct, frozen=True):
    """A row that cannot be read: its mark (None where even that cannot be told), and why."""

    mark: str | None
    text: str


class OrderList(msgspec.Struct, frozen=True):
    """What Tiger listed.

    Parameters
    ----------
    rows : mapping of int to dict
        By Tiger's id, as they came; for the next list to be compared with.
    views : list of OrderView
        Of rows that are new or have changed.
    unreadable : list of Unreadable
        New rows that could not be read.
    """

    rows: Mapping[int, Row] = {}
    views: list[OrderView] = []
    unreadable: list[Unreadable] = []


class OrderLists:
    """Questions about orders; part of `TigerRest`.

    `seen` are rows of an earlier list: what stands as it stood there is not read again.
    """

    _calls: Calls
    _trade: Any
    _credentials: Credentials

    async def open_orders(self, seen: Mapping[int, Row] | None = None) -> OrderList:
        """List the orders at work in the US market."""
        return await self._list("active_orders", seen, limit=_OPEN_ORDERS)

    async def orders_made(self, since_ms: int) -> OrderList:
        """List the US orders made since then (UTC, at most 90 days ago), in any state."""
        return await self._list("orders", None, **_since(since_ms))

    async def orders_changed(
        self, since_ms: int, seen: Mapping[int, Row] | None = None
    ) -> OrderList:
        """List the US orders whose state has changed since then, or on some accounts those made.

        Tiger's documents have this order of a list for prime accounts only. On others it may be
        without effect: who asks is not to rely on seeing the end of an older order here.
        """
        by_change = OrderSortBy.LATEST_STATUS_UPDATED.value
        return await self._list("orders", seen, sort_by=by_change, **_since(since_ms))

    async def orders_since(self, start_ms: int) -> list[OrderView]:
        """Return what `orders_made` lists; raise AnswerError if some of it cannot be read."""
        found = await self.orders_made(start_ms)
        if found.unreadable:
            raise AnswerError("; ".join(each.text for each in found.unreadable))
        return found.views

    async def order(self, id: int) -> OrderView | None:  # noqa: A002 - Tiger's word
        """Return one order by its global id, None if Tiger does not know it."""
        try:
            return await self._calls.ask("orders", lambda: _one(self._trade.get_order(id=id)))
        except TigerDeniedError as e:
            if _is_unknown_order(e):
                return None
            raise

    async def order_by_mark(self, mark: str, since_ms: int) -> OrderView | None:
        """Return the order that carries our `mark`, made since `since_ms`, None without one.

        Raises AnswerError if it may be one that cannot be read.
        """
        found = await self.orders_made(since_ms)
        for view in found.views:
            if view.user_mark == mark:
                return view
        for each in found.unreadable:
            if each.mark in {None, mark}:
                raise AnswerError(each.text)
        return None

    async def _list(
        self, method: str, seen: Mapping[int, Row] | None, **wishes: object
    ) -> OrderList:
        rows: dict[int, Row] = {}
        views: dict[int, OrderView] = {}
        unreadable: list[Unreadable] = []
        token = ""
        for _ in range(_MAX_PAGES):

            def page(token: str = token) -> tuple[OrderList, str]:
                content = self._content(page_token=token, **wishes)
                data = data_of(self._trade, OpenApiRequest(method, biz_model=content)) or {}
                return _read(data.get("items") or (), seen or {}), data.get("nextPageToken") or ""

            found, following = await self._calls.ask(method, page)
            rows |= found.rows
            views |= {view.id: view for view in found.views}
            unreadable += found.unreadable
            if following in {"", token}:
                break
            token = following
        return OrderList(rows, list(views.values()), unreadable)

    def _content(self, **wishes: object) -> Any:
        content = OrdersParams()
        content.account, content.secret_key = (
            self._credentials.account,
            self._credentials.secret_key,
        )
        content.market, content.lang = "US", "en_US"
        for name, wish in wishes.items():
            setattr(content, name, wish)
        return content


def _since(since_ms: int) -> dict[str, int]:
    until_ms = time.time_ns() // 1_000_000 + _A_DAY_MS
    return {"start_date": since_ms, "end_date": until_ms, "limit": _A_PAGE}


def _read(items: Sequence[Any], seen: Mapping[int, Row]) -> OrderList:
    """Read what is new, a few rows at a time: in between other threads have their turn."""
    rows: dict[int, Row] = {}
    views: list[OrderView] = []
    unreadable: list[Unreadable] = []
    read = 0
    for item in items:
        row: Row = item if isinstance(item, dict) else {}
        order_id = row.get("id")
        if isinstance(order_id, int):
            rows[order_id] = row
            if seen.get(order_id) == row:
                continue
        read += 1
        if read % _A_SLICE == 0:
            time.sleep(_GIVE_WAY_S)
        try:
            views.append(parse.order_view(OrdersResponse.parse_order(row)))
        except parse.FractionError as e:
            if row.get("secType") == parse.OPTION:
                unreadable.append(_unreadable(row, e))
            else:
                _log.warning("Left out, as parts of shares: order %s", _named(row))
        except Exception as e:  # noqa: BLE001 - the SDK raises anything
            unreadable.append(_unreadable(row, e))
    return OrderList(rows, views, unreadable)


def _unreadable(row: Row, error: Exception) -> Unreadable:
    # Of the SDK's errors the name only: nobody knows what their texts hold.
    why = str(error) if isinstance(error, ValueError) else type(error).__name__
    mark = str(row.get("userMark") or "") if row else None
    return Unreadable(mark, f"order {_named(row)} cannot be read: {why}")


def _named(row: Row) -> str:
    return f"{row.get('id', 'without an id')} of {row.get('identifier') or row.get('symbol')}"


def _one(order: Any) -> OrderView | None:
    return None if order is None else parse.order_view(order)


def _is_unknown_order(error: TigerDeniedError) -> bool:
    text = error.message.lower()
    return "not_found" in text or "does not exist" in text
