"""Prices and sizes of the catalog's files as doubles."""

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from autotrade_0dte.data.columns import PRICE_DECIMALS, SCALE
from autotrade_0dte.pricing.jit import strict_kernel

__all__ = ["doubles", "warm"]

_TWO_64 = 2.0**64
_CENTS = 10.0**PRICE_DECIMALS
_UNITS_PER_CENT = 10.0 ** (SCALE - PRICE_DECIMALS)


def doubles(column: pa.ChunkedArray) -> NDArray[np.float64]:
    """Return the doubles nearest to a column of prices or sizes of the catalog's type.

    Arrow's own cast takes ten times as long, and may miss the nearest double.
    """
    if not len(column):
        return np.empty(0)
    array = column.combine_chunks()
    words = np.frombuffer(array.buffers()[1], np.int64).reshape(-1, 2)
    return _nearest(words[array.offset : array.offset + len(array)])


# Compiled, so coverage cannot see the body; the unit tests compare it with the engine's doubles.


@strict_kernel
def _nearest(words: NDArray[np.int64]) -> NDArray[np.float64]:  # pragma: no cover
    """Convert 128-bit integers, low word first, through whole cents: only one division rounds."""
    values = np.empty(len(words))
    for row in range(len(words)):
        units = words[row, 1] * _TWO_64 + np.uint64(words[row, 0])
        values[row] = np.rint(units / _UNITS_PER_CENT) / _CENTS
    return values


def warm() -> None:
    """Compile the kernel, or load it from the cache, so that no session waits."""
    doubles(pa.chunked_array([pa.array([0]).cast(pa.decimal128(38, SCALE))]))
