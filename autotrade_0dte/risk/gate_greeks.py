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
from autotrade_0dte.risk.gate_case import NOISE, Case, Net, Nets

__all__ = ["HOUR_NS", "beta_delta", "dollar_factors", "greeks", "warm"]

type Floats = NDArray[np.float64]

HOUR_NS = 3_600_000_000_000
"""Theta is for as long, or to expiry."""

_NOTHING = (math.nan, math.nan)
_UNKNOWN: Nets = (_NOTHING, _NOTHING, _NOTHING, _NOTHING, _NOTHING)
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
    limits = case.limits.portfolio
    most_of = limits.max_delta_usd, limits.max_gamma_usd, limits.max_vega_usd, limits.max_theta_usd
    for (was, worst), most, reason in zip(_nets(case), most_of, _REASONS, strict=False):
        if worst <= most or worst <= was + NOISE or most == math.inf:
            continue
        return Denial(reason, {"net_usd": worst, "before_usd": was, "max_usd": most})
    return None


def beta_delta(case: Case) -> Denial | None:
    """Return BETA_DELTA if all underlyings together could move too much with the market."""
    most = case.limits.correlation.max_beta_delta_usd
    if most == math.inf:
        return None
    was, worst = _nets(case)[-1]
    if worst <= most or worst <= was + NOISE:
        return None
    figures = {"beta_delta_usd": worst, "before_usd": was, "max_usd": most}
    return Denial(DenyReason.BETA_DELTA, figures | {"others_usd": _others_usd(case)})


def warm() -> None:
    """Compile the sum, or load it from the cache, so that no order waits."""
    column = np.ones(1)
    column.flags.writeable = False
    ranges, one = np.zeros(3, np.int64), 1.0
    _worst_nets(column, column, column, column, ranges, 1, (one, one, one, one), one, one)


def _nets(case: Case) -> Nets:
    if case.nets is None:
        case.nets = _summed(case)
    return case.nets


def _others_usd(case: Case) -> float:
    """Return the delta of positions on other underlyings, each moving with the market."""
    betas, total = case.limits.correlation.betas, 0.0
    for name, delta_usd in case.others.items():
        total += betas.of(name) * delta_usd
    return total


def _summed(case: Case) -> Nets:
    chain, order, own = case.chain, case.order, case.line
    row = order.contract.row
    if chain is None or row < 0:
        return _UNKNOWN
    ranges = [row, own.held - case.selling, own.held + case.buying]
    for line in case.exposure.lines.values():
        if line is not own and line.contract.row >= 0:
            held = line.held
            ranges += line.contract.row, held - line.selling, held + line.buying
    factors = dollar_factors(
        case.quote.spot, chain.years, chain.expiry_ns - chain.ts_event, order.contract.multiplier
    )
    beta = case.limits.correlation.betas.of(case.facts.product.underlying)
    return _worst_nets(
        chain.delta, chain.gamma, chain.vega, chain.theta, np.array(ranges), order.quantity,
        factors, beta, _others_usd(case),
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
def _worst(least: float, most: float, more: float) -> Net:  # pragma: no cover
    """Return the `Net` of a sum within bounds to which the order may add `more`."""
    was = most if most > -least else -least
    if more < 0.0:
        least += more
    else:
        most += more
    return was, most if most > -least else -least


@strict_kernel
def _worst_net(
    greek: Floats, ranges: NDArray[np.int64], quantity: int, factor: float
) -> Net:  # pragma: no cover
    """Return the `Net` of one Greek; see `_worst_nets`."""
    least, most = _bounds(greek, ranges, factor)
    return _worst(least, most, greek[ranges[0]] * quantity * factor)


@strict_kernel
def _worst_nets(  # pragma: no cover
    delta: Floats,
    gamma: Floats,
    vega: Floats,
    theta: Floats,
    ranges: NDArray[np.int64],
    quantity: int,
    factors: tuple[float, float, float, float],
    beta: float,
    others: float,
) -> Nets:
    """Return the `Net` of each Greek, and that of the delta over all underlyings.

    `ranges` has row, fewest and most of each contract, the order's first; `beta` is the
    underlying's, and `others` what the others' deltas come to.
    """
    least, most = _bounds(delta, ranges, factors[0])
    more = delta[ranges[0]] * quantity * factors[0]
    return (
        _worst(least, most, more),
        _worst_net(gamma, ranges, quantity, factors[1]),
        _worst_net(vega, ranges, quantity, factors[2]),
        _worst_net(theta, ranges, quantity, factors[3]),
        _worst(beta * least + others, beta * most + others, beta * more),
    )
