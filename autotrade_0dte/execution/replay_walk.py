"""The log of a parent makes every move of its walk again: proof that nothing else decided."""

from collections.abc import Callable, Iterable

from autotrade_0dte.execution.walk import Walk
from autotrade_0dte.execution.walk_record import Move, WalkEvent, WalkRecord

__all__ = ["replay"]


def replay(walk: Walk, records: Iterable[WalkRecord]) -> list[Move]:
    """Return the moves that a new walk makes when it is told what the log says.

    Parameters
    ----------
    walk : Walk
        Of the same parent and parameters, told of nothing yet.
    records : iterable of WalkRecord
        Its log in order. Looks that changed nothing may be missing: neither move nor `veto`.
    """
    order_id = ""
    moves = []
    for record in records:
        if not order_id or record.event is WalkEvent.RESENT:
            order_id = record.client_order_id
        is_former = record.client_order_id != order_id
        if is_former and record.event is not WalkEvent.FILLED:
            continue  # what else a replaced order may still say is over
        move = _apply(walk, record, is_former)
        if move is not None:
            moves.append(move)
    return moves


def _apply(walk: Walk, record: WalkRecord, is_former: bool) -> Move | None:
    now_ns = record.ts_event
    events: dict[WalkEvent, Callable[[], Move | None]] = {
        WalkEvent.QUOTE: lambda: walk.on_quote(
            record.quote,
            record.calls_left,
            tightened=record.tightened,
            leg_skew_s=record.leg_skew_s,
        ),
        WalkEvent.ACCEPTED: lambda: walk.on_accepted(now_ns),
        WalkEvent.MODIFIED: lambda: walk.on_modified(now_ns, record.price),
        WalkEvent.MODIFY_REJECTED: lambda: walk.on_modify_rejected(now_ns),
        WalkEvent.CANCEL_REJECTED: lambda: walk.on_cancel_rejected(now_ns),
        WalkEvent.FILLED: lambda: walk.on_fill(now_ns, record.quantity, is_former=is_former),
        WalkEvent.CANCELED: lambda: walk.on_canceled(now_ns),
        WalkEvent.REJECTED: lambda: walk.on_rejected(now_ns),
        WalkEvent.DENIED: lambda: walk.on_denied(now_ns),
        WalkEvent.RESENT: lambda: walk.on_resent(now_ns, record.quantity),
        WalkEvent.WITHDRAWN: lambda: walk.on_withdrawn(now_ns),
    }
    return events[record.event]()
