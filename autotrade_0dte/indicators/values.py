"""The values of all indicators at one snapshot."""

import math

import msgspec

__all__ = ["IndicatorValues"]

_NAN = math.nan


class IndicatorValues(msgspec.Struct, frozen=True, gc=False):
    """Indicators of the underlying and the chain as of one snapshot; NaN until warm or unknown.

    Windows are fields of `IndicatorParams`. Returns are logarithmic (0.001 is 0.1 %).

    Parameters
    ----------
    ts_event : int
        The snapshot's instant, UTC ns.
    price_ns : int
        Time of the newest print seen, UTC ns; 0 for none. It tells a new price from a repeated one.
    ema_fast, ema_slow : float
        Moving averages of bar closes, dollars.
    ema_gap : float
        ``ln(ema_fast / ema_slow)``; its sign is the side of the cross.
    bars_since_cross : float
        Bars closed since the averages changed sides.
    bar_close : float
        Close of the last bar that ended, dollars.
    momentum : float
        Return over the momentum window, from a print less than twice as old as that.
    volume_rate : float
        Shares a second over the burst window.
    volume_burst : float
        `volume_rate` over its usual value: at this minute of the day where a profile knows it, else
        over the trailing window; 1 is usual.
    slope : float
        Least-squares slope of the log price over the trend window, per minute.
    acceleration : float
        Slope of the window's second half less that of its first, per minute.
    realized_short, realized_long : float
        Realized volatility over the short and the long window, a year of 252 sessions.
    realized_ratio : float
        Short over long.
    range_high, range_low : float
        Opening range in dollars; NaN until it is complete.
    range_position : float
        0 at the low and 1 at the high of the opening range; beyond them outside.
    vwap : float
        Volume-weighted average price since the open, dollars; NaN where the first print came later
        after it than `IndicatorParams.opening_gap_s`.
    vwap_distance : float
        ``ln(price / vwap)``.
    iv_change_per_min : float
        Change of the ATM volatility per minute (0.01 is a vol point).
    skew_change_per_min : float
        Change of the 25-delta skew per minute.
    gex_sign : float
        +1 dealers long gamma, -1 short, by the chain's GEX.
    flip_distance : float
        ``ln(forward / gex_flip)``; below the flip negative.
    call_wall, put_wall : float
        Strikes of the largest call and put gamma exposure, dollars.
    """

    ts_event: int
    price_ns: int = 0
    ema_fast: float = _NAN
    ema_slow: float = _NAN
    ema_gap: float = _NAN
    bars_since_cross: float = _NAN
    bar_close: float = _NAN
    momentum: float = _NAN
    volume_rate: float = _NAN
    volume_burst: float = _NAN
    slope: float = _NAN
    acceleration: float = _NAN
    realized_short: float = _NAN
    realized_long: float = _NAN
    realized_ratio: float = _NAN
    range_high: float = _NAN
    range_low: float = _NAN
    range_position: float = _NAN
    vwap: float = _NAN
    vwap_distance: float = _NAN
    iv_change_per_min: float = _NAN
    skew_change_per_min: float = _NAN
    gex_sign: float = _NAN
    flip_distance: float = _NAN
    call_wall: float = _NAN
    put_wall: float = _NAN
