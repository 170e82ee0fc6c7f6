"""One parent order as it goes: times, fills, counts and what the market offered meanwhile."""

import math
from collections import Counter

import msgspec

from autotrade_0dte.execution.desk_params import DeskParams
from autotrade_0dte.execution.fees import FeeSchedule, OrderFees, without_minimums
from autotrade_0dte.execution.offer import Offer, needed_s, should_fill
from autotrade_0dte.execution.order_quote import OrderQuote
from autotrade_0dte.execution.parent import Outcome, ParentOrder, Side
from autotrade_0dte.execution.routing import Style
from autotrade_0dte.execution.walk_record import Move, MoveKind, WalkEvent, WalkRecord
from autotrade_0dte.instruments import option_symbol

__all__ = ["WorkedParent", "quote_figures"]

_NS = 1_000_000_000
_NAN = math.nan


class WorkedParent(msgspec.Struct):
    """A parent, its quote at the decision, and what the desk's log has told of it so far.

    `limit` is what the venue has, since `limit_since_ns`.
    """

    order: ParentOrder
    arrival: OrderQuote
    offer: Offer
    submitted_ns: int = 0
    acknowledged_ns: int = 0
    first_fill_ns: int = 0
    last_fill_ns: int = 0
    ended_ns: int = 0
    outcome: Outcome = Outcome.OPEN
    end_reason: str = ""
    route: str = ""
    route_reason: str = ""
    fair: float = _NAN
    filled: int = 0
    value: float = 0.0
    submit_mid: float = _NAN
    end_mid: float = _NAN
    limit: float = _NAN
    limit_since_ns: int = 0
    veto: str = ""
    vetoes: Counter[str] = msgspec.field(default_factory=Counter)
    moves: Counter[MoveKind] = msgspec.field(default_factory=Counter)
    rejects: int = 0
    charged: dict[str, tuple[OrderFees, OrderFees]] = {}

    @property
    def leaves(self) -> int:
        """Contracts not filled."""
        return self.order.quantity - self.filled

    def take(self, record: WalkRecord) -> None:
        """Take an event of the desk's log."""
        now_ns = record.ts_event
        if not self.submitted_ns and record.route:  # chosen anew at each look until it is sent
            self.route, self.route_reason = record.route, record.route_reason
        if math.isnan(self.fair) and not self.submitted_ns:
            self.fair = record.quote.fair
        match record.event:
            case WalkEvent.QUOTE:
                self._vetoed(record.veto)
            case WalkEvent.ACCEPTED | WalkEvent.MODIFIED:
                self._confirmed(record)
            case WalkEvent.FILLED:
                self.first_fill_ns = self.first_fill_ns or now_ns
                self.last_fill_ns = now_ns
                self.filled += record.quantity
                self.value += record.quantity * record.price
            case WalkEvent.MODIFY_REJECTED | WalkEvent.CANCEL_REJECTED:
                self.rejects += 1
            case WalkEvent.REJECTED:
                self.rejects += 1
                self.limit = _NAN
            case WalkEvent.CANCELED:
                self.limit = _NAN
            case WalkEvent.DENIED if not self.moves[MoveKind.REPLACE]:  # as it was to leave
                self.submitted_ns, self.submit_mid = 0, _NAN
        if record.move is not None:
            self._moved(record, record.move)

    def look(self, quote: OrderQuote) -> None:
        """Take what the market offers at one instant."""
        self.offer.look(quote, self.leaves, is_vetoed=bool(self.veto))

    def charge(self, record: WalkRecord, schedule: FeeSchedule) -> None:
        """Add a fill to the fees of its order, with minimums and without."""
        key = record.client_order_id
        if key not in self.charged:
            root = option_symbol(self.order.instrument_id.rpartition(".")[0]).root
            sells = self.order.side is Side.SELL
            self.charged[key] = (
                OrderFees(schedule, root, sells),
                OrderFees(without_minimums(schedule), root, sells),
            )
        for fees in self.charged[key]:
            fees.add_fill(record.quantity, record.price)

    def row(
        self, leg_risk_s: float, desk: DeskParams, whole: "WorkedParent"
    ) -> tuple[list[int], list[float], tuple[object, ...]]:
        """Return whole numbers, floats and texts of its row, in the order of the columns.

        `whole` is what the market's offer was to: itself, or the package that it is a leg of.
        """
        order, moves = self.order, self.moves
        integers = [
            order.quantity, int(order.level), order.decided_ns, order.deadline_ns,
            self.submitted_ns, self.acknowledged_ns, self.first_fill_ns, self.last_fill_ns,
            self.ended_ns, self.filled, moves[MoveKind.REPRICE], moves[MoveKind.REPLACE],
            moves[MoveKind.CANCEL], self.rejects,
        ]  # fmt: skip
        fee = sum(with_minimums.breakdown.total for with_minimums, _ in self.charged.values())
        bare = sum(without.breakdown.total for _, without in self.charged.values())
        average = self.value / self.filled if self.filled else _NAN
        at_decision = msgspec.structs.replace(self.arrival, fair=self.fair)
        offer, offered_s = whole.offer, whole.offer.longest_ns / _NS
        needed = needed_s(whole.order, Style(whole.route) if whole.route else None, desk)
        expected = should_fill(
            order.purpose, self.outcome, offered_s=offered_s, at_end=offer.at_end, needed=needed
        )
        floats = [
            order.cap, average, *quote_figures(at_decision), self.submit_mid, self.end_mid,
            offered_s, needed, leg_risk_s, fee, fee - bare,
        ]  # fmt: skip
        vetoes = msgspec.json.encode(dict(sorted(self.vetoes.items()))).decode()
        texts = (
            order.parent_id, order.plan_id, order.strategy, order.package, order.instrument_id,
            order.side.value, order.purpose.value, order.urgency.value, order.reason,
            self.outcome.value, self.end_reason, self.route, self.route_reason, vetoes,
            offer.at_end, expected,
        )  # fmt: skip
        return integers, floats, texts

    def _confirmed(self, record: WalkRecord) -> None:
        self.acknowledged_ns = self.acknowledged_ns or record.ts_event
        confirmed = record.limit if math.isnan(record.price) else record.price
        if confirmed != self.limit:
            self.limit, self.limit_since_ns = confirmed, record.ts_event

    def _vetoed(self, veto: str) -> None:
        if veto and veto != self.veto:
            self.vetoes[veto] += 1
        self.veto = veto

    def _moved(self, record: WalkRecord, move: Move) -> None:
        now_ns, mid = record.ts_event, record.quote.mid
        self.moves[move.kind] += 1
        if move.kind is MoveKind.SUBMIT and not self.submitted_ns:
            self.submitted_ns, self.submit_mid = now_ns, mid
        if move.kind is MoveKind.END:
            self.ended_ns, self.end_mid = now_ns, mid
            self.outcome, self.end_reason = Outcome(move.outcome), move.reason
            self.offer.end(now_ns)


def quote_figures(quote: OrderQuote) -> tuple[float, ...]:
    """Return a quote's columns: prices, sizes, age, fair value, delta, spot."""
    return (
        quote.bid, quote.ask, quote.bid_size, quote.ask_size, quote.age_s, quote.fair, quote.delta,
        quote.spot,
    )  # fmt: skip
