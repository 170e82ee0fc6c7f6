"""What an import may refuse, note and report, and the one error it raises."""

import datetime as dt
from collections import Counter
from enum import StrEnum
from pathlib import Path
from typing import Self

import msgspec
import numpy as np
from numpy.typing import NDArray

from autotrade_0dte.data.errors import CatalogError
from autotrade_0dte.data.manifest import DatasetKind, SourceFile, StoredDataset

__all__ = ["DataError", "ImportReport", "ImportedDataset", "Note", "Refusal", "RowFilter"]
__all__ += ["SkippedFile", "Tally"]


class DataError(CatalogError):
    """A vendor file cannot be imported; the text names the file and, where known, the line."""

    def __init__(self, problem: str, file: str | Path, line: int | None = None) -> None:
        where = Path(file).name if line is None else f"{Path(file).name}, line {line}"
        super().__init__(f"{problem} ({where})")


class Refusal(StrEnum):
    """Why a row was not stored; a row is counted under the first reason that applies."""

    UNPARSABLE = "unparsable"
    NOT_0DTE = "not_0dte"
    WRONG_EXPIRY = "wrong_expiry"
    OUT_OF_SESSION = "out_of_session"
    NEGATIVE = "negative"
    SUB_CENT = "sub_cent"
    CROSSED = "crossed"
    INCONSISTENT_BAR = "inconsistent_bar"
    DUPLICATE = "duplicate"


class Note(StrEnum):
    """What is worth knowing about what was stored; counts rows, BOOKS_WITHOUT_SPOT counts books."""

    LOCKED = "locked"
    ONE_SIDED = "one_sided"
    CROSSED = "crossed"
    REORDERED = "reordered"
    BAR_RANGE_DROPPED = "bar_range_dropped"
    BOOKS_WITHOUT_SPOT = "books_without_spot"


class SkippedFile(msgspec.Struct, frozen=True):
    """A file of a source folder that was not read, and why."""

    name: str
    reason: str


class ImportedDataset(msgspec.Struct, frozen=True):
    """A dataset in a report."""

    kind: DatasetKind
    symbol: str
    session: dt.date
    rows: int
    fingerprint: str

    @classmethod
    def of(cls, stored: StoredDataset) -> Self:
        """Return the gist of a stored dataset."""
        return cls(stored.kind, stored.symbol, stored.session, stored.rows, stored.fingerprint)


class ImportReport(msgspec.Struct, frozen=True, kw_only=True):
    """The outcome of one import.

    ``rows_read == rows_written + sum(refused.values())``. Rows of datasets that the catalog already
    held count as written; those datasets are listed in `unchanged`.
    """

    format: str
    sources: tuple[SourceFile, ...]
    skipped: tuple[SkippedFile, ...]
    rows_read: int
    rows_written: int
    refused: dict[str, int]
    noted: dict[str, int]
    written: tuple[ImportedDataset, ...]
    unchanged: tuple[ImportedDataset, ...]

    @property
    def changed(self) -> bool:
        """Whether the catalog is different now."""
        return bool(self.written)


class Tally:
    """Running counts of an import, and whether its data is made up."""

    def __init__(self) -> None:
        self.synthetic = False
        self.read = 0
        self.refused: Counter[str] = Counter()
        self.noted: Counter[str] = Counter()

    @property
    def written(self) -> int:
        """Rows read and not refused."""
        return self.read - self.refused.total()


class RowFilter:
    """Which of some rows are still good; counts each refused row once."""

    def __init__(self, rows: int, tally: Tally) -> None:
        self.keep: NDArray[np.bool_] = np.ones(rows, np.bool_)
        self._tally = tally

    def refuse(self, reason: Refusal, bad: NDArray[np.bool_]) -> None:
        """Refuse the rows where `bad` holds."""
        hit = np.count_nonzero(bad & self.keep)
        if hit:
            self._tally.refused[reason] += int(hit)
            self.keep &= ~bad
