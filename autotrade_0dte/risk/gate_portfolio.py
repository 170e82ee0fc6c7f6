"""Checks of everything together: premium at risk and use of capital."""

import math

from autotrade_0dte.risk.deny import Denial, DenyReason
from autotrade_0dte.risk.gate_case import NOISE, Case

__all__ = ["capital_use", "premium_at_risk"]


def premium_at_risk(case: Case) -> Denial | None:
    """Return PREMIUM_AT_RISK if all plans could cost too much."""
    if not case.is_buy:
        return None
    total, most = case.plans.premium_usd + case.cost_usd, case.limits.portfolio.max_premium_usd
    if total <= most + NOISE:
        return None
    return Denial(DenyReason.PREMIUM_AT_RISK, {"premium_usd": total, "max_premium_usd": most})


def capital_use(case: Case) -> Denial | None:
    """Return CAPITAL_USE if all plans could cost too large a part of the equity."""
    limit = case.limits.portfolio.max_capital_fraction
    if not (case.is_buy and case.has_picture) or limit == math.inf:
        return None
    total, equity = case.plans.premium_usd + case.cost_usd, case.picture.equity
    if total <= limit * equity + NOISE:
        return None
    figures = {"premium_usd": total, "equity": equity, "max_capital_fraction": limit}
    return Denial(DenyReason.CAPITAL_USE, figures)
