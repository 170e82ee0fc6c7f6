"""The accuracy of signals for people: in a terminal, and as a section of the report."""

import html
import math
from collections.abc import Iterable, Sequence
from itertools import groupby

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.table import Table
from rich.text import Text

from autotrade_0dte.analysis.display import UNKNOWN, count, fraction, number
from autotrade_0dte.analysis.forward_returns import Sample
from autotrade_0dte.analysis.signal_accuracy import Accuracy, AccuracyRow, BinKind
from autotrade_0dte.market_state.state import Level

__all__ = ["accuracy_section", "print_accuracy"]

_NAMES = ("Track", "Looked at", "Group", "Horizon")
_FIGURES = ("Signals", "Known", "Hit rate", "95 %", "Base", "Mean bps", "95 %")

_CAUTION = (
    "Hit rate: share of the signals with a known return after which the price had moved their way."
    " Base: the same for the same directions at every new price. Signals close to each other"
    " see the same future, so the intervals take sessions as independent, not signals; those of the"
    " mean need ten. Strengths are in up to ten groups of equal size, of 20 signals or more."
)
_NOTHING = "No signals were recorded."
_SAMPLES = {
    Sample.ONSET: "as they begin",
    Sample.ACTIONABLE: "as they may first be acted on",
    Sample.MINUTE: "each minute",
}


def print_accuracy(
    accuracy: Accuracy, console: Console | None = None, *, horizon_s: float = 300.0
) -> None:
    """Print all horizons, and the groups by strength and level at `horizon_s` seconds."""
    target = console or Console(markup=False, emoji=False, highlight=False)
    parts: list[RenderableType] = [] if accuracy.rows else [Text(_NOTHING, "yellow")]
    for (track, sample), rows in groupby(accuracy.rows, key=lambda row: (row.track, row.sample)):
        parts.append(Text(f"{track}: signals {_SAMPLES[sample]}", "bold"))
        parts.append(_terminal_table([*rows], horizon_s))
    parts.append(Text(_CAUTION, "dim"))
    title = Text.assemble(("Signals after the fact", "bold"), f"  {_sessions(accuracy)}")
    target.print(Panel(Group(*parts), title=title, title_align="left"))


def accuracy_section(accuracy: Accuracy) -> str:
    """Return the section of the report, as HTML for its page's styles."""
    body = "" if accuracy.rows else f"<p>{_NOTHING}</p>"
    for title, kind in (
        ("All signals", BinKind.ALL),
        ("By strength", BinKind.STRENGTH),
        ("By level of the market", BinKind.LEVEL),
    ):
        rows = [row for row in accuracy.rows if row.kind is kind]
        if rows:
            opened = " open" if kind is BinKind.ALL else ""
            table = _html_table(rows)
            body += f"<details{opened}><summary>{title}</summary>{table}</details>"
    return (
        '<section class="long"><h2>Signals after the fact</h2>'
        f'<p class="explain">{_sessions(accuracy)}. {html.escape(_CAUTION)}</p>{body}</section>'
    )


def _terminal_table(rows: Sequence[AccuracyRow], horizon_s: float) -> Table:
    table = Table(box=None, padding=(0, 1, 0, 0))
    table.add_column("Ahead, group", no_wrap=True)
    for heading in _FIGURES:
        table.add_column(heading, justify="right", no_wrap=True)
    for kind in BinKind:
        for row in rows:
            if row.kind is not kind or (kind is not BinKind.ALL and row.horizon_s != horizon_s):
                continue
            group = "" if kind is BinKind.ALL else f", {_group(row)}"
            table.add_row(f"{_horizon(row.horizon_s)}{group}", *_figures(row))
        table.add_row()
    return table


def _html_table(rows: Iterable[AccuracyRow]) -> str:
    head = "".join(f"<th>{name}</th>" for name in _NAMES)
    head += "".join(f'<th class="n">{name}</th>' for name in _FIGURES)
    body = ""
    for row in rows:
        names = (row.track, _SAMPLES[row.sample], _group(row), _horizon(row.horizon_s))
        cells = "".join(f"<td>{html.escape(name)}</td>" for name in names)
        cells += "".join(f'<td class="n">{figure}</td>' for figure in _figures(row))
        body += f"<tr>{cells}</tr>"
    return (
        f'<div class="scroll"><table><thead><tr>{head}</tr></thead>'
        f"<tbody>{body}</tbody></table></div>"
    )


def _figures(row: AccuracyRow) -> tuple[str, ...]:
    return (
        count(row.signals),
        count(row.known),
        fraction(row.hit_rate, 1),
        _interval(100 * row.hit_low, 100 * row.hit_high),
        fraction(row.base_rate, 1),
        number(row.mean_bps, 1),
        _interval(row.mean_low_bps, row.mean_high_bps),
    )


def _group(row: AccuracyRow) -> str:
    if row.kind is BinKind.LEVEL:
        return Level(row.bin).name
    return f"{number(row.low, 2)}\N{EN DASH}{number(row.high, 2)}"


def _horizon(seconds: float) -> str:
    return f"{seconds:.0f} s" if seconds < 60 else f"{seconds / 60:.0f} min"


def _interval(low: float, high: float) -> str:
    if math.isnan(low):
        return UNKNOWN
    return f"{number(low, 1)} to {number(high, 1)}"


def _sessions(accuracy: Accuracy) -> str:
    return f"{count(accuracy.sessions)} session{'' if accuracy.sessions == 1 else 's'}"
