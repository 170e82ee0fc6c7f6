"""The log of the order desk: every event of a parent order and the move it led to."""

from enum import StrEnum

import msgspec

from autotrade_0dte.execution.order_quote import OrderQuote

__all__ = ["PARENT_TOPIC", "WALK_TOPIC", "Move", "MoveKind", "WalkEvent", "WalkRecord"]

PARENT_TOPIC = "parent"
"""Bus topic on which the desk publishes each ParentOrder once, before its first WalkRecord."""

WALK_TOPIC = "walk"
"""Bus topic on which the desk publishes a WalkRecord for everything that happens to a parent."""


class WalkEvent(StrEnum):
    """What happened to a parent order: a look at the market, or an answer of the venue."""

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


class MoveKind(StrEnum):
    """What the desk does about it; REPLACE cancels, and the confirmed remainder is sent anew."""

    SUBMIT = "SUBMIT"
    REPRICE = "REPRICE"
    CANCEL = "CANCEL"
    REPLACE = "REPLACE"
    END = "END"


class Move(msgspec.Struct, frozen=True, gc=False):
    """One move of the desk.

    Parameters
    ----------
    kind : MoveKind
        What is done.
    reason : str
        Reason code: of the step, the veto, or the end.
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
