"""Minute files of QuantConnect's LEAN: options, index options, equities, indexes.

Layout: ``<security>/usa/minute/<symbol>/<yyyymmdd>_<quote|trade>[_<style>].zip`` with one
headerless CSV for each contract. A row is milliseconds since midnight, then open, high, low, close
of the trade or of bid and ask. Traps: index files are in Chicago time, all others in New York time;
index prices are dollars, all others ten-thousandths; a minute without change has no row; an empty
field is a side without a quote; some names end in ``.zip.zip``.

A bar is stamped with its start, and the quote that counts is its last. It is placed one nanosecond
before the bar's end: at the start it would be known a minute early. For the same reason an equity
trade bar becomes one trade at its close with the volume of the minute. Index bars give their open
at the start as well: an index is computed all the time, so its open is known then.
"""

import datetime as dt
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple
from zoneinfo import ZoneInfo

import numpy as np
import pyarrow as pa

from autotrade_0dte.calendar import NEW_YORK, Session, session
from autotrade_0dte.data.importers.bars import MINUTE_NS, check_bars, index_prices
from autotrade_0dte.data.importers.delimited import NUMBER, read_columns
from autotrade_0dte.data.importers.quote_rows import (
    QuoteRows,
    build_chain,
    cents,
    check_quotes,
    count_notes,
)
from autotrade_0dte.data.importers.report import DataError, Note, Refusal, RowFilter, Tally
from autotrade_0dte.data.importers.sources import zip_members
from autotrade_0dte.data.session_data import (
    ChainData,
    SessionData,
    UnderlyingQuotes,
    UnderlyingTrades,
)

__all__ = ["VERSION", "read", "recognize"]

VERSION = 1

_CHICAGO = ZoneInfo("America/Chicago")
_PER_DOLLAR = 10_000.0

_ZIP = re.compile(r"(?P<date>\d{8})_(?P<tick>quote|trade|openinterest)(?:_[a-z]+)?\.zip(?:\.zip)?")
_CONTRACT = re.compile(
    r"(?P<date>\d{8})_[a-z0-9.]+_minute_quote_[a-z]+_(?P<right>call|put)"
    r"_(?P<strike>\d+)_(?P<expiry>\d{8})\.csv"
)
_READ = {("option", "quote"), ("indexoption", "quote"), ("index", "trade")}
_READ |= {("equity", "quote"), ("equity", "trade")}

_BAR = ("open", "high", "low", "close")
_TRADE: dict[str, pa.DataType | None] = dict.fromkeys(("ms", *_BAR, "volume"), NUMBER)
_QUOTE: dict[str, pa.DataType | None] = {
    "ms": NUMBER,
    "bid_open": None,
    "bid_high": None,
    "bid_low": None,
    "bid": NUMBER,
    "bid_size": NUMBER,
    "ask_open": None,
    "ask_high": None,
    "ask_low": None,
    "ask": NUMBER,
    "ask_size": NUMBER,
}


class _File(NamedTuple):
    path: Path
    security: str
    symbol: str
    date: str
    tick: str


def recognize(path: Path) -> str | None:
    """Return None for a minute file in LEAN's folders that is read, else why it is not."""
    match = _ZIP.fullmatch(path.name)
    folders = path.absolute().parts[-5:-1]
    if match is None or len(folders) < 4 or folders[1:3] != ("usa", "minute"):
        return "not in folders like equity/usa/minute/goog/20151224_quote.zip"
    if (folders[0], match["tick"]) not in _READ:
        return f"{folders[0]} {match['tick']} files are not used"
    return None


def read(
    files: Sequence[Path], symbol: str | None, tally: Tally
) -> Iterator[tuple[SessionData, list[str]]]:
    """Yield one dataset for each file; `symbol` limits them to one root or underlying.

    Only contracts that expire on the session's day form a chain; the rows of all others are
    refused as ``not_0dte``.
    """
    for file in map(_describe, files):
        if symbol not in (None, file.symbol):
            continue
        try:
            day = session(dt.datetime.strptime(file.date, "%Y%m%d").date())  # noqa: DTZ007 - a date
        except ValueError as e:
            raise DataError(str(e), file.path) from e
        found: SessionData | None
        if file.security in {"option", "indexoption"}:
            found = _chain(file, day, tally)
        elif file.security == "index":
            found = _index(file, day, tally)
        elif file.tick == "trade":
            found = _trades(file, day, tally)
        else:
            found = _quotes(file, day, tally)
        if found is not None:
            yield found, [file.path.name]


def _describe(path: Path) -> _File:
    match = _ZIP.fullmatch(path.name)
    assert match is not None  # only recognized files get here
    security, _, _, symbol = path.absolute().parts[-5:-1]
    return _File(path, security, symbol.upper(), match["date"], match["tick"])


