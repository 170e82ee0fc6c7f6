"""Orders for the desk's policy, markets for them to meet, and a venue that answers."""

import datetime as dt
import math
from collections.abc import Callable
from typing import Any

import msgspec

from autotrade_0dte.execution.desk_params import DeskParams
from autotrade_0dte.execution.fees import Entity, fee_schedule
from autotrade_0dte.execution.order_quote import OrderQuote
from autotrade_0dte.execution.parent import ParentOrder, Purpose, Side
from autotrade_0dte.execution.remainder import RemainderRule
from autotrade_0dte.execution.walk import Walk
from autotrade_0dte.execution.walk_record import Move, MoveKind, WalkEvent, WalkRecord
from autotrade_0dte.market_state.actions import Urgency
from autotrade_0dte.market_state.state import Level
from autotrade_0dte.products import product, tick_cents

NS = 1_000_000_000
START_NS = 1_784_300_000 * NS
CLOSE_NS = START_NS + 3_600 * NS
PENNY, NICKEL = "SPY", "SPXW"
NAN = math.nan
MOST_CALLS = 100
_ENTRY = ParentOrder(
    parent_id="O-1",
    plan_id="R-1",
    strategy="S-1",
    instrument_id="SPY260720C00600000.US",
    side=Side.BUY,
    quantity=5,
    cap=1.10,
    purpose=Purpose.ENTRY,
    urgency=Urgency.NORMAL,
    level=Level.CALM,
    reason="TEST",
    decided_ns=START_NS,
    deadline_ns=START_NS + 30 * NS,
)


def at(seconds: float) -> int:
    """Return event time, `seconds` after the decision."""
    return START_NS + round(seconds * NS)


def entry(**changes: Any) -> ParentOrder:
    """Return a buy of five with a cap of 1.10, given up after half a minute."""
    return msgspec.structs.replace(_ENTRY, **changes)


def leaving(purpose: Purpose, **changes: Any) -> ParentOrder:
    """Return a sale of five at any price, to leave a position."""
    return entry(**{"side": Side.SELL, "cap": 0.01, "purpose": purpose, **changes})


def quote(seconds: float, bid: float = 1.00, ask: float = 1.04, **changes: Any) -> OrderQuote:
    """Return a fresh quote, `seconds` after the decision, with fair value in its middle."""
    known: dict[str, Any] = {
        "bid_size": 50.0,
        "ask_size": 50.0,
        "age_s": 0.0,
        "fair": (bid + ask) / 2,
        "delta": 0.5,
        "spot": 600.0,
    }
    return OrderQuote(now_ns=at(seconds), bid=bid, ask=ask, **(known | changes))


def grid(root: str = PENNY) -> Callable[[int], int]:
    """Return the tick in cents of a product at a price in cents."""
    facts = product(root)
    return lambda cents: tick_cents(facts, cents)


def walk_of(
    parent: ParentOrder, params: DeskParams | None = None, root: str = PENNY, **kwargs: Any
) -> Walk:
    """Return a walk told of nothing yet."""
    params = params or DeskParams()
    fees = fee_schedule(Entity.STANDARD, dt.date(2026, 7, 20))
    rule = RemainderRule(fees, root, params.remainder)
    return Walk(parent, params, grid(root), kwargs.get("close_ns", CLOSE_NS), rule)


class Worked:
    """A parent at work: remembers its log, and answers as an honest venue would when asked to."""

    def __init__(
        self, parent: ParentOrder, params: DeskParams | None = None, root: str = PENNY
    ) -> None:
        self.walk = walk_of(parent, params, root)
        self.root = root
        self.params = params
        self.records: list[WalkRecord] = []
        self.moves: list[Move] = []
        self.now_s = 0.0
        self.orders = 1
        self._quote = quote(0.0)

    def look(
        self,
        seconds: float,
        bid: float = 1.00,
        ask: float = 1.04,
        *,
        calls: int = MOST_CALLS,
        tightened: bool = False,
        leg_skew_s: float = 0.0,
        **changes: Any,
    ) -> Move | None:
        """Look at the market `seconds` after the decision."""
        self._quote = quote(seconds, bid, ask, **changes)
        self.now_s = seconds
        before = self.walk.veto
        move = self.walk.on_quote(self._quote, calls, tightened=tightened, leg_skew_s=leg_skew_s)
        if move is not None or self.walk.veto != before:  # all that the desk publishes
            inputs = {"calls_left": calls, "tightened": tightened, "leg_skew_s": leg_skew_s}
            self._note(WalkEvent.QUOTE, move, **inputs)
        return move

    def tell(self, event: WalkEvent, *arguments: Any, after_s: float = 0.15) -> Move | None:
        """Pass on an answer of the venue, by default after the usual delay."""
        self.now_s += after_s
        method = {
            WalkEvent.ACCEPTED: self.walk.on_accepted,
            WalkEvent.MODIFIED: self.walk.on_modified,
            WalkEvent.MODIFY_REJECTED: self.walk.on_modify_rejected,
            WalkEvent.CANCEL_REJECTED: self.walk.on_cancel_rejected,
            WalkEvent.FILLED: self.walk.on_fill,
            WalkEvent.CANCELED: self.walk.on_canceled,
            WalkEvent.REJECTED: self.walk.on_rejected,
            WalkEvent.DENIED: self.walk.on_denied,
            WalkEvent.RESENT: self.walk.on_resent,
            WalkEvent.WITHDRAWN: self.walk.on_withdrawn,
        }[event]
        move: Move | None = method(at(self.now_s), *arguments)  # type: ignore[operator]
        known: dict[str, Any] = {}
        if event in (WalkEvent.FILLED, WalkEvent.RESENT):
            known["quantity"] = arguments[0]
        if event is WalkEvent.MODIFIED:
            known["price"] = arguments[0]
        self.orders += event is WalkEvent.RESENT
        self._note(event, move, **known)
        return move

    def settle(self, move: Move | None) -> Move | None:
        """Let the venue do what it was told; return what follows from its answer."""
        if move is None or move.kind is MoveKind.END:
            return move
        if move.kind is MoveKind.SUBMIT:
            return self.tell(WalkEvent.ACCEPTED)
        if move.kind is MoveKind.REPRICE:
            return self.tell(WalkEvent.MODIFIED, move.price)
        return self.tell(WalkEvent.CANCELED)

    def _note(self, event: WalkEvent, move: Move | None, **known: Any) -> None:
        if move is not None:
            self.moves.append(move)
        self.records.append(
            WalkRecord(
                ts_event=at(self.now_s),
                parent_id=self.walk.parent.parent_id,
                client_order_id=f"O-{self.orders}",
                event=event,
                quote=self._quote,
                move=move,
                **known,
            )
        )
