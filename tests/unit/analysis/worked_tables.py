"""Rows of the tables that transaction costs are made of."""

import datetime as dt
import math
from collections.abc import Sequence
from typing import Any

import pyarrow as pa

from autotrade_0dte.analysis.tables import DECISIONS, FILLS, MARKS, PARENTS

NS = 1_000_000_000
NAN = math.nan
DATE = dt.date(2026, 7, 20)
CALL = "SPY260720C00600000.US"
OPEN_NS = 1_784_554_200 * NS
"""09:30 in New York on DATE."""


def parent(**changes: Any) -> dict[str, Any]:
    """Return a purchase of 3 that got nothing, decided on 1.00 to 1.10."""
    decided = changes.pop("decided", OPEN_NS)
    return {
        "run_id": "r", "session": DATE, "parent_id": "P-1", "plan_id": "PLAN-1",
        "strategy": "Regular-001", "package": "", "instrument_id": CALL, "side": "BUY",
        "quantity": 3,
        "purpose": "entry", "urgency": "normal", "level": 0, "reason": "UP", "cap": 1.10,
        "decided": decided, "deadline": decided + 60 * NS, "submitted": decided,
        "acknowledged": None, "first_fill": None, "last_fill": None, "ended": None,
        "outcome": "OPEN", "end_reason": "", "route": "WALK", "route_reason": "NORMAL",
        "filled": 0, "average_price": NAN, "bid": 1.00, "ask": 1.10, "bid_size": 9.0,
        "ask_size": 9.0, "quote_age_s": 0.0, "fair": 1.04, "delta": 0.5, "spot": 600.0,
        "submit_mid": 1.06, "end_mid": NAN, "reprices": 0, "replaces": 0, "cancels": 0,
        "rejects": 0, "vetoes": "{}", "offered_s": 0.0, "offered_at_end": False, "needed_s": 8.5,
        "should_fill": False, "leg_risk_s": NAN, "scheduled_fee": 0.0, "minimums": 0.0,
    } | changes  # fmt: skip


def mark(horizon_s: int = 0, **changes: Any) -> dict[str, Any]:
    """Return a mark of one contract bought at 1.08 with delta 0.5, the underlying at 600."""
    values = {
        "run_id": "r", "session": DATE, "ts_event": OPEN_NS + 4 * NS, "parent_id": "P-1",
        "client_order_id": "O-1", "trade_id": "T-1", "instrument_id": CALL, "side": "BUY",
        "quantity": 1, "price": 1.08, "delta": 0.5, "horizon_s": horizon_s, "ts_mark": None,
        "bid": NAN, "ask": NAN, "mid": 1.06, "spot": 600.0, "quote_age_s": 0.0,
    }  # fmt: skip
    return values | changes


def fill(**changes: Any) -> dict[str, Any]:
    """Return the fill of that contract, for a fee of a dollar."""
    values = {
        "run_id": "r", "session": DATE, "ts_event": OPEN_NS + 4 * NS, "client_order_id": "O-1",
        "trade_id": "T-1", "strategy": "Regular-001", "plan_id": "PLAN-1", "instrument_id": CALL,
        "side": "BUY", "quantity": 1, "price": 1.08, "fee": 1.0, "liquidity": "TAKER",
        "kind": "TRADE", "bid": NAN, "ask": NAN, "quote_age_s": NAN,
    }  # fmt: skip
    return values | changes


def decision(**changes: Any) -> dict[str, Any]:
    values = {
        "run_id": "r", "session": DATE, "ts_event": OPEN_NS, "strategy": "Regular-001",
        "plan_id": "PLAN-1", "kind": "ENTER", "reason": "UP", "instrument_id": CALL, "side": "BUY",
        "quantity": 3, "price": 1.1, "spot": 600.0, "figures": "{}", "level": 0,
        "track": "regular", "direction": 1, "strength": 0.5, "score": 0.5,
    }  # fmt: skip
    return values | changes


def worked_tables(
    parents: Sequence[dict[str, Any]],
    marks: Sequence[dict[str, Any]] = (),
    fills: Sequence[dict[str, Any]] = (),
) -> dict[str, pa.Table]:
    """Return the tables by name."""
    rows = {"parents": parents, "marks": marks, "fills": fills, "decisions": [decision()]}
    schemas = {"parents": PARENTS, "marks": MARKS, "fills": FILLS, "decisions": DECISIONS}
    return {
        name: pa.table({c: [row[c] for row in rows[name]] for c in schema.names}, schema)
        for name, schema in schemas.items()
    }


def example() -> dict[str, pa.Table]:
    """Return the tables of the hand-worked example of tests/unit/test_tca.py.

    2 of 3 bought: 1 at 1.08 with the mid at 1.06, 1 at 1.09 with the mid at 1.08, then given up at
    a mid of 1.12. Of the first fill the market 30 s later is known.
    """
    bought = {
        "filled": 2, "average_price": 1.085, "end_mid": 1.12, "outcome": "PARTLY_FILLED",
        "submitted": OPEN_NS + NS, "acknowledged": OPEN_NS + 2 * NS, "first_fill": OPEN_NS + 4 * NS,
        "last_fill": OPEN_NS + 5 * NS, "ended": OPEN_NS + 61 * NS, "minimums": 1.09,
    }  # fmt: skip
    second = {"trade_id": "T-2", "price": 1.09, "mid": 1.08}
    unknown = {"mid": NAN, "spot": NAN}
    marks = [mark(), mark(5, **unknown), mark(30, mid=1.30, spot=600.40), mark(300, **unknown)]
    marks += [mark(**second)] + [mark(h, **(second | unknown)) for h in (5, 30, 300)]
    fills = [fill(fee=2.91), fill(trade_id="T-2", price=1.09, fee=0.50)]
    return worked_tables([parent(**bought)], marks, fills)
