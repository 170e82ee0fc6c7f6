"""What a strategy wants done: the plan of one trade, and the state machine that keeps to it."""

import math
import sys
from enum import StrEnum

import msgspec

__all__ = ["ExitReason", "ManagedPlan", "PlanPhase", "TradePlan"]


class ExitReason(StrEnum):
    """Why a plan closes its position; the last day adds the reasons of `risk.expiry`.

    RESTART closes what a node finds of its own at its start: the plan behind it went with the
    process that made it.
    """

    TARGET = "TARGET"
    STOP = "STOP"
    TIME_STOP = "TIME_STOP"
    RESTART = "RESTART"


class TradePlan(msgspec.Struct, frozen=True):
    """One trade of long options, fixed when the decision is made; drift cannot change it.

    Parameters
    ----------
    plan_id : str
        Unique within a run.
    instrument_id : str
        Engine id of the option to buy.
    quantity : int
        Contracts.
    entry_cap : float
        Highest price to pay, dollars.
    target, stop : float
        Bid at or above (below) which the position is sold, dollars.
    entry_deadline_ns : int
        What is not filled by then is given up.
    exit_deadline_ns : int
        The position is sold at this instant, whatever it is worth.
    reason : str
        What made the decision, in the strategy's vocabulary.
    figures : dict[str, float]
        The figures behind it.
    """

    plan_id: str
    instrument_id: str
    quantity: int
    entry_cap: float
    target: float
    stop: float
    entry_deadline_ns: int
    exit_deadline_ns: int
    reason: str
    figures: dict[str, float] = {}

    def __post_init__(self) -> None:
        if self.quantity < 1:
            raise ValueError(f"Expected a quantity of at least 1, was {self.quantity}")
        if not 0 <= self.stop < self.entry_cap < self.target:
            raise ValueError(
                "Expected 0 <= stop < entry_cap < target, "
                f"was {self.stop}, {self.entry_cap}, {self.target}"
            )


class PlanPhase(StrEnum):
    """ENTERING → OPEN → EXITING → CLOSED; an entry that never fills goes straight to CLOSED."""

    ENTERING = "ENTERING"
    OPEN = "OPEN"
    EXITING = "EXITING"
    CLOSED = "CLOSED"


class ManagedPlan:
    """One plan on its way: quantities follow the fills, and an exit once begun stays begun."""

    __slots__ = ("exit_reason", "open_quantity", "phase", "plan")

    def __init__(self, plan: TradePlan) -> None:
        self.plan = plan
        self.phase = PlanPhase.ENTERING
        self.open_quantity = 0
        self.exit_reason: StrEnum | None = None

    @classmethod
    def found(cls, number: int, instrument_id: str, quantity: int, now_ns: int) -> "ManagedPlan":
        """Return the plan of `quantity` contracts held before the node started; they are sold."""
        plan = TradePlan(
            plan_id=f"FOUND{number:02d}",
            instrument_id=instrument_id,
            quantity=quantity,
            entry_cap=sys.float_info.max,
            target=math.inf,
            stop=0.0,
            entry_deadline_ns=now_ns,
            exit_deadline_ns=now_ns,
            reason=ExitReason.RESTART,
        )
        managed = cls(plan)
        managed.entry_filled(quantity)
        managed.entry_ended()
        return managed

    def entry_filled(self, quantity: int) -> None:
        """Add bought contracts; they count even when an exit has begun meanwhile."""
        self.open_quantity += quantity
        if self.phase is PlanPhase.CLOSED:
            self.phase = PlanPhase.EXITING

    def entry_ended(self) -> None:
        """Note that the entry order fills no further: filled, canceled, rejected or denied."""
        if self.phase is PlanPhase.ENTERING:
            self.phase = PlanPhase.OPEN if self.open_quantity else PlanPhase.CLOSED

    def exit_filled(self, quantity: int) -> None:
        """Take sold or expired contracts off; raise ValueError when more went than were held."""
        if quantity > self.open_quantity:
            raise ValueError(
                f"Expected to close at most {self.open_quantity} contracts, was {quantity} "
                f"(plan {self.plan.plan_id})"
            )
        self.open_quantity -= quantity
        if self.open_quantity == 0 and self.phase is not PlanPhase.ENTERING:
            self.phase = PlanPhase.CLOSED

    def begin_exit(self, reason: StrEnum) -> None:
        """Start closing; the first reason is kept."""
        if self.phase is PlanPhase.CLOSED:
            return
        self.phase = PlanPhase.EXITING if self.open_quantity else PlanPhase.CLOSED
        self.exit_reason = self.exit_reason or reason

    def due_exit(self, bid: float, now_ns: int) -> ExitReason | None:
        """Return why what is held should be sold now, or None; a partly filled entry counts.

        Parameters
        ----------
        bid : float
            What it can be sold at, dollars; NaN when there is none or it is stale, and then
            neither target nor stop applies.
        now_ns : int
            Event time.
        """
        if self.open_quantity == 0 or self.phase is PlanPhase.EXITING:
            return None
        if not math.isnan(bid):
            if bid >= self.plan.target:
                return ExitReason.TARGET
            if bid <= self.plan.stop:
                return ExitReason.STOP
        if now_ns >= self.plan.exit_deadline_ns:
            return ExitReason.TIME_STOP
        return None
