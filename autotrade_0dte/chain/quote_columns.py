"""Quotes held as columns, and the newest of each contract at an instant."""

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from autotrade_0dte.chain.book import OptionChainBook
from autotrade_0dte.pricing.jit import strict_kernel

__all__ = ["ColumnQuotes", "QuoteColumns", "warm"]

type Floats = NDArray[np.float64]
type Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class QuoteColumns:
    """Quotes of a chain over some time, contract by contract.

    Parameters
    ----------
    starts : int64 (contracts + 1,)
        The quotes of the book's row k are those from ``starts[k]`` to ``starts[k + 1]``.
    ts_event, ts_init : int64 (n,)
        When a quote was made and when it was known, UTC ns; `ts_init` ascends in each contract.
    sides : float64 (n, 4)
        Bid and ask in dollars, bid size and ask size in contracts; side by side in memory, as the
        engine has driven all out of the cache between two snapshots.
    """

    starts: Ints
    ts_event: Ints
    ts_init: Ints
    sides: Floats


class ColumnQuotes:
    """Puts into a book what was known at an instant, from columns that come piece by piece.

    A quote is held back until its `ts_init`, however early its piece was added.
    """

    def __init__(self) -> None:
        self._pieces: deque[_Piece] = deque()
        self._last_ns = 0

    def add(self, columns: QuoteColumns) -> None:
        """Add the quotes that follow; raise ValueError unless they are later than all before."""
        if not columns.ts_init.size:
            return
        first_ns = int(columns.ts_init.min())
        if first_ns <= self._last_ns:
            raise ValueError(f"Expected quotes after {self._last_ns} ns, was {first_ns} ns")
        self._last_ns = int(columns.ts_init.max())
        self._pieces.append(_Piece(columns, columns.starts[:-1].copy(), columns.ts_init.size))

    def take(self, now_ns: int, book: OptionChainBook) -> bool:
        """Bring `book` to `now_ns`, UTC ns; return whether there were new quotes.

        Each row gets its last quote with ``ts_init <= now_ns``. Instants must not go back.
        """
        any_new = False
        while self._pieces:
            piece = self._pieces[0]
            columns = piece.columns
            taken = _take_newest(
                now_ns, piece.next, columns.starts, columns.ts_event, columns.ts_init,
                columns.sides, book.quotes, book.ts_event,
            )  # fmt: skip
            any_new |= taken > 0
            piece.left -= taken
            if piece.left:
                break
            self._pieces.popleft()
        return any_new


@dataclass(slots=True, eq=False)
class _Piece:
    """Columns, the first quote of each contract that has not been taken, and how many have not."""

    columns: QuoteColumns
    next: Ints
    left: int


# Compiled, so coverage cannot see the body; the unit tests compare it with a plain search.


@strict_kernel
def _take_newest(  # pragma: no cover
    now_ns: int,
    next_: Ints,
    starts: Ints,
    ts_event: Ints,
    ts_init: Ints,
    sides: Floats,
    book_quotes: Floats,
    book_ts_event: Ints,
) -> int:
    """Write each contract's newest quote up to `now_ns` into its row; return how many were new."""
    taken = 0
    for row in range(next_.size):
        first = next_[row]
        at = first
        while at < starts[row + 1] and ts_init[at] <= now_ns:
            at += 1
        if at == first:
            continue
        for side in range(4):
            book_quotes[side, row] = sides[at - 1, side]
        book_ts_event[row] = ts_event[at - 1]
        next_[row] = at
        taken += at - first
    return taken


def warm() -> None:
    """Compile the kernel, or load it from the cache, so that no snapshot waits."""
    none, one = np.zeros(1, np.int64), np.full((4, 1), np.nan)
    _take_newest(0, none, np.zeros(2, np.int64), none, none, one.T.copy(), one, none)
