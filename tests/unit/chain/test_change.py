import math

import pytest
from hypothesis import given
from hypothesis import strategies as st

from autotrade_0dte.chain.change import ChangePerMinute

NS = 1_000_000_000

OBSERVATIONS = st.lists(
    st.tuples(st.integers(0, 20), st.floats(-1.0, 1.0) | st.just(math.nan)), min_size=1, max_size=40
)


@given(OBSERVATIONS, st.integers(1, 40))
def test_change_equals_a_search_of_all_observations(
    steps: list[tuple[int, float]], window_s: int
) -> None:
    change = ChangePerMinute(window_s)
    seen: dict[int, float] = {}
    now_s = 1
    for step, value in steps:
        now_s += step
        found = change.update(now_s * NS, value)
        if math.isnan(value):
            assert math.isnan(found)
            continue
        seen.setdefault(now_s, value)
        at_s = min(seen, key=lambda at: (abs(now_s - window_s - at), -at))
        if 2 * abs(now_s - window_s - at_s) > window_s:
            assert math.isnan(found)
        else:
            per_s = (seen[now_s] - seen[at_s]) / (now_s - at_s)
            assert found == pytest.approx(60 * per_s, rel=1e-9, abs=1e-12)


def test_of_two_references_equally_near_the_later_counts() -> None:
    change = ChangePerMinute(60)
    for at_s, value in ((40, 1.0), (60, 2.0), (110, 5.0)):
        found = change.update(at_s * NS, value)
    assert found == pytest.approx(3.0 / (50 / 60))


def test_figure_computed_again_from_the_same_quotes_is_not_an_observation() -> None:
    change = ChangePerMinute(60)
    change.update(60 * NS, 1.0)
    assert change.update(120 * NS, 2.0) == 1.0
    assert change.update(120 * NS, 9.0) == 1.0
    assert change.update(180 * NS, 3.0) == 1.0
