"""Figures of merit from arrays of dollars: plain numpy, and None wherever one is undefined.

P&L is net of fees. A ratio whose denominator is missing (no losing trade, one session) is None
rather than zero or infinity, so that nobody ranks runs by it.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["SESSIONS_PER_YEAR", "Drawdown", "annualized", "drawdown_curve", "expectancy"]
__all__ += ["max_drawdown", "mean_ci95", "profit_factor", "sharpe_daily"]
__all__ += ["win_rate"]

Floats = NDArray[np.float64]

SESSIONS_PER_YEAR = 252
_FEWEST_SESSIONS_FOR_CI = 5
_RESAMPLES = 4_000
_SEED = 20_250_102


class Drawdown(NamedTuple):
    """Deepest fall below an earlier peak: dollars, and as a fraction of that peak; both >= 0.

    The two may come from different moments.
    """

    dollars: float
    fraction: float


def drawdown_curve(equity: Floats) -> Floats:
    """Return how far each point lies below the running peak, in dollars (>= 0; NaN stays NaN)."""
    return np.fmax.accumulate(equity) - equity if len(equity) else equity


def max_drawdown(equity: Floats) -> Drawdown | None:
    """Return the deepest drawdown of an equity curve; unknown (NaN) points are passed over."""
    known = equity[~np.isnan(equity)]
    if len(known) == 0:
        return None
    peak = np.maximum.accumulate(known)
    fall = peak - known
    # An account that never was above zero has no meaningful fraction; its fall counts whole.
    fraction = np.divide(fall, peak, out=(fall > 0).astype(np.float64), where=peak > 0)
    return Drawdown(float(fall.max()), float(fraction.max()))


def win_rate(pnl: Floats) -> float | None:
    """Return the share of trades with a net gain; one that breaks even is not a win."""
    return float(np.mean(pnl > 0)) if len(pnl) else None


def profit_factor(pnl: Floats) -> float | None:
    """Return the sum of gains over the sum of losses; None when nothing was lost."""
    lost = -float(pnl[pnl < 0].sum())
    return float(pnl[pnl > 0].sum()) / lost if lost > 0 else None


def expectancy(pnl: Floats) -> float | None:
    """Return the mean net P&L of a trade in dollars."""
    return float(pnl.mean()) if len(pnl) else None


def sharpe_daily(daily: Floats) -> float | None:
    """Return mean over sample standard deviation of the daily P&L: NOT annualized, no risk-free.

    Every session starts from the same cash, so dollars and returns give the same ratio.
    None below two sessions or when all days are equal.
    """
    if len(daily) < 2 or np.ptp(daily) == 0:
        return None
    deviation = float(daily.std(ddof=1))
    return float(daily.mean()) / deviation if deviation > 0 else None


def annualized(sharpe: float | None) -> float | None:
    """Scale a daily Sharpe ratio by the root of 252 sessions (independent days assumed)."""
    return None if sharpe is None else sharpe * SESSIONS_PER_YEAR**0.5


def mean_ci95(daily: Floats) -> tuple[float, float] | None:
    """Return the 95 % confidence interval of the mean daily P&L; None below five sessions.

    Percentile bootstrap over sessions with a fixed seed (Efron and Tibshirani 1993, ch. 13).
    Sessions are taken as independent; with few of them the interval is too narrow.
    """
    count = len(daily)
    if count < _FEWEST_SESSIONS_FOR_CI:
        return None
    rng = np.random.default_rng(_SEED)
    means = np.empty(_RESAMPLES)
    for i in range(_RESAMPLES):
        means[i] = daily[rng.integers(0, count, count)].mean()
    low, high = np.percentile(means, (2.5, 97.5))
    return float(low), float(high)
