"""Orders and executions as the simulator keeps them and as Tiger's REST answers write them."""

import datetime as dt
from dataclasses import dataclass, field
from enum import StrEnum

from tiger_nt.symbols import OptionTerms

__all__ = ["MULTIPLIER", "CommandState", "Leg", "Order", "OrderStatus", "Transaction"]
__all__ += ["contract_item", "order_item", "transaction_item"]

SHANGHAI = dt.timezone(dt.timedelta(hours=8))
MULTIPLIER = 100
"""Shares of one contract."""


class OrderStatus(StrEnum):
    """Tiger's words on the wire.

    Initial -> Submitted -> Filled, or from both of the first to Cancelled (by way of
    PendingCancel), Inactive (rejected) and Invalid (a day order at the close).
    """

    INITIAL = "Initial"
    SUBMITTED = "Submitted"
    PENDING_CANCEL = "PendingCancel"
    CANCELLED = "Cancelled"
    FILLED = "Filled"
    INACTIVE = "Inactive"
    INVALID = "Invalid"

    @property
    def is_open(self) -> bool:
        """Whether the order may still fill."""
        return self in _OPEN


_OPEN = frozenset({OrderStatus.INITIAL, OrderStatus.SUBMITTED, OrderStatus.PENDING_CANCEL})


class CommandState(StrEnum):
    """What became of the last modify or cancel of an order."""

    NONE = "NONE"
    RECEIVED = "RECEIVED"
    REPLACED = "REPLACED"
    FAILED = "FAILED"


@dataclass(slots=True, kw_only=True, eq=False)
class Leg:
    """One contract of a package; `fills` are contracts at dollars a share."""

    terms: OptionTerms
    is_buy: bool
    fills: list[tuple[int, float]] = field(default_factory=list)
    realized: float = 0.0

    @property
    def symbol(self) -> str:
        """Compact OSI symbol."""
        return self.terms.compact

    @property
    def action(self) -> str:
        """``BUY`` or ``SELL``."""
        return "BUY" if self.is_buy else "SELL"

    @property
    def average_price(self) -> float:
        """Average of the fills, 0 without one as on the wire."""
        filled = sum(quantity for quantity, _ in self.fills)
        return sum(quantity * price for quantity, price in self.fills) / filled if filled else 0.0


@dataclass(slots=True, kw_only=True, eq=False)
class Order:
    """One order; prices in dollars a share, times in nanoseconds or milliseconds UTC.

    `reserve_price` is what a contract is counted as against the cash while the order is open, and
    `fill_cap`, where not None, is what may still be filled of it. `word` replaces the status on
    the wire while the order is open.

    A package has two `legs`, its purchase first, whose `terms` are its own; its prices and fills
    are net, what the purchase costs less what the sale brings.
    """

    id: int
    order_id: int
    account: str
    terms: OptionTerms
    is_buy: bool
    order_type: str
    quantity: int
    limit_price: float | None
    stop_price: float | None
    time_in_force: str
    outside_rth: bool
    user_mark: str
    source: str
    opened_ns: int
    updated_ms: int
    status_ms: int
    reserve_price: float = 0.0
    status: OrderStatus = OrderStatus.INITIAL
    word: str = ""
    remark: str = ""
    replace_status: CommandState = CommandState.NONE
    cancel_status: CommandState = CommandState.NONE
    fills: list[tuple[int, float]] = field(default_factory=list)
    filled: int = 0
    commission: float = 0.0
    realized: float = 0.0
    is_triggered: bool = False
    fill_cap: int | None = None
    legs: tuple[Leg, ...] = ()

    @property
    def parts(self) -> "tuple[Order | Leg, ...]":
        """The legs of a package, else the order itself."""
        return self.legs or (self,)

    @property
    def opened_ms(self) -> int:
        """When it was taken, milliseconds UTC."""
        return self.opened_ns // 1_000_000

    @property
    def symbol(self) -> str:
        """Compact OSI symbol."""
        return self.terms.compact

    @property
    def action(self) -> str:
        """``BUY`` or ``SELL``."""
        return "BUY" if self.is_buy else "SELL"

    @property
    def remaining(self) -> int:
        """Contracts not filled."""
        return self.quantity - self.filled

    @property
    def filled_amount(self) -> float:
        """Dollars of all fills."""
        return sum(quantity * price for quantity, price in self.fills) * MULTIPLIER

    @property
    def average_price(self) -> float:
        """Average of the fills, 0 without one as on the wire."""
        return self.filled_amount / MULTIPLIER / self.filled if self.filled else 0.0

    @property
    def wire_status(self) -> str:
        """The status as it is written."""
        return self.word if self.word and self.status.is_open else self.status.value

    @property
    def can_modify(self) -> bool:
        """Whether a modify would be taken."""
        return self.status is OrderStatus.SUBMITTED

    @property
    def can_cancel(self) -> bool:
        """Whether a cancel would be taken."""
        return self.status in {OrderStatus.INITIAL, OrderStatus.SUBMITTED}


