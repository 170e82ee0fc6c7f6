"""What is known of the one order that a parent has at the venue, and what it was last told."""

from autotrade_0dte.execution.walk_record import MoveKind

__all__ = ["VenueOrder"]

_CANCELS = (MoveKind.CANCEL, MoveKind.REPLACE)


class VenueOrder:
    """One order, and at most one command to it that the venue has not answered.

    A command counts as sent by the call of its method. An answer to none that is in flight changes
    nothing: it is late, and what was concluded from its silence stands.

    Parameters
    ----------
    can_change : bool, default True
        Whether the venue changes limits at all; where not, each change needs a new order.

    Attributes
    ----------
    is_live : bool
        Whether it has been sent and has not ended as far as is known.
    quantity : int
        Contracts that the venue may still fill.
    limit : int or None
        Limit at work or on its way, cents. After a lost change the one asked for, the worse for us.
    in_flight : MoveKind or None
        Command without an answer.
    cancel : MoveKind or None
        CANCEL or REPLACE once the order is to end, until it has.
    cancel_reason : str
        Why.
    refusals : int
        How often its cancel has been refused.
    told_ns : int
        When the last command was sent or a cancel refused, UTC ns.
    rested_ns : int
        Since when its limit is at work, UTC ns.
    is_refused : bool
        Whether the venue has refused to change it.
    """

    __slots__ = (
        "_can_change", "_limit_before", "cancel", "cancel_reason", "in_flight", "is_live",
        "is_refused", "limit", "quantity", "refusals", "rested_ns", "told_ns",
    )  # fmt: skip

    def __init__(self, *, can_change: bool = True) -> None:
        self._can_change = can_change
        self.is_live = self.is_refused = False
        self.quantity = self.refusals = self.told_ns = self.rested_ns = 0
        self.limit: int | None = None
        self._limit_before: int | None = None
        self.in_flight: MoveKind | None = None
        self.cancel: MoveKind | None = None
        self.cancel_reason = ""

    # -- commands ---------------------------------------------------------------------------------

    def submit(self, now_ns: int, limit: int, quantity: int) -> None:
        """Send it, as the first order or as that of a remainder."""
        self.is_live = True
        self.is_refused = not self._can_change
        self.refusals = 0
        self.quantity = quantity
        self._tell(now_ns, MoveKind.SUBMIT, limit)

    def reprice(self, now_ns: int, limit: int) -> None:
        """Change its limit."""
        self._tell(now_ns, MoveKind.REPRICE, limit)

    def plan_end(self, cancel: MoveKind, reason: str) -> None:
        """Note that it is to be canceled as soon as the command in flight is answered."""
        self.cancel, self.cancel_reason = cancel, reason

    def end(self, now_ns: int, cancel: MoveKind, reason: str) -> None:
        """Cancel it, for good (CANCEL) or for a new order with the remainder (REPLACE)."""
        self.plan_end(cancel, reason)
        self.in_flight = cancel
        self.told_ns = now_ns

    # -- answers ----------------------------------------------------------------------------------

    def accepted(self, now_ns: int) -> None:
        """Note that the venue has it."""
        if self.in_flight is MoveKind.SUBMIT:
            self._answered(now_ns)

    def modified(self, now_ns: int, limit: int) -> None:
        """Note that its limit was changed to `limit`, cents."""
        if self.in_flight is MoveKind.REPRICE:
            self._answered(now_ns)
            self.limit = limit

    def modify_rejected(self, now_ns: int) -> None:
        """Note that its limit stays what it was."""
        if self.in_flight is MoveKind.REPRICE:
            self._answered(now_ns)
            self.limit = self._limit_before
            self.is_refused = True

    def cancel_rejected(self, now_ns: int) -> None:
        """Note that it lives on, though it is still to end."""
        if self.in_flight in _CANCELS:
            self.in_flight = None
            self.refusals += 1
            self.told_ns = now_ns

    def filled(self, now_ns: int, quantity: int) -> None:
        """Count contracts filled; whatever is filled was accepted."""
        self.quantity = max(self.quantity - quantity, 0)
        self.accepted(now_ns)

    def ended(self) -> MoveKind | None:
        """Note that it is gone; return the cancel that was meant to do it, or None."""
        cancel, self.cancel = self.cancel, None
        self.in_flight = None
        self.is_live = False
        self.quantity = 0
        return cancel

    def _tell(self, now_ns: int, command: MoveKind, limit: int) -> None:
        self.in_flight = command
        self.told_ns = now_ns
        self._limit_before, self.limit = self.limit, limit

    def _answered(self, now_ns: int) -> None:
        self.in_flight = None
        self.rested_ns = now_ns
