"""The report's section on what the risk controller said."""

import html
import json
from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from autotrade_0dte.analysis.display import UNKNOWN, clock, count, fraction, money, number

__all__ = ["risk_section"]

_MOST_CHANGES = 60


def risk_section(summary: Mapping[str, Any], changes: pa.Table) -> str:
    """Return the section as HTML for the page's styles; `changes` is the table `risk`."""
    risk = summary["risk"]
    total = sum(risk["mode_seconds"].values())
    modes = "".join(
        _row((name, _minutes(seconds), fraction(seconds / total if total else None, 1)), texts=1)
        for name, seconds in risk["mode_seconds"].items()
    )
    facts = "".join(
        _row(pair, texts=2)
        for pair in (
            ("Strictest mode", risk["strictest"]),
            ("Triggers that began", _counted(risk["begun"])),
            ("Orders denied", _counted(risk["denied"])),
            ("Largest loss in the worst scenario", money(risk["worst_loss"])),
            *(
                (f"Stress {name}, most it would cost", money(loss))
                for name, loss in risk["stress_losses"].items()
            ),
        )
    )
    return (
        '<section class="long" id="risk"><h2>Risk</h2><p class="explain">What the risk controller'
        " allowed: the strictest of all triggers that stood. Figures are those it was judged by."
        f'</p><div class="pair"><div><table><thead><tr><th>Mode</th><th class="n">Time</th>'
        f'<th class="n">Share</th></tr></thead><tbody>{modes}</tbody></table></div>'
        f"<div><table><tbody>{facts}</tbody></table></div></div>{_changes(changes)}</section>"
    )


def _counted(times: Mapping[str, int]) -> str:
    return ", ".join(f"{name} {count(each)}" for name, each in times.items()) or "none"


def _changes(changes: pa.Table) -> str:
    if not len(changes):
        return ""
    shown = changes.slice(0, _MOST_CHANGES)
    times = shown["ts_event"].cast(pa.int64()).to_pylist()
    rows = "".join(
        _row(
            (
                row["session"].isoformat(),
                clock(at_ns),
                row["trigger"],
                "begins" if row["begins"] else "ends",
                row["asks"],
                row["mode"],
                _figures(row["figures"]),
                row["text"],
            ),
            texts=8,
        )
        for at_ns, row in zip(times, shown.drop_columns(["ts_event"]).to_pylist(), strict=True)
    )
    left = len(changes) - len(shown)
    more = f'<p class="explain">and {count(left)} more, in risk.parquet</p>' if left else ""
    heads = ("Session", "Time", "Trigger", "", "Asks for", "Mode", "Figures", "Said")
    titles = "".join(f"<th>{head}</th>" for head in heads)
    return (
        f'<div class="scroll"><table><thead><tr>{titles}</tr></thead><tbody>{rows}</tbody></table>'
        f"</div>{more}"
    )


def _figures(encoded: str) -> str:
    found = json.loads(encoded)
    return ", ".join(
        f"{name} {UNKNOWN if value is None else number(value, 3)}" for name, value in found.items()
    )


def _minutes(seconds: float) -> str:
    return f"{number(seconds / 60, 0)} min"


def _row(cells: tuple[str, ...], *, texts: int) -> str:
    """Write a row of a table, whose cells from `texts` on are figures."""
    return (
        "<tr>"
        + "".join(
            f'<td class="{"n" if at >= texts else ""}">{html.escape(cell)}</td>'
            for at, cell in enumerate(cells)
        )
        + "</tr>"
    )
