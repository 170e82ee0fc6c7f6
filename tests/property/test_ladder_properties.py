"""Whatever the evidence, the ladder keeps its promises."""

from hypothesis import given
from hypothesis import strategies as st

from autotrade_0dte.market_state.ladder import Ladder, LadderParams
from autotrade_0dte.market_state.state import Level

NS = 1_000_000_000
PARAMS = LadderParams(confirmations=2, l1_dwell_s=5, l2_dwell_s=8, l3_dwell_s=8, cool_down_s=12)
DWELL_S = (0, 5, 8, 8)

type Step = tuple[int, Level, Level, bool]
type Passed = tuple[int, Level, Level, Level, bool]

# What enters a level also holds it: limits of leaving are never above those of entering.
evidence = st.tuples(st.sampled_from(Level), st.sampled_from(Level)).map(
    lambda pair: (pair[0], max(pair))
)
steps = st.lists(
    st.tuples(st.integers(1, 6), evidence, st.booleans()).map(
        lambda step: (step[0], *step[1], step[2])
    ),
    max_size=120,
)


def climb(taken: list[Step]) -> list[tuple[int, Level, Level, Level, bool]]:
    """Return second, level, entering, holding and freshness of each snapshot."""
    ladder, now_s, passed = Ladder(PARAMS), 0, []
    for pause_s, entering, holding, fresh in taken:
        now_s += pause_s
        level = ladder.update(now_s * NS, entering, holding, is_fresh=fresh)
        passed.append((now_s, level, entering, holding, fresh))
    return passed


def changes(passed: list[Passed]) -> list[tuple[int, Level, Level, Passed]]:
    """Return second, level before, level after and the step of each transition."""
    found, before = [], Level.CALM
    for step in passed:
        if step[1] is not before:
            found.append((step[0], before, step[1], step))
        before = step[1]
    return found


@given(steps)
def test_descents_are_single_and_never_sooner_than_the_dwell(taken: list[Step]) -> None:
    last_s = 0
    for now_s, before, after, _ in changes(climb(taken)):
        if after < before:
            assert after == before - 1
            assert now_s - last_s >= DWELL_S[before]
        last_s = now_s


@given(steps)
def test_level_rises_only_to_what_two_fresh_snapshots_support(taken: list[Step]) -> None:
    passed = climb(taken)
    for now_s, before, after, _ in changes(passed):
        if after > before:
            run = []
            for second, _, entering, _, fresh in reversed(passed):
                if second <= now_s:
                    if entering < after:
                        break
                    run.append(fresh)
            assert sum(run) >= 2


@given(steps)
def test_level_above_what_evidence_holds_lasts_no_longer_than_needed(taken: list[Step]) -> None:
    held_s, before = 0, Level.CALM
    for now_s, level, _, holding, fresh in climb(taken):
        if holding >= before or level is not before:
            held_s = now_s
        if fresh and level is before and level > Level.CALM:
            assert now_s - held_s < DWELL_S[level]
        before = level


@given(steps)
def test_level_left_is_entered_again_only_as_a_shock_or_after_its_cool_down(
    taken: list[Step],
) -> None:
    left_s: dict[Level, int] = {}
    for now_s, before, after, _ in changes(climb(taken)):
        if after < before:
            left_s[before] = now_s
        elif after is not Level.L3 and after in left_s:
            assert now_s - left_s[after] >= 12


@given(steps, st.integers(0, 120))
def test_same_evidence_gives_the_same_levels_whatever_follows(taken: list[Step], cut: int) -> None:
    assert climb(taken)[:cut] == climb(taken[:cut])
