"""The desk's log as a run folder keeps it, and the walk that has to make it again."""

import datetime as dt
import math
from collections.abc import Iterable
from functools import partial
from pathlib import Path
from typing import Any

import msgspec

from autotrade_0dte.analysis.tables import read_table
from autotrade_0dte.config import SystemConfig
from autotrade_0dte.execution.order_quote import OrderQuote
from autotrade_0dte.execution.package import net_parent
from autotrade_0dte.execution.package_walk import PackageWalk
from autotrade_0dte.execution.parent import Outcome, ParentOrder
from autotrade_0dte.execution.remainder import RemainderRule
from autotrade_0dte.execution.replay_walk import replay
from autotrade_0dte.execution.walk import Walk
from autotrade_0dte.execution.walk_record import Move, WalkEvent, WalkRecord
from autotrade_0dte.market_state.state import Level
from autotrade_0dte.products import product, tick_cents

__all__ = ["WalkedParent", "faults_of", "package_faults", "walked_parents"]

_TIMES = ("decided", "deadline")
_SAME = (
    "parent_id", "plan_id", "strategy", "package", "instrument_id", "quantity", "cap", "reason",
)  # fmt: skip
_QUOTE = ("bid", "ask", "bid_size", "ask_size", "fair", "delta", "spot")


class WalkedParent(msgspec.Struct, frozen=True):
    """A parent order as its table has it, and its log in order."""

    order: ParentOrder
    session: dt.date
    outcome: Outcome
    end_reason: str
    filled: int
    records: list[WalkRecord]

    @property
    def events(self) -> list[WalkEvent]:
        """What happened to it, without looks at the market."""
        return [r.event for r in self.records if r.event is not WalkEvent.QUOTE]

    @property
    def moves(self) -> list[Move]:
        """What was done about it."""
        return [record.move for record in self.records if record.move is not None]


def walked_parents(folder: Path) -> list[WalkedParent]:
    """Read the parents of a run folder, in the order of their decisions."""
    logs = _logs(folder)
    return [
        WalkedParent(
            _order(row),
            row["session"],
            Outcome(row["outcome"]),
            row["end_reason"],
            row["filled"],
            logs.get((row["session"], row["parent_id"]), []),
        )
        for row in _rows(folder, "parents")
    ]


def faults_of(walked: WalkedParent, config: SystemConfig, close_ns: int) -> Iterable[str]:
    """Yield what is wrong with a parent: without an end, over-filled, or not to be made again."""
    order, filled = walked.order, walked.filled
    logged = sum(r.quantity for r in walked.records if r.event is WalkEvent.FILLED)
    fits = {
        Outcome.FILLED: filled == order.quantity,
        Outcome.PARTLY_FILLED: 0 < filled < order.quantity,
        Outcome.CANCELED: filled < order.quantity,
        Outcome.OPEN: False,
    }
    if not fits.get(walked.outcome, filled == 0):
        yield f"{walked.outcome} with {filled} of {order.quantity} filled"
    if logged != filled or filled > order.quantity:
        yield f"{logged} filled in the log, {filled} in the table, of {order.quantity}"
    yield from _not_made_again(Walk, order, walked.session, walked.records, config, close_ns)


def package_faults(folder: Path, config: SystemConfig, close_ns: int) -> dict[str, list[str]]:
    """Return what is wrong with each package's own log: its moves, and what its legs have filled.

    A package is what its legs' parents make together.
    """
    legs: dict[str, list[WalkedParent]] = {}
    for parent in walked_parents(folder):
        if parent.order.package:
            legs.setdefault(parent.order.package, []).append(parent)
    logs = _logs(folder)
    found = {}
    for name, pair in legs.items():
        bought, sold = sorted(pair, key=lambda leg: leg.order.side)
        whole, records = net_parent(name, bought.order, sold.order), logs[bought.session, name]
        wrong = list(_not_made_again(PackageWalk, whole, bought.session, records, config, close_ns))
        filled = sum(r.quantity for r in records if r.event is WalkEvent.FILLED)
        if not filled == bought.filled == sold.filled:
            wrong.append(f"{filled} filled, {bought.filled} and {sold.filled} of its legs")
        found[name] = wrong
    return found


def _not_made_again(
    kind: type[Walk] | type[PackageWalk],
    order: ParentOrder,
    session: dt.date,
    records: list[WalkRecord],
    config: SystemConfig,
    close_ns: int,
) -> Iterable[str]:
    rule = RemainderRule(config.fees.schedule(session), config.root, config.desk.remainder)
    grid = partial(tick_cents, product(config.root))
    walk = kind(order, config.desk, grid, close_ns, rule)
    made = [_shown(move) for move in replay(walk, records)]
    was = [_shown(record.move) for record in records if record.move is not None]
    if made != was:
        yield f"Expected the moves {was}, the log makes {made}"


def _shown(move: Move) -> tuple[str, str, float | None, str]:
    """Return a move in values that are equal when it is; NaN is not."""
    price = None if math.isnan(move.price) else move.price
    return move.kind, move.reason, price, move.outcome


def _order(row: dict[str, Any]) -> ParentOrder:
    values = {name: row[name] for name in _SAME} | {"level": Level(row["level"])}
    values |= {f"{name}_ns": row[name] for name in _TIMES}
    values |= {name: row[name] for name in ("side", "purpose", "urgency")}
    return msgspec.convert(values, ParentOrder)


def _record(row: dict[str, Any]) -> WalkRecord:
    now_ns = row["ts_event"]
    quote = OrderQuote(
        now_ns=now_ns, age_s=row["quote_age_s"], **{name: row[name] for name in _QUOTE}
    )
    same = (
        "parent_id", "client_order_id", "limit", "quantity", "price", "veto", "trade_id",
        "calls_left", "route", "route_reason", "tightened", "leg_skew_s", "text",
    )  # fmt: skip
    move = None
    if row["move"]:
        texts = {"kind": row["move"], "reason": row["reason"], "outcome": row["outcome"]}
        move = msgspec.convert(texts | {"price": row["move_price"]}, Move)
    return WalkRecord(
        ts_event=now_ns,
        event=WalkEvent(row["event"]),
        quote=quote,
        move=move,
        **{name: row[name] for name in same},
    )


def _logs(folder: Path) -> dict[tuple[dt.date, str], list[WalkRecord]]:
    """Return the logs of parents and packages by session and name."""
    logs: dict[tuple[dt.date, str], list[WalkRecord]] = {}
    for row in _rows(folder, "steps"):
        logs.setdefault((row["session"], row["parent_id"]), []).append(_record(row))
    return logs


def _rows(folder: Path, name: str) -> list[dict[str, Any]]:
    """Return the rows of a table, times as nanoseconds."""
    table = read_table(folder, name)
    for at, field in enumerate(table.schema):
        if str(field.type).startswith("timestamp"):
            table = table.set_column(at, field.name, table.column(at).cast("int64"))
    rows: list[dict[str, Any]] = table.to_pylist()
    return rows
