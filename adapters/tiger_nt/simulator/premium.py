"""Made-up option quotes: Black's formula under a fixed smile, and a spread around it."""

import math
from collections.abc import Mapping
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

__all__ = ["premiums", "quotes_around"]

YEAR_NS = 365 * 86_400 * 1_000_000_000

_SHORTEST_NS = 1_000_000_000

_PENNY_ROOTS = frozenset({"SPY", "QQQ", "IWM", "XSP"})
_CENT = (0.01, 0.01)
_NICKEL_AND_DIME = (0.05, 0.10)

# Raw SVI in deviations from the money, scaled to 1 there; no butterfly arbitrage within 20 of them.
_SMILE: Mapping[str, float] = MappingProxyType(
    {"slope": 1.025, "tilt": -0.025, "minimum": 0.6, "roundness": 2.6}
)

type Floats = NDArray[np.float64]


def premiums(
    spot: Floats, strike: Floats, is_call: NDArray[np.bool_], left_ns: Floats, volatility: float
) -> Floats:
    """Return undiscounted Black premiums in dollars.

    Parameters
    ----------
    spot, strike : float64
        Dollars; spot is the forward, as rates hardly matter within a day.
    is_call : bool
        Call or put.
    left_ns : float64
        Time to expiry in nanoseconds; less than a second counts as one.
    volatility : float
        At the money, per square root of a calendar year.
    """
    deviation = volatility * np.sqrt(np.maximum(left_ns, _SHORTEST_NS) / YEAR_NS)
    moneyness = np.log(strike / spot)
    total = deviation * np.sqrt(_squared_smile(moneyness / deviation))
    upper = total / 2 - moneyness / total
    call = spot * _normal_cdf(upper) - strike * _normal_cdf(upper - total)
    return np.asarray(np.maximum(np.where(is_call, call, call - spot + strike), 0.0))


def quotes_around(premium: Floats, root: str) -> tuple[Floats, Floats]:
    """Return bid and ask in dollars on the root's price grid; a bid of 0 is none."""
    below_3, from_3 = _CENT if root in _PENNY_ROOTS else _NICKEL_AND_DIME
    half_spread = 0.004 + 0.004 * premium
    low, high = np.maximum(premium - half_spread, 0), premium + half_spread
    bid = np.floor(low / (tick := np.where(low < 3, below_3, from_3))) * tick
    # The coarse step begins at 3, which is on both grids.
    ask = np.ceil(high / (tick := np.where(high <= 3, below_3, from_3))) * tick
    return np.round(bid, 2), np.round(ask, 2)


def _squared_smile(x: Floats) -> Floats:
    slope, tilt = _SMILE["slope"], _SMILE["tilt"]
    minimum, roundness = _SMILE["minimum"], _SMILE["roundness"]
    at_money = slope * math.hypot(minimum, roundness) - tilt * minimum
    from_turn = x - minimum
    return np.asarray(1 - at_money + tilt * from_turn + slope * np.hypot(from_turn, roundness))


def _normal_cdf(x: Floats) -> Floats:
    scaled = (x / math.sqrt(2)).tolist()
    return np.fromiter((0.5 + 0.5 * math.erf(value) for value in scaled), np.float64, len(scaled))
