"""The prices of a plan's resting stop at the broker, and how much of the plan it may sell."""

from collections.abc import Callable
from enum import StrEnum

import msgspec

from autotrade_0dte.execution.managed_plan import ManagedPlan
from autotrade_0dte.execution.plan import TradePlan
from autotrade_0dte.execution.plan_state import PlanPhase
from autotrade_0dte.risk.protective import ProtectiveParams

__all__ = ["ProtectionReason", "StopTerms", "protectable", "stop_terms"]


class ProtectionReason(StrEnum):
    """Why a resting stop is placed, or is not.

    STOP_LOST: the one before was at work no more though nobody of ours had canceled it.
    STOP_RESIZED: it was for another number of contracts. STOP_NO_ROOM: no price is left between the
    plan's own stop and zero.
    """

    STOP_PLACED = "STOP_PLACED"
    STOP_LOST = "STOP_LOST"
    STOP_RESIZED = "STOP_RESIZED"
    STOP_NO_ROOM = "STOP_NO_ROOM"


class StopTerms(msgspec.Struct, frozen=True):
    """Prices of a stop-limit sale, dollars a share, on the tick; the limit is the lower one."""

    trigger: float
    limit: float


def stop_terms(
    plan: TradePlan, params: ProtectiveParams, tick_cents: Callable[[int], int]
) -> StopTerms | None:
    """Return the prices of a plan's resting stop, rounded down; None where there is no room.

    Parameters
    ----------
    plan : TradePlan
        Its cost is the highest price that it was willing to pay for the long leg.
    params : ProtectiveParams
        How far from the plan's own stop.
    tick_cents : callable
        Minimum price step, cents, by the price in cents.
    """
    fraction = 1.0 - plan.exits.loss_fraction - params.beyond_stop_fraction
    trigger = _on_tick(plan.entry_cap * fraction, tick_cents)
    limit = _on_tick(trigger / 100 * (1.0 - params.slack_fraction), tick_cents)
    limit = max(limit, tick_cents(1))
    return StopTerms(trigger / 100, limit / 100) if limit < trigger else None


def protectable(managed: ManagedPlan) -> int:
    """Return for how many contracts of the long leg a stop may rest.

    None while more may be bought, an exit is under way, or the long leg covers a short one or is
    to: sold by the broker, it would leave that alone.
    """
    if managed.phase is not PlanPhase.OPEN or managed.sold or managed.step is not None:
        return 0
    return managed.held


def _on_tick(price: float, tick_cents: Callable[[int], int]) -> int:
    """Return the highest tradable price not above `price`, cents."""
    cents = int(round(100 * price, 6) // 1)
    tick = tick_cents(cents)
    return cents // tick * tick
