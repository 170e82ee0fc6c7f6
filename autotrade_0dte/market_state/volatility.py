"""Evidence from a volatility: an index, or what the chain's own quotes imply."""

import math

from autotrade_0dte.market_state.jump import ReturnWindow
from autotrade_0dte.market_state.standard import Figure, Standard
from autotrade_0dte.market_state.trailing import Trailing

__all__ = ["ChangeWatch", "VolatilityWatch"]


class ChangeWatch:
    """Logarithmic change of one volatility within a window.

    With a second estimate of the same volatility it is the lesser of both: a wrong quote moves one
    of them, a shock both. After a stop of the data it is unknown until a window has passed.

    Parameters
    ----------
    figure : Figure
        The change.
    window_s : float
        Seconds.
    """

    __slots__ = ("_figure", "_first", "_second")

    def __init__(self, figure: Figure, window_s: float) -> None:
        self._figure = figure
        self._first = ReturnWindow(window_s)
        self._second = ReturnWindow(window_s)

    @property
    def value(self) -> float:
        return self._figure.value

    @property
    def score(self) -> float:
        return self._figure.score

    def update(
        self, minute: int, ts_event: int, log_value: float, log_second: float, noise: float
    ) -> None:
        """Take the newest logarithms, times ascending; see `VolatilityWatch.update`."""
        self._first.update(ts_event, log_value)
        change = self._first.recent
        if not math.isnan(log_second):
            self._second.update(ts_event, log_second)
            change = min(change, self._second.recent)
        self._figure.update(minute, ts_event, change, noise)


class VolatilityWatch:
    """Level and change of one volatility, both logarithmic.

    The level is the logarithm over its own trailing median, so that it means the same in calm and
    in wild weeks. The change may be watched in a second, shorter window too, for a step: of a small
    rise within seconds a long window shows no more than a short one, but has more noise about it.

    Parameters
    ----------
    level : Standard
        Scores the level; where it asks for a trailing scale, it is that of `trailing`.
    trailing : Trailing
        Of the logarithm.
    change : ChangeWatch
        The change.
    step : ChangeWatch, optional
        The change in a shorter window.
    step_most : float
        Highest score that a step is worth: it tells how sudden a rise is, not how large.
    """

    __slots__ = (
        "_standard", "_step", "_step_most", "_trailing", "_ts_event", "change", "level",
        "level_score",
    )  # fmt: skip

    def __init__(
        self,
        level: Standard,
        trailing: Trailing,
        change: ChangeWatch,
        step: ChangeWatch | None = None,
        step_most: float = math.inf,
    ) -> None:
        self._standard = level
        self._trailing = trailing
        self._step = step
        self._step_most = step_most
        self._ts_event = 0
        self.change = change
        self.level = self.level_score = math.nan

    @property
    def change_score(self) -> float:
        """That of the change or of the step, whichever says more; NaN without a change."""
        score = self.change.score
        if self._step is None:
            return score
        step = min(self._step.score, self._step_most)
        return step if step > score else score

    def update(
        self,
        minute: int,
        ts_event: int,
        value: float,
        second: float = math.nan,
        noise: float = 0.0,
    ) -> bool:
        """Take the newest value and its time; return whether it is new.

        `second` is another estimate of the same, and `noise` the fraction of the value that its
        quotes leave open: a smaller change says nothing.
        """
        if ts_event <= self._ts_event:
            return False
        self._ts_event = ts_event
        log_value = math.log(value) if value > 0.0 else math.nan
        log_second = math.log(second) if second > 0.0 else math.nan
        self.change.update(minute, ts_event, log_value, log_second, noise)
        if self._step is not None:
            self._step.update(minute, ts_event, log_value, log_second, noise)
        trailing = self._trailing
        trailing.update(ts_event, log_value)
        self.level = log_value - trailing.median
        self.level_score = self._standard.score(minute, self.level, 0.0, trailing.scale)
        return True
