import math
from itertools import cycle, islice

import msgspec
import pytest
from evidence_memory import figure, memory_of, row, window_row
from series import NS

from autotrade_0dte.market_state.memory import Memory
from autotrade_0dte.market_state.params import DetectorParams
from autotrade_0dte.market_state.spread import spread_score, take_spread

FLOOR = 0.2
PARAMS = DetectorParams(
    reference_s=60, reference_lag_s=5, sample_s=1, min_samples=5, change_window_s=3
)
LEVEL, CHANGE, WINDOW = row("spread"), row("spread_change"), window_row("spread")
WARM_UP_S = 60
COMING_DOWN = [8e-4 * 8 ** (-second / WARM_UP_S) for second in range(WARM_UP_S)]


def score(memory: Memory, second: int, spread: float) -> float:
    take_spread(memory, LEVEL, CHANGE, WINDOW, 0, second * NS, spread)
    return spread_score(memory, LEVEL, CHANGE)


class Quotes:
    """Spreads a second apart, judged by the last minute; the window of the change is 3 s."""

    def __init__(self, *usual: float) -> None:
        self.memory = memory_of(PARAMS)
        self._second = 0
        self.take(*islice(cycle(usual), WARM_UP_S))

    def take(self, *spreads: float, after_s: int = 1) -> list[float]:
        scores = []
        for spread in spreads:
            self._second += after_s
            scores.append(score(self.memory, self._second, spread))
        return scores

    @property
    def value(self) -> float:
        return float(figure(self.memory, "spread")["value"])


def test_value_is_the_logarithm_of_the_spread() -> None:
    quotes = Quotes(1e-4)
    quotes.take(3e-4)
    assert quotes.value == pytest.approx(math.log(3e-4))


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
    assert math.isnan(quotes.value)


def test_change_is_judged_before_the_level_is_known_and_neither_at_first() -> None:
    memory = memory_of(msgspec.structs.replace(PARAMS, change_window_s=1))
    figure(memory, "spread")["min_samples"] = 1_000
    assert math.isnan(score(memory, 1, 1e-4))
    for second in range(2, 30):
        score(memory, second, 1e-4)
    assert score(memory, 30, 3e-4) == pytest.approx(math.log(3) / FLOOR)
