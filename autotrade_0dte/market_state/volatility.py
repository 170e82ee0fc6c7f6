"""Evidence from a volatility: an index, or what the chain's own quotes imply."""

import math

from autotrade_0dte.market_state.jump import ReturnWindow
from autotrade_0dte.market_state.standard import Figure, Standard
from autotrade_0dte.market_state.trailing import Trailing

__all__ = ["VolatilityWatch"]


class VolatilityWatch:
    """Level and change of one volatility, both logarithmic.

    The level is the logarithm over its own trailing median, so that it means the same in calm and
    in wild weeks. With a second estimate of the same volatility the change is the lesser of both: a
    wrong quote moves one of them, a shock both. After a stop of the data it is unknown until a
    window has passed.

    Parameters
    ----------
    level : Standard
        Scores the level; where it asks for a trailing scale, it is that of `trailing`.
    trailing : Trailing
        Of the logarithm.
    change : Figure
        The change.
    window_s : float
        Window of the change, seconds.
    """

    __slots__ = (
        "_first", "_second", "_standard", "_trailing", "_ts_event", "change", "level",
        "level_score",
    )  # fmt: skip

    def __init__(
        self, level: Standard, trailing: Trailing, change: Figure, window_s: float
    ) -> None:
        self._standard = level
        self._trailing = trailing
        self._first = ReturnWindow(window_s)
        self._second = ReturnWindow(window_s)
        self._ts_event = 0
        self.change = change
        self.level = self.level_score = math.nan

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
        self._first.update(ts_event, log_value)
        change = self._first.recent
        if second > 0.0:
            self._second.update(ts_event, math.log(second))
            change = min(change, self._second.recent)
        self.change.update(minute, ts_event, change, noise)
        trailing = self._trailing
        trailing.update(ts_event, log_value)
        self.level = log_value - trailing.median
        self.level_score = self._standard.score(minute, self.level, 0.0, trailing.scale)
        return True
