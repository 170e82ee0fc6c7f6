"""Objects and tables of the SDK's REST clients to views; pure.

Every function raises AnswerError or SymbolError, both ValueErrors, for what it cannot read.
"""

import datetime as dt
import math
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal, InvalidOperation
from typing import Any

from tiger_nt.errors import AnswerError
from tiger_nt.symbols import OptionTerms, engine_symbol, option_terms
from tiger_nt.views import (
    AssetsView,
    BarView,
    ContractView,
    OrderState,
    OrderView,
    PositionView,
    QuoteView,
    StockView,
    TradingDayView,
    TransactionView,
)

__all__ = ["FractionError", "assets_view", "bar_views", "contract_views"]
__all__ += ["entitlement_limits", "expiration_dates", "granted", "option_quote_views"]
__all__ += ["order_view", "position_view", "readable", "stock_views", "trading_day_views"]
__all__ += ["transaction_view", "us_market_status"]

SECURITIES = "S"
OPTION = "OPT"
_MAX_DECIMALS = 12
_EASTERN_DAY_MS = 12 * 3_600_000
_LIMITS = [
    "subscribe_limit",
    "subscribe_remaining",
    "subscribe_depth_limit",
    "high_freq_limit",
    "mid_freq_limit",
    "low_freq_limit",
    "history_option_limit",
    "history_option_remaining",
]

type Row = Mapping[str, Any]


class FractionError(AnswerError):
    """A part of a share; neither options nor this package know such."""


def order_view(order: Any) -> OrderView:
    """Read an Order of the SDK; a state in words the SDK does not know is UNKNOWN."""
    filled = _whole("filled", order.filled or 0, order.filled_scale)
    order_type = str(order.order_type)
    return OrderView(
        id=_id(order.id),
        user_mark=order.user_mark or "",
        symbol=_symbol(order.contract),
        sec_type=str(order.contract.sec_type),
        is_buy=_is_buy(order.action),
        order_type=order_type,
        quantity=_whole("quantity", order.quantity, order.quantity_scale),
        filled=filled,
        limit_price=_optional(order.limit_price) if order_type.endswith("LMT") else None,
        stop_price=_optional(order.aux_price) if order_type.startswith("STP") else None,
        average_price=_number(order.avg_fill_price) if filled else math.nan,
        commission=_number(order.commission),
        state=_state(order.status.name),
        reason=order.reason or "",
        time_in_force=order.time_in_force or "DAY",
        updated_ms=int(order.update_time or order.trade_time or order.order_time or 0),
    )


def transaction_view(transaction: Any) -> TransactionView:
    """Read a Transaction of the SDK; its text of the time (UTC+8) is left aside."""
    return TransactionView(
        id=_id(transaction.id),
        order_id=_id(transaction.order_id),
        symbol=_symbol(transaction.contract),
        sec_type=str(transaction.contract.sec_type),
        is_buy=_is_buy(transaction.action),
        quantity=_whole(
            "filled_quantity", transaction.filled_quantity, transaction.filled_quantity_scale
        ),
        price=_price("filled_price", transaction.filled_price),
        time_ms=int(transaction.transaction_time),
    )


def position_view(position: Any) -> PositionView:
    """Read a Position of the SDK."""
    return PositionView(
        symbol=_symbol(position.contract),
        sec_type=str(position.contract.sec_type),
        quantity=_whole("position", position.quantity, position.position_scale),
        average_cost=_number(position.average_cost),
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
        net_liquidation=_number(segment.net_liquidation),
        cash=_number(segment.cash_balance),
        cash_available=_number(segment.cash_available_for_trade),
        buying_power=_number(segment.buying_power),
        init_margin=_number(segment.init_margin),
        maintenance_margin=_number(segment.maintain_margin),
        currency=segment.currency or "USD",
    )


def expiration_dates(table: Any) -> list[dt.date]:
    """Read the table of expirations, each date once, ascending."""
    return sorted({dt.date.fromisoformat(row["date"]) for row in _rows(table)})


def contract_views(table: Any, received_ns: int) -> list[ContractView]:
    """Read an option chain; its rows do not say when they were quoted, so it is when they came."""
    return [
        ContractView(
            symbol=option_terms(row["identifier"]).compact,
            quote=_quote(
                row,
                option_terms(row["identifier"]).compact,
                _milliseconds(received_ns),
                received_ns,
            ),
            volume=_count(row.get("volume"), unknown=0),
            open_interest=_count(row.get("open_interest"), unknown=-1),
        )
        for row in _rows(table)
    ]


def option_quote_views(table: Any, received_ns: int) -> list[QuoteView]:
    """Read option briefs.

    The SDK makes up the identifier where Tiger leaves it out, a mill off for some strikes, so that
    only its root is taken from there.
    """
    return [
        _quote(
            row,
            _brief_terms(row).compact,
            _count(row.get("mid_timestamp"), unknown=0) or _milliseconds(received_ns),
            received_ns,
        )
        for row in _rows(table)
    ]


def stock_views(table: Any, received_ns: int) -> list[StockView]:
    """Read briefs of stocks and indices."""
    return [
        StockView(
            symbol=engine_symbol(row["symbol"]),
            quote=_quote(
                row, engine_symbol(row["symbol"]), _milliseconds(received_ns), received_ns
            ),
            last=_number(row.get("latest_price")),
            last_ms=_count(row.get("latest_time"), unknown=0),
        )
        for row in _rows(table)
    ]


