"""A session of the catalog as the market of a loopback Tiger, its times and expiry moved to now."""

import datetime as dt
import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from numpy.typing import NDArray

from autotrade_0dte.calendar import NEW_YORK, new_york_ns, session
from autotrade_0dte.data.catalog import Catalog, CatalogError, SessionEntry
from autotrade_0dte.data.manifest import DatasetKind, StoredDataset
from autotrade_0dte.instruments import option_symbol
from autotrade_0dte.products import Settlement, product
from tiger_nt.simulator.market import MarketChunk, SessionHours

__all__ = ["CatalogMarket"]

_NS = 1_000_000_000
_WINDOW_NS = 300 * _NS
_CENT = 0.01
_ROUND_LOT = 100
_MAX_SPEED = 1_000.0

_FOLDERS = {
    DatasetKind.TRADES: "trades",
    DatasetKind.QUOTES: "quotes",
    DatasetKind.INDEX: "index_prices",
    DatasetKind.CHAIN: "quotes",
}

type Floats = NDArray[np.float64]
type Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class _File:
    """One instrument's Parquet file; `makes_quotes` of its prints, for want of real ones."""

    path: Path
    instrument: int
    kind: DatasetKind
    makes_quotes: bool = False


class CatalogMarket:
    """A session of the catalog from `start` on, played as if that were now.

    Times move by as much as `start` lies from `start_ns`, hours with them; contracts expire on the
    New York date of `start_ns`. The first rows are what every instrument showed last before
    `start`. A stock whose session has prints but no quotes is quoted a cent either side of each
    print, a round lot on both sides; its spread is then made up.

    Parameters
    ----------
    catalog : Catalog
        Where `entry` is from.
    entry : SessionEntry
        The session.
    start : datetime.time
        New York time of the session that becomes `start_ns`.
    start_ns : int
        When the market begins, UTC nanoseconds on the wall clock.
    speed : float, default 1
        How much faster than in the session time goes; above 1 for load tests only, as time value
        no longer fits the time left.

    Raises
    ------
    CatalogError
        The session has no rows at `start` or later, or `start` is not within its hours.
    """

    def __init__(
        self,
        catalog: Catalog,
        entry: SessionEntry,
        *,
        start: dt.time,
        start_ns: int,
        speed: float = 1.0,
    ) -> None:
        if not 0 < speed <= _MAX_SPEED:
            raise ValueError(f"Expected a speed above 0 and to {_MAX_SPEED:g}, was {speed}")
        real = session(entry.date)
        self._from_ns = new_york_ns(entry.date, start)
        if not real.open_ns <= self._from_ns < min(real.close_ns, entry.last_ns):
            raise CatalogError(
                f"Expected a start within the session of {entry.root} on {entry.date} and before "
                f"the end of its data, was {start:%H:%M:%S} New York"
            )
        self._entry = entry
        self._start, self._start_ns, self._speed = start, start_ns, speed
        today = dt.datetime.fromtimestamp(start_ns / 1e9, NEW_YORK).date()
        self.hours = SessionHours(today, self._wall(real.open_ns), self._wall(real.close_ns))
        self.underlying = entry.underlying
        self.synthetic = entry.synthetic
        price = catalog.settlement(entry.underlying, entry.date)
        self.settlement = None if price is None else price.price_cents / 100
        recorded = {held.symbol for held in entry.datasets if held.kind is DatasetKind.INDEX}
        if product(entry.root).settlement is Settlement.CASH:
            recorded.add(entry.underlying)
        self.indices = tuple(sorted(recorded))
        self.contracts = tuple(
            msgspec.structs.replace(option_symbol(name), expiry=today).compact
            for name in entry.chain.contracts
        )
        self.symbols = tuple(dict.fromkeys((self.underlying, *self.indices, *self.contracts)))
        self._files = list(self._listed(catalog.path))

    @property
    def description(self) -> str:
        """What is played, one line for people."""
        entry = self._entry
        made_up = "SYNTHETIC session" if entry.synthetic else "session"
        speed = "" if self._speed == 1 else f" at {self._speed:g} times its speed"
        return (
            f"{entry.root} {made_up} of {entry.date} from {self._start:%H:%M:%S} New York on{speed}"
            f": {len(self.contracts)} contracts"
        )

    def earlier(self) -> Iterator[MarketChunk]:
        """Yield the session's prints before the start; raise CatalogError for a damaged file."""
        files = [file for file in self._files if file.kind is DatasetKind.TRADES]
        if files:
            before = pc.field("ts_init") < _timestamp(self._from_ns)
            chunk = self._chunk(files, [_read(file.path, before) for file in files])
            chunk.bid[:] = chunk.ask[:] = math.nan  # the opening rows have the quotes
            yield chunk

    def rows(self) -> Iterator[MarketChunk]:
        """Yield five minutes of the session at a time; raise CatalogError for a damaged file."""
        yield self._opening()
        last_ns = max(held.last_ns for held in self._entry.datasets)
        for start in range(self._from_ns, last_ns + 1, _WINDOW_NS):
            window = pc.and_kleene(
                pc.field("ts_init") >= _timestamp(start),
                pc.field("ts_init") < _timestamp(start + _WINDOW_NS),
            )
            yield self._chunk(self._files, [_read(file.path, window) for file in self._files])

    def _opening(self) -> MarketChunk:
        before = pc.field("ts_init") < _timestamp(self._from_ns)
        tables = [_read(file.path, before) for file in self._files]
        last = [table.slice(max(table.num_rows - 1, 0)) for table in tables]
        chunk = self._chunk(self._files, last)
        chunk.ts_ns[:] = self._start_ns
        chunk.last_size[:] = 0  # known prices, not prints of now
        return chunk

    def _chunk(self, files: Sequence[_File], tables: Sequence[pa.Table]) -> MarketChunk:
        parts = [_columns(file, table) for file, table in zip(files, tables, strict=True)]
        ts, instrument, bid, ask, bid_size, ask_size, last, last_size = (
            np.concatenate(column) for column in zip(*parts, strict=True)
        )
        # Stable: of one instant the underlying comes first, then indices, then the chain.
        order = np.argsort(ts, kind="stable")
        return MarketChunk(
            symbols=self.symbols,
            ts_ns=self._walls(ts[order]),
            instrument=instrument[order].astype(np.int32),
            bid=bid[order],
            ask=ask[order],
            bid_size=bid_size[order].astype(np.int64),
            ask_size=ask_size[order].astype(np.int64),
            last=last[order],
            last_size=last_size[order].astype(np.int64),
        )

    def _wall(self, ns: int) -> int:
        return int(self._walls(np.array([ns]))[0])

    def _walls(self, ns: Ints) -> Ints:
        # Offsets are below 2**53, so that speed 1 moves times without rounding.
        offset = (ns - self._from_ns) / self._speed
        return np.asarray(self._start_ns + np.rint(offset).astype(np.int64))

    def _listed(self, root: Path) -> Iterator[_File]:
        """Yield the files of ticks, in the order of the entry's datasets."""
        quoted = any(held.kind is DatasetKind.QUOTES for held in self._entry.datasets)
        renamed = dict(zip(self._entry.chain.contracts, self.contracts, strict=True))
        for held in self._entry.datasets:
            for path in _tick_files(held):
                symbol = path.parent.name.rpartition(".")[0]
                instrument = self.symbols.index(renamed.get(symbol, symbol))
                makes_quotes = held.kind is DatasetKind.TRADES and not quoted
                yield _File(root / path, instrument, held.kind, makes_quotes)


