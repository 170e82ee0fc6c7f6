"""Orders, fills and positions as table columns, from the engine's orders and the ledger."""

from collections.abc import Mapping, Sequence
from typing import Any

from nautilus_trader.model import OrderFilled, OrderSide

from autotrade_0dte.actors.row_buffer import Columns, columns_of
from autotrade_0dte.execution.fill_quote import FillQuote
from autotrade_0dte.execution.ledger import Fill, FillKind, RoundTrip
from autotrade_0dte.instruments import VENUE

__all__ = ["fill_columns", "fills", "is_expiry", "limit_price", "order_columns"]
__all__ += ["position_columns", "tags_of"]

_NAN = float("nan")
_UNKNOWN_QUOTE = FillQuote("", "", _NAN, _NAN, _NAN)
_ORDERS = (
    "ts_init", "ts_last", "client_order_id", "strategy", "plan_id", "instrument_id", "side", "type",
    "time_in_force", "quantity", "price", "status", "filled_quantity", "average_price", "reason",
)  # fmt: skip
_FILLS = (
    "ts_event", "client_order_id", "trade_id", "strategy", "plan_id", "instrument_id", "side",
    "quantity", "price", "fee", "liquidity", "kind", "bid", "ask", "quote_age_s",
)  # fmt: skip
_POSITIONS = (
    "position_id", "plan_id", "strategy", "instrument_id", "side", "quantity", "ts_opened",
    "ts_closed", "average_open", "average_close", "gross_pnl", "fees", "net_pnl", "exit_reason",
)  # fmt: skip
_EXPIRY_KINDS = {
    "CASH": FillKind.EXPIRY_CASH,
    "OTM": FillKind.EXPIRY_WORTHLESS,
    "PHYSICAL_CLOSE": FillKind.EXPIRY_PHYSICAL,
    "PHYSICAL_OPEN": FillKind.EXPIRY_PHYSICAL,
}


def order_columns(orders: Sequence[Any]) -> Columns:
    """Return the table of orders in their last state, in the order they were made."""
    names = _stable_names(orders)
    rows = []
    for order in _in_time_order(orders):
        tags = tags_of(order)
        rows.append((
            order.ts_init, order.ts_last, names[order.client_order_id], str(order.strategy_id),
            tags.get("plan"), str(order.instrument_id), order.side.name, order.order_type.name,
            order.time_in_force.name, int(order.quantity.as_double()), limit_price(order),
            order.status.name, int(order.filled_qty.as_double()),
            _NAN if order.avg_px is None else float(order.avg_px),
            str(getattr(order.last_event, "reason", None) or ""),
        ))  # fmt: skip
    return columns_of(_ORDERS, rows)


def fills(orders: Sequence[Any], cache: Any) -> list[Fill]:
    """Return every fill of the orders as the ledger takes them, in time order."""
    return [fill for _, _, fill in _fills(orders, cache)]


def fill_columns(
    orders: Sequence[Any], cache: Any, quotes: Mapping[tuple[str, str], FillQuote]
) -> Columns:
    """Return the table of fills, in time order, with the `quotes` (by order and trade) they met."""
    names = _stable_names(orders)
    rows = []
    for order, event, fill in _fills(orders, cache):
        name = names[order.client_order_id]
        trade = str(event.trade_id) if fill.kind is FillKind.TRADE else name
        met = quotes.get((str(order.client_order_id), trade), _UNKNOWN_QUOTE)
        rows.append((
            fill.ts_event, name, trade, fill.strategy, fill.plan_id, fill.instrument_id,
            event.order_side.name, abs(fill.quantity), fill.price, fill.fee,
            event.liquidity_side.name, fill.kind, met.bid, met.ask, met.age_s,
        ))  # fmt: skip
    return columns_of(_FILLS, rows)


def position_columns(trips: Sequence[RoundTrip]) -> Columns:
    """Return the table of positions; those still open keep an empty `ts_closed`."""
    rows = [
        (
            f"{trip.instrument_id}-{number:03d}", trip.plan_id, trip.strategy, trip.instrument_id,
            "LONG" if trip.quantity > 0 else "SHORT", abs(trip.quantity), trip.ts_opened,
            trip.ts_closed, trip.average_open, trip.average_close, trip.gross_pnl, trip.fees,
            trip.gross_pnl - trip.fees, trip.exit_reason,
        )
        for number, trip in enumerate(trips, start=1)
    ]  # fmt: skip
    return columns_of(_POSITIONS, rows)


def limit_price(order: Any) -> float:
    """Return the limit of an order in dollars, NaN for one without."""
    price = getattr(order, "price", None)
    return _NAN if price is None else float(price.as_double())


def _fills(orders: Sequence[Any], cache: Any) -> list[tuple[Any, OrderFilled, Fill]]:
    rows = []
    for order in _in_time_order(orders):
        tags = tags_of(order)
        kind = tags.get("expiry", FillKind.TRADE)
        for event in order.events():
            if not isinstance(event, OrderFilled):
                continue
            sign = 1 if event.order_side == OrderSide.BUY else -1
            instrument = cache.instrument(event.instrument_id)
            fill = Fill(
                ts_event=event.ts_event,
                strategy=str(event.strategy_id),
                instrument_id=str(event.instrument_id),
                quantity=sign * int(event.last_qty.as_double()),
                price=event.last_px.as_double(),
                fee=0.0 if event.commission is None else event.commission.as_double(),
                multiplier=int(instrument.multiplier.as_double()),
                plan_id=tags.get("plan"),
                reason=tags.get("reason", ""),
                kind=FillKind(kind),
            )
            rows.append((order, event, fill))
    return sorted(rows, key=lambda row: row[2].ts_event)


def _in_time_order(orders: Sequence[Any]) -> list[Any]:
    """Sort orders by time; the engine's expiry orders have random ids and go by their content."""
    return sorted(
        orders,
        key=lambda o: (
            (o.ts_init, str(o.instrument_id), o.side.name, float(o.avg_px or 0))
            if is_expiry(o)
            else (o.ts_init, str(o.client_order_id))
        ),
    )


def _stable_names(orders: Sequence[Any]) -> dict[Any, str]:
    """Name orders so that the same run gives the same names: expiry orders are numbered."""
    ordered = _in_time_order(orders)
    expiries = [o.client_order_id for o in ordered if is_expiry(o)]
    names = {o.client_order_id: str(o.client_order_id) for o in ordered}
    return names | {order_id: f"EXPIRY-{n:03d}" for n, order_id in enumerate(expiries, start=1)}


def is_expiry(order: Any) -> bool:
    return "expiry" in tags_of(order)


def tags_of(order: Any) -> dict[str, str]:
    """Read tags written as ``name=text``, and the engine's own mark of an expiry order."""
    tags = {}
    for tag in order.tags or ():
        name, found, text = tag.partition("=")
        if found:
            tags[name] = text
        elif tag.startswith("EXPIRATION_"):
            tags["expiry"] = _EXPIRY_KINDS[tag.removeprefix(f"EXPIRATION_{VENUE}_")]
    return tags
