"""The simulator's quotes: what each side shows now, how much of it is left, and today's prints."""

import math
from collections import deque
from dataclasses import dataclass, field
from typing import NamedTuple

from tiger_nt.simulator.market import MarketChunk, MarketRow

__all__ = ["Bar", "Print", "Quote", "QuoteBoard"]

KEPT_PRINTS = 10_000
"""Prints remembered of each symbol, the latest."""
MINUTE_MS = 60_000


class Print(NamedTuple):
    """One trade: milliseconds UTC, dollars, contracts or shares."""

    time_ms: int
    price: float
    size: int


class Bar(NamedTuple):
    """Prints of some minutes; `time_ms` is their start, UTC."""

    time_ms: int
    open: float
    high: float
    low: float
    close: float
    volume: int

    def followed_by(self, later: "Bar") -> "Bar":
        """Return the bar of this one's prints and then those of `later`."""
        high, low = max(self.high, later.high), min(self.low, later.low)
        return Bar(self.time_ms, self.open, high, low, later.close, self.volume + later.volume)


@dataclass(slots=True)
class Quote:
    """State of one symbol; prices in dollars, NaN where nothing was seen, 0 for a side without one.

    `bid_left` and `ask_left` are what the simulator's own orders have left of the sizes shown; a
    change of price or size of a side fills it up again. `minutes` are the bars of one minute by
    their start; they remember all prints.
    """

    symbol: str
    bid: float = float("nan")
    ask: float = float("nan")
    bid_size: int = 0
    ask_size: int = 0
    bid_left: int = 0
    ask_left: int = 0
    last: float = float("nan")
    open: float = float("nan")
    high: float = float("nan")
    low: float = float("nan")
    volume: int = 0
    quoted_ms: int = 0
    traded_ms: int = 0
    prints: deque[Print] = field(default_factory=lambda: deque(maxlen=KEPT_PRINTS))
    minutes: dict[int, Bar] = field(default_factory=dict)

    @property
    def has_bid(self) -> bool:
        """Whether someone bids."""
        return self.bid > 0 and self.bid_size > 0

    @property
    def has_ask(self) -> bool:
        """Whether someone offers."""
        return self.ask > 0 and self.ask_size > 0

    @property
    def mark(self) -> float:
        """Middle of bid and ask, else the last price, else NaN."""
        if self.has_bid and self.has_ask:
            return round((self.bid + self.ask) / 2, 6)
        return self.last

    def bars(self, minutes: int, begin_ms: int, end_ms: int) -> list[Bar]:
        """Return bars that start within [begin_ms, end_ms), at full multiples of their width."""
        width = minutes * MINUTE_MS
        bars: list[Bar] = []
        for time_ms, minute in sorted(self.minutes.items()):
            start = time_ms - time_ms % width
            if not begin_ms <= start < end_ms:
                continue
            if bars and bars[-1].time_ms == start:
                bars[-1] = bars[-1].followed_by(minute)
            else:
                bars.append(minute._replace(time_ms=start))
        return bars

    def _quote(self, row: MarketRow) -> None:
        if row.bid != self.bid or row.bid_size != self.bid_size:
            self.bid, self.bid_size, self.bid_left = row.bid, row.bid_size, row.bid_size
        if row.ask != self.ask or row.ask_size != self.ask_size:
            self.ask, self.ask_size, self.ask_left = row.ask, row.ask_size, row.ask_size
        self.quoted_ms = row.ts_ns // 1_000_000

    def _print(self, row: MarketRow) -> None:
        price = self.last = row.last
        self.traded_ms = row.ts_ns // 1_000_000
        if math.isnan(self.open):
            self.open = self.high = self.low = price
        self.high = max(self.high, price)
        self.low = min(self.low, price)
        if row.last_size > 0:
            self.volume += row.last_size
            self.prints.append(Print(self.traded_ms, price, row.last_size))
            start = self.traded_ms - self.traded_ms % MINUTE_MS
            bar = Bar(start, price, price, price, price, row.last_size)
            before = self.minutes.get(start)
            self.minutes[start] = bar if before is None else before.followed_by(bar)

    def update(self, row: MarketRow) -> None:
        """Take what a row says."""
        if row.has_quote:
            self._quote(row)
        if row.has_last:
            self._print(row)

    def fillable(self, *, is_buy: bool, limit: float | None) -> int:
        """Return how much of the opposite side is left at a price that `limit` allows."""
        if is_buy:
            is_reached = self.has_ask and (limit is None or limit >= self.ask)
            return self.ask_left if is_reached else 0
        is_reached = self.has_bid and (limit is None or limit <= self.bid)
        return self.bid_left if is_reached else 0

    def take(self, *, is_buy: bool, quantity: int) -> float:
        """Take `quantity`, at most what is fillable, from the opposite side; return the price."""
        if is_buy:
            self.ask_left -= quantity
            return self.ask
        self.bid_left -= quantity
        return self.bid


class QuoteBoard:
    """The quotes of all symbols of a market, by the engine's symbols."""

    def __init__(self, symbols: tuple[str, ...]) -> None:
        self.quotes = {symbol: Quote(symbol) for symbol in symbols}

    def __getitem__(self, symbol: str) -> Quote:
        return self.quotes[symbol]

    def __contains__(self, symbol: object) -> bool:
        return symbol in self.quotes

    def remember(self, chunk: MarketChunk) -> None:
        """Take rows of before the market began."""
        for row in chunk.rows():
            self.quotes[row.symbol].update(row)

    def get(self, symbol: str) -> Quote | None:
        """Return the symbol's quote, None for a symbol that is not listed."""
        return self.quotes.get(symbol)
