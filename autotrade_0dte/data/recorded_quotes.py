"""Quotes of single contracts from the catalog, for looking up what a fill could have met."""

import datetime as dt

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from autotrade_0dte.data.catalog import Catalog
from autotrade_0dte.data.manifest import DatasetKind

__all__ = ["RecordedQuotes"]


class RecordedQuotes:
    """Looks quotes up by contract and time of receipt; a contract is read once."""

    def __init__(self, catalog: Catalog) -> None:
        self._root = catalog.path
        self._files = {
            (held.session, file.path.split("/")[2]): file.path
            for held in catalog.datasets().values()
            if held.kind in (DatasetKind.CHAIN, DatasetKind.QUOTES)
            for file in held.files
            if file.path.startswith("data/quotes/")
        }
        self._read: dict[str, tuple[NDArray[np.int64], NDArray[np.float64]]] = {}

    def __call__(
        self, session: dt.date, instrument_id: str, from_ns: int, to_ns: int
    ) -> list[tuple[float, float]]:
        """Return bids and asks in dollars from the one in force at `from_ns` to `to_ns`.

        Empty where the catalog has no quotes of the contract.
        """
        path = self._files.get((session, instrument_id))
        if path is None:
            return []
        if path not in self._read:
            table = pq.read_table(self._root / path, columns=["ts_init", "bid_price", "ask_price"])
            times, *prices = table.columns
            values = [price.cast(pa.float64()).to_numpy() for price in prices]
            self._read[path] = times.cast(pa.int64()).to_numpy(), np.column_stack(values)
        times_ns, quotes = self._read[path]
        first = max(int(np.searchsorted(times_ns, from_ns, side="right")) - 1, 0)
        last = int(np.searchsorted(times_ns, to_ns, side="right"))
        return [(bid, ask) for bid, ask in quotes[first:last].tolist()]
