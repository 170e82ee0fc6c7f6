"""Scores of trades by term, each in [0, 1] and better when larger.

Every term is judged by itself and not against the other candidates, so that a score means the same
at another time. Where a figure has no natural end, ``x / (x + half)`` maps it, as in the chain's
liquidity score.
"""

import numpy as np
from msgspec.structs import astuple
from numpy.typing import NDArray

from autotrade_0dte.chain.snapshot import ChainSnapshot
from autotrade_0dte.selection.params import SelectionParams
from autotrade_0dte.selection.ranking import TERMS, Structure, Term
from autotrade_0dte.selection.trades import Trades

__all__ = ["score", "terms_of"]

type Floats = NDArray[np.float64]


def terms_of(
    chain: ChainSnapshot,
    trades: Trades,
    params: SelectionParams,
    *,
    move: float,
    hold_years: float,
    spread_to_move: Floats,
    worst: Floats,
    payoff: Floats,
) -> Floats:
    """Return the terms of each trade, in the order of TERMS, shape (terms, trades).

    Parameters
    ----------
    chain : ChainSnapshot
        Where the trades are from.
    trades : Trades
        Trades that passed every filter.
    params : SelectionParams
        Targets and halves.
    move : float
        Expected absolute move over the holding time, dollars.
    hold_years : float
        The holding time in the chain's clock, years.
    spread_to_move : float64 (trades,)
        Spread over what the expected move is worth.
    worst, payoff : float64 (trades,)
        Worst loss, above zero, and mean result when the direction is right, dollars a contract.
    """
    p = params
    reach = max(p.target_delta - p.min_delta, p.max_delta - p.target_delta)
    off = np.abs(np.abs(chain.delta[trades.row]) - p.target_delta)
    convexity = np.maximum(0.5 * trades.gamma * move**2 / trades.debit, 0.0)
    burn = -trades.theta * hold_years / trades.debit
    gain = np.maximum(payoff, 0.0)
    term = {
        Term.DELTA_FIT: 1.0 - off / reach if reach > 0.0 else np.ones(off.size),
        Term.GAMMA_PER_PREMIUM: convexity / (convexity + p.half_convexity_fraction),
        Term.LIQUIDITY: _liquidity(chain, trades, p),
        Term.SPREAD_COST: 1.0 - spread_to_move / p.max_spread_to_move,
        Term.THETA_BURN: 1.0 - burn,
        Term.PAYOFF: gain / (gain + worst),
    }
    terms: Floats = np.clip(np.array([term[name] for name in TERMS]), 0.0, 1.0)
    return terms


def score(terms: Floats, params: SelectionParams) -> Floats:
    """Return the weighted mean of the terms of each trade, [0, 1]."""
    weights = np.array(astuple(params.weights), np.float64)
    total: Floats = weights @ terms / weights.sum()
    return total


def _liquidity(chain: ChainSnapshot, trades: Trades, params: SelectionParams) -> Floats:
    """Return the liquidity of the trade, that of its worse leg."""
    liquidity = _row_liquidity(chain, trades.row, params)
    if params.structure is Structure.SINGLE:
        return liquidity
    return np.minimum(liquidity, _row_liquidity(chain, trades.short_row, params))


def _row_liquidity(chain: ChainSnapshot, rows: NDArray[np.intp], params: SelectionParams) -> Floats:
    spread = (chain.ask[rows] - chain.bid[rows]) / chain.mid[rows]
    depth = np.minimum(chain.bid_size[rows], chain.ask_size[rows])
    liquidity: Floats = (
        depth / (depth + params.half_depth_contracts) / (1.0 + spread / params.half_spread_fraction)
    )
    return liquidity
