"""Columns to and from the Parquet layout of NautilusTrader's catalog, without a tick object a row.

Layout: ``data/<type>/<instrument id>/<first>_<last>.parquet``; prices and sizes are
decimal128(38, 16), times UTC nanoseconds, identity and precision in the schema's metadata.
"""

import datetime as dt
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
from nautilus_trader.model import IndexPriceUpdate, InstrumentId, QuoteTick, TradeTick
from numpy.typing import NDArray

__all__ = ["PRICE_DECIMALS", "SCALE", "SIZE_DECIMALS", "file_name", "index_table"]
__all__ += ["largest_size", "parquet_bytes", "quote_table", "trade_table"]

PRICE_DECIMALS = 2
SIZE_DECIMALS = 0

SCALE = 16
"""Decimals of the stored numbers."""

# Small enough that a reader of 200 contracts holds little, large enough to compress well.
_ROW_GROUP = 8_192

_DECIMAL = pa.decimal128(38, SCALE)
_TIME = pa.timestamp("ns", tz="UTC")
_SIDE = pa.dictionary(pa.int8(), pa.string())

type Ints = NDArray[np.int64]


def quote_table(
    instrument: InstrumentId,
    ts_event: Ints,
    ts_init: Ints,
    bid: Ints,
    ask: Ints,
    bid_size: Ints,
    ask_size: Ints,
) -> pa.Table:
    """Return quotes of one instrument as the catalog's table; cents and whole sizes."""
    columns = {
        "bid_price": _decimals(bid, PRICE_DECIMALS),
        "ask_price": _decimals(ask, PRICE_DECIMALS),
        "bid_size": _decimals(bid_size, SIZE_DECIMALS),
        "ask_size": _decimals(ask_size, SIZE_DECIMALS),
    }
    metadata = QuoteTick.get_metadata(instrument, PRICE_DECIMALS, SIZE_DECIMALS)
    return _table(columns, ts_event, ts_init, metadata | {"type_name": "QuoteTick"})


def trade_table(
    instrument: InstrumentId, ts_event: Ints, ts_init: Ints, price: Ints, size: Ints
) -> pa.Table:
    """Return trades of one instrument; vendors do not tell the aggressor, ids count from 1."""
    rows = len(ts_event)
    sides = pa.DictionaryArray.from_arrays(np.zeros(rows, np.int8), ["NO_AGGRESSOR"])
    columns = {
        "price": _decimals(price, PRICE_DECIMALS),
        "size": _decimals(size, SIZE_DECIMALS),
        "aggressor_side": sides.cast(_SIDE),
        "trade_id": pa.array(np.arange(1, rows + 1)).cast(pa.string()),
    }
    metadata = TradeTick.get_metadata(instrument, PRICE_DECIMALS, SIZE_DECIMALS)
    return _table(columns, ts_event, ts_init, metadata | {"type_name": "TradeTick"})


def largest_size(path: Path) -> float:
    """Return the largest size of a file of trades, 0 when it has none."""
    largest = pc.max(pq.read_table(path, columns=["size"])["size"]).as_py()
    return 0.0 if largest is None else float(largest)


def index_table(instrument: InstrumentId, ts_event: Ints, ts_init: Ints, value: Ints) -> pa.Table:
    """Return index values as the catalog's table; `value` in hundredths."""
    metadata = IndexPriceUpdate.get_metadata(instrument, PRICE_DECIMALS)
    columns = {"value": _decimals(value, PRICE_DECIMALS)}
    return _table(columns, ts_event, ts_init, metadata | {"type_name": "IndexPriceUpdate"})


def parquet_bytes(table: pa.Table) -> pa.Buffer:
    """Return the table as a Parquet file in memory."""
    sink = pa.BufferOutputStream()
    distinct = ("ts_event", "ts_init", "trade_id")
    # Half the size and three fifths of the time of the defaults: times compress as differences,
    # prices by dictionary, and only ts_init is ever filtered on.
    pq.write_table(
        table,
        sink,
        compression="zstd",
        row_group_size=_ROW_GROUP,
        use_dictionary=[name for name in table.column_names if name not in distinct],
        column_encoding=dict.fromkeys(("ts_event", "ts_init"), "DELTA_BINARY_PACKED"),
        write_statistics=["ts_init"],
    )
    return sink.getvalue()


def file_name(first_ns: int, last_ns: int) -> str:
    """Return the catalog's file name of an interval, both ends included."""
    return f"{_stamp(first_ns)}_{_stamp(last_ns)}.parquet"


def _stamp(ns: int) -> str:
    seconds, nanos = divmod(int(ns), 1_000_000_000)
    return f"{dt.datetime.fromtimestamp(seconds, dt.UTC):%Y-%m-%dT%H-%M-%S}-{nanos:09d}Z"


def _table(
    columns: dict[str, pa.Array], ts_event: Ints, ts_init: Ints, metadata: dict[str, str]
) -> pa.Table:
    times = {"ts_event": ts_event, "ts_init": ts_init}
    columns = columns | {n: pa.array(ts, pa.int64()).cast(_TIME) for n, ts in times.items()}
    fields = [pa.field(name, column.type, nullable=False) for name, column in columns.items()]
    # The engine gives its metadata in random order; sorted, equal data makes equal files.
    schema = pa.schema(fields, metadata=dict(sorted(metadata.items())))
    return pa.Table.from_arrays(list(columns.values()), schema=schema)


def _decimals(values: Ints, decimals: int) -> pa.Array:
    """Reinterpret integers as 128-bit decimals: low word and sign, then rescale in Arrow."""
    words = np.empty((len(values), 2), np.int64)
    words[:, 0] = values
    words[:, 1] = words[:, 0] >> 63
    buffers = [None, pa.py_buffer(words)]
    scaled = pa.Array.from_buffers(pa.decimal128(38, decimals), len(values), buffers)
    return scaled.cast(_DECIMAL)
