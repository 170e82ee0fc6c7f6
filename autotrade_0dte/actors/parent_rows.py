"""Rows of the tables of parent orders and of their steps, from the desk's log."""

import math

import msgspec

from autotrade_0dte.actors.row_buffer import Columns, RowBuffer
from autotrade_0dte.actors.worked_parent import WorkedParent, quote_figures
from autotrade_0dte.execution.desk_params import DeskParams
from autotrade_0dte.execution.fees import FeeSchedule
from autotrade_0dte.execution.offer import Offer
from autotrade_0dte.execution.order_quote import OrderQuote
from autotrade_0dte.execution.package_walk import judged_by
from autotrade_0dte.execution.parent import Outcome, ParentOrder, Purpose, Side
from autotrade_0dte.execution.walk_record import WalkEvent, WalkRecord

__all__ = ["ParentRows"]

_NS = 1_000_000_000
_NAN = math.nan
_QUOTE = ("bid", "ask", "bid_size", "ask_size", "quote_age_s", "fair", "delta", "spot")
_PARENTS = (
    "parent_id", "plan_id", "strategy", "package", "instrument_id", "side", "quantity", "purpose",
    "urgency", "level", "reason", "cap", "decided", "deadline", "submitted", "acknowledged",
    "first_fill", "last_fill", "ended", "outcome", "end_reason", "route", "route_reason", "filled",
    "average_price", *_QUOTE, "submit_mid", "end_mid", "reprices", "replaces", "cancels", "rejects",
    "vetoes", "offered_s", "offered_at_end", "needed_s", "should_fill", "leg_risk_s",
    "scheduled_fee", "minimums",
)  # fmt: skip
_TIMES = {"decided", "deadline", "submitted", "acknowledged", "first_fill", "last_fill", "ended"}
_COUNTS = {"quantity", "level", "filled", "reprices", "replaces", "cancels", "rejects"}
_TEXTS = {
    "parent_id", "plan_id", "strategy", "package", "instrument_id", "side", "purpose", "urgency",
    "reason", "outcome", "end_reason", "route", "route_reason", "vetoes", "offered_at_end",
    "should_fill",
}  # fmt: skip
_STEPS = (
    "ts_event", "parent_id", "client_order_id", "event", "side", "move", "reason", "outcome",
    "move_price", "limit", "place", "rested_s", "quantity", "price", "veto", "trade_id",
    "calls_left", "route", "route_reason", "tightened", "leg_skew_s", "text", *_QUOTE,
)  # fmt: skip
_STEP_TEXTS = {
    "parent_id", "client_order_id", "event", "side", "move", "reason", "outcome", "veto",
    "trade_id", "route", "route_reason", "tightened", "text",
}  # fmt: skip


class ParentRows:
    """Keeps what became of each parent order, and its steps; of a package the steps alone.

    Parameters
    ----------
    fees : FeeSchedule
        The session's price list.
    desk : DeskParams
        The desk's rules, which say what should have filled.
    """

    def __init__(self, fees: FeeSchedule, desk: DeskParams) -> None:
        self._fees = fees
        self._desk = desk
        self._parents: dict[str, WorkedParent] = {}
        self._working: dict[str, WorkedParent] = {}
        self._packages: dict[str, WorkedParent] = {}
        self._legs: dict[str, list[ParentOrder]] = {}
        self._steps = RowBuffer(
            _STEPS, integers={"ts_event", "quantity", "calls_left"}, texts=_STEP_TEXTS
        )

    def add(self, order: ParentOrder, arrival: OrderQuote) -> None:
        """Take a parent and the quote that it was decided on; one that is known is left alone."""
        parent = WorkedParent(order=order, arrival=arrival, offer=Offer(order))
        if order.is_package:
            self._packages[order.parent_id] = parent
        elif order.parent_id not in self._parents:
            self._parents[order.parent_id] = self._working[order.parent_id] = parent
            parent.look(msgspec.structs.replace(arrival, now_ns=order.decided_ns))
            if order.package:
                self._legs.setdefault(order.package, []).append(order)

    def record(self, record: WalkRecord) -> ParentOrder | None:
        """Take an event of a parent; return it, None for a package or if it is not known."""
        package = self._packages.get(record.parent_id)
        if package is not None:
            self._step(record, package)
            package.take(record)
            return None
        parent = self._parents.get(record.parent_id)
        if parent is None:
            return None
        self._step(record, parent)
        parent.take(record)
        if record.event is WalkEvent.FILLED:
            parent.charge(record, self._fees)
        if parent.outcome is not Outcome.OPEN:
            self._working.pop(record.parent_id, None)
        return parent.order

    def working(self) -> list[ParentOrder]:
        """Return the parents that have not ended."""
        return [parent.order for parent in self._working.values()]

    def working_packages(self) -> list[tuple[ParentOrder, list[ParentOrder]]]:
        """Return the packages that have not ended, each with its purchase and its sale."""
        return [
            (package.order, legs)
            for name, legs in self._legs.items()
            if (package := self._packages[name]).outcome is Outcome.OPEN
        ]

    def look(self, parent_id: str, quote: OrderQuote) -> None:
        """Note what the market offered a working parent, or package, at one instant."""
        (self._packages.get(parent_id) or self._parents[parent_id]).look(quote)

    def parents(self) -> Columns:
        """Return the table of parents, in the order they came."""
        rows = RowBuffer(
            _PARENTS, integers=_TIMES | _COUNTS, texts=_TEXTS, absent_at_zero=_TIMES - {"decided"}
        )
        for parent in self._parents.values():
            whole, desk = parent, self._desk
            if parent.order.package:
                whole, desk = self._packages[parent.order.package], judged_by(desk)
            rows.append(*parent.row(self._leg_risk_s(parent), desk, whole))
        return rows.columns()

    def steps(self) -> Columns:
        """Return the table of steps, in the order they came."""
        return self._steps.columns()

    def _leg_risk_s(self, cover: WorkedParent) -> float:
        """Return how long the long leg waited for its cover; NaN for any other order."""
        order = cover.order
        if order.purpose is not Purpose.ENTRY or order.side is not Side.SELL:
            return _NAN
        bought = [
            p.first_fill_ns
            for p in self._parents.values()
            if p.order.plan_id == order.plan_id
            and p.order.strategy == order.strategy
            and p.order.side is Side.BUY
            and p.order.purpose is Purpose.ENTRY
            and p.first_fill_ns
        ]
        until = cover.last_fill_ns if cover.leaves == 0 else cover.ended_ns
        return (until - min(bought)) / _NS if bought and until else _NAN

    def _step(self, record: WalkRecord, parent: WorkedParent) -> None:
        q, move, side = record.quote, record.move, parent.order.side
        spread = q.spread
        place = side.sign * (parent.limit - q.near(side)) / spread if spread > 0 else _NAN
        rested_s = (record.ts_event - parent.limit_since_ns) / _NS if parent.limit > 0 else _NAN
        move_price = _NAN if move is None else move.price
        self._steps.append(
            (record.ts_event, record.quantity, record.calls_left),
            (
                move_price, record.limit, place, rested_s, record.price, record.leg_skew_s,
                *quote_figures(q),
            ),
            (
                record.parent_id, record.client_order_id, record.event.value, side.value,
                "" if move is None else move.kind.value, "" if move is None else move.reason,
                "" if move is None else move.outcome, record.veto, record.trade_id, record.route,
                record.route_reason, record.tightened, record.text,
            ),
        )  # fmt: skip
