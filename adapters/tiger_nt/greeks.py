"""Greeks from live quotes: what a pricing function is asked and answers, and a default one."""

import math
from collections.abc import Callable

import msgspec
from nautilus_trader.model import imply_vol, imply_vol_and_greeks

__all__ = ["Greeks", "GreeksFunction", "OptionState", "black_scholes"]


class OptionState(msgspec.Struct, frozen=True):
    """One option at one instant.

    Parameters
    ----------
    spot, strike : float
        Dollars.
    is_call : bool
        Call or put.
    years : float
        To expiry, in years of 365 days, above 0.
    bid, ask : float
        Dollars; 0 on a side without a quote.
    """

    spot: float
    strike: float
    is_call: bool
    years: float
    bid: float
    ask: float


class Greeks(msgspec.Struct, frozen=True):
    """Sensitivities of one share's worth of an option, in the engine's units.

    Delta and gamma a dollar of spot, vega a point (0.01) of volatility, theta a calendar day;
    volatilities a year, None where the price has none.
    """

    delta: float
    gamma: float
    vega: float
    theta: float
    rho: float
    iv: float
    bid_iv: float | None
    ask_iv: float | None


type GreeksFunction = Callable[[OptionState], Greeks | None]
"""Values one option; None where its quotes imply no volatility."""


def black_scholes(state: OptionState) -> Greeks | None:
    """Return the engine's Black-Scholes Greeks at the volatility of the mid.

    Interest and dividends are taken as zero: a day's carry is below a tick. A side without a quote,
    or a mid below the option's intrinsic value, implies no volatility.
    """
    if not 0 < state.bid <= state.ask:
        return None
    mid = (state.bid + state.ask) / 2
    try:
        result = imply_vol_and_greeks(
            state.spot, 0.0, 0.0, state.is_call, state.strike, state.years, mid
        )
    except ValueError:  # the engine's way of saying that the price has no volatility
        return None
    return Greeks(
        delta=result.delta,
        gamma=result.gamma,
        vega=result.vega,
        theta=result.theta,
        rho=result.rho,
        iv=result.vol,
        bid_iv=_volatility(state, state.bid),
        ask_iv=_volatility(state, state.ask),
    )


def _volatility(state: OptionState, price: float) -> float | None:
    try:
        value = imply_vol(state.spot, 0.0, 0.0, state.is_call, state.strike, state.years, price)
    except ValueError:
        return None
    return value if math.isfinite(value) else None
