"""Bars of an index (SPX, VIX): a CSV of minutes for each session, or one CSV of days.

Minute files are named by their date, with columns ``time,open,high,low,close``; `time` is the New
York start of the bar. Daily files have ``date,open,high,low,close``: the open is placed at the
session's open and the close at its close, so it is known to nobody who trades before.
"""

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from autotrade_0dte.calendar import CalendarError, Session, new_york_ns, session
from autotrade_0dte.data.importers.bars import check_bars, index_prices
from autotrade_0dte.data.importers.delimited import (
    DATE,
    NUMBER,
    TIME_OF_DAY,
    check_header,
    header_names,
    read_columns,
)
from autotrade_0dte.data.importers.quote_rows import cents
from autotrade_0dte.data.importers.report import DataError, Note, Refusal, RowFilter, Tally
from autotrade_0dte.data.importers.sources import read_bytes
from autotrade_0dte.data.session_data import IndexPrices, SessionData

__all__ = ["VERSION", "read", "recognize"]

VERSION = 1

_MINUTES = re.compile(r"(?P<date>\d{4}-\d\d-\d\d)\.csv(?:\.gz)?")
_DAYS = re.compile(r".*daily.*\.csv(?:\.gz)?", re.IGNORECASE)

_PRICES: dict[str, pa.DataType | None] = dict.fromkeys(("open", "high", "low", "close"), NUMBER)


def recognize(path: Path) -> str | None:
    """Return None for ``2026-07-17.csv.gz`` and ``vix_daily.csv``, else why it is none."""
    if _MINUTES.fullmatch(path.name) or _DAYS.fullmatch(path.name):
        return None
    return "not named like 2026-07-17.csv.gz or vix_daily.csv"


def read(
    files: Sequence[Path], symbol: str | None, tally: Tally
) -> Iterator[tuple[SessionData, list[str]]]:
    """Yield the index values of each session; `symbol` says which index the files are of."""
    assert symbol is not None  # the format needs one, import_files has seen to it
    for path in files:
        content = read_bytes(path)
        daily = header_names(content, path.name)[0] == "date"
        items = _days if daily else _minutes
        for item in items(path, content, symbol, tally):
            yield item, [path.name]


def _minutes(path: Path, content: bytes, symbol: str, tally: Tally) -> Iterator[IndexPrices]:
    match = _MINUTES.fullmatch(path.name)
    columns = {"time": TIME_OF_DAY, **_PRICES}
    check_header(content, tuple(columns), path.name)
    if match is None:
        raise DataError("Expected a minute file named by its date, was another name", path)
    try:
        day = session(dt.date.fromisoformat(match["date"]))
    except ValueError as e:
        raise DataError(str(e), path) from e
    table = read_columns(content, columns, path.name, tally)
    rows = RowFilter(table.num_rows, tally)
    rows.refuse(Refusal.UNPARSABLE, pc.is_null(table["time"]).to_numpy())
    seconds = table["time"].cast(pa.int32()).cast(pa.int64()).fill_null(0).to_numpy()
    starts = new_york_ns(day.date, dt.time()) + seconds * 1_000_000_000
    prices = tuple(table[name].to_numpy() for name in _PRICES)
    found = index_prices(symbol, day, starts, prices, rows, tally)
    if found is not None:
        yield found


def _days(path: Path, content: bytes, symbol: str, tally: Tally) -> Iterator[IndexPrices]:
    columns = {"date": DATE, **_PRICES}
    check_header(content, tuple(columns), path.name)
    table = read_columns(content, columns, path.name, tally)
    rows = RowFilter(table.num_rows, tally)
    rows.refuse(Refusal.UNPARSABLE, pc.is_null(table["date"]).to_numpy())
    check_bars(rows, *(table[name].to_numpy() for name in _PRICES))
    days = [_session_or_none(date) for date in table["date"].to_pylist()]
    rows.refuse(Refusal.OUT_OF_SESSION, np.array([day is None for day in days], np.bool_))
    repeated = np.ones(len(days), np.bool_)
    repeated[np.unique(table["date"].cast(pa.int32()).fill_null(0).to_numpy(), True)[1]] = False
    rows.refuse(Refusal.DUPLICATE, repeated)
    opens, closes = table["open"].to_numpy(), table["close"].to_numpy()
    for row in np.flatnonzero(rows.keep):
        day = days[row]
        assert day is not None
        tally.noted[Note.BAR_RANGE_DROPPED] += 1
        values = cents(np.array([opens[row], closes[row]]))
        yield IndexPrices(symbol, day.date, np.array([day.open_ns, day.close_ns]), values)


def _session_or_none(date: dt.date | None) -> Session | None:
    try:
        return None if date is None else session(date)
    except CalendarError:
        return None
