"""The price path of a synthetic session: stochastic volatility, U-shaped day, jumps.

The logarithm of volatility is an Ornstein-Uhlenbeck process; the variance of a second is

    V u(t) exp(2 d(t) - 2 s^2),   mean of u = 1,   stationary standard deviation of d = s

so that its mean is V u(t). Jumps are compound Poisson with normal sizes.
"""

from dataclasses import dataclass
from itertools import accumulate
from typing import Annotated

import msgspec
import numpy as np
from numpy.typing import NDArray

from autotrade_0dte.data.synthetic.days import DayEffects

__all__ = ["FULL_SESSION_S", "Path", "PathParams", "mean_reverting", "session_path", "u_shape"]

FULL_SESSION_S = 23_400
_SESSIONS_A_YEAR = 252


class PathParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Price and volatility of the underlying.

    Parameters
    ----------
    spot_dollars : float, default 740.0
        Typical price at the open; sessions are independent of each other.
    spot_dispersion : float, default 0.01
        Standard deviation of the logarithm of the opening price between sessions.
    session_volatility : float, default 0.10
        Target volatility of open-to-close returns per sqrt(252 sessions). With the premium it
        gives about 0.22 in calendar time, what same-day options of SPY show.
    volatility_dispersion : float, default 0.25
        Standard deviation of the logarithm of volatility between sessions.
    volatility_of_volatility : float, default 0.25
        Stationary standard deviation of the logarithm of volatility within a session.
    reversion_half_life_min : float, default 40.0
        Time in which half of a volatility deviation is gone.
    leverage : float, default -0.6
        Correlation of returns and volatility changes.
    open_excess, close_excess : float, default 2.0, 0.8
        Variance at the open and at the close above that of midday, relative to it.
    excess_fraction : float, default 0.07
        Share of the session over which these fade by 1/e.
    jumps_per_session : float, default 0.5
        Expected number of jumps in a full session.
    jump_mean_fraction, jump_sd_fraction : float, default -0.0003, 0.0012
        Mean and standard deviation of a jump's logarithmic size.
    variance_premium : float, default 0.15
        Implied variance above expected variance, relative to it.
    """

    spot_dollars: Annotated[float, msgspec.Meta(ge=10, le=20_000)] = 740.0
    spot_dispersion: Annotated[float, msgspec.Meta(ge=0, le=0.5)] = 0.01
    session_volatility: Annotated[float, msgspec.Meta(ge=0.01, le=2)] = 0.10
    volatility_dispersion: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.25
    volatility_of_volatility: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.25
    reversion_half_life_min: Annotated[float, msgspec.Meta(gt=0, le=10_000)] = 40.0
    leverage: Annotated[float, msgspec.Meta(ge=-1, le=1)] = -0.6
    open_excess: Annotated[float, msgspec.Meta(ge=0, le=20)] = 2.0
    close_excess: Annotated[float, msgspec.Meta(ge=0, le=20)] = 0.8
    excess_fraction: Annotated[float, msgspec.Meta(gt=0, le=1)] = 0.07
    jumps_per_session: Annotated[float, msgspec.Meta(ge=0, le=100)] = 0.5
    jump_mean_fraction: Annotated[float, msgspec.Meta(ge=-0.1, le=0.1)] = -0.0003
    jump_sd_fraction: Annotated[float, msgspec.Meta(ge=0, le=0.1)] = 0.0012
    variance_premium: Annotated[float, msgspec.Meta(ge=-0.9, le=5)] = 0.15


@dataclass(frozen=True, slots=True, eq=False)
class Path:
    """A session on the grid of seconds 0 .. n from the open; arrays (n + 1,).

    `deviation` is the logarithm of volatility against its usual value at that time of day,
    `volatility` the standard deviation of the logarithmic return of one second, and
    `implied_variance` what options price in for the rest of the session, 0 at its end.
    `day_level` is the session's volatility relative to the target.
    """

    spot: NDArray[np.float64]
    deviation: NDArray[np.float64]
    volatility: NDArray[np.float64]
    implied_variance: NDArray[np.float64]
    day_level: float


def u_shape(n: int, open_excess: float, close_excess: float, fade: float) -> NDArray[np.float64]:
    """Return a profile over seconds 0 .. n, mean 1, high at both ends; `fade` as share of n."""
    elapsed = np.arange(n + 1) / n
    shape = 1 + open_excess * np.exp(-elapsed / fade) + close_excess * np.exp((elapsed - 1) / fade)
    return np.asarray(shape / shape.mean())


def mean_reverting(
    n: int, sd: float, half_life_s: float, rng: np.random.Generator
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return an Ornstein-Uhlenbeck path (n + 1,) with its standard normal shocks (n + 1,).

    The path starts in its stationary law N(0, sd^2); shock 0 is the start itself.
    """
    keep = 0.5 ** (1 / half_life_s)
    shocks = rng.standard_normal(n + 1)
    steps = shocks * (sd * np.sqrt(1 - keep * keep))
    steps[0] = sd * shocks[0]
    path = accumulate(steps.tolist(), lambda value, step: keep * value + step)
    return np.fromiter(path, np.float64, n + 1), shocks


