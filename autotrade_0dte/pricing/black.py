"""Implied volatility, price and Greeks of European options on a forward (Black 1976).

Invert the out-of-the-money side of each strike. The function accepts either side, but an
in-the-money price is mostly intrinsic value: its implied volatility carries a relative error of
about 2e-16 * price / (vega * volatility), and an American in-the-money price also holds the
premium of early exercise.

Shapes: `strike` and `is_call` are (n,); `price` or `vol`, `forward`, `years` and `rate` are floats
or (n,). Units: dollars, years (see `clock`), continuously compounded rate per year, volatility 0.15
for 15 %. Valid are forward and strike in [1e-6, 1e12], years in [1e-12, 100], rate in [-1, 1] and
total volatility vol * sqrt(years) in [1e-12, 100]; any other row is BAD_INPUT.

Greeks are derivatives of the discounted price V(F, vol, t) at a fixed forward:

======  ====================================================================================
delta   dV/dF
gamma   d2V/dF2
vega    dV/dvol, per 1.00 of volatility (divide by 100 for a vol point)
theta   dV/dt, per year of calendar time passing (divide by 365 for a day)
rho     dV/drate per 1.00 of rate, = -years * V
vanna   d2V/dF dvol
charm   d(delta)/dt, per year of time passing
speed   d3V/dF3
======  ====================================================================================

Formulas: J. Hull, "Options, Futures, and Other Derivatives", chapter on Black's model; E. G. Haug,
"The Complete Guide to Option Pricing Formulas" (cost of carry zero) for vanna, charm and speed.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import ArrayLike, NDArray

from autotrade_0dte.pricing.forward import implied_forward
from autotrade_0dte.pricing.kernel import implied_rows, priced_rows
from autotrade_0dte.pricing.solver import PricingStatus

__all__ = [
    "GREEKS",
    "ChainGreeks",
    "PricedChain",
    "PricingStatus",
    "implied_vol_and_greeks",
    "price_and_greeks",
    "warm",
]

GREEKS = ("delta", "gamma", "vega", "theta", "rho", "vanna", "charm", "speed")


class ChainGreeks(NamedTuple):
    """Implied volatility and Greeks: read-only float64 (n,), NaN where `status` is not OK.

    `status` is int8 (n,) of PricingStatus.
    """

    iv: NDArray[np.float64]
    delta: NDArray[np.float64]
    gamma: NDArray[np.float64]
    vega: NDArray[np.float64]
    theta: NDArray[np.float64]
    rho: NDArray[np.float64]
    vanna: NDArray[np.float64]
    charm: NDArray[np.float64]
    speed: NDArray[np.float64]
    status: NDArray[np.int8]


class PricedChain(NamedTuple):
    """Price and Greeks: read-only float64 (n,), NaN where `status` is not OK.

    `status` is int8 (n,) of PricingStatus: OK or BAD_INPUT.
    """

    price: NDArray[np.float64]
    delta: NDArray[np.float64]
    gamma: NDArray[np.float64]
    vega: NDArray[np.float64]
    theta: NDArray[np.float64]
    rho: NDArray[np.float64]
    vanna: NDArray[np.float64]
    charm: NDArray[np.float64]
    speed: NDArray[np.float64]
    status: NDArray[np.int8]


def implied_vol_and_greeks(
    price: ArrayLike,
    forward: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    rate: ArrayLike,
    is_call: NDArray[np.bool],
) -> ChainGreeks:
    """Return the volatility at which each option is worth `price`, and the Greeks there.

    Raises ValueError if shapes differ and TypeError if `is_call` is not boolean.
    """
    inputs, out, status = _buffers(is_call, price, forward, strike, years, rate)
    implied_rows(inputs, out, status)
    out.flags.writeable = status.flags.writeable = False
    return ChainGreeks._make((*out, status))


def price_and_greeks(
    vol: ArrayLike,
    forward: ArrayLike,
    strike: ArrayLike,
    years: ArrayLike,
    rate: ArrayLike,
    is_call: NDArray[np.bool],
) -> PricedChain:
    """Return the price of each option at volatility `vol`, and its Greeks.

    Raises ValueError if shapes differ and TypeError if `is_call` is not boolean.
    """
    inputs, out, status = _buffers(is_call, vol, forward, strike, years, rate)
    priced_rows(inputs, out, status)
    out.flags.writeable = status.flags.writeable = False
    return PricedChain._make((*out, status))


def warm() -> None:
    """Compile every pricing kernel, or load it from the cache, so that no later call waits."""
    one = np.ones(1)
    implied_vol_and_greeks(one, 100.0, one * 100.0, 0.01, 0.0, one > 0.0)
    price_and_greeks(one, 100.0, one * 100.0, 0.01, 0.0, one > 0.0)
    implied_forward(one, one, one, one, one, 1.0)


def _buffers(
    is_call: NDArray[np.bool], *columns: ArrayLike
) -> tuple[NDArray[np.float64], NDArray[np.float64], NDArray[np.int8]]:
    # One writable buffer gives the kernel one signature, whatever the arguments' types, layouts
    # and flags are: numba would compile seconds for each combination.
    if is_call.dtype != np.bool:
        raise TypeError(f"Expected is_call of bool, was {is_call.dtype}")
    if is_call.ndim != 1:
        raise ValueError(f"Expected is_call of shape (n,), was {is_call.shape}")
    inputs = np.empty((6, is_call.shape[0]))
    try:
        inputs[0], inputs[1], inputs[2], inputs[3], inputs[4] = columns
    except ValueError as error:
        shapes = [np.shape(column) for column in columns]
        raise ValueError(
            f"Expected floats or arrays of shape {is_call.shape}, was {shapes}"
        ) from error
    inputs[5] = is_call
    return inputs, np.empty((9, is_call.shape[0])), np.empty(is_call.shape[0], np.int8)
