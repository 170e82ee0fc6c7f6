"""Strikes at which dealers' gamma is concentrated."""

import numpy as np
from numpy.typing import NDArray

from autotrade_0dte.pricing.jit import strict_kernel

__all__ = ["walls"]

# Compiled, so coverage cannot see the body; the unit tests compare it with numpy. One pass for all
# three figures, because each entry into compiled code costs a microsecond.


@strict_kernel
def walls(  # pragma: no cover
    strike: NDArray[np.float64],
    is_call: NDArray[np.bool_],
    gex: NDArray[np.float64],
    quote_age_s: NDArray[np.float64],
) -> tuple[float, float, float]:
    """Return the call wall, the put wall, and the age of the newest quote of the chain, seconds.

    A wall is the strike whose calls (puts) carry the largest gamma exposure, the lowest of several;
    NaN where no exposure is known.
    """
    call_wall = put_wall = np.nan
    largest_call = largest_put = 0.0
    newest = np.inf
    for row in range(strike.size):
        exposure = abs(gex[row])
        if is_call[row] and exposure > largest_call:
            largest_call = exposure
            call_wall = strike[row]
        elif not is_call[row] and exposure > largest_put:
            largest_put = exposure
            put_wall = strike[row]
        newest = min(newest, quote_age_s[row]) if quote_age_s[row] >= 0.0 else newest
    return call_wall, put_wall, newest if newest < np.inf else np.nan
