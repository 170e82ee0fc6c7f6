"""Constructed parents, quotes and records of the desk, for what is made of them."""

import math
from typing import Any

from autotrade_0dte.execution.order_quote import OrderQuote
from autotrade_0dte.execution.parent import ParentOrder, Purpose, Side
from autotrade_0dte.execution.walk_record import Move, MoveKind, WalkEvent, WalkRecord
from autotrade_0dte.market_state.actions import Urgency
from autotrade_0dte.market_state.state import Level

NS = 1_000_000_000
CALL = "SPY260720C00600000.US"
PUT = "SPY260720P00600000.US"
NAN = math.nan


def parent(**changes: Any) -> ParentOrder:
    """Return a purchase of 2 at no more than 1.10, decided at second 1."""
    facts: dict[str, Any] = {
        "parent_id": "P-1",
        "plan_id": "PLAN-1",
        "strategy": "Regular-001",
        "instrument_id": CALL,
        "side": Side.BUY,
        "quantity": 2,
        "cap": 1.10,
        "purpose": Purpose.ENTRY,
        "urgency": Urgency.NORMAL,
        "level": Level.CALM,
        "reason": "UP",
        "decided_ns": NS,
        "deadline_ns": 61 * NS,
    }
    return ParentOrder(**(facts | changes))


def quote(
    now_s: float, bid: float, ask: float, *, size: float = 10.0, age_s: float = 0.0, **rest: float
) -> OrderQuote:
    """Return a quote with the same size on both sides."""
    return OrderQuote(round(now_s * NS), bid, ask, size, size, age_s, **rest)


def record(
    at_s: float,
    event: WalkEvent,
    seen: OrderQuote | None = None,
    move: Move | None = None,
    **changes: Any,
) -> WalkRecord:
    """Return a record of P-1; the quote is 1.00 to 1.10 unless given."""
    facts: dict[str, Any] = {"parent_id": "P-1", "client_order_id": "O-1"} | changes
    return WalkRecord(
        ts_event=round(at_s * NS),
        event=event,
        quote=seen or quote(at_s, 1.00, 1.10),
        move=move,
        **facts,
    )


def submit(price: float) -> Move:
    return Move(MoveKind.SUBMIT, "START", price)


def reprice(price: float) -> Move:
    return Move(MoveKind.REPRICE, "STEP", price)


def end(outcome: str, reason: str = "DONE") -> Move:
    return Move(MoveKind.END, reason, outcome=outcome)
