"""One parent order on its way: every event goes in, at most one move for the venue comes out.

The policy is a pure state machine. It is told of every look at the market and of every answer of
the venue; what it decides depends on nothing else, so that the log makes it again
(`execution.replay_walk`). Prices are decided on looks alone; an answer only changes what is known.
"""

import math
from collections.abc import Callable

from autotrade_0dte.execution.desk_params import DeskParams
from autotrade_0dte.execution.order_quote import OrderQuote
from autotrade_0dte.execution.parent import Outcome, ParentOrder, Purpose
from autotrade_0dte.execution.remainder import RemainderAction, RemainderRule
from autotrade_0dte.execution.routing import Route, RouteReason, Style, route
from autotrade_0dte.execution.venue_order import VenueOrder
from autotrade_0dte.execution.vetoes import Veto, VetoCode, fair_value_veto, market_veto
from autotrade_0dte.execution.walk_prices import WalkPrices
from autotrade_0dte.execution.walk_record import Move, MoveKind, StepReason
from autotrade_0dte.execution.walk_schedule import WalkSchedule

__all__ = ["Walk"]

_NS = 1_000_000_000


class Walk:
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

    Attributes
    ----------
    filled : int
        Contracts filled in all.
    reprices, replaces : int
        Changes of the limit sent to the venue, and orders canceled to be sent anew.
    route : Route or None
        How it is worked and why; None before that is chosen.
    outcome : Outcome
        OPEN until it is over.
    end_reason : str
        Why it is over; empty until then.
    veto : str
        Code of what holds it back now; empty when nothing does.
    vetoes : dict of str to int
        How often each has begun to.
    """

    __slots__ = (
        "_close_ns", "_crosses_ns", "_due_quantity", "_is_entry", "_is_escalated", "_order",
        "_params", "_prices", "_remainders", "_replaced_ns", "_resend_ns", "_schedule", "_sign",
        "end_reason", "filled", "outcome", "parent", "replaces", "reprices", "route", "veto",
        "vetoes",
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
        self.parent = parent
        self.filled = self.reprices = self.replaces = 0
        self.outcome = Outcome.OPEN
        self.route: Route | None = None
        self.end_reason = self.veto = ""
        self.vetoes: dict[str, int] = {}
        self._params = params
        self._close_ns = close_ns
        self._remainders = remainders
        self._is_entry = parent.purpose is Purpose.ENTRY
        self._is_escalated = False
        self._sign = parent.side.sign
        self._crosses_ns = params.walk.crosses_ns(parent, params.route)
        self._prices = WalkPrices(parent.side, parent.cap, tick_cents)
        self._schedule = WalkSchedule(parent, params.walk, params.route, self._prices)
        self._order = VenueOrder(can_change=can_change)
        self._due_quantity = parent.quantity
        self._resend_ns: int | None = None
        self._replaced_ns = 0

    # -- what is known ----------------------------------------------------------------------------

    @property
    def limit(self) -> float:
        """Limit at work or on its way, dollars; NaN before the first."""
        return math.nan if self._order.limit is None else self._order.limit / 100

    @property
    def leaves(self) -> int:
        """Contracts not filled."""
        left = self.parent.quantity - self.filled
        return left if left > 0 else 0

    @property
    def is_over(self) -> bool:
        """Whether the parent has ended."""
        return self.outcome is not Outcome.OPEN

    @property
    def is_due_to_end(self) -> bool:
        """Whether a cancel waits for nothing but the next look."""
        order = self._order
        return order.cancel is not None and not order.in_flight and not order.refusals

    def accepts_resend(self, quantity: int) -> bool:
        """Return whether a new order may carry the remainder on; if not, it must be denied."""
        return self._resend_ns is not None and not self.is_over and 0 < quantity <= self.leaves

    # -- a look at the market ---------------------------------------------------------------------

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

    # -- answers of the venue ---------------------------------------------------------------------

    def on_accepted(self, now_ns: int) -> Move | None:
        """Note that the venue has the order."""
        self._order.accepted(now_ns)
        return None

    def on_modified(self, now_ns: int, price: float) -> Move | None:
        """Note that the venue has changed the limit to `price`, dollars."""
        self._order.modified(now_ns, round(price * 100))
        return None

    def on_modify_rejected(self, now_ns: int) -> Move | None:
        """Note that the limit stays; the next change needs a new order."""
        self._order.modify_rejected(now_ns)
        return None

    def on_cancel_rejected(self, now_ns: int) -> Move | None:
        """Note that the order lives on; the cancel is sent again after a rest."""
        self._order.cancel_rejected(now_ns)
        return None

    def on_fill(self, now_ns: int, quantity: int, *, is_former: bool = False) -> Move | None:
        """Count a fill; `is_former` says that it is of an order that has been replaced."""
        order = self._order
        self.filled += quantity
        if not is_former:
            order.filled(now_ns, quantity)
        if self.is_over:
            return self._end(StepReason.LATE_FILL, self._drawn_back)
        is_done = order.is_live and not is_former  # also where it was for less than is left
        if order.quantity == 0 and (self.leaves == 0 or is_done):
            return self._end(StepReason.FILLED, self._drawn_back)
        if order.quantity <= self.leaves or order.cancel:
            return None
        cancel = MoveKind.REPLACE if self.leaves and not self._is_entry else MoveKind.CANCEL
        if order.in_flight:  # the next look sends it, once that is answered
            order.plan_end(cancel, StepReason.OVERFILL_RISK)
            return None
        return self._cancel(now_ns, cancel, StepReason.OVERFILL_RISK)

    def on_canceled(self, now_ns: int) -> Move | None:
        """Note that the order is gone, by the desk's cancel or another's."""
        if self.is_over:
            return None
        cancel = self._order.ended()
        if self.leaves == 0:
            return self._end(StepReason.FILLED, Outcome.FILLED)
        if cancel is None:
            return self._end(StepReason.CANCELED, Outcome.CANCELED)
        reason = self._order.cancel_reason
        if cancel is MoveKind.REPLACE:
            reason = self._drop_reason(now_ns)
        if reason:
            return self._end(reason, self._drawn_back)
        self._resend_ns = now_ns
        return None

    def on_rejected(self, _now_ns: int) -> Move | None:
        """Note that the venue has refused the order, at once or later."""
        return self._refused(StepReason.REJECTED, Outcome.REJECTED)

    def on_denied(self, _now_ns: int) -> Move | None:
        """Note that the order never left."""
        return self._refused(StepReason.DENIED, Outcome.DENIED)

    def on_resent(self, _now_ns: int, quantity: int) -> Move | None:
        """Take over a new order with the remainder; look at the market next.

        Raises
        ------
        ValueError
            No such order is expected, see `accepts_resend`.
        """
        if not self.accepts_resend(quantity):
            raise ValueError(
                f"Expected a remainder of 1 to {self.leaves} contracts after a confirmed cancel, "
                f"was {quantity} (parent {self.parent.parent_id})"
            )
        self._resend_ns = None
        self._due_quantity = quantity
        return None

    # -- the account's risk -----------------------------------------------------------------------

    def on_withdrawn(self, now_ns: int, reason: StepReason = StepReason.RISK_MODE) -> Move | None:
        """Draw back: by default because the risk controller allows the order no longer.

        What is at the venue is canceled, as soon as a command in flight is answered; the rest goes
        no further. What it may be sent anew for is over as well.
        """
        order = self._order
        if self.is_over or order.cancel is MoveKind.CANCEL:
            return None
        if not order.is_live:
            return self._end(reason, self._drawn_back)
        if order.in_flight:
            order.plan_end(MoveKind.CANCEL, reason)
            return None
        return self._cancel(now_ns, MoveKind.CANCEL, reason)

    # -- inside: looks ----------------------------------------------------------------------------

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
        self.veto = ""

    def _open(
        self, quote: OrderQuote, calls_left: int, tightened: bool, leg_skew_s: float
    ) -> Move | VetoCode:
        if self._due_quantity > self.leaves:
            return self._end(StepReason.OVERFILL_RISK, self._drawn_back)
        if not self._prices.has_price:
            return self._end(RouteReason.CAP_BELOW_TICK, self._drawn_back)
        veto = self._market_veto(quote, tightened, leg_skew_s)
        if veto is not None:
            return veto.code
        if not self._is_escalated:
            self.route = route(
                self.parent, quote, self._params.route, tick=self._prices.tick(quote),
                to_close_s=(self._close_ns - quote.now_ns) / _NS, calls_left=calls_left,
                tightened=tightened,
            )  # fmt: skip
        assert self.route is not None  # an escalated order has one
        if self.route.style is Style.GIVE_UP:
            return self._end(self.route.reason, self._drawn_back)
        if calls_left < 1 and self._is_bound:
            return VetoCode.BUDGET
        return self._submit(quote, self.route, tightened)

    def _submit(self, quote: OrderQuote, chosen: Route, tightened: bool) -> Move | VetoCode:
        order = self._order
        limit = self._schedule.first(quote, chosen.style)
        if limit is None:
            return VetoCode.NO_FAR_QUOTE
        if order.limit is not None:  # what was offered for the remainder is not taken back
            limit = self._prices.beyond(limit, order.limit)
        veto = self._fair_value_veto(limit, quote, tightened)
        if veto is not None:
            return veto.code
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
        if self._is_entry and self._is_beyond_fair(order.limit, quote, tightened):
            self._count(VetoCode.FAIR_VALUE)
            return self._cancel(quote.now_ns, MoveKind.CANCEL, VetoCode.FAIR_VALUE)
        due = self._schedule.due(quote, self.route.style, order.limit, order.rested_ns)
        if due is None:
            return None
        limit, reason = due
        held = self._held(limit, quote, calls_left, tightened, leg_skew_s)
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

    # -- inside: what holds it back ---------------------------------------------------------------

    @property
    def _is_bound(self) -> bool:
        """Whether vetoes and an empty call budget hold the order back."""
        purpose = self.parent.purpose
        return self._is_entry or (purpose is Purpose.EXIT and not self._is_escalated)

    def _held(
        self,
        limit: int,
        quote: OrderQuote,
        calls_left: int,
        tightened: bool,
        leg_skew_s: float,
    ) -> VetoCode | None:
        if self._order.is_refused:
            if self.replaces >= self._params.walk.max_replaces and not self._is_escalated:
                return VetoCode.REPLACED_ENOUGH
            if not self._is_worth_new_order():
                return VetoCode.REMAINDER_FEES
        if not self._is_bound:
            return None
        if tightened:
            return VetoCode.TIGHTENED
        if calls_left < (self._params.route.walk_calls if self._is_entry else 1):
            return VetoCode.BUDGET
        veto = self._market_veto(quote, tightened, leg_skew_s)
        veto = veto or self._fair_value_veto(limit, quote, tightened)
        return None if veto is None else veto.code

    def _market_veto(self, quote: OrderQuote, tightened: bool, leg_skew_s: float) -> Veto | None:
        if not self._is_bound:
            return None
        return market_veto(
            self.parent, quote, self._params.vetoes, tick=self._prices.tick(quote),
            leaves=self.leaves, leg_skew_s=leg_skew_s, tightened=tightened,
        )  # fmt: skip

    def _fair_value_veto(self, limit: int, quote: OrderQuote, tightened: bool) -> Veto | None:
        if not self._is_bound:
            return None
        # A limit through the far side trades there.
        price = quote.far(self.parent.side) if self._prices.is_at_far(limit, quote) else limit / 100
        return fair_value_veto(
            self.parent, quote, price, self._params.vetoes, tick=self._prices.tick(quote),
            tightened=tightened,
        )  # fmt: skip

    def _is_beyond_fair(self, limit: int, quote: OrderQuote, tightened: bool) -> bool:
        if not self._sign * (limit / 100 - quote.fair) > 0:  # cheap, and mostly so
            return False
        veto = self._fair_value_veto(limit, quote, tightened)
        return veto is not None and veto.code is VetoCode.FAIR_VALUE

    def _count(self, code: VetoCode) -> None:
        if self.veto != code:
            self.vetoes[code] = self.vetoes.get(code, 0) + 1

    # -- inside: ends -----------------------------------------------------------------------------

    def _drop_reason(self, now_ns: int) -> str:
        """Return why the remainder of a canceled order is not sent anew; empty if it is."""
        if self._is_entry and now_ns >= self.parent.deadline_ns:
            return StepReason.DEADLINE
        return "" if self._is_worth_new_order() else VetoCode.REMAINDER_FEES

    def _is_worth_new_order(self) -> bool:
        if not self.filled:  # an order without a fill has paid nothing
            return True
        rest = self._remainders.decide(self.parent, self.leaves, self.limit)
        return rest.action is RemainderAction.WORK

    def _cancel(self, now_ns: int, cancel: MoveKind, reason: str) -> Move:
        self._order.end(now_ns, cancel, reason)
        return Move(cancel, reason)

    @property
    def _drawn_back(self) -> Outcome:
        """How it ends when the desk stops: by what was filled."""
        if self.leaves == 0:
            return Outcome.FILLED
        return Outcome.PARTLY_FILLED if self.filled else Outcome.GIVEN_UP

    def _refused(self, reason: StepReason, outcome: Outcome) -> Move | None:
        if self.is_over:
            return None
        return self._end(reason, self._drawn_back if self.filled else outcome)

    def _end(self, reason: str, outcome: Outcome) -> Move:
        self.end_reason, self.outcome = reason, outcome
        return Move(MoveKind.END, reason, outcome=outcome)
