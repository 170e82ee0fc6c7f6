"""How a dataset becomes files of the catalog: grouping by contract, hashes, quality counts."""

import datetime as dt
import hashlib
from collections.abc import Callable, Iterator

import msgspec
import numpy as np
import pyarrow as pa
from nautilus_trader.model import InstrumentId
from nautilus_trader.persistence import ParquetDataCatalog
from numpy.typing import NDArray

from autotrade_0dte.calendar import learn
from autotrade_0dte.data.columns import (
    file_name,
    index_table,
    parquet_bytes,
    quote_table,
    trade_table,
)
from autotrade_0dte.data.manifest import DatasetKind, Gap, StoredDataset, StoredFile
from autotrade_0dte.data.session_data import (
    ChainData,
    IndexPrices,
    SessionData,
    SettlementPrice,
    TickData,
    UnderlyingQuotes,
    UnderlyingTrades,
    replay_times,
)
from autotrade_0dte.data.staging import Staging
from autotrade_0dte.instruments import (
    OptionSymbol,
    Right,
    equity,
    index,
    instrument_id,
    option_contract,
)

__all__ = ["GAP_FLOOR_S", "GAP_MEDIANS", "chain_symbols", "key_of", "open_interest_path"]
__all__ += ["settlement_path", "stage"]

GAP_MEDIANS = 2.0
"""A chain is silent when nothing came for this many times the median spacing of its books ..."""

GAP_FLOOR_S = 5.0
"""... and for at least this many seconds, so that sub-second feeds are not all gaps."""

_LONGEST_GAPS = 20

type Ints = NDArray[np.int64]


def key_of(item: SessionData) -> tuple[DatasetKind, str, dt.date]:
    """Return kind, symbol and session: what the catalog holds once."""
    match item:
        case ChainData():
            return DatasetKind.CHAIN, item.root, item.session
        case UnderlyingTrades():
            return DatasetKind.TRADES, item.symbol, item.session
        case UnderlyingQuotes():
            return DatasetKind.QUOTES, item.symbol, item.session
        case IndexPrices():
            return DatasetKind.INDEX, item.symbol, item.session
        case SettlementPrice():
            return DatasetKind.SETTLEMENT, item.symbol, item.session


def settlement_path(symbol: str, session: dt.date) -> str:
    """Return where a settlement price is kept, relative to the catalog."""
    return f"autotrade/settlements/{symbol}/{session}.json"


def open_interest_path(root: str, session: dt.date) -> str:
    """Return where a chain's open interest is kept, relative to the catalog."""
    return f"autotrade/open_interest/{root}/{session}.json"


def chain_symbols(chain: ChainData) -> list[OptionSymbol]:
    """Return the chain's contracts in row order."""
    rows = zip(chain.strike_mills.tolist(), chain.is_call.tolist(), strict=True)
    return [
        OptionSymbol(chain.root, chain.session, Right.CALL if call else Right.PUT, mills)
        for mills, call in rows
    ]


def stage(item: SessionData, staging: Staging, held: StoredDataset | None) -> StoredDataset | None:
    """Write the dataset's files into `staging`.

    Returns None, and stages nothing, when `held` already has the same content.
    """
    match item:
        case ChainData():
            return _stage_chain(item, staging, held)
        case SettlementPrice():
            return _stage_settlement(item, staging, held)
        case _:
            return _stage_ticks(item, staging, held)


def _stage_chain(
    chain: ChainData, staging: Staging, held: StoredDataset | None
) -> StoredDataset | None:
    order = np.argsort(_narrow(chain.contract, len(chain.strike_mills)), kind="stable")
    names = ("bid", "ask", "bid_size", "ask_size")
    columns = _columns(chain, names, order)
    bounds = np.zeros(len(chain.strike_mills) + 1, np.int64)
    np.cumsum(np.bincount(chain.contract, minlength=len(chain.strike_mills)), out=bounds[1:])
    symbols = chain_symbols(chain)
    compact = tuple(symbol.compact for symbol in symbols)
    open_interest = chain.open_interest
    extra = [] if open_interest is None else [open_interest]
    hours = "" if chain.hours is None else f"|{chain.hours.open_ns}|{chain.hours.close_ns}"
    told = [bounds, *_told(chain, columns), *extra]
    fingerprint = _fingerprint(key_of(chain), ",".join(compact) + hours, told)
    if held is not None and held.fingerprint == fingerprint:
        return None
    if chain.hours is not None:
        learn(chain.hours)

    files = []
    for row, symbol in enumerate(symbols):
        part = slice(int(bounds[row]), int(bounds[row + 1]))
        if part.start == part.stop:
            continue
        engine_id = instrument_id(symbol)
        table = quote_table(engine_id, *(column[part] for column in columns))
        files.append(_stage_table(table, "quotes", engine_id, columns[1][part], staging))
    files += _stage_contracts(symbols, staging)
    if open_interest is not None:
        counts = zip(compact, open_interest.tolist(), strict=True)
        known = {name: count for name, count in counts if count >= 0}
        path = open_interest_path(chain.root, chain.session)
        files.append(_stage_bytes(path, msgspec.json.encode(known), staging))
    replayed = replay_times(chain)
    times = replayed[np.flatnonzero(np.diff(replayed, prepend=-1))]
    gaps = _gaps(times)
    both = (chain.bid > 0) & (chain.ask > 0)
    return StoredDataset(
        kind=DatasetKind.CHAIN,
        symbol=chain.root,
        session=chain.session,
        rows=len(chain.ts_event),
        fingerprint=fingerprint,
        files=tuple(files),
        first_ns=int(times[0]),
        last_ns=int(times[-1]),
        hours=chain.hours,
        contracts=compact,
        books=len(times),
        one_sided=int(np.count_nonzero(~both)),
        locked=int(np.count_nonzero(both & (chain.bid == chain.ask))),
        gap_count=len(gaps),
        gaps=tuple(sorted(gaps, key=lambda gap: gap.start_ns - gap.end_ns)[:_LONGEST_GAPS]),
    )


