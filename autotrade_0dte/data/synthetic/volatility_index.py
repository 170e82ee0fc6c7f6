"""A VIX for synthetic sessions: follows the session's volatility and falls when prices rise."""

import datetime as dt
from typing import Annotated

import msgspec
import numpy as np
from numpy.typing import NDArray

from autotrade_0dte.data.session_data import IndexPrices
from autotrade_0dte.data.synthetic.path import Path, mean_reverting

__all__ = ["VixParams", "vix_prices"]


class VixParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Thirty-day implied volatility, which moves less than that of today.

    Parameters
    ----------
    level : float, default 16.5
        Value in a session of typical volatility, vol points.
    day_power : float, default 0.6
        Power of the session's volatility level in it.
    deviation_share : float, default 0.12
        Relative move per unit of the logarithm of volatility within the session.
    return_beta : float, default -4.5
        Relative move per relative move of the underlying.
    noise : float, default 0.003
        Standard deviation of its own relative wandering; half is gone after ten minutes.
    interval_s : int, default 15
        Seconds between values, as Cboe publishes them.
    """

    level: Annotated[float, msgspec.Meta(ge=1, le=200)] = 16.5
    day_power: Annotated[float, msgspec.Meta(ge=0, le=2)] = 0.6
    deviation_share: Annotated[float, msgspec.Meta(ge=0, le=2)] = 0.12
    return_beta: Annotated[float, msgspec.Meta(ge=-20, le=20)] = -4.5
    noise: Annotated[float, msgspec.Meta(ge=0, le=0.5)] = 0.003
    interval_s: Annotated[int, msgspec.Meta(ge=1, le=600)] = 15


def vix_prices(
    session: dt.date,
    ts: NDArray[np.int64],
    path: Path,
    params: VixParams,
    rng: np.random.Generator,
) -> IndexPrices:
    """Return VIX values over the grid of seconds `ts` (n + 1,) ns."""
    n = len(ts) - 1
    own, _ = mean_reverting(n, params.noise, 600, rng)
    exponent = params.day_power * np.log(path.day_level) + own
    exponent += params.deviation_share * path.deviation
    exponent += params.return_beta * np.log(path.spot / path.spot[0])
    value = np.rint(100 * params.level * np.exp(exponent)).astype(np.int64)
    return IndexPrices("VIX", session, ts[:: params.interval_s], value[:: params.interval_s])
