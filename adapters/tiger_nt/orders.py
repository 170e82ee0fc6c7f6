"""One order as the sum of what push and REST tell of it, in any order, any number of times.

Three sources speak of an order: views of it by push, views of it by REST, and its transactions.
They arrive late, twice, out of order, or not at all. `TrackedOrder` merges them by what cannot go
back: the filled quantity and the set of transactions only grow, a final state stays, and terms
(quantity and prices) belong to the newest view. From that it tells the engine's events, each once.
What it cannot know without asking it names as a `Doubt`; asking is the caller's part.
"""

from collections.abc import Iterator

from tiger_nt.commissions import FeeFunction
from tiger_nt.engine_orders import EngineOrder, Terms
from tiger_nt.fills import Executions, FillBook
from tiger_nt.marks import client_order_id
from tiger_nt.order_events import (
    Accepted,
    Canceled,
    CancelRejected,
    CommissionDiffers,
    Doubt,
    Expired,
    Filled,
    ModifyRejected,
    OrderEvent,
    Rejected,
    Updated,
)
from tiger_nt.order_views import Age, age, is_consistent, same_terms, terms_of
from tiger_nt.views import CommandStatus, OrderRequest, OrderState, OrderView, TransactionView

__all__ = ["Terms", "TrackedOrder"]

_NOT_ACCEPTED = {OrderState.NEW, OrderState.UNKNOWN, OrderState.REJECTED}


