"""From quotes to the published columns and figures of a chain, in one compiled pass.

`rows` has shape (3, strikes): the call's row, the put's row (-1 if not listed), and the
out-of-the-money one, which `_choose_otm` fills.
"""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from autotrade_0dte.chain.analytics import gamma_exposure, near_money, quote_counts, volatility
from autotrade_0dte.chain.quality import QuoteFlag, assess, usable_pairs
from autotrade_0dte.pricing.forward import weighted_quartiles
from autotrade_0dte.pricing.jit import strict_kernel
from autotrade_0dte.pricing.kernel import implied_rows

__all__ = ["Settings", "reprice"]

type Floats = NDArray[np.float64]
type Bytes = NDArray[np.int8]
type Rows = NDArray[np.int64]

_UNFIT = int(QuoteFlag.MISSING | QuoteFlag.CROSSED)
_ONE_SIDED = int(QuoteFlag.ONE_SIDED)
_NO_INFORMATION = int(QuoteFlag.NO_INFORMATION)
_CALL = 0
_PUT = 1
_OTM = 2


class Settings(NamedTuple):
    """What does not change from one repricing to the next; see ChainParams. Ticks in dollars."""

    annual_rate: float
    stale_after_s: float
    min_forward_pairs: int
    atm_band_fraction: float
    max_iv_uncertainty_fraction: float
    min_gex_coverage_fraction: float
    half_spread_fraction: float
    half_depth_contracts: float
    min_strip_strikes: int
    tick_below_3: float
    tick_from_3: float
    gex_scale: float


# Compiled, so coverage cannot see the bodies; the unit tests compare every row with the pricing of
# its own side. One pass, because each entry into compiled code costs Python microseconds.


@strict_kernel
def reprice(  # pragma: no cover
    now_ns: int,
    years: float,
    spot: float,
    settings: Floats,
    quotes: Floats,
    ts_event: Rows,
    open_interest: Floats,
    strike: Floats,
    log_strike: Floats,
    rows: Rows,
    pair_strike: Floats,
    pair_rows: Rows,
    columns: Floats,
    flags: Bytes,
) -> tuple[
    float, int, int, float, float, float, float, float, float, float, float, int, float, float
]:
    """Fill `columns` and `flags` (2, n: quality, status); return the figures of the whole chain.

    `settings` has the fields of `Settings`. `columns` has shape (17, n): the four of `quotes`, mid,
    age, then the 11 of `_price_rows`. The figures are the forward, its pairs, the time of `atm_iv`
    (ns, 0 if unknown), then those of `ChainAnalytics` without the change of volatility.
    """
    p = Settings(
        settings[0], settings[1], int(settings[2]), settings[3], settings[4], settings[5],
        settings[6], settings[7], int(settings[8]), settings[9], settings[10], settings[11],
    )  # fmt: skip
    rate = p.annual_rate
    quality, status = flags[0], flags[1]
    mid = columns[4]
    columns[:4] = quotes
    assess(quotes, ts_event, now_ns, p.stale_after_s, mid, columns[5], quality)

    pairs = np.empty((5, pair_strike.size))
    pairs[0] = pair_strike
    pairs[1:] = usable_pairs(quotes, quality, pair_rows)
    forward, forward_pairs, _ = weighted_quartiles(pairs, math.exp(-rate * years))
    if forward_pairs < p.min_forward_pairs:
        forward, forward_pairs = spot, 0

    inputs = np.empty((6, strike.size))
    greeks = np.empty((9, strike.size))
    level_status = np.empty(strike.size, np.int8)
    _choose_otm(forward, years, rate, strike, mid, quality, rows, inputs)
    implied_rows(inputs, greeks, level_status)
    iv = greeks[0]
    gex_scale = p.gex_scale * spot * spot
    _price_rows(
        forward, years, rate, p.tick_below_3, p.tick_from_3, p.max_iv_uncertainty_fraction,
        gex_scale, strike, inputs[0], rows, open_interest, greeks, level_status,
        quality, columns[6:], status,
    )  # fmt: skip

    atm_iv, atm_ns, skew, implied_move, gauge = volatility(
        forward, years, rate, p.atm_band_fraction, p.min_strip_strikes,
        strike, iv, greeks[1], rows, quotes, ts_event, mid, quality,
    )  # fmt: skip
    gex, gex_flip = gamma_exposure(
        forward, atm_iv, years, p.min_gex_coverage_fraction,
        log_strike, iv, rows, open_interest, columns[16],
    )  # fmt: skip
    liquidity, spread = near_money(
        forward, p.atm_band_fraction, p.half_spread_fraction, p.half_depth_contracts,
        strike, rows, quotes, mid, quality,
    )  # fmt: skip
    usable, crossed_share, stale_share = quote_counts(ts_event, quality)
    return (
        forward, forward_pairs, atm_ns, atm_iv, skew, gex, gex_flip, liquidity, spread,
        implied_move, gauge, usable, crossed_share, stale_share,
    )  # fmt: skip


@strict_kernel
def _choose_otm(  # pragma: no cover
    forward: float,
    years: float,
    rate: float,
    strike: Floats,
    mid: Floats,
    flags: Bytes,
    rows: Rows,
    inputs: Floats,
) -> None:
    """Choose the side to invert at each strike; fill the `inputs` (6, strikes) of `implied_rows`.

    The price is NaN where it is unfit.
    """
    for j in range(strike.size):
        is_call = strike[j] >= forward
        row = rows[_CALL if is_call else _PUT, j]
        rows[_OTM, j] = row
        fit = row >= 0 and not flags[row] & _UNFIT
        inputs[0, j] = mid[row] if fit else np.nan
        inputs[1, j] = forward
        inputs[2, j] = strike[j]
        inputs[3, j] = years
        inputs[4, j] = rate
        inputs[5, j] = is_call


@strict_kernel
def _price_rows(  # pragma: no cover
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
    greeks: Floats,
    status: Bytes,
    flags: Bytes,
    columns: Floats,
    row_status: Bytes,
) -> None:
    """Spread each strike's volatility and Greeks to its two rows, the other side by parity.

    `greeks` (9, strikes) are those of `implied_rows`; `columns` has shape (11, n): iv, the eight
    Greeks, iv_uncertainty, gex. With C - P = D (F - K): delta differs by D, theta by r D (F - K),
    rho by -T D (F - K), charm by r D; the rest is equal.
    """
    discount = math.exp(-rate * years)
    iv, delta, gamma, vega, theta = greeks[0], greeks[1], greeks[2], greeks[3], greeks[4]
    rho, vanna, charm, speed = greeks[5], greeks[6], greeks[7], greeks[8]
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
