"""The published state of an option chain at one instant."""

import math

import msgspec
import numpy as np
from numpy.typing import NDArray

from autotrade_0dte.chain.quality import UNUSABLE

__all__ = ["NO_TAPE", "ChainAnalytics", "ChainSnapshot", "Tape"]

_UNUSABLE = int(UNUSABLE)


class ChainAnalytics(msgspec.Struct, frozen=True, gc=False):
    """Figures of the whole chain; NaN is unknown. Formulas and sources are in `chain.analytics`.

    Parameters
    ----------
    atm_iv : float
        Implied volatility at the forward, per year in the chain's clock (0.15 is 15 %).
    atm_iv_change_per_min : float
        Change of `atm_iv` per minute over `ChainParams.iv_change_window_s`.
    skew : float
        25-delta put volatility less 25-delta call volatility.
    gex : float
        Dollar gamma of dealers for a move of `ChainParams.gex_move_fraction` (calls +, puts -).
    gex_flip : float
        Level of the underlying in dollars nearest to the forward where `gex` changes sign.
    liquidity_score : float
        0 (nothing to trade) to 1 (tight and deep) near the money.
    spread_quality : float
        Median of (ask - bid) / mid near the money; lower is better.
    implied_move : float
        Expected absolute move to expiry in dollars.
    variance_gauge : float
        VIX-style volatility of the out-of-the-money strip, in vol points (15.0 is 15 %).
    usable : int
        Rows with a fresh, two-sided, uncrossed quote.
    crossed_share, stale_share : float
        Shares of the rows seen so far.
    """

    atm_iv: float
    atm_iv_change_per_min: float
    skew: float
    gex: float
    gex_flip: float
    liquidity_score: float
    spread_quality: float
    implied_move: float
    variance_gauge: float
    usable: int
    crossed_share: float
    stale_share: float


class Tape(msgspec.Struct, frozen=True, gc=False):
    """Trading of the underlying up to a snapshot.

    Parameters
    ----------
    ts_event : int
        Time of the last print, UTC ns; 0 for none.
    volume : float
        Shares traded since the open; NaN for an index.
    turnover : float
        Dollars traded since the open; NaN for an index.
    """

    ts_event: int = 0
    volume: float = math.nan
    turnover: float = math.nan


NO_TAPE = Tape()
"""Nothing known of the underlying's trading."""


class ChainSnapshot(msgspec.Struct, frozen=True, eq=False):
    """One option chain at one instant: rows by strike, the call before the put.

    Arrays have one value a row, are read-only and share nothing with the book. Both rows of a
    strike carry the volatility of its out-of-the-money option; Greeks have the units of
    `pricing.black`.

    Parameters
    ----------
    ts_event, expiry_ns : int
        Instant of the snapshot and of expiry, UTC ns.
    years : float
        Time to expiry in the chain's clock.
    spot : float
        Underlying price in dollars as given; NaN if unknown.
    forward : float
        Forward in dollars; `spot` when no forward was implied (`forward_pairs` 0).
    forward_pairs : int
        Call/put pairs the forward was implied from.
    strike : float64, is_call : bool
        The contract of each row.
    bid, ask, mid : float64
        Dollars; `mid` is NaN where there is no ask.
    bid_size, ask_size : float64
        Contracts.
    quote_age_s : float64
        Seconds since the quote's event; NaN until seen.
    quality : int8
        `QuoteFlag` bits.
    status : int8
        `PricingStatus` of the strike's inversion; IV and Greeks are NaN unless OK.
    iv_uncertainty : float64
        Half a tick of the inverted option over its vega (half the ask when it has no bid).
    gex : float64
        Signed dollar gamma of the row's open interest; see `ChainAnalytics.gex`.
    open_interest : float64
        Contracts open at the start of the day; NaN where unknown.
    tape : Tape
        Trading of the underlying; the time of the print behind `spot`.
    """

    ts_event: int
    expiry_ns: int
    years: float
    spot: float
    forward: float
    forward_pairs: int
    strike: NDArray[np.float64]
    is_call: NDArray[np.bool_]
    bid: NDArray[np.float64]
    ask: NDArray[np.float64]
    bid_size: NDArray[np.float64]
    ask_size: NDArray[np.float64]
    mid: NDArray[np.float64]
    quote_age_s: NDArray[np.float64]
    iv: NDArray[np.float64]
    delta: NDArray[np.float64]
    gamma: NDArray[np.float64]
    vega: NDArray[np.float64]
    theta: NDArray[np.float64]
    rho: NDArray[np.float64]
    vanna: NDArray[np.float64]
    charm: NDArray[np.float64]
    speed: NDArray[np.float64]
    iv_uncertainty: NDArray[np.float64]
    gex: NDArray[np.float64]
    quality: NDArray[np.int8]
    status: NDArray[np.int8]
    open_interest: NDArray[np.float64]
    analytics: ChainAnalytics
    tape: Tape = NO_TAPE

    def usable(self) -> NDArray[np.bool_]:
        """Return which rows have a fresh, two-sided, uncrossed quote."""
        fit: NDArray[np.bool_] = (self.quality & _UNUSABLE) == 0
        return fit
