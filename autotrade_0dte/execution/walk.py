"""One parent order on its way: every event goes in, at most one move for the venue comes out.

The policy is a pure state machine. It is told of every look at the market and of every answer of
the venue; what it decides depends on nothing else, so that the log makes it again
(`execution.replay_walk`). Prices are decided on looks alone; an answer only changes what is known.
"""

import math
from collections import Counter
from collections.abc import Callable
from enum import StrEnum

from autotrade_0dte.execution.desk_params import DeskParams
from autotrade_0dte.execution.order_quote import OrderQuote
from autotrade_0dte.execution.parent import Outcome, ParentOrder, Purpose
from autotrade_0dte.execution.remainder import RemainderAction, RemainderRule
from autotrade_0dte.execution.routing import Route, RouteReason, Style, route
from autotrade_0dte.execution.vetoes import Veto, VetoCode, fair_value_veto, market_veto
from autotrade_0dte.execution.walk_prices import WalkPrices, is_price
from autotrade_0dte.execution.walk_record import Move, MoveKind

__all__ = ["StepReason", "Walk"]

_NS = 1_000_000_000
_CANCELS = (MoveKind.CANCEL, MoveKind.REPLACE)


class StepReason(StrEnum):
    """Why a move is made, where neither route nor veto is the reason.

    SCHEDULE: the rest is over. MICRO_MOVE: the underlying runs away. FOLLOW: a marketable order
    goes after the far side. DEADLINE: an entry's time is over. NO_ANSWER: a command was lost.
    OVERFILL_RISK: more is at work than is left. Ends: FILLED; CANCELED, DENIED and REJECTED are
    not the desk's doing; NOT_RESENT: the remainder did not come back; LATE_FILL: a fill came after
    the end.
    """

    SCHEDULE = "SCHEDULE"
    MICRO_MOVE = "MICRO_MOVE"
    FOLLOW = "FOLLOW"
    DEADLINE = "DEADLINE"
    NO_ANSWER = "NO_ANSWER"
    OVERFILL_RISK = "OVERFILL_RISK"
    FILLED = "FILLED"
    CANCELED = "CANCELED"
    DENIED = "DENIED"
    REJECTED = "REJECTED"
    NOT_RESENT = "NOT_RESENT"
    LATE_FILL = "LATE_FILL"


