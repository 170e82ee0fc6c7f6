"""What every node leaves of a session: its tables, and the errors in its log."""

import datetime as dt
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec

from autotrade_0dte.actors import order_tables as tables
from autotrade_0dte.analysis.tables import write_table
from autotrade_0dte.execution.ledger import RoundTrip
from autotrade_0dte.nodes.components import Components

__all__ = ["logged_errors", "write_books"]


def write_books(
    folder: Path,
    run_id: str,
    date: dt.date,
    components: Components,
    cache: Any,
    orders: Sequence[Any],
    trips: Sequence[RoundTrip],
) -> None:
    """Write the tables of one session into `folder`."""
    recorder, risk = components.recorder, components.risk.rows
    execution = recorder.execution
    written = {
        "decisions": recorder.decisions(),
        "states": recorder.states(),
        "signals": recorder.signals(),
        "candidates": recorder.candidates(),
        "equity": recorder.equity(),
        "orders": tables.order_columns(orders),
        "fills": tables.fill_columns(orders, cache, recorder.fill_quotes),
        "positions": tables.position_columns(trips),
        "parents": execution.parents(),
        "steps": execution.steps(),
        "marks": execution.marks(),
        "risk": risk.changes(),
        "risk_pictures": risk.pictures(),
        "risk_stresses": risk.stresses(),
    }
    for name, columns in written.items():
        count = len(next(iter(columns.values())))
        head = {"run_id": [run_id] * count, "session": [date] * count}
        write_table(folder, name, head | columns)


def logged_errors(path: Path) -> list[str]:
    """Return what the engine logged as errors: it reports exceptions in handlers nowhere else.

    A line that was not written whole, on a disk that is full, is one more.
    """
    if not path.exists():
        return []
    found = []
    for number, text in enumerate(path.read_bytes().splitlines(), start=1):
        try:
            line = msgspec.json.decode(text, type=_LogLine)
        except msgspec.MsgspecError:
            found.append(f"LOG_NOT_WRITTEN: line={number}")
            continue
        if line.level == "ERROR":
            found.append(f"ERROR: {line.component}: {' '.join(line.message.split())}")
    return found


class _LogLine(msgspec.Struct):
    level: str
    component: str
    message: str
