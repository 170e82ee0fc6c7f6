"""Ranked contracts for one trade: scores by term, and why each of the others fell."""

import math
from enum import IntEnum, StrEnum

import msgspec
import numpy as np
from numpy.typing import NDArray

__all__ = ["TERMS", "Candidate", "Fall", "Ranking", "Structure", "Term"]


class Structure(StrEnum):
    """What is bought: a single option, or one option against the sale of one further out."""

    SINGLE = "single"
    DEBIT_VERTICAL = "debit_vertical"


class Term(StrEnum):
    """One part of a candidate's score, each in [0, 1].

    DELTA_FIT: nearness to the wanted delta. GAMMA_PER_PREMIUM: convexity for the money.
    LIQUIDITY: displayed size and tightness. SPREAD_COST: spread against the expected move's worth.
    THETA_BURN: time value lost over the holding time. PAYOFF: scenario payoff against the risk.
    """

    DELTA_FIT = "delta_fit"
    GAMMA_PER_PREMIUM = "gamma_per_premium"
    LIQUIDITY = "liquidity"
    SPREAD_COST = "spread_cost"
    THETA_BURN = "theta_burn"
    PAYOFF = "payoff"


TERMS = tuple(Term)
"""Order of the rows of `Ranking.terms`."""


class Fall(IntEnum):
    """Why a contract was not offered; NONE is a candidate. The first that applies is kept.

    There is none for traded volume: quotes do not carry what was traded in a contract, so that the
    chain does not know it. Size, spread and open interest stand in for it.
    SPREAD_OVER_MOVE also holds where the expected move is unknown, OVER_BUDGET where the loss is.
    """

    NONE = 0
    WRONG_RIGHT = 1
    NO_QUOTE = 2
    STALE_QUOTE = 3
    NO_IV = 4
    TICK_NOISE = 5
    DELTA_BAND = 6
    PREMIUM_BAND = 7
    SPREAD = 8
    SIZE = 9
    OPEN_INTEREST = 10
    NO_SHORT_LEG = 11
    SPREAD_OVER_MOVE = 12
    OVER_BUDGET = 13


class Candidate(msgspec.Struct, frozen=True, gc=False):
    """One offered trade; prices are dollars a share.

    Parameters
    ----------
    row : int
        Chain row of the option to buy.
    short_row : int
        Chain row of the option to sell, -1 for a single option.
    score : float
        Weighted sum of the terms, [0, 1].
    terms : tuple of float
        Each term, in the order of TERMS.
    debit : float
        What it costs at the touch: ask, less the short leg's bid.
    worst_loss : float
        Dollars a contract lost in the worst scenario, fees included.
    delta : float
        Net delta.
    theta_per_hour : float
        Dollars a share of value lost in an hour, net (positive loses).
    displayed : float
        Contracts shown at the touch, the smaller of the legs; NaN if unknown.
    """

    row: int
    short_row: int
    score: float
    terms: tuple[float, ...]
    debit: float
    worst_loss: float
    delta: float
    theta_per_hour: float
    displayed: float = math.nan


class Ranking(msgspec.Struct, frozen=True, eq=False):
    """All rows of a chain judged for one direction.

    Parameters
    ----------
    direction : int
        +1 buys calls, -1 puts.
    candidates : tuple of Candidate
        Best first; only those asked for, `offered` counts all.
    offered : int
        Rows that passed every filter.
    falls : int8 (n,)
        `Fall` of each row of the chain.
    scores : float64 (n,)
        Score of each row, NaN where it fell.
    terms : float64 (len(TERMS), n)
        Terms of each row, NaN where it fell.
    """

    direction: int
    candidates: tuple[Candidate, ...]
    offered: int
    falls: NDArray[np.int8]
    scores: NDArray[np.float64]
    terms: NDArray[np.float64]