def _chain(file: _File, day: Session, tally: Tally) -> ChainData | None:
    tables, strikes, calls = [], [], []
    for name, content in zip_members(file.path):
        match = _CONTRACT.fullmatch(name)
        if match is None or match["date"] != file.date:
            raise DataError(f"Expected contracts of {file.date} quotes, was {name}", file.path)
        if match["expiry"] != file.date:
            others = sum(1 for line in content.splitlines() if line.strip())
            tally.read += others
            tally.refused[Refusal.NOT_0DTE] += others
            continue
        table = read_columns(content, _QUOTE, name, tally, header=False)
        tables.append(table)
        strikes.append(np.full(table.num_rows, int(match["strike"]) / _PER_DOLLAR))
        calls.append(np.full(table.num_rows, match["right"] == "call"))
    if not tables:
        return None
    table = pa.concat_tables(tables)
    rows = RowFilter(table.num_rows, tally)
    ts = _bar_ends(table, day, NEW_YORK, rows)
    bid, ask, bid_size, ask_size = _sides(table)
    quotes = QuoteRows(
        ts, np.concatenate(strikes), np.concatenate(calls), bid, ask, bid_size, ask_size
    )
    return build_chain(file.symbol, day, quotes, rows, tally)


def _quotes(file: _File, day: Session, tally: Tally) -> UnderlyingQuotes | None:
    table = _only_table(file, _QUOTE, tally)
    rows = RowFilter(table.num_rows, tally)
    ts = _bar_ends(table, day, NEW_YORK, rows)
    bid, ask, bid_size, ask_size = _sides(table)
    rows.refuse(Refusal.OUT_OF_SESSION, (ts < day.open_ns) | (ts >= day.close_ns))
    check_quotes(rows, bid, ask, bid_size, ask_size)
    kept = _distinct(ts, rows, tally)
    if len(kept) == 0:
        return None
    bids, asks = cents(bid[kept]), cents(ask[kept])
    count_notes(bids, asks, tally)
    sizes = [
        np.where(price > 0, np.rint(size[kept]), 0).astype(np.int64)
        for price, size in ((bids, bid_size), (asks, ask_size))
    ]
    return UnderlyingQuotes(file.symbol, day.date, ts[kept], bids, asks, *sizes)


def _trades(file: _File, day: Session, tally: Tally) -> UnderlyingTrades | None:
    table = _only_table(file, _TRADE, tally)
    rows = RowFilter(table.num_rows, tally)
    ts = _bar_ends(table, day, NEW_YORK, rows)
    rows.refuse(Refusal.OUT_OF_SESSION, (ts < day.open_ns) | (ts >= day.close_ns))
    bars = [table[name].to_numpy() / _PER_DOLLAR for name in _BAR]
    check_bars(rows, *bars)
    volume = table["volume"].to_numpy()
    with np.errstate(invalid="ignore"):
        rows.refuse(Refusal.UNPARSABLE, ~(np.abs(volume) < 1e15))
        rows.refuse(Refusal.NEGATIVE, volume < 1)
    kept = _distinct(ts, rows, tally)
    if len(kept) == 0:
        return None
    tally.noted[Note.BAR_RANGE_DROPPED] += len(kept)
    size = np.rint(volume[kept]).astype(np.int64)
    return UnderlyingTrades(file.symbol, day.date, ts[kept], cents(bars[3][kept]), size)


def _index(file: _File, day: Session, tally: Tally) -> SessionData | None:
    table = _only_table(file, _TRADE, tally)
    rows = RowFilter(table.num_rows, tally)
    starts = _bar_ends(table, day, _CHICAGO, rows) - (MINUTE_NS - 1)
    open_, high, low, close = (table[name].to_numpy() for name in _BAR)
    return index_prices(file.symbol, day, starts, (open_, high, low, close), rows, tally)


def _only_table(file: _File, columns: dict[str, pa.DataType | None], tally: Tally) -> pa.Table:
    members = list(zip_members(file.path))
    if len(members) != 1 or not members[0][0].startswith(f"{file.date}_{file.symbol.lower()}_"):
        names = ", ".join(name for name, _ in members[:3]) or "none"
        problem = f"Expected one member of {file.symbol} on {file.date}, was {names}"
        raise DataError(problem, file.path)
    return read_columns(members[0][1], columns, members[0][0], tally, header=False)


def _bar_ends(
    table: pa.Table, day: Session, zone: ZoneInfo, rows: RowFilter
) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return bar end minus 1 ns; sessions do not fall on the days when clocks change."""
    ms = table["ms"].to_numpy()
    with np.errstate(invalid="ignore"):
        bad = ~((ms >= 0) & (ms < 86_400_000))
    rows.refuse(Refusal.UNPARSABLE, bad)
    midnight = int(dt.datetime.combine(day.date, dt.time(), zone).timestamp()) * 1_000_000_000
    since = np.where(bad, 0, ms).astype(np.int64) * 1_000_000
    return midnight + since + (MINUTE_NS - 1)


def _sides(table: pa.Table) -> list[np.ndarray[tuple[int], np.dtype[np.float64]]]:
    """Return bid, ask (dollars) and their sizes; an empty price is 0 with size 0."""
    prices = [table[name].fill_null(0.0).to_numpy() / _PER_DOLLAR for name in ("bid", "ask")]
    sizes = [table[f"{name}_size"].to_numpy() for name in ("bid", "ask")]
    return [*prices, *(np.where(p == 0, 0, s) for p, s in zip(prices, sizes, strict=True))]


def _distinct(
    ts: np.ndarray[tuple[int], np.dtype[np.int64]], rows: RowFilter, tally: Tally
) -> np.ndarray[tuple[int], np.dtype[np.int64]]:
    """Return the good rows in order of time, the first of each instant."""
    kept = np.flatnonzero(rows.keep)
    _, first = np.unique(ts[kept], return_index=True)
    if len(first) < len(kept):
        tally.refused[Refusal.DUPLICATE] += len(kept) - len(first)
    return kept[first]
