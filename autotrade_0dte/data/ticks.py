"""Ticks of a session as columns, one instrument at a time, without engine objects."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from autotrade_0dte.data.catalog import Catalog, SessionEntry
from autotrade_0dte.data.decimals import doubles
from autotrade_0dte.data.errors import CatalogError
from autotrade_0dte.data.manifest import DatasetKind, StoredFile
from autotrade_0dte.products import Settlement, product

__all__ = ["Ticks", "busiest_quote_times", "chain_ticks", "index_ticks", "underlying_ticks"]

_LAYOUT = {
    DatasetKind.CHAIN: ("quotes", ("bid_price", "ask_price", "bid_size", "ask_size")),
    DatasetKind.TRADES: ("trades", ("price", "size")),
    DatasetKind.INDEX: ("index_prices", ("value",)),
}

type Floats = NDArray[np.float64]
type Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Ticks:
    """Rows of one instrument in the order they became known.

    Parameters
    ----------
    ts_event, ts_init : int64 (n,)
        When a row was true and when it was known, UTC ns; `ts_init` ascends.
    values : float64 (columns, n)
        Bid, ask and their sizes; price and size; or an index's value. Dollars, shares, contracts.
    """

    ts_event: Ints
    ts_init: Ints
    values: Floats

    def where(self, rows: NDArray[np.bool_]) -> "Ticks":
        """Return the rows marked in `rows`."""
        return Ticks(self.ts_event[rows], self.ts_init[rows], self.values[:, rows])


def chain_ticks(catalog: Catalog, entry: SessionEntry) -> Iterator[tuple[int, Ticks]]:
    """Yield each contract's row in the chain and its quotes; raise CatalogError for a bad file."""
    row_of = {name: row for row, name in enumerate(entry.chain.contracts)}
    for symbol, file in _files(entry, DatasetKind.CHAIN):
        yield row_of[symbol], _ticks(catalog.path / file.path, DatasetKind.CHAIN)


def busiest_quote_times(catalog: Catalog, entry: SessionEntry, contracts: int) -> Ints:
    """Return `ts_event` of all quotes of some contracts, those whose quotes take the most room."""
    files = [file for _, file in _files(entry, DatasetKind.CHAIN)]
    files.sort(key=lambda file: file.size, reverse=True)
    tables = [_read(catalog.path / file.path, ["ts_event"]) for file in files[:contracts]]
    return np.concatenate([_times(table, "ts_event") for table in tables])


def underlying_ticks(catalog: Catalog, entry: SessionEntry) -> Ticks:
    """Return what spot comes from: trades, or values of an index; no rows where there are none.

    Raises CatalogError when the file is missing or damaged.
    """
    cash = product(entry.root).settlement is Settlement.CASH
    kind = DatasetKind.INDEX if cash else DatasetKind.TRADES
    return _symbol_ticks(catalog, entry, kind, entry.underlying)


def index_ticks(catalog: Catalog, entry: SessionEntry, symbol: str) -> Ticks:
    """Return the values of an index; no rows where there are none, and errors as above."""
    return _symbol_ticks(catalog, entry, DatasetKind.INDEX, symbol)


def _symbol_ticks(catalog: Catalog, entry: SessionEntry, kind: DatasetKind, symbol: str) -> Ticks:
    for name, file in _files(entry, kind):
        if name == symbol:
            return _ticks(catalog.path / file.path, kind)
    none = np.empty(0, np.int64)
    return Ticks(none, none, np.empty((len(_LAYOUT[kind][1]), 0)))


def _files(entry: SessionEntry, kind: DatasetKind) -> Iterator[tuple[str, StoredFile]]:
    """Yield symbol and file of ticks; a dataset has files of instruments as well."""
    for held in entry.datasets:
        for file in held.files:
            _, folder, name, _ = file.path.split("/")
            if held.kind is kind and folder == _LAYOUT[kind][0]:
                yield name.rpartition(".")[0], file


def _ticks(path: Path, kind: DatasetKind) -> Ticks:
    names = _LAYOUT[kind][1]
    table = _read(path, ["ts_event", "ts_init", *names])
    values = np.empty((len(names), table.num_rows))
    for row, name in zip(values, names, strict=True):
        row[:] = doubles(table[name])
    return Ticks(_times(table, "ts_event"), _times(table, "ts_init"), values)


def _times(table: pa.Table, name: str) -> Ints:
    times: Ints = table[name].cast(pa.int64()).to_numpy()
    return times


def _read(path: Path, names: list[str]) -> pa.Table:
    try:
        return pq.read_table(path, columns=names)
    except (OSError, pa.ArrowInvalid) as e:
        problem = "missing" if isinstance(e, FileNotFoundError) else "damaged"
        raise CatalogError(
            f"Expected the catalog's file of {path.parent.name}, was {problem}; "
            f"'autotrade data check' tells what else is ({path.name})"
        ) from e
