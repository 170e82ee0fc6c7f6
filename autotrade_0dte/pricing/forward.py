"""The forward that put-call parity implies, robust to stale quotes.

Each strike with two good quotes says F = K + (C - P) / D. At zero days to expiry the discount
factor is not identifiable from the chain (a regression returns it with an error of 1e-3), so D is
given; a weighted median then ignores stale pairs that would drag a mean.
"""
# Coverage cannot trace compiled code, hence the pragmas on jitted functions.

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from autotrade_0dte.pricing.jit import kernel

__all__ = ["Forward", "implied_forward", "weighted_quartiles"]

# Half-widths below a cent, as of locked quotes, weigh like a cent.
_LEAST_HALF_WIDTH = 0.01


class Forward(NamedTuple):
    """An implied forward in dollars: NaN without a usable pair.

    `pairs` counts the strikes used; `spread` is the weighted interquartile range of what they say,
    in dollars, NaN without a pair.
    """

    value: float
    pairs: int
    spread: float


def implied_forward(
    strike: ArrayLike,
    call_bid: ArrayLike,
    call_ask: ArrayLike,
    put_bid: ArrayLike,
    put_ask: ArrayLike,
    discount: float,
) -> Forward:
    """Return the weighted median of K + (C - P) / `discount` over strikes, at mid prices.

    All arrays are (n,) in dollars; `discount` is in (0, 1] or so. The weight is 1 / half-width**2,
    the half-width being half of both spreads together. A pair with a missing (NaN), one-sided
    (bid or ask <= 0) or crossed quote does not count. Raises ValueError if shapes differ.
    """
    quotes = np.empty((5, np.shape(strike)[0]))
    quotes[0] = strike
    quotes[1] = call_bid
    quotes[2] = call_ask
    quotes[3] = put_bid
    quotes[4] = put_ask
    return Forward(*weighted_quartiles(quotes, discount))


@kernel
def weighted_quartiles(
    quotes: NDArray[np.float64], discount: float
) -> tuple[float, int, float]:  # pragma: no cover
    """Return the fields of `Forward`; `quotes` (5, n) is in the order of `implied_forward`."""
    strike, call_bid, call_ask = quotes[0], quotes[1], quotes[2]
    put_bid, put_ask = quotes[3], quotes[4]
    forward = np.empty(strike.shape[0])
    weight = np.empty(strike.shape[0])
    pairs = 0
    for i in range(strike.shape[0]):
        cb, ca, pb, pa = call_bid[i], call_ask[i], put_bid[i], put_ask[i]
        if 0.0 < cb <= ca < math.inf and 0.0 < pb <= pa < math.inf and abs(strike[i]) < math.inf:
            half_width = max(0.5 * (ca - cb + pa - pb), _LEAST_HALF_WIDTH)
            forward[pairs] = strike[i] + 0.5 * (cb + ca - pb - pa) / discount
            weight[pairs] = 1.0 / (half_width * half_width)
            pairs += 1
    if pairs == 0:
        return math.nan, 0, math.nan
    order = np.argsort(forward[:pairs])
    total = weight[:pairs].sum()
    lower = middle = upper = math.nan
    below = 0.0
    for j in order:
        below += weight[j]
        if math.isnan(lower) and below >= 0.25 * total:
            lower = forward[j]
        if math.isnan(middle) and below >= 0.5 * total:
            middle = forward[j]
        if below >= 0.75 * total:
            upper = forward[j]
            break
    return middle, pairs, upper - lower
