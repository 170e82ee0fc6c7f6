"""Rows of a wide table in flat buffers, to be turned into columns at the end of a session."""

from array import array
from collections.abc import Collection, Sequence
from typing import Any

import numpy as np

__all__ = ["Columns", "RowBuffer", "columns_of"]

type Columns = dict[str, Any]
"""A table by columns (lists or arrays), without the run id and the session of the node."""


class RowBuffer:
    """Rows of one table; a number takes eight bytes, where a tuple of floats takes forty.

    Parameters
    ----------
    columns : sequence of str
        All columns of the table; those not named below are floats.
    integers, texts : collection of str
        Columns of whole numbers (times are UTC ns) and of other values.
    absent_at_zero : collection of str
        Those of `integers` in which 0 stands for none.
    """

    def __init__(
        self,
        columns: Sequence[str],
        *,
        integers: Collection[str],
        texts: Collection[str] = (),
        absent_at_zero: Collection[str] = (),
    ) -> None:
        self._columns = tuple(columns)
        self._integer_names = [name for name in columns if name in integers]
        self._text_names = [name for name in columns if name in texts]
        self._float_names = [n for n in columns if n not in integers and n not in texts]
        self._absent_at_zero = frozenset(absent_at_zero)
        self._integers = array("q")
        self._floats = array("d")
        self._texts: list[tuple[Any, ...]] = []

    def append(
        self, integers: Sequence[int], floats: Sequence[float], texts: tuple[Any, ...] = ()
    ) -> None:
        """Add a row: the values of each kind, in the order of the columns."""
        self._integers.extend(integers)
        self._floats.extend(floats)
        if texts:
            self._texts.append(texts)

    def columns(self) -> Columns:
        """Return the table; what is appended later does not change it."""
        whole = np.array(self._integers).reshape(-1, len(self._integer_names)).T
        real = np.array(self._floats).reshape(-1, len(self._float_names)).T
        found: Columns = dict(zip(self._float_names, real, strict=True))
        for name, values in zip(self._integer_names, whole, strict=True):
            absent = name in self._absent_at_zero
            found[name] = np.ma.masked_equal(values, 0, copy=False) if absent else values
        found |= columns_of(self._text_names, self._texts)
        return {name: found[name] for name in self._columns}


def columns_of(names: Sequence[str], rows: Sequence[tuple[Any, ...]]) -> Columns:
    """Turn rows into columns; no rows give empty columns."""
    columns = zip(*rows, strict=True) if rows else ((),) * len(names)
    return {name: list(column) for name, column in zip(names, columns, strict=True)}
