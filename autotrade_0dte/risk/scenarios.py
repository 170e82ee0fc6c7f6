"""What a position may lose and earn: legs repriced under moves of spot, volatility and time.

Every leg keeps its own implied volatility as spot moves (sticky strike), times the cell's factor.
Only the change of the Black price counts: it is added to the leg's mid, which carries whatever the
model does not know. Prices are undiscounted; within a day the rate changes them by less than
0.03 %. A position is left at the touch: every leg pays half its present spread, and a long leg is
never worth less than nothing.
"""

import math
from typing import Annotated, NamedTuple

import msgspec
import numpy as np
from numpy.typing import NDArray

from autotrade_0dte.pricing.black import price_and_greeks

__all__ = ["Cells", "Legs", "ScenarioParams", "exit_values", "scenario_cells"]

type Floats = NDArray[np.float64]

_LEAST_YEARS = 1e-12  # of the pricing kernel: an expired option is worth its intrinsic value
# A move that comes the hoped-for way, in expected absolute moves, and what each stands for: the
# half-normal law between the midpoints. Its mean absolute value is sqrt(2/pi) deviations, so that
# P(move <= m) = erf(m / sqrt(pi)).
_HOPED_MOVES = np.array([0.5, 1.0, 2.0])
_NEARER, _FARTHER = math.erf(0.75 / math.sqrt(math.pi)), math.erf(1.5 / math.sqrt(math.pi))
_HOPED_WEIGHTS = np.array([_NEARER, _FARTHER - _NEARER, 1.0 - _FARTHER])


class ScenarioParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The grid a position is stressed on: five moves of spot, three volatilities, two times.

    Parameters
    ----------
    hold_move_multiple : float, default 2.0
        Move up and down in expected absolute moves over the holding time; two of them are 1.6
        standard deviations, which one holding time in nine exceeds.
    session_move_multiple : float, default 1.0
        Move up and down in expected absolute moves to expiry: the rest of the session at once.
    vol_down_fraction : float, default 0.20
        Fall of every implied volatility, as a fraction of it: a premium for news that has come.
    vol_up_fraction : float, default 0.25
        Its rise; it undoes the fall.
    """

    hold_move_multiple: Annotated[float, msgspec.Meta(gt=0, le=10)] = 2.0
    session_move_multiple: Annotated[float, msgspec.Meta(gt=0, le=10)] = 1.0
    vol_down_fraction: Annotated[float, msgspec.Meta(ge=0, lt=1)] = 0.20
    vol_up_fraction: Annotated[float, msgspec.Meta(ge=0, le=5)] = 0.25


class Cells(NamedTuple):
    """Scenarios, one value a cell.

    `move` of the forward in dollars; `vol_factor` on every volatility; `passed`, the share of the
    time to expiry gone by, 0 to 1; `weight`, the probability given that the direction is right,
    0 for a cell that only stresses.
    """

    move: Floats
    vol_factor: Floats
    passed: Floats
    weight: Floats


class Legs(NamedTuple):
    """Options of one expiry: arrays of shape (positions, legs), dollars a share.

    `quantity` is signed, long above zero; `half_spread` is what leaving costs against `mid`.
    """

    quantity: Floats
    strike: Floats
    is_call: NDArray[np.bool_]
    iv: Floats
    mid: Floats
    half_spread: Floats


def scenario_cells(
    params: ScenarioParams, direction: int, implied_move: float, passed: float
) -> Cells:
    """Return the stress grid, then the moves that come the way of `direction`.

    Parameters
    ----------
    params : ScenarioParams
        The grid.
    direction : int
        +1 hopes for a rise, -1 for a fall.
    implied_move : float
        Expected absolute move to expiry, dollars.
    passed : float
        Holding time as a share of the time to expiry, 0 to 1. The expected move over it is
        ``implied_move * sqrt(passed)``, as for independent returns.
    """
    hold_move = implied_move * math.sqrt(passed)
    far, farther = (
        params.hold_move_multiple * hold_move,
        params.session_move_multiple * implied_move,
    )
    moves = np.array([0.0, far, -far, farther, -farther])
    vols = np.array([1.0, 1.0 - params.vol_down_fraction, 1.0 + params.vol_up_fraction])
    hoped = _HOPED_MOVES.size
    stressed = moves.size * vols.size * 2
    return Cells(
        move=np.concatenate(
            [np.repeat(moves, vols.size * 2), direction * hold_move * _HOPED_MOVES]
        ),
        vol_factor=np.concatenate([np.tile(np.repeat(vols, 2), moves.size), np.ones(hoped)]),
        passed=np.concatenate([np.tile([0.0, passed], stressed // 2), np.full(hoped, passed)]),
        weight=np.concatenate([np.zeros(stressed), _HOPED_WEIGHTS]),
    )


def exit_values(legs: Legs, cells: Cells, forward: float, years: float) -> Floats:
    """Return what each position brings when it is left in each cell, dollars a share.

    Parameters
    ----------
    legs : Legs
        The positions.
    cells : Cells
        The scenarios.
    forward : float
        Forward now, dollars.
    years : float
        Time to expiry now, years.

    Returns
    -------
    float64 (positions, cells)
        NaN where a figure of a leg is unknown.
    """
    moved = forward + cells.move
    left = np.maximum(years * (1.0 - cells.passed), _LEAST_YEARS)
    vols = legs.iv[..., None] * cells.vol_factor
    now = _prices(legs, legs.iv[..., None], np.array([forward]), np.array([years]))
    change = _prices(legs, vols, moved, left) - now
    value = np.maximum(legs.mid[..., None] + change, 0.0)
    side = np.sign(legs.quantity)
    touch = np.maximum(value - (side * legs.half_spread)[..., None], 0.0)
    total: Floats = np.einsum("pl,plc->pc", legs.quantity, touch)
    return total


def _prices(legs: Legs, vols: Floats, forward: Floats, years: Floats) -> Floats:
    shape = vols.shape
    return price_and_greeks(
        vols.ravel(),
        np.broadcast_to(forward, shape).ravel(),
        np.broadcast_to(legs.strike[..., None], shape).ravel(),
        np.broadcast_to(years, shape).ravel(),
        0.0,
        np.broadcast_to(legs.is_call[..., None], shape).ravel(),
    ).price.reshape(shape)
