"""Make `tests/unit/pricing/answers.npz`: Black-76 prices and Greeks with 50 digits.

    python scripts/generate_pricing_answers.py

Columns (see COLUMNS) of out-of-the-money options: a same-day grid (10 s to 6.5 h, 5 % to 300 %
volatility, 0 to 8 sigma on both sides, rate 0 and 6 %) and, marked by years > 0.1, long and wide
options that take the solver's other branches.
"""

import itertools
from pathlib import Path

import mpmath as mp
import numpy as np

ANSWERS = Path(__file__).parents[1] / "tests" / "unit" / "pricing" / "answers.npz"
COLUMNS = ("forward", "strike", "years", "rate", "vol", "is_call", "price")
COLUMNS += ("delta", "gamma", "vega", "theta", "rho", "vanna", "charm", "speed")
SECONDS_PER_YEAR = 365 * 86_400
SIGMAS = (0, 0.1, 0.5, 1, 2, 3, 5, 6.5, 8)
mp.mp.dps = 50


def black(*row: float) -> list[float]:
    """Return price and Greeks of (forward, strike, years, rate, vol, is_call).

    Every Greek is a numerical derivative of the price alone, by mpmath: no formula is shared with
    the library.
    """
    f0, k, t0, r0, v0 = map(mp.mpf, row[:5])
    sign = 1 if row[5] else -1

    def price(f: mp.mpf, t: mp.mpf, r: mp.mpf, v: mp.mpf) -> mp.mpf:
        s = v * mp.sqrt(t)
        d1 = mp.log(f / k) / s + s / 2
        value = f * tail(-sign * d1) - k * tail(-sign * (d1 - s))
        return sign * mp.exp(-r * t) * value

    def tail(z: mp.mpf) -> mp.mpf:
        return mp.erfc(z / mp.sqrt(2)) / 2

    def derivative(f: int = 0, t: int = 0, r: int = 0, v: int = 0) -> mp.mpf:
        return mp.diff(price, (f0, t0, r0, v0), (f, t, r, v))

    theta, charm = -derivative(t=1), -derivative(f=1, t=1)
    greeks = (derivative(f=1), derivative(f=2), derivative(v=1), theta, derivative(r=1))
    greeks += (derivative(f=1, v=1), charm, derivative(f=3))
    return [float(x) for x in (price(f0, t0, r0, v0), *greeks)]


def rows() -> list[list[float]]:
    same_day = itertools.product((10, 300, 3600, 23_400), (0.05, 0.2, 1.0, 3.0))
    spans = [(seconds / SECONDS_PER_YEAR, vol) for seconds, vol in same_day]
    spans += [(0.5, 0.2), (2.0, 0.2), (2.0, 1.5), (0.5, 3.0)]
    answers = []
    for (years, vol), rate, sigmas, is_call in itertools.product(
        spans, (0.0, 0.06), SIGMAS, (True, False)
    ):
        forward = 6003.2 if vol in {0.05, 1.0} else 601.37
        distance = sigmas * vol * np.sqrt(years)
        strike = float(forward * np.exp(distance if is_call else -distance))
        inputs = (forward, strike, years, rate, vol, float(is_call))
        answers.append([*inputs, *black(*inputs)])
    return answers


if __name__ == "__main__":
    table = np.array(rows())
    np.savez_compressed(ANSWERS, **dict(zip(COLUMNS, table.T, strict=True)))
