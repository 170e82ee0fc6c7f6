"""What all that is held may lose over the rest of the session: a grid of spot, volatility and time.

Formula
-------
Every leg keeps its own implied volatility as spot moves (sticky strike), times the cell's factor.
With B the undiscounted Black (1976) price, a leg of `quantity` contracts makes in a cell

    quantity * multiplier * (max(mid + B(cell) - B(now), 0) - mid)

dollars against its present mark, the mid, as in `risk.scenarios`. At the close it is worth its
intrinsic value: B(now) and the mid no longer matter beyond the mark. What leaving costs is not in
it: that is part of the price an order is checked at, and of `risk.stress`.

An order at work may fill or not: in a cell it makes min(that - what it pays beyond the mid, 0).
"""

import math
from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from autotrade_0dte.chain.snapshot import ChainSnapshot
from autotrade_0dte.pricing.jit import strict_kernel
from autotrade_0dte.risk.grid_params import GridParams

__all__ = ["Grid", "GridParams", "HeldLegs", "Worst", "held_legs", "least_pnl", "session_grid"]
__all__ += ["warm", "worst_cell"]

type Floats = NDArray[np.float64]

_PASSED = np.array([0.0, 0.5, 1.0])  # now, half way, the close
_SQRT_HALF = math.sqrt(0.5)


class HeldLegs(NamedTuple):
    """Options of one underlying and expiry, one value a leg.

    `quantity` in contracts, signed, long above zero; `strike` and `mid` in dollars a share; `iv` a
    year of the chain's clock. A leg of zero contracts may be unknown, any other may not.
    """

    quantity: Floats
    strike: Floats
    is_call: NDArray[np.bool_]
    iv: Floats
    mid: Floats


class Worst(NamedTuple):
    """The cell of the grid that loses most; all NaN where a figure of a leg is unknown.

    `loss_usd` is 0 or more, as standing still is a cell; `move_usd` of the forward, `vol_factor` on
    every volatility, `passed` the share of the time to expiry gone by (1 is the close).
    """

    loss_usd: float
    move_usd: float
    vol_factor: float
    passed: float


class Grid(NamedTuple):
    """All cells: P&L in dollars of shape (moves, volatilities, times), and the three axes."""

    move_usd: Floats
    vol_factor: Floats
    passed: Floats
    pnl_usd: Floats

    def worst(self) -> Worst:
        """Return the cell that loses most, the first of equals."""
        if np.isnan(self.pnl_usd).any():
            return _UNKNOWN
        at = np.unravel_index(int(np.argmin(self.pnl_usd)), self.pnl_usd.shape)
        move, vol, time = map(int, at)
        return Worst(
            loss_usd=-float(self.pnl_usd[at]) + 0.0,
            move_usd=float(self.move_usd[move]),
            vol_factor=float(self.vol_factor[vol]),
            passed=float(self.passed[time]),
        )


_UNKNOWN = Worst(math.nan, math.nan, math.nan, math.nan)


def held_legs(chain: ChainSnapshot, rows: Sequence[int], quantity: Sequence[float]) -> HeldLegs:
    """Return the legs of `quantity` contracts in rows of a chain."""
    at = np.asarray(rows, np.intp)
    return HeldLegs(
        np.asarray(quantity, np.float64),
        chain.strike[at],
        chain.is_call[at],
        chain.iv[at],
        chain.mid[at],
    )


def worst_cell(
    legs: HeldLegs,
    forward: float,
    years: float,
    implied_move: float,
    params: GridParams = GridParams(),  # noqa: B008 - frozen
    multiplier: int = 100,
) -> Worst:
    """Return the cell in which the legs together lose most.

    Parameters
    ----------
    legs : HeldLegs
        What is held, and what an order would add to it; the order of the legs is of no account.
    forward : float
        Forward now, dollars.
    years : float
        Time to expiry now, years, 0 or more.
    implied_move : float
        Expected absolute move to expiry, dollars; see `chain.analytics`.
    params : GridParams
        The grid.
    multiplier : int, default 100
        Shares a contract.

    Returns
    -------
    Worst
        NaN where the forward, the time, the implied move or a leg's figure is unknown.
    """
    return session_grid(legs, forward, years, implied_move, params, multiplier).worst()


