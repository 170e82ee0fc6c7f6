import math

import pytest

from autotrade_0dte.market_state.standard import Figure, Standard
from autotrade_0dte.market_state.trailing import Trailing
from autotrade_0dte.market_state.volatility import VolatilityWatch

NS = 1_000_000_000


def watch_of(*values: float, second: tuple[float, ...] = (), noise: float = 0.0) -> VolatilityWatch:
    """A value a second after a minute of 0.20, with a floor of 1 % and a window of 1 s."""

    def trailing() -> Trailing:
        return Trailing(window_s=60, lag_s=5, sample_s=1, min_samples=5)

    standard = Standard("x", 0.01, profile=None, trailing_minutes=390)
    watch = VolatilityWatch(standard, trailing(), Figure(standard, trailing()), window_s=1)
    steady = len(second) * (20.0,)
    for k, value in enumerate((*60 * [0.20], *values), start=1):
        other = ((60 * steady[:1]) + second)[k - 1] if second else math.nan
        watch.update(0, k * NS, value, other, noise)
    return watch


def test_level_is_relative_to_what_it_was_and_change_to_a_window_ago() -> None:
    watch = watch_of(0.22, 0.24)
    assert watch.level == pytest.approx(math.log(1.2))
    assert watch.level_score == pytest.approx(math.log(1.2) / 0.01)
    assert watch.change.value == pytest.approx(math.log(0.24 / 0.22))


@pytest.mark.parametrize(("second", "change"), [(20.2, 0.00995), (26.0, math.log(1.2))])
def test_change_is_the_lesser_of_two_estimates(second: float, change: float) -> None:
    assert watch_of(0.24, second=(second,)).change.value == pytest.approx(change, abs=1e-4)


def test_change_within_what_the_quotes_leave_open_scores_less_than_one() -> None:
    assert watch_of(0.21).change.score > 4
    assert watch_of(0.21, noise=0.05).change.score < 1


def test_unknown_volatility_has_no_change() -> None:
    assert math.isnan(watch_of(math.nan).change.value)
    assert math.isnan(watch_of(math.nan).level)


def test_change_over_a_stop_of_the_data_is_unknown_until_a_window_has_passed() -> None:
    watch = watch_of(0.20, second=(20.0,))
    changes = []
    for at_s in (70, 70.5, 71, 71.5):
        watch.update(1, round(at_s * NS), 0.24, 24.0)
        changes.append(watch.change.value)
    assert all(map(math.isnan, changes[:2]))
    assert changes[2:] == [0.0, 0.0]
    assert watch.level == pytest.approx(math.log(1.2))
