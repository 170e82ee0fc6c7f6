"""Quote hygiene: what is wrong with a quote, decided once and carried as flags."""

from enum import IntFlag

import numpy as np
from numpy.typing import NDArray

from autotrade_0dte.pricing.jit import strict_kernel

__all__ = ["UNUSABLE", "QuoteFlag", "assess", "usable_pairs"]


class QuoteFlag(IntFlag):
    """What is wrong with a quote; 0 is a clean two-sided market.

    MISSING: never seen, or without any positive side, or not finite: no mid.
    STALE: older than `ChainParams.stale_after_s`; kept and priced, out of forward and analytics.
    CROSSED: bid above ask; kept, out of the forward and of implied volatility.
    LOCKED: bid equals ask; used like a clean quote.
    ONE_SIDED: bid or ask is zero. Without a bid the mid is half the ask; without an ask it is NaN.
    NO_INFORMATION: the tick leaves the strike's implied volatility open, either because its
    out-of-the-money price may be zero or by more than `ChainParams.max_iv_uncertainty_fraction`.
    """

    MISSING = 1
    STALE = 2
    CROSSED = 4
    LOCKED = 8
    ONE_SIDED = 16
    NO_INFORMATION = 32


UNUSABLE = QuoteFlag.MISSING | QuoteFlag.STALE | QuoteFlag.CROSSED | QuoteFlag.ONE_SIDED
"""Any of these keeps a quote out of the forward and the analytics."""

_MISSING = int(QuoteFlag.MISSING)
_STALE = int(QuoteFlag.STALE)
_CROSSED = int(QuoteFlag.CROSSED)
_LOCKED = int(QuoteFlag.LOCKED)
_ONE_SIDED = int(QuoteFlag.ONE_SIDED)
_UNUSABLE = int(UNUSABLE)

# Compiled, so coverage cannot see the bodies; the unit tests run them on a table of quotes.


@strict_kernel
def assess(  # pragma: no cover
    quotes: NDArray[np.float64],
    ts_event: NDArray[np.int64],
    now_ns: int,
    stale_after_s: float,
    mid: NDArray[np.float64],
    age_s: NDArray[np.float64],
    flags: NDArray[np.int8],
) -> None:
    """Fill `mid`, `age_s` and `flags` of every row from `quotes` (bid, ask, sizes; shape (4, n)).

    A quote stamped after `now_ns` (clock skew of a live feed) has age zero.
    """
    for row in range(mid.size):
        bid = quotes[0, row]
        ask = quotes[1, row]
        mid[row] = age_s[row] = np.nan
        seen = ts_event[row] > 0
        flag = 0
        if seen:
            age_s[row] = max(now_ns - ts_event[row], 0) / 1e9
            if age_s[row] > stale_after_s:
                flag |= _STALE
        if not (seen and 0.0 <= bid < np.inf and 0.0 <= ask < np.inf and bid + ask > 0.0):
            flag |= _MISSING
        elif ask == 0.0:
            flag |= _ONE_SIDED
        else:
            mid[row] = 0.5 * (bid + ask)
            if bid == 0.0:
                flag |= _ONE_SIDED
            elif bid > ask:
                flag |= _CROSSED
            elif bid == ask:
                flag |= _LOCKED
        flags[row] = flag


@strict_kernel
def usable_pairs(  # pragma: no cover
    quotes: NDArray[np.float64], flags: NDArray[np.int8], rows: NDArray[np.int64]
) -> NDArray[np.float64]:
    """Return call bid and ask, put bid and ask (shape (4, pairs)); NaN where a side is unusable.

    `rows` holds the call's and the put's row of each pair, shape (2, pairs).
    """
    pairs = np.full((4, rows.shape[1]), np.nan)
    for j in range(rows.shape[1]):
        call, put = rows[0, j], rows[1, j]
        if not (flags[call] | flags[put]) & _UNUSABLE:
            pairs[0, j], pairs[1, j] = quotes[0, call], quotes[1, call]
            pairs[2, j], pairs[3, j] = quotes[0, put], quotes[1, put]
    return pairs