def session_grid(
    legs: HeldLegs,
    forward: float,
    years: float,
    implied_move: float,
    params: GridParams = GridParams(),  # noqa: B008
    multiplier: int = 100,
) -> Grid:
    """Return the P&L of all cells; arguments as for `worst_cell`."""
    multiples, fractions, vols = _axes(params)
    # One writable buffer gives the kernel one signature, whatever the flags of the arrays are.
    held = np.array(legs, np.float64)
    moves = np.empty(multiples.size)
    pnl = np.zeros((multiples.size, vols.size, _PASSED.size))
    market = float(forward), float(years), float(implied_move)
    nothing = np.empty(0)
    _fill_pnl(held, nothing, multiples, fractions, vols, *market, float(multiplier), moves, pnl)
    return Grid(moves, vols, _PASSED, pnl)


def least_pnl(
    chain: ChainSnapshot,
    legs: Sequence[float],
    orders: int,
    params: GridParams = GridParams(),  # noqa: B008
    multiplier: int = 100,
) -> float:
    """Return the P&L of the worst cell, dollars, NaN where a figure of a leg is unknown.

    Parameters
    ----------
    chain : ChainSnapshot
        The market.
    legs : sequence of float
        Three figures a leg: its row of the chain, its contracts, and what it pays beyond the mid,
        dollars.
    orders : int
        How many of the legs, the last ones, are orders at work: they may fill or not. What the
        others pay is of no account.
    params, multiplier
        As for `worst_cell`.
    """
    return _least_pnl(
        chain.strike, chain.is_call, chain.iv, chain.mid, np.array(legs, np.float64), orders,
        *_axes(params), chain.forward, chain.years, chain.analytics.implied_move, multiplier,
    )  # fmt: skip


def warm() -> None:
    """Compile the grids, or load them from the cache, so that no order waits."""
    one = np.ones(1)
    session_grid(HeldLegs(one, one, one > 0.0, one, one), 1.0, 1.0, 0.0)
    column, is_call = np.ones(1), np.ones(1, np.bool_)
    for each in (column, is_call):
        each.flags.writeable = False  # as those of a snapshot are
    legs, axes = np.array([0.0, 1.0, 0.0]), _axes(GridParams())
    _least_pnl(column, is_call, column, column, legs, 0, *axes, 1.0, 1.0, 0.0, 100)


@lru_cache(16)
def _axes(params: GridParams) -> tuple[Floats, Floats, Floats]:
    """Return moves as multiples and as fractions, one of them zero, and factors of volatility.

    Standing still with the same volatility comes first: it is the worst of equals.
    """
    scaled = [sign * m for m in params.implied_moves for sign in (1.0, -1.0)]
    fixed = [sign * m for m in params.fixed_moves for sign in (1.0, -1.0)]
    multiples = np.array([0.0, *scaled, *(0.0 for _ in fixed)])
    fractions = np.array([0.0, *(0.0 for _ in scaled), *fixed])
    vols = np.array([1.0, 1.0 - params.vol_down_fraction, 1.0 + params.vol_up_fraction])
    return multiples, fractions, vols


# Compiled, so coverage cannot see the bodies; the unit tests reprice every cell one by one.


@strict_kernel
def _black(  # pragma: no cover
    forward: float, strike: float, log_moneyness: float, total_vol: float, is_call: float
) -> float:
    """Return the undiscounted Black price; the intrinsic value where nothing can change any more.

    Its error is some 1e-15 of the forward, which is far below a cent.
    """
    sign = 1.0 if is_call > 0.5 else -1.0
    if total_vol <= 0.0 or forward <= 0.0:
        return max(sign * (forward - strike), 0.0)
    d1 = log_moneyness / total_vol + 0.5 * total_vol
    d2 = d1 - total_vol
    above = 0.5 * math.erfc(-sign * d1 * _SQRT_HALF)
    paid = 0.5 * math.erfc(-sign * d2 * _SQRT_HALF)
    return sign * (forward * above - strike * paid)


