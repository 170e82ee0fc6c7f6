"""What a run did in each session, read from its folder for comparison with another run."""

import datetime as dt
from collections.abc import Hashable
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa

from autotrade_0dte.analysis.alignment import Span
from autotrade_0dte.analysis.fill_differences import OrderOutcome, Piece
from autotrade_0dte.analysis.session_rows import rows_of
from autotrade_0dte.analysis.summary import read_summary
from autotrade_0dte.analysis.tables import by_session, read_table

__all__ = ["DecisionRow", "RunEvents", "RunLabel"]

_UNSEEN = Span(0, -1)


class RunLabel(msgspec.Struct, frozen=True):
    """Which run it is; `mode` says who filled its orders."""

    run_id: str
    mode: str
    config_hash: str


class DecisionRow(msgspec.Struct, frozen=True):
    """A row of the table of decisions; `figures` is its JSON."""

    ts_event: int
    plan_id: str | None
    kind: str
    reason: str
    instrument_id: str
    side: str
    quantity: int
    price: float
    spot: float
    figures: str
    level: int

    @property
    def at_ns(self) -> int:
        """When it was decided."""
        return self.ts_event

    @property
    def key(self) -> Hashable:
        """What makes it the same decision in another run."""
        return self.kind, self.instrument_id, self.side


class RunEvents:
    """A run folder's decisions and orders by session.

    Raises TableError when the folder is no whole run folder.
    """

    def __init__(self, folder: Path) -> None:
        summary = read_summary(folder)
        self.label = RunLabel(
            summary["run_id"], summary.get("mode", "backtest"), summary["config_hash"]
        )
        self.sessions = [dt.date.fromisoformat(row["session"]) for row in summary["per_session"]]
        self._states = by_session(read_table(folder, "states", ["session", "ts_event"]))
        tables = {name: read_table(folder, name) for name in ("decisions", "orders", "fills")}
        self._tables = {name: by_session(table) for name, table in tables.items()}

    def seen(self, date: dt.date) -> Span:
        """Return what the run has seen of a session, nothing where it has no snapshot."""
        states = self._states.get(date)
        if states is None:
            return _UNSEEN
        times = states["ts_event"].cast(pa.int64()).to_numpy()
        return Span(int(times.min()), int(times.max()))

    def decisions(self, date: dt.date) -> list[DecisionRow]:
        """Return what was decided in a session, in order of time."""
        names = DecisionRow.__struct_fields__
        rows = [DecisionRow(*(row[n] for n in names)) for row in self._rows("decisions", date)]
        return sorted(rows, key=lambda row: row.ts_event)

    def orders(self, date: dt.date) -> list[OrderOutcome]:
        """Return the orders of a session with their fills, in order of time."""
        pieces: dict[str, list[Piece]] = {}
        for row in self._rows("fills", date):
            piece = Piece(*(row[name] for name in Piece.__struct_fields__))
            pieces.setdefault(row["client_order_id"], []).append(piece)
        rows = [
            OrderOutcome(
                ts_init=row["ts_init"],
                order_id=row["client_order_id"],
                plan_id=row["plan_id"],
                instrument_id=row["instrument_id"],
                side=row["side"],
                quantity=row["quantity"],
                limit=row["price"],
                status=row["status"],
                reason=row["reason"],
                pieces=tuple(pieces.get(row["client_order_id"], ())),
            )
            for row in self._rows("orders", date)
        ]
        return sorted(rows, key=lambda row: row.ts_init)

    def _rows(self, name: str, date: dt.date) -> list[dict[str, Any]]:
        table = self._tables[name].get(date)
        if table is None:
            return []
        return rows_of(table)
