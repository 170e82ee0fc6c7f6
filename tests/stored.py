"""Values for tests of the store."""

import contextlib
import datetime as dt
import sqlite3
from pathlib import Path
from typing import Any

from msgspec.structs import replace

from autotrade_0dte.execution.exits import ExitParams
from autotrade_0dte.execution.order_quote import OrderQuote
from autotrade_0dte.execution.parent import ParentOrder, Purpose, Side
from autotrade_0dte.execution.plan import TradePlan
from autotrade_0dte.execution.plan_state import PlanState
from autotrade_0dte.execution.walk_record import Move, MoveKind, WalkEvent, WalkRecord
from autotrade_0dte.market_state.actions import Urgency
from autotrade_0dte.market_state.state import Level
from autotrade_0dte.risk.mode import RiskChange, RiskMode, Trigger
from autotrade_0dte.store.rows import Intent, Owner, account_key
from autotrade_0dte.store.state_store import FILE

OWNER = Owner(dt.date(2026, 11, 23), account_key("50190001"))
CALL = "SPY261123C00600000.US"
PLAN = TradePlan(
    plan_id="R001",
    direction=1,
    instrument_id=CALL,
    quantity=3,
    entry_cap=1.25,
    decided_ns=1_000,
    worst_loss_usd=375.0,
    exits=ExitParams(trail_after_fraction=0.2),
    reason="BREAKOUT",
    figures={"score": 0.7, "unknown": float("nan")},
)
STATE = PlanState(ts_event=2_000, track="regular", plan=PLAN, phase="OPEN", held=3, bought=3)
INTENT = Intent(
    client_order_id="O-20261123-143000-001-001-1",
    parent_id="O-20261123-143000-001-001-1",
    plan_id="R001",
    strategy="Test-001",
    instrument_id=CALL,
    side=Side.BUY,
    quantity=3,
    limit=1.2,
    purpose=Purpose.ENTRY,
    sent_ns=1_500,
)
CHANGE = RiskChange(
    ts_event=3_000,
    mode=RiskMode.HALT_ENTRIES,
    before=RiskMode.NORMAL,
    trigger=Trigger.DAILY_LOSS,
    begins=True,
    asks=RiskMode.HALT_ENTRIES,
    clears_itself=False,
    figures={"loss_usd": 501.0, "limit_usd": 500.0},
)
PARENT = ParentOrder(
    parent_id=INTENT.client_order_id,
    plan_id="R001",
    strategy="Test-001",
    instrument_id=CALL,
    side=Side.BUY,
    quantity=3,
    cap=1.25,
    purpose=Purpose.ENTRY,
    urgency=Urgency.NORMAL,
    level=Level.CALM,
    reason="BREAKOUT",
    decided_ns=1_000,
    deadline_ns=9_000,
)


def database(folder: Path) -> contextlib.closing[sqlite3.Connection]:
    """Return a store's file, opened past the store; each statement is a transaction of its own."""
    return contextlib.closing(sqlite3.connect(folder / FILE, isolation_level=None))


def plan(number: int, **told: Any) -> PlanState:
    """Return a state of another plan."""
    return replace(STATE, plan=replace(PLAN, plan_id=f"R{number:03d}", decided_ns=number), **told)


def walk(event: WalkEvent, at_ns: int = 2_000, **told: Any) -> WalkRecord:
    """Return a record of the parent's order."""
    fields = {"parent_id": PARENT.parent_id, "client_order_id": PARENT.parent_id} | told
    return WalkRecord(ts_event=at_ns, event=event, quote=quote(at_ns), **fields)


def submitted(at_ns: int = 1_500, **told: Any) -> WalkRecord:
    """Return the record after which the order is sent."""
    return walk(WalkEvent.QUOTE, at_ns, move=Move(MoveKind.SUBMIT, "SCHEDULE", 1.2), **told)


def quote(at_ns: int) -> OrderQuote:
    """Return a market."""
    return OrderQuote(now_ns=at_ns, bid=1.1, ask=1.2, bid_size=9.0, ask_size=9.0, age_s=0.1)
