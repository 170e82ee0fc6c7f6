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
        old = [price for ts, price in known if ts <= now - window_s * NS]
        if old and known[-1][0] > now - window_s * NS:
            assert momentum.at(now) == math.log(known[-1][1] / old[-1])
        else:
            assert math.isnan(momentum.at(now))


def test_momentum_across_a_gap_is_measured_from_the_last_price_before_the_window() -> None:
    momentum = Momentum(60)
    momentum.add(1, 100.0)
    momentum.add(10 * NS, 110.0)
    momentum.add(600 * NS, 121.0)
    assert momentum.at(600 * NS) == pytest.approx(math.log(1.1))
    assert momentum.at(659 * NS) == pytest.approx(math.log(1.1))


def test_momentum_of_a_price_that_nobody_renewed_is_unknown_and_not_zero() -> None:
    momentum = Momentum(60)
    momentum.add(1, 100.0)
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
