"""One parent order on its way: every event goes in, at most one move for the venue comes out.

The policy is a pure state machine. It is told of every look at the market and of every answer of
the venue; what it decides depends on nothing else, so that the log makes it again
(`execution.replay_walk`). Prices are decided on looks alone; an answer only changes what is known.
"""

from collections.abc import Callable

from autotrade_0dte.execution.desk_params import DeskParams
from autotrade_0dte.execution.order_quote import OrderQuote
from autotrade_0dte.execution.parent import Outcome, ParentOrder, Purpose
from autotrade_0dte.execution.remainder import RemainderRule
from autotrade_0dte.execution.routing import Route, RouteReason, Style, route
from autotrade_0dte.execution.vetoes import VetoCode
from autotrade_0dte.execution.walk_prices import WalkPrices
from autotrade_0dte.execution.walk_record import Move, MoveKind, StepReason
from autotrade_0dte.execution.walk_schedule import WalkSchedule
from autotrade_0dte.execution.walk_state import WalkState
from autotrade_0dte.execution.walk_vetoes import WalkVetoes

__all__ = ["Walk"]

_NS = 1_000_000_000


class Walk(WalkState):
    """The policy of one parent order.

    Look (`on_quote`) first when the order comes in and after `on_resent`, then on every view and
    timer; tell it of each answer as it comes. A move is sent at once, and counts as sent.

    Parameters
    ----------
    parent : ParentOrder
        What is to be done.
    params : DeskParams
        How.
    tick_cents : callable
        Tick in cents at a price in whole cents.
    close_ns : int
        When the contract stops trading, UTC ns.
    remainders : RemainderRule
        Whether a rest is worth a new order.
    can_change : bool, default True
        Whether the venue changes limits of such an order; a package's it does not.
    """

    __slots__ = (
        "_close_ns", "_crosses_ns", "_is_escalated", "_params", "_prices", "_replaced_ns",
        "_schedule", "_vetoes",
    )  # fmt: skip

    def __init__(
        self,
        parent: ParentOrder,
        params: DeskParams,
        tick_cents: Callable[[int], int],
        close_ns: int,
        remainders: RemainderRule,
        *,
        can_change: bool = True,
    ) -> None:
        super().__init__(parent, remainders, can_change=can_change)
        self._params = params
        self._close_ns = close_ns
        self._is_escalated = False
        self._crosses_ns = params.walk.crosses_ns(parent, params.route)
        self._prices = WalkPrices(parent.side, parent.cap, tick_cents)
        self._schedule = WalkSchedule(parent, params.walk, params.route, self._prices)
        self._vetoes = WalkVetoes(parent, params, self._prices)
        self._replaced_ns = 0

    def on_quote(
        self,
        quote: OrderQuote,
        calls_left: int,
        *,
        tightened: bool = False,
        leg_skew_s: float = 0.0,
    ) -> Move | None:
        """Return what is to be done on this look, or None.

        Parameters
        ----------
        quote : OrderQuote
            The market; `now_ns` is the event time of the look, and never goes back.
        calls_left : int
            What the call budget has left for this purpose.
        tightened : bool, optional
            Whether the quality watch has the desk tightened; binds entries alone.
        leg_skew_s : float, optional
            Seconds between the quotes of a vertical's legs; 0 for an order without another leg.
        """
        now_ns, order = quote.now_ns, self._order
        if self.outcome is not Outcome.OPEN:
            return None
        if order.in_flight or order.cancel or self._resend_ns is not None:
            return self._wait(now_ns)
        if self._is_entry and now_ns >= self.parent.deadline_ns:
            return self._give_up(now_ns)
        if self._crosses_ns is not None and now_ns >= self._crosses_ns and not self._is_escalated:
            self._escalate()
        look = self._step if order.is_live else self._open
        decided = look(quote, calls_left, tightened and self._is_entry, leg_skew_s)
        if not isinstance(decided, VetoCode):
            return decided
        self._count(decided)
        self.veto = decided
        return None

    # -- inside ------------------------------------------------------------------------------------

    def _wait(self, now_ns: int) -> Move | None:
        """Wait for an answer, for a cancel's next try, or for the remainder, each so long."""
        walk, order = self._params.walk, self._order
        if self._resend_ns is not None:
            reason = self._drop_reason(now_ns)
            if not reason and now_ns - self._resend_ns >= walk.resend_s * _NS:
                reason = StepReason.NOT_RESENT
            return self._end(reason, self._drawn_back) if reason else None
        patience_s = walk.answer_s
        if not order.in_flight:  # a cancel that is planned goes at once
            retry_s = walk.cancel_retry_s * 2.0 ** min(order.refusals - 1, 12)
            patience_s = min(retry_s, walk.answer_s) if order.refusals else 0.0
        if now_ns - order.told_ns < patience_s * _NS:
            return None
        if order.cancel:
            return self._cancel(now_ns, order.cancel, order.cancel_reason)
        # Whether the order lives, and at which limit, is not known before its end is.
        cancel = MoveKind.CANCEL if self._is_entry else MoveKind.REPLACE
        return self._cancel(now_ns, cancel, StepReason.NO_ANSWER)

    def _give_up(self, now_ns: int) -> Move:
        if self._order.is_live:
            return self._cancel(now_ns, MoveKind.CANCEL, StepReason.DEADLINE)
        return self._end(self.veto or StepReason.DEADLINE, self._drawn_back)

    def _escalate(self) -> None:
        is_emergency = self.parent.purpose is Purpose.EMERGENCY
        reason = RouteReason.EMERGENCY if is_emergency else RouteReason.ESCALATED
        self.route = Route(Style.MARKETABLE, reason)
        self._is_escalated = True
        self._vetoes.escalated()
        self.veto = ""

    def _open(
        self, quote: OrderQuote, calls_left: int, tightened: bool, leg_skew_s: float
    ) -> Move | VetoCode:
        if self._due_quantity > self.leaves:
            return self._end(StepReason.OVERFILL_RISK, self._drawn_back)
        if not self._prices.has_price:
            return self._end(RouteReason.CAP_BELOW_TICK, self._drawn_back)
        veto = self._vetoes.of_market(quote, self.leaves, tightened, leg_skew_s)
        if veto is not None:
            return veto
        if not self._is_escalated:
            self.route = route(
                self.parent, quote, self._params.route, tick=self._prices.tick(quote),
                to_close_s=(self._close_ns - quote.now_ns) / _NS, calls_left=calls_left,
                tightened=tightened,
            )  # fmt: skip
        assert self.route is not None  # an escalated order has one
        if self.route.style is Style.GIVE_UP:
            return self._end(self.route.reason, self._drawn_back)
        if calls_left < 1 and self._vetoes.binds:
            return VetoCode.BUDGET
        return self._submit(quote, self.route, tightened)

    def _submit(self, quote: OrderQuote, chosen: Route, tightened: bool) -> Move | VetoCode:
        order = self._order
        limit = self._schedule.first(quote, chosen.style)
        if limit is None:
            return VetoCode.NO_FAR_QUOTE
        if order.limit is not None:  # what was offered for the remainder is not taken back
            limit = self._prices.beyond(limit, order.limit)
        veto = self._vetoes.of_fair_value(limit, quote, tightened)
        if veto is not None:
            return veto
        self.veto = ""
        order.submit(quote.now_ns, limit, self._due_quantity)
        self._schedule.note_spot(quote.spot)
        return Move(MoveKind.SUBMIT, chosen.reason, self.limit)

    def _step(
        self, quote: OrderQuote, calls_left: int, tightened: bool, leg_skew_s: float
    ) -> Move | VetoCode | None:
        order = self._order
        assert order.limit is not None  # it is at the venue
        assert self.route is not None  # so it has one
        if self._vetoes.is_gone(order.limit, quote, tightened):
            self._count(VetoCode.FAIR_VALUE)
            return self._cancel(quote.now_ns, MoveKind.CANCEL, VetoCode.FAIR_VALUE)
        due = self._schedule.due(quote, self.route.style, order.limit, order.rested_ns)
        if due is None:
            return None
        limit, reason = due
        held = self._new_order_veto() if order.is_refused else None
        held = held or self._vetoes.of_step(
            limit, quote, calls_left, self.leaves, tightened, leg_skew_s
        )
        return held or self._change(quote, limit, reason)

    def _change(self, quote: OrderQuote, limit: int, reason: StepReason) -> Move | None:
        """Send a new limit, or, where the venue refuses changes, cancel for a new order."""
        now_ns, order = quote.now_ns, self._order
        if order.is_refused:
            if now_ns - self._replaced_ns < self._params.walk.replace_rest_s * _NS:
                return None
            self._replaced_ns = now_ns
            self.replaces += 1
        else:
            self.reprices += 1
        self.veto = ""
        self._schedule.count_step()
        if order.is_refused:
            return self._cancel(now_ns, MoveKind.REPLACE, reason)
        order.reprice(now_ns, limit)
        self._schedule.note_spot(quote.spot)
        return Move(MoveKind.REPRICE, reason, self.limit)

    def _new_order_veto(self) -> VetoCode | None:
        """Return what forbids a new order in place of one that the venue does not change."""
        if self.replaces >= self._params.walk.max_replaces and not self._is_escalated:
            return VetoCode.REPLACED_ENOUGH
        return None if self._is_worth_new_order() else VetoCode.REMAINDER_FEES

    def _count(self, code: VetoCode) -> None:
        if self.veto != code:
            self.vetoes[code] = self.vetoes.get(code, 0) + 1
