"""The smile: implied volatility relative to at-the-money, over normalized log-moneyness.

One fixed shape in x = ln(K/F) / sqrt(w), w being the at-the-money total variance to expiry, as
quoted smiles of same-day options keep their shape in x through the session. Squared it is the raw
SVI of Gatheral (2004) scaled to 1 at x = 0:

    r(x)^2 = 1 + g(x) - g(0),   g(x) = b (rho (x - m) + sqrt((x - m)^2 + s^2))
"""

import math
from typing import Annotated

import msgspec
import numpy as np
from numpy.typing import NDArray

__all__ = ["SmileParams", "volatility_ratio"]


class SmileParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Shape of the smile; x counts standard deviations of the rest of the session.

    The defaults are close to SPY in summer 2026 and free of butterfly arbitrage for |x| < 20;
    other values may not be.

    Parameters
    ----------
    put_wing, call_wing : float, default 1.05, 1.0
        Slope of the squared ratio far below and far above the forward, per unit of x.
    minimum : float, default 0.6
        Where the smile turns (m); right of the forward it makes the downward skew.
    roundness : float, default 2.6
        Width of the turn (s).
    """

    put_wing: Annotated[float, msgspec.Meta(ge=0, le=2)] = 1.05
    call_wing: Annotated[float, msgspec.Meta(ge=0, le=2)] = 1.0
    minimum: Annotated[float, msgspec.Meta(ge=-1, le=1)] = 0.6
    roundness: Annotated[float, msgspec.Meta(gt=0, le=10)] = 2.6

    def __post_init__(self) -> None:
        lowest = 1 - _turn(self) + self.roundness * math.sqrt(self.put_wing * self.call_wing)
        if lowest <= 0:
            raise ValueError(f"Expected a squared smile above 0, was {lowest:.3f} at its lowest")


def volatility_ratio(x: NDArray[np.float64], params: SmileParams) -> NDArray[np.float64]:
    """Return implied volatility over at-the-money volatility at normalized log-moneyness `x`."""
    slope, tilt = _slope_and_tilt(params)
    from_turn = x - params.minimum
    squared = 1 - _turn(params) + tilt * from_turn
    squared += slope * np.sqrt(from_turn * from_turn + params.roundness**2)
    return np.asarray(np.sqrt(squared))


def _slope_and_tilt(params: SmileParams) -> tuple[float, float]:
    """Return b and b rho of the formula."""
    return (params.put_wing + params.call_wing) / 2, (params.call_wing - params.put_wing) / 2


def _turn(params: SmileParams) -> float:
    """Return g(0)."""
    slope, tilt = _slope_and_tilt(params)
    return slope * math.sqrt(params.minimum**2 + params.roundness**2) - tilt * params.minimum
