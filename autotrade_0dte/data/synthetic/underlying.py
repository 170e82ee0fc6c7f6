"""Trades of a synthetic stock or ETF: one a second, with a U-shaped volume and bursts."""

import datetime as dt
from typing import Annotated

import msgspec
import numpy as np
from numpy.typing import NDArray

from autotrade_0dte.data.session_data import UnderlyingTrades
from autotrade_0dte.data.synthetic.days import DayEffects
from autotrade_0dte.data.synthetic.path import Path, mean_reverting, u_shape

__all__ = ["TradeParams", "underlying_trades"]

_SECOND_NS = 1_000_000_000


class TradeParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Trades of the underlying, one a second that stands for all of that second.

    Parameters
    ----------
    shares_per_second : float, default 2500.0
        Mean size in an ordinary session.
    open_excess, close_excess : float, default 2.5, 3.5
        Volume at the open and at the close above that of midday, relative to it.
    excess_fraction : float, default 0.06
        Share of the session over which these fade by 1/e.
    noise : float, default 0.9
        Standard deviation of the logarithm of a second's size.
    activity : float, default 0.3
        Standard deviation of the logarithm of volume over minutes; half of a deviation is gone
        after five.
    volatility_share : float, default 0.8
        Power of volatility in volume.
    bursts_per_session : float, default 5.0
        Expected number of short bursts in a full session.
    burst_multiple : float, default 4.0
        Volume multiple at the start of a burst; halves each 20 s.
    closing_trade_shares : float, default 500000.0
        Size of the closing trade, which makes the settlement price.
    """

    shares_per_second: Annotated[float, msgspec.Meta(ge=1, le=1e7)] = 2_500.0
    open_excess: Annotated[float, msgspec.Meta(ge=0, le=20)] = 2.5
    close_excess: Annotated[float, msgspec.Meta(ge=0, le=20)] = 3.5
    excess_fraction: Annotated[float, msgspec.Meta(gt=0, le=1)] = 0.06
    noise: Annotated[float, msgspec.Meta(ge=0, le=3)] = 0.9
    activity: Annotated[float, msgspec.Meta(ge=0, le=2)] = 0.3
    volatility_share: Annotated[float, msgspec.Meta(ge=0, le=3)] = 0.8
    bursts_per_session: Annotated[float, msgspec.Meta(ge=0, le=1_000)] = 5.0
    burst_multiple: Annotated[float, msgspec.Meta(ge=1, le=100)] = 4.0
    closing_trade_shares: Annotated[float, msgspec.Meta(ge=1, le=1e9)] = 500_000.0


def underlying_trades(
    symbol: str,
    session: dt.date,
    *,
    ts: NDArray[np.int64],
    path: Path,
    effects: DayEffects,
    params: TradeParams,
    rng: np.random.Generator,
) -> UnderlyingTrades:
    """Return a trade in each second of the grid `ts` (n + 1,) ns, and the closing trade.

    Trades alternate at random between bid and ask, one cent apart. The closing trade comes one
    nanosecond before the end of the grid, so that it lies inside the session.
    """
    n = len(ts) - 1
    size = _volume(n, path, effects, params, rng)
    size = np.append(size, params.closing_trade_shares * effects.volume[n])
    side = np.where(rng.random(n) < 0.5, -0.5, 0.5)
    price = np.append(np.rint(100 * path.spot[:-1] + side), np.rint(100 * path.spot[-1]))
    within = rng.integers(1, _SECOND_NS - 1, n)
    times = np.append(ts[:-1] + within, ts[-1] - 1)
    shares = np.maximum(np.rint(size), 1).astype(np.int64)
    return UnderlyingTrades(symbol, session, times, price.astype(np.int64), shares)


def _volume(
    n: int, path: Path, effects: DayEffects, params: TradeParams, rng: np.random.Generator
) -> NDArray[np.float64]:
    usual = u_shape(n, params.open_excess, params.close_excess, params.excess_fraction)[:-1]
    activity, _ = mean_reverting(n - 1, params.activity, 300, rng)
    noise = params.noise * rng.standard_normal(n) + activity
    noise -= (params.noise**2 + params.activity**2) / 2  # the mean of the exponential is 1
    volatile = params.volatility_share * (path.deviation[:-1] - np.log(effects.volatility[:-1]))
    bursts = np.zeros(n)
    seconds = np.arange(n)
    for start in rng.integers(0, n, rng.poisson(params.bursts_per_session * n / 23_400)):
        bursts[start:] += 0.5 ** ((seconds[start:] - start) / 20)
    multiple = 1 + (params.burst_multiple - 1) * bursts
    level = params.shares_per_second * effects.volume[:-1]
    return np.asarray(level * usual * multiple * np.exp(noise + volatile))