def bar_views(table: Any, symbol: str) -> list[BarView]:
    """Read the bars of the one option that was asked for, oldest first."""
    bars = [
        BarView(
            symbol=symbol,
            time_ms=int(row["time"]),
            open=_price("open", row["open"]),
            high=_price("high", row["high"]),
            low=_price("low", row["low"]),
            close=_price("close", row["close"]),
            volume=_count(row.get("volume"), unknown=0),
        )
        for row in _rows(table)
    ]
    return sorted(bars, key=lambda bar: bar.time_ms)


def trading_day_views(days: Iterable[Row] | None) -> list[TradingDayView]:
    """Read the trading calendar."""
    return [TradingDayView(dt.date.fromisoformat(day["date"]), day["type"]) for day in days or ()]


def us_market_status(markets: Iterable[Any]) -> str:
    """Read the trading status of the US market, such as ``TRADING`` or ``CLOSED``."""
    for market in markets:
        if market.market == "US":
            return str(market.trading_status or market.status)
    raise AnswerError("Expected the US among the markets, was not there")


def granted(permissions: Iterable[Row] | None, now_ms: int) -> list[str]:
    """Read the names of the permissions that are in force; an expiry of -1 never comes."""
    return [
        str(item["name"])
        for item in permissions or ()
        if (expires := int(item.get("expire_at", -1))) < 0 or expires > now_ms
    ]


def entitlement_limits(entitlement: Any) -> dict[str, int]:
    """Read the limits of an AddonEntitlement that are given."""
    effective = None if entitlement is None else entitlement.effective_entitlement
    found = {name: getattr(effective, name, None) for name in _LIMITS}
    return {name: int(value) for name, value in found.items() if value is not None}


def _rows(table: Any) -> list[Row]:
    return [] if table is None or len(table) == 0 else table.to_dict("records")


def _quote(row: Row, symbol: str, time_ms: int, received_ns: int) -> QuoteView:
    return QuoteView(
        symbol=symbol,
        bid=_side(row.get("bid_price")),
        ask=_side(row.get("ask_price")),
        bid_size=_count(row.get("bid_size"), unknown=0),
        ask_size=_count(row.get("ask_size"), unknown=0),
        time_ms=time_ms,
        received_ns=received_ns,
    )


def _brief_terms(row: Row) -> OptionTerms:
    root = option_terms(row["identifier"]).root
    # Midnight in New York; noon of that day by any clock of the US keeps the date.
    noon_ms = int(row["expiry"]) + _EASTERN_DAY_MS - 5 * 3_600_000
    expiry = dt.datetime.fromtimestamp(noon_ms / 1_000, dt.UTC).date()
    return OptionTerms(root, expiry, _is_call(row["put_call"]), _mills(row["strike"]))


def _symbol(contract: Any) -> str:
    if contract.identifier and contract.sec_type == OPTION:
        return option_terms(contract.identifier).compact
    if contract.sec_type == OPTION:
        expiry = dt.datetime.strptime(str(contract.expiry), "%Y%m%d").date()  # noqa: DTZ007
        is_call = _is_call(contract.put_call)
        return OptionTerms(contract.symbol, expiry, is_call, _mills(contract.strike)).compact
    return engine_symbol(contract.symbol)


def _mills(strike: object) -> int:
    try:
        mills = Decimal(str(strike)) * 1_000
        is_whole = mills == mills.to_integral_value()
    except InvalidOperation:
        is_whole = False
    if not is_whole:
        raise AnswerError(f"strike: Expected whole mills, was {strike!r}")
    return int(mills)


def _state(name: str) -> OrderState:
    return OrderState.UNKNOWN if name == "PENDING_NEW" else OrderState(name)


def _is_buy(action: object) -> bool:
    if action not in {"BUY", "SELL"}:
        raise AnswerError(f"action: Expected BUY or SELL, was {action!r}")
    return action == "BUY"


def _is_call(right: object) -> bool:
    if right not in {"CALL", "PUT", "C", "P"}:
        raise AnswerError(f"right: Expected CALL or PUT, was {right!r}")
    return right in {"CALL", "C"}


def _id(value: object) -> int:
    # A float would have lost its last digits: ids are above 2**53.
    if not isinstance(value, int | str):
        raise AnswerError(f"id: Expected a whole number, was {value!r}")
    return int(value)


def _whole(name: str, value: Any, scale: int | None) -> int:
    if value is None or not 0 <= (scale or 0) <= _MAX_DECIMALS:
        raise FractionError(f"{name}: Expected a whole number, was {value} by 10^-{scale}")
    exact = Decimal(str(value)).scaleb(-(scale or 0))
    if exact != exact.to_integral_value():
        raise FractionError(f"{name}: Expected a whole number, was {exact}")
    return int(exact)


def _number(value: Any) -> float:
    """Return the number, NaN where there is none (absent, or the SDK's stand-in: infinity)."""
    number = math.nan if value is None else float(value)
    return number if math.isfinite(number) else math.nan


def _optional(value: Any) -> float | None:
    number = _number(value)
    return None if math.isnan(number) else number


def _price(name: str, value: Any) -> float:
    number = _number(value)
    if not number >= 0.0:
        raise AnswerError(f"{name}: Expected a price of zero or more, was {value!r}")
    return number


def _side(value: Any) -> float:
    """Return a side's price, 0 where the side has no quote."""
    return 0.0 if math.isnan(_number(value)) else _price("bid or ask", value)


def _count(value: Any, *, unknown: int) -> int:
    number = _number(value)
    return unknown if math.isnan(number) else int(number)


def _milliseconds(ns: int) -> int:
    return ns // 1_000_000
