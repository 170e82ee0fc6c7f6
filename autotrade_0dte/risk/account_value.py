"""What the account is worth, what it may lose, and what it reacts to, at one snapshot."""

import math
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from autotrade_0dte.chain.quality import QuoteFlag
from autotrade_0dte.chain.snapshot import ChainSnapshot
from autotrade_0dte.risk.exposure import Exposure, Line
from autotrade_0dte.risk.gate_greeks import dollar_factors
from autotrade_0dte.risk.limits import PortfolioLimits
from autotrade_0dte.risk.session_grid import GridParams, held_legs, worst_cell

__all__ = ["AccountRisk", "account_risk", "held_lines", "newest_quote_age"]

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
        marked = not int(chain.quality[row]) & _NO_MARK
        mark = float(chain.mid[row]) if marked else math.nan
        worth = line.held * line.contract.multiplier * mark
        value += worth
        premium += worth if line.held > 0 else 0.0
        per = dollar_factors(chain.spot, chain.years, left_ns, line.contract.multiplier)
        delta += line.held * per[0] * float(chain.delta[row])
        gamma += line.held * per[1] * float(chain.gamma[row])
        vega += line.held * per[2] * float(chain.vega[row])
        theta += line.held * per[3] * float(chain.theta[row])
    worst = worst_cell(
        held_legs(chain, rows, [line.held for line in lines]), chain.forward, chain.years,
        chain.analytics.implied_move, grid, lines[0].contract.multiplier,
    )  # fmt: skip
    return AccountRisk(cash + value, worst.loss_usd, delta, gamma, vega, theta, premium)


def newest_quote_age(chain: ChainSnapshot) -> float:
    """Return the age of the chain's newest quote, seconds; NaN before the first one."""
    return float(np.fmin.reduce(chain.quote_age_s))
