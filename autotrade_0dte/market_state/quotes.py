"""Stress of the chain's quotes near the money."""

import numpy as np
from numpy.typing import NDArray

from autotrade_0dte.chain.quality import UNUSABLE, QuoteFlag
from autotrade_0dte.pricing.jit import strict_kernel

__all__ = ["near_quotes"]

type Floats = NDArray[np.float64]

_CROSSED = int(QuoteFlag.CROSSED)
# A stale quote is still a quote: its age is another figure than its width.
_WITHOUT_WIDTH = int(UNUSABLE & ~QuoteFlag.STALE)

# Compiled, so coverage cannot see the body; the unit tests run it on a hand-worked chain.


@strict_kernel
def near_quotes(  # pragma: no cover
    forward: float,
    near_fraction: float,
    strike: Floats,
    bid: Floats,
    ask: Floats,
    age_s: Floats,
    quality: NDArray[np.int8],
    iv: Floats,
    iv_uncertainty: Floats,
) -> tuple[float, float, float, float, float]:
    """Return what the quotes within `near_fraction` of the forward look like.

    Returns
    -------
    spread : float
        Mean of (ask - bid) / forward over the two-sided ones; NaN without any.
    age_s : float
        Median age, seconds; NaN where none was seen.
    crossed : float
        Share with a bid above the ask; NaN where none was seen.
    youngest_s : float
        Age of the youngest, seconds; infinite where none was seen.
    tick_noise : float
        What half a tick makes of the best known implied volatility among them, as a fraction of it;
        NaN where none is known.
    """
    ages = np.empty(strike.size)
    seen = crossed = wide = 0
    total = 0.0
    youngest = tick_noise = np.inf
    band = near_fraction * forward
    for row in range(strike.size):
        if not abs(strike[row] - forward) <= band or np.isnan(age_s[row]):
            continue
        ages[seen] = age_s[row]
        seen += 1
        youngest = min(youngest, age_s[row])
        crossed += (quality[row] & _CROSSED) != 0
        if not quality[row] & _WITHOUT_WIDTH:
            total += ask[row] - bid[row]
            wide += 1
        if iv_uncertainty[row] < tick_noise * iv[row]:
            tick_noise = iv_uncertainty[row] / iv[row]
    if seen == 0:
        return np.nan, np.nan, np.nan, np.inf, np.nan
    known = tick_noise if tick_noise < np.inf else np.nan
    spread = total / wide / forward if wide else np.nan
    return spread, np.median(ages[:seen]), crossed / seen, youngest, known
