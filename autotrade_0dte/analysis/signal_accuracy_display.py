"""The accuracy of signals for people: in a terminal, and as a section of the report."""

import html
import math
from collections.abc import Iterable, Sequence

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from autotrade_0dte.analysis.display import UNKNOWN, count, fraction, number
from autotrade_0dte.analysis.signal_accuracy import Accuracy, AccuracyRow, BinKind
from autotrade_0dte.market_state.state import Level

__all__ = ["accuracy_section", "print_accuracy"]

_HEADINGS = (
    *("Track", "Signals at", "Group", "Horizon", "Signals", "Known"),
    *("Hit rate", "95 %", "Base rate", "Mean (bps)", "95 %"),
)
_TEXTS = 4
"""Columns before the figures."""

_CAUTION = (
    "Hit rate: share of signals after which the price had moved their way. Base rate: the same for"
    " the same directions at any moment. Signals close to each other see the same future, so the"
    " intervals of hit rates are too narrow for long horizons; those of the mean draw whole"
    " sessions, and need five."
)

_TABLES = (
    ("All signals", BinKind.ALL),
    ("By strength, in up to ten groups of 20 signals or more", BinKind.STRENGTH),
    ("By level of the market", BinKind.LEVEL),
)


def print_accuracy(
    accuracy: Accuracy, console: Console | None = None, *, horizon_s: float = 300.0
) -> None:
    """Print all horizons, and the groups by strength and level at `horizon_s` seconds."""
    target = console or Console(highlight=False)
    rows = accuracy.rows
    parts: list[RenderableType] = []
    if not rows:
        parts.append(Text("No signals were recorded.", "yellow"))
    for heading, kind in _TABLES:
        every = kind is BinKind.ALL
        chosen = [r for r in rows if r.kind is kind and (every or r.horizon_s == horizon_s)]
        if chosen:
            at = "" if every else f", {_horizon(horizon_s)} ahead"
            parts += [Text(f"\n{heading}{at}", "bold"), _terminal_table(chosen)]
    parts.append(Text(f"\n{_CAUTION}", "dim"))
    title = Text.assemble(("Signals after the fact", "bold"), f"  {_sessions(accuracy)}")
    target.print(Panel(Group(*parts), title=title, title_align="left"))


def accuracy_section(accuracy: Accuracy) -> str:
    """Return the section of the report, as HTML for its page's styles."""
    if not accuracy.rows:
        body = "<p>No signals were recorded.</p>"
    else:
        body = _html_table(row for row in accuracy.rows if row.kind is BinKind.ALL)
        for title, kind in _TABLES[1:]:
            chosen = [row for row in accuracy.rows if row.kind is kind]
            body += (
                f"<details><summary>{html.escape(title)}</summary>{_html_table(chosen)}</details>"
            )
    return (
        '<section class="long"><h2>Signals after the fact</h2>'
        f'<p class="explain">{html.escape(_sessions(accuracy))}. {html.escape(_CAUTION)}</p>'
        f"{body}</section>"
    )


def _sessions(accuracy: Accuracy) -> str:
    return f"{count(accuracy.sessions)} session{'' if accuracy.sessions == 1 else 's'}"


def _cells(row: AccuracyRow) -> tuple[str, ...]:
    return (
        row.track,
        str(row.sample),
        _group(row),
        _horizon(row.horizon_s),
        count(row.signals),
        count(row.known),
        fraction(row.hit_rate, 1),
        _interval(100 * row.hit_low, 100 * row.hit_high, 1),
        fraction(row.base_rate, 1),
        number(row.mean_bps, 2),
        _interval(row.mean_low_bps, row.mean_high_bps, 2),
    )


def _group(row: AccuracyRow) -> str:
    if row.kind is BinKind.LEVEL:
        return Level(row.bin).name
    return f"{number(row.low, 2)} to {number(row.high, 2)}"


def _horizon(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 60 else f"{seconds / 60:.0f} min"


def _interval(low: float, high: float, digits: int) -> str:
    if math.isnan(low):
        return UNKNOWN
    return f"{number(low, digits)} to {number(high, digits)}"


def _terminal_table(rows: Sequence[AccuracyRow]) -> Table:
    table = Table(box=None, padding=(0, 2, 0, 0))
    for at, heading in enumerate(_HEADINGS):
        table.add_column(heading, justify="left" if at < _TEXTS else "right", no_wrap=True)
    for row in rows:
        table.add_row(*_cells(row))
    return table


def _html_table(rows: Iterable[AccuracyRow]) -> str:
    head = "".join(
        f'<th class="{_align(at)}">{html.escape(text)}</th>' for at, text in enumerate(_HEADINGS)
    )
    body = "".join(
        "<tr>"
        + "".join(
            f'<td class="{_align(at)}">{html.escape(text)}</td>'
            for at, text in enumerate(_cells(row))
        )
        + "</tr>"
        for row in rows
    )
    return (
        f'<div class="scroll"><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody>'
        "</table></div>"
    )


def _align(at: int) -> str:
    return "" if at < _TEXTS else "n"
