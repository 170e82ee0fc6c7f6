"""Writes a run folder of one session from the rows that a test tells; the rest is unknown."""

import datetime as dt
import math
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import pyarrow as pa

from autotrade_0dte.analysis.summary import write_summary
from autotrade_0dte.analysis.tables import TABLES, write_table
from autotrade_0dte.calendar import new_york_ns

DATE = dt.date(2026, 7, 31)
CALL = "SPY260731C00600000.US"


def ns(clock: str) -> int:
    """Return the instant of a time of day of the session."""
    return new_york_ns(DATE, dt.time.fromisoformat(clock))


def write_run(
    folder: Path, rows: Mapping[str, Sequence[Mapping[str, Any]]], *dates: dt.date
) -> Path:
    """Write a run folder; `rows` by table are of the first of its sessions (DATE alone)."""
    for name, schema in TABLES.items():
        given = [{"run_id": "told", "session": (dates or (DATE,))[0]} | row
                 for row in rows.get(name, ())]  # fmt: skip
        columns = {field.name: [_value(row, field) for row in given] for field in schema}
        write_table(folder, name, columns)
    per_session = [{"session": date.isoformat()} for date in dates or (DATE,)]
    facts = {"run_id": "told", "underlying": "SPY", "synthetic": False, "per_session": per_session}
    write_summary(folder, facts)
    return folder


def _value(row: Mapping[str, Any], field: pa.Field) -> Any:
    if field.name in row:
        return row[field.name]
    if field.name == "figures":
        return "{}"
    if field.nullable:
        return None
    if pa.types.is_string(field.type):
        return ""
    return math.nan if pa.types.is_floating(field.type) else 0
