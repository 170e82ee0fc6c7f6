"""What the market's states, the signals and the trades that followed add up to in a run."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from autotrade_0dte.analysis.entries import entries, net_by
from autotrade_0dte.analysis.tables import by_session
from autotrade_0dte.analysis.trades import Trade
from autotrade_0dte.market_state.state import Level

__all__ = ["SIGNAL_COLUMNS", "STATE_COLUMNS", "SignalCounts", "level_seconds", "pipeline_figures"]
__all__ += ["signal_counts", "transitions"]

STATE_COLUMNS = ("session", "ts_event", "level")
SIGNAL_COLUMNS = ("session", "track", "direction", "onset", "refusal")
"""Columns of the tables of states and signals that the figures are made of."""

_NONE_TRADED = "(none given)"


class SignalCounts(msgspec.Struct):
    """Signals of one track: each direction it took counts once.

    Parameters
    ----------
    signals : int
        Directions taken.
    actionable : int
        Those of them that no filter refused, at one snapshot at least.
    refused : dict of str to int
        Signals that met each refusal; one may meet several while it lasts.
    """

    signals: int = 0
    actionable: int = 0
    refused: dict[str, int] = {}


def pipeline_figures(tables: Mapping[str, pa.Table], trades: Sequence[Trade]) -> dict[str, Any]:
    """Return the figures for the summary, as JSON values.

    `tables` are the decisions, and of states and signals at least the columns named above.
    """
    decisions = tables["decisions"]
    entered = entries(decisions, trades)
    kinds = zip(decisions["kind"].to_pylist(), decisions["reason"].to_pylist(), strict=True)
    # What follows the colon of a denial are figures.
    refused = Counter(reason.partition(":")[0] for kind, reason in kinds if kind == "REFUSE")
    return {
        "level_seconds": level_seconds(tables["states"]),
        "transitions": transitions(tables["states"]),
        "signals": {
            track: msgspec.to_builtins(counts)
            for track, counts in signal_counts(tables["signals"]).items()
        },
        "refusals": dict(sorted(refused.items())),
        "by_track": _net(net_by(trades, [entry.track for entry in entered])),
        "by_level": _net(net_by(trades, [entry.level for entry in entered])),
        "by_exit_reason": _net(net_by(trades, [t.exit_reason or _NONE_TRADED for t in trades])),
    }


def level_seconds(states: pa.Table) -> dict[str, float]:
    """Return how long each level was held, seconds from a session's first to its last snapshot."""
    held = np.zeros(len(Level))
    for own in by_session(states).values():
        times = own["ts_event"].cast(pa.int64()).to_numpy()
        levels = own["level"].to_numpy()
        np.add.at(held, levels[:-1], np.diff(times) / 1e9)
    return {level.name: round(float(held[level]), 3) for level in Level}


def transitions(states: pa.Table) -> dict[str, int]:
    """Count the changes of level, as ``CALM to L1``; a session begins CALM."""
    counted: Counter[tuple[int, int]] = Counter()
    for own in by_session(states).values():
        levels = own["level"].to_numpy().astype(np.int64)
        before = np.concatenate([[int(Level.CALM)], levels[:-1]])
        changed = levels != before
        counted.update(zip(before[changed].tolist(), levels[changed].tolist(), strict=True))
    return {
        f"{Level(one).name} to {Level(other).name}": times
        for (one, other), times in sorted(counted.items())
    }


def signal_counts(signals: pa.Table) -> dict[str, SignalCounts]:
    """Count the signals of each track and what became of them."""
    found: dict[str, SignalCounts] = {}
    for track in signals["track"].unique().to_pylist():
        found[track] = SignalCounts()
    directed = signals.filter(pc.not_equal(signals["direction"], 0))
    met = directed.group_by(["track", "session", "onset", "refusal"]).aggregate([])
    seen: set[tuple[Any, ...]] = set()
    columns = (met[name].to_pylist() for name in ("track", "session", "refusal"))
    onsets = met["onset"].cast(pa.int64()).to_pylist()
    for track, session, refusal, onset in zip(*columns, onsets, strict=True):
        counts = found[track]
        if (track, session, onset) not in seen:
            seen.add((track, session, onset))
            counts.signals += 1
        if refusal:
            counts.refused[refusal] = counts.refused.get(refusal, 0) + 1
        else:
            counts.actionable += 1
    for counts in found.values():
        counts.refused = dict(sorted(counts.refused.items()))
    return dict(sorted(found.items()))


def _net(groups: Mapping[str, Sequence[float]]) -> dict[str, dict[str, float]]:
    return {
        name: {"trades": len(values), "net_pnl": round(sum(values), 6) + 0.0}
        for name, values in groups.items()
    }