class TrackedOrder:
    """One order; see the module's text.

    Parameters
    ----------
    request : OrderRequest
        The order as sent, or as first seen.
    fees : FeeFunction, optional
        Estimate of the fees (see commissions.py). Without one, a fill is told when a view of the
        order tells its commission.
    max_asks : int, default 3
        Answers after which missing transactions are inferred from the average, and nothing is
        waited for any more.
    """

    def __init__(
        self, request: OrderRequest, *, fees: FeeFunction | None = None, max_asks: int = 3
    ) -> None:
        self.request = request
        self.id: int | None = None
        """Tiger's global id, once known."""
        self.was_sent = False
        """Whether this process sent it."""
        self.accepted = False
        self.ended: OrderEvent | None = None
        """The end that was told; a last fill is none."""
        self.view: OrderView | None = None
        """The newest view."""
        self.terms: Terms = (request.quantity, request.limit_price, request.stop_price)
        """As last told to the engine."""
        self._terms_age: Age = (False, -1, -1, -1)
        self._modifying: Terms | None = None
        self._cancelling = False
        self._failed_ms: dict[str, int] = {}
        self._book: Executions = self._executions(request, fees)
        self._max_asks = max_asks
        self._asks = dict.fromkeys(Doubt, 0)
        self._difference = 0.0

    @staticmethod
    def _executions(request: OrderRequest, fees: FeeFunction | None) -> Executions:
        return FillBook(request.symbol, request.is_buy, fees)

    @property
    def whole(self) -> "TrackedOrder":
        """Return the order at Tiger that this is: itself."""
        return self

    @property
    def parts(self) -> tuple[EngineOrder, ...]:
        """Return what the engine has as orders: itself, of a package its legs."""
        return (self,)

    def told(self, event: OrderEvent) -> OrderEvent | None:
        """Return what an event is for the engine's order: itself."""
        return event

    @property
    def mark(self) -> str:
        """Return our reference, empty for an order made elsewhere."""
        return self.request.user_mark

    @property
    def is_ours(self) -> bool:
        """Return whether the mark names an order of the engine's, of this process or another."""
        return client_order_id(self.mark) is not None

    @property
    def quantity(self) -> int:
        """Return the contracts ordered, as last told to the engine."""
        return self.terms[0]

    @property
    def fills(self) -> list[Filled]:
        """Return the executions told to the engine."""
        return self._book.fills

    @property
    def filled(self) -> int:
        """Return the contracts told to the engine as filled."""
        return self._book.filled

    @property
    def overfilled(self) -> int:
        """Return the contracts beyond the order's quantity; the engine is not told of them."""
        return max(0, self._book.traded - self.quantity)

    @property
    def is_done(self) -> bool:
        """Return whether the engine was told an end, or the last fill."""
        return self.ended is not None or self.filled >= self.quantity

    @property
    def awaits_modify(self) -> bool:
        """Return whether a change is under way."""
        return self._modifying is not None

    @property
    def awaits_cancel(self) -> bool:
        """Return whether a cancel is under way."""
        return self._cancelling

    @property
    def doubt(self) -> Doubt | None:
        """Return what has to be asked, None if nothing is uncertain."""
        if self.id is None:
            return None
        if self._missing > 0 and not self._holds_back:
            return Doubt.TRANSACTIONS
        if self.is_done or self._asks[Doubt.ORDER] >= self._max_asks:
            return None
        view = self.view
        unclear = view is None or view.state is OrderState.UNKNOWN or not is_consistent(view)
        return Doubt.ORDER if unclear or self.overfilled or self._holds_back else None

    def begin_modify(self, terms: Terms) -> None:
        """Note that these terms are asked for."""
        self._modifying = terms

    def begin_cancel(self) -> None:
        """Note that the cancel is asked for."""
        self._cancelling = True

    def fail_modify(self, reason: str, at_ms: int) -> list[OrderEvent]:
        """Return the rejection of the change under way, if it still is."""
        if self._modifying is None or self.is_done:
            return []
        self._modifying = None
        return [ModifyRejected(reason, at_ms), *self._advance()]

    def fail_cancel(self, reason: str, at_ms: int) -> list[OrderEvent]:
        """Return the rejection of the cancel under way, if it still is."""
        if not self._cancelling or self.is_done:
            return []
        self._cancelling = False
        return [CancelRejected(reason, at_ms)]

    def refuse(self, reason: str, at_ms: int) -> list[OrderEvent]:
        """Return the rejection of an order that never came to be worked."""
        if self.accepted or self.ended is not None:
            return []
        self.ended = Rejected(reason, at_ms)
        return [self.ended]

    def on_view(self, view: OrderView) -> list[OrderEvent]:
        """Take a view of the order; return what is new."""
        self.id = view.id
        evident = view.state not in _NOT_ACCEPTED or view.filled > 0
        events = list(self._accept(evident, view.updated_ms))
        if not self.is_done:
            events += self._terms_events(view)
            events += self._command_events(view)
        self._book.on_view(view)
        if self.view is None or age(view) >= age(self.view):
            self.view = view
        return [*events, *self._advance(), *self._compare_commission(view.updated_ms)]

    def on_transaction(self, transaction: TransactionView) -> list[OrderEvent]:
        """Take an execution; return what is new."""
        self._book.add(transaction)
        return list(self._accept(True, transaction.time_ms)) + self._advance()

    def on_answer(self, doubt: Doubt) -> list[OrderEvent]:
        """Note that Tiger has answered all it knows; return what is concluded at last.

        Missing transactions are inferred; an order in a state without a known word counts as
        accepted: Tiger has it, and may work it.
        """
        self._asks[doubt] += 1
        if self._asks[doubt] < self._max_asks:
            return []
        concluded: list[OrderEvent] = []
        if doubt is Doubt.TRANSACTIONS and self.id is not None:
            concluded += self._book.infer(self.id, self.quantity)
        elif self.view is not None and self.view.state is OrderState.UNKNOWN:
            concluded += self._accept(True, self.view.updated_ms)
        return concluded + self._advance()

    def _accept(self, evident: bool, at_ms: int) -> Iterator[OrderEvent]:
        if evident and not self.accepted and self.ended is None and self.id is not None:
            self.accepted = True
            yield Accepted(self.id, at_ms)

    def _terms_events(self, view: OrderView) -> Iterator[OrderEvent]:
        newness = age(view)
        refused = view.state is OrderState.REJECTED and not self.accepted
        if refused or newness < self._terms_age:
            return
        terms = terms_of(view, self.terms)
        wanted = self._modifying is not None and same_terms(terms, self._modifying)
        replaced = view.replace_status is CommandStatus.REPLACED
        newer = newness > self._terms_age or replaced
        self._terms_age = newness
        if view.quantity <= self.filled:
            return  # nothing is left to change: its end follows
        if wanted:
            self._modifying = None
        if wanted or (newer and not same_terms(terms, self.terms)):
            yield from self._accept(True, view.updated_ms)
            self.terms = terms
            yield Updated(*terms, view.updated_ms)

    def _command_events(self, view: OrderView) -> list[OrderEvent]:
        events: list[OrderEvent] = []
        reason = view.reason or "refused by Tiger without a reason"
        if self._is_new_failure("modify", view.replace_status, view):
            events += self.fail_modify(reason, view.updated_ms)
        if self._is_new_failure("cancel", view.cancel_status, view):
            events += self.fail_cancel(reason, view.updated_ms)
        return events

    def _is_new_failure(self, command: str, status: CommandStatus, view: OrderView) -> bool:
        """Return whether a failure was not told before: the same view may come twice."""
        if status is not CommandStatus.FAILED or view.state.is_final:
            return False
        if view.updated_ms <= self._failed_ms.get(command, -1):
            return False
        self._failed_ms[command] = view.updated_ms
        return True

    @property
    def _missing(self) -> int:
        return self._book.missing(self.quantity)

    @property
    def _holds_back(self) -> bool:
        """Return whether fills wait for a view of the order.

        So they do where only a view can tell their commission, and where they would end the order
        for the engine while it is asked to become larger.
        """
        if self._asks[Doubt.ORDER] >= self._max_asks:
            return False
        if self._book.awaits_commission:
            return True
        if self._modifying is None or (self.view is not None and self.view.state.is_final):
            return False
        return self._book.traded >= self.quantity < self._modifying[0]

    def _advance(self) -> list[OrderEvent]:
        """Return the fills that are now known and, when none is missing, the end."""
        if self._holds_back:
            return []
        events: list[OrderEvent] = [*self._book.take(self.quantity)]
        if self._missing > 0:
            return events
        self._asks[Doubt.TRANSACTIONS] = 0
        view = self.view
        if view is None or not view.state.is_final or self.is_done or not is_consistent(view):
            return events
        self.ended = self._end(view)
        return [*events, self.ended]

    def _compare_commission(self, at_ms: int) -> Iterator[OrderEvent]:
        difference = self._book.commission_difference
        if self.is_done and difference != self._difference:
            self._difference = difference
            yield CommissionDiffers(difference, at_ms)

    def _end(self, view: OrderView) -> OrderEvent:
        if view.state is OrderState.EXPIRED:
            return Expired(view.updated_ms)
        if view.state is OrderState.REJECTED and not self.fills:
            return Rejected(view.reason or "rejected by Tiger without a reason", view.updated_ms)
        # The engine knows no rejection after a fill: what is left of the order is cancelled.
        return Canceled(view.reason, view.updated_ms)
