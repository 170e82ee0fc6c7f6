import math

import msgspec
import pytest
from evidence_memory import Volatility
from series import NS

from autotrade_0dte.market_state.params import DetectorParams

PARAMS = DetectorParams(reference_s=60, reference_lag_s=5, sample_s=1, min_samples=5)


def watch_of(*values: float, second: tuple[float, ...] = (), noise: float = 0.0) -> Volatility:
    """A value a second after a minute of 0.20, with a floor of 1 % and a window of 1 s."""
    watch = Volatility(msgspec.structs.replace(PARAMS, change_window_s=1), has_step=False)
    steady = len(second) * (20.0,)
    for k, value in enumerate((*60 * [0.20], *values), start=1):
        other = ((60 * steady[:1]) + second)[k - 1] if second else math.nan
        watch.update(k * NS, value, other, noise)
    return watch


def test_level_is_relative_to_what_it_was_and_change_to_a_window_ago() -> None:
    watch = watch_of(0.22, 0.24)
    assert watch.level == pytest.approx(math.log(1.2))
    assert watch.level_score == pytest.approx(math.log(1.2) / 0.01)
    assert watch.change == pytest.approx(math.log(0.24 / 0.22))


@pytest.mark.parametrize(("second", "change"), [(20.2, 0.00995), (26.0, math.log(1.2))])
def test_change_is_the_lesser_of_two_estimates(second: float, change: float) -> None:
    assert watch_of(0.24, second=(second,)).change == pytest.approx(change, abs=1e-4)


def test_change_within_what_the_quotes_leave_open_scores_less_than_one() -> None:
    assert watch_of(0.21).change_score > 4
    assert watch_of(0.21, noise=0.05).change_score < 1


def test_unknown_volatility_has_no_change() -> None:
    assert math.isnan(watch_of(math.nan).change)
    assert math.isnan(watch_of(math.nan).level)


def test_change_over_a_stop_of_the_data_is_unknown_until_a_window_has_passed() -> None:
    watch = watch_of(0.20, second=(20.0,))
    changes = []
    for at_s in (70, 70.5, 71, 71.5):
        watch.update(round(at_s * NS), 0.24, 24.0)
        changes.append(watch.change)
    assert all(map(math.isnan, changes[:2]))
    assert changes[2:] == [0.0, 0.0]
    assert watch.level == pytest.approx(math.log(1.2))


class Steps:
    """A value a second after a minute of 0.20; a window of 12 s with a floor of 1 %, and a step
    of 3 s with one of 0.5 %, which is worth 6 at most.
    """

    def __init__(self) -> None:
        self.second = 0
        params = msgspec.structs.replace(PARAMS, change_window_s=12, step_window_s=3)
        self.watch = Volatility(params, step_most=6.0)
        self.scores(*60 * [0.0])

    def scores(self, *rises: float, noise: float = 0.0, second: float = 1.0) -> list[float]:
        """Return the score at each logarithmic rise above 0.20; the second estimate has a share."""
        seen = []
        for rise in rises:
            self.second += 1
            first, other = 0.20 * math.exp(rise), 20.0 * math.exp(second * rise)
            self.watch.update(self.second * NS, first, other, noise)
            seen.append(self.watch.change_score)
        return seen


def test_step_stands_out_while_it_is_sudden_and_is_a_change_after() -> None:
    assert Steps().scores(*13 * [0.025]) == pytest.approx(3 * [5.0] + 9 * [2.5] + [0.0])


def test_change_of_a_step_is_that_of_the_long_window() -> None:
    steps = Steps()
    steps.scores(0.01, 0.02, 0.03, 0.04, 0.05)
    assert steps.watch.change == pytest.approx(0.05)


def test_slow_rise_of_the_same_size_is_no_step() -> None:
    assert max(Steps().scores(*(0.0025 * k for k in range(1, 11)))) == pytest.approx(2.5)


def test_step_is_worth_its_most_and_the_change_what_it_is() -> None:
    assert Steps().scores(0.04) == pytest.approx([6.0])
    assert Steps().scores(0.09) == pytest.approx([9.0])


def test_fall_is_no_step() -> None:
    assert Steps().scores(-0.025) == pytest.approx([-2.5])


def test_step_is_the_lesser_of_two_estimates() -> None:
    assert Steps().scores(0.025, second=0.4) == pytest.approx([2.0])


def test_step_within_what_the_quotes_leave_open_scores_less_than_one() -> None:
    assert Steps().scores(0.025, noise=0.03)[0] < 1


def test_step_after_a_stop_of_the_data_waits_for_the_change() -> None:
    steps = Steps()
    steps.second += 40
    scores = steps.scores(*8 * [0.0], *5 * [0.025])
    assert all(map(math.isnan, scores[:12]))
    assert not math.isnan(scores[12])
