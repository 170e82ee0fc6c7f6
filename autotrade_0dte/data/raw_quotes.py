"""Quotes as the catalog's files have them in memory, and from there into columns, copied once."""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from autotrade_0dte.chain.quote_columns import QuoteColumns
from autotrade_0dte.data.decimals import nearest, words
from autotrade_0dte.pricing.jit import strict_kernel

__all__ = ["RawQuotes", "quote_columns", "raw_quotes", "warm"]

type Floats = NDArray[np.float64]
type Ints = NDArray[np.int64]


class RawQuotes(NamedTuple):
    """Rows of one contract, the memory of Arrow's buffers.

    Parameters
    ----------
    bid, ask, bid_size, ask_size : int64 (n, 2)
        As `decimals.words`.
    ts_event, ts_init : int64 (n,)
        UTC ns.
    """

    bid: Ints
    ask: Ints
    bid_size: Ints
    ask_size: Ints
    ts_event: Ints
    ts_init: Ints

    def rows(self, first: int, stop: int) -> "RawQuotes":
        """Return some of the rows."""
        return RawQuotes(*[column[first:stop] for column in self])


def raw_quotes(table: pa.Table) -> RawQuotes:
    """Return the rows of a table of quotes as `data.columns` makes it."""
    sides = ("bid_price", "ask_price", "bid_size", "ask_size")
    times = (_times(table[name]) for name in ("ts_event", "ts_init"))
    return RawQuotes(*(words(table[name]) for name in sides), *times)


def quote_columns(
    quotes: Mapping[str, Sequence[RawQuotes]], names: Sequence[str]
) -> QuoteColumns | None:
    """Return the quotes of the contracts `names`, the rows of a book; None where there are none.

    `quotes` are those of a chunk, by instrument id, in pieces that follow each other; those of
    other instruments are left out.
    """
    held = [quotes.get(name, ()) for name in names]
    counts = [sum(piece.ts_init.size for piece in pieces) for pieces in held]
    starts = np.concatenate(([0], np.cumsum(counts, dtype=np.int64)))
    count = int(starts[-1])
    if count == 0:
        return None
    columns = QuoteColumns(
        starts, np.empty(count, np.int64), np.empty(count, np.int64), np.empty((count, 4))
    )
    at = 0
    for pieces in held:
        for piece in pieces:
            _put(*piece, at, columns.ts_event, columns.ts_init, columns.sides)
            at += piece.ts_init.size
    return columns


def _times(column: pa.ChunkedArray) -> Ints:
    whole = column.chunk(0) if column.num_chunks == 1 else column
    times: Ints = whole.cast(pa.int64()).to_numpy()
    return times


def warm() -> None:
    """Compile the kernel, or load it from the cache, so that no session waits."""
    decimal, time = pa.array([0]).cast(pa.decimal128(38, 16)), pa.array([0])
    names = ("bid_price", "ask_price", "bid_size", "ask_size", "ts_event", "ts_init")
    table = pa.table([decimal] * 4 + [time] * 2, names)
    quote_columns({"": [raw_quotes(table)]}, [""])


# Compiled, so coverage cannot see the body; the unit tests look at every column.


@strict_kernel
def _put(  # pragma: no cover
    bid: Ints,
    ask: Ints,
    bid_size: Ints,
    ask_size: Ints,
    from_event: Ints,
    from_init: Ints,
    start: int,
    ts_event: Ints,
    ts_init: Ints,
    sides: Floats,
) -> None:
    """Write one contract's rows from row `start` on."""
    for row in range(from_init.size):
        at = start + row
        sides[at, 0] = nearest(bid[row, 0], bid[row, 1])
        sides[at, 1] = nearest(ask[row, 0], ask[row, 1])
        sides[at, 2] = nearest(bid_size[row, 0], bid_size[row, 1])
        sides[at, 3] = nearest(ask_size[row, 0], ask_size[row, 1])
        ts_event[at] = from_event[row]
        ts_init[at] = from_init[row]
