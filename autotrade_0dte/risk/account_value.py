"""What the account is worth, what it may lose, and what it reacts to, at one snapshot."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from autotrade_0dte.chain.quality import QuoteFlag
from autotrade_0dte.chain.snapshot import ChainSnapshot
from autotrade_0dte.pricing.jit import strict_kernel
from autotrade_0dte.risk.exposure import Exposure, Line
from autotrade_0dte.risk.gate_greeks import dollar_factors
from autotrade_0dte.risk.limits import PortfolioLimits
from autotrade_0dte.risk.session_grid import GridParams, least_pnl

__all__ = ["AccountRisk", "account_risk", "held_lines", "newest_quote_age", "warm"]

_NO_MARK = int(QuoteFlag.MISSING | QuoteFlag.STALE | QuoteFlag.CROSSED)


class AccountRisk(NamedTuple):
    """Figures of `picture.RiskPicture` in its units; NaN is unknown."""

    equity: float
    worst_loss_usd: float = 0.0
    delta_usd: float = 0.0
    gamma_usd: float = 0.0
    vega_usd: float = 0.0
    theta_usd: float = 0.0
    premium_usd: float = 0.0

    def scenario_use(self, limits: PortfolioLimits) -> float:
        """Return the worst loss over what the gate allows; NaN is unknown."""
        if self.worst_loss_usd <= 0.0:
            return 0.0
        allowed = limits.max_worst_loss_fraction * self.equity
        return math.inf if allowed <= 0.0 else self.worst_loss_usd / allowed

    def greeks_use(self, limits: PortfolioLimits) -> float:
        """Return the largest Greek over its limit at the gate; NaN where one is unknown."""
        uses = (
            abs(self.delta_usd) / limits.max_delta_usd,
            abs(self.gamma_usd) / limits.max_gamma_usd,
            abs(self.vega_usd) / limits.max_vega_usd,
            abs(self.theta_usd) / limits.max_theta_usd,
        )
        return math.nan if any(map(math.isnan, uses)) else max(uses)


def held_lines(exposure: Exposure) -> list[Line]:
    """Return the contracts of which something is held."""
    return [line for line in exposure.lines.values() if line.held]


def account_risk(
    chain: ChainSnapshot, lines: Sequence[Line], cash: float, grid: GridParams
) -> AccountRisk:
    """Return the account's figures with `lines` held and `cash` dollars.

    Options are marked at mid. One without a mark makes the value unknown: a contract outside the
    chain, or whose quote is missing, stale or crossed. Without a bid the mid is half the ask.
    """
    if not lines:
        return AccountRisk(cash)
    rows = [line.contract.row for line in lines]
    if min(rows) < 0:
        return AccountRisk(*(math.nan,) * len(AccountRisk._fields))
    value = premium = delta = gamma = vega = theta = 0.0
    left_ns = chain.expiry_ns - chain.ts_event
    for row, line in zip(rows, lines, strict=True):
        marked = not chain.quality.item(row) & _NO_MARK
        mark = chain.mid.item(row) if marked else math.nan
        worth = line.held * line.contract.multiplier * mark
        value += worth
        premium += worth if line.held > 0 else 0.0
        per = dollar_factors(chain.spot, chain.years, left_ns, line.contract.multiplier)
        delta += line.held * per[0] * chain.delta.item(row)
        gamma += line.held * per[1] * chain.gamma.item(row)
        vega += line.held * per[2] * chain.vega.item(row)
        theta += line.held * per[3] * chain.theta.item(row)
    legs = [
        figure
        for row, line in zip(rows, lines, strict=True)
        for figure in (row, line.held, 0.0)  # what is held pays nothing more
    ]
    worst_loss = 0.0 - least_pnl(chain, legs, 0, grid, lines[0].contract.multiplier)
    return AccountRisk(cash + value, worst_loss, delta, gamma, vega, theta, premium)


def newest_quote_age(chain: ChainSnapshot) -> float:
    """Return the age of the chain's newest quote, seconds; NaN before the first one."""
    return _least(chain.quote_age_s)


def warm() -> None:
    """Compile the kernel, or load it from the cache, so that no view waits."""
    ages = np.zeros(1)
    ages.flags.writeable = False  # as those of a snapshot are
    _least(ages)


# Compiled, so coverage cannot see the body; the unit tests look at chains with and without quotes.


@strict_kernel
def _least(values: NDArray[np.float64]) -> float:  # pragma: no cover
    """Return the least of the known values; at each view NumPy's own would take five times that."""
    least = math.inf
    for value in values:
        if not math.isnan(value):
            least = min(least, value)
    return least if least < math.inf else math.nan
