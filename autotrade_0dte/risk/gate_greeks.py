"""Checks of what everything together reacts to: delta, gamma, vega and theta in dollars.

Orders at work may fill or not: a contract's position lies between what is held less all sales at
work and what is held plus all buys. The sum over the contracts then lies between two bounds, and
the one farther from zero counts. An order that does not widen these bounds passes, whatever they
are: the sale against a long option that is held, for one.

Contracts outside the session's chain are not in these figures.
"""

import math

import numpy as np
from numpy.typing import NDArray

from autotrade_0dte.pricing.jit import strict_kernel
from autotrade_0dte.risk.deny import Denial, DenyReason
from autotrade_0dte.risk.gate_case import NOISE, Case, NetBreach

__all__ = ["HOUR_NS", "beta_delta", "dollar_factors", "greeks", "warm"]

type Floats = NDArray[np.float64]

HOUR_NS = 3_600_000_000_000
"""Theta is for as long, or to expiry."""

_NONE = -1
_BETA_DELTA = 4
_REASONS = DenyReason.NET_DELTA, DenyReason.NET_GAMMA, DenyReason.NET_VEGA, DenyReason.NET_THETA


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
    at, was, worst = _net_breach(case)
    if at in (_NONE, _BETA_DELTA):
        return None
    figures = {"net_usd": worst, "before_usd": was, "max_usd": _limits(case)[at]}
    return Denial(_REASONS[at], figures)


def beta_delta(case: Case) -> Denial | None:
    """Return BETA_DELTA if all underlyings together could move too much with the market."""
    at, was, worst = _net_breach(case)
    if at != _BETA_DELTA:
        return None
    figures = {"beta_delta_usd": worst, "before_usd": was, "max_usd": _limits(case)[at]}
    return Denial(DenyReason.BETA_DELTA, figures | {"others_usd": _others_usd(case)})


def warm() -> None:
    """Compile the sum, or load it from the cache, so that no order waits."""
    column = np.ones(1)
    column.flags.writeable = False
    ranges, one = np.zeros(3, np.int64), 1.0
    four, five = (one, one, one, one), (one, one, one, one, one)
    _first_breach(column, column, column, column, ranges, 1, four, one, one, five)


def _limits(case: Case) -> tuple[float, float, float, float, float]:
    most = case.limits.portfolio
    return (
        most.max_delta_usd, most.max_gamma_usd, most.max_vega_usd, most.max_theta_usd,
        case.limits.correlation.max_beta_delta_usd,
    )  # fmt: skip


def _net_breach(case: Case) -> NetBreach:
    if case.net_breach is None:
        case.net_breach = _judged(case)
    return case.net_breach


def _others_usd(case: Case) -> float:
    """Return the delta of positions on other underlyings, each moving with the market."""
    betas, total = case.limits.correlation.betas, 0.0
    for name, delta_usd in case.others.items():
        total += betas.of(name) * delta_usd
    return total


def _judged(case: Case) -> NetBreach:
    chain, order, own = case.chain, case.order, case.line
    row, limits = order.contract.row, _limits(case)
    if chain is None or row < 0:  # nothing is known, and the first limit that stands is broken
        standing = (at for at, most in enumerate(limits) if most < math.inf)
        return next(standing, _NONE), math.nan, math.nan
    ranges = [row, own.held - case.selling, own.held + case.buying]
    for line in case.exposure.lines.values():
        if line is not own and line.contract.row >= 0:
            held = line.held
            ranges += line.contract.row, held - line.selling, held + line.buying
    factors = dollar_factors(
        case.quote.spot, chain.years, chain.expiry_ns - chain.ts_event, order.contract.multiplier
    )
    beta = case.limits.correlation.betas.of(case.facts.product.underlying)
    return _first_breach(
        chain.delta, chain.gamma, chain.vega, chain.theta, np.array(ranges), order.quantity,
        factors, beta, _others_usd(case), limits,
    )  # fmt: skip


# Compiled, so coverage cannot see the bodies; the tests sum in plain Python.


@strict_kernel
def _bounds(
    greek: Floats, ranges: NDArray[np.int64], factor: float
) -> tuple[float, float]:  # pragma: no cover
    """Return the least and the most that one net Greek can be without the order."""
    least = most = 0.0
    for i in range(0, ranges.size, 3):
        one = greek[ranges[i]]
        if one >= 0.0:
            least += one * ranges[i + 1]
            most += one * ranges[i + 2]
        else:  # or unknown, and then so are both
            least += one * ranges[i + 2]
            most += one * ranges[i + 1]
    return least * factor, most * factor


@strict_kernel
def _worst(least: float, most: float, more: float) -> tuple[float, float]:  # pragma: no cover
    """Return how far from zero a sum within bounds can be, without `more` and with it, or NaN."""
    was = most if most > -least else -least
    if more < 0.0:
        least += more
    else:
        most += more
    return was, most if most > -least else -least


@strict_kernel
def _worst_of(
    greek: Floats, ranges: NDArray[np.int64], quantity: int, factor: float
) -> tuple[float, float]:  # pragma: no cover
    """Return `_worst` of one Greek; see `_first_breach`."""
    least, most = _bounds(greek, ranges, factor)
    return _worst(least, most, greek[ranges[0]] * quantity * factor)


@strict_kernel
def _is_broken(was: float, worst: float, limit: float) -> bool:  # pragma: no cover
    """Return whether the worst is beyond the limit and the order makes it so; NaN is."""
    return not (worst <= limit or worst <= was + NOISE or limit == math.inf)


@strict_kernel
def _first_breach(  # pragma: no cover
    delta: Floats,
    gamma: Floats,
    vega: Floats,
    theta: Floats,
    ranges: NDArray[np.int64],
    quantity: int,
    factors: tuple[float, float, float, float],
    beta: float,
    others: float,
    limits: tuple[float, float, float, float, float],
) -> NetBreach:
    """Return the first of the `limits` that is broken.

    `ranges` has row, fewest and most of each contract, the order's first; `beta` is the
    underlying's, and `others` what the others' deltas come to.
    """
    least, most = _bounds(delta, ranges, factors[0])
    more = delta[ranges[0]] * quantity * factors[0]
    was, worst = _worst(least, most, more)
    if _is_broken(was, worst, limits[0]):
        return 0, was, worst
    was, worst = _worst_of(gamma, ranges, quantity, factors[1])
    if _is_broken(was, worst, limits[1]):
        return 1, was, worst
    was, worst = _worst_of(vega, ranges, quantity, factors[2])
    if _is_broken(was, worst, limits[2]):
        return 2, was, worst
    was, worst = _worst_of(theta, ranges, quantity, factors[3])
    if _is_broken(was, worst, limits[3]):
        return 3, was, worst
    was, worst = _worst(beta * least + others, beta * most + others, beta * more)
    if _is_broken(was, worst, limits[4]):
        return _BETA_DELTA, was, worst
    return _NONE, np.nan, np.nan
