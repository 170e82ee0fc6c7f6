"""Make `autotrade_0dte/pricing/tables.npz`: the two polynomial tables of the pricing kernel.

    python scripts/generate_pricing_tables.py

Each row holds the coefficients (ascending) of one polynomial, interpolated at Chebyshev nodes with
60 digits, in the coordinate w in [-1/2, 1/2] around the middle of its interval.

mills_ratio  (64, 8)   M(a) / v with M(a) = Phi(-a) / phi(a) and v = 4 / (4 + a), over v in [0, 1].
first_guess  (512, 4)  d(u) / u over u in [0, 64], where d = |F - K| / (normal volatility) solves
                       Bachelier's formula and u = ln(1 + |F - K| / price).
"""

from collections.abc import Callable
from pathlib import Path

import mpmath as mp
import numpy as np
from numpy.typing import NDArray

TABLES = Path(__file__).parents[1] / "autotrade_0dte" / "pricing" / "tables.npz"
MILLS_ROWS, MILLS_DEGREE = 64, 7
GUESS_ROWS, GUESS_DEGREE, GUESS_END = 512, 3, 64
mp.mp.dps = 60


def mills_over_v(v: mp.mpf) -> mp.mpf:
    if v == 0:
        return mp.mpf(1) / 4
    a = 4 * (1 - v) / v
    if a > 60:  # erfc underflows the working precision: asymptotic series
        term = total = mp.mpf(1)
        for n in range(1, 40):
            term *= -(2 * n - 1) / (a * a)
            total += term
        return total / (a * v)
    return mp.sqrt(mp.pi / 2) * mp.exp(a * a / 2) * mp.erfc(a / mp.sqrt(2)) / v


def guess_over_u(u: mp.mpf) -> mp.mpf:
    if u == 0:
        return 1 / mp.sqrt(2 * mp.pi)
    target = mp.log(mp.expm1(u))
    d = mp.mpf("0.4") * u if u < 1 else mp.mpf("0.75") * mp.sqrt(2 * u)
    for _ in range(60):  # Newton on ln(d / b(d)), b(d) = phi(d) - d Phi(-d)
        tail = mp.erfc(d / mp.sqrt(2)) / 2
        b = mp.npdf(d) - d * tail
        step = (mp.log(d / b) - target) / (1 / d + tail / b)
        d = d - step if d > step else d / 2
        if abs(step) < mp.mpf(10) ** -30 * d:
            return d / u
    raise ArithmeticError(f"Expected Newton to converge, was open at u = {u}")


def row(
    function: Callable[[mp.mpf], mp.mpf], index: int, width: mp.mpf, degree: int
) -> list[float]:
    count = degree + 1
    nodes = [mp.cos(mp.pi * (2 * j + 1) / (2 * count)) / 2 for j in range(count)]
    powers = mp.matrix([[w**j for j in range(count)] for w in nodes])
    values = mp.matrix([function((index + mp.mpf(1) / 2 + w) * width) for w in nodes])
    return [float(c) for c in mp.lu_solve(powers, values)]


def mills_row(index: int) -> list[float]:
    return row(mills_over_v, index, mp.mpf(1) / MILLS_ROWS, MILLS_DEGREE)


def guess_row(index: int) -> list[float]:
    return row(guess_over_u, index, mp.mpf(GUESS_END) / GUESS_ROWS, GUESS_DEGREE)


def tables() -> dict[str, NDArray[np.float64]]:
    return {
        "mills_ratio": np.array([mills_row(i) for i in range(MILLS_ROWS)]),
        "first_guess": np.array([guess_row(i) for i in range(GUESS_ROWS)]),
    }


if __name__ == "__main__":
    np.savez(TABLES, **tables())
