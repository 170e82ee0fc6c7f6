import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from indicator_memory import indicator_memory
from series import NS, Series, timed_prices

from autotrade_0dte.indicators.ema import close_at, take_close, take_price
from autotrade_0dte.indicators.params import IndicatorParams


class Bars:
    """Bars of one width."""

    def __init__(self, width_s: float) -> None:
        self._bars = indicator_memory(IndicatorParams(bar_s=width_s)).state["bars"]

    def add(self, ts_event: int, price: float) -> float:
        return take_price(self._bars, ts_event, price)

    def at(self, now_ns: int) -> float:
        return close_at(self._bars, now_ns)


class Cross:
    """Two averages of closes."""

    def __init__(self, fast_bars: int, slow_bars: int) -> None:
        params = IndicatorParams(fast_bars=fast_bars, slow_bars=slow_bars)
        self._cross = indicator_memory(params).state["cross"]

    def update(self, close: float) -> float:
        """Take a close and return the fast average."""
        take_close(self._cross, close)
        return float(self._cross["fast"]["value"])

    def __getattr__(self, name: str) -> float:
        return float(self._cross[name])


PRICES = st.lists(st.floats(1.0, 1e4), min_size=1, max_size=60)


@given(PRICES, st.integers(1, 12))
def test_ema_equals_the_whole_series_computed_at_once(prices: list[float], period: int) -> None:
    ema = Cross(period, period + 1)
    values = [ema.update(price) for price in prices]
    assert all(math.isnan(value) for value in values[: period - 1])
    if len(prices) >= period:
        slow = float(np.mean(prices[:period]))
        for price in prices[period:]:
            slow = (2 * price + (period - 1) * slow) / (period + 1)
        assert values[-1] == pytest.approx(slow, rel=1e-9)


def test_ema_starts_as_the_mean_and_then_weighs_the_newest_close() -> None:
    ema = Cross(3, 4)
    assert [ema.update(price) for price in (1.0, 2.0)] == pytest.approx([math.nan] * 2, nan_ok=True)
    assert [ema.update(price) for price in (6.0, 5.0)] == [3.0, 4.0]


def test_ema_without_a_period_raises() -> None:
    with pytest.raises(ValueError, match="Expected a period of at least 1 bar, was 0"):
        indicator_memory(IndicatorParams(fast_bars=0))


@given(timed_prices(), st.integers(1, 60))
def test_bar_closes_equal_the_last_prints_of_the_bars(series: Series, width_s: int) -> None:
    bars = Bars(width_s)
    closes = []
    for ts, price in series:
        closes += [bars.add(ts, price), bars.at(ts)]
    last_of_bar = {-(-ts // (width_s * NS)): price for ts, price in series}
    open_bar = series[-1][0] % (width_s * NS) != 0
    expected = list(last_of_bar.values())[: -1 if open_bar else None]
    assert [close for close in closes if not math.isnan(close)] == expected


def test_bar_closes_at_its_end_and_only_once() -> None:
    bars = Bars(60)
    assert math.isnan(bars.add(30 * NS, 1.0))
    assert math.isnan(bars.at(60 * NS - 1))
    assert bars.at(60 * NS) == 1.0
    assert math.isnan(bars.at(60 * NS))
    assert math.isnan(bars.add(70 * NS, 2.0))


def test_print_at_the_end_of_a_bar_is_its_close() -> None:
    bars = Bars(60)
    assert math.isnan(bars.add(59 * NS, 1.0))
    assert math.isnan(bars.add(60 * NS, 2.0))
    assert bars.at(60 * NS) == 2.0


def test_bar_without_a_price_is_left_out() -> None:
    bars = Bars(60)
    closes = [bars.add(s * NS, float(s)) for s in (1, 30, 600, 659, 661)]
    assert [close for close in closes if not math.isnan(close)] == [30.0, 600.0, 659.0]


def test_print_that_arrives_after_its_bar_has_closed_counts_to_the_next() -> None:
    bars = Bars(60)
    bars.add(50 * NS, 1.0)
    assert bars.at(60 * NS) == 1.0
    bars.add(55 * NS, 2.0)
    assert math.isnan(bars.at(61 * NS))
    assert bars.at(120 * NS) == 2.0


def test_cross_counts_the_bars_since_the_averages_changed_sides() -> None:
    cross = Cross(1, 2)
    seen = []
    for close in (10.0, 10.0, 11.0, 12.0, 9.0, 8.0, 12.0):
        cross.update(close)
        seen.append((cross.bars_since, (cross.gap > 0) - (cross.gap < 0)))
    counts, sides = zip(*seen, strict=True)
    assert counts == pytest.approx((math.nan,) * 4 + (0.0, 1.0, 0.0), nan_ok=True)
    assert sides == (0, 0, 1, 1, -1, -1, 1)
    assert cross.close == 12.0


def test_averages_that_meet_have_not_crossed() -> None:
    cross = Cross(1, 2)
    for close in (10.0, 12.0, 11.0 + 1 / 3, 10.0):
        cross.update(close)
    assert cross.bars_since == 0.0
    touching = Cross(1, 2)
    for close in (2.0, 2.0, 2.0):
        touching.update(close)
    assert touching.gap == 0.0
    assert math.isnan(touching.bars_since)
