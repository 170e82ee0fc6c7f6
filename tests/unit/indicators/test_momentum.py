import math

import pytest
from hypothesis import given
from hypothesis import strategies as st
from series import NS, Series, timed_prices

from autotrade_0dte.indicators.lagged import Lagged
from autotrade_0dte.indicators.momentum import Momentum


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
    lagged = Lagged(1)
    lagged.add(NS, 1.0)
    lagged.add(NS, 2.0)
    assert lagged.at(2 * NS) == 2.0


def test_window_without_length_raises() -> None:
    with pytest.raises(ValueError, match="Expected a window above 0 s, was -1"):
        Momentum(-1)
