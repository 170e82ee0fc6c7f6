"""Checks of a contract, its neighbours, a strategy and a track."""

from autotrade_0dte.risk.deny import Denial, DenyReason
from autotrade_0dte.risk.gate_case import NOISE, Case

__all__ = ["cluster", "series", "strategy_plans", "strategy_premium", "track_plans"]
__all__ += ["track_premium"]


def series(case: Case) -> Denial | None:
    """Return SERIES_CONTRACTS if a contract's position could become too large."""
    quantity, held = case.order.quantity, case.line.held
    worst = held + case.buying + quantity if quantity > 0 else case.selling - held - quantity
    most = case.limits.position.max_series_contracts
    if worst <= most:
        return None
    return Denial(DenyReason.SERIES_CONTRACTS, {"contracts": worst, "max_contracts": most})


def cluster(case: Case) -> Denial | None:
    """Return CLUSTER_CONTRACTS if the strikes around the order's could hold too many."""
    limits, own = case.limits.position, case.order.contract
    strike, root, expiry = own.strike, own.root, own.expiry
    reach = limits.cluster_fraction * strike + NOISE
    lowest, highest = strike - reach, strike + reach
    quantity, line = case.order.quantity, case.line
    total = _most_held(line.held, case.buying + max(quantity, 0), case.selling + max(-quantity, 0))
    for other in case.exposure.lines.values():
        contract = other.contract
        if (
            other is not line
            and lowest <= contract.strike <= highest
            and contract.root == root
            and contract.expiry == expiry
        ):
            total += _most_held(other.held, other.buying, other.selling)
    if total <= limits.max_cluster_contracts:
        return None
    figures = {"contracts": total, "max_contracts": limits.max_cluster_contracts}
    return Denial(DenyReason.CLUSTER_CONTRACTS, figures)


def strategy_plans(case: Case) -> Denial | None:
    """Return STRATEGY_PLANS for one open plan too many of a strategy."""
    most = case.limits.position.max_strategy_plans
    if case.plans.of_strategy < most or not case.opens_plan:
        return None
    figures = {"plans": case.plans.of_strategy + 1, "max_plans": most}
    return Denial(DenyReason.STRATEGY_PLANS, figures)


def track_plans(case: Case) -> Denial | None:
    """Return TRACK_PLANS for one open plan too many of a track."""
    most = case.limits.position.max_track_plans
    if case.plans.of_track < most or not case.opens_plan:
        return None
    return Denial(DenyReason.TRACK_PLANS, {"plans": case.plans.of_track + 1, "max_plans": most})


def strategy_premium(case: Case) -> Denial | None:
    """Return STRATEGY_PREMIUM if a strategy's plans could cost too much."""
    total = case.plans.strategy_usd + case.cost_usd
    most = case.limits.position.max_strategy_premium_usd
    if total <= most + NOISE or not case.is_buy:
        return None
    return Denial(DenyReason.STRATEGY_PREMIUM, {"premium_usd": total, "max_premium_usd": most})


def track_premium(case: Case) -> Denial | None:
    """Return TRACK_PREMIUM if a track's plans could cost too much."""
    total = case.plans.track_usd + case.cost_usd
    most = case.limits.position.max_track_premium_usd
    if total <= most + NOISE or not case.is_buy:
        return None
    return Denial(DenyReason.TRACK_PREMIUM, {"premium_usd": total, "max_premium_usd": most})


def _most_held(held: int, buying: int, selling: int) -> int:
    """Return the largest position, long or short, that orders at work may lead to."""
    return max(abs(held + buying), abs(held - selling))
