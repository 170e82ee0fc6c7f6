"""Append-only journal of a session's market data, as a live node receives it.

A file is a header (what the rows are of) and rows of fixed size. Rows that were flushed outlive the
process; one torn by a kill is the last and is left out by the reader. After a power failure the
last rows may be missing or zero, and zero is no kind of row.
"""

import os
import struct
import zlib
from collections.abc import Sequence
from enum import IntEnum
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from autotrade_0dte.calendar import Session
from autotrade_0dte.data.errors import CatalogError
from autotrade_0dte.data.session_data import SYMBOL
from autotrade_0dte.instruments import SymbolError, option_symbol

__all__ = ["SUFFIX", "Journal", "JournalError", "JournalHeader", "JournalWriter", "RowKind"]
__all__ += ["read_journal"]

SUFFIX = ".journal"

_MAGIC = b"0DTEJN01"
_PREFIX = struct.Struct("<8sII")  # magic, length and CRC-32 of the header
_ROW = struct.Struct("<qqddddHB5x")
_ROW_TYPE = np.dtype(
    {
        "names": ["ts_event", "ts_init", "bid", "ask", "bid_size", "ask_size", "symbol", "kind"],
        "formats": ["<i8", "<i8", "<f8", "<f8", "<f8", "<f8", "<u2", "u1"],
        "itemsize": _ROW.size,
    }
)


class JournalError(CatalogError):
    """A file is no journal, or its header is damaged."""

    def __init__(self, problem: str, path: Path) -> None:
        super().__init__(f"{problem} ({path.name})")


class RowKind(IntEnum):
    """What a row is: a quote, a trade (price and size as `bid`) or an index value (as `bid`)."""

    QUOTE = 1
    TRADE = 2
    INDEX = 3


class JournalHeader(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """What a journal is of.

    Parameters
    ----------
    root, underlying : str
        Option root and its underlying.
    hours : Session
        The session as the node knew it; of a rehearsal they are not the calendar's.
    symbols : tuple of str
        What the rows' symbol numbers stand for: compact OSI of contracts of `root` that expire on
        the session's day, stocks and indexes.
    synthetic : bool
        Whether the data is made up.
    source : str
        Where it came from, for people.
    open_interest : dict of str to float
        Open contracts at the start of the day by compact OSI, where known.
    """

    root: str
    underlying: str
    hours: Session
    symbols: tuple[str, ...]
    synthetic: bool
    source: str
    open_interest: dict[str, float] = {}

    def __post_init__(self) -> None:
        if len(set(self.symbols)) < len(self.symbols):
            raise ValueError("Expected each symbol once, was one twice")
        for symbol in (self.root, self.underlying):
            if not SYMBOL.fullmatch(symbol):
                raise ValueError(f"Expected a symbol like SPY or BRK.B, was {symbol!r}")
        if not 0 < self.hours.open_ns < self.hours.close_ns:
            raise ValueError(f"Expected an open before the close, was {self.hours}")
        for symbol in filter(lambda name: not SYMBOL.fullmatch(name), self.symbols):
            try:
                contract = option_symbol(symbol)
            except SymbolError as e:
                raise ValueError(str(e)) from None
            if (contract.root, contract.expiry) != (self.root, self.hours.date):
                expected = f"contracts of {self.root} that expire on {self.hours.date}"
                raise ValueError(f"Expected {expected}, was {symbol}")


class Journal(NamedTuple):
    """A journal as read: rows in the order they were received, prices in dollars."""

    header: JournalHeader
    rows: NDArray[np.void]


class JournalWriter:
    """A new journal file in `folder`, which is made if need be; never one that is there already.

    Rows are held in memory until `flush`. When writing fails nothing more is kept: a row after a
    torn one could not be read.

    Raises
    ------
    OSError
        The file cannot be made or, from `flush`, be written to.
    """

    def __init__(self, folder: Path, header: JournalHeader) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        content = msgspec.json.encode(header)
        name = f"{header.root}_{header.hours.date}"
        self.path, draft = _free_name(folder, name)
        self.symbols: Sequence[str] = header.symbols
        self._pending = bytearray()
        # Without a buffer of its own: what is written has left the process.
        self._file = draft.open("xb", buffering=0)
        self._write(_PREFIX.pack(_MAGIC, len(content), zlib.crc32(content)) + content)
        os.fsync(self._file.fileno())
        draft.rename(self.path)  # so that a journal never lacks its header

    def quote(
        self,
        symbol: int,
        ts_event: int,
        ts_init: int,
        bid: float,
        ask: float,
        bid_size: float,
        ask_size: float,
    ) -> None:
        """Append a quote of ``symbols[symbol]``."""
        self._pending += _ROW.pack(
            ts_event, ts_init, bid, ask, bid_size, ask_size, symbol, RowKind.QUOTE
        )

    def trade(self, symbol: int, ts_event: int, ts_init: int, price: float, size: float) -> None:
        """Append a trade of ``symbols[symbol]``."""
        self._pending += _ROW.pack(ts_event, ts_init, price, 0, size, 0, symbol, RowKind.TRADE)

    def index(self, symbol: int, ts_event: int, ts_init: int, value: float) -> None:
        """Append a value of the index ``symbols[symbol]``."""
        self._pending += _ROW.pack(ts_event, ts_init, value, 0, 0, 0, symbol, RowKind.INDEX)

    def flush(self) -> None:
        """Hand all rows to the operating system."""
        pending, self._pending = self._pending, bytearray()
        if self._file.closed:
            return
        try:
            self._write(pending)
        except OSError:
            self._file.close()
            raise

    def close(self) -> None:
        """Flush, and wait until the disk has it all."""
        self.flush()
        if not self._file.closed:
            os.fsync(self._file.fileno())
            self._file.close()

    def _write(self, content: bytes | bytearray) -> None:
        rest = memoryview(content)
        while rest:
            rest = rest[self._file.write(rest) :]


def read_journal(path: Path) -> Journal:
    """Read a journal, also one whose writer was killed or is still at work.

    Raises
    ------
    JournalError
        The file is no journal, or its header is damaged.
    """
    with path.open("rb") as file:
        prefix = file.read(_PREFIX.size)
        if not prefix.startswith(_MAGIC):
            raise JournalError("Expected a journal of market data, was another file", path)
        if len(prefix) < _PREFIX.size:
            raise JournalError("Expected a whole header, was cut off", path)
        _, length, checksum = _PREFIX.unpack(prefix)
        content = file.read(length)
        if len(content) < length or zlib.crc32(content) != checksum:
            raise JournalError("Expected a whole header, was damaged", path)
        try:
            header = msgspec.json.decode(content, type=JournalHeader)
        except msgspec.MsgspecError as e:
            raise JournalError(f"Expected the header of a journal, was another: {e}", path) from e
        whole = (path.stat().st_size - file.tell()) // _ROW_TYPE.itemsize
        return Journal(header, np.fromfile(file, _ROW_TYPE, whole))


def _free_name(folder: Path, name: str) -> tuple[Path, Path]:
    for number in range(1, 1_000):
        path = folder / f"{name}_{number:03d}{SUFFIX}"
        draft = path.with_suffix(".partial")
        if not path.exists() and not draft.exists():
            return path, draft
    raise FileExistsError(f"Expected a free name, was none ({folder.name}/{name}_*{SUFFIX})")
