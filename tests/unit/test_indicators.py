import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from autotrade_0dte.indicators.ema import BarCloses, Ema
from autotrade_0dte.indicators.momentum import Momentum

NS = 1_000_000_000

PRICES = st.lists(st.floats(1.0, 1e4), min_size=1, max_size=60)
SERIES = st.lists(st.tuples(st.integers(0, 20), st.floats(1.0, 1e4)), min_size=1, max_size=60)


@given(PRICES, st.integers(1, 12))
def test_ema_equals_the_whole_series_computed_at_once(prices: list[float], period: int) -> None:
    ema = Ema(period)
    values = [ema.update(price) for price in prices]
    assert all(math.isnan(value) for value in values[: period - 1])
    if len(prices) >= period:
        slow = float(np.mean(prices[:period]))
        for price in prices[period:]:
            slow = (2 * price + (period - 1) * slow) / (period + 1)
        assert values[-1] == pytest.approx(slow, rel=1e-9)


def test_bar_closes_give_the_last_price_when_a_later_bar_begins() -> None:
    bars = BarCloses(60)
    seen = [bars.update(s * NS, p) for s, p in [(0, 1.0), (59, 2.0), (60, 3.0), (200, 4.0)]]
    assert [math.isnan(close) for close in seen] == [True, True, False, False]
    assert seen[2:] == [2.0, 3.0]


@given(SERIES, st.integers(1, 60))
def test_momentum_equals_a_search_of_the_whole_series(
    steps: list[tuple[int, float]], window_s: int
) -> None:
    momentum = Momentum(window_s)
    times = np.cumsum([step for step, _ in steps]) * NS
    for n, (_, price) in enumerate(steps):
        value = momentum.update(int(times[n]), price)
        old = [k for k in range(n + 1) if times[k] <= times[n] - window_s * NS]
        if old:
            assert value == pytest.approx(math.log(price / steps[old[-1]][1]), abs=1e-12)
        else:
            assert math.isnan(value)


@pytest.mark.parametrize("make", [lambda: Ema(0), lambda: BarCloses(0), lambda: Momentum(-1)])
def test_window_without_length_raises(make: object) -> None:
    with pytest.raises(ValueError, match="Expected a"):
        make()  # type: ignore[operator]


def test_ema_starts_as_the_mean_and_then_weighs_the_newest_close() -> None:
    ema = Ema(3)
    assert [ema.update(price) for price in (1.0, 2.0)] == pytest.approx([math.nan] * 2, nan_ok=True)
    assert [ema.update(price) for price in (6.0, 5.0)] == [3.0, 4.0]
    assert ema.value == 4.0


def test_bars_are_aligned_to_the_epoch_and_not_to_the_first_price() -> None:
    bars = BarCloses(60)
    assert math.isnan(bars.update(59 * NS, 1.0))
    assert bars.update(60 * NS, 2.0) == 1.0


def test_bar_without_a_price_is_left_out() -> None:
    bars = BarCloses(60)
    closes = [bars.update(s * NS, float(s)) for s in (0, 30, 600, 659, 660)]
    assert [close for close in closes if not math.isnan(close)] == [30.0, 659.0]


def test_momentum_across_a_gap_is_measured_from_the_last_price_before_the_window() -> None:
    momentum = Momentum(60)
    momentum.update(0, 100.0)
    momentum.update(10 * NS, 110.0)
    assert momentum.update(600 * NS, 121.0) == pytest.approx(math.log(1.1))
    assert momentum.value == pytest.approx(math.log(1.1))


def test_momentum_counts_a_price_exactly_as_old_as_the_window() -> None:
    momentum = Momentum(60)
    momentum.update(0, 100.0)
    assert math.isnan(momentum.update(60 * NS - 1, 105.0))
    assert momentum.update(60 * NS, 110.0) == pytest.approx(math.log(1.1))
