"""The market's side of REST: chains, quotes, bars, calendar, permissions."""

import datetime as dt
import functools
import time
from collections.abc import Callable, Sequence
from itertools import batched
from typing import Any

from tigeropen.common.consts import BarPeriod, Market, QuoteRight, TradingSession

from tiger_nt.calls import Calls
from tiger_nt.parsing import rest_market as parse
from tiger_nt.symbols import option_terms, tiger_symbol
from tiger_nt.views import BarView, ContractView, QuoteView, StockView, TradingDayView

__all__ = ["OPTION_BAR_MINUTES", "STOCK_BAR_MINUTES", "QuoteCalls"]

OPTION_BATCH = 30
STOCK_BATCH = 50
STOCK_BARS = 1_200
"""Bars of a stock in one answer, at most."""
OPTION_BAR_MINUTES: tuple[int, ...] = (1, 5, 30, 60)
STOCK_BAR_MINUTES: tuple[int, ...] = (1, 3, 5, 10, 15, 30, 60)
_PERIODS = {
    1: BarPeriod.ONE_MINUTE,
    3: BarPeriod.THREE_MINUTES,
    5: BarPeriod.FIVE_MINUTES,
    10: BarPeriod.TEN_MINUTES,
    15: BarPeriod.FIFTEEN_MINUTES,
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
        period = _period(minutes, OPTION_BAR_MINUTES)
        terms = option_terms(symbol)
        return await self._calls.ask(
            "option_kline",
            lambda: parse.bar_views(
                self._quote.get_option_bars(
                    [terms.osi],
                    begin_time=begin_ms,
                    end_time=end_ms,
                    period=period,
                    market=Market.US,
                ),
                terms.compact,
            ),
        )

    async def stock_bars(
        self, symbol: str, minutes: int, begin_ms: int, end_ms: int
    ) -> list[BarView]:
        """Return bars of a stock or ETF that start within [begin_ms, end_ms) UTC, oldest first.

        `minutes` is 1, 3, 5, 10, 15, 30 or 60. Regular session only; prices as traded, not adjusted
        for splits or dividends. 1,200 bars a call, 60 calls a minute.
        """
        period = _period(minutes, STOCK_BAR_MINUTES)

        def ask(page: str | None) -> tuple[list[BarView], str | None]:
            table = self._quote.get_bars(
                [tiger_symbol(symbol)],
                period=period,
                begin_time=begin_ms,
                end_time=end_ms,
                right=QuoteRight.NR,
                limit=STOCK_BARS,
                page_token=page,
                trade_session=TradingSession.Regular,
            )
            return parse.bar_views(table, symbol), parse.next_page(table)

        found: dict[int, BarView] = {}
        page: str | None = None
        while True:
            bars, page = await self._calls.ask("kline", functools.partial(ask, page))
            # Checked here: what lies outside, or comes again, must not keep the pages coming.
            new = {bar.time_ms: bar for bar in bars if begin_ms <= bar.time_ms < end_ms}
            is_more = page is not None and not new.keys() <= found.keys()
            found |= new
            if not is_more:
                return [found[time_ms] for time_ms in sorted(found)]

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


def _period(minutes: int, served: Sequence[int]) -> BarPeriod:
    if minutes not in served:
        raise ValueError(f"Expected bars of {list(served)} minutes, was {minutes}")
    return _PERIODS[minutes]
