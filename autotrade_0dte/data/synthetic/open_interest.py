"""Open contracts of a synthetic chain at the start of the day."""

import numpy as np
from numpy.typing import NDArray

__all__ = ["open_interest"]


def open_interest(
    strike: NDArray[np.float64],
    is_call: NDArray[np.bool],
    spot: float,
    sd: float,
    rng: np.random.Generator,
) -> NDArray[np.int64]:
    """Return open contracts of each option, int64 (c,).

    As in SPY, most lie about one standard deviation `sd` (of the logarithmic return, the session's)
    out of the money, few in the money, and strikes divisible by five hold twice as many.
    """
    out = np.where(is_call, 1.0, -1.0) * np.log(strike / spot) / sd
    profile = 8_000 * np.exp(-0.5 * ((out - 0.8) / np.where(out > 0.8, 3.0, 0.9)) ** 2)
    favored = np.where(strike % 5 == 0, 2.0, 1.0)
    noise = np.exp(0.6 * rng.standard_normal(len(strike)))
    return np.rint(profile * favored * noise).astype(np.int64)
