"""Windows of all indicators."""

import math
from typing import Annotated

import msgspec

__all__ = ["IndicatorParams", "WindowError", "check_spacing"]

Seconds = Annotated[float, msgspec.Meta(gt=0, le=23_400)]


class WindowError(ValueError):
    """A window is too short for the data; the text names the parameter and what it needs."""


class IndicatorParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Windows of the indicators; none narrower than the spacing of the data it looks at.

    The defaults are for prints each second. None was fitted to data.

    Parameters
    ----------
    bar_s : float, default 60
        Width of the bars under the moving averages, seconds. Minute bars are what 3 and 8 are
        usually read on.
    fast_bars, slow_bars : int, default 3 and 8
        Periods of the moving averages, bars: one reacts in minutes, the other in a quarter of an
        hour, which is the life of a trade here.
    momentum_window_s : float, default 10
        Window of the momentum, seconds: a push that is under way, not yet a trend.
    burst_window_s : float, default 30
        Window of the volume burst, seconds: several prints even where they are sparse, and less
        than the half minute after which a burst is old news.
    volume_trailing_s : float, default 900
        Window that a burst is compared with where no profile knows the minute, seconds; it ends
        where the burst window begins. Long against a burst, short against the day's U shape.
    trend_window_s : float, default 60
        Window of slope and acceleration, seconds; its halves must each hold a few prints.
    return_s : float, default 1
        Least time between the two prices of a realized return, seconds. Prints alternate between
        bid and ask; at SPY's one cent that adds about 5 % to the variance of returns over a second,
        and ever more below. Underlyings with wider spreads need more.
    realized_short_s, realized_long_s : float, default 60 and 900
        Windows of realized volatility, seconds: now, and the quarter of an hour it is compared to.
    min_returns : int, default 4
        Fewest returns of a realized volatility; n of them leave a standard error of about
        ``1/sqrt(2 n)``, a third at 4.
    opening_range_s : float, default 900
        Length of the opening range from the open, seconds; a quarter of an hour is customary.
    opening_gap_s : float, default 60
        Longest time without a print in the opening range, seconds; after a longer one its high and
        low may have been missed, and it stays unknown.
    skew_window_s : float, default 300
        Window of the skew change, seconds. Skew rests on two thin wings, and over a minute the
        rounding of their quotes is larger than its changes.
    """

    bar_s: Seconds = 60.0
    fast_bars: Annotated[int, msgspec.Meta(ge=1, le=200)] = 3
    slow_bars: Annotated[int, msgspec.Meta(ge=2, le=400)] = 8
    momentum_window_s: Seconds = 10.0
    burst_window_s: Seconds = 30.0
    volume_trailing_s: Seconds = 900.0
    trend_window_s: Seconds = 60.0
    return_s: Seconds = 1.0
    realized_short_s: Seconds = 60.0
    realized_long_s: Seconds = 900.0
    min_returns: Annotated[int, msgspec.Meta(ge=2, le=1_000)] = 4
    opening_range_s: Seconds = 900.0
    opening_gap_s: Seconds = 60.0
    skew_window_s: Seconds = 300.0

    def __post_init__(self) -> None:
        for smaller, larger in (
            ("fast_bars", "slow_bars"),
            ("burst_window_s", "volume_trailing_s"),
            ("realized_short_s", "realized_long_s"),
            ("opening_gap_s", "opening_range_s"),
        ):
            low, high = getattr(self, smaller), getattr(self, larger)
            if low >= high:
                raise ValueError(f"Expected {smaller} below {larger}, was {low} and {high}")
        if self.min_returns * self.return_s > self.realized_short_s:
            raise ValueError(
                f"Expected realized_short_s to hold min_returns of return_s "
                f"({self.min_returns * self.return_s:g} s), was {self.realized_short_s:g}"
            )


def check_spacing(params: IndicatorParams, underlying_s: float, chain_s: float) -> None:
    """Raise WindowError where a window is too short for the data's own spacing.

    Parameters
    ----------
    params : IndicatorParams
        The windows.
    underlying_s, chain_s : float
        Usual time between prints of the underlying, and between quotes of a contract, seconds; NaN
        where it is unknown, which is not judged.
    """
    halves = 4  # two prints in each half of the trend window
    # A return ends at the first print that is `return_s` after the one before.
    prints = params.min_returns
    if underlying_s > 0.0:
        prints *= math.ceil(params.return_s / underlying_s)
    needs = (
        ("bar_s", 1, underlying_s),
        ("momentum_window_s", 1, underlying_s),
        ("burst_window_s", 1, underlying_s),
        ("trend_window_s", halves, underlying_s),
        ("realized_short_s", prints, underlying_s),
        ("opening_gap_s", 1, underlying_s),
        ("skew_window_s", 1, chain_s),
    )
    wrong = []
    for name, times, spacing_s in needs:
        window_s = getattr(params, name)
        if window_s < times * spacing_s:
            least = f"the data's spacing of {spacing_s:g} s"
            least = least if times == 1 else f"{times} times {least}"
            wrong.append(f"{name}: Expected at least {least}, was {window_s:g}")
    if wrong:
        raise WindowError("; ".join(wrong))