class _Phase(StrEnum):
    TO_SEND = "TO_SEND"
    AT_VENUE = "AT_VENUE"
    TO_RESEND = "TO_RESEND"
    OVER = "OVER"


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

    Attributes
    ----------
    filled : int
        Contracts filled in all.
    leaves : int
        Contracts not filled.
    reprices, replaces : int
        Changes of the limit sent to the venue, and orders canceled to be sent anew.
    outcome : Outcome
        OPEN until it is over.
    end_reason : str
        Why it is over; empty until then.
    veto : str
        Code of what holds it back now; empty when nothing does.
    vetoes : Counter of str
        How often each has begun to.
    """

    __slots__ = (
        "_at_work", "_cancel_reason", "_canceled_ns", "_close_ns", "_crosses_ns", "_in_flight",
        "_is_accepted", "_is_entry", "_is_escalated", "_is_refused", "_limit", "_old_limit",
        "_order_quantity", "_params", "_phase", "_prices", "_remainders", "_replaced_ns",
        "_rested_ns", "_sent_ns", "_step_ns", "_step_spot", "_steps", "_wanted", "end_reason",
        "filled", "outcome", "parent", "replaces", "reprices", "route", "veto", "vetoes",
    )  # fmt: skip

    def __init__(
        self,
        parent: ParentOrder,
        params: DeskParams,
        tick_cents: Callable[[int], int],
        close_ns: int,
        remainders: RemainderRule,
    ) -> None:
        self.parent = parent
        self.filled = self.reprices = self.replaces = 0
        self.outcome = Outcome.OPEN
        self.route: Route | None = None
        self.end_reason = self.veto = ""
        self.vetoes: Counter[str] = Counter()
        self._params = params
        self._prices = WalkPrices(parent.side, parent.cap, tick_cents)
        self._close_ns = close_ns
        self._remainders = remainders
        self._is_entry = parent.purpose is Purpose.ENTRY
        self._crosses_ns = params.walk.crosses_ns(parent, params.route)
        self._step_ns = params.walk.step_ns(parent, params.route)
        self._phase = _Phase.TO_SEND
        self._is_escalated = self._is_accepted = self._is_refused = False
        self._limit: int | None = None
        self._old_limit: int | None = None
        self._order_quantity = parent.quantity
        self._at_work = self._steps = 0
        self._in_flight: MoveKind | None = None
        self._wanted: MoveKind | None = None
        self._cancel_reason = ""
        self._sent_ns = self._rested_ns = self._replaced_ns = self._canceled_ns = 0
        self._step_spot = math.nan

    # -- what is known ----------------------------------------------------------------------------

    @property
    def limit(self) -> float:
        """Limit at work or on its way, dollars; NaN before the first."""
        return math.nan if self._limit is None else self._limit / 100

    @property
    def leaves(self) -> int:
        """Contracts not filled."""
        return max(self.parent.quantity - self.filled, 0)

    @property
    def is_over(self) -> bool:
        """Whether the parent has ended."""
        return self._phase is _Phase.OVER

    def accepts_resend(self, quantity: int) -> bool:
        """Return whether a new order may carry the remainder on; if not, it must be denied."""
        return self._phase is _Phase.TO_RESEND and 0 < quantity <= self.leaves

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
            Whether the quality watch has the desk tightened.
        leg_skew_s : float, optional
            Seconds between the quotes of a vertical's legs; 0 for an order without another leg.
        """
        now_ns = quote.now_ns
        if self._phase is _Phase.OVER:
            return None
        if self._in_flight or self._wanted or self._phase is _Phase.TO_RESEND:
            return self._await(now_ns)
        if self._is_entry and now_ns >= self.parent.deadline_ns:
            return self._give_up(now_ns)
        if self._crosses_ns is not None and now_ns >= self._crosses_ns and not self._is_escalated:
            self._escalate()
        look = self._open if self._phase is _Phase.TO_SEND else self._step
        decided = look(quote, calls_left, tightened, leg_skew_s)
        if not isinstance(decided, VetoCode):
            return decided
        if self.veto != decided:
            self.vetoes[decided] += 1
        self.veto = decided
        return None

    # -- answers of the venue ---------------------------------------------------------------------

    def on_accepted(self, now_ns: int) -> Move | None:
        """Note that the venue has the order."""
        self._is_accepted = True
        if self._in_flight is MoveKind.SUBMIT:
            self._in_flight = None
            self._rested_ns = now_ns
        return None

    def on_modified(self, now_ns: int, price: float) -> Move | None:
        """Note that the venue has changed the limit to `price`, dollars."""
        if self._in_flight is MoveKind.REPRICE:
            self._in_flight = None
            self._rested_ns = now_ns
            self._limit = round(price * 100)
        return None

    def on_modify_rejected(self, now_ns: int) -> Move | None:
        """Note that the limit stays; the next change needs a new order."""
        if self._in_flight is MoveKind.REPRICE:
            self._in_flight = None
            self._rested_ns = now_ns
            self._limit = self._old_limit
            self._is_refused = True
        return None

    def on_cancel_rejected(self, now_ns: int) -> Move | None:
        """Note that the order lives on; the cancel is sent again after a rest."""
        if self._in_flight in _CANCELS:
            self._in_flight = None
            self._sent_ns = now_ns
        return None

    def on_fill(self, now_ns: int, quantity: int, *, is_former: bool = False) -> Move | None:
        """Count a fill; `is_former` says that it is of an order that has been replaced."""
        self.filled += quantity
        if not is_former:
            self._at_work = max(self._at_work - quantity, 0)
            self.on_accepted(now_ns)  # whatever is filled was accepted
        if self._phase is _Phase.OVER:
            return self._end(StepReason.LATE_FILL, self._drawn_back())
        if self.leaves == 0 and self._at_work == 0:
            return self._end(StepReason.FILLED, Outcome.FILLED)
        if self._at_work > self.leaves and self._wanted is None:
            is_left = self.leaves > 0 and not self._is_entry
            self._wanted = MoveKind.REPLACE if is_left else MoveKind.CANCEL
            self._cancel_reason = StepReason.OVERFILL_RISK
            if self._in_flight is None:
                return self._send(now_ns, self._wanted, self._cancel_reason)
        return None

    def on_canceled(self, now_ns: int) -> Move | None:
        """Note that the order is gone, by the desk's cancel or another's."""
        if self._phase is _Phase.OVER:
            return None
        wanted, self._wanted = self._wanted, None
        self._in_flight = None
        self._at_work = 0
        if self.leaves == 0:
            return self._end(StepReason.FILLED, Outcome.FILLED)
        if wanted is None:
            return self._end(StepReason.CANCELED, Outcome.CANCELED)
        reason = self._cancel_reason if wanted is MoveKind.CANCEL else self._drop_reason(now_ns)
        if reason:
            return self._end(reason, self._drawn_back())
        self._phase = _Phase.TO_RESEND
        self._canceled_ns = now_ns
        return None

    def on_rejected(self, _now_ns: int) -> Move | None:
        """Note that the venue has refused the order, at once or later."""
        return self._refused_by(StepReason.REJECTED, Outcome.REJECTED)

    def on_denied(self, _now_ns: int) -> Move | None:
        """Note that the order never left."""
        return self._refused_by(StepReason.DENIED, Outcome.DENIED)

    def on_resent(self, _now_ns: int, quantity: int) -> Move | None:
        """Take over a new order with the remainder; look at the market next.

        Raises
        ------
        ValueError
            No such order is expected, see `accepts_resend`.
        """
        if not self.accepts_resend(quantity):
            raise ValueError(
                f"Expected a remainder of at most {self.leaves} contracts when one is due, "
                f"was {quantity} (parent {self.parent.parent_id}, {self._phase})"
            )
        self._phase = _Phase.TO_SEND
        self._order_quantity = quantity
        self._is_accepted = self._is_refused = False
        return None

    # -- inside: sending --------------------------------------------------------------------------

    def _open(
        self, quote: OrderQuote, calls_left: int, tightened: bool, leg_skew_s: float
    ) -> Move | VetoCode:
        if self._order_quantity > self.leaves:
            return self._end(StepReason.OVERFILL_RISK, self._drawn_back())
        if not self._prices.has_price:
            return self._end(RouteReason.CAP_BELOW_TICK, self._drawn_back())
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
            return self._end(self.route.reason, self._drawn_back())
        if calls_left < 1 and self._is_bound:
            return VetoCode.BUDGET
        return self._submit(quote, self.route, tightened)

    def _submit(self, quote: OrderQuote, chosen: Route, tightened: bool) -> Move | VetoCode:
        limit = self._first_limit(quote, chosen.style)
        if limit is None:
            return VetoCode.NO_FAR_QUOTE
        if self._limit is not None:  # what has been shown is not taken back
            limit = self._prices.beyond(limit, self._limit)
        veto = self._fair_value_veto(limit, quote, tightened)
        if veto is not None:
            return veto.code
        self.veto = ""
        self._phase = _Phase.AT_VENUE
        self._at_work = self._order_quantity
        return self._send(quote.now_ns, MoveKind.SUBMIT, chosen.reason, limit, quote.spot)

    def _first_limit(self, quote: OrderQuote, style: Style) -> int | None:
        side, prices, walk = self.parent.side, self._prices, self._params.walk
        if not is_price(quote.far(side)):
            at_any_price = self.parent.purpose is Purpose.EMERGENCY
            return prices.without_far(quote, at_any_price=at_any_price)
        if style is Style.MARKETABLE or not is_price(quote.near(side)):
            return prices.marketable(quote, self._cross_ticks)
        if style is Style.PASSIVE:
            return prices.passive(quote)
        return prices.walk(quote, walk.start_fraction, self._steps / walk.steps)

    def _send(
        self,
        now_ns: int,
        kind: MoveKind,
        reason: str,
        limit: int | None = None,
        spot: float = math.nan,
    ) -> Move:
        self._in_flight = kind
        self._sent_ns = now_ns
        if kind in _CANCELS:
            self._wanted = kind
            self._cancel_reason = reason
            return Move(kind, reason)
        self._old_limit, self._limit = self._limit, limit
        self._step_spot = spot
        return Move(kind, reason, self.limit)

    def _end(self, reason: str, outcome: Outcome) -> Move:
        self._phase = _Phase.OVER
        self._in_flight = self._wanted = None
        self.end_reason, self.outcome = reason, outcome
        return Move(MoveKind.END, reason, outcome=outcome)

    def _drawn_back(self) -> Outcome:
        if self.leaves == 0:
            return Outcome.FILLED
        return Outcome.PARTLY_FILLED if self.filled else Outcome.GIVEN_UP

    def _refused_by(self, reason: StepReason, outcome: Outcome) -> Move | None:
        if self._phase is _Phase.OVER:
            return None
        return self._end(reason, self._drawn_back() if self.filled else outcome)

    # -- inside: time -----------------------------------------------------------------------------

    def _await(self, now_ns: int) -> Move | None:
        """Wait for an answer, for a cancel's next try, or for the remainder, each so long."""
        walk = self._params.walk
        if self._in_flight:
            if now_ns - self._sent_ns < walk.answer_s * _NS:
                return None
            # Whether the order lives, and at which limit, is not known until its end is.
            if self._wanted is None:
                wanted = MoveKind.CANCEL if self._is_entry else MoveKind.REPLACE
                return self._send(now_ns, wanted, StepReason.NO_ANSWER)
        elif self._wanted is None:
            return self._await_remainder(now_ns)
        elif now_ns - self._sent_ns < walk.cancel_retry_s * _NS:
            return None
        return self._send(now_ns, self._wanted, self._cancel_reason)

    def _await_remainder(self, now_ns: int) -> Move | None:
        reason = self._drop_reason(now_ns)
        if not reason and now_ns - self._canceled_ns >= self._params.walk.resend_s * _NS:
            reason = StepReason.NOT_RESENT
        return self._end(reason, self._drawn_back()) if reason else None

    def _give_up(self, now_ns: int) -> Move:
        if self._phase is _Phase.AT_VENUE:
            return self._send(now_ns, MoveKind.CANCEL, StepReason.DEADLINE)
        return self._end(self.veto or StepReason.DEADLINE, self._drawn_back())

    def _escalate(self) -> None:
        is_emergency = self.parent.purpose is Purpose.EMERGENCY
        reason = RouteReason.EMERGENCY if is_emergency else RouteReason.ESCALATED
        self.route = Route(Style.MARKETABLE, reason)
        self._is_escalated = True
        self.veto = ""

    # -- inside: stepping -------------------------------------------------------------------------

    def _step(
        self, quote: OrderQuote, calls_left: int, tightened: bool, leg_skew_s: float
    ) -> Move | VetoCode | None:
        assert self._limit is not None  # it is at the venue
        if self._is_entry:
            veto = self._fair_value_veto(self._limit, quote, tightened)
            if veto is not None and veto.code is VetoCode.FAIR_VALUE:
                self.vetoes[veto.code] += 1
                return self._send(quote.now_ns, MoveKind.CANCEL, veto.code)
        if quote.now_ns - self._rested_ns < self._params.walk.min_rest_s * _NS:
            return None
        step = self._next_limit(quote)
        if step is None or not self._prices.is_beyond(step[0], self._limit):
            return None
        limit, reason = step
        held = self._held(limit, quote, calls_left, tightened, leg_skew_s)
        return held or self._change(quote, limit, reason)

    def _next_limit(self, quote: OrderQuote) -> tuple[int, StepReason] | None:
        """Return the limit that is due now, and why, or None."""
        assert self._limit is not None  # it is at the venue
        assert self.route is not None  # so it has one
        walk, prices = self._params.walk, self._prices
        has_far = is_price(quote.far(self.parent.side))
        is_passive = self.route.style is Style.PASSIVE
        if is_passive or not has_far or prices.is_at_far(self._limit, quote):
            return None
        if self.route.style is Style.MARKETABLE or not is_price(quote.near(self.parent.side)):
            return prices.marketable(quote, self._cross_ticks), StepReason.FOLLOW
        drift = self.parent.side.sign * quote.delta * (quote.spot - self._step_spot)
        against = drift / prices.tick(quote)  # ticks; NaN where unknown
        is_due = quote.now_ns - self._rested_ns >= self._step_ns
        runs_away = against >= walk.micro_ticks
        if not runs_away and (not is_due or against <= -walk.micro_ticks):
            return None
        ticks = max(int(against), 1) if runs_away else 1
        done = min((self._steps + 1) / walk.steps, 1.0)
        limit = prices.beyond(
            prices.walk(quote, walk.start_fraction, done),
            prices.further(self._limit, ticks, quote),
        )
        return limit, StepReason.SCHEDULE if is_due else StepReason.MICRO_MOVE

    def _change(self, quote: OrderQuote, limit: int, reason: str) -> Move | None:
        """Send a new limit, or, where the venue refuses changes, cancel for a new order."""
        now_ns = quote.now_ns
        if self._is_refused:
            if now_ns - self._replaced_ns < self._params.walk.replace_rest_s * _NS:
                return None
            self._replaced_ns = now_ns
            self.replaces += 1
            self._steps += 1
            self.veto = ""
            return self._send(now_ns, MoveKind.REPLACE, reason)
        self.reprices += 1
        self._steps += 1
        self.veto = ""
        return self._send(now_ns, MoveKind.REPRICE, reason, limit, quote.spot)

    # -- inside: what holds it back ---------------------------------------------------------------

    @property
    def _is_bound(self) -> bool:
        """Whether vetoes and an empty call budget hold the order back."""
        purpose = self.parent.purpose
        return self._is_entry or (purpose is Purpose.EXIT and not self._is_escalated)

    @property
    def _cross_ticks(self) -> int:
        walk = self._params.walk
        return walk.entry_cross_ticks if self._is_entry else walk.cross_ticks

    def _held(
        self,
        limit: int,
        quote: OrderQuote,
        calls_left: int,
        tightened: bool,
        leg_skew_s: float,
    ) -> VetoCode | None:
        if self._is_refused:
            if self.replaces >= self._params.walk.max_replaces and not self._is_escalated:
                return VetoCode.REPLACED_ENOUGH
            if not self._is_worth_new_order():
                return VetoCode.REMAINDER_FEES
        if not self._is_bound:
            return None
        if self._is_entry and tightened:
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
            leaves=self.leaves, leg_skew_s=leg_skew_s, tightened=tightened and self._is_entry,
        )  # fmt: skip

    def _fair_value_veto(self, limit: int, quote: OrderQuote, tightened: bool) -> Veto | None:
        if not self._is_bound:
            return None
        # A limit through the far side trades there.
        price = quote.far(self.parent.side) if self._prices.is_at_far(limit, quote) else limit / 100
        return fair_value_veto(
            self.parent, quote, price, self._params.vetoes, tick=self._prices.tick(quote),
            tightened=tightened and self._is_entry,
        )  # fmt: skip

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
