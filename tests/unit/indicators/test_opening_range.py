import math

import pytest
from indicator_memory import indicator_memory
from series import NS

from autotrade_0dte.indicators.opening_range import close_range, widen_range
from autotrade_0dte.indicators.params import IndicatorParams

OPEN_NS = 1_000 * NS


class OpeningRange:
    """A range of 60 s that allows gaps of 20 s."""

    def __init__(self) -> None:
        params = IndicatorParams(opening_range_s=60, opening_gap_s=20)
        self._opening = indicator_memory(params, open_ns=OPEN_NS).state["opening"]

    def add(self, ts_event: int, price: float) -> None:
        widen_range(self._opening, ts_event, price)

    def update(self, now_ns: int) -> None:
        close_range(self._opening, now_ns)

    @property
    def high(self) -> float:
        return float(self._opening["high"])

    @property
    def low(self) -> float:
        return float(self._opening["low"])


def opening(*prints: tuple[float, float], until_s: float = 60) -> OpeningRange:
    """Return the range after prints at (seconds, dollars)."""
    found = OpeningRange()
    for at_s, price in prints:
        found.add(OPEN_NS + round(at_s * NS), price)
    found.update(OPEN_NS + round(until_s * NS))
    return found


def test_range_is_known_when_its_time_is_over_and_not_before() -> None:
    prints = [(0, 600.0), (20, 602.0), (40, 599.0), (59, 601.0)]
    assert math.isnan(opening(*prints, until_s=59.999).high)
    found = opening(*prints)
    assert (found.high, found.low) == (602.0, 599.0)


@pytest.mark.parametrize(
    "seen_s",
    [(21, 40, 59), (0, 20, 41, 59), (0, 19, 39), ()],
    ids=["late start", "hole", "early end", "nothing"],
)
def test_range_that_was_not_seen_without_a_gap_stays_unknown(seen_s: tuple[float, ...]) -> None:
    found = opening(*((at_s, 600.0) for at_s in seen_s))
    assert math.isnan(found.high)
    found.update(OPEN_NS + 3_600 * NS)
    assert math.isnan(found.low)


def test_gap_as_long_as_allowed_is_none() -> None:
    assert opening((20, 600.0), (40, 601.0)).high == 601.0


def test_print_from_the_end_on_is_outside() -> None:
    assert opening((10, 600.0), (30, 600.0), (50, 600.0), (60, 610.0)).high == 600.0


def test_range_once_known_does_not_change() -> None:
    found = opening((10, 600.0), (30, 600.0), (50, 600.0))
    found.add(OPEN_NS + 55 * NS, 620.0)
    found.update(OPEN_NS + 61 * NS)
    assert found.high == 600.0
