"""What the store keeps besides plans and the ladder: order intents, the log, the heartbeat."""

import datetime as dt
import hashlib
from collections.abc import Mapping
from enum import StrEnum

import msgspec

from autotrade_0dte.execution.parent import Outcome, Purpose, Side

__all__ = ["Heartbeat", "Intent", "LogEntry", "LogKind", "Owner", "account_key"]


class Owner(msgspec.Struct, frozen=True):
    """Whose rows: the session they count for, and the account by its key."""

    session: dt.date
    account: str


class Intent(msgspec.Struct, frozen=True, kw_only=True):
    """An order that is about to be sent, and what became of it.

    Parameters
    ----------
    client_order_id, parent_id : str
        Its name at the broker, and the parent that it works; one parent may have several.
    plan_id, strategy, instrument_id : str
        What it is for.
    side : Side
        Of the order.
    quantity : int
        Contracts.
    limit : float
        Its first limit, dollars a share; NaN at market.
    purpose : Purpose
        What it is for.
    sent_ns : int
        Event time just before it was sent, UTC ns.
    filled : int
        Contracts filled, as far as was heard.
    outcome : Outcome
        OPEN until its end was heard.
    ended_ns : int
        Event time of the end, UTC ns; 0 before.
    """

    client_order_id: str
    parent_id: str
    plan_id: str
    strategy: str
    instrument_id: str
    side: Side
    quantity: int
    limit: float
    purpose: Purpose
    sent_ns: int
    filled: int = 0
    outcome: Outcome = Outcome.OPEN
    ended_ns: int = 0


class LogKind(StrEnum):
    """START, STOP of a node; CHANGE of the risk mode; REARM by the operator; FOUND at a start."""

    START = "START"
    STOP = "STOP"
    CHANGE = "CHANGE"
    REARM = "REARM"
    FOUND = "FOUND"


class LogEntry(msgspec.Struct, frozen=True, kw_only=True):
    """One line of the log; `ts_event` is UTC ns."""

    ts_event: int
    kind: LogKind
    text: str
    figures: Mapping[str, float] = {}


class Heartbeat(msgspec.Struct, frozen=True):
    """When a node was last heard of, UTC ns, and its process."""

    ts_event: int
    pid: int


def account_key(number: str) -> str:
    """Return what stands for an account in the store: never its number."""
    return hashlib.sha256(f"autotrade {number}".encode()).hexdigest()[:16]
