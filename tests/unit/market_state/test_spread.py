import math
from itertools import cycle, islice

import pytest

from autotrade_0dte.market_state.spread import SpreadWatch
from autotrade_0dte.market_state.standard import Figure, Standard
from autotrade_0dte.market_state.trailing import Trailing

NS = 1_000_000_000
FLOOR = 0.2
WARM_UP_S = 60
COMING_DOWN = [8e-4 * 8 ** (-second / WARM_UP_S) for second in range(WARM_UP_S)]


class Quotes:
    """Spreads a second apart, judged by the last minute; the window of the change is 3 s."""

    def __init__(self, *usual: float) -> None:
        standard = Standard("x", FLOOR, profile=None, trailing_minutes=390)
        self.watch = SpreadWatch(
            Figure(standard, self._trailing()), Figure(standard, self._trailing()), window_s=3
        )
        self._second = 0
        self.take(*islice(cycle(usual), WARM_UP_S))

    def take(self, *spreads: float, after_s: int = 1) -> list[float]:
        scores = []
        for spread in spreads:
            self._second += after_s
            self.watch.update(0, self._second * NS, spread)
            scores.append(self.watch.score)
        return scores

    @staticmethod
    def _trailing() -> Trailing:
        return Trailing(window_s=60, lag_s=5, sample_s=1, min_samples=5)


def test_value_is_the_logarithm_of_the_spread() -> None:
    quotes = Quotes(1e-4)
    quotes.take(3e-4)
    assert quotes.watch.value == pytest.approx(math.log(3e-4))


def test_wide_spread_stays_evidence_by_its_level_when_its_change_is_over() -> None:
    scores = Quotes(1e-4).take(*5 * [3e-4])
    assert scores == pytest.approx(5 * [math.log(3) / FLOOR])


def test_sudden_widening_is_evidence_where_spreads_have_come_down_all_hour() -> None:
    scores = Quotes(*COMING_DOWN).take(*5 * [8e-4])
    assert min(scores[:3]) > 10.0
    assert max(scores[3:]) < 2.0


def test_tightening_is_no_evidence() -> None:
    assert max(Quotes(1e-4).take(*5 * [0.2e-4])) <= 0.0


def test_widening_over_a_stop_of_the_data_is_judged_by_level_alone() -> None:
    (score,) = Quotes(*COMING_DOWN).take(8e-4, after_s=6)
    assert score < 2.0


@pytest.mark.parametrize("unknown", [math.nan, 0.0])
def test_unknown_spread_is_unknown(unknown: float) -> None:
    quotes = Quotes(1e-4)
    (score,) = quotes.take(unknown)
    assert math.isnan(score)
    assert math.isnan(quotes.watch.value)


def test_change_is_judged_before_the_level_is_known_and_neither_at_first() -> None:
    standard = Standard("x", FLOOR, profile=None, trailing_minutes=390)
    late = Trailing(window_s=60, lag_s=5, sample_s=1, min_samples=1_000)
    soon = Trailing(window_s=60, lag_s=5, sample_s=1, min_samples=5)
    watch = SpreadWatch(Figure(standard, late), Figure(standard, soon), window_s=1)
    watch.update(0, NS, 1e-4)
    assert math.isnan(watch.score)
    for second in range(2, 30):
        watch.update(0, second * NS, 1e-4)
    watch.update(0, 30 * NS, 3e-4)
    assert watch.score == pytest.approx(math.log(3) / FLOOR)
