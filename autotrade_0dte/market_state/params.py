"""Thresholds, windows and floors of the detector."""

from typing import Annotated

import msgspec

from autotrade_0dte.market_state.ladder import LadderParams
from autotrade_0dte.market_state.support import Limits

__all__ = ["DetectorParams", "Floors"]

Seconds = Annotated[float, msgspec.Meta(gt=0, le=23_400)]
Scale = Annotated[float, msgspec.Meta(gt=0, le=1_000)]


class Floors(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Least scale of each figure: what one robust standard deviation is at the least.

    Logarithmic unless said otherwise (0.01 is 1 %). They say what is too small to matter, however
    still the last hour was.

    Parameters
    ----------
    volatility_level : float, default 0.025
        VIX wanders by 2 to 3 % in an hour.
    volatility_change : float, default 0.008
        What a wandering volatility does in half a minute. Half a tick's worth is a floor besides.
    volatility_step : float, default 0.005
        What it does in ten seconds, wandering with the root of time. The same half tick.
    realized : float, default 0.25
        Half of the spread that a ratio of 60 to 900 independent returns has by chance.
    activity : float, default 0.35
        Volume over half a minute scatters by a third on any day.
    jump : float, default 0.0001
        Return: one basis point, the noise of bid and ask.
    spread : float, default 0.2
        Of the spread and of its change. Spreads near the money are one or two ticks, and a tick
        more is half as much again.
    quote_age : float, default 5
        Seconds.
    crossed : float, default 0.03
        Share of the quotes near the money: one of thirty.
    """

    volatility_level: Scale = 0.025
    volatility_change: Scale = 0.008
    volatility_step: Scale = 0.005
    realized: Scale = 0.25
    activity: Scale = 0.35
    jump: Scale = 0.0001
    spread: Scale = 0.2
    quote_age: Scale = 5.0
    crossed: Scale = 0.03


class DetectorParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Thresholds of the evidence and of the ladder; the defaults are for quotes each 1 to 5 s.

    Parameters
    ----------
    enter, leave : Limits, default 4, 6, 11 and 2.5, 4, 7.5
        Scores by which levels are entered and held. Among some two thousand looks a day 4 robust
        deviations happen by chance, their tails being fat, 6 about once a month, and 11 not.
    ladder : LadderParams
        See there.
    floors : Floors
        See there.
    change_window_s : float, default 30
        Window of the change of the chain's volatility and of its spreads, seconds: a few quotes. A
        shock is all of its window's noise at once; a longer window has more noise and no more
        shock.
    step_window_s : float, default 10
        Shorter window of the change of the chain's volatility, seconds, in which a small rise
        stands out by being sudden. That is strong at most and no shock, which takes a large one.
        Two quotes of data each 5 s; where quotes are two windows apart there is no such evidence.
    index_window_s : float, default 60
        Window of the change of the volatility index, seconds; VIX comes each 15 s. A value older
        than two windows counts as none.
    jump_window_s : float, default 15
        Window of the return that is tested for a jump, and step of local volatility, seconds.
    jump_steps : int, default 80
        Steps of local volatility: 20 minutes, for which a day's volatility is about constant.
    jump_lag_s : float, default 60
        Age from which returns count in local volatility, seconds, so that a move of a minute and
        a half does not hide itself.
    jump_implied_share : float, default 0.08
        Least scale of a jump as a share of the move the options still price in to expiry. A return
        may be impossible by local volatility and still not matter: elevated, strong and extreme are
        a third, a half and nine tenths of that move gone in a quarter of a minute.
    drift_allowance : float, default 0.1
        k of the CUSUM, standard deviations of a step.
    drift_scale : float, default 6
        CUSUM that counts as a score of 1.
    near_fraction : float, default 0.005
        Distance from the forward, as a fraction of it, within which quotes are watched.
    reference_s, reference_lag_s : float, default 3600, 300
        Length of the trailing window that tells what is usual where no profile does, and the age at
        which a sample takes part in it, seconds.
    sample_s : float, default 30
        Time between samples of it, seconds.
    min_samples : int, default 20
        Samples below which nothing is usual yet: ten minutes.
    close_s : float, default 3600
        Last part of the session, in seconds, in which the chain's volatility, its spreads and
        volume are judged by a profile only: all three then rise by themselves (the last hour's rise
        of implied volatility is mechanical), so that a trailing window would call each close an
        anomaly.
    event_watch_s : float, default 600
        Time before a scheduled event that supports L1, seconds.
    event_before_s, event_after_s : float, default 60, 600
        Time before and after it that supports L2, seconds: quotes widen in the last minute, and
        the first ten minutes after an announcement are its price discovery.
    """

    enter: Limits = Limits(4.0, 6.0, 11.0)
    leave: Limits = Limits(2.5, 4.0, 7.5)
    ladder: LadderParams = LadderParams()
    floors: Floors = Floors()
    change_window_s: Seconds = 30.0
    step_window_s: Seconds = 10.0
    index_window_s: Seconds = 60.0
    jump_window_s: Seconds = 15.0
    jump_steps: Annotated[int, msgspec.Meta(ge=2, le=2_000)] = 80
    jump_lag_s: Seconds = 60.0
    jump_implied_share: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.08
    drift_allowance: Annotated[float, msgspec.Meta(gt=0, le=3)] = 0.1
    drift_scale: Scale = 6.0
    near_fraction: Annotated[float, msgspec.Meta(gt=0, le=0.2)] = 0.005
    reference_s: Seconds = 3_600.0
    reference_lag_s: Seconds = 300.0
    sample_s: Seconds = 30.0
    min_samples: Annotated[int, msgspec.Meta(ge=3, le=10_000)] = 20
    close_s: Annotated[float, msgspec.Meta(ge=0, le=23_400)] = 3_600.0
    event_watch_s: Seconds = 600.0
    event_before_s: Seconds = 60.0
    event_after_s: Seconds = 600.0

    def __post_init__(self) -> None:
        for name in ("elevated", "strong", "extreme"):
            enter, leave = getattr(self.enter, name), getattr(self.leave, name)
            if leave > enter:
                raise ValueError(f"Expected leave.{name} of at most {enter:g}, was {leave:g}")
