"""What is known of a parent order: what was filled, what is at the venue, and how it ended.

Here the venue's answers come in. They change what is known, and may end the parent or have it draw
back; prices are decided on looks at the market alone, see `execution.walk`.
"""

import math

from autotrade_0dte.execution.parent import Outcome, ParentOrder, Purpose
from autotrade_0dte.execution.remainder import RemainderAction, RemainderRule
from autotrade_0dte.execution.routing import Route
from autotrade_0dte.execution.venue_order import VenueOrder
from autotrade_0dte.execution.vetoes import VetoCode
from autotrade_0dte.execution.walk_record import Move, MoveKind, StepReason

__all__ = ["WalkState"]


class WalkState:
    """A parent order between two looks.

    Parameters
    ----------
    parent : ParentOrder
        What is to be done.
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
        "_due_quantity", "_is_entry", "_order", "_remainders", "_resend_ns", "end_reason",
        "filled", "outcome", "parent", "replaces", "reprices", "route", "veto", "vetoes",
    )  # fmt: skip

    def __init__(
        self, parent: ParentOrder, remainders: RemainderRule, *, can_change: bool = True
    ) -> None:
        self.parent = parent
        self.filled = self.reprices = self.replaces = 0
        self.outcome = Outcome.OPEN
        self.route: Route | None = None
        self.end_reason = self.veto = ""
        self.vetoes: dict[str, int] = {}
        self._is_entry = parent.purpose is Purpose.ENTRY
        self._remainders = remainders
        self._order = VenueOrder(can_change=can_change)
        self._due_quantity = parent.quantity
        self._resend_ns: int | None = None

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

    # -- answers of the venue ----------------------------------------------------------------------

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

    # -- the account's risk ------------------------------------------------------------------------

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

    # -- inside ------------------------------------------------------------------------------------

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
