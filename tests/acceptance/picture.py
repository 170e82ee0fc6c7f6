"""The engine's picture of orders, positions and money, fit for JSON."""

from typing import Any

from nautilus_trader.model import Money, OrderFilled, Price, Venue

__all__ = ["VENUE", "picture_of"]

VENUE = Venue("US")


def picture_of(cache: Any) -> dict[str, Any]:
    """Return the engine's picture of orders, positions and money."""
    account = cache.account_for_venue(VENUE)
    return {
        "orders": [order_of(order) for order in cache.orders()],
        "positions": [
            {
                "symbol": position.instrument_id.symbol.value,
                "strategy_id": position.strategy_id.value,
                "quantity": int(position.signed_qty),
                "average_price": position.avg_px_open,
            }
            for position in cache.positions_open()
        ],
        "cash": account and account.balance_total().as_double(),
        "free": account and account.balance_free().as_double(),
        "cash_told": account and [event.balances[0].total.as_double() for event in account.events],
    }


def order_of(order: Any) -> dict[str, Any]:
    fills = [event for event in order.events() if isinstance(event, OrderFilled)]
    return {
        "client_order_id": order.client_order_id.value,
        "venue_order_id": None if order.venue_order_id is None else order.venue_order_id.value,
        "strategy_id": order.strategy_id.value,
        "symbol": order.instrument_id.symbol.value,
        "status": order.status.name,
        "side": order.side.name,
        "order_type": order.order_type.name,
        "time_in_force": order.time_in_force.name,
        "quantity": int(order.quantity.as_double()),
        "filled": int(order.filled_qty.as_double()),
        "price": number(getattr(order, "price", None)),
        "trigger_price": number(getattr(order, "trigger_price", None)),
        "fills": [fill_of(fill) for fill in fills],
        "events": [type(event).__name__.removeprefix("Order") for event in order.events()],
    }


def fill_of(fill: OrderFilled) -> dict[str, Any]:
    return {
        "id": fill.trade_id.value,
        "quantity": int(fill.last_qty.as_double()),
        "price": fill.last_px.as_double(),
        "commission": number(fill.commission),
    }


def number(value: Money | Price | None) -> float | None:
    return None if value is None else value.as_double()
