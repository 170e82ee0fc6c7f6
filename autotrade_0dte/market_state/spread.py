"""Evidence from the width of the quotes near the money."""

import math

from autotrade_0dte.market_state.jump import ReturnWindow
from autotrade_0dte.market_state.standard import Figure

__all__ = ["SpreadWatch"]


class SpreadWatch:
    """Level and change of one spread, both logarithmic.

    The level alone is late where the last hour was unlike this minute: spreads that came down since
    the open, or were tight by chance just now, leave a scale in which a spread four times as wide
    is within the usual. Its change in half a minute is not, and has no pattern within the day.

    Parameters
    ----------
    level : Figure
        The logarithm.
    change : Figure
        The change.
    window_s : float
        Window of the change, seconds; unknown across a stop of the data of two windows.
    """

    __slots__ = ("_change", "_level", "_window")

    def __init__(self, level: Figure, change: Figure, window_s: float) -> None:
        self._level = level
        self._change = change
        self._window = ReturnWindow(window_s)

    @property
    def value(self) -> float:
        """The logarithm of the spread."""
        return self._level.value

    @property
    def score(self) -> float:
        """Whichever says more, level or change."""
        level, change = self._level.score, self._change.score
        return change if change > level or math.isnan(level) else level

    def update(self, minute: int, ts_event: int, spread: float) -> None:
        """Take the newest spread, times ascending; one that is not positive is unknown."""
        log_spread = math.log(spread) if spread > 0.0 else math.nan
        self._level.update(minute, ts_event, log_spread)
        self._window.update(ts_event, log_spread)
        self._change.update(minute, ts_event, self._window.recent)
