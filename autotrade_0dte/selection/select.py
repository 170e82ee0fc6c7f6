"""Contract selection: filters, scenarios and scores put together into a ranking."""

import math
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from autotrade_0dte.chain.snapshot import ChainSnapshot
from autotrade_0dte.indicators.contracts import theta_per_hour
from autotrade_0dte.risk.scenarios import exit_values, scenario_cells
from autotrade_0dte.selection.filters import row_falls
from autotrade_0dte.selection.params import SelectionLimits, SelectionParams
from autotrade_0dte.selection.ranking import TERMS, Candidate, Fall, Ranking, Structure
from autotrade_0dte.selection.scores import score, terms_of
from autotrade_0dte.selection.trades import Trades, legs_of, trades_of

__all__ = ["select"]

type Floats = NDArray[np.float64]

# Plain integers: numpy takes microseconds to read a member of an enumeration.
_NONE = int(Fall.NONE)
_NO_SHORT_LEG = int(Fall.NO_SHORT_LEG)
_SPREAD_OVER_MOVE = int(Fall.SPREAD_OVER_MOVE)
_OVER_BUDGET = int(Fall.OVER_BUDGET)
_NS_PER_SECOND = 1e9


def select(
    chain: ChainSnapshot, direction: int, params: SelectionParams, limits: SelectionLimits
) -> Ranking:
    """Judge every row of a chain as the option to buy, and rank what may be bought.

    Equal scores are ranked by row, so that the same chain always gives the same ranking. Without a
    known implied move nothing is offered: neither spread nor loss can be judged.

    Raises
    ------
    ValueError
        The direction is neither +1 nor -1.
    """
    if direction not in {1, -1}:
        raise ValueError(f"Expected a direction of +1 or -1, was {direction}")
    falls = row_falls(chain, direction, params, limits)
    trades = trades_of(chain, falls, direction, params)
    hold = _hold(chain, limits)
    worth = direction * trades.delta * hold.move
    earns = (worth > 0.0) & (trades.spread <= params.max_spread_to_move * worth)
    worst, payoff = _outcomes(chain, trades, direction, params, limits, hold)
    fits = worst <= limits.budget_usd

    falls[falls == _NONE] = _NO_SHORT_LEG
    falls[trades.row] = np.where(earns, np.where(fits, _NONE, _OVER_BUDGET), _SPREAD_OVER_MOVE)
    offered = earns & fits
    trades, worst = trades.where(offered), worst[offered]
    terms = terms_of(
        chain,
        trades,
        params,
        move=hold.move,
        hold_years=hold.years,
        spread_to_move=trades.spread / worth[offered],
        worst=worst,
        payoff=payoff[offered],
    )
    return _ranking(chain, direction, params, falls, trades, terms, worst)


class _Hold(NamedTuple):
    """The holding time: as a share of the time to expiry, in years, and its expected move."""

    passed: float
    years: float
    move: float


def _hold(chain: ChainSnapshot, limits: SelectionLimits) -> _Hold:
    left_s = (chain.expiry_ns - chain.ts_event) / _NS_PER_SECOND
    passed = min(limits.hold_s / left_s, 1.0) if left_s > 0.0 else 1.0
    move = chain.analytics.implied_move * math.sqrt(passed)
    return _Hold(passed, chain.years * passed, move)


def _outcomes(
    chain: ChainSnapshot,
    trades: Trades,
    direction: int,
    params: SelectionParams,
    limits: SelectionLimits,
    hold: _Hold,
) -> tuple[Floats, Floats]:
    """Return the worst loss of one contract, and its mean result when the direction is right.

    Dollars, fees included. A vertical risks its whole debit: to leave it early takes two spreads,
    and one leg after the other.
    """
    cells = scenario_cells(params.scenarios, direction, chain.analytics.implied_move, hold.passed)
    values = exit_values(
        legs_of(chain, trades, params.structure), cells, chain.forward, chain.years
    )
    vertical = params.structure is Structure.DEBIT_VERTICAL
    fees = limits.fee_usd * (2 if vertical else 1)
    least = 0.0 if vertical else values.min(axis=1)
    worst = limits.multiplier * (trades.debit - least) + fees
    payoff = limits.multiplier * (values @ cells.weight - trades.debit) - fees
    return worst, payoff


def _ranking(
    chain: ChainSnapshot,
    direction: int,
    params: SelectionParams,
    falls: NDArray[np.int8],
    trades: Trades,
    terms: Floats,
    worst: Floats,
) -> Ranking:
    scores = score(terms, params)
    burn = np.append(theta_per_hour(chain), 0.0)  # the last is that of no short leg
    best = np.argsort(-scores, kind="stable")[: params.keep]
    candidates = tuple(
        Candidate(
            row=int(trades.row[i]),
            short_row=int(trades.short_row[i]),
            score=float(scores[i]),
            terms=tuple(terms[:, i].tolist()),
            debit=float(trades.debit[i]),
            worst_loss=float(worst[i]),
            delta=float(trades.delta[i]),
            theta_per_hour=float(burn[trades.row[i]] - burn[trades.short_row[i]]),
            displayed=float(trades.displayed[i]),
        )
        for i in best.tolist()
    )
    row_scores = np.full(chain.strike.size, np.nan)
    row_terms = np.full((len(TERMS), chain.strike.size), np.nan)
    row_scores[trades.row], row_terms[:, trades.row] = scores, terms
    for column in (falls, row_scores, row_terms):
        column.flags.writeable = False
    return Ranking(
        direction=direction,
        candidates=candidates,
        offered=trades.row.size,
        falls=falls,
        scores=row_scores,
        terms=row_terms,
    )
