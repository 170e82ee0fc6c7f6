"""Print how well volume alone could tell a volume burst from the small bursts of ordinary days.

    python scripts/burst_limit.py

An upper bound: the likelihood ratio of both shapes, by one who knows the generator, the instant at
which either starts and the usual volume as well as it can be known (a Kalman filter of all seconds
before), and looks once. Real detectors know none of it.
"""

import math
from statistics import NormalDist

import numpy as np

from autotrade_0dte.data.synthetic.days import DayParams
from autotrade_0dte.data.synthetic.underlying import TradeParams

ACTIVITY_HALF_LIFE_S = 300  # as in data/synthetic/underlying.py, and so is the next
SMALL_HALF_LIFE_S = 20
AIM = 0.2  # L2 in a calm session
SECONDS = (5, 10, 15, 20, 25, 30, 60)


def separation(seconds: int, trades: TradeParams, days: DayParams) -> float:
    """Return how many standard deviations the log likelihood ratio has between the two."""
    since = np.arange(seconds)
    small = np.log1p((trades.burst_multiple - 1) * 0.5 ** (since / SMALL_HALF_LIFE_S))
    difference = math.log(days.burst_volume) - small
    noise = trades.noise**2
    kept = 0.5 ** (1 / ACTIVITY_HALF_LIFE_S)
    drift = (1 - kept**2) * trades.activity**2
    # Variance of the level one second ahead: p = kept^2 p noise / (p + noise) + drift.
    half = (noise * (1 - kept**2) - drift) / 2
    level = -half + math.sqrt(half**2 + noise * drift)
    covariance = noise * np.eye(seconds) + level
    return math.sqrt(difference @ np.linalg.solve(covariance, difference))


def main() -> None:
    trades, days, normal = TradeParams(), DayParams(), NormalDist()
    mistaken = AIM / trades.bursts_per_session
    print(f"{100 * mistaken:.0f} % of small bursts mistaken: {AIM:g} L2 a session, all of the aim")
    for seconds in SECONDS:
        apart = separation(seconds, trades, days)
        found = normal.cdf(normal.inv_cdf(mistaken) + apart)
        print(f"{seconds:3d} s: {apart:.1f} deviations apart, {100 * found:.0f} % found")


if __name__ == "__main__":
    main()
