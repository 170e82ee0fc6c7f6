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
_NONE, _NO_IV = int(Fall.NONE), int(Fall.NO_IV)
_OK = int(PricingStatus.OK)
_DEARER_TICK_FROM = 3.0


def row_falls(
    chain: ChainSnapshot, direction: int, params: SelectionParams, limits: SelectionLimits
) -> NDArray[np.int8]:
    """Return the first filter that each row fails as the option to buy, NONE where it passes all.

    Unknown figures fail, but for open interest, which has a parameter.
    """
    p = params
    flags, delta = chain.quality, np.abs(chain.delta)
    # Written as what passes, so that NaN does not.
    passes = {
        Fall.WRONG_RIGHT: chain.is_call == (direction > 0),
        Fall.NO_QUOTE: ((flags & _NO_QUOTE) == 0) & (chain.mid > 0.0),
        Fall.STALE_QUOTE: ((flags & _STALE) == 0) & (chain.quote_age_s <= p.max_quote_age_s),
        Fall.NO_IV: (chain.status == _OK) & (chain.iv > 0.0),
        Fall.TICK_NOISE: _finer_than_tick(chain, p, limits),
        Fall.DELTA_BAND: (delta >= p.min_delta) & (delta <= p.max_delta),
        Fall.PREMIUM_BAND: (chain.ask >= p.min_premium) & (chain.ask <= p.max_premium),
        Fall.SPREAD: chain.ask - chain.bid <= p.max_spread_fraction * chain.mid,
        Fall.SIZE: _shown(chain, p),
        Fall.OPEN_INTEREST: _held(chain, p),
    }
    # The first filter that a row does not pass; the last row of the table stops those that do.
    table = np.array([*passes.values(), np.zeros(delta.size, np.bool_)])
    codes = np.array([*passes, Fall.NONE], np.int8)
    falls: NDArray[np.int8] = codes[table.argmin(axis=0)]
    return falls


def sellable(chain: ChainSnapshot, falls: NDArray[np.int8], params: SelectionParams) -> Mask:
    """Return the rows that may be a vertical's short leg, from `row_falls`.

    It has the right, a fresh two-sided quote with volatility and Greeks, and enough size at the
    bid, and at the ask to be bought back. Whether it would do as the leg to buy does not count.
    """
    mask: Mask = (falls == _NONE) | (falls > _NO_IV)
    return mask & _shown(chain, params)


def _shown(chain: ChainSnapshot, params: SelectionParams) -> Mask:
    mask: Mask = (chain.bid_size >= params.min_size) & (chain.ask_size >= params.min_size)
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