@dataclass(slots=True, frozen=True, kw_only=True)
class Transaction:
    """One execution: contracts at dollars a share, milliseconds UTC."""

    id: int
    order_id: int
    account: str
    terms: OptionTerms
    is_buy: bool
    quantity: int
    price: float
    time_ms: int


def contract_item(terms: OptionTerms) -> dict[str, object]:
    """Return the fields that say which contract an order, position or execution is of."""
    return {
        "symbol": terms.root,
        "market": "US",
        "secType": "OPT",
        "currency": "USD",
        "expiry": f"{terms.expiry:%Y%m%d}",
        "strike": terms.strike_text,
        "right": terms.right,
        "identifier": terms.osi,
        "multiplier": MULTIPLIER,
    }


def order_item(order: Order) -> dict[str, object]:
    """Return an order as REST answers have it."""
    item: dict[str, object] = {
        **_order_contract(order),
        "id": order.id,
        "orderId": order.order_id,
        "externalId": str(order.order_id or order.id),
        "account": order.account,
        "action": order.action,
        "orderType": order.order_type,
        "limitPrice": order.limit_price,
        "auxPrice": order.stop_price,
        "totalQuantity": order.quantity,
        "totalQuantityScale": 0,
        "filledQuantity": order.filled,
        "filledQuantityScale": 0,
        "filledCashAmount": order.filled_amount,
        "avgFillPrice": order.average_price,
        "timeInForce": order.time_in_force,
        "outsideRth": order.outside_rth,
        "commission": order.commission,
        "gst": 0.0,
        "realizedPnl": order.realized,
        "liquidation": False,
        "openTime": order.opened_ms,
        "updateTime": order.updated_ms,
        "latestTime": order.status_ms,
        "name": order.terms.root,
        "attrDesc": "",
        "attrList": [],
        "userMark": order.user_mark,
        "algoStrategy": order.order_type,
        "status": order.wire_status,
        "source": order.source,
        "discount": 0,
        "replaceStatus": order.replace_status.value,
        "cancelStatus": order.cancel_status.value,
        "canModify": order.can_modify,
        "canCancel": order.can_cancel,
        "isOpen": order.status.is_open,
    }
    if order.remark:
        item["remark"] = order.remark
    return item


def _order_contract(order: Order) -> dict[str, object]:
    if not order.legs:
        return contract_item(order.terms)
    return {
        "symbol": order.terms.root,
        "market": "US",
        "secType": "MLEG",
        "currency": "USD",
        "comboType": "VERTICAL",
        "comboTypeDesc": "Vertical",
        "legs": [_leg_item(order, leg) for leg in order.legs],
    }


def _leg_item(order: Order, leg: Leg) -> dict[str, object]:
    """Return a leg with the fields that the SDK's own text shows of an order."""
    return {
        "symbol": leg.terms.root,
        "secType": "OPT",
        "expiry": f"{leg.terms.expiry:%Y%m%d}",
        "strike": leg.terms.strike_text,
        "right": leg.terms.right,
        "action": leg.action,
        "ratio": 1,
        "market": "US",
        "currency": "USD",
        "multiplier": MULTIPLIER,
        "totalQuantity": float(order.quantity),
        "filledQuantity": float(order.filled),
        "avgFilledPrice": leg.average_price,
        "createdAt": order.opened_ms,
        "updatedAt": order.updated_ms,
    }


def transaction_item(transaction: Transaction) -> dict[str, object]:
    """Return an execution as REST answers have it; Tiger's text time is UTC+8."""
    return {
        **contract_item(transaction.terms),
        "id": transaction.id,
        "accountId": transaction.account,
        "orderId": transaction.order_id,
        "action": "BUY" if transaction.is_buy else "SELL",
        "filledQuantity": transaction.quantity,
        "filledQuantityScale": 0,
        "filledPrice": transaction.price,
        "filledAmount": transaction.quantity * transaction.price * MULTIPLIER,
        "transactedAt": _shanghai(transaction.time_ms),
        "transactionTime": transaction.time_ms,
    }


def _shanghai(time_ms: int) -> str:
    moment = dt.datetime.fromtimestamp(time_ms / 1000, SHANGHAI)
    return f"{moment:%Y-%m-%d %H:%M:%S}"
