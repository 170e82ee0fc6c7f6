"""The log of the order desk: every event of a parent order and the move it led to."""

from enum import StrEnum

import msgspec

from autotrade_0dte.execution.order_quote import OrderQuote

__all__ = [
    "PACKAGE_TOPIC",
    "PARENT_TOPIC",
    "WALK_TOPIC",
    "Move",
    "MoveKind",
    "StepReason",
    "WalkEvent",
    "WalkRecord",
]

PARENT_TOPIC = "parent"
"""Bus topic on which the desk publishes each ParentOrder once, before its first WalkRecord."""

WALK_TOPIC = "walk"
"""Bus topic on which the desk publishes a WalkRecord for everything that happens to a parent."""


PACKAGE_TOPIC = "package"
"""Bus topic of a package's own log: its ParentOrder, then its WalkRecords, at net prices."""


class WalkEvent(StrEnum):
    """What happened to a parent order: a look at the market, an answer of the venue, or a word.

    WITHDRAWN: the account's risk allows it no longer.
    """

    QUOTE = "QUOTE"
    ACCEPTED = "ACCEPTED"
    MODIFIED = "MODIFIED"
    MODIFY_REJECTED = "MODIFY_REJECTED"
    CANCEL_REJECTED = "CANCEL_REJECTED"
    FILLED = "FILLED"
    CANCELED = "CANCELED"
    REJECTED = "REJECTED"
    DENIED = "DENIED"
    RESENT = "RESENT"
    WITHDRAWN = "WITHDRAWN"


class MoveKind(StrEnum):
    """What the desk does about it; REPLACE cancels, and the confirmed remainder is sent anew."""

    SUBMIT = "SUBMIT"
    REPRICE = "REPRICE"
    CANCEL = "CANCEL"
    REPLACE = "REPLACE"
    END = "END"


class StepReason(StrEnum):
    """Why a move is made, where neither route nor veto is the reason.

    SCHEDULE: the rest is over. MICRO_MOVE: the underlying runs away. FOLLOW: a marketable order
    goes after the far side. DEADLINE: an entry's time is over. NO_ANSWER: a command was lost.
    OVERFILL_RISK: more is at work than is left. RISK_MODE: the risk controller allows it no longer.
    BY_LEGS: crossing has not closed a package, whose legs are to go one by one.
    Ends: FILLED; CANCELED, DENIED and REJECTED are not the desk's doing; NOT_RESENT: the remainder
    did not come back; LATE_FILL: a fill came after the end.
    """

    SCHEDULE = "SCHEDULE"
    MICRO_MOVE = "MICRO_MOVE"
    FOLLOW = "FOLLOW"
    DEADLINE = "DEADLINE"
    NO_ANSWER = "NO_ANSWER"
    OVERFILL_RISK = "OVERFILL_RISK"
    RISK_MODE = "RISK_MODE"
    BY_LEGS = "BY_LEGS"
    FILLED = "FILLED"
    CANCELED = "CANCELED"
    DENIED = "DENIED"
    REJECTED = "REJECTED"
    NOT_RESENT = "NOT_RESENT"
    LATE_FILL = "LATE_FILL"


class Move(msgspec.Struct, frozen=True, gc=False):
    """One move of the desk.

    Parameters
    ----------
    kind : MoveKind
        What is done.
    reason : str
        Reason code: a `StepReason`, a `RouteReason` (of a SUBMIT, or of giving up) or a `VetoCode`.
    price : float
        New limit in dollars; NaN where none is sent.
    outcome : str
        An `Outcome`, of an END.
    """

    kind: MoveKind
    reason: str
    price: float = float("nan")
    outcome: str = ""


class WalkRecord(msgspec.Struct, frozen=True, gc=False):
    """One event of one parent order, what was known, and the move it led to; None is to wait.

    Parameters
    ----------
    ts_event : int
        Event time, UTC ns.
    parent_id, client_order_id : str
        The parent, and the order at the venue.
    event : WalkEvent
        What happened.
    quote : OrderQuote
        The market then.
    move : Move, optional
        What the desk does.
    limit : float
        Limit at work after the move, dollars; NaN before the first.
    quantity : int
        Contracts that the event filled, or that were sent anew; 0 otherwise.
    price : float
        What they were filled at, or the limit that the venue confirmed, dollars; else NaN.
    veto : str
        Why nothing was sent, where something would have been.
    trade_id : str
        Of a fill.
    calls_left : int
        What the call budget had left.
    route, route_reason : str
        The style that it is worked in, and why; empty before it is chosen.
    tightened : bool
        Whether the quality watch had the desk tightened.
    leg_skew_s : float
        Seconds between the quotes of a vertical's legs; 0 for an order without another leg.
    text : str
        The venue's own words, of a refusal.
    """

    ts_event: int
    parent_id: str
    client_order_id: str
    event: WalkEvent
    quote: OrderQuote
    move: Move | None = None
    limit: float = float("nan")
    quantity: int = 0
    price: float = float("nan")
    veto: str = ""
    trade_id: str = ""
    calls_left: int = 0
    route: str = ""
    route_reason: str = ""
    tightened: bool = False
    leg_skew_s: float = 0.0
    text: str = ""
