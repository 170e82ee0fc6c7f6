"""Filters of single rows: the first that a contract fails, in the order of `Fall`."""

import numpy as np
from numpy.typing import NDArray

from autotrade_0dte.chain.quality import QuoteFlag
from autotrade_0dte.chain.snapshot import ChainSnapshot
from autotrade_0dte.pricing.black import PricingStatus
from autotrade_0dte.selection.params import SelectionLimits, SelectionParams
from autotrade_0dte.selection.ranking import Fall

__all__ = ["row_falls", "sellable"]

type Mask = NDArray[np.bool_]

_NO_QUOTE = int(QuoteFlag.MISSING | QuoteFlag.CROSSED | QuoteFlag.ONE_SIDED)
_STALE = int(QuoteFlag.STALE)
_NO_INFORMATION = int(QuoteFlag.NO_INFORMATION)
_DEARER_TICK_FROM = 3.0


def row_falls(
    chain: ChainSnapshot, direction: int, params: SelectionParams, limits: SelectionLimits
) -> NDArray[np.int8]:
    """Return the first filter that each row fails as the option to buy, NONE where it passes all.

    Unknown figures fail, but for open interest, which has a parameter.
    """
    p = params
    delta = np.abs(chain.delta)
    # Written as what passes, so that NaN does not.
    passes = (
        (Fall.WRONG_RIGHT, _right(chain, direction)),
        (Fall.NO_QUOTE, _quoted(chain)),
        (Fall.STALE_QUOTE, _fresh(chain, p)),
        (Fall.NO_IV, _priced(chain)),
        (Fall.TICK_NOISE, _finer_than_tick(chain, p, limits)),
        (Fall.DELTA_BAND, (delta >= p.min_delta) & (delta <= p.max_delta)),
        (Fall.PREMIUM_BAND, (chain.ask >= p.min_premium) & (chain.ask <= p.max_premium)),
        (Fall.SPREAD, chain.ask - chain.bid <= p.max_spread_fraction * chain.mid),
        (Fall.SIZE, (chain.bid_size >= p.min_size) & (chain.ask_size >= p.min_size)),
        (Fall.OPEN_INTEREST, _held(chain, p)),
    )
    falls = np.zeros(chain.strike.size, np.int8)
    for fall, mask in reversed(passes):
        np.copyto(falls, np.int8(fall), where=~mask)
    return falls


def sellable(chain: ChainSnapshot, direction: int, params: SelectionParams) -> Mask:
    """Return the rows that may be a vertical's short leg: of the right, a fresh bid of the size.

    They may be too cheap for their own volatility to be known well: it only enters the net figures.
    """
    return (
        _right(chain, direction)
        & _quoted(chain)
        & _fresh(chain, params)
        & _priced(chain)
        & (chain.bid_size >= params.min_size)
    )


def _right(chain: ChainSnapshot, direction: int) -> Mask:
    return chain.is_call if direction > 0 else ~chain.is_call


def _quoted(chain: ChainSnapshot) -> Mask:
    mask: Mask = ((chain.quality & _NO_QUOTE) == 0) & (chain.bid > 0.0) & (chain.mid > 0.0)
    return mask


def _fresh(chain: ChainSnapshot, params: SelectionParams) -> Mask:
    mask: Mask = ((chain.quality & _STALE) == 0) & (chain.quote_age_s <= params.max_quote_age_s)
    return mask


def _priced(chain: ChainSnapshot) -> Mask:
    mask: Mask = (chain.status == PricingStatus.OK) & (chain.iv > 0.0)
    return mask


def _finer_than_tick(
    chain: ChainSnapshot, params: SelectionParams, limits: SelectionLimits
) -> Mask:
    tick = np.where(chain.mid < _DEARER_TICK_FROM, limits.tick_below_3, limits.tick_from_3)
    mask: Mask = ((chain.quality & _NO_INFORMATION) == 0) & (
        0.5 * tick <= params.max_tick_fraction * chain.mid
    )
    return mask


def _held(chain: ChainSnapshot, params: SelectionParams) -> Mask:
    enough: Mask = chain.open_interest >= params.min_open_interest
    return enough | np.isnan(chain.open_interest) if params.unknown_open_interest_passes else enough
