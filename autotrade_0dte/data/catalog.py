"""The local store of sessions: a NautilusTrader Parquet catalog with manifests and transactions.

``data/`` is NautilusTrader's own layout and readable by its ParquetDataCatalog. Beside it,
``autotrade/imports`` has one manifest for each import, ``autotrade/settlements`` the official
closing prices and ``autotrade/open_interest`` the open contracts at the start of a day.
"""

import datetime as dt
import hashlib
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, cast

import msgspec

from autotrade_0dte.calendar import Session, learn, session
from autotrade_0dte.data.chunks import DEFAULT_ROWS, Chunk, merged
from autotrade_0dte.data.columns import largest_size
from autotrade_0dte.data.errors import CatalogConflictError, CatalogError, CatalogLockedError
from autotrade_0dte.data.manifest import DatasetKind, ImportAccount, Manifest, StoredDataset
from autotrade_0dte.data.session_data import SessionData, SettlementPrice
from autotrade_0dte.data.staging import Staging, recover, write_lock
from autotrade_0dte.data.storage import key_of, open_interest_path, settlement_path, stage
from autotrade_0dte.instruments import equity, index, option_contract, option_symbol
from autotrade_0dte.products import Product, Settlement, UnknownProductError, product

__all__ = ["Catalog", "CatalogConflictError", "CatalogError", "CatalogLockedError"]
__all__ += ["SessionEntry", "Transaction"]

_IMPORTS = "autotrade/imports"

type _Key = tuple[DatasetKind, str, dt.date]


class SessionEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One root's session: its chain and whatever else the catalog has for that date.

    `quotes` counts option quotes; `fingerprint` covers all `datasets` and the settlement price, so
    that equal fingerprints mean equal backtest input.
    """

    root: str
    underlying: str
    date: dt.date
    contracts: int
    quotes: int
    first_ns: int
    last_ns: int
    fingerprint: str
    synthetic: bool
    sources: tuple[str, ...]
    datasets: tuple[StoredDataset, ...]

    @property
    def chain(self) -> StoredDataset:
        """The option chain, first of the datasets."""
        return next(held for held in self.datasets if held.kind is DatasetKind.CHAIN)

    @property
    def hours(self) -> Session:
        """The session's hours: those stored with it, else the calendar's."""
        return self.chain.hours or session(self.date)


class Transaction:
    """Datasets on their way into the catalog; get one from `Catalog.transaction`.

    Set `account` before the end of the block to record where the data came from, and `synthetic`
    to mark all of it as made up. `written` and `unchanged` list what the transaction stages and
    what the catalog already held.
    """

    def __init__(
        self, held: dict[_Key, StoredDataset], staging: Staging, *, synthetic: bool, replace: bool
    ) -> None:
        self.account = ImportAccount()
        self.synthetic = synthetic
        self.written: list[StoredDataset] = []
        self.unchanged: list[StoredDataset] = []
        self._held = held
        self._staging = staging
        self._replace = replace

    def write(self, item: SessionData, sources: Iterable[str] = ()) -> None:
        """Stage one dataset; `sources` are the names of the vendor files it came from.

        Data equal to what the catalog holds is skipped. Raises CatalogConflictError when the
        catalog has different data under the same kind, symbol and session (unless the transaction
        replaces), or when this transaction has written that dataset before.
        """
        key = key_of(item)
        kind, symbol, session = key
        if any(stored.key == key for stored in (*self.written, *self.unchanged)):
            raise CatalogConflictError(
                f"Expected one {kind} dataset of {symbol} on {session}, was a second one"
            )
        held = self._held.get(key)
        stored = stage(item, self._staging, held)
        if stored is None:
            self.unchanged.append(cast(StoredDataset, held))
            return
        if held is not None:
            if not self._replace:
                raise CatalogConflictError(
                    f"Expected the {kind} data of {symbol} on {session} that the catalog holds "
                    f"({held.rows} rows from {', '.join(held.sources) or 'unnamed sources'}), was "
                    f"different data ({stored.rows} rows); --replace accepts that"
                )
            for file in held.files:
                self._staging.remove(file.path)
        self.written.append(msgspec.structs.replace(stored, sources=tuple(sources)))


class Catalog:
    """A catalog folder; it need not exist before the first transaction.

    Opening it finishes or undoes whatever a killed writer left behind. Readers see a dataset only
    when all of its files are in place; reading a session while it is being replaced is undefined.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)
        recover(self.path)
        self._manifests: dict[str, Manifest] = {}

    @contextmanager
    def transaction(
        self,
        source_format: str,
        version: int = 1,
        *,
        synthetic: bool = False,
        replace: bool = False,
    ) -> Iterator[Transaction]:
        """Collect datasets and commit them together at the end of the block.

        Nothing is changed when the block raises or writes only what is held already. Raises
        CatalogLockedError when another transaction is open.

        Parameters
        ----------
        source_format : str
            Name of the vendor format or generator.
        version : int
            Version of the importer or generator.
        synthetic : bool
            Whether the data is made up.
        replace : bool
            Whether different data may replace what the catalog holds.
        """
        with write_lock(self.path):
            staging = Staging(self.path)
            try:
                tx = Transaction(self.datasets(), staging, synthetic=synthetic, replace=replace)
                yield tx
                if tx.written:
                    manifest = Manifest(
                        format=source_format,
                        version=version,
                        synthetic=tx.synthetic,
                        account=tx.account,
                        datasets=tuple(tx.written),
                    )
                    name = f"{_IMPORTS}/{len(self.manifests()) + 1:06d}-{source_format}.json"
                    content = msgspec.json.format(msgspec.json.encode(manifest), indent=1)
                    staging.commit(name, content)
            finally:
                staging.discard()

    def manifests(self) -> list[Manifest]:
        """Return the manifests of all imports, oldest first."""
        paths = sorted((self.path / _IMPORTS).glob("*.json"))
        for path in paths:
            if path.name not in self._manifests:
                manifest = msgspec.json.decode(path.read_bytes(), type=Manifest)
                self._manifests[path.name] = manifest
        return [self._manifests[path.name] for path in paths]

    def datasets(self) -> dict[_Key, StoredDataset]:
        """Return every dataset held, by kind, symbol and session; later imports replace earlier."""
        return {held.key: held for manifest in self.manifests() for held in manifest.datasets}

    def sessions(
        self, root: str | None = None, first: dt.date | None = None, last: dt.date | None = None
    ) -> list[SessionEntry]:
        """Return the sessions that have an option chain, by date and root, both ends included."""
        held = self.datasets()
        synthetic = {
            key
            for manifest in self.manifests()
            for key in (stored.key for stored in manifest.datasets)
            if manifest.synthetic and held[key] in manifest.datasets
        }
        by_date: dict[dt.date, list[StoredDataset]] = {}
        for stored in held.values():
            by_date.setdefault(stored.session, []).append(stored)
        entries = [
            _entry(stored, by_date[stored.session], synthetic)
            for stored in held.values()
            if stored.kind is DatasetKind.CHAIN
            and root in (None, stored.symbol)
            and (first is None or stored.session >= first)
            and (last is None or stored.session <= last)
        ]
        return sorted(entries, key=lambda entry: (entry.date, entry.root))

    def session(self, root: str, date: dt.date) -> SessionEntry:
        """Return one session; raise CatalogError when the catalog has no chain for it."""
        found = self.sessions(root, date, date)
        if not found:
            dates = [str(entry.date) for entry in self.sessions(root)]
            known = f"{len(dates)} from {dates[0]} to {dates[-1]}" if dates else "none"
            raise CatalogError(
                f"Expected a session of {root} in the catalog, was {date} (held: {known})"
            )
        return found[0]

    def instruments(self, entry: SessionEntry) -> list[Any]:
        """Return the engine's instruments: underlying, indexes with data that day, then the chain.

        The underlying of a cash-settled root is an index and is there even without data. Stored
        hours are made known to the calendar, by which contracts expire.
        """
        if entry.chain.hours is not None:
            learn(entry.chain.hours)
        indexes = {held.symbol for held in entry.datasets if held.kind is DatasetKind.INDEX}
        built: list[Any] = []
        if _facts(entry.root).settlement is Settlement.CASH:
            indexes.add(entry.underlying)
        else:
            built.append(equity(entry.underlying))
        built += [index(symbol) for symbol in sorted(indexes)]
        return built + [option_contract(option_symbol(name)) for name in entry.chain.contracts]

    def settlement(self, symbol: str, date: dt.date) -> SettlementPrice | None:
        """Return the official closing price of `symbol`, or None when it is not known."""
        path = self.path / settlement_path(symbol, date)
        if not path.exists():
            return None
        return msgspec.json.decode(path.read_bytes(), type=SettlementPrice)

    def open_interest(self, entry: SessionEntry) -> dict[str, float]:
        """Return contracts open at the start of the day by compact OSI symbol, where known."""
        path = self.path / open_interest_path(entry.root, entry.date)
        if not path.exists():
            return {}
        return msgspec.json.decode(path.read_bytes(), type=dict[str, float])

    def has_volume(self, entry: SessionEntry) -> bool:
        """Tell whether the underlying's trades have real sizes; a price series has all of 1."""
        held = [d for d in entry.datasets if d.kind is DatasetKind.TRADES]
        ticks = [file.path for d in held for file in d.files if "/trades/" in file.path]
        return any(largest_size(self.path / path) > 1 for path in ticks)

    def chunks(self, entry: SessionEntry, rows: int = DEFAULT_ROWS) -> Iterator[list[Any]]:
        """Yield the session's market data as lists of about `rows` engine objects.

        QuoteTick, TradeTick and IndexPriceUpdate in order of `ts_init` over all lists; objects of
        one instant stay in one list, underlying first, then indexes, then the chain by strike.
        Ready for ``BacktestEngine.add_data(..., sort=False)``.
        """
        return (chunk.items for chunk in self.chunks_with_quotes(entry, rows))

    def chunks_with_quotes(self, entry: SessionEntry, rows: int = DEFAULT_ROWS) -> Iterator[Chunk]:
        """Yield the lists of `chunks` together with the rows behind their quotes."""
        return merged(self.path, entry.datasets, rows)


