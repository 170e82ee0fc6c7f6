"""An engine order as a request to Tiger, or the reason why Tiger cannot have it."""

from typing import Any

from nautilus_trader.model import ContingencyType, OrderType, TimeInForce

from tiger_nt.marks import user_mark
from tiger_nt.views import OrderRequest

__all__ = ["order_request", "refusal"]

_TYPES = {OrderType.MARKET: "MKT", OrderType.LIMIT: "LMT", OrderType.STOP_LIMIT: "STP_LMT"}
_TIMES = {TimeInForce.DAY: "DAY", TimeInForce.GTC: "GTC"}
_ONE_BY_ONE = {None, ContingencyType.NO_CONTINGENCY}


def order_request(order: Any) -> OrderRequest:
    """Return the request of an order that `refusal` has nothing against."""
    price, trigger = getattr(order, "price", None), getattr(order, "trigger_price", None)
    is_market = order.order_type == OrderType.MARKET
    return OrderRequest(
        user_mark=user_mark(order.client_order_id.value),
        symbol=order.instrument_id.symbol.value,
        is_buy=order.is_buy,
        order_type=_TYPES[order.order_type],
        quantity=int(order.quantity.as_double()),
        limit_price=None if price is None else price.as_double(),
        stop_price=None if trigger is None else trigger.as_double(),
        # The engine closes positions with market orders good till cancelled, which Tiger does not
        # take; during the session it is the same.
        time_in_force="DAY" if is_market else _TIMES[order.time_in_force],
    )


def refusal(order: Any) -> str | None:
    """Return why the order cannot be sent, naming what can; None if it can.

    An order that only reduces is sent as any other: Tiger has no such mark, the engine's risk
    engine watches it.
    """
    return _against_kind(order) or _against_instructions(order) or _against_quantity(order)


def _against_kind(order: Any) -> str | None:
    kind, time = order.order_type, order.time_in_force
    if kind not in _TYPES:
        return f"ORDER_TYPE_NOT_SUPPORTED: Expected {_names(_TYPES)}, was {kind.name}"
    if time not in _TIMES:
        return f"TIME_IN_FORCE_NOT_SUPPORTED: Expected {_names(_TIMES)}, was {time.name}"
    if time == TimeInForce.GTC and kind == OrderType.STOP_LIMIT:
        return "TIME_IN_FORCE_NOT_SUPPORTED: Expected DAY for STOP_LIMIT, was GTC"
    return None


def _against_instructions(order: Any) -> str | None:
    if order.contingency_type not in _ONE_BY_ONE:
        return (
            "CONTINGENCY_NOT_SUPPORTED: Expected orders independent of each other, "
            f"was {order.contingency_type.name}"
        )
    if getattr(order, "is_post_only", False):
        return "POST_ONLY_NOT_SUPPORTED: Expected an order that may take liquidity"
    if getattr(order, "display_qty", None) is not None:
        return f"DISPLAY_QUANTITY_NOT_SUPPORTED: Expected none, was {order.display_qty}"
    return None


def _against_quantity(order: Any) -> str | None:
    if order.is_quote_quantity:
        return "QUOTE_QUANTITY_NOT_SUPPORTED: Expected a number of contracts"
    if order.quantity.as_double() != int(order.quantity.as_double()):
        return f"QUANTITY_NOT_WHOLE: Expected whole contracts, was {order.quantity}"
    return None


def _names(known: Any) -> str:
    return ", ".join(item.name for item in known)
