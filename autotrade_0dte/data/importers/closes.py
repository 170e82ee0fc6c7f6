"""Official closing prices that options settle against: ``date,spx_close,spy_close``."""

from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from autotrade_0dte.calendar import CalendarError, session
from autotrade_0dte.data.importers.delimited import DATE, NUMBER, header_names, read_columns
from autotrade_0dte.data.importers.quote_rows import cents
from autotrade_0dte.data.importers.report import DataError, Refusal, RowFilter, Tally
from autotrade_0dte.data.importers.sources import read_bytes
from autotrade_0dte.data.session_data import SYMBOL, SessionData, SettlementPrice

__all__ = ["VERSION", "read", "recognize"]

VERSION = 1

_SUFFIX = "_close"


def recognize(path: Path) -> str | None:
    """Return None for ``closes.csv``, else why it is none."""
    return None if path.name in {"closes.csv", "closes.csv.gz"} else "not named closes.csv"


def read(
    files: Sequence[Path], symbol: str | None, tally: Tally
) -> Iterator[tuple[SessionData, list[str]]]:
    """Yield the closing prices of every symbol, or of `symbol` alone.

    A row is refused as a whole when any of its prices is missing or bad.
    """
    for path in files:
        content = read_bytes(path)
        names = header_names(content, path.name)
        if len(names) < 2 or names[0] != "date" or not all(_symbol(name) for name in names[1:]):
            problem = f"Expected columns date, spx_close, ..., was {', '.join(names)}"
            raise DataError(problem, path, 1)
        if len(set(names)) < len(names):
            problem = f"Expected each column once, was {', '.join(names)}"
            raise DataError(problem, path, 1)
        columns: dict[str, pa.DataType | None] = {"date": DATE}
        columns |= dict.fromkeys(names[1:], NUMBER)
        table = read_columns(content, columns, path.name, tally)
        for item in _prices(table, names[1:], tally):
            if symbol in (None, item.symbol):
                yield item, [path.name]


def _prices(table: pa.Table, names: list[str], tally: Tally) -> Iterator[SettlementPrice]:
    rows = RowFilter(table.num_rows, tally)
    rows.refuse(Refusal.UNPARSABLE, pc.is_null(table["date"]).to_numpy())
    prices = [table[name].to_numpy() for name in names]
    with np.errstate(invalid="ignore"):
        for price in prices:
            rows.refuse(Refusal.UNPARSABLE, ~(np.abs(price) < 1e7))
            rows.refuse(Refusal.NEGATIVE, price < 0.005)
    dates = table["date"].to_pylist()
    seen = set()
    for row in np.flatnonzero(rows.keep):
        date = dates[row]
        try:
            session(date)
        except CalendarError:
            tally.refused[Refusal.OUT_OF_SESSION] += 1
            continue
        if date in seen:
            tally.refused[Refusal.DUPLICATE] += 1
            continue
        seen.add(date)
        for name, price in zip(names, prices, strict=True):
            amount = int(cents(price[row : row + 1])[0])
            yield SettlementPrice(_symbol(name), date, amount, "official close")


def _symbol(column: str) -> str:
    """Return ``SPX`` of ``spx_close``; empty for another column."""
    symbol = column.removesuffix(_SUFFIX).upper()
    return symbol if column.endswith(_SUFFIX) and SYMBOL.fullmatch(symbol) else ""
