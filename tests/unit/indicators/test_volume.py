import math

import numpy as np
import pytest
from series import NS

from autotrade_0dte.indicators.volume import VolumeBurst

OPEN_NS = 1_000 * NS


def volume(per_second: list[float], usual: list[float] | None = None) -> VolumeBurst:
    """Return the indicator after these seconds from the open, windows of 10 and 40 s."""
    burst = VolumeBurst(10, 40, OPEN_NS, None if usual is None else np.array(usual))
    for n, total in enumerate(np.cumsum([0.0, *per_second])):
        burst.update(OPEN_NS + n * NS, float(total))
    return burst


def test_burst_is_compared_with_the_trailing_rate_that_leaves_it_out() -> None:
    burst = volume([100.0] * 40 + [500.0] * 10)
    assert burst.rate == 500.0
    assert burst.burst == 5.0


def test_burst_is_unknown_until_the_trailing_window_is_full() -> None:
    assert math.isnan(volume([100.0] * 39).burst)
    assert volume([100.0] * 40).burst == 1.0


def test_profile_is_used_from_the_first_burst_window_on() -> None:
    assert math.isnan(volume([100.0] * 9, [50.0]).burst)
    assert volume([100.0] * 10, [50.0]).burst == 2.0


def test_profile_is_that_of_the_minute_in_the_middle_of_the_window() -> None:
    assert volume([100.0] * 64, [50.0, 200.0]).burst == 2.0
    assert volume([100.0] * 65, [50.0, 200.0]).burst == 0.5


def test_minute_that_the_profile_does_not_know_falls_back_to_the_trailing_rate() -> None:
    assert volume([100.0] * 50, [math.nan]).burst == 1.0
    assert volume([100.0] * 80, [50.0]).burst == 1.0


@pytest.mark.parametrize("usual", [[0.0], [0.0, 0.0]])
def test_minute_without_usual_volume_leaves_the_burst_unknown(usual: list[float]) -> None:
    burst = volume([100.0] * 50, usual)
    assert burst.rate == 100.0
    assert math.isnan(burst.burst)
