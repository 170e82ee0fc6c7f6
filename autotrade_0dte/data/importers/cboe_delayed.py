"""Chains recorded from Cboe's delayed feed: one CSV a session, a book every few minutes.

A book is identified by `quote_ts` (New York time of the quotes), never by `fetched_at_et`: the
feed is about 15 minutes late. Recorders may overlap; the first row of a contract and instant
counts. The feed tells the underlying's price with each book but no trade, so `spot` becomes one
trade a book of size 1, where 1 stands for an unknown size. A book without a usable spot is kept
and noted.
"""

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from itertools import groupby
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from autotrade_0dte.calendar import Session, new_york_ns, session
from autotrade_0dte.data.importers.delimited import (
    DATE,
    NUMBER,
    TEXT,
    TIMESTAMP,
    check_header,
    read_columns,
)
from autotrade_0dte.data.importers.quote_rows import QuoteRows, build_chain, cents
from autotrade_0dte.data.importers.report import DataError, Note, Refusal, RowFilter, Tally
from autotrade_0dte.data.importers.sources import read_bytes
from autotrade_0dte.data.session_data import ChainData, SessionData, UnderlyingTrades

__all__ = ["VERSION", "read", "recognize"]

VERSION = 1

_NAME = re.compile(r"(?:[a-z]+_)?(?P<root>[A-Z]{1,6})_(?P<date>\d{4}-\d\d-\d\d)\.csv(?:\.gz)?")

_COLUMNS: dict[str, pa.DataType | None] = {
    "fetched_at_et": None,
    "quote_ts": TIMESTAMP,
    "spot": NUMBER,
    "expiry": DATE,
    "type": TEXT,
    "strike": NUMBER,
    "bid": NUMBER,
    "ask": NUMBER,
    "bid_size": NUMBER,
    "ask_size": NUMBER,
    "last_trade_price": None,
    "iv": None,
    "delta": None,
    "gamma": None,
    "theta": None,
    "vega": None,
    "rho": None,
    "volume": None,
    "open_interest": NUMBER,
}


def recognize(path: Path) -> str | None:
    """Return None for a file named like ``SPY_2026-07-17.csv.gz``, else why it is none."""
    return None if _NAME.fullmatch(path.name) else "not named like SPY_2026-07-17.csv.gz"


def read(
    files: Sequence[Path], symbol: str | None, tally: Tally
) -> Iterator[tuple[SessionData, list[str]]]:
    """Yield the chain and the underlying of each session; `symbol` limits them to one root."""
    for (root, date), group in groupby(
        sorted(files, key=lambda path: (_session_of(path), path.name)), _session_of
    ):
        paths = list(group)
        names = [path.name for path in paths]
        if symbol not in (None, root):
            continue
        for item in _session(root, _calendar_session(date, paths[0]), paths, tally):
            yield item, names


def _session_of(path: Path) -> tuple[str, str]:
    match = _NAME.fullmatch(path.name)
    assert match is not None  # only recognized files get here
    return match["root"], match["date"]


def _calendar_session(date: str, path: Path) -> Session:
    try:
        return session(dt.date.fromisoformat(date))
    except ValueError as e:  # CalendarError is one
        raise DataError(str(e), path) from e


def _session(
    root: str, day: Session, paths: Sequence[Path], tally: Tally
) -> Iterator[ChainData | UnderlyingTrades]:
    table = pa.concat_tables([_table(path, day, tally) for path in paths])
    rows = RowFilter(table.num_rows, tally)
    kinds = table["type"].fill_null("")
    is_call = pc.equal(kinds, "C").to_numpy()
    quoted = table["quote_ts"].cast(pa.int64()).fill_null(0).to_numpy()
    unreadable = [pc.is_null(table[name]).to_numpy() for name in ("quote_ts", "expiry")]
    rows.refuse(Refusal.UNPARSABLE, unreadable[0] | unreadable[1])
    rows.refuse(Refusal.UNPARSABLE, ~(is_call | pc.equal(kinds, "P").to_numpy()))
    wrong = pc.not_equal(table["expiry"], pa.scalar(day.date)).fill_null(True)
    rows.refuse(Refusal.WRONG_EXPIRY, wrong.to_numpy())

    midnight = new_york_ns(day.date, dt.time())
    naive_midnight = int(dt.datetime.combine(day.date, dt.time(), dt.UTC).timestamp())
    ts = midnight + (quoted - naive_midnight) * 1_000_000_000
    number = {name: table[name].to_numpy() for name, kind in _COLUMNS.items() if kind == NUMBER}
    quotes = QuoteRows(
        ts, number["strike"], is_call, number["bid"], number["ask"],
        number["bid_size"], number["ask_size"], number["open_interest"],
    )  # fmt: skip
    chain = build_chain(root, day, quotes, rows, tally)
    if chain is None:
        return
    yield chain
    spot = number["spot"]
    with np.errstate(invalid="ignore"):
        usable = np.flatnonzero(rows.keep & (spot >= 0.01) & (spot < 1e7))
    times, first = np.unique(ts[usable], return_index=True)
    if without := len(np.unique(ts[rows.keep])) - len(times):
        tally.noted[Note.BOOKS_WITHOUT_SPOT] += without
    if len(times):
        price = cents(spot[usable[first]])
        yield UnderlyingTrades(root, day.date, times, price, np.ones(len(times), np.int64))


def _table(path: Path, day: Session, tally: Tally) -> pa.Table:
    content = read_bytes(path)
    check_header(content, tuple(_COLUMNS), path.name)
    table = read_columns(content, _COLUMNS, path.name, tally)
    if table.num_rows == 0:
        raise DataError("Expected at least 1 row, was 0", path)
    dates = table["quote_ts"].cast(pa.date32())
    other = pc.not_equal(dates, pa.scalar(day.date)).fill_null(False).to_numpy()
    if other.any():
        row = int(np.argmax(other))
        problem = f"Expected quotes of {day.date} only, was {dates[row]}"
        raise DataError(problem, path, row + 2)
    return table
