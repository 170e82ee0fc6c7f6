"""Charts of the report as plain plotly figure dictionaries (data and layout).

Times on axes are New York wall clock; money is dollars.
"""

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from autotrade_0dte.analysis.chart_style import (
    BLUE,
    GAIN,
    GRID,
    LOSS,
    MONEY,
    MUTED,
    Figure,
    empty_figure,
    grouped_figure,
    layout,
    money_bars,
    rounded,
    y_axis,
)
from autotrade_0dte.analysis.costs import Costs
from autotrade_0dte.analysis.display import money
from autotrade_0dte.analysis.metrics import drawdown_curve
from autotrade_0dte.analysis.summary import joined_equity
from autotrade_0dte.analysis.tables import by_session
from autotrade_0dte.analysis.trades import Trade
from autotrade_0dte.calendar import new_york_ns

__all__ = ["costs_figure", "decimate", "entry_hour_figure", "equity_figure", "local_ms"]
__all__ += ["net_figure", "session_figure_layout", "session_paths", "session_pnl_figure"]
__all__ += ["time_axis"]

_EQUITY_POINTS = 3_000
_PATH_POINTS = 40_000
"""Points of all sessions' paths together; more only makes the file heavier, not clearer."""


def equity_figure(equity: pa.Table, starting_cash: float) -> Figure:
    """Draw the joined equity curve, and below it how far it lies under its peak."""
    dates, curve = joined_equity(equity, starting_cash)
    fall = drawdown_curve(curve)
    keep = np.union1d(decimate(curve, _EQUITY_POINTS), decimate(fall, _EQUITY_POINTS))
    local = local_ms(equity["ts_event"].cast(pa.int64()).to_numpy(), dates)
    x, axis = time_axis(local, dates, keep)
    when = np.datetime_as_string(local[keep].astype("datetime64[ms]"), unit="m")
    text = [stamp.replace("T", " ") for stamp in when.tolist()]
    line = {"type": "scatter", "mode": "lines", "x": x, "text": text}
    return {
        "data": [
            line
            | {
                "name": "Equity",
                "y": rounded(curve[keep], 2),
                "line": {"color": BLUE, "width": 1.6},
                "hovertemplate": "%{text}<br>equity %{y:$,.2f}<extra></extra>",
            },
            line
            | {
                "name": "Drawdown",
                "y": rounded(-fall[keep], 2),
                "yaxis": "y2",
                "fill": "tozeroy",
                "fillcolor": "rgba(194,64,42,0.16)",
                "line": {"color": LOSS, "width": 1},
                "hovertemplate": "%{text}<br>below peak %{y:$,.2f}<extra></extra>",
            },
        ],
        "layout": layout(
            420,
            xaxis=axis | {"anchor": "y2"},
            yaxis=y_axis("Equity ($)", domain=[0.36, 1.0], tickformat=MONEY),
            yaxis2=y_axis("Drawdown ($)", domain=[0.0, 0.28], tickformat=MONEY, nticks=4),
        ),
    }


def session_pnl_figure(rows: Sequence[Mapping[str, Any]]) -> Figure:
    """Draw net P&L by session."""
    net = [row["net_pnl"] for row in rows]
    detail = [[row["gross_pnl"], row["fees"], row["trades"]] for row in rows]
    bars = money_bars([row["session"] for row in rows], net)
    bars["customdata"] = detail
    bars["hovertemplate"] = (
        "%{x}<br>net %{y:$,.2f}<br>gross %{customdata[0]:$,.2f}"
        "<br>fees %{customdata[1]:$,.2f}<br>%{customdata[2]} trades<extra></extra>"
    )
    return {
        "data": [bars],
        "layout": layout(
            280,
            xaxis={"type": "category", "nticks": 12, "tickangle": 0, "showgrid": False},
            yaxis=y_axis("Net P&L ($)", tickformat=MONEY),
            bargap=max(0.2, 1 - 0.08 * len(rows)),
        ),
    }


