"""Prices and sizes of the catalog's files as doubles."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from autotrade_0dte.data.columns import PRICE_DECIMALS, SCALE
from autotrade_0dte.pricing.jit import strict_kernel

__all__ = ["doubles", "nearest", "warm", "words"]

_TWO_64 = 2.0**64
_CENTS = 10.0**PRICE_DECIMALS
_UNITS_PER_CENT = 10.0 ** (SCALE - PRICE_DECIMALS)


def words(column: pa.ChunkedArray) -> NDArray[np.int64]:
    """Return a column of the catalog's decimals as (n, 2): 128-bit integers, low word first.

    Of a column in one piece it is the column's own memory.
    """
    if not len(column):
        return np.empty((0, 2), np.int64)
    # Arrow copies when it combines, also a single piece.
    array = column.chunk(0) if column.num_chunks == 1 else column.combine_chunks()
    both = np.frombuffer(array.buffers()[1], np.int64).reshape(-1, 2)
    # Some of Arrow's buffers may be written to, which would be another signature of a kernel.
    both.flags.writeable = False
    return both[array.offset : array.offset + len(array)]


def doubles(column: pa.ChunkedArray) -> NDArray[np.float64]:
    """Return the doubles nearest to a column of prices or sizes of the catalog's type.

    Arrow's own cast takes ten times as long, and may miss the nearest double.
    """
    return _nearest(words(column)) if len(column) else np.empty(0)


# Compiled, so coverage cannot see the bodies; the unit tests compare them with the engine's
# doubles.


@strict_kernel
def nearest(low: int, high: int) -> float:  # pragma: no cover
    """Return the double nearest to a decimal, through whole cents: only one division rounds."""
    units = high * _TWO_64 + np.uint64(low)
    value: float = np.rint(units / _UNITS_PER_CENT) / _CENTS
    return value


@strict_kernel
def _nearest(words: NDArray[np.int64]) -> NDArray[np.float64]:  # pragma: no cover
    values = np.empty(len(words))
    for row in range(len(words)):
        values[row] = nearest(words[row, 0], words[row, 1])
    return values


def warm() -> None:
    """Compile the kernel, or load it from the cache, so that no session waits."""
    doubles(pa.chunked_array([pa.array([0]).cast(pa.decimal128(38, SCALE))]))
