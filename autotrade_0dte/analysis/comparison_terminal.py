"""Two runs compared, on one screen of a terminal."""

import datetime as dt
import math
from collections.abc import Sequence

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from autotrade_0dte.analysis.comparison import Comparison, SessionComparison
from autotrade_0dte.analysis.display import UNKNOWN, count, number
from autotrade_0dte.analysis.fill_differences import (
    Cause,
    Explanation,
    FillDifference,
    OrderOutcome,
)
from autotrade_0dte.analysis.run_events import DecisionRow, RunLabel
from autotrade_0dte.calendar import NEW_YORK

__all__ = ["print_comparison"]

_MOST_DIFFERENCES = 20


def print_comparison(comparison: Comparison, console: Console | None = None) -> None:
    """Print whether two runs agree, the first decision that differs, and every fill that does."""
    target = console or Console(markup=False, emoji=False, highlight=False)
    agrees = comparison.agrees
    state = Text("AGREE", "bold green") if agrees else Text("DIFFER", "bold red")
    parts: list[RenderableType] = [_runs(comparison), Text(), _sessions(comparison.sessions)]
    parts += [part for session in comparison.sessions for part in _first_difference(session)]
    differences = [found for session in comparison.sessions for found in session.fill_differences]
    if differences:
        parts += [Text(), _fills(differences)]
    target.print(
        Panel(
            Group(*parts),
            title=Text.assemble(("Two runs", "bold"), "  ", state),
            title_align="left",
            border_style="green" if agrees else "red",
        )
    )


def _runs(comparison: Comparison) -> RenderableType:
    lines = [f"{name}  {_label(run)}" for name, run in (("A", comparison.a), ("B", comparison.b))]
    text = Text("\n".join(lines))
    if comparison.a.config_hash != comparison.b.config_hash:
        text.append("\nThe configurations differ.", "yellow")
    for name, dates in (("A", comparison.only_a), ("B", comparison.only_b)):
        if dates:
            text.append(f"\nOnly in {name}, not compared: {', '.join(map(str, dates))}", "yellow")
    causes = ", ".join(f"{times} {cause}" for cause, times in comparison.causes.items())
    text.append(f"\nFills that differ, by cause: {causes or 'none'}")
    return text


def _label(run: RunLabel) -> str:
    return f"{run.run_id} ({run.mode})"


def _sessions(sessions: Sequence[SessionComparison]) -> RenderableType:
    table = Table(box=None, padding=(0, 2, 0, 0))
    table.add_column("Session", no_wrap=True)
    for name in ("Minutes", "Decisions", "Missing", "Outside", "Apart", "Orders", "Alike"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("Matched, but with another")
    for found in sessions:
        missing = found.decisions_missing
        apart = found.apart_max_s
        table.add_row(
            str(found.session),
            number(found.seen_by_both_s / 60, 1),
            count(found.decisions_matched),
            Text(count(missing), "red" if missing else ""),
            count(sum(found.decisions_outside)),
            UNKNOWN if apart is None else f"{number(apart, 3)} s",
            count(found.orders_matched),
            count(found.orders_equal),
            ", ".join(f"{name} ({times})" for name, times in found.varied.items()),
        )
    return table


def _first_difference(session: SessionComparison) -> list[RenderableType]:
    first = session.first_difference
    if first is None:
        return []
    missing = first.missing_in.upper()
    title = Text(f"\nThe first decision that {missing} lacks, and what {missing} did next:", "red")
    table = Table.grid(padding=(0, 2, 0, 0))
    for name, row in (("A", first.a), ("B", first.b)):
        table.add_row(name, *(_decision(row) if row is not None else ("nothing more",)))
    return [title, table]


def _decision(row: DecisionRow) -> tuple[str, ...]:
    price = "at market" if math.isnan(row.price) else number(row.price, 2)
    return (
        _time(row.ts_event),
        row.kind,
        row.side,
        str(row.quantity),
        row.instrument_id,
        price,
        row.reason,
    )


def _fills(differences: Sequence[FillDifference]) -> RenderableType:
    text = Text("Orders that were not filled alike:")
    for found in differences[:_MOST_DIFFERENCES]:
        order = found.a or found.b
        assert order is not None
        text.append(f"\n{_time(order.ts_init)} {order.side} {order.instrument_id}")
        text.append(f"\n  A {_outcome(found.a)}\n  B {_outcome(found.b)}")
        for why in found.explanations:
            style = "red" if why.cause is Cause.UNEXPLAINED else "dim"
            text.append(f"\n  {_why(why)}", style)
    if len(differences) > _MOST_DIFFERENCES:
        text.append(f"\nand {len(differences) - _MOST_DIFFERENCES} more, with --json")
    return text


def _outcome(order: OrderOutcome | None) -> str:
    if order is None:
        return "no order"
    if not order.pieces:
        return order.status.lower()
    return f"{order.filled} @ {number(order.average, 4)}, fee {number(order.fee, 2)}"


def _why(found: Explanation) -> str:
    figures = ", ".join(
        f"{name} {value if isinstance(value, str) else f'{value:g}'}"
        for name, value in found.figures.items()
    )
    return f"{found.cause.upper()}: {figures}"


def _time(ns: int) -> str:
    moment = dt.datetime.fromtimestamp(ns // 1_000_000_000, NEW_YORK)
    return f"{moment:%H:%M:%S}.{ns // 1_000_000 % 1_000:03d}"