def entry_hour_figure(trades: Sequence[Trade]) -> Figure:
    """Draw net P&L of closed trades by the New York hour in which they were opened."""
    if not trades:
        return empty_figure("No closed trades")
    sums: dict[int, list[float]] = {hour: [] for hour in range(9, 16)}
    for trade in trades:
        opened = local_ms(np.array([trade.opened_ns]), np.array([trade.session], "datetime64[D]"))
        sums.setdefault(int(opened[0]) // 3_600_000 % 24, []).append(trade.net_pnl)
    labels = {hour: f"{hour:02d}-{hour + 1:02d}" for hour in sums} | {9: "09:30-10"}
    return grouped_figure(
        [(labels[hour], sums[hour]) for hour in sorted(sums)], "hour of entry, New York"
    )


def net_figure(groups: Mapping[str, Sequence[float]], title: str) -> Figure:
    """Draw net P&L and number of closed trades by group, the best first."""
    if not groups:
        return empty_figure("No closed trades")
    return grouped_figure(sorted(groups.items(), key=lambda item: -sum(item[1])), title)


def costs_figure(gross: float, net: float, costs: Costs) -> Figure:
    """Draw the way from P&L at mid prices (if the spread is known) over gross to net."""
    steps = [("Gross", "absolute", gross), ("Fees", "relative", -costs.fees)]
    if costs.spread is not None:
        steps = [
            ("At mid", "absolute", gross + costs.spread),
            ("Spread", "relative", -costs.spread),
            ("Gross", "total", gross),
            steps[1],
        ]
    steps.append(("Net", "total", net))
    names, measures, values = (list(column) for column in zip(*steps, strict=True))
    fall = {"type": "waterfall", "x": names, "measure": measures, "y": rounded(values, 2)}
    return {
        "data": [
            fall
            | {
                "text": [money(value) for value in values],
                "textposition": "outside",
                "cliponaxis": False,
                "connector": {"line": {"color": MUTED, "width": 1}},
                "increasing": {"marker": {"color": GAIN}},
                "decreasing": {"marker": {"color": LOSS}},
                "totals": {"marker": {"color": BLUE}},
                "hovertemplate": "%{x}<br>%{text}<extra></extra>",
            }
        ],
        "layout": layout(
            300,
            xaxis={"type": "category", "showgrid": False, "tickangle": 0},
            yaxis=y_axis("P&L ($)", tickformat=MONEY),
        ),
    }


def session_figure_layout(underlying: str) -> Figure:
    """Return the layout of the session view, whose data the page fills in for the session shown."""
    return layout(
        820,
        xaxis={"type": "date", "tickformat": "%H:%M", "gridcolor": GRID, "anchor": "y3"}
        | {"title": {"text": "New York time"}},
        yaxis=y_axis(f"{underlying} ($)", domain=[0.60, 1.0], tickformat=",.2f"),
        yaxis2=y_axis("ATM IV (%)", domain=[0.155, 0.265], ticksuffix="%", nticks=4),
        yaxis3=y_axis(
            "Spread (%)", domain=[0.0, 0.11], ticksuffix="%", nticks=4, rangemode="tozero"
        ),
        yaxis4={"domain": [0.31, 0.56], "autorange": "reversed", "automargin": True}
        | {"showgrid": False, "tickfont": {"size": 11}},
        showlegend=True,
        legend={"orientation": "h", "x": 0, "y": 1.06},
    )


def session_paths(
    states: pa.Table, trades: Sequence[Trade], sessions: Sequence[str]
) -> list[dict[str, Any]]:
    """Return what the session view draws, one entry for each of `sessions` (ISO dates).

    Each holds `session`, columns `t` (seconds since midnight in New York), `spot` ($), `iv` and
    `spread` (%), thinned for display, and `trades` with times and the spot at those times.
    """
    cut = {date.isoformat(): table for date, table in by_session(states).items()}
    made: defaultdict[str, list[Trade]] = defaultdict(list)
    for trade in trades:
        made[trade.session].append(trade)
    most = min(600, _PATH_POINTS // max(1, len(sessions)))
    empty = states.slice(0, 0)
    return [_path(day, cut.get(day, empty), made[day], most) for day in sessions]


def local_ms(ns: NDArray[np.int64], dates: NDArray[np.datetime64]) -> NDArray[np.int64]:
    """Turn UTC ns of sessions into New York wall clock, as ms since the epoch of a clock at UTC.

    A session lies within one UTC offset: clocks change on Sundays.
    """
    offset = np.zeros(len(ns), np.int64)
    for date in np.unique(dates):
        noon = dt.time(12, 0)
        utc = int(date.astype("datetime64[ns]").astype(np.int64)) + 12 * 3_600_000_000_000
        offset[dates == date] = utc - new_york_ns(date.item(), noon)
    return (ns + offset) // 1_000_000


def decimate(values: NDArray[np.float64], most: int) -> NDArray[np.intp]:
    """Return about `most` row numbers that keep the shape: each bucket's least and greatest value.

    The first and the last row are always among them; NaN rows are passed over.
    """
    count = len(values)
    if count <= most:
        return np.arange(count)
    buckets = max(1, most // 2)
    width = -(-count // buckets)
    padded = np.full(buckets * width, np.nan)
    padded[:count] = values
    grid = padded.reshape(buckets, width)
    starts = np.arange(buckets) * width
    low = starts + np.where(np.isnan(grid), np.inf, grid).argmin(axis=1)
    high = starts + np.where(np.isnan(grid), -np.inf, grid).argmax(axis=1)
    ends = np.array([0, count - 1])
    return np.unique(np.concatenate([ends, low, high]).clip(0, count - 1))


def _path(day: str, states: pa.Table, trades: Sequence[Trade], most: int) -> dict[str, Any]:
    ns = states["ts_event"].cast(pa.int64()).to_numpy()
    spot = states["spot"].to_numpy()
    keep = decimate(spot, most)
    date = np.array([day], "datetime64[D]")
    return {
        "session": day,
        "t": (local_ms(ns[keep], np.repeat(date, len(keep))) // 1_000 % 86_400).tolist(),
        "spot": rounded(spot[keep], 2),
        "iv": rounded(100 * states["atm_iv"].to_numpy()[keep], 2),
        "spread": rounded(100 * states["spread_fraction"].to_numpy()[keep], 2),
        "trades": [
            {
                "opened": _moment(trade.opened_ns, date),
                "closed": _moment(trade.closed_ns, date),
                "spot_opened": _spot_at(trade.opened_ns, ns, spot),
                "spot_closed": _spot_at(trade.closed_ns, ns, spot),
                "net": None if trade.closed_ns is None else round(trade.net_pnl, 2),
                "label": f"{' / '.join(trade.instruments)}<br>{trade.side} {trade.quantity}",
                "reason": trade.exit_reason,
            }
            for trade in trades
        ],
    }


def _moment(ns: int | None, date: NDArray[np.datetime64]) -> int | None:
    return None if ns is None else int(local_ms(np.array([ns]), date)[0]) // 1_000 % 86_400


def _spot_at(ns: int | None, times: NDArray[np.int64], spot: NDArray[np.float64]) -> float | None:
    """Return the spot between the states around an instant; None when there is none known."""
    known = ~np.isnan(spot)
    if ns is None or not known.any():
        return None
    return round(float(np.interp(ns, times[known], spot[known])), 2)


def time_axis(
    local: NDArray[np.int64], dates: NDArray[np.datetime64], keep: NDArray[np.intp]
) -> tuple[Any, Figure]:
    """Return x values and axis: the clock for one session, else sessions side by side.

    Every session gets the same width, so neither nights nor holidays leave gaps.
    """
    gridded = {"gridcolor": GRID, "zeroline": False}
    if len(dates) == 0 or dates[0] == dates[-1]:
        title = {"text": "New York time"}
        return local[keep].tolist(), {
            "type": "date",
            "tickformat": "%H:%M",
            "title": title,
        } | gridded
    days, number = np.unique(dates, return_inverse=True)
    first, last = (
        reduce.reduceat(local, np.flatnonzero(np.diff(number, prepend=-1)))
        for reduce in (np.minimum, np.maximum)
    )
    share = (local - first[number]) / np.maximum(last - first, 1)[number]
    step = -(-len(days) // 10)
    ticks = np.arange(0, len(days), step)
    axis = {
        "tickvals": ticks.tolist(),
        "ticktext": days[ticks].astype(str).tolist(),
        "tickangle": 0,
        "title": {"text": "session"},
        "range": [0, len(days)],
    }
    # Just under 1, so that a session's close does not fall on the next one's open.
    return np.round(number + 0.999 * share, 4)[keep].tolist(), axis | gridded
