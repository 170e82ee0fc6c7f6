"""Figures of each contract of a chain; arrays have one value a row."""

import numpy as np
from numpy.typing import NDArray

from autotrade_0dte.chain.snapshot import ChainSnapshot

__all__ = ["theta_per_hour"]

_NS_PER_HOUR = 3_600_000_000_000


def theta_per_hour(chain: ChainSnapshot) -> NDArray[np.float64]:
    """Return the value that each option loses in the next hour, dollars a share.

    ``-theta * years / hours to expiry``: theta is per year of the chain's clock, whose years pass
    at that rate. It is the rate of this instant; at the money it doubles until a quarter of the
    time is left. Positive loses; NaN where theta is unknown or the chain has expired.
    """
    hours = (chain.expiry_ns - chain.ts_event) / _NS_PER_HOUR
    if not hours > 0.0:
        return np.full_like(chain.theta, np.nan)
    return chain.theta * (-chain.years / hours)
