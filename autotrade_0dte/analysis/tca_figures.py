"""Charts of transaction costs for the report."""

import math
from collections.abc import Sequence

from autotrade_0dte.analysis import tca_wording as words
from autotrade_0dte.analysis.chart_style import (
    BLUE,
    GAIN,
    LOSS,
    MONEY,
    MUTED,
    Figure,
    empty_figure,
    layout,
    rounded,
    y_axis,
)
from autotrade_0dte.analysis.display import money
from autotrade_0dte.analysis.tca_groups import CostGroup, Mean, Tca

__all__ = ["half_hour_figure", "markout_figure", "waterfall_figure"]


def waterfall_figure(total: CostGroup) -> Figure:
    """Draw the way from the mid at the decision to what orders cost in all."""
    steps = words.waterfall(total)
    sums = (words.SHORTFALL, words.TOTAL)
    if not total.complete:
        return empty_figure("The market of no order is fully known")
    bars = {
        "type": "waterfall",
        "x": [name for name, _, _ in steps],
        "measure": ["total" if name in sums else "relative" for name, _, _ in steps],
        "y": rounded([dollars for _, dollars, _ in steps], 2),
        "text": [money(dollars) for _, dollars, _ in steps],
        "customdata": [note for _, _, note in steps],
        "textposition": "outside",
        "cliponaxis": False,
        "connector": {"line": {"color": MUTED, "width": 1}},
        "increasing": {"marker": {"color": LOSS}},
        "decreasing": {"marker": {"color": GAIN}},
        "totals": {"marker": {"color": BLUE}},
        "hovertemplate": "%{x} %{text}<br>%{customdata}<extra></extra>",
    }
    return {
        "data": [bars],
        "layout": layout(
            420,
            # Seven names beside each other, on half the width of the page.
            xaxis={"type": "category", "showgrid": False, "tickangle": 0, "tickfont": {"size": 10}},
            yaxis=y_axis("Cost ($)", tickformat=MONEY),
        ),
    }


def half_hour_figure(groups: Sequence[CostGroup]) -> Figure:
    """Draw mean slippage by the half hour of the decision, with its interval where there is one."""
    known = [group for group in groups if group.slippage.known]
    if not known:
        return empty_figure("No order with a known slippage")
    means = [group.slippage for group in known]
    bars = {
        "type": "bar",
        "x": [group.name for group in known],
        "y": rounded([100 * mean.value for mean in means], 1),
        "marker": {"color": [LOSS if mean.value > 0 else GAIN for mean in means]},
        "error_y": _errors(means, 100),
        "text": [str(mean.known) for mean in means],
        "textposition": "outside",
        "cliponaxis": False,
        "hovertemplate": "%{x}<br>%{y:.1f} % of the spread<br>%{text} orders<extra></extra>",
    }
    touch = {"type": "line", "xref": "paper", "x0": 0, "x1": 1, "y0": 50, "y1": 50}
    touch |= {"line": {"color": MUTED, "width": 1, "dash": "dot"}}
    return {
        "data": [bars],
        "layout": layout(
            300,
            xaxis={"type": "category", "showgrid": False, "tickangle": 0}
            | {"title": {"text": "half hour of the decision, New York"}},
            yaxis=y_axis("Slippage (% of spread)", ticksuffix="%"),
            bargap=max(0.25, 1 - 0.08 * len(known)),
            shapes=[touch],
        ),
    }


def markout_figure(found: Tca) -> Figure:
    """Draw what a fill was worth against its price, at the fill and after it, a share."""
    total = found.total
    if not total.effective.known:
        return empty_figure("No fill with a known quote")
    names = ["fill", *map(words.horizon, found.horizons_s)]
    # Twice the distance is the spread; what was paid beyond the mid is a loss.
    means = [_times(mean, -0.5) for mean in (total.effective, *total.realised)]
    line = {
        "type": "scatter",
        "mode": "lines+markers+text",
        "x": names,
        "y": [None if math.isnan(mean.value) else round(mean.value, 2) for mean in means],
        "line": {"color": BLUE, "width": 2},
        "marker": {"size": 8},
        "error_y": _errors(means, 1),
        "text": [str(mean.known) for mean in means],
        "textposition": "top center",
        "cliponaxis": False,
        "hovertemplate": "%{x}<br>%{y:+.2f} cents a share<br>%{text} orders<extra></extra>",
    }
    return {
        "data": [line],
        "layout": layout(
            300,
            xaxis={"type": "category", "showgrid": False, "title": {"text": "after the fill"}},
            yaxis=y_axis("Worth less price (cents)", zeroline=True, range=_padded(means)),
        ),
    }


def _times(mean: Mean, factor: float) -> Mean:
    ends = sorted((factor * mean.low, factor * mean.high))
    return Mean(factor * mean.value, ends[0], ends[1], mean.known)


def _padded(means: Sequence[Mean]) -> list[float]:
    """Return a range with room for the figures above the points, and with 0 in it."""
    ends = [end for mean in means for end in (mean.value, mean.low, mean.high)]
    known = [0.0, *(end for end in ends if not math.isnan(end))]
    room = 0.15 * (max(known) - min(known)) or 1.0
    return [round(min(known) - room, 3), round(max(known) + room, 3)]


def _errors(means: Sequence[Mean], scale: float) -> Figure:
    def beyond(end: float, mean: Mean) -> float:
        return 0.0 if math.isnan(end) else scale * abs(end - mean.value)

    return {
        "type": "data",
        "symmetric": False,
        "array": rounded([beyond(mean.high, mean) for mean in means], 3),
        "arrayminus": rounded([beyond(mean.low, mean) for mean in means], 3),
        "visible": any(not math.isnan(mean.low) for mean in means),
        "color": MUTED,
    }
