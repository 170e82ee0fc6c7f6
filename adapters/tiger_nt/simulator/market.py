"""What the simulator trades against: a session's hours and its quotes, prints and index levels.

A market knows neither Tiger nor orders. Its times are wall-clock times already, so whoever plays
it sends each row when its time has come.
"""

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple, Protocol
from zoneinfo import ZoneInfo

import msgspec
import numpy as np
from numpy.typing import NDArray

__all__ = ["NEW_YORK", "Market", "MarketChunk", "MarketRow", "SessionHours", "hours_around"]

NEW_YORK = ZoneInfo("America/New_York")

_LONGEST_S = 43_200.0

type Floats = NDArray[np.float64]
type Ints = NDArray[np.int64]


class SessionHours(msgspec.Struct, frozen=True):
    """The one trading session of a market: its New York date and UTC nanoseconds of its hours.

    The date belongs to the session, not to the clock: a session that runs past midnight in New
    York keeps it, as do the expiries of its contracts.
    """

    date: dt.date
    open_ns: int
    close_ns: int

    def is_open(self, now_ns: int) -> bool:
        """Return whether `now_ns` is within the hours, the close not included."""
        return self.open_ns <= now_ns < self.close_ns


def hours_around(now_ns: int, open_for_s: float, closes_in_s: float) -> SessionHours:
    """Return a session that opened `open_for_s` seconds ago and closes in `closes_in_s`.

    Its date is New York's at `now_ns`, whatever day of the week. Raises ValueError unless the
    session has opened and not closed by then.
    """
    if not (0 <= open_for_s <= _LONGEST_S and 0 < closes_in_s <= _LONGEST_S):
        raise ValueError(
            f"Expected hours that hold now, at most {_LONGEST_S:.0f} s either side, was open for "
            f"{open_for_s} s and closing in {closes_in_s} s"
        )
    date = dt.datetime.fromtimestamp(now_ns / 1e9, NEW_YORK).date()
    return SessionHours(date, now_ns - round(open_for_s * 1e9), now_ns + round(closes_in_s * 1e9))


class MarketRow(NamedTuple):
    """One row of a `MarketChunk`, with its symbol."""

    ts_ns: int
    symbol: str
    bid: float
    ask: float
    bid_size: int
    ask_size: int
    last: float
    last_size: int

    @property
    def has_quote(self) -> bool:
        """Whether the row says what bid and ask are now."""
        return self.bid == self.bid

    @property
    def has_last(self) -> bool:
        """Whether the row is a print, or the level of an index."""
        return self.last == self.last


@dataclass(frozen=True, slots=True, eq=False)
class MarketChunk:
    """Rows in order of time, as columns.

    Parameters
    ----------
    symbols : tuple of str
        What `instrument` counts into; the same for all chunks of a market.
    ts_ns : int64
        When the row is to be seen, UTC nanoseconds.
    instrument : int32
        Index into `symbols`.
    bid, ask : float64
        Dollars; NaN where the row is no quote, 0 with size 0 where a side has none.
    bid_size, ask_size : int64
        Contracts or shares.
    last : float64
        Price of a print in dollars, or the level of an index; NaN where the row is neither.
    last_size : int64
        Size of the print, 0 where there is none.
    """

    symbols: tuple[str, ...]
    ts_ns: Ints
    instrument: NDArray[np.int32]
    bid: Floats
    ask: Floats
    bid_size: Ints
    ask_size: Ints
    last: Floats
    last_size: Ints

    def __len__(self) -> int:
        return len(self.ts_ns)

    def rows(self, first: int = 0, last: int | None = None) -> Iterator[MarketRow]:
        """Yield the rows from `first` to before `last` (the end if None)."""
        part = slice(first, last)
        symbols = self.symbols
        columns = (
            self.ts_ns[part].tolist(),
            [symbols[i] for i in self.instrument[part].tolist()],
            self.bid[part].tolist(),
            self.ask[part].tolist(),
            self.bid_size[part].tolist(),
            self.ask_size[part].tolist(),
            self.last[part].tolist(),
            self.last_size[part].tolist(),
        )
        return map(MarketRow._make, zip(*columns, strict=True))


class Market(Protocol):
    """A session to be played once, from its first row on."""

    @property
    def hours(self) -> SessionHours:
        """The session, shifted to now."""
        ...

    @property
    def underlying(self) -> str:
        """Symbol of what the options are on: a stock (``SPY``) or an index (``SPX``)."""
        ...

    @property
    def contracts(self) -> tuple[str, ...]:
        """The option chain, compact OSI symbols; all expire on the session's date."""
        ...

    @property
    def indices(self) -> tuple[str, ...]:
        """Indices with levels, the underlying among them when it is one: ``("SPX", "VIX")``."""
        ...

    @property
    def synthetic(self) -> bool:
        """Whether the quotes are made up."""
        ...

    @property
    def settlement(self) -> float | None:
        """Price of the underlying that expiring contracts settle at, None when not known."""
        ...

    @property
    def description(self) -> str:
        """What is played, one line for people."""
        ...

    def earlier(self) -> Iterator[MarketChunk]:
        """Yield the session's prints from before the first of `rows`, in order of time.

        They are not played: they make the bars, range and volume of the day. A market that knows
        none yields nothing.
        """
        ...

    def rows(self) -> Iterator[MarketChunk]:
        """Yield the session's rows in order of time, over all chunks."""
        ...
