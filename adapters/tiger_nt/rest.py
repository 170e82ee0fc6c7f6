"""Tiger's REST side: every call off the event loop, budgeted, timed, its failures classified."""

import datetime as dt
from typing import Any

import msgspec

from tiger_nt.budget import Priority
from tiger_nt.config import TigerConfig
from tiger_nt.views import (
    AssetsView,
    BarView,
    ContractView,
    OrderRequest,
    OrderView,
    PositionView,
    QuoteView,
    StockView,
    TradingDayView,
    TransactionView,
)

__all__ = ["CallTimes", "TigerRest"]


class CallTimes(msgspec.Struct, frozen=True):
    """Calls of one method so far, and the time the last of them took, milliseconds."""

    count: int
    errors: int
    p50_ms: float
    p99_ms: float


class TigerRest:
    """One login's REST calls.

    What changes something (place, modify, cancel) is sent once, whatever happens; what only asks is
    asked again within a time limit.

    Raises
    ------
    TigerDeniedError
        Tiger refuses, and will again.
    TigerLimitError
        No budget left, or Tiger says so; nothing was done.
    TigerUnknownOutcomeError
        Of place, modify and cancel: Tiger may have done it.
    TigerRequestError
        Of a question: no answer within the time limit. Of place, modify and cancel: no connection
        could be made, so that nothing was sent.
    """

    def __init__(self, config: TigerConfig, budget: Any = None) -> None:
        raise NotImplementedError

    async def start(self) -> None: ...
    async def close(self) -> None: ...
    async def license(self) -> str:
        raise NotImplementedError

    async def assets(self) -> AssetsView:
        raise NotImplementedError

    async def positions(self) -> list[PositionView]:
        raise NotImplementedError

    async def open_orders(self) -> list[OrderView]:
        raise NotImplementedError

    async def orders_since(self, start_ms: int) -> list[OrderView]:
        raise NotImplementedError

    async def order(self, id: int) -> OrderView | None:  # noqa: A002
        raise NotImplementedError

    async def order_by_mark(self, mark: str, since_ms: int) -> OrderView | None:
        raise NotImplementedError

    async def transactions(
        self, order_id: int | None = None, since_ms: int | None = None
    ) -> list[TransactionView]:
        raise NotImplementedError

    async def place(self, request: OrderRequest, priority: Priority = Priority.ENTRY) -> int:
        raise NotImplementedError

    async def modify(
        self,
        id: int,  # noqa: A002
        request: OrderRequest,
        priority: Priority = Priority.WALK,
    ) -> None:
        raise NotImplementedError

    async def cancel(self, id: int) -> None:  # noqa: A002
        raise NotImplementedError

    async def preview(self, request: OrderRequest) -> dict[str, Any]:
        raise NotImplementedError

    async def expirations(self, symbol: str) -> list[dt.date]:
        raise NotImplementedError

    async def chain(self, symbol: str, expiry: dt.date) -> list[ContractView]:
        raise NotImplementedError

    async def option_quotes(self, symbols: list[str]) -> list[QuoteView]:
        raise NotImplementedError

    async def stock_quotes(self, symbols: list[str]) -> list[StockView]:
        raise NotImplementedError

    async def market_status(self) -> str:
        raise NotImplementedError

    async def trading_days(self, first: dt.date, last: dt.date) -> list[TradingDayView]:
        raise NotImplementedError

    async def permissions(self) -> list[str]:
        raise NotImplementedError

    async def entitlement(self) -> dict[str, int]:
        raise NotImplementedError

    async def option_bars(
        self, symbol: str, minutes: int, begin_ms: int, end_ms: int
    ) -> list[BarView]:
        raise NotImplementedError

    def clock_offset_s(self) -> float | None:
        raise NotImplementedError

    def timings(self) -> dict[str, CallTimes]:
        raise NotImplementedError
