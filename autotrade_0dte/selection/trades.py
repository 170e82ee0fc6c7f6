"""The trades that can be made of the rows that passed: single options, or debit verticals."""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from autotrade_0dte.chain.snapshot import ChainSnapshot
from autotrade_0dte.risk.scenarios import Legs
from autotrade_0dte.selection.filters import sellable
from autotrade_0dte.selection.params import SelectionParams, ShortLeg
from autotrade_0dte.selection.ranking import Fall, Structure

__all__ = ["NO_LEG", "Trades", "legs_of", "trades_of"]

NO_LEG = -1
"""Short row of a single option."""

type Floats = NDArray[np.float64]
type Rows = NDArray[np.intp]

_PASSED = int(Fall.NONE)
_LONG = np.array([1.0])
_LONG_AND_SHORT = np.array([1.0, -1.0])


class Trades(NamedTuple):
    """Trades, arrays of one value each; net figures, dollars a share, units of `pricing.black`.

    `row` is bought and `short_row` sold; `debit` is what it costs at the touch; `spread` is that of
    both legs; `displayed` the contracts shown at the touch, the smaller of the legs.
    """

    row: Rows
    short_row: Rows
    debit: Floats
    spread: Floats
    displayed: Floats
    delta: Floats
    gamma: Floats
    theta: Floats

    def where(self, mask: NDArray[np.bool_]) -> "Trades":
        """Return the trades that `mask` names."""
        return Trades._make(column[mask] for column in self)


def trades_of(
    chain: ChainSnapshot, falls: NDArray[np.int8], direction: int, params: SelectionParams
) -> Trades:
    """Return the trade of each row that passed the filters, by row.

    A vertical is left out if it has no usable short leg, or one that makes no debit spread of it.
    """
    rows = np.flatnonzero(falls == _PASSED)
    if params.structure is Structure.SINGLE:
        return _singles(chain, rows)
    usable = np.flatnonzero(sellable(chain, falls, params))
    return _verticals(chain, *_pairs(chain, rows, usable, direction, params))


def legs_of(chain: ChainSnapshot, trades: Trades, structure: Structure) -> Legs:
    """Return the legs of trades of one structure, as held."""
    if structure is Structure.SINGLE:
        rows, quantity = trades.row[:, None], _LONG
    else:
        rows, quantity = np.array([trades.row, trades.short_row]).T, _LONG_AND_SHORT
    return Legs(
        quantity=quantity,
        strike=chain.strike[rows],
        is_call=chain.is_call[rows],
        iv=chain.iv[rows],
        mid=chain.mid[rows],
        half_spread=0.5 * (chain.ask[rows] - chain.bid[rows]),
    )


def _singles(chain: ChainSnapshot, rows: Rows) -> Trades:
    ask = chain.ask[rows]
    return Trades(
        row=rows,
        short_row=np.full(rows.size, NO_LEG),
        debit=ask,
        spread=ask - chain.bid[rows],
        displayed=chain.ask_size[rows],
        delta=chain.delta[rows],
        gamma=chain.gamma[rows],
        theta=chain.theta[rows],
    )


def _verticals(chain: ChainSnapshot, long: Rows, short: Rows) -> Trades:
    bought = _singles(chain, long)
    # Quotes are on the tick; the rounding takes off what subtracting floats adds.
    debit = np.round(bought.debit - chain.bid[short], 4)
    trades = Trades(
        row=long,
        short_row=short,
        debit=debit,
        spread=bought.spread + chain.ask[short] - chain.bid[short],
        displayed=np.minimum(bought.displayed, chain.bid_size[short]),
        delta=bought.delta - chain.delta[short],
        gamma=bought.gamma - chain.gamma[short],
        theta=bought.theta - chain.theta[short],
    )
    width = np.abs(chain.strike[short] - chain.strike[long])
    # At a debit of the width or more nothing can be earned; at none, a quote is in error.
    return trades.where((debit > 0.0) & (debit < width))


def _pairs(
    chain: ChainSnapshot, rows: Rows, usable: Rows, direction: int, params: SelectionParams
) -> tuple[Rows, Rows]:
    """Return the rows to buy that have a short leg, and the short leg of each."""
    if usable.size == 0:
        return usable, usable
    outward = usable[::direction]  # calls and puts alike: the later, the further out of the money
    chosen = np.searchsorted(direction * outward, direction * rows, side="right")  # the next one
    if params.short_leg is ShortLeg.STRIKES:
        chosen += params.width_strikes - 1
    else:
        off = np.abs(np.abs(chain.delta[outward]) - params.short_delta)
        chosen = np.maximum(chosen, off.argmin())
    found = chosen < outward.size
    return rows[found], outward[chosen[found]]
