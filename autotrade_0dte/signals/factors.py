"""What each factor says about the direction: pure functions of one view of the market.

A move is measured in standard deviations of a driftless random walk over the window that it was
made in, at the volatility of the moment, so that 5 bps are much on a quiet noon and nothing after
an announcement. With volatility s per root second, the standard deviations are

- return over T seconds: ``s sqrt(T)``;
- least-squares slope over T: ``s sqrt(6 / (5 T))``, a second, from the walk's increments weighted
  by ``6 u (1 - u)``; the difference of the slopes of two halves: ``s sqrt(24 / (5 T))``;
- gap of two exponential averages with decays f and g a bar: ``s sqrt(bar)`` times the root of
  ``f^2/(1-f^2) + g^2/(1-g^2) - 2fg/(1-fg)``;
- distance from the average price since the open, T ago: ``s sqrt(T / 3)``.

`tanh` squashes them: linear for small figures, and no figure shouts down all others.
"""

import math
from typing import Annotated

import msgspec

from autotrade_0dte.indicators.params import IndicatorParams
from autotrade_0dte.indicators.values import IndicatorValues
from autotrade_0dte.market_state.view import MarketView
from autotrade_0dte.signals.signal import Reading

__all__ = ["ABSTAINS", "UNKNOWN", "FactorParams", "Factors", "sd_per_root_second"]

_NS = 1_000_000_000
_ROOT_YEAR_S = math.sqrt(252 * 23_400)

UNKNOWN = Reading(math.nan, 0.0)
"""A factor whose figures are not known."""

ABSTAINS = Reading(0.0, 0.0)
"""A factor whose figures are known and say nothing."""


class FactorParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Scales of the factors: the figure that reads ``tanh(1)``, 0.76. None was fitted to data.

    Parameters
    ----------
    move_sd : float, default 2.0
        Standard deviations of a move, slope, gap or distance. Chance alone goes beyond two 5 % of
        the time.
    burst_ratio : float, default 3.0
        Volume over its usual. Minutes with twice their usual volume are common, with three times
        they are not.
    breakout_fraction : float, default 0.25
        Distance beyond the opening range as a fraction of its width; a quarter is more than the
        spread and less than the whole move a breakout is hoped to make.
    skew_fraction_per_min : float, default 0.01
        Change of the skew a minute as a fraction of the ATM volatility; kept up over five minutes
        it is a large part of a skew, which is some tenths of that volatility.
    unconfirmed_cross_confidence : float, default 0.5
        Confidence in the trend until a bar has closed after the one that made the averages cross;
        half, as the next bar undoes many crosses.
    """

    move_sd: Annotated[float, msgspec.Meta(ge=0.1, le=20)] = 2.0
    burst_ratio: Annotated[float, msgspec.Meta(ge=1.1, le=100)] = 3.0
    breakout_fraction: Annotated[float, msgspec.Meta(ge=0.01, le=10)] = 0.25
    skew_fraction_per_min: Annotated[float, msgspec.Meta(ge=0.0001, le=1)] = 0.01
    unconfirmed_cross_confidence: Annotated[float, msgspec.Meta(ge=0, le=1)] = 0.5


def sd_per_root_second(view: MarketView) -> float:
    """Return the volatility that moves are judged by, as a log return per root second.

    The larger of the long realized and the at-the-money implied volatility, of those known: neither
    a quiet tape nor a cheap chain makes an ordinary move look large. The implied one is spread over
    the seconds left to expiry, so the chain's clock does not matter. NaN when neither is known.
    """
    chain = view.chain
    realized = view.indicators.realized_long / _ROOT_YEAR_S
    left_s = (chain.expiry_ns - chain.ts_event) / _NS
    implied = chain.analytics.atm_iv * math.sqrt(chain.years / left_s) if left_s > 0 else math.nan
    if realized > 0 and not implied > realized:
        return realized
    return implied if implied > 0 else math.nan


class Factors:
    """Reads all factors of a view.

    Parameters
    ----------
    params : FactorParams
        Scales.
    indicators : IndicatorParams
        Windows that the view's indicators were measured over.
    open_ns : int
        The session's open, UTC ns.
    """

    __slots__ = ("_gap", "_kink", "_log_burst", "_momentum", "_open_ns", "_params", "_slope")

    def __init__(self, params: FactorParams, indicators: IndicatorParams, open_ns: int) -> None:
        self._params = params
        self._open_ns = open_ns
        self._log_burst = math.log(params.burst_ratio)
        trend_s = indicators.trend_window_s
        per_minute = 60.0
        self._momentum = params.move_sd * math.sqrt(indicators.momentum_window_s)
        self._slope = params.move_sd * per_minute * math.sqrt(6 / (5 * trend_s))
        self._kink = params.move_sd * per_minute * math.sqrt(24 / (5 * trend_s))
        self._gap = params.move_sd * _gap_sd(indicators)

    def read(self, view: MarketView) -> tuple[Reading, ...]:
        """Return each factor's reading, in the order of FACTORS."""
        values = view.indicators
        sd = sd_per_root_second(view)
        momentum = _squashed(values.momentum, sd * self._momentum)
        return (
            self._trend(values, sd),
            momentum,
            _squashed(values.slope, sd * self._slope),
            _squashed(values.acceleration, sd * self._kink),
            self._volume(values, momentum),
            self._vwap(values, sd),
            self._opening_range(values),
            _gamma(view, momentum, sd),
            self._skew(view),
        )

    def _trend(self, values: IndicatorValues, sd: float) -> Reading:
        reading = _squashed(values.ema_gap, sd * self._gap)
        if reading is not UNKNOWN and values.bars_since_cross < 1:
            return Reading(reading.value, self._params.unconfirmed_cross_confidence)
        return reading

    def _volume(self, values: IndicatorValues, momentum: Reading) -> Reading:
        """Say what momentum says, with the confidence that the burst lends it."""
        burst = values.volume_burst
        if math.isnan(burst) or math.isnan(momentum.value):
            return UNKNOWN
        if burst <= 1.0:
            return ABSTAINS
        return Reading(momentum.value, math.tanh(math.log(burst) / self._log_burst))

    def _vwap(self, values: IndicatorValues, sd: float) -> Reading:
        elapsed_s = (values.ts_event - self._open_ns) / _NS
        if elapsed_s <= 0:
            return UNKNOWN
        scale = sd * self._params.move_sd * math.sqrt(elapsed_s / 3)
        return _squashed(values.vwap_distance, scale)

    def _opening_range(self, values: IndicatorValues) -> Reading:
        """Follow a breakout that a bar closed beyond; a wick alone says nothing."""
        position, close = values.range_position, values.bar_close
        if math.isnan(position) or math.isnan(close):
            return UNKNOWN
        if position > 1.0 and close > values.range_high:
            beyond = position - 1.0
        elif position < 0.0 and close < values.range_low:
            beyond = position
        else:
            return ABSTAINS
        return Reading(math.tanh(beyond / self._params.breakout_fraction), 1.0)

    def _skew(self, view: MarketView) -> Reading:
        scale = view.chain.analytics.atm_iv * self._params.skew_fraction_per_min
        return _squashed(-view.indicators.skew_change_per_min, scale)


def _gamma(view: MarketView, momentum: Reading, sd: float) -> Reading:
    """Follow momentum where dealers are short gamma, fade it where long; unsure near the flip."""
    values = view.indicators
    sign = values.gex_sign
    if math.isnan(sign) or math.isnan(momentum.value):
        return UNKNOWN
    confidence = 1.0  # without a flip in reach the sign is as sure as it gets
    if not math.isnan(values.flip_distance):
        left_s = (view.chain.expiry_ns - view.chain.ts_event) / _NS
        expected = sd * math.sqrt(max(left_s, 0.0))
        confidence = math.tanh(abs(values.flip_distance) / expected) if expected > 0 else 1.0
    return Reading(-sign * momentum.value, confidence)


def _squashed(figure: float, scale: float) -> Reading:
    if math.isnan(figure) or not scale > 0:
        return UNKNOWN
    return Reading(math.tanh(figure / scale), 1.0)


def _gap_sd(indicators: IndicatorParams) -> float:
    """Return the gap's standard deviation at a volatility of 1 per root second."""
    fast, slow = (
        (periods - 1) / (periods + 1) for periods in (indicators.fast_bars, indicators.slow_bars)
    )
    variance = (
        fast * fast / (1 - fast * fast)
        + slow * slow / (1 - slow * slow)
        - 2 * fast * slow / (1 - fast * slow)
    )
    return math.sqrt(indicators.bar_s * variance)
