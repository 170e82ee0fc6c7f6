"""All indicators of one session, brought up to date by each chain snapshot."""

import math

import numpy as np
from numpy.typing import NDArray

from autotrade_0dte.chain.change import ChangePerMinute
from autotrade_0dte.chain.snapshot import ChainSnapshot
from autotrade_0dte.indicators.ema import BarCloses, EmaCross
from autotrade_0dte.indicators.lagged import nanoseconds
from autotrade_0dte.indicators.log_price import fixed_log
from autotrade_0dte.indicators.momentum import Momentum
from autotrade_0dte.indicators.opening_range import OpeningRange
from autotrade_0dte.indicators.params import IndicatorParams
from autotrade_0dte.indicators.trend import Trend
from autotrade_0dte.indicators.values import IndicatorValues
from autotrade_0dte.indicators.volatility import RealizedVolatility, Returns
from autotrade_0dte.indicators.volume import VolumeBurst
from autotrade_0dte.indicators.walls import walls

__all__ = ["IndicatorPanel"]

_NS = 1_000_000_000


class IndicatorPanel:
    """Indicators of one session.

    A price is observed once, at the time of its print: a snapshot that repeats it adds nothing,
    though windows go on. Prints outside the session are not looked at, nor one that is older than
    the newest seen; a print stamped after its snapshot (clock skew of a live feed) counts as of the
    snapshot.

    Parameters
    ----------
    params : IndicatorParams
        Windows.
    open_ns, close_ns : int
        The session, UTC ns.
    usual_volume_rate : float64 (minutes of the session,), optional
        Usual shares a second in each minute after the open, NaN where unknown.
    """

    def __init__(
        self,
        params: IndicatorParams,
        *,
        open_ns: int,
        close_ns: int,
        usual_volume_rate: NDArray[np.float64] | None = None,
    ) -> None:
        self._open_ns = open_ns
        self._close_ns = close_ns
        self._now_ns = 0
        self._price_ns = 0
        self._price = math.nan
        self._first_gap_ns = nanoseconds(params.opening_gap_s)
        self._is_whole = False
        self._bars = BarCloses(params.bar_s)
        self._averages = EmaCross(params.fast_bars, params.slow_bars)
        self._momentum = Momentum(params.momentum_window_s)
        self._volume = VolumeBurst(
            params.burst_window_s, params.volume_trailing_s, open_ns, usual_volume_rate
        )
        self._trend = Trend(params.trend_window_s)
        self._returns = Returns(params.return_s)
        self._short = RealizedVolatility(params.realized_short_s, params.min_returns)
        self._long = RealizedVolatility(params.realized_long_s, params.min_returns)
        self._opening = OpeningRange(open_ns, params.opening_range_s, params.opening_gap_s)
        self._skew_change = ChangePerMinute(params.skew_window_s)

    def update(self, chain: ChainSnapshot) -> IndicatorValues:
        """Take the next snapshot and return the indicators as of its instant.

        Raises ValueError for a snapshot that is older than the one before.
        """
        now_ns = chain.ts_event
        if now_ns < self._now_ns:
            raise ValueError(f"Expected a snapshot from {self._now_ns} ns on, was {now_ns}")
        self._now_ns = now_ns
        tape = chain.tape
        price_ns = min(tape.ts_event, now_ns)
        if self._price_ns < price_ns and self._open_ns <= price_ns <= self._close_ns:
            self._take_print(price_ns, chain.spot)

        self._take_close(self._bars.at(now_ns))
        self._trend.update(now_ns)
        self._opening.update(now_ns)
        self._volume.update(now_ns, tape.volume)
        short, long = self._short.at(now_ns), self._long.at(now_ns)
        averages, opening, price = self._averages, self._opening, self._price
        width = opening.high - opening.low
        vwap = tape.turnover / tape.volume if self._is_whole and tape.volume > 0.0 else math.nan

        analytics = chain.analytics
        gex = analytics.gex
        call_wall, put_wall, age_s = walls(
            chain.strike, chain.is_call, chain.gex, chain.quote_age_s
        )
        return IndicatorValues(
            ts_event=now_ns,
            price_ns=self._price_ns,
            ema_fast=averages.fast.value,
            ema_slow=averages.slow.value,
            ema_gap=averages.gap,
            bars_since_cross=averages.bars_since,
            bar_close=averages.close,
            momentum=self._momentum.at(now_ns),
            volume_rate=self._volume.rate,
            volume_burst=self._volume.burst,
            slope=self._trend.slope,
            acceleration=self._trend.acceleration,
            realized_short=short,
            realized_long=long,
            realized_ratio=short / long if long > 0.0 else math.nan,
            range_high=opening.high,
            range_low=opening.low,
            range_position=(price - opening.low) / width if width > 0.0 else math.nan,
            vwap=vwap,
            vwap_distance=_log_ratio(price, vwap),
            iv_change_per_min=analytics.atm_iv_change_per_min,
            skew_change_per_min=self._skew_per_min(now_ns, age_s, analytics.skew),
            gex_sign=gex / abs(gex) if gex else gex,
            flip_distance=_log_ratio(chain.forward, analytics.gex_flip),
            call_wall=call_wall,
            put_wall=put_wall,
        )

    def _take_print(self, price_ns: int, price: float) -> None:
        if not price > 0.0:
            return
        log_price = fixed_log(price)
        if not self._price_ns:  # what was traded before a later start is not in the tape
            self._is_whole = price_ns - self._open_ns <= self._first_gap_ns
        self._price_ns = price_ns
        self._price = price
        self._take_close(self._bars.add(price_ns, price))
        self._momentum.add(price_ns, price)
        self._trend.add(price_ns, log_price)
        self._opening.add(price_ns, price)
        if self._returns.add(price_ns, log_price):
            self._short.add(price_ns, self._returns.total)
            self._long.add(price_ns, self._returns.total)

    def _take_close(self, close: float) -> None:
        if not math.isnan(close):
            self._averages.update(close)

    def _skew_per_min(self, now_ns: int, age_s: float, skew: float) -> float:
        """Return the change of the skew; it is as old as the newest quote of the chain."""
        if math.isnan(age_s):
            return math.nan
        return self._skew_change.update(now_ns - round(age_s * _NS), skew)


def _log_ratio(value: float, base: float) -> float:
    return math.log(value / base) if value > 0.0 and base > 0.0 else math.nan
