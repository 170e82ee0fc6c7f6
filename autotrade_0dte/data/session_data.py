"""One session's market data as columns: what importers produce and the catalog keeps.

Prices are int64 cents, times int64 ns since the epoch (UTC), sizes int64 contracts or shares.
A side without a quote is price 0 with size 0: a size at price 0 would be free contracts to a
backtest. A price with size 0 is a price that nobody deals at.

`ts_event` is when something was true, `ts_init` when it was known here, which it is replayed by.
Vendors' files know only the first: without `ts_init` the two are equal. With it `ts_event` may jump
back and forth, and may even lie after `ts_init`, for it comes from another clock.
"""

import datetime as dt
import re
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from autotrade_0dte.calendar import Session

__all__ = [
    "SYMBOL",
    "ChainData",
    "IndexPrices",
    "SessionData",
    "SessionDataError",
    "SettlementPrice",
]
__all__ += ["TickData", "UnderlyingQuotes", "UnderlyingTrades", "replay_times"]

SYMBOL = re.compile(r"[A-Z][A-Z0-9.]{0,5}")
"""Symbols and option roots; names of folders and ids are made of them."""

type Ints = NDArray[np.int64]
type Bools = NDArray[np.bool_]


class SessionDataError(ValueError):
    """Columns do not fit together."""


@dataclass(frozen=True, slots=True, eq=False)
class ChainData:
    """Quotes of every contract of one root that expires on `session`.

    Parameters
    ----------
    root : str
        Option root (``SPY``, ``SPXW``).
    session : datetime.date
        Trading day and expiry.
    strike_mills, is_call : int64 (c,), bool (c,)
        The contracts, sorted by strike, call before put; strikes in thousandths of a dollar.
    contract : int32 (n,)
        Row of the quote's contract in `strike_mills`.
    ts_event : int64 (n,)
        Ascending, unless there is `ts_init`.
    bid, ask, bid_size, ask_size : int64 (n,)
        Cents and contracts; 0 with size 0 is a side without a quote.
    open_interest : int64 (c,), optional
        Contracts open at the start of the day, -1 where unknown.
    ts_init : int64 (n,), optional
        Ascending.
    hours : Session, optional
        Hours of the session where they are not for the calendar to tell, as in a rehearsal.
    """

    root: str
    session: dt.date
    strike_mills: Ints
    is_call: Bools
    contract: NDArray[np.int32]
    ts_event: Ints
    bid: Ints
    ask: Ints
    bid_size: Ints
    ask_size: Ints
    open_interest: Ints | None = None
    ts_init: Ints | None = None
    hours: Session | None = None

    def __post_init__(self) -> None:
        _freeze(self)
        where = f"{self.root} {self.session}"
        _expect_symbol(self.root)
        count = len(self.strike_mills)
        _expect_lengths(self, where, count, ("is_call", "open_interest"))
        _expect_ticks(self, where, ("contract", "bid", "ask", "bid_size", "ask_size"))
        _expect_quotes(self, where)
        if self.hours is not None and self.hours.date != self.session:
            raise SessionDataError(
                f"Expected the hours of {self.session}, was {self.hours.date} ({where})"
            )
        order = self.strike_mills * 2 + ~self.is_call
        if count == 0 or (np.diff(order) <= 0).any() or self.strike_mills[0] <= 0:
            raise SessionDataError(
                f"Expected distinct contracts sorted by strike, call before put, was not ({where})"
            )
        if self.contract.min() < 0 or self.contract.max() >= count:
            raise SessionDataError(
                f"Expected contract rows in [0, {count}), was {self.contract.min()} to "
                f"{self.contract.max()} ({where})"
            )


@dataclass(frozen=True, slots=True, eq=False)
class UnderlyingTrades:
    """Trades of a stock or ETF; `price` cents, `size` shares (at least 1)."""

    symbol: str
    session: dt.date
    ts_event: Ints
    price: Ints
    size: Ints
    ts_init: Ints | None = None

    def __post_init__(self) -> None:
        _freeze(self)
        where = f"{self.symbol} trades {self.session}"
        _expect_symbol(self.symbol)
        _expect_ticks(self, where, ("price", "size"))
        if self.price.min() <= 0 or self.size.min() <= 0:
            raise SessionDataError(f"Expected trade prices and sizes above 0, was not ({where})")


