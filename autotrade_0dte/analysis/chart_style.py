"""How the charts of the report look: colors, axes, layout, and charts of the simplest kinds."""

from collections.abc import Sequence
from typing import Any

import numpy as np

__all__ = ["BLUE", "GAIN", "GRID", "LOSS", "MONEY", "MUTED", "Figure", "empty_figure"]
__all__ += ["grouped_figure", "layout", "money_bars", "rounded", "y_axis"]

Figure = dict[str, Any]

GAIN = "#0b7a5b"
LOSS = "#c2402a"
BLUE = "#2457a6"
MUTED = "#7b8794"
GRID = "#e6e9ee"
MONEY = "$,.2~f"
"""Format of dollars on an axis."""


def empty_figure(message: str) -> Figure:
    """Say in a chart's place why there is nothing to draw."""
    hidden = {"visible": False}
    note = {"text": message, "showarrow": False, "xref": "paper", "yref": "paper"}
    note |= {"x": 0.5, "y": 0.5, "font": {"size": 15, "color": MUTED}}
    return {"data": [], "layout": layout(120, xaxis=hidden, yaxis=hidden, annotations=[note])}


def grouped_figure(groups: Sequence[tuple[str, Sequence[float]]], title: str) -> Figure:
    """Draw the sum of each group in dollars, and the number of its members."""
    columns = money_bars([name for name, _ in groups], [sum(values) for _, values in groups])
    columns["text"] = [f"{len(values)}" if values else "" for _, values in groups]
    columns["textposition"] = "outside"
    columns["cliponaxis"] = False
    columns["hovertemplate"] = "%{x}<br>net %{y:$,.2f}<br>%{text} trades<extra></extra>"
    return {
        "data": [columns],
        "layout": layout(
            280,
            xaxis={"type": "category", "title": {"text": title}, "showgrid": False},
            yaxis=y_axis("Net P&L ($)", tickformat=MONEY),
            bargap=max(0.2, 1 - 0.16 * len(groups)),
        ),
    }


def money_bars(x: Sequence[str], y: Sequence[float]) -> Figure:
    """Return bars of dollars, gains in another color than losses."""
    colors = [GAIN if value >= 0 else LOSS for value in y]
    return {"type": "bar", "x": list(x), "y": rounded(y, 2), "marker": {"color": colors}}


def y_axis(title: str, **more: Any) -> Figure:
    """Return an upright axis."""
    head = {"title": {"text": title, "standoff": 8}, "automargin": True}
    return head | {"gridcolor": GRID, "zerolinecolor": "#9aa5b1"} | more


def layout(height: int, **more: Any) -> Figure:
    """Return a layout in the report's style; `height` in pixels."""
    return {
        "height": height,
        "margin": {"l": 78, "r": 20, "t": 26, "b": 48},
        "paper_bgcolor": "#ffffff",
        "plot_bgcolor": "#ffffff",
        "font": {"family": "system-ui, 'Segoe UI', Roboto, sans-serif", "size": 12.5}
        | {"color": "#1f2933"},
        "showlegend": False,
        "hoverlabel": {"align": "left"},
    } | more


def rounded(values: Any, digits: int) -> list[float]:
    """Round figures for the page, where more digits only make the file heavier."""
    short: list[float] = np.round(np.asarray(values, np.float64), digits).tolist()
    return short
