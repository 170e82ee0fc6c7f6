"""Aligning two runs accounts for every event once, whatever they did and when."""

from typing import NamedTuple

from hypothesis import given
from hypothesis import strategies as st

from autotrade_0dte.analysis.alignment import Span, align

TOLERANCE = 5
ALWAYS = Span(0, 10_000)


class Step(NamedTuple):
    at_ns: int
    key: str


steps = st.lists(st.builds(Step, st.integers(0, 100), st.sampled_from("abc")), max_size=12).map(
    lambda events: sorted(events, key=lambda event: event.at_ns)
)
spans = st.tuples(st.integers(0, 100), st.integers(0, 100)).map(lambda ends: Span(*sorted(ends)))


@given(steps, steps, spans, spans)
def test_every_event_is_paired_lonely_or_outside_once(a, b, seen_a, seen_b):
    found = align(a, b, seen_a, seen_b, TOLERANCE)
    of_a = sum(is_of_a for *_, is_of_a in found.lonely)
    assert len(found.pairs) + of_a + found.outside[0] == len(a)
    assert len(found.pairs) + len(found.lonely) - of_a + found.outside[1] == len(b)


@given(steps, steps, spans, spans)
def test_pairs_are_of_one_key_close_in_time_and_in_order(a, b, seen_a, seen_b):
    pairs = align(a, b, seen_a, seen_b, TOLERANCE).pairs
    assert all(one.key == other.key for one, other in pairs)
    assert all(abs(one.at_ns - other.at_ns) <= TOLERANCE for one, other in pairs)
    for side in (0, 1):
        times = [pair[side].at_ns for pair in pairs]
        assert times == sorted(times)


@given(steps, st.integers(0, TOLERANCE))
def test_run_that_is_late_throughout_matches_itself(a, late):
    b = [Step(step.at_ns + late, step.key) for step in a]
    found = align(a, b, ALWAYS, ALWAYS, TOLERANCE)
    assert (len(found.pairs), found.lonely, found.outside) == (len(a), [], (0, 0))


@given(steps, steps, spans, spans)
def test_runs_may_change_places(a, b, seen_a, seen_b):
    # Where both runs lack what the other has next, the earlier is named first, of equal ones A's.
    b = [Step(2 * step.at_ns + 1, step.key) for step in b]
    a = [Step(2 * step.at_ns, step.key) for step in a]
    there, back = align(a, b, seen_a, seen_b, TOLERANCE), align(b, a, seen_b, seen_a, TOLERANCE)
    assert back.pairs == [(other, one) for one, other in there.pairs]
    assert back.lonely == [(right, left, not of_a) for left, right, of_a in there.lonely]
    assert back.outside == there.outside[::-1]


@given(steps, st.data())
def test_event_taken_away_is_missed_once_when_it_is_one_of_a_kind(a, data):
    distinct = [Step(step.at_ns, f"{step.key}{row}") for row, step in enumerate(a)]
    if not distinct:
        return
    gone = data.draw(st.integers(0, len(distinct) - 1))
    b = distinct[:gone] + distinct[gone + 1 :]
    [(left, _, is_of_a)] = align(distinct, b, ALWAYS, ALWAYS, TOLERANCE).lonely
    assert (left, is_of_a) == (distinct[gone], True)
    assert align(b, distinct, ALWAYS, ALWAYS, TOLERANCE).lonely[0][2] is False


@given(steps, spans, spans)
def test_event_is_held_against_a_run_only_where_it_was_watching(a, seen_a, seen_b):
    found = align(a, [], seen_a, seen_b, TOLERANCE)
    assert [left for left, _, _ in found.lonely] == [s for s in a if s.at_ns in seen_b]
