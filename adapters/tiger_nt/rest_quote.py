"""The market's side of REST: chains, quotes, bars, calendar, permissions."""

import datetime as dt
import time
from collections.abc import Callable, Sequence
from itertools import batched
from typing import Any

from tigeropen.common.consts import BarPeriod, Market

from tiger_nt.calls import Calls
from tiger_nt.parsing import rest_market as parse
from tiger_nt.symbols import option_terms, tiger_symbol
from tiger_nt.views import BarView, ContractView, QuoteView, StockView, TradingDayView

__all__ = ["QuoteCalls"]

OPTION_BATCH = 30
STOCK_BATCH = 50
_BAR_PERIODS = {
    1: BarPeriod.ONE_MINUTE,
    5: BarPeriod.FIVE_MINUTES,
    30: BarPeriod.HALF_HOUR,
    60: BarPeriod.ONE_HOUR,
}


class QuoteCalls:
    """Calls of the SDK's quote client; part of `TigerRest`."""

    _calls: Calls
    _quote: Any

    async def expirations(self, symbol: str) -> list[dt.date]:
        """Return the expiry dates of an underlying, ascending; a past one may be among them."""
        return await self._calls.ask(
            "option_expiration",
            lambda: parse.expiration_dates(
                self._quote.get_option_expirations([tiger_symbol(symbol)], market=Market.US)
            ),
        )

    async def chain(self, symbol: str, expiry: dt.date) -> list[ContractView]:
        """Return all contracts of one expiry with their quotes; none if it is not listed."""
        return await self._calls.ask(
            "option_chain",
            lambda: parse.contract_views(
                self._quote.get_option_chain(
                    tiger_symbol(symbol), expiry.isoformat(), market=Market.US
                ),
                time.time_ns(),
            ),
        )

    async def option_quotes(self, symbols: Sequence[str]) -> list[QuoteView]:
        """Return quotes of options, 30 a call; those Tiger does not know are missing."""
        names = [option_terms(symbol).osi for symbol in symbols]

        def ask(batch: list[str]) -> list[QuoteView]:
            table = self._quote.get_option_briefs(batch, market=Market.US)
            return parse.option_quote_views(table, time.time_ns())

        return await self._batches("option_brief", ask, names, OPTION_BATCH)

    async def stock_quotes(self, symbols: Sequence[str]) -> list[StockView]:
        """Return quotes and last prices of stocks and indices, 50 a call."""
        names = [tiger_symbol(symbol) for symbol in symbols]

        def ask(batch: list[str]) -> list[StockView]:
            return parse.stock_views(self._quote.get_stock_briefs(batch), time.time_ns())

        return await self._batches("quote_real_time", ask, names, STOCK_BATCH)

    async def option_bars(
        self, symbol: str, minutes: int, begin_ms: int, end_ms: int
    ) -> list[BarView]:
        """Return bars of an option, oldest first; `minutes` is 1, 5, 30 or 60, times are UTC."""
        if minutes not in _BAR_PERIODS:
            raise ValueError(f"Expected bars of {list(_BAR_PERIODS)} minutes, was {minutes}")
        terms = option_terms(symbol)
        return await self._calls.ask(
            "option_kline",
            lambda: parse.bar_views(
                self._quote.get_option_bars(
                    [terms.osi],
                    begin_time=begin_ms,
                    end_time=end_ms,
                    period=_BAR_PERIODS[minutes],
                    market=Market.US,
                ),
                terms.compact,
            ),
        )

    async def market_status(self) -> str:
        """Return the status of the US market, such as ``TRADING``; 10 calls a minute."""
        return await self._calls.ask(
            "market_state",
            lambda: parse.us_market_status(self._quote.get_market_status(Market.US)),
        )

    async def trading_days(self, first: dt.date, last: dt.date) -> list[TradingDayView]:
        """Return the US trading calendar from `first` to `last`, both included."""
        after = last + dt.timedelta(days=1)  # Tiger leaves the last one out
        return await self._calls.ask(
            "trading_calendar",
            lambda: parse.trading_day_views(
                self._quote.get_trading_calendar(Market.US, first.isoformat(), after.isoformat())
            ),
        )

    async def permissions(self) -> list[str]:
        """Return the quote permissions in force, such as ``usOptionQuote``; 10 calls a minute."""
        return await self._calls.ask(
            "get_quote_permission",
            lambda: parse.granted(self._quote.get_quote_permission(), time.time_ns() // 1_000_000),
        )

    async def entitlement(self) -> dict[str, int]:
        """Return the account's limits; what Tiger does not say is missing.

        Among them ``subscribe_limit`` (symbols) and ``high_``, ``mid_`` and ``low_freq_limit``
        (calls a minute, by class of method).
        """
        return await self._calls.ask(
            "addon_entitlements",
            lambda: parse.entitlement_limits(self._quote.get_addon_entitlement()),
        )

    async def _batches[T](
        self, method: str, ask: Callable[[list[str]], list[T]], names: Sequence[str], size: int
    ) -> list[T]:
        views: list[T] = []
        for batch in batched(names, size, strict=False):
            views += await self._calls.ask(method, lambda b=list(batch): ask(b))  # type: ignore[misc]
        return views
