"""The market's state in the charts of the report: bands of levels and a strip of evidence."""

from collections.abc import Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from autotrade_0dte.analysis.chart_style import Figure, empty_figure, layout, y_axis
from autotrade_0dte.analysis.figures import local_ms
from autotrade_0dte.analysis.tables import by_session
from autotrade_0dte.market_state.state import CHANNELS, Level

__all__ = ["EVIDENCE_COLUMNS", "LEVEL_COLORS", "level_time_figure", "market_paths"]

EVIDENCE_COLUMNS = ("level", *(f"{channel}_score" for channel in CHANNELS))
"""Columns of the table of states that the bands and the strip are made of."""

LEVEL_COLORS = {
    Level.CALM: "#dfe5ea",
    Level.L1: "#f6d55c",
    Level.L2: "#ed8b3a",
    Level.L3: "#c2402a",
}

_STRIP_CELLS = 12_000
"""Cells of all sessions' strips in a row of a channel; more only makes the file heavier."""

_MOST_BINS = 195
_FEWEST_BINS = 39
_SECONDS_A_DAY = 86_400


def market_paths(states: pa.Table, sessions: Sequence[str]) -> list[dict[str, Any]]:
    """Return what the session view draws of the market's state, one entry for each session.

    Each holds `bands` (begin, end, level: seconds since midnight in New York, of levels above
    CALM) and `strip`: `t`, the middles of its bins, and `z`, the greatest score of each channel in
    each bin, None where it is unknown.
    """
    cut = {date.isoformat(): table for date, table in by_session(states).items()}
    bins = int(np.clip(_STRIP_CELLS // max(1, len(sessions)), _FEWEST_BINS, _MOST_BINS))
    return [_market(day, cut.get(day, states.slice(0, 0)), bins) for day in sessions]


def level_time_figure(sessions: Sequence[str], states: pa.Table) -> Figure:
    """Draw what share of each session was spent above CALM, by level."""
    shares = {date.isoformat(): _shares(table) for date, table in by_session(states).items()}
    if not any(share[1:].any() for share in shares.values()):
        return empty_figure("The market was calm all the time")
    none = np.zeros(len(Level))
    bars = [
        {
            "type": "bar",
            "name": level.name,
            "x": list(sessions),
            "y": [round(100 * float(shares.get(day, none)[level]), 2) for day in sessions],
            "marker": {"color": LEVEL_COLORS[level]},
            "hovertemplate": "%{x}<br>" + level.name + " %{y:.1f} %<extra></extra>",
        }
        for level in Level
        if level is not Level.CALM
    ]
    return {
        "data": bars,
        "layout": layout(
            280,
            xaxis={"type": "category", "nticks": 8, "tickangle": 0, "showgrid": False},
            yaxis=y_axis("share of the session (%)", rangemode="tozero"),
            barmode="stack",
            bargap=max(0.2, 1 - 0.08 * len(sessions)),
            showlegend=True,
            legend={"orientation": "h", "x": 0, "y": 1.16, "traceorder": "normal"},
        ),
    }


def _market(day: str, states: pa.Table, bins: int) -> dict[str, Any]:
    ns = states["ts_event"].cast(pa.int64()).to_numpy()
    if len(ns) == 0:
        return {"bands": [], "strip": {"t": [], "z": [[] for _ in CHANNELS]}}
    date = np.array([day], "datetime64[D]")
    seconds = local_ms(ns, np.repeat(date, len(ns))) / 1_000 % _SECONDS_A_DAY
    edges = np.linspace(seconds[0], seconds[-1], bins + 1)
    place = np.clip(np.searchsorted(edges, seconds, side="right") - 1, 0, bins - 1)
    return {
        "bands": _bands(seconds, states["level"].to_numpy()),
        "strip": {
            "t": np.round((edges[:-1] + edges[1:]) / 2).astype(int).tolist(),
            "z": [
                _greatest(states[f"{channel}_score"].to_numpy(), place, bins)
                for channel in CHANNELS
            ],
        },
    }


def _bands(seconds: NDArray[np.float64], level: NDArray[np.int8]) -> list[list[float]]:
    starts = np.flatnonzero(np.diff(level, prepend=-1))
    ends = np.append(starts[1:], len(level) - 1)
    return [
        [round(float(seconds[begin]), 1), round(float(seconds[end]), 1), int(level[begin])]
        for begin, end in zip(starts.tolist(), ends.tolist(), strict=True)
        if level[begin] != Level.CALM
    ]


def _greatest(
    scores: NDArray[np.float64], place: NDArray[np.intp], bins: int
) -> list[float | None]:
    found = np.full(bins, -np.inf)
    known = ~np.isnan(scores)
    np.maximum.at(found, place[known], scores[known])
    return [None if value == -np.inf else round(value, 1) for value in found.tolist()]


def _shares(states: pa.Table) -> NDArray[np.float64]:
    times = states["ts_event"].cast(pa.int64()).to_numpy()
    held = np.zeros(len(Level))
    np.add.at(held, states["level"].to_numpy()[:-1], np.diff(times).astype(np.float64))
    return held / held.sum() if held.any() else held