_ORDER = [DatasetKind.TRADES, DatasetKind.QUOTES, DatasetKind.INDEX, DatasetKind.CHAIN]


def _entry(
    chain: StoredDataset, same_day: list[StoredDataset], synthetic: set[_Key]
) -> SessionEntry:
    underlying = _facts(chain.symbol).underlying
    mine = [
        held
        for held in same_day
        if held is chain
        or held.kind is DatasetKind.INDEX
        or (held.kind in (DatasetKind.TRADES, DatasetKind.QUOTES) and held.symbol == underlying)
    ]
    mine.sort(key=lambda held: (_ORDER.index(held.kind), held.symbol))
    settlements = [
        held
        for held in same_day
        if held.kind is DatasetKind.SETTLEMENT and held.symbol == underlying
    ]
    digest = hashlib.sha256("".join(held.fingerprint for held in mine + settlements).encode())
    return SessionEntry(
        root=chain.symbol,
        underlying=underlying,
        date=chain.session,
        contracts=len(chain.contracts),
        quotes=chain.rows,
        first_ns=chain.first_ns,
        last_ns=chain.last_ns,
        fingerprint=digest.hexdigest(),
        synthetic=any(held.key in synthetic for held in mine),
        sources=tuple(sorted({name for held in mine for name in held.sources})),
        datasets=tuple(mine),
    )


def _facts(root: str) -> Product:
    try:
        return product(root)
    except UnknownProductError as e:
        raise CatalogError(str(e)) from e
