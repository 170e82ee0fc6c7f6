"""From the prices of out-of-the-money options to the volatility and Greeks of every row."""

import math

import numba
import numpy as np
from numpy.typing import NDArray

from autotrade_0dte.chain.quality import QuoteFlag

__all__ = ["choose_otm", "price_rows"]

type Floats = NDArray[np.float64]
type Bytes = NDArray[np.int8]
type Rows = NDArray[np.int64]

_UNFIT = int(QuoteFlag.MISSING | QuoteFlag.CROSSED)
_ONE_SIDED = int(QuoteFlag.ONE_SIDED)
_NO_INFORMATION = int(QuoteFlag.NO_INFORMATION)
_CALL = 0
_PUT = 1
_OTM = 2

_compiled = numba.njit(cache=True, nogil=True, error_model="numpy")

# Compiled, so coverage cannot see the bodies; the unit tests compare every row with the pricing of
# its own side. `rows` has shape (3, strikes): the call's row, the put's row (-1 if not listed), and
# the out-of-the-money one, which `choose_otm` fills.


@_compiled
def choose_otm(  # pragma: no cover
    forward: float, strike: Floats, mid: Floats, flags: Bytes, rows: Rows
) -> tuple[Floats, NDArray[np.bool_]]:
    """Choose the side to invert at each strike; return its price (NaN if unfit) and `is_call`."""
    price = np.full(strike.size, np.nan)
    is_call = np.empty(strike.size, np.bool_)
    for j in range(strike.size):
        is_call[j] = strike[j] >= forward
        row = rows[_CALL if is_call[j] else _PUT, j]
        rows[_OTM, j] = row
        if row >= 0 and not flags[row] & _UNFIT:
            price[j] = mid[row]
    return price, is_call


@_compiled
def price_rows(  # pragma: no cover
    forward: float,
    years: float,
    rate: float,
    tick_below_3: float,
    tick_from_3: float,
    max_uncertainty_fraction: float,
    gex_scale: float,
    strike: Floats,
    price: Floats,
    rows: Rows,
    open_interest: Floats,
    iv: Floats,
    delta: Floats,
    gamma: Floats,
    vega: Floats,
    theta: Floats,
    rho: Floats,
    vanna: Floats,
    charm: Floats,
    speed: Floats,
    status: Bytes,
    flags: Bytes,
    columns: Floats,
    row_status: Bytes,
) -> None:
    """Spread each strike's volatility and Greeks to its two rows, the other side by parity.

    `columns` has shape (11, n): iv, the eight Greeks, iv_uncertainty, gex. With C - P = D (F - K):
    delta differs by D, theta by r D (F - K), rho by -T D (F - K), charm by r D; the rest is equal.
    """
    discount = math.exp(-rate * years)
    for j in range(strike.size):
        parity = discount * (forward - strike[j])
        tick = tick_below_3 if price[j] < 3.0 else tick_from_3
        half = 0.5 * tick
        otm = rows[_OTM, j]
        if otm >= 0 and flags[otm] & _ONE_SIDED:
            half = price[j]
        uncertainty = half / vega[j]
        # Linearised uncertainty is small in the wings, but a price that may be zero says nothing.
        blind = half >= price[j] or uncertainty > max_uncertainty_fraction * iv[j]
        for side in range(2):
            row = rows[side, j]
            if row < 0:
                continue
            other = 0.0
            if row != otm:
                other = 1.0 if side == _CALL else -1.0
            columns[0, row] = iv[j]
            columns[1, row] = delta[j] + other * discount
            columns[2, row] = gamma[j]
            columns[3, row] = vega[j]
            columns[4, row] = theta[j] + other * rate * parity
            columns[5, row] = rho[j] - other * years * parity
            columns[6, row] = vanna[j]
            columns[7, row] = charm[j] + other * rate * discount
            columns[8, row] = speed[j]
            columns[9, row] = uncertainty
            sign = 1.0 if side == _CALL else -1.0
            columns[10, row] = sign * gamma[j] * open_interest[row] * gex_scale
            row_status[row] = status[j]
            if blind:
                flags[row] |= _NO_INFORMATION
