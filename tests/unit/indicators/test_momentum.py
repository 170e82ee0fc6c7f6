import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from indicator_memory import indicator_memory
from series import NS, Series, timed_prices

from autotrade_0dte.indicators.lagged import rows_before
from autotrade_0dte.indicators.momentum import momentum_at
from autotrade_0dte.indicators.params import IndicatorParams
from autotrade_0dte.indicators.trend import add_print
from autotrade_0dte.indicators.volume import take_volume


class Momentum:
    """The momentum of prints over one window."""

    def __init__(self, window_s: float) -> None:
        self._memory = indicator_memory(IndicatorParams(momentum_window_s=window_s))

    def add(self, ts_event: int, price: float) -> None:
        add_print(self._memory, ts_event, price, 0)

    def at(self, now_ns: int) -> float:
        return momentum_at(self._memory, now_ns)


@given(timed_prices(), st.integers(1, 60), st.integers(0, 90 * NS))
def test_momentum_equals_a_search_of_the_whole_series(
    series: Series, window_s: int, wait_ns: int
) -> None:
    momentum = Momentum(window_s)
    asked = [*(ts for ts, _ in series), series[-1][0] + wait_ns]
    for n, now in enumerate(asked):
        known = series[: n + 1]
        if n < len(series):
            momentum.add(*series[n])
        ages = [(now - ts, price) for ts, price in known]
        old = [price for age, price in ages if window_s * NS <= age]
        last = [price for age, price in ages if window_s * NS <= age < 2 * window_s * NS]
        if last and ages[-1][0] < window_s * NS:
            assert last[-1] == old[-1]
            assert momentum.at(now) == math.log(known[-1][1] / last[-1])
        else:
            assert math.isnan(momentum.at(now))


def test_momentum_is_measured_from_the_last_price_before_the_window() -> None:
    momentum = Momentum(60)
    momentum.add(1, 100.0)
    momentum.add(10 * NS, 110.0)
    momentum.add(100 * NS, 121.0)
    assert momentum.at(100 * NS) == pytest.approx(math.log(1.1))


def test_momentum_over_a_stop_of_the_data_is_unknown_until_a_window_has_passed() -> None:
    momentum = Momentum(60)
    momentum.add(10 * NS, 100.0)
    momentum.add(129 * NS, 110.0)
    assert momentum.at(129 * NS) == pytest.approx(math.log(1.1))
    assert math.isnan(momentum.at(130 * NS))
    momentum.add(160 * NS, 110.0)
    assert math.isnan(momentum.at(189 * NS - 1))
    assert momentum.at(189 * NS) == 0.0


def test_momentum_of_a_price_that_nobody_renewed_is_unknown_and_not_zero() -> None:
    momentum = Momentum(60)
    momentum.add(50 * NS, 100.0)
    momentum.add(100 * NS, 101.0)
    assert momentum.at(160 * NS - 1) > 0
    assert math.isnan(momentum.at(160 * NS))


def test_momentum_counts_a_price_exactly_as_old_as_the_window() -> None:
    momentum = Momentum(60)
    momentum.add(NS, 100.0)
    momentum.add(60 * NS, 110.0)
    assert math.isnan(momentum.at(61 * NS - 1))
    assert momentum.at(61 * NS) == pytest.approx(math.log(1.1))


def test_lagged_value_of_one_time_is_the_last_of_them() -> None:
    memory = indicator_memory(IndicatorParams(burst_window_s=1))
    for now_s, shares in ((1, 1.0), (1, 2.0), (2, 5.0)):
        rate, _ = take_volume(memory, now_s * NS, shares)
    assert rate == 3.0
    assert rows_before(memory.state["burst"], memory.volumes, 3, 2 * NS) == 2


def test_window_without_length_raises() -> None:
    with pytest.raises(ValueError, match="Expected a window above 0 s, was -1"):
        Momentum(-1)
