"""What flattening an account asks of Tiger and tells it: orders, positions, quotes."""

import datetime as dt
import time
from collections.abc import Iterable, Mapping, Sequence
from itertools import batched
from typing import Any, NamedTuple

from tiger_nt.config import TigerConfig
from tiger_nt.errors import AnswerError, TigerUnknownOutcomeError
from tiger_nt.flatten_wire import Wire
from tiger_nt.parsing.fields import is_call, mills, number, whole
from tiger_nt.symbols import OptionTerms, SymbolError, option_terms
from tiger_nt.views import OrderRequest, OrderState

__all__ = ["COMBINATION", "OPTION", "FlattenBroker", "OrderSeen", "QuoteSeen"]

OPTION, COMBINATION = "OPT", "MLEG"
_STATES: Mapping[object, OrderState] = {
    word: state
    for state, words in {
        OrderState.NEW: (-1, "Initial", "NEW", "New"),
        OrderState.HELD: (2, 5, 8, "Submitted", "PendingSubmit", "HELD", "Held"),
        OrderState.PENDING_CANCEL: (3, "PendingCancel", "PENDING_CANCEL"),
        OrderState.CANCELLED: (4, "Cancelled", "CANCELLED"),
        OrderState.FILLED: (6, "Filled", "FILLED"),
        OrderState.REJECTED: (7, "Inactive", "REJECTED"),
        OrderState.EXPIRED: (-2, "Invalid", "EXPIRED"),
    }.items()
    for word in words
}
"""Tiger's words as the SDK reads them; any other is UNKNOWN, which is at work."""
_ORDERS_A_PAGE = 300
_QUOTES_A_CALL = 30
_CLOCKS_APART_MS = 120_000
_BY_CHANGE = "LATEST_STATUS_UPDATED"
_A_DAY_MS = 86_400_000
_MULTIPLIER = 100
_LANGUAGE = "en_US"


class OrderSeen(NamedTuple):
    """An order as Tiger showed it; `symbol` is compact OSI for a single option.

    Of a combination, and of what cannot be read, it is the underlying, and quantities are 0; what a
    combination has filled is in `legs`, compact OSI and signed contracts, as far as it can be read.
    `updated_s` is when it last changed, by Tiger's clock (UTC epoch seconds; 0 if not told).
    """

    id: int
    mark: str
    symbol: str
    sec_type: str
    is_buy: bool
    quantity: int
    filled: int
    limit_price: float | None
    state: OrderState
    reason: str
    updated_s: float
    legs: tuple[tuple[str, int], ...] = ()

    @property
    def fills(self) -> tuple[tuple[str, int], ...]:
        """What of it was filled: symbols and signed contracts, one of them for each option."""
        if self.sec_type == OPTION:
            return ((self.symbol, self.filled if self.is_buy else -self.filled),)
        return self.legs

    @property
    def is_option(self) -> bool:
        """Whether it is of options: of one, or of several together, whose symbol is their root."""
        return self.sec_type in {OPTION, COMBINATION}


class QuoteSeen(NamedTuple):
    """Best bid and ask, dollars; 0 is a side without a quote."""

    bid: float
    ask: float


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
        return [_order(item) for item in _items(self._wire.ask("active_orders", content))]

    def orders_since(self, start_s: float) -> list[OrderSeen]:
        """Return the orders changed since `start_s` (UTC epoch), in any state, the newest 300."""
        content = self._content(
            market="US",
            limit=_ORDERS_A_PAGE,
            start_date=round(start_s * 1_000) - _CLOCKS_APART_MS,
            end_date=time.time_ns() // 1_000_000 + _A_DAY_MS,
            sort_by=_BY_CHANGE,
        )
        return [_order(item) for item in _items(self._wire.ask("orders", content))]

    def options_held(self) -> tuple[dict[str, int], list[str]]:
        """Return the contracts held, signed, by symbol, and what of the answer cannot be read."""
        content = self._content(market="US", currency="ALL", sec_type="OPT")
        held: dict[str, int] = {}
        unreadable = []
        for item in _items(self._wire.ask("positions", content)):
            try:
                quantity = whole("position", item.get("position"), item.get("positionScale"))
                symbol = _symbol(item)
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
                found[_symbol(item)] = QuoteSeen(_side(item, "bidPrice"), _side(item, "askPrice"))
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


def _order(item: Mapping[str, Any]) -> OrderSeen:
    sec_type = str(item.get("secType"))
    symbol, quantity, filled = str(item.get("symbol")), 0, 0
    if sec_type == OPTION:
        try:
            symbol = _symbol(item)
            quantity, filled = _count(item, "totalQuantity"), _count(item, "filledQuantity")
        except ValueError:
            sec_type = COMBINATION  # to be cancelled all the same
    return OrderSeen(
        id=int(item["id"]),
        mark=str(item.get("userMark") or ""),
        symbol=symbol,
        sec_type=sec_type,
        is_buy=str(item.get("action")).upper() == "BUY",
        quantity=quantity,
        filled=filled,
        limit_price=item.get("limitPrice"),
        state=_STATES.get(item.get("status"), OrderState.UNKNOWN),
        reason=str(item.get("remark") or ""),
        updated_s=_changed_s(item),
        legs=_filled_legs(item) if sec_type == COMBINATION else (),
    )


def _filled_legs(item: Mapping[str, Any]) -> tuple[tuple[str, int], ...]:
    """Return what a combination has filled of each option; nothing if that cannot be read."""
    found = []
    try:
        packages = _count(item, "filledQuantity")
        for leg in item.get("legs") or ():
            if leg.get("secType") != OPTION:
                continue
            right = leg.get("right") or leg.get("putCall")
            contracts = packages * int(leg.get("ratio") or 1)
            is_buy = str(leg.get("action")).upper() == "BUY"
            found.append((_symbol({**leg, "right": right}), contracts if is_buy else -contracts))
    except (AttributeError, TypeError, ValueError):
        return ()
    return tuple(found)


def _count(item: Mapping[str, Any], name: str) -> int:
    return whole(name, item.get(name) or 0, item.get(f"{name}Scale"))


def _changed_s(item: Mapping[str, Any]) -> float:
    times = (item.get("updateTime"), item.get("latestTime"))
    return max((at_ms / 1_000 for at_ms in times if isinstance(at_ms, int)), default=0.0)


def _side(item: Mapping[str, Any], name: str) -> float:
    dollars = number(item.get(name))
    return dollars if dollars > 0 else 0.0


def _symbol(item: Mapping[str, Any]) -> str:
    if identifier := item.get("identifier"):
        return option_terms(str(identifier)).compact
    try:
        expiry = item["expiry"]
        date = (
            dt.datetime.fromtimestamp(expiry / 1_000, _new_york()).date()
            if isinstance(expiry, int)
            else dt.date.fromisoformat(str(expiry))
        )
        right = is_call(str(item["right"]).upper())
        return OptionTerms(str(item["symbol"]), date, right, mills(item["strike"])).compact
    except (KeyError, ValueError) as e:
        raise SymbolError(f"Expected the terms of an option, was {e!r}") from None


def _quote_item(terms: OptionTerms) -> dict[str, Any]:
    midnight = dt.datetime.combine(terms.expiry, dt.time(), _new_york())
    return {
        "symbol": terms.root,
        "right": terms.right,
        "strike": terms.strike,
        "expiry": round(midnight.timestamp() * 1_000),
    }


def _new_york() -> dt.tzinfo:
    from zoneinfo import ZoneInfo  # noqa: PLC0415 - not before the first cancel

    return ZoneInfo("America/New_York")
