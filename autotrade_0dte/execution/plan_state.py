"""A managed plan as it is told of and kept: enough to go on managing it in another process."""

import math
from enum import StrEnum

import msgspec

from autotrade_0dte.execution.plan import TradePlan

__all__ = ["PLAN_TOPIC", "KeptPlan", "PlanPhase", "PlanState"]

PLAN_TOPIC = "plan.state"
"""Topic of the engine's bus that each change of a plan is published on."""


class PlanPhase(StrEnum):
    """ENTERING → OPEN → EXITING → CLOSED; an entry that never fills goes straight to CLOSED.

    ENTERING ends with the order for the long leg; the short leg may be sold after that.
    """

    ENTERING = "ENTERING"
    OPEN = "OPEN"
    EXITING = "EXITING"
    CLOSED = "CLOSED"


class PlanState(msgspec.Struct, frozen=True, kw_only=True):
    """One plan after a change of it.

    Parameters
    ----------
    ts_event : int
        Event time of the change, UTC ns.
    track, strategy : str
        Whose it is: `market_state.actions.Track`, and the name that its orders carry.
    plan : TradePlan
        As it was decided.
    phase : str
        `PlanPhase`.
    exit_reason : str
        Why it is being closed, or was; empty before.
    held, sold, bought : int
        Contracts of the long leg held, of the short leg sold, of the long leg bought in all.
    cash : float
        What all fills took in less what they paid: dollars a share times contracts, before fees;
        NaN of a plan that was given up, because its positions are not what its fills make.
    paid : float
        What the long leg's purchases paid: dollars a share times contracts.
    fees_usd : float
        Fees of its fills.
    best_gain, burnt, seen_ns : float
        Of its `ExitWatch`.
    short_over : bool
        Whether no more of the short leg is sold.
    stop_order : str
        Name of the newest stop that was to rest at the broker for it; empty without one.
    """

    ts_event: int
    track: str
    strategy: str = ""
    plan: TradePlan
    phase: str
    exit_reason: str = ""
    held: int = 0
    sold: int = 0
    bought: int = 0
    cash: float = 0.0
    paid: float = 0.0
    fees_usd: float = 0.0
    best_gain: float = -math.inf
    burnt: float = 0.0
    seen_ns: int = 0
    short_over: bool = False
    stop_order: str = ""


class KeptPlan(msgspec.Struct, frozen=True):
    """A plan of a process before this one, as it was last told of, and the names of its orders.

    The names are those the broker knows: by them the fills are found that the plan had since.
    """

    state: PlanState
    order_ids: frozenset[str] = frozenset()

    @property
    def is_open(self) -> bool:
        """Whether it was not over."""
        return self.state.phase != PlanPhase.CLOSED

    def has_leg(self, instrument_id: str) -> bool:
        """Return whether a contract is one of the plan's."""
        plan = self.state.plan
        return instrument_id in (plan.instrument_id, plan.short_instrument_id)