@strict_kernel
def _is_known(held: Floats, leg: int) -> bool:  # pragma: no cover
    strike, iv, mid = held[1, leg], held[3, leg], held[4, leg]
    return bool(
        math.isfinite(held[0, leg])
        and 0.0 < strike < math.inf
        and 0.0 <= iv < math.inf
        and 0.0 <= mid < math.inf
    )


@strict_kernel
def _fill_pnl(  # pragma: no cover
    held: Floats,
    beyond: Floats,
    multiples: Floats,
    fractions: Floats,
    vols: Floats,
    forward: float,
    years: float,
    implied_move: float,
    multiplier: float,
    moves: Floats,
    pnl: Floats,
) -> None:
    """Fill `moves` and add each leg to `pnl`, which comes in as zeros; `held` is (5, legs)."""
    for i in range(moves.size):
        moves[i] = fractions[i] * forward if multiples[i] == 0.0 else multiples[i] * implied_move
    market_known = 0.0 < forward < math.inf and 0.0 <= years < math.inf
    orders = held.shape[1] - beyond.size  # the first of them
    for leg in range(held.shape[1]):
        quantity, strike, is_call = held[0, leg], held[1, leg], held[2, leg]
        if quantity == 0.0:
            continue
        if not (market_known and _is_known(held, leg)):
            pnl[:] = math.nan
            return
        mid = held[4, leg]
        deviation = held[3, leg] * math.sqrt(years)
        later = deviation * math.sqrt(0.5)
        now = _black(forward, strike, math.log(forward / strike), deviation, is_call)
        for i in range(moves.size):
            if not math.isfinite(moves[i]):
                pnl[i] = math.nan
                continue
            f = max(forward + moves[i], 0.0)
            x = math.log(f / strike) if f > 0.0 else 0.0
            at_close = _black(f, strike, x, 0.0, is_call)
            for j in range(vols.size):
                soon = _black(f, strike, x, deviation * vols[j], is_call) - now
                half_way = _black(f, strike, x, later * vols[j], is_call) - now
                # The change comes first: unchanged, a leg is worth its mid to the last bit.
                change = max(mid + soon, 0.0) - mid, max(mid + half_way, 0.0) - mid, at_close - mid
                for k in range(_PASSED.size):
                    made = quantity * multiplier * change[k]
                    if leg >= orders:
                        made -= beyond[leg - orders]
                        made = 0.0 if made > 0.0 else made  # the unknown stays
                    pnl[i, j, k] += made


@strict_kernel
def _least_pnl(  # pragma: no cover
    strike: Floats,
    is_call: NDArray[np.bool_],
    iv: Floats,
    mid: Floats,
    legs: Floats,
    orders: int,
    multiples: Floats,
    fractions: Floats,
    vols: Floats,
    forward: float,
    years: float,
    implied_move: float,
    multiplier: float,
) -> float:
    """Return the least cell of the legs' grid, or NaN; arguments as for `least_pnl`."""
    count = legs.size // 3
    held, beyond = np.empty((5, count)), np.empty(orders)
    for leg in range(count):
        row = int(legs[3 * leg])
        held[0, leg] = legs[3 * leg + 1]
        held[1, leg] = strike[row]
        held[2, leg] = 1.0 if is_call[row] else 0.0
        held[3, leg] = iv[row]
        held[4, leg] = mid[row]
    for order in range(orders):
        beyond[order] = legs[3 * (count - orders + order) + 2]
    moves = np.empty(multiples.size)
    pnl = np.zeros((multiples.size, vols.size, 3))
    _fill_pnl(
        held, beyond, multiples, fractions, vols, forward, years, implied_move, multiplier, moves,
        pnl,
    )  # fmt: skip
    least = math.inf
    for made in pnl.flat:
        if math.isnan(made):
            return math.nan
        least = min(least, made)
    return least
