"""Tables and objects of the SDK's quote client to views; pure.

Every function raises AnswerError or SymbolError, both ValueErrors, for what it cannot read.
"""

import datetime as dt
import math
from collections.abc import Iterable, Mapping
from typing import Any
from zoneinfo import ZoneInfo

from tiger_nt.errors import AnswerError
from tiger_nt.parsing.fields import is_call, mills, number, price
from tiger_nt.symbols import OptionTerms, engine_symbol, option_terms
from tiger_nt.views import BarView, ContractView, QuoteView, StockView, TradingDayView

__all__ = ["bar_views", "contract_views", "entitlement_limits", "expiration_dates", "granted"]
__all__ += [
    "next_page",
    "option_quote_views",
    "stock_views",
    "trading_day_views",
    "us_market_status",
]

_NEW_YORK = ZoneInfo("America/New_York")
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
            last=number(row.get("latest_price")),
            last_ms=_count(row.get("latest_time"), unknown=0),
        )
        for row in _rows(table)
    ]


def bar_views(table: Any, symbol: str) -> list[BarView]:
    """Read the bars of the one option or stock that was asked for, oldest first."""
    bars = [
        BarView(
            symbol=symbol,
            time_ms=int(row["time"]),
            open=price("open", row["open"]),
            high=price("high", row["high"]),
            low=price("low", row["low"]),
            close=price("close", row["close"]),
            volume=_count(row.get("volume"), unknown=0),
        )
        for row in _rows(table)
    ]
    return sorted(bars, key=lambda bar: bar.time_ms)


def next_page(table: Any) -> str | None:
    """Read the token of the page after these bars, None for the last one."""
    token = next((row.get("next_page_token") for row in _rows(table)), None)
    return token if isinstance(token, str) and token else None


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
    expiry = dt.datetime.fromtimestamp(int(row["expiry"]) / 1_000, _NEW_YORK).date()
    return OptionTerms(root, expiry, is_call(row["put_call"]), mills(row["strike"]))


def _side(value: Any) -> float:
    """Return a side's price, 0 where the side has no quote."""
    return 0.0 if math.isnan(number(value)) else price("bid or ask", value)


def _count(value: Any, *, unknown: int) -> int:
    found = number(value)
    return unknown if math.isnan(found) else int(found)


def _milliseconds(ns: int) -> int:
    return ns // 1_000_000