def session_path(params: PathParams, effects: DayEffects, rng: np.random.Generator) -> Path:
    """Simulate one session of n seconds, n being the length of `effects.log_return`."""
    n = len(effects.log_return)
    spread = params.volatility_dispersion
    day_level = effects.level * np.exp(spread * rng.standard_normal() - spread * spread)
    opening = params.spot_dollars * np.exp(params.spot_dispersion * rng.standard_normal())

    sd = params.volatility_of_volatility
    half_life = params.reversion_half_life_min * 60
    wander, volatility_shocks = mean_reverting(n, sd, half_life, rng)
    deviation = wander + np.log(effects.volatility)
    usual = u_shape(n, params.open_excess, params.close_excess, params.excess_fraction)
    full_day = params.session_volatility**2 / _SESSIONS_A_YEAR * day_level**2
    usual *= full_day / FULL_SESSION_S
    volatility = np.sqrt(usual) * np.exp(deviation - sd * sd)

    own = rng.standard_normal(n)
    normal = params.leverage * volatility_shocks[1:] + np.sqrt(1 - params.leverage**2) * own
    # Options price the day's own scale, so a shorter session has proportionally smaller moves.
    session_variance = full_day * n / FULL_SESSION_S
    log_return = volatility[:-1] * normal - volatility[:-1] ** 2 / 2
    log_return += effects.log_return * np.sqrt(session_variance)
    if effects.has_jumps:
        log_return += _jumps(n, params, rng)
    spot = opening * np.exp(np.concatenate(([0.0], np.cumsum(log_return))))

    expected = _expected_variance(usual, deviation, sd, half_life)
    if effects.has_jumps:
        rate = params.jumps_per_session / FULL_SESSION_S
        one = params.jump_mean_fraction**2 + params.jump_sd_fraction**2
        expected += rate * one * np.arange(n, -1, -1)
    implied = (1 + params.variance_premium) * expected
    implied += effects.event_variance * session_variance
    return Path(spot, deviation, volatility, implied, float(day_level))


def _jumps(n: int, params: PathParams, rng: np.random.Generator) -> NDArray[np.float64]:
    count = rng.poisson(params.jumps_per_session * n / FULL_SESSION_S)
    returns = np.zeros(n)
    sizes = rng.normal(params.jump_mean_fraction, params.jump_sd_fraction, count)
    np.add.at(returns, rng.integers(0, n, count), sizes)
    return returns


def _expected_variance(
    usual: NDArray[np.float64], deviation: NDArray[np.float64], sd: float, half_life: float
) -> NDArray[np.float64]:
    """Return the variance expected from each second to the end, given the deviation there.

    E[exp(2 d(u) - 2 s^2) | d(t)] = exp(2 d(t) e - 2 s^2 e^2), e = exp(-kappa (u - t)); the average
    of e over the time left stands in for e.
    """
    n = len(usual) - 1
    usual_left = np.append(np.cumsum(usual[-2::-1])[::-1], 0.0)
    decay = np.log(2) / half_life * np.arange(n, -1, -1)
    share = np.ones(n + 1)
    share[:-1] = -np.expm1(-decay[:-1]) / decay[:-1]
    return np.asarray(usual_left * np.exp(2 * deviation * share - 2 * (sd * share) ** 2))
