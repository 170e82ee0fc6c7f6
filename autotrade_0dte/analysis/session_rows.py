"""One session's part of a run folder's tables, and tables as rows of plain values."""

import datetime as dt
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from autotrade_0dte.analysis.tables import opened_table

__all__ = ["read_session", "rows_of"]


def read_session(folder: Path, name: str, date: dt.date) -> pa.Table:
    """Read the rows of one session; of a long run only the parts of the file that can hold it.

    Raises
    ------
    TableError
        When the file cannot be read or its columns are not the schema's.
    """
    with opened_table(folder, name) as file:
        column = file.schema_arrow.get_field_index("session")
        parts = [
            part
            for part in range(file.num_row_groups)
            if _may_hold(file.metadata.row_group(part).column(column).statistics, date)
        ]
        table = file.read_row_groups(parts)
    return table.filter(pc.equal(table["session"], pa.scalar(date)))


def rows_of(table: pa.Table) -> list[dict[str, Any]]:
    """Return the rows of a table; times are UTC ns."""
    for column, field in enumerate(table.schema):
        if pa.types.is_timestamp(field.type):
            table = table.set_column(column, field.name, table[field.name].cast(pa.int64()))
    rows: list[dict[str, Any]] = table.to_pylist()
    return rows


def _may_hold(statistics: Any, date: dt.date) -> bool:
    if statistics is None or not statistics.has_min_max:
        return True
    return bool(statistics.min <= date <= statistics.max)
