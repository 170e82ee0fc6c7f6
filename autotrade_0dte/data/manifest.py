"""What the catalog says about its content: one JSON manifest for each import."""

import datetime as dt
from enum import StrEnum

import msgspec

from autotrade_0dte.calendar import Session

__all__ = ["DatasetKind", "Gap", "ImportAccount", "Manifest", "SourceFile", "StoredDataset"]
__all__ += ["StoredFile"]


class DatasetKind(StrEnum):
    """Kinds of data; a dataset is held once for each kind, symbol and session."""

    CHAIN = "chain"
    TRADES = "trades"
    QUOTES = "quotes"
    INDEX = "index"
    SETTLEMENT = "settlement"


class SourceFile(msgspec.Struct, frozen=True):
    """A vendor file by name (no folders) and content."""

    name: str
    sha256: str


class StoredFile(msgspec.Struct, frozen=True):
    """A file of the catalog; `path` is relative to its root."""

    path: str
    size: int
    sha256: str


class Gap(msgspec.Struct, frozen=True):
    """A silence of the whole chain, from its last to its next quote."""

    start_ns: int
    end_ns: int


class StoredDataset(msgspec.Struct, frozen=True, kw_only=True):
    """One dataset as stored.

    `fingerprint` is the SHA-256 of the columns, so equal data has an equal fingerprint whatever
    vendor file it came from; `sources` names those. Times are those of the replay. `contracts` are
    compact OSI symbols; `books` counts distinct times; `gaps` holds the longest silences and
    `gap_count` the number of all. `hours` are the session's where the calendar does not tell them.
    """

    kind: DatasetKind
    symbol: str
    session: dt.date
    rows: int
    fingerprint: str
    files: tuple[StoredFile, ...]
    sources: tuple[str, ...] = ()
    first_ns: int = 0
    last_ns: int = 0
    hours: Session | None = None
    contracts: tuple[str, ...] = ()
    books: int = 0
    one_sided: int = 0
    locked: int = 0
    gap_count: int = 0
    gaps: tuple[Gap, ...] = ()

    @property
    def key(self) -> tuple[DatasetKind, str, dt.date]:
        """What makes the dataset the same one, whatever its content."""
        return self.kind, self.symbol, self.session


class ImportAccount(msgspec.Struct, frozen=True):
    """Bookkeeping of an import: every row read is either written or refused.

    `refused` and `noted` count rows by reason; noted rows were kept.
    """

    sources: tuple[SourceFile, ...] = ()
    rows_read: int = 0
    rows_written: int = 0
    refused: dict[str, int] = {}
    noted: dict[str, int] = {}


class Manifest(msgspec.Struct, frozen=True, kw_only=True):
    """One import: where the data came from, what became of its rows, and what was stored."""

    format: str
    version: int
    synthetic: bool
    account: ImportAccount
    datasets: tuple[StoredDataset, ...]
