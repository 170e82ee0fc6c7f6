import math

import numpy as np
import pytest
from indicator_memory import indicator_memory
from series import NS

from autotrade_0dte.indicators.params import IndicatorParams
from autotrade_0dte.indicators.volume import take_volume

OPEN_NS = 1_000 * NS


def volume(per_second: list[float], usual: list[float] | None = None) -> tuple[float, float]:
    """Return rate and burst after these seconds from the open, windows of 10 and 40 s."""
    params = IndicatorParams(burst_window_s=10, volume_trailing_s=40)
    memory = indicator_memory(params, open_ns=OPEN_NS, usual=usual)
    for n, total in enumerate(np.cumsum([0.0, *per_second])):
        found = take_volume(memory, OPEN_NS + n * NS, float(total))
    return found


def test_burst_is_compared_with_the_trailing_rate_that_leaves_it_out() -> None:
    assert volume([100.0] * 40 + [500.0] * 10) == (500.0, 5.0)


def test_burst_is_unknown_until_the_trailing_window_is_full() -> None:
    assert math.isnan(volume([100.0] * 39)[1])
    assert volume([100.0] * 40)[1] == 1.0


def test_profile_is_used_from_the_first_burst_window_on() -> None:
    assert math.isnan(volume([100.0] * 9, [50.0])[1])
    assert volume([100.0] * 10, [50.0])[1] == 2.0


def test_profile_is_that_of_the_minute_in_the_middle_of_the_window() -> None:
    assert volume([100.0] * 64, [50.0, 200.0])[1] == 2.0
    assert volume([100.0] * 65, [50.0, 200.0])[1] == 0.5


def test_minute_that_the_profile_does_not_know_falls_back_to_the_trailing_rate() -> None:
    assert volume([100.0] * 50, [math.nan])[1] == 1.0
    assert volume([100.0] * 80, [50.0])[1] == 1.0


@pytest.mark.parametrize("usual", [[0.0], [0.0, 0.0]])
def test_minute_without_usual_volume_leaves_the_burst_unknown(usual: list[float]) -> None:
    rate, burst = volume([100.0] * 50, usual)
    assert rate == 100.0
    assert math.isnan(burst)
