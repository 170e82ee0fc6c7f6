"""Checks of what everything together reacts to: delta, gamma, vega and theta in dollars.

Orders at work may fill or not: a contract's position lies between what is held less all sales at
work and what is held plus all buys. The sum over the contracts then lies between two bounds, and
the one farther from zero counts. An order that does not widen these bounds passes, whatever they
are: the sale against a long option that is held, for one.

Contracts outside the session's chain are not in these figures.
"""

import math

from autotrade_0dte.risk.deny import Denial, DenyReason
from autotrade_0dte.risk.gate_case import NOISE, Case

__all__ = ["HOUR_NS", "beta_delta", "dollar_factors", "greeks"]

HOUR_NS = 3_600_000_000_000
"""Theta is for as long, or to expiry."""

type Bounds = tuple[float, float]
type Nets = tuple[tuple[Bounds, Bounds], ...]

_UNKNOWN = ((math.nan, math.nan), (math.nan, math.nan))
_REASONS = (
    DenyReason.NET_DELTA, DenyReason.NET_GAMMA, DenyReason.NET_VEGA, DenyReason.NET_THETA
)  # fmt: skip


def dollar_factors(
    spot: float, years: float, ns_to_expiry: int, multiplier: int
) -> tuple[float, float, float, float]:
    """Return what delta, gamma, vega and theta of `pricing.black` become dollars a contract by.

    The units are those of `picture.RiskPicture`: delta and gamma for a move of the underlying by
    1 %, vega for a point of volatility, theta for the next hour or what is left to expiry.

    Parameters
    ----------
    spot : float
        Price of the underlying, dollars.
    years : float
        Time to expiry in the chain's clock.
    ns_to_expiry : int
        The same in ns.
    multiplier : int
        Shares or index units a contract.
    """
    percent = 0.01 * spot
    hour_years = years * min(1.0, HOUR_NS / ns_to_expiry) if ns_to_expiry > 0 else 0.0
    return (
        multiplier * percent,
        multiplier * percent * percent,
        multiplier * 0.01,
        multiplier * hour_years,
    )


def greeks(case: Case) -> Denial | None:
    """Return NET_DELTA, NET_GAMMA, NET_VEGA or NET_THETA if a net Greek could become too large."""
    limits = case.limits.portfolio
    bounds = (limits.max_delta_usd, limits.max_gamma_usd, limits.max_vega_usd, limits.max_theta_usd)
    for reason, most, (before, after) in zip(_REASONS, bounds, _net(case), strict=True):
        worst, was = _worst(after), _worst(before)
        if worst <= most + NOISE or worst <= was + NOISE or most == math.inf:
            continue
        return Denial(reason, {"net_usd": worst, "before_usd": was, "max_usd": most})
    return None


def beta_delta(case: Case) -> Denial | None:
    """Return BETA_DELTA if all underlyings together could move too much with the market."""
    limits = case.limits.correlation
    most = limits.max_beta_delta_usd
    if most == math.inf:
        return None
    own = limits.betas.of(case.facts.product.underlying)
    others = 0.0
    for name, delta_usd in case.others.items():
        others += limits.betas.of(name) * delta_usd
    before, after = _net(case)[0]
    worst, was = (
        _worst((own * least + others, own * highest + others)) for least, highest in (after, before)
    )
    if worst <= most + NOISE or worst <= was + NOISE:
        return None
    figures = {"beta_delta_usd": worst, "max_usd": most, "others_usd": others}
    return Denial(DenyReason.BETA_DELTA, figures)


def _worst(bounds: Bounds) -> float:
    """Return how far from zero a sum within `bounds` can be; NaN where they are."""
    return max(-bounds[0], bounds[1])


def _net(case: Case) -> Nets:
    """Return the bounds of each net Greek in dollars, without the order and with it."""
    if case.nets is None:
        case.nets = _bounds(case)
    return case.nets


def _bounds(case: Case) -> Nets:
    chain, order, own = case.chain, case.order, case.line
    row, quantity = order.contract.row, order.quantity
    if chain is None or row < 0:
        return (_UNKNOWN,) * 4
    factors = dollar_factors(
        case.quote.spot, chain.years, chain.expiry_ns - chain.ts_event, order.contract.multiplier
    )
    lines = [
        (line.contract.row, line.held - line.selling, line.held + line.buying)
        for line in case.exposure.lines.values()
        if line is not own and line.contract.row >= 0
    ]
    least, most = own.held - case.selling, own.held + case.buying
    nets = []
    for column, factor in zip(
        (chain.delta, chain.gamma, chain.vega, chain.theta), factors, strict=True
    ):
        low = high = 0.0
        for other, fewest, largest in lines:
            one = column.item(other)
            if one >= 0.0:
                low += one * fewest
                high += one * largest
            else:  # unknown, too: both become so
                low += one * largest
                high += one * fewest
        one = column.item(row)
        a, b, further = one * least, one * most, one * quantity
        if a > b:
            a, b = b, a
        before = low + a, high + b
        after = before[0] + min(further, 0.0), before[1] + max(further, 0.0)
        nets.append(
            ((before[0] * factor, before[1] * factor), (after[0] * factor, after[1] * factor))
        )
    return nets[0], nets[1], nets[2], nets[3]
