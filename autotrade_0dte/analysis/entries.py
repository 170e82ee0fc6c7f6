"""What each trade was entered on: the reason, the track and the market's level."""

from collections.abc import Sequence

import msgspec
import pyarrow as pa

from autotrade_0dte.analysis.tracks import tracks_of
from autotrade_0dte.analysis.trades import Trade
from autotrade_0dte.market_state.state import Level

__all__ = ["UNKNOWN_LEVEL", "Entry", "entries", "net_by"]

UNKNOWN_LEVEL = "unknown"


class Entry(msgspec.Struct, frozen=True):
    """The decision that a trade began with; `level` is the name of the market's."""

    reason: str
    track: str
    level: str


def entries(decisions: pa.Table, trades: Sequence[Trade]) -> list[Entry]:
    """Return the entry of each trade.

    A trade whose decision is not known, such as one made by hand, has the track of its strategy, no
    reason and the level ``unknown``.
    """
    track_of = tracks_of(decisions)
    names = ("session", "strategy", "plan_id", "kind", "reason", "level")
    columns = (decisions[name].to_pylist() for name in names)
    first: dict[tuple[str, str, str], Entry] = {}
    for session, strategy, plan, kind, reason, level in zip(*columns, strict=True):
        if kind == "ENTER" and plan is not None:
            found = Entry(reason, track_of[strategy], Level(level).name)
            first.setdefault((session.isoformat(), strategy, plan), found)
    return [
        first.get((trade.session, trade.strategy, trade.plan_id or ""))
        or Entry("", track_of.get(trade.strategy, trade.strategy), UNKNOWN_LEVEL)
        for trade in trades
    ]


def net_by(trades: Sequence[Trade], names: Sequence[str]) -> dict[str, list[float]]:
    """Group the net P&L (dollars) of closed trades by the name given to each trade."""
    found: dict[str, list[float]] = {}
    for trade, name in zip(trades, names, strict=True):
        if trade.closed_ns is not None:
            found.setdefault(name, []).append(trade.net_pnl)
    return dict(sorted(found.items()))
