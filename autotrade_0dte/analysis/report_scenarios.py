"""The report's section on the fill scenarios: their figures and equity curves, side by side."""

import html
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from autotrade_0dte.analysis.chart_style import (
    BLUE,
    GAIN,
    LOSS,
    MONEY,
    Figure,
    layout,
    rounded,
    y_axis,
)
from autotrade_0dte.analysis.display import count, fraction, money
from autotrade_0dte.analysis.figures import decimate, local_ms, time_axis
from autotrade_0dte.analysis.scenarios import VERDICT_WORDS, FillVerdict, scenario_equity
from autotrade_0dte.analysis.summary import joined_equity
from autotrade_0dte.execution.fills import FillScenario

__all__ = ["scenario_charts", "scenario_section"]

_POINTS = 1_500
_COLORS = {
    FillScenario.OPTIMISTIC: GAIN,
    FillScenario.BASE: BLUE,
    FillScenario.PESSIMISTIC: LOSS,
}
_HEADINGS = (
    "Fills", "Net", "Gross", "Fees", "Trades", "Entries filled", "Win rate", "Max drawdown",
    "Winning sessions", "Result",
)  # fmt: skip


def scenario_section(summary: Mapping[str, Any]) -> str:
    """Return the section as HTML, nothing where the run has one scenario only."""
    found = summary.get("scenarios", {})
    if len(found) < 2:
        return ""
    verdict = FillVerdict(summary["fill_verdict"])
    headings = "".join(
        f"<th{' class="n"' if 0 < at < len(_HEADINGS) - 1 else ''}>{name}</th>"
        for at, name in enumerate(_HEADINGS)
    )
    rows = "".join(_row(name, figures) for name, figures in found.items())
    return (
        f'<section><h2>Fill scenarios</h2><p class="explain">The same sessions under three beliefs '
        f"about fills. <b>{verdict}</b>: {html.escape(VERDICT_WORDS[verdict])}. Everything else on "
        f"this page is the base.</p>"
        f'<div class="scroll"><table><thead><tr>{headings}</tr></thead>'
        f'<tbody>{rows}</tbody></table></div><div id="scenarios"></div></section>'
    )


def scenario_charts(run_folder: Path, starting_cash: float) -> dict[str, Figure]:
    """Draw the joined equity of every scenario, nothing where the run has one only."""
    curves = scenario_equity(run_folder)
    if len(curves) < 2:
        return {}
    lines: list[Figure] = []
    axis: Figure = {}
    for scenario, equity in curves.items():
        dates, curve = joined_equity(equity, starting_cash)
        keep = decimate(curve, _POINTS)
        local = local_ms(equity["ts_event"].cast(pa.int64()).to_numpy(), dates)
        x, axis = time_axis(local, dates, keep)
        when = np.datetime_as_string(local[keep].astype("datetime64[ms]"), unit="m")
        lines.append(
            {
                "type": "scatter",
                "mode": "lines",
                "name": str(scenario),
                "x": x,
                "y": rounded(curve[keep], 2),
                "text": [stamp.replace("T", " ") for stamp in when.tolist()],
                "line": {"color": _COLORS[scenario], "width": 1.6},
                "hovertemplate": f"%{{text}}<br>{scenario} %{{y:$,.2f}}<extra></extra>",
            }
        )
    style = layout(
        320,
        xaxis=axis,
        yaxis=y_axis("Equity ($)", tickformat=MONEY),
        showlegend=True,
        legend={"orientation": "h", "x": 0, "y": 1.12},
    )
    return {"scenarios": {"data": lines, "layout": style}}


def _row(name: str, figures: Mapping[str, Any]) -> str:
    net = figures["net_pnl"]
    tone = "good" if net > 0 else "bad" if net < 0 else ""
    cells = [
        (name, ""),
        (money(net, signed=True), f"n {tone}"),
        (money(figures["gross_pnl"], signed=True), "n"),
        (money(figures["fees"]), "n"),
        (count(figures["trades"]), "n"),
        (fraction(figures["fill_ratio"], 1), "n"),
        (fraction(figures["win_rate"], 1), "n"),
        (money(figures["max_drawdown"]), "n"),
        (count(figures["winning_sessions"]), "n"),
        ("clean" if figures["clean"] else "UNCLEAN", "" if figures["clean"] else "bad"),
    ]
    return (
        "<tr>" + "".join(f'<td class="{kind}">{html.escape(t)}</td>' for t, kind in cells) + "</tr>"
    )
