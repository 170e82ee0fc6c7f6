"""What Tiger's answers say of orders and contracts, for flattening an account."""

import datetime as dt
from collections.abc import Mapping
from typing import Any, NamedTuple

from tiger_nt.parsing.fields import is_call, mills, whole
from tiger_nt.symbols import OptionTerms, SymbolError, option_terms
from tiger_nt.views import OrderState

__all__ = ["COMBINATION", "OPTION", "OrderSeen", "QuoteSeen", "new_york", "order_seen"]
__all__ += ["symbol_of"]

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


class OrderSeen(NamedTuple):
    """An order as Tiger showed it; `symbol` is compact OSI for a single option.

    Of a combination it is the underlying, quantities are packages, and `legs` has the options of
    one: compact OSI and signed contracts. What cannot be read is a combination without legs, of 0.
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
    def remaining(self) -> int:
        """Contracts, or packages, not filled."""
        return self.quantity - self.filled

    @property
    def fills(self) -> tuple[tuple[str, int], ...]:
        """What of it was filled: symbols and signed contracts, one of them for each option."""
        return self._of_each(self.filled)

    @property
    def open_legs(self) -> tuple[tuple[str, int], ...]:
        """What it may still fill, as `fills`; empty where that is not known.

        Nobody has seen what becomes of the legs' sides when a combination is sold.
        """
        is_known = self.remaining > 0 and (self.is_buy or self.sec_type == OPTION)
        return self._of_each(self.remaining) if is_known else ()

    @property
    def is_option(self) -> bool:
        """Whether it is of options: of one, or of several together, whose symbol is their root."""
        return self.sec_type in {OPTION, COMBINATION}

    def __str__(self) -> str:
        """Say what it may still do, and its id."""
        parts = [
            f"{'buy' if contracts > 0 else 'sell'} {abs(contracts)} {symbol}"
            for symbol, contracts in self.open_legs
        ]
        return f"{' and '.join(parts) or f'a combination of {self.symbol}'} (id {self.id})"

    def _of_each(self, quantity: int) -> tuple[tuple[str, int], ...]:
        if self.sec_type == OPTION:
            return ((self.symbol, quantity if self.is_buy else -quantity),)
        return tuple((symbol, contracts * quantity) for symbol, contracts in self.legs)


class QuoteSeen(NamedTuple):
    """Best bid and ask, dollars; 0 is a side without a quote."""

    bid: float
    ask: float


def order_seen(item: Mapping[str, Any]) -> OrderSeen:
    """Return an order of an answer; raise ValueError or KeyError without an id."""
    sec_type = str(item.get("secType"))
    symbol, quantity, filled = str(item.get("symbol")), 0, 0
    legs: tuple[tuple[str, int], ...] = ()
    try:
        if sec_type == OPTION:
            symbol = symbol_of(item)
        elif sec_type == COMBINATION:
            legs = _legs(item)
        if sec_type in {OPTION, COMBINATION}:
            quantity, filled = _count(item, "totalQuantity"), _count(item, "filledQuantity")
    except (AttributeError, TypeError, ValueError):
        sec_type, legs = COMBINATION, ()  # to be cancelled all the same
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
        legs=legs,
    )


def _legs(item: Mapping[str, Any]) -> tuple[tuple[str, int], ...]:
    """Return the options of one combination, by their own sides."""
    found = []
    for leg in item.get("legs") or ():
        if leg.get("secType") != OPTION:
            continue
        right = leg.get("right") or leg.get("putCall")
        contracts = int(leg.get("ratio") or 1)
        is_buy = str(leg.get("action")).upper() == "BUY"
        found.append((symbol_of({**leg, "right": right}), contracts if is_buy else -contracts))
    return tuple(found)


def _count(item: Mapping[str, Any], name: str) -> int:
    return whole(name, item.get(name) or 0, item.get(f"{name}Scale"))


def _changed_s(item: Mapping[str, Any]) -> float:
    times = (item.get("updateTime"), item.get("latestTime"))
    return max((at_ms / 1_000 for at_ms in times if isinstance(at_ms, int)), default=0.0)


def symbol_of(item: Mapping[str, Any]) -> str:
    """Return the compact OSI of an option; raise SymbolError where its terms cannot be read."""
    if identifier := item.get("identifier"):
        return option_terms(str(identifier)).compact
    try:
        expiry = item["expiry"]
        date = (
            dt.datetime.fromtimestamp(expiry / 1_000, new_york()).date()
            if isinstance(expiry, int)
            else dt.date.fromisoformat(str(expiry))
        )
        right = is_call(str(item["right"]).upper())
        return OptionTerms(str(item["symbol"]), date, right, mills(item["strike"])).compact
    except (KeyError, ValueError) as e:
        raise SymbolError(f"Expected the terms of an option, was {e!r}") from None


def new_york() -> dt.tzinfo:
    """Return the time zone of expiries."""
    from zoneinfo import ZoneInfo  # noqa: PLC0415 - not before the first cancel

    return ZoneInfo("America/New_York")
