"""What flattening an account asks of Tiger and tells it: orders, positions, quotes."""

import datetime as dt
import time
from collections.abc import Iterable, Mapping, Sequence
from itertools import batched
from typing import Any

from tiger_nt.config import TigerConfig
from tiger_nt.errors import AnswerError, TigerUnknownOutcomeError
from tiger_nt.flatten_answers import (
    OPTION,
    OrderSeen,
    QuoteSeen,
    new_york,
    order_seen,
    symbol_of,
)
from tiger_nt.flatten_wire import Wire
from tiger_nt.parsing.fields import number, whole
from tiger_nt.symbols import OptionTerms, option_terms
from tiger_nt.views import OrderRequest

__all__ = ["FlattenBroker"]

_ORDERS_A_PAGE = 300
_QUOTES_A_CALL = 30
_CLOCKS_APART_MS = 120_000
_BY_CHANGE = "LATEST_STATUS_UPDATED"
_A_DAY_MS = 86_400_000
_MULTIPLIER = 100
_LANGUAGE = "en_US"


class FlattenBroker:
    """The calls; each is made once, from any thread, and raises what `Wire` raises."""

    def __init__(self, config: TigerConfig, timeout_s: float) -> None:
        self._wire = Wire(config, timeout_s)
        self._account = config.credentials.account
        self._secret = config.credentials.secret_key

    @property
    def clock_s(self) -> float:
        """Tiger's clock, UTC epoch seconds; this machine's where Tiger does not tell its own."""
        return self._wire.told_s or time.time()

    def orders_at_work(self) -> list[OrderSeen]:
        """Return the orders at work in the US market, up to 300."""
        content = self._content(market="US", limit=_ORDERS_A_PAGE)
        return [order_seen(item) for item in _items(self._wire.ask("active_orders", content))]

    def orders_since(self, start_s: float) -> list[OrderSeen]:
        """Return the orders changed since `start_s` (UTC epoch), in any state, the newest 300."""
        content = self._content(
            market="US",
            limit=_ORDERS_A_PAGE,
            start_date=round(start_s * 1_000) - _CLOCKS_APART_MS,
            end_date=time.time_ns() // 1_000_000 + _A_DAY_MS,
            sort_by=_BY_CHANGE,
        )
        return [order_seen(item) for item in _items(self._wire.ask("orders", content))]

    def options_held(self) -> tuple[dict[str, int], list[str]]:
        """Return the contracts held, signed, by symbol, and what of the answer cannot be read."""
        content = self._content(market="US", currency="ALL", sec_type="OPT")
        held: dict[str, int] = {}
        unreadable = []
        for item in _items(self._wire.ask("positions", content)):
            try:
                quantity = whole("position", item.get("position"), item.get("positionScale"))
                symbol = symbol_of(item)
                held[symbol] = held.get(symbol, 0) + quantity
            except ValueError as e:
                unreadable.append(f"{item.get('identifier') or item.get('symbol')}: {e}")
        return {symbol: quantity for symbol, quantity in held.items() if quantity}, unreadable

    def stocks_held(self) -> list[str]:
        """Return the symbols of US stocks that are held."""
        content = self._content(market="US", currency="ALL", sec_type="STK")
        items = _items(self._wire.ask("positions", content))
        return [str(item["symbol"]) for item in items if item.get("position")]

    def quotes(self, symbols: Sequence[str]) -> dict[str, QuoteSeen]:
        """Return the quotes of options by symbol; those that Tiger does not know are missing."""
        found: dict[str, QuoteSeen] = {}
        for batch in batched(symbols, _QUOTES_A_CALL, strict=False):
            wanted = [_quote_item(option_terms(symbol)) for symbol in batch]
            content = {"market": "US", "option_basic": wanted}
            for item in self._wire.ask("option_brief", content) or ():
                found[symbol_of(item)] = QuoteSeen(_side(item, "bidPrice"), _side(item, "askPrice"))
        return found

    def place(self, request: OrderRequest) -> int:
        """Send a new order; return Tiger's id."""
        content = self._order_content(request) | {"user_mark": request.user_mark}
        data = self._wire.change("place_order", content)
        try:
            return int(data["id"])
        except (KeyError, TypeError, ValueError):
            raise TigerUnknownOutcomeError("place_order: Expected an id, was none") from None

    def modify(self, order_id: int, request: OrderRequest) -> None:
        """Ask for another price of an order at work; `request` is the whole order anew."""
        self._wire.change("modify_order", self._order_content(request) | {"id": order_id})

    def cancel(self, order_id: int) -> None:
        """Ask for an order to be cancelled."""
        self._wire.change("cancel_order", self._content(id=order_id))

    def _order_content(self, request: OrderRequest) -> dict[str, Any]:
        terms = option_terms(request.symbol)
        content = self._content(
            action="BUY" if request.is_buy else "SELL",
            currency="USD",
            expiry=f"{terms.expiry:%Y%m%d}",
            multiplier=_MULTIPLIER,
            order_type=request.order_type,
            outside_rth=False,
            right=terms.right,
            sec_type=OPTION,
            strike=terms.strike,
            symbol=terms.root,
            time_in_force=request.time_in_force,
            total_quantity=request.quantity,
        )
        if request.limit_price is not None:
            content["limit_price"] = request.limit_price
        return content

    def _content(self, **fields: Any) -> dict[str, Any]:
        content = {"account": self._account, "lang": _LANGUAGE, **fields}
        return content | {"secret_key": self._secret} if self._secret else content


def _items(data: Any) -> Iterable[Mapping[str, Any]]:
    if not data:
        return ()
    items = data.get("items") if isinstance(data, dict) else None
    if not isinstance(items, list):
        raise AnswerError("Expected a list of items, was none")
    return items


def _side(item: Mapping[str, Any], name: str) -> float:
    dollars = number(item.get(name))
    return dollars if dollars > 0 else 0.0


def _quote_item(terms: OptionTerms) -> dict[str, Any]:
    midnight = dt.datetime.combine(terms.expiry, dt.time(), new_york())
    return {
        "symbol": terms.root,
        "right": terms.right,
        "strike": terms.strike,
        "expiry": round(midnight.timestamp() * 1_000),
    }
