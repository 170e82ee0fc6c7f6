"""The state machine that keeps to a plan: what fills made of it, and what is to be done next."""

import math
import sys
from collections.abc import Iterable
from enum import StrEnum

from autotrade_0dte.execution.exits import ExitParams, ExitReason, ExitWatch
from autotrade_0dte.execution.ledger import Fill
from autotrade_0dte.execution.plan import TradePlan
from autotrade_0dte.execution.plan_state import PlanPhase, PlanState

__all__ = ["ManagedPlan", "PlanPhase", "Step"]

_NS = 1_000_000_000


class Step(StrEnum):
    """What brings a plan further: SELL_SHORT covers its long leg, the others close it."""

    SELL_SHORT = "SELL_SHORT"
    BUY_BACK = "BUY_BACK"
    SELL_LONG = "SELL_LONG"


class ManagedPlan:
    """One plan on its way: quantities follow the fills, and an exit once begun stays begun.

    Attributes
    ----------
    held, sold : int
        Contracts of the long leg held, and of the short leg sold against them.
    bought : int
        Contracts of the long leg bought in all.
    cash : float
        What all fills took in less what they paid: dollars a share times contracts, before fees.
    fees_usd : float
        Fees of its fills, dollars.
    leg_risk_ns : int
        How long bought contracts waited for the short leg in all, ns.
    found : bool
        Whether it was held before the node started; its cost is not known then.
    stop_order : str
        Name of the newest stop that was to rest at the broker for it; empty without one.
    """

    __slots__ = (
        "_naked_ns", "_paid", "_short_over", "_watch", "bought", "cash", "exit_reason",
        "fees_usd", "found", "held", "leg_risk_ns", "phase", "plan", "sold",
        "stop_order",
    )  # fmt: skip

    def __init__(self, plan: TradePlan) -> None:
        self.plan = plan
        self.phase = PlanPhase.ENTERING
        self.exit_reason: str | None = None
        self.held = self.sold = self.bought = 0
        self.cash = self.fees_usd = 0.0
        self.leg_risk_ns = 0
        self.found = False
        self.stop_order = ""
        self._paid = 0.0
        self._naked_ns = 0
        self._short_over = plan.short_instrument_id is None
        self._watch = ExitWatch(plan.exits, plan.decided_ns)

    @classmethod
    def of_position(
        cls, number: int, instrument_id: str, quantity: int, now_ns: int
    ) -> "ManagedPlan":
        """Return the plan that closes `quantity` contracts (short below 0) found at the start."""
        plan = TradePlan(
            plan_id=f"FOUND{number:02d}",
            direction=1,  # not known, and nothing is opened in it
            instrument_id=instrument_id,
            quantity=abs(quantity),
            entry_cap=sys.float_info.max,
            decided_ns=now_ns,
            worst_loss_usd=0.0,
            exits=ExitParams(),
            reason=ExitReason.RESTART,
            short_instrument_id=instrument_id if quantity < 0 else None,
            net_cap=1.0 if quantity < 0 else math.nan,
        )
        managed = cls(plan)
        managed.found = True
        managed.phase = PlanPhase.OPEN
        managed.held, managed.sold = max(quantity, 0), max(-quantity, 0)
        return managed

    @classmethod
    def of_state(cls, state: PlanState, fills: Iterable[Fill], now_ns: int) -> "ManagedPlan":
        """Return the plan that a process before this one left, after all its fills.

        Caps, targets, stops and deadlines are those it had, and an exit that had begun goes on;
        what was not bought by then is given up.

        Parameters
        ----------
        state : PlanState
            As it was last told of.
        fills : iterable of Fill
            All fills of its orders, those that nobody heard of included.
        now_ns : int
            Event time, ns.

        Raises
        ------
        ValueError
            The fills close more than they open.
        """
        managed = cls(state.plan)
        short = state.plan.short_instrument_id

        def in_order(fill: Fill) -> tuple[int, bool]:  # at one instant what opens comes first
            return fill.ts_event, (fill.quantity > 0) == (fill.instrument_id == short)

        for fill in sorted(fills, key=in_order):
            managed.filled(fill.instrument_id, fill.quantity, fill.price, fill.ts_event, fill.fee)
        managed.entry_ended()
        managed._short_over = managed._short_over or state.short_over
        managed.stop_order = state.stop_order
        managed._watch.resume(state.best_gain, state.burnt, state.seen_ns)
        if state.exit_reason:
            managed.exit_reason = state.exit_reason
            managed.begin_exit(state.exit_reason, now_ns)
        managed._time_leg_risk(now_ns)
        return managed

    def state(self, track: str, now_ns: int) -> PlanState:
        """Return the plan as it is now, for `of_state` in another process."""
        return PlanState(
            ts_event=now_ns,
            track=track,
            plan=self.plan,
            phase=self.phase,
            exit_reason=self.exit_reason or "",
            held=self.held,
            sold=self.sold,
            bought=self.bought,
            cash=self.cash,
            paid=self._paid,
            fees_usd=self.fees_usd,
            best_gain=self._watch.best_gain,
            burnt=self._watch.burnt,
            seen_ns=self._watch.seen_ns,
            short_over=self._short_over,
            stop_order=self.stop_order,
        )

    # -- what happened --------------------------------------------------------------------------

    def filled(
        self, instrument_id: str, quantity: int, price: float, now_ns: int, fee_usd: float = 0.0
    ) -> None:
        """Count a fill of either leg; contracts bought count even when an exit has begun.

        Parameters
        ----------
        instrument_id : str
            Engine id of the contract.
        quantity : int
            Contracts; sold ones below 0.
        price : float
            Dollars a share.
        now_ns : int
            Event time, ns.
        fee_usd : float, optional
            Its fees, dollars.

        Raises
        ------
        ValueError
            More contracts of a leg were closed than were open.
        """
        if instrument_id == self.plan.short_instrument_id:
            self._closes(quantity, self.sold)
            self.sold -= quantity
        else:
            self._closes(-quantity, self.held)
            self.held += quantity
            if quantity > 0:
                self.bought += quantity
                self._paid += quantity * price
        self.cash -= quantity * price
        self.fees_usd += fee_usd
        if self.is_flat and self.phase is not PlanPhase.ENTERING:
            self.phase = PlanPhase.CLOSED
        elif self.phase is PlanPhase.CLOSED:
            self.phase = PlanPhase.EXITING
        self._time_leg_risk(now_ns)

    def entry_ended(self) -> None:
        """Note that the long leg's order fills no further: filled, canceled, rejected, denied."""
        if self.phase is PlanPhase.ENTERING:
            self.phase = PlanPhase.CLOSED if self.is_flat else PlanPhase.OPEN

    def give_up_short_leg(self, now_ns: int) -> None:
        """Sell no more of the short leg; what is held goes on, or is closed, as the plan says."""
        self._short_over = True
        self._time_leg_risk(now_ns)
        if not self.plan.exits.keep_single:
            self.begin_exit(ExitReason.LEG_NOT_FILLED, now_ns)

    def begin_exit(self, reason: str, now_ns: int) -> None:
        """Start closing; the first reason is kept."""
        if self.phase is PlanPhase.CLOSED:
            return
        self.phase = PlanPhase.CLOSED if self.is_flat else PlanPhase.EXITING
        self.exit_reason = self.exit_reason or reason
        self._time_leg_risk(now_ns)

    # -- what is to be done ---------------------------------------------------------------------

    @property
    def best_gain(self) -> float:
        """Best gain seen, as a fraction of the cost; -inf before the first value."""
        return self._watch.best_gain

    @property
    def is_flat(self) -> bool:
        """Whether nothing is held and nothing is sold."""
        return self.held == 0 and self.sold == 0

    @property
    def step(self) -> tuple[Step, int] | None:
        """What brings the plan further, and for how many contracts.

        The short leg is sold for what of the long one is held and not covered. To close, it is
        bought back before any of the long one is sold.
        """
        if self.phase is PlanPhase.EXITING:
            return (Step.BUY_BACK, self.sold) if self.sold else (Step.SELL_LONG, self.held)
        missing = self._missing
        return (Step.SELL_SHORT, missing) if missing else None

    @property
    def short_floor(self) -> float:
        """Lowest price for the short leg that keeps the net debit within its cap, dollars."""
        return self._paid / self.bought - self.plan.net_cap if self.bought else math.nan

    @property
    def leg_deadline_ns(self) -> int | None:
        """When the short leg is given up, UTC ns; None while nothing waits for it."""
        return self._naked_ns + self.plan.exits.leg_timeout_s * _NS if self._naked_ns else None

    def is_leg_overdue(self, now_ns: int) -> bool:
        """Return whether bought contracts have waited too long for the short leg."""
        return self.leg_deadline_ns is not None and now_ns >= self.leg_deadline_ns

    def due_exit(
        self, now_ns: int, bid: float, short_ask: float = math.nan, decay: float = math.nan
    ) -> ExitReason | None:
        """Return why what is held should be closed now, or None; a partly filled entry counts.

        Parameters
        ----------
        now_ns : int
            Event time, ns.
        bid, short_ask : float
            What the long leg can be sold at, and the short one bought at, dollars; NaN where there
            is none or it is stale.
        decay : float, optional
            Value that the position loses with time, dollars a share of the long leg and hour.
        """
        if self.held == 0 or self.phase is PlanPhase.EXITING:
            return None
        covered = self.sold / self.held
        value, cost = bid, self.plan.entry_cap
        if covered:
            value -= covered * short_ask
            cost -= covered * (self.plan.entry_cap - self.plan.net_cap)
        return self._watch.due(now_ns, value, cost, decay)

    # -- inside ---------------------------------------------------------------------------------

    @property
    def _missing(self) -> int:
        """Contracts of the long leg that wait for the short one."""
        if self._short_over or self.phase in (PlanPhase.EXITING, PlanPhase.CLOSED):
            return 0
        return max(self.held - self.sold, 0)

    def _time_leg_risk(self, now_ns: int) -> None:
        if self._missing and not self._naked_ns:
            self._naked_ns = now_ns
        elif not self._missing and self._naked_ns:
            self.leg_risk_ns += now_ns - self._naked_ns
            self._naked_ns = 0

    def _closes(self, quantity: int, opened: int) -> None:
        if quantity > opened:
            raise ValueError(
                f"Expected to close at most {opened} contracts, was {quantity} "
                f"(plan {self.plan.plan_id})"
            )
