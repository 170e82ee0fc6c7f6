"""How far a figure is from what is usual at this minute of the day or of the last while."""

import math

from autotrade_0dte.market_state.profile import Profile
from autotrade_0dte.market_state.trailing import Trailing

__all__ = ["Figure", "Standard"]


class Standard:
    """Scores one figure: (value - usual) / scale.

    Where the profile knows the minute, usual and scale are its own; elsewhere those of a trailing
    window. The scale is never below `floor`: a figure that hardly ever moves is no evidence because
    it has moved a little.

    Parameters
    ----------
    metric : str
        The figure's name in the profile.
    floor : float
        Least scale, in the figure's unit.
    profile : Profile, optional
        What is usual at each minute of the day.
    trailing_minutes : int
        Minutes of the session in which a trailing window may stand in for the profile. Later, a
        figure that rises by itself towards the close is unknown without one.
    """

    __slots__ = (
        "_floor",
        "_metric",
        "_minute",
        "_profile",
        "_scale",
        "_trailing_minutes",
        "_usual",
    )

    def __init__(
        self, metric: str, floor: float, *, profile: Profile | None, trailing_minutes: int
    ) -> None:
        self._metric = metric
        self._floor = floor
        self._profile = profile
        self._trailing_minutes = trailing_minutes
        self._minute = -1
        self._usual = self._scale = math.nan

    def score(
        self, minute: int, value: float, usual: float, scale: float, least: float = 0.0
    ) -> float:
        """Return the score of `value` in a minute of the session; NaN where nothing is usual.

        `usual` and `scale` are of the trailing window; `least` is a floor of the moment.
        """
        if minute != self._minute:
            self._minute = minute
            if self._profile is not None:
                self._usual, self._scale = self._profile.usual(self._metric, minute)
        if not math.isnan(self._usual):
            usual, scale = self._usual, self._scale
        elif minute >= self._trailing_minutes:
            return math.nan
        return (value - usual) / max(scale, self._floor, least)


class Figure:
    """A figure with its standard and the trailing window that stands in for it."""

    __slots__ = ("_standard", "_trailing", "score", "value")

    def __init__(self, standard: Standard, trailing: Trailing) -> None:
        self._standard = standard
        self._trailing = trailing
        self.value = self.score = math.nan

    def update(self, minute: int, ts_event: int, value: float, least: float = 0.0) -> None:
        """Take a value in time order, NaN for an unknown one; `least` is a floor of its scale."""
        self.sample(ts_event, value)
        self.judge(minute, value, least)

    def sample(self, ts_event: int, value: float) -> None:
        """Take a value in time order as one of those that tell what is usual."""
        self._trailing.update(ts_event, value)

    def judge(self, minute: int, value: float, least: float = 0.0) -> None:
        """Score a value by what is usual."""
        trailing = self._trailing
        self.value = value
        self.score = self._standard.score(minute, value, trailing.median, trailing.scale, least)