@dataclass(frozen=True, slots=True, eq=False)
class UnderlyingQuotes:
    """Best bid and ask of a stock or ETF; cents and shares."""

    symbol: str
    session: dt.date
    ts_event: Ints
    bid: Ints
    ask: Ints
    bid_size: Ints
    ask_size: Ints
    ts_init: Ints | None = None

    def __post_init__(self) -> None:
        _freeze(self)
        _expect_symbol(self.symbol)
        where = f"{self.symbol} quotes {self.session}"
        _expect_ticks(self, where, ("bid", "ask", "bid_size", "ask_size"))
        _expect_quotes(self, where)


@dataclass(frozen=True, slots=True, eq=False)
class IndexPrices:
    """Values of an index (SPX, VIX); `value` in hundredths."""

    symbol: str
    session: dt.date
    ts_event: Ints
    value: Ints
    ts_init: Ints | None = None

    def __post_init__(self) -> None:
        _freeze(self)
        _expect_symbol(self.symbol)
        _expect_ticks(self, f"{self.symbol} {self.session}", ("value",))


@dataclass(frozen=True, slots=True)
class SettlementPrice:
    """Official closing price that options expiring on `session` settle against.

    `source` says where the price came from, for reports.
    """

    symbol: str
    session: dt.date
    price_cents: int
    source: str

    def __post_init__(self) -> None:
        _expect_symbol(self.symbol)
        if self.price_cents <= 0:
            raise SessionDataError(
                f"Expected a settlement price above 0, was {self.price_cents} cents "
                f"({self.symbol} {self.session})"
            )


type TickData = ChainData | UnderlyingTrades | UnderlyingQuotes | IndexPrices
type SessionData = TickData | SettlementPrice


def replay_times(item: TickData) -> Ints:
    """Return the times that rows are replayed by, ascending."""
    return item.ts_event if item.ts_init is None else item.ts_init


def _freeze(item: TickData) -> None:
    if item.ts_init is not None and np.array_equal(item.ts_init, item.ts_event):
        object.__setattr__(item, "ts_init", None)
    for field in fields(item):
        value = getattr(item, field.name)
        if isinstance(value, np.ndarray):
            value.flags.writeable = False


def _expect_symbol(symbol: str) -> None:
    if not SYMBOL.fullmatch(symbol):
        raise SessionDataError(f"Expected a symbol like SPY or BRK.B, was {symbol!r}")


def _expect_ticks(item: TickData, where: str, names: tuple[str, ...]) -> None:
    _expect_lengths(item, where, len(item.ts_event), ("ts_init", *names))
    if len(item.ts_event) == 0:
        raise SessionDataError(f"Expected at least 1 row, was 0 ({where})")
    if (np.diff(replay_times(item)) < 0).any():
        name = "ts_event" if item.ts_init is None else "ts_init"
        raise SessionDataError(f"Expected {name} in ascending order, was not ({where})")


def _expect_quotes(item: ChainData | UnderlyingQuotes, where: str) -> None:
    for side, price, size in (("bid", item.bid, item.bid_size), ("ask", item.ask, item.ask_size)):
        if price.min() < 0 or size.min() < 0:
            raise SessionDataError(
                f"Expected {side} prices and sizes of at least 0, was {price.min()} cents and "
                f"{size.min()} at the least ({where})"
            )
        if (count := np.count_nonzero((price == 0) & (size > 0))) > 0:
            raise SessionDataError(
                f"Expected size 0 where there is no {side}, was above 0 in {count} rows ({where})"
            )


def _expect_lengths(item: object, where: str, length: int, names: tuple[str, ...]) -> None:
    for name in names:
        column = getattr(item, name)
        if column is not None and len(column) != length:
            raise SessionDataError(
                f"Expected {length} values of {name}, was {len(column)} ({where})"
            )
