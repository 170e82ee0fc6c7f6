"""Objects of the SDK's trade client to views; pure.

Every function raises AnswerError or SymbolError, both ValueErrors, for what it cannot read.
"""

import datetime as dt
import math
from collections.abc import Callable, Iterable
from typing import Any

from tiger_nt.errors import AnswerError
from tiger_nt.parsing.fields import FractionError, is_call, mills, number, whole
from tiger_nt.symbols import SEC_TYPES, OptionTerms, engine_symbol, option_terms
from tiger_nt.views import AssetsView, LegView, OrderState, OrderView, PositionView, TransactionView

__all__ = ["OPTION", "FractionError", "assets_view", "order_view", "position_view", "readable"]
__all__ += ["transaction_view"]

SECURITIES = "S"
OPTION = "OPT"


def order_view(order: Any) -> OrderView:
    """Read an Order of the SDK; a state in words the SDK does not know is UNKNOWN."""
    filled = whole("filled", order.filled or 0, order.filled_scale)
    order_type = str(order.order_type)
    return OrderView(
        id=_id(order.id),
        user_mark=order.user_mark or "",
        symbol=_symbol(order.contract),
        sec_type=str(order.contract.sec_type),
        is_buy=_is_buy(order.action),
        order_type=order_type,
        quantity=whole("quantity", order.quantity, order.quantity_scale),
        filled=filled,
        limit_price=_optional(order.limit_price) if order_type.endswith("LMT") else None,
        stop_price=_optional(order.aux_price) if order_type.startswith("STP") else None,
        average_price=number(order.avg_fill_price) if filled else math.nan,
        commission=number(order.commission),
        state=_state(order.status.name),
        reason=order.reason or "",
        time_in_force=order.time_in_force or "DAY",
        updated_ms=int(order.update_time or order.trade_time or order.order_time or 0),
        legs=tuple(_leg(leg) for leg in order.contract_legs or () if leg.sec_type == OPTION),
    )


def transaction_view(transaction: Any) -> TransactionView:
    """Read a Transaction of the SDK; its text of the time (UTC+8) is left aside."""
    return TransactionView(
        id=_id(transaction.id),
        order_id=_id(transaction.order_id),
        symbol=_symbol(transaction.contract),
        sec_type=str(transaction.contract.sec_type),
        is_buy=_is_buy(transaction.action),
        quantity=whole(
            "filled_quantity", transaction.filled_quantity, transaction.filled_quantity_scale
        ),
        price=_dollars("filled_price", transaction.filled_price),
        time_ms=int(transaction.transaction_time),
    )


def position_view(position: Any) -> PositionView:
    """Read a Position of the SDK."""
    return PositionView(
        symbol=_symbol(position.contract),
        sec_type=str(position.contract.sec_type),
        quantity=whole("position", position.quantity, position.position_scale),
        average_cost=number(position.average_cost),
    )


def readable[T](items: Iterable[Any], read: Callable[[Any], T]) -> tuple[list[T], list[str]]:
    """Read what can be read; return it and the symbols left out for being parts of a share.

    Only those may be left out: an option that cannot be read is an error.
    """
    views, left_out = [], []
    for item in items:
        try:
            views.append(read(item))
        except FractionError:
            if item.contract.sec_type == OPTION:
                raise
            left_out.append(str(item.contract.symbol))
    return views, left_out


def assets_view(assets: Any) -> AssetsView:
    """Read the securities segment of the SDK's PortfolioAccount."""
    segment = None if assets is None else assets.segments.get(SECURITIES)
    if segment is None:
        raise AnswerError("Expected an account with a segment for securities, was none")
    return AssetsView(
        net_liquidation=number(segment.net_liquidation),
        cash=number(segment.cash_balance),
        cash_available=number(segment.cash_available_for_trade),
        buying_power=number(segment.buying_power),
        init_margin=number(segment.init_margin),
        maintenance_margin=number(segment.maintain_margin),
        currency=segment.currency or "USD",
    )


def _leg(leg: Any) -> LegView:
    expiry = dt.datetime.strptime(str(leg.expiry), "%Y%m%d").date()  # noqa: DTZ007
    terms = OptionTerms(leg.symbol, expiry, is_call(leg.put_call), mills(leg.strike))
    average = number(leg.avg_filled_price) if number(leg.filled_quantity) else math.nan
    return LegView(terms.compact, _is_buy(leg.action), average)


def _symbol(contract: Any) -> str:
    if contract.sec_type not in SEC_TYPES:
        return str(contract.symbol)
    if contract.identifier and contract.sec_type == OPTION:
        return option_terms(contract.identifier).compact
    if contract.sec_type == OPTION:
        expiry = dt.datetime.strptime(str(contract.expiry), "%Y%m%d").date()  # noqa: DTZ007
        right, strike = is_call(contract.put_call), mills(contract.strike)
        return OptionTerms(contract.symbol, expiry, right, strike).compact
    return engine_symbol(contract.symbol)


def _state(name: str) -> OrderState:
    return OrderState.UNKNOWN if name == "PENDING_NEW" else OrderState(name)


def _is_buy(action: object) -> bool:
    if action not in {"BUY", "SELL"}:
        raise AnswerError(f"action: Expected BUY or SELL, was {action!r}")
    return action == "BUY"


def _id(value: object) -> int:
    # A float would have lost its last digits: ids are above 2**53.
    if not isinstance(value, int | str):
        raise AnswerError(f"id: Expected a whole number, was {value!r}")
    return int(value)


def _dollars(name: str, value: Any) -> float:
    # Below zero for a combination that brought money in.
    found = number(value)
    if math.isnan(found):
        raise AnswerError(f"{name}: Expected dollars, was {value!r}")
    return found


def _optional(value: Any) -> float | None:
    found = number(value)
    return None if math.isnan(found) else found