def _tick_files(held: StoredDataset) -> Iterator[Path]:
    for file in held.files:
        path = Path(file.path)
        if path.parts[1] == _FOLDERS[held.kind]:
            yield path


def _read(path: Path, when: pc.Expression) -> pa.Table:
    try:
        return pq.read_table(path, filters=when)
    except (OSError, pa.ArrowInvalid) as e:
        problem = "missing" if isinstance(e, FileNotFoundError) else "damaged"
        raise CatalogError(
            f"Expected the catalog's file of {path.parent.name}, was {problem}; "
            f"'autotrade data check' tells what else is ({path.name})"
        ) from e


def _columns(file: _File, table: pa.Table) -> tuple[Floats | Ints, ...]:
    """Return time, instrument, bid, ask, their sizes, last and its size of a table's rows."""
    ts = table["ts_init"].cast(pa.int64()).to_numpy()
    n = len(ts)
    instrument = np.full(n, file.instrument)
    nothing, none = np.full(n, math.nan), np.zeros(n)
    if file.kind in (DatasetKind.CHAIN, DatasetKind.QUOTES):
        sides = ("bid_price", "ask_price", "bid_size", "ask_size")
        return ts, instrument, *(_floats(table, name) for name in sides), nothing, none
    if file.kind is DatasetKind.INDEX:
        return ts, instrument, nothing, nothing, none, none, _floats(table, "value"), none
    last, last_size = _floats(table, "price"), _floats(table, "size")
    if not file.makes_quotes:
        return ts, instrument, nothing, nothing, none, none, last, last_size
    bid, ask, lot = np.round(last - _CENT, 2), np.round(last + _CENT, 2), np.full(n, _ROUND_LOT)
    return ts, instrument, bid, ask, lot, lot, last, last_size


def _floats(table: pa.Table, name: str) -> Floats:
    # Rounded, as a price has two decimals and the cast may miss the nearest double.
    return np.asarray(np.round(table[name].cast(pa.float64()).to_numpy(), 2))


def _timestamp(ns: int) -> pa.Scalar:
    return pa.scalar(ns, pa.timestamp("ns", tz="UTC"))
