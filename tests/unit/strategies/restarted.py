"""The strategy of the next process, on what the one before it left."""

from collections.abc import Sequence
from types import SimpleNamespace
from typing import Any

from strategy_venue import Venue

from autotrade_0dte.execution.plan_state import KeptPlan, PlanState

__all__ = ["kept", "reported", "restarted"]


def kept(venue: Venue, order_ids: Sequence[str], state: PlanState | None = None) -> KeptPlan:
    """Return the plan as the venue's strategy last told of it."""
    return KeptPlan(state or venue.plans[-1], frozenset(order_ids))


def reported(*fills: Any) -> list[Any]:
    """Return the orders that the broker reports with these fills."""
    names = dict.fromkeys(fill.client_order_id for fill in fills)
    return [
        SimpleNamespace(
            client_order_id=name, tags=(), ts_init=0, ts_last=0, avg_px=1.0,
            events=lambda name=name: [f for f in fills if f.client_order_id == name],
        )
        for name in names
    ]  # fmt: skip


def restarted(
    plans: Sequence[KeptPlan], fills: Sequence[Any], positions: Sequence[Any], **more: Any
) -> Venue:
    """Return a venue with the strategy of the next process, whose orders are R-1 and so on."""
    venue = Venue(kept=tuple(plans), **({"plan": None} | more))
    venue.sent_before = reported(*fills)
    venue.positions = list(positions)
    venue._orders = 100
    venue.strategy.on_start()
    return venue
