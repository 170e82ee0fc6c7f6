import math

from evidence_memory import Trailing
from series import NS


def ramp(seconds: int) -> Trailing:
    """A figure that is its own time, sampled each 10 s, used from 20 s to 120 s of age."""
    trailing = Trailing(window_s=100, lag_s=20, sample_s=10, min_samples=3)
    for second in range(seconds + 1):
        trailing.update(second * NS, float(second))
    return trailing


def test_window_is_of_the_samples_between_lag_and_lag_plus_window() -> None:
    # Ages 20 to 120 s at 300 s: the samples of 180, 190 ... 280 s.
    assert ramp(300).median == 230.0
    assert ramp(300).scale == 1.4826 * 30.0


def test_disturbance_is_not_usual_before_its_lag() -> None:
    trailing = ramp(200)
    trailing.update(210 * NS, 1e9)
    trailing.update(229 * NS, 1e9)
    assert trailing.median < 1e3


def test_too_few_samples_are_unknown() -> None:
    assert math.isnan(ramp(39).median)
    assert ramp(40).median == 10.0
