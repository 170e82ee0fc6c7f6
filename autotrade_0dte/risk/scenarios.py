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

from autotrade_0dte.pricing.jit import strict_kernel
from autotrade_0dte.pricing.kernel import priced_rows

__all__ = ["Cells", "Legs", "ScenarioParams", "exit_values", "scenario_cells", "warm"]

type Floats = NDArray[np.float64]

_LEAST_YEARS = 1e-12  # of the pricing kernel: an expired option is worth its intrinsic value
# A move that comes the hoped-for way, in expected absolute moves, and what each stands for: the
# half-normal law between the midpoints. Its mean absolute value is sqrt(2/pi) deviations, so that
# P(move <= m) = erf(m / sqrt(pi)).
_HOPED_MOVES = np.array([0.5, 1.0, 2.0])
_NEARER, _FARTHER = math.erf(0.75 / math.sqrt(math.pi)), math.erf(1.5 / math.sqrt(math.pi))
_HOPED_WEIGHTS = np.array([_NEARER, _FARTHER - _NEARER, 1.0 - _FARTHER])


class ScenarioParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """The grid a position is stressed on: five moves of spot by three volatilities.

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

    `quantity` is signed, long above zero, and may be (legs,) where it is the same for every
    position; `half_spread` is what leaving costs against `mid`.
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

    All are at the end of the holding time: bought options only lose by waiting.

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
    moves = (0.0, far, -far, farther, -farther)
    vols = (1.0, 1.0 - params.vol_down_fraction, 1.0 + params.vol_up_fraction)
    stresses = len(moves) * len(vols)
    cells = np.empty((4, stresses + _HOPED_MOVES.size))
    cells[0, :stresses] = np.repeat(moves, len(vols))
    cells[0, stresses:] = direction * hold_move * _HOPED_MOVES
    cells[1, :stresses] = vols * len(moves)
    cells[1, stresses:] = 1.0
    cells[2] = passed
    cells[3, :stresses] = 0.0
    cells[3, stresses:] = _HOPED_WEIGHTS
    return Cells._make(cells)


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
    # One writable buffer gives the kernel one signature, whatever the flags of the arrays are.
    held = np.empty((len(Legs._fields), *legs.iv.shape))
    for column, values in zip(held, legs, strict=True):
        column[...] = values
    return _exit_values(held, np.array(cells), float(forward), float(years))


def warm() -> None:
    """Compile the repricing, or load it from the cache, so that no selection waits."""
    one = np.ones((1, 1))
    legs = Legs(one, one, one > 0.0, one, one, one)
    exit_values(legs, scenario_cells(ScenarioParams(), 1, 0.0, 0.0), 1.0, 1.0)


# Compiled, so coverage cannot see the body; the unit tests reprice every cell one by one.


@strict_kernel
def _exit_values(  # pragma: no cover
    held: NDArray[np.float64], cells: Floats, forward: float, years: float
) -> Floats:
    """Return `exit_values`; `held` (6, positions, legs) and `cells` (4, cells) as their tuples."""
    _, positions, legs = held.shape
    count = cells.shape[1] + 1
    inputs = np.empty((6, positions * legs * count))
    i = 0
    for position in range(positions):
        for leg in range(legs):
            for cell in range(-1, count - 1):  # -1 is now
                now = cell < 0
                factor = 1.0 if now else cells[1, cell]
                left = years if now else years * (1.0 - cells[2, cell])
                inputs[0, i] = held[3, position, leg] * factor
                inputs[1, i] = forward if now else forward + cells[0, cell]
                inputs[2, i] = held[1, position, leg]
                inputs[3, i] = max(left, _LEAST_YEARS)
                inputs[4, i] = 0.0
                inputs[5, i] = held[2, position, leg]
                i += 1
    priced = np.empty((9, inputs.shape[1]))
    priced_rows(inputs, priced, np.empty(inputs.shape[1], np.int8))
    return _left_at_touch(held, priced[0], count)


@strict_kernel
def _left_at_touch(held: Floats, price: Floats, count: int) -> Floats:  # pragma: no cover
    """Sum the legs; `price` has for each leg the price now and those in the cells."""
    _, positions, legs = held.shape
    total = np.zeros((positions, count - 1))
    for position in range(positions):
        for leg in range(legs):
            quantity, mid = held[0, position, leg], held[4, position, leg]
            spread = held[5, position, leg] * np.sign(quantity)
            start = (position * legs + leg) * count
            for cell in range(count - 1):
                value = max(mid + price[start + cell + 1] - price[start], 0.0)
                total[position, cell] += quantity * max(value - spread, 0.0)
    return total
