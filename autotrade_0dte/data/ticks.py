"""Ticks of a session as columns, one instrument at a time, without engine objects."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from autotrade_0dte.data.catalog import Catalog, SessionEntry
from autotrade_0dte.data.columns import PRICE_DECIMALS
from autotrade_0dte.data.errors import CatalogError
from autotrade_0dte.data.manifest import DatasetKind

__all__ = ["Ticks", "chain_ticks", "symbol_ticks"]

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
    for symbol, path in _files(entry, DatasetKind.CHAIN):
        yield row_of[symbol], _read(catalog, path, DatasetKind.CHAIN)


def symbol_ticks(catalog: Catalog, entry: SessionEntry, kind: DatasetKind, symbol: str) -> Ticks:
    """Return the trades or index values of `symbol`, no rows when the session has none.

    Raises CatalogError when the file is missing or damaged.
    """
    for name, path in _files(entry, kind):
        if name == symbol:
            return _read(catalog, path, kind)
    none = np.empty(0, np.int64)
    return Ticks(none, none, np.empty((len(_LAYOUT[kind][1]), 0)))


def _files(entry: SessionEntry, kind: DatasetKind) -> Iterator[tuple[str, str]]:
    """Yield symbol and path of each file of ticks; a dataset has files of instruments as well."""
    for held in entry.datasets:
        for file in held.files:
            _, folder, name, _ = file.path.split("/")
            if held.kind is kind and folder == _LAYOUT[kind][0]:
                yield name.rpartition(".")[0], file.path


def _read(catalog: Catalog, relative: str, kind: DatasetKind) -> Ticks:
    path, names = catalog.path / relative, _LAYOUT[kind][1]
    try:
        table = pq.read_table(path, columns=["ts_event", "ts_init", *names])
    except (OSError, pa.ArrowInvalid) as e:
        problem = "missing" if isinstance(e, FileNotFoundError) else "damaged"
        raise CatalogError(
            f"Expected the catalog's file of {path.parent.name}, was {problem}; "
            f"'autotrade data check' tells what else is ({path.name})"
        ) from e
    ts_event, ts_init = (table[n].cast(pa.int64()).to_numpy() for n in ("ts_event", "ts_init"))
    values = np.empty((len(names), table.num_rows))
    for row, name in zip(values, names, strict=True):
        # Rounded, as the cast may miss the double that is nearest to the price.
        np.round(table[name].cast(pa.float64()).to_numpy(), PRICE_DECIMALS, out=row)
    return Ticks(ts_event, ts_init, values)
