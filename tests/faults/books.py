"""Orders, fills, positions and fees as the engine and the simulator have them, and how they differ.

An order is called by the engine's id of it, which the simulator's is read from its mark.
"""

from collections import Counter
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
from nautilus_trader.model import OrderFilled

from autotrade_0dte.analysis.tables import read_tables
from tiger_nt.marks import client_order_id
from tiger_nt.package_marks import read_package_mark

__all__ = ["Books", "Fill", "Order", "differences", "engine_books", "run_books", "tiger_books"]

_CENT = 0.01
_NEVER_SENT = {"DENIED", "REJECTED"}
_STATUS = {
    "Initial": "SUBMITTED",
    "Submitted": "ACCEPTED",
    "PendingCancel": "PENDING_CANCEL",
    "Cancelled": "CANCELED",
    "Filled": "FILLED",
    "Inactive": "REJECTED",
    "Invalid": "EXPIRED",
}


class Order(msgspec.Struct, frozen=True):
    """One order in its last state; `price` is its limit in dollars, None at market."""

    name: str
    status: str
    quantity: int
    filled: int
    price: float | None


class Fill(msgspec.Struct, frozen=True):
    """One execution, contracts and dollars."""

    id: str
    order: str
    side: str
    quantity: int
    price: float


class Books(msgspec.Struct, frozen=True):
    """All of an account: signed positions by symbol, fees in dollars by order."""

    orders: list[Order]
    fills: list[Fill]
    positions: dict[str, int]
    fees: dict[str, float]


def differences(engine: Books, tiger: Books) -> list[str]:
    """Return everything the two do not agree on; an order twice at either side is one of them.

    Orders that the engine has and Tiger has not must have ended without having been sent.
    """
    return [
        *_doubles("engine", engine),
        *_doubles("Tiger", tiger),
        *_between(
            "order",
            {order.name: order for order in engine.orders},
            {order.name: order for order in tiger.orders},
            unsent={o.name for o in engine.orders if o.status in _NEVER_SENT and not o.filled},
        ),
        *_between(
            "fill",
            {fill.id: fill for fill in engine.fills},
            {fill.id: fill for fill in tiger.fills},
        ),
        *_between("position", engine.positions, tiger.positions),
        *_fees(engine.fees, tiger.fees),
    ]


def tiger_books(account: Mapping[str, Any]) -> Books:
    """Read an account of the simulator's state; a package is the orders of its legs.

    What Tiger charged for a package is one sum, under both names.
    """
    names = {
        (order["id"], symbol): name
        for order in account["orders"]
        for symbol, name, _ in _parts(order)
    }
    return Books(
        [
            Order(name, _status(order), order["quantity"], order["filled"], limit)
            for order in account["orders"]
            for _, name, limit in _parts(order)
        ],
        [
            Fill(
                str(each["id"]),
                names[each["order_id"], each["symbol"]],
                each["side"],
                each["quantity"],
                each["price"],
            )
            for each in account["transactions"]
        ],
        {symbol: position["quantity"] for symbol, position in account["positions"].items()},
        {
            " and ".join(name for _, name, _ in _parts(order)): order["commission"]
            for order in account["orders"]
            if order["filled"]
        },
    )


def _parts(order: Mapping[str, Any]) -> list[tuple[str, str, float | None]]:
    """Return symbol, name and limit of what the engine has as orders."""
    mark, by_hand = order["user_mark"], f"by hand {order['id']}"
    package = read_package_mark(mark)
    if package is None:
        return [(order["symbol"], client_order_id(mark) or by_hand, order["limit_price"])]
    bought, sold = (leg["symbol"] for leg in order["legs"])
    first, second = client_order_id(package.bought), client_order_id(package.sold)
    limit = round(order["limit_price"] + package.sold_limit, 2)
    return [(bought, first or by_hand, limit), (sold, second or by_hand, package.sold_limit)]


def engine_books(cache: Any) -> Books:
    """Read the engine's cache."""
    orders = cache.orders()
    fills = [event for order in orders for event in order.events() if _is_fill(event)]
    fees: Counter[str] = Counter()
    for event in fills:
        unknown = event.commission is None  # which is not nothing
        fees[event.client_order_id.value] += (
            float("nan") if unknown else event.commission.as_double()
        )
    positions: Counter[str] = Counter()
    for position in cache.positions_open():
        positions[position.instrument_id.symbol.value] += int(position.signed_qty)
    return Books(
        [
            Order(
                order.client_order_id.value,
                order.status.name,
                int(order.quantity.as_double()),
                int(order.filled_qty.as_double()),
                _dollars(getattr(order, "price", None)),
            )
            for order in orders
        ],
        [
            Fill(
                event.trade_id.value,
                event.client_order_id.value,
                event.order_side.name,
                int(event.last_qty.as_double()),
                event.last_px.as_double(),
            )
            for event in fills
        ],
        dict(positions),
        dict(fees),
    )


def run_books(folder: Path) -> Books:
    """Read what a node has left in its run folder; its positions are what its fills add up to."""
    tables = read_tables(folder)
    orders, fills = tables["orders"].to_pylist(), tables["fills"].to_pylist()
    fees: Counter[str] = Counter()
    positions: Counter[str] = Counter()
    for fill in fills:
        fees[fill["client_order_id"]] += fill["fee"]
        sign = 1 if fill["side"] == "BUY" else -1
        positions[fill["instrument_id"].partition(".")[0]] += sign * fill["quantity"]
    return Books(
        [
            Order(
                order["client_order_id"],
                order["status"],
                order["quantity"],
                order["filled_quantity"],
                None if order["price"] is None else float(order["price"]),
            )
            for order in orders
        ],
        [
            Fill(
                fill["trade_id"],
                fill["client_order_id"],
                fill["side"],
                fill["quantity"],
                float(fill["price"]),
            )
            for fill in fills
        ],
        {symbol: quantity for symbol, quantity in positions.items() if quantity},
        dict(fees),
    )


def _doubles(whose: str, books: Books) -> Iterator[str]:
    counts = Counter(order.name for order in books.orders)
    counts.update(fill.id for fill in books.fills)
    for name, count in counts.items():
        if count > 1:
            yield f"{name}: Expected once, was {count} times ({whose})"


def _between(
    what: str,
    engine: Mapping[str, object],
    tiger: Mapping[str, object],
    unsent: set[str] = frozenset(),  # type: ignore[assignment]
) -> Iterator[str]:
    for name in engine.keys() | tiger.keys():
        ours, theirs = engine.get(name), tiger.get(name)
        if ours != theirs and not (theirs is None and name in unsent):
            yield f"{what} {name}: Tiger has {theirs}, the engine {ours}"


def _fees(engine: Mapping[str, float], tiger: Mapping[str, float]) -> Iterator[str]:
    for name in engine.keys() | tiger.keys():
        ours, theirs = engine.get(name), tiger.get(name)
        if ours is None or theirs is None or not abs(ours - theirs) < _CENT / 2:
            yield f"fees of {name}: Tiger has {theirs}, the engine {ours}"


def _status(order: Mapping[str, Any]) -> str:
    status = _STATUS[order["status"]]
    if order["filled"] and status == "ACCEPTED":
        return "PARTIALLY_FILLED"
    # The engine knows no rejection after a fill: what is left of the order is cancelled.
    return "CANCELED" if order["filled"] and status == "REJECTED" else status


def _is_fill(event: object) -> bool:
    return isinstance(event, OrderFilled)


def _dollars(price: Any) -> float | None:
    return None if price is None else price.as_double()
