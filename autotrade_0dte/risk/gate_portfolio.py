"""Checks of everything together: premium at risk and use of capital."""

import math

from autotrade_0dte.risk.deny import Denial, DenyReason
from autotrade_0dte.risk.gate_case import NOISE, Case

__all__ = ["capital_use", "premium_at_risk"]


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


def _premium(case: Case) -> float:
    """Return what all plans cost at most, the order included, dollars."""
    plans = case.exposure.plans.values()
    return sum([plan.premium_usd for plan in plans], case.cost_usd - case.own_usd)
