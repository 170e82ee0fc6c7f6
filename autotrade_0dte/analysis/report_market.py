"""The report's sections on the market's state and the signals."""

import html
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from autotrade_0dte.analysis import wording
from autotrade_0dte.analysis.display import UNKNOWN, count, fraction, money, number
from autotrade_0dte.market_state.state import Level
from autotrade_0dte.signals.signal import FACTORS, SignalRefusal

__all__ = ["FACTOR_COLUMNS", "factor_headings", "factor_rows", "level_rows", "refusal_rows"]
__all__ += ["signal_rows", "transition_rows"]

FACTOR_COLUMNS = (
    *("track", "direction"),
    *(f"{factor}_{part}" for factor in FACTORS for part in ("value", "confidence")),
)
"""Columns of the table of signals that the table of factors is made of."""


def level_rows(summary: Mapping[str, Any]) -> str:
    """Return a row for each level: its time, the changes to it, and the trades entered at it."""
    seconds, changes = summary["level_seconds"], summary["transitions"]
    total = sum(seconds.values())
    rows = []
    for level in Level:
        entered = sum(n for name, n in changes.items() if name.endswith(f" to {level.name}"))
        made = summary["by_level"].get(level.name, {"trades": 0, "net_pnl": None})
        rows.append(
            (
                wording.LEVEL_WORDS[level],
                _span(seconds[level.name]),
                fraction(seconds[level.name] / total if total else None, 1),
                count(entered),
                count(made["trades"]),
                money(made["net_pnl"], signed=True),
            )
        )
    return _rows(rows)


def transition_rows(summary: Mapping[str, Any]) -> str:
    """Return a row for each change of level and how often it happened."""
    return _rows([(name, count(times)) for name, times in summary["transitions"].items()])


def signal_rows(summary: Mapping[str, Any]) -> str:
    """Return a row for each track: its signals, those that could be acted on, its trades."""
    rows = []
    for track, counts in _by_track(summary):
        made = summary["by_track"].get(track, {"trades": 0, "net_pnl": None})
        rows.append(
            (
                track,
                count(counts["signals"]),
                count(counts["actionable"]),
                count(made["trades"]),
                money(made["net_pnl"], signed=True),
            )
        )
    return _rows(rows)


def refusal_rows(summary: Mapping[str, Any]) -> str:
    """Return a row for each track and refusal, in words: how many signals met it."""
    rows = []
    for track, counts in _by_track(summary):
        ranked = sorted(counts["refused"].items(), key=lambda item: -item[1])
        rows += [
            (track, wording.REFUSAL_WORDS[SignalRefusal(code)], code, count(times))
            for code, times in ranked
        ]
    return _rows(rows, texts=3)


def factor_rows(signals: pa.Table) -> str:
    """Return a row for each factor: how it spoke in the recorded signals with a direction.

    For each track: the share in which it was known, and its mean opinion in the signal's direction,
    weighted by its confidence.
    """
    tracks = sorted(signals["track"].unique().to_pylist(), reverse=True)
    parts = {
        track: signals.filter(
            pc.and_(pc.equal(signals["track"], track), pc.not_equal(signals["direction"], 0))
        )
        for track in tracks
    }
    rows = []
    for factor in FACTORS:
        cells = [wording.FACTOR_WORDS[factor]]
        for track in tracks:
            own = parts[track]
            value = own[f"{factor}_value"].to_numpy()
            weight = np.nan_to_num(own[f"{factor}_confidence"].to_numpy())
            known = ~np.isnan(value) & (weight > 0)
            share = float(known.mean()) if len(known) else None
            weight = np.where(known, weight, 0.0)
            side = np.where(known, value, 0.0) * own["direction"].to_numpy()
            mean = float((side * weight).sum() / weight.sum()) if weight.any() else None
            cells += [fraction(share, 0), number(mean, 2)]
        rows.append(tuple(cells))
    return _rows(rows)


def factor_headings(signals: pa.Table) -> str:
    """Return the headings of the columns of `factor_rows`."""
    tracks = sorted(signals["track"].unique().to_pylist(), reverse=True)
    return "".join(
        f'<th class="n">{html.escape(track)}: known</th>'
        f'<th class="n">{html.escape(track)}: its way</th>'
        for track in tracks
    )


def _by_track(summary: Mapping[str, Any]) -> list[tuple[str, Mapping[str, Any]]]:
    """Return the counts of signals of each track, the regular one first."""
    return sorted(summary["signals"].items(), reverse=True)


def _span(seconds: float) -> str:
    if seconds < 60:
        return f"{seconds:.0f} s" if seconds else UNKNOWN
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours:,} h {minutes:02d} min" if hours else f"{minutes} min"


def _rows(rows: Iterable[Sequence[str]], texts: int = 1) -> str:
    """Write rows of a table, whose columns from `texts` on are figures."""
    return "".join(
        "<tr>"
        + "".join(
            f'<td class="{"n" if at >= texts else ""}">{html.escape(text)}</td>'
            for at, text in enumerate(row)
        )
        + "</tr>"
        for row in rows
    )