# Folder, table builder and columns after the times of the datasets of a single instrument.
_LAYOUT: dict[DatasetKind, tuple[str, Callable[..., pa.Table], tuple[str, ...]]] = {
    DatasetKind.TRADES: ("trades", trade_table, ("price", "size")),
    DatasetKind.QUOTES: ("quotes", quote_table, ("bid", "ask", "bid_size", "ask_size")),
    DatasetKind.INDEX: ("index_prices", index_table, ("value",)),
}


def _stage_ticks(
    item: UnderlyingTrades | UnderlyingQuotes | IndexPrices,
    staging: Staging,
    held: StoredDataset | None,
) -> StoredDataset | None:
    kind, symbol, session = key_of(item)
    folder, to_table, names = _LAYOUT[kind]
    columns = _columns(item, names)
    fingerprint = _fingerprint((kind, symbol, session), "", _told(item, columns))
    if held is not None and held.fingerprint == fingerprint:
        return None
    engine_id = instrument_id(symbol)
    table = to_table(engine_id, *columns)
    instrument = index(symbol) if kind is DatasetKind.INDEX else equity(symbol)
    # Not among the dataset's files: the instrument is shared by all sessions.
    ParquetDataCatalog(str(staging.folder)).write_instruments([instrument])
    return StoredDataset(
        kind=kind,
        symbol=symbol,
        session=session,
        rows=len(columns[0]),
        fingerprint=fingerprint,
        files=(_stage_table(table, folder, engine_id, columns[1], staging),),
        first_ns=int(columns[1][0]),
        last_ns=int(columns[1][-1]),
    )


def _stage_settlement(
    price: SettlementPrice, staging: Staging, held: StoredDataset | None
) -> StoredDataset | None:
    content = msgspec.json.encode(price)
    fingerprint = hashlib.sha256(content).hexdigest()
    if held is not None and held.fingerprint == fingerprint:
        return None
    path = settlement_path(price.symbol, price.session)
    return StoredDataset(
        kind=DatasetKind.SETTLEMENT,
        symbol=price.symbol,
        session=price.session,
        rows=1,
        fingerprint=fingerprint,
        files=(_stage_bytes(path, content, staging),),
    )


def _stage_table(
    table: pa.Table, folder: str, engine_id: InstrumentId, ts: Ints, staging: Staging
) -> StoredFile:
    path = f"data/{folder}/{engine_id}/{file_name(int(ts[0]), int(ts[-1]))}"
    return _stage_bytes(path, memoryview(parquet_bytes(table)), staging)


def _stage_bytes(path: str, content: bytes | memoryview, staging: Staging) -> StoredFile:
    staging.write(path, content)
    return StoredFile(path, len(content), hashlib.sha256(content).hexdigest())


def _stage_contracts(symbols: list[OptionSymbol], staging: Staging) -> Iterator[StoredFile]:
    catalog = ParquetDataCatalog(str(staging.folder))
    catalog.write_instruments([option_contract(symbol) for symbol in symbols])
    for symbol in symbols:
        folder = f"data/option_contract/{instrument_id(symbol)}"
        for path in sorted((staging.folder / folder).iterdir()):
            content = path.read_bytes()
            digest = hashlib.sha256(content).hexdigest()
            yield StoredFile(f"{folder}/{path.name}", len(content), digest)


def _columns(
    item: TickData, names: tuple[str, ...], order: NDArray[np.intp] | None = None
) -> list[Ints]:
    """Return ts_event, ts_init and the named columns."""

    def column(values: Ints) -> Ints:
        return np.ascontiguousarray(values if order is None else values[order], np.int64)

    ts_event = column(item.ts_event)
    ts_init = ts_event if item.ts_init is None else column(item.ts_init)
    return [ts_event, ts_init, *(column(getattr(item, name)) for name in names)]


def _told(item: TickData, columns: list[Ints]) -> list[Ints]:
    """Return the columns without a ts_init that says nothing, so that it leaves no fingerprint."""
    return columns[1:] if item.ts_init is None else columns


def _narrow(contract: NDArray[np.int32], count: int) -> NDArray[np.integer]:
    """Sixteen-bit keys are radix-sorted: several times faster than wider ones."""
    return contract.astype(np.int16) if count < 2**15 else contract


def _fingerprint(key: tuple[DatasetKind, str, dt.date], detail: str, columns: list[Ints]) -> str:
    digest = hashlib.sha256(f"{key[0]}|{key[1]}|{key[2]}|{detail}".encode())
    for column in columns:
        digest.update(np.ascontiguousarray(column, "<i8"))
    return digest.hexdigest()


def _gaps(times: Ints) -> list[Gap]:
    if len(times) < 2:
        return []
    spacing = np.diff(times)
    limit = max(GAP_MEDIANS * float(np.median(spacing)), GAP_FLOOR_S * 1e9)
    at = np.flatnonzero(spacing > limit)
    return [Gap(int(times[row]), int(times[row + 1])) for row in at]
