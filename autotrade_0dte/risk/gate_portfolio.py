"""Checks of everything together: premium at risk, use of capital, and the worst scenario."""

import math

from autotrade_0dte.risk.deny import Denial, DenyReason
from autotrade_0dte.risk.gate_case import NOISE, Case

__all__ = ["capital_use", "premium_at_risk", "scenario_loss"]


def premium_at_risk(case: Case) -> Denial | None:
    """Return PREMIUM_AT_RISK if all plans could cost too much."""
    if not case.is_buy:
        return None
    total, most = _premium(case), case.limits.portfolio.max_premium_usd
    if total <= most + NOISE:
        return None
    return Denial(DenyReason.PREMIUM_AT_RISK, {"premium_usd": total, "max_premium_usd": most})


def capital_use(case: Case) -> Denial | None:
    """Return CAPITAL_USE if all plans could cost too large a part of the equity."""
    limit = case.limits.portfolio.max_capital_fraction
    if not (case.is_buy and case.has_picture) or limit == math.inf:
        return None
    total, equity = _premium(case), case.picture.equity
    if total <= limit * equity + NOISE:
        return None
    figures = {"premium_usd": total, "equity": equity, "max_capital_fraction": limit}
    return Denial(DenyReason.CAPITAL_USE, figures)


def scenario_loss(case: Case) -> Denial | None:
    """Return SCENARIO_LOSS if too much could be lost in the worst scenario with the order.

    An order that makes it no worse than it is already passes.
    """
    limit = case.limits.portfolio.max_worst_loss_fraction
    if case.worst_loss is None or not case.has_picture or limit == math.inf:
        return None
    order, picture = case.order, case.picture
    loss = case.worst_loss(order.contract.row, order.quantity, order.price)
    most = limit * picture.equity
    if loss <= most + NOISE or loss <= picture.worst_loss_usd:
        return None
    figures = {"worst_loss_usd": loss, "max_worst_loss_usd": most, "equity": picture.equity}
    return Denial(DenyReason.SCENARIO_LOSS, figures)


def _premium(case: Case) -> float:
    """Return what all plans cost at most, the order included, dollars."""
    plans = case.exposure.plans.values()
    return sum([plan.premium_usd for plan in plans], case.cost_usd - case.own_usd)
