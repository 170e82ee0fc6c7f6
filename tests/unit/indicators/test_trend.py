import math

import pytest
from indicator_memory import indicator_memory
from series import NS

from autotrade_0dte.indicators.log_price import fixed_log
from autotrade_0dte.indicators.params import IndicatorParams
from autotrade_0dte.indicators.trend import add_print, trend_at


def trend(*logs_at: tuple[float, float], now_s: float) -> tuple[float, float]:
    """Return slope and acceleration over 40 s after prints at (seconds, log price)."""
    memory = indicator_memory(IndicatorParams(trend_window_s=40))
    for at_s, log in logs_at:
        price = math.exp(log)
        add_print(memory, round((100 + at_s) * NS), price, fixed_log(price))
    return trend_at(memory, round((100 + now_s) * NS))


def test_slope_of_a_straight_line_is_per_minute_and_does_not_accelerate() -> None:
    slope, acceleration = trend(
        *((at_s, 6.0 + 0.001 * at_s) for at_s in (0, 3, 11, 25, 26, 40)), now_s=40
    )
    assert slope == pytest.approx(0.06)
    assert acceleration == pytest.approx(0.0, abs=1e-9)


def test_acceleration_is_the_slope_of_the_later_half_less_that_of_the_earlier() -> None:
    up_then_down = [(0, 6.0), (10, 6.0), (20, 6.01), (30, 6.01), (40, 6.0)]
    _, acceleration = trend(*up_then_down, now_s=40)
    assert acceleration == pytest.approx(-0.06 - 0.06)


@pytest.mark.parametrize(
    ("prints", "known"),
    [
        ([0, 10, 20, 30, 40], (True, True)),
        ([0, 10, 20, 40], (True, False)),
        ([0, 20, 30, 40], (True, False)),
        ([0, 30, 40], (False, False)),
        ([0.001, 10, 20, 30, 40], (False, False)),
    ],
    ids=["full", "late half thin", "early half thin", "two prints", "not as old as the window"],
)
def test_slope_needs_three_prints_and_either_half_two(
    prints: list[float], known: tuple[bool, bool]
) -> None:
    slope, acceleration = trend(*((at_s, 6.0) for at_s in prints), now_s=40)
    assert (not math.isnan(slope), not math.isnan(acceleration)) == known
