"""Laws of the risk ladder, against a plain reading of each rung's history."""

import math

import msgspec
from hypothesis import given
from hypothesis import strategies as st

from autotrade_0dte.risk.ladder import LadderParams, Reading, RiskLadder
from autotrade_0dte.risk.mode import RiskMode, Trigger
from autotrade_0dte.risk.rung_steps import Steps
from autotrade_0dte.risk.rungs import BY_WORD, RATES, WATCHED, Rung, rungs_of

S = 1_000_000_000
OPEN = 1_000 * S
PARAMS = LadderParams(
    loss_hold_s=4,
    exposure_hold_s=3,
    rejects_hold_s=5,
    errors_hold_s=4,
    gap_hold_s=2,
    marks_hold_s=3,
)
REPORTED = (*RATES, *WATCHED, *BY_WORD)

ratio = st.sampled_from([0.0, 0.5, 0.79, 0.85, 1.0, 1.3, 1.6, math.nan])
reading = st.builds(
    Reading,
    equity=st.sampled_from([8_000.0, 9_400.0, 9_700.0, 10_000.0, 10_500.0, 13_000.0, math.nan]),
    scenario_use=ratio,
    greeks_use=ratio,
    level=st.sampled_from([0.0, 2.0, 3.0, math.nan]),
    quote_age_s=st.sampled_from([0.0, 5.0, 17.0, 25.0, math.nan]),
)
step = st.one_of(
    reading,
    st.tuples(st.sampled_from(REPORTED), st.sampled_from([0.0, 1.0, 2.0, 3.0])),
    st.just("pass"),
    st.just("rearm"),
)
steps = st.lists(st.tuples(st.integers(0, 12), step), max_size=60)


def do(ladder: RiskLadder, now_ns: int, what: object) -> list[object]:
    if isinstance(what, Reading):
        return list(ladder.take(now_ns, what))
    if isinstance(what, tuple):
        return list(ladder.report(*what, now_ns))
    return list(ladder.rearm(now_ns) if what == "rearm" else ladder.pass_time(now_ns))


def latches(ladder: RiskLadder) -> set[Rung]:
    return {rung for rung in ladder.standing if rung.latched}


@given(steps)
def test_mode_is_the_strictest_of_what_stands_and_changes_follow_each_other(
    given_steps: list[tuple[int, object]],
) -> None:
    ladder, now_ns, mode = RiskLadder(PARAMS, OPEN), OPEN, RiskMode.NORMAL
    for seconds, what in given_steps:
        now_ns += seconds * S
        for change in do(ladder, now_ns, what):
            assert change.before is mode
            mode = change.mode
        strictest = max((rung.asks for rung in ladder.standing), default=RiskMode.NORMAL)
        assert ladder.mode is mode is strictest


@given(steps)
def test_latches_end_by_rearming_alone(given_steps: list[tuple[int, object]]) -> None:
    ladder, now_ns = RiskLadder(PARAMS, OPEN), OPEN
    for seconds, what in given_steps:
        now_ns += seconds * S
        before = latches(ladder)
        do(ladder, now_ns, what)
        if what != "rearm":
            assert before <= latches(ladder)


@given(steps, st.integers(0, 12))
def test_figures_that_are_unknown_change_nothing_that_is_judged_by_them(
    given_steps: list[tuple[int, object]], seconds: int
) -> None:
    ladder, now_ns = RiskLadder(PARAMS, OPEN), OPEN
    for after, what in given_steps:
        now_ns += after * S
        do(ladder, now_ns, what)
    unknown = Reading(*(math.nan,) * len(Reading._fields))
    for _ in range(5):
        now_ns += seconds * S
        changed = {change.trigger for change in ladder.take(now_ns, unknown)}
        # Time passes all the same: quotes and marks grow old, and reports have their holds.
        assert changed <= {Trigger.STALE_DATA, Trigger.MARKS_UNKNOWN, *REPORTED}


@given(steps)
def test_stale_data_and_unknown_marks_never_flatten(given_steps: list[tuple[int, object]]) -> None:
    ladder, now_ns = RiskLadder(PARAMS, OPEN), OPEN
    for seconds, what in given_steps:
        now_ns += seconds * S
        if isinstance(what, Reading):
            blind = Reading(equity=math.nan, quote_age_s=what.quote_age_s)
            ladder.take(now_ns, blind)
    assert ladder.mode <= RiskMode.HALT_ENTRIES


@given(steps, steps)
def test_ladder_goes_on_from_its_state_as_if_there_had_been_no_restart(
    first: list[tuple[int, object]], second: list[tuple[int, object]]
) -> None:
    ladder, now_ns = RiskLadder(PARAMS, OPEN), OPEN
    for seconds, what in first:
        now_ns += seconds * S
        do(ladder, now_ns, what)
    state = ladder.state()
    other = RiskLadder.restored(PARAMS, OPEN, state)
    assert repr(other.state()) == repr(state)
    for seconds, what in second:
        now_ns += seconds * S
        assert repr(do(other, now_ns, what)) == repr(do(ladder, now_ns, what))


@given(steps)
def test_state_is_the_same_after_it_was_written(given_steps: list[tuple[int, object]]) -> None:
    ladder, now_ns = RiskLadder(PARAMS, OPEN), OPEN
    for seconds, what in given_steps:
        now_ns += seconds * S
        do(ladder, now_ns, what)
    state = ladder.state()
    assert repr(msgspec.convert(msgspec.to_builtins(state), type(state))) == repr(state)


@given(steps)
def test_rung_begins_and_ends_at_most_once_in_its_hold(
    given_steps: list[tuple[int, object]],
) -> None:
    """A figure may flap as it likes: each halt lasts its hold, and no second one begins before."""
    ladder, now_ns = RiskLadder(PARAMS, OPEN), OPEN
    stood: set[Rung] = set()
    began: dict[Rung, int] = {}
    for seconds, what in given_steps:
        now_ns += seconds * S
        do(ladder, now_ns, what)
        stands = set(ladder.standing)
        for rung in stands - stood:
            assert now_ns - began.get(rung, -(2**63)) >= rung.hold_ns
            began[rung] = now_ns
        for rung in stood - stands:
            assert rung.latched or now_ns - began[rung] >= rung.hold_ns
        stood = stands


def test_every_trigger_without_a_hold_or_latch_has_one_where_it_is_found() -> None:
    """The market's level dwells, the execution's quality recovers, a clock is read by the ten
    seconds, and the store works once it has taken all that waits."""
    listed = [rung for rungs in rungs_of(LadderParams()).values() for rung in rungs]
    bare = {rung.trigger for rung in listed if not (rung.hold_ns or rung.latched)}
    assert bare == {Trigger.LEVEL_L3, Trigger.EXECUTION, Trigger.CLOCK_OFFSET, Trigger.STORE}


def plainly(rung: Rung, seen: list[tuple[int, float]]) -> bool:
    """Return whether a rung stands after all it has seen, by looking back at each instant."""
    stands, since = False, 0
    for index, (now_ns, _) in enumerate(seen):
        run_ns = None
        for then_ns, figure in reversed(seen[since : index + 1]):
            if not (figure < rung.until if stands else figure >= rung.at):
                break
            run_ns = now_ns - then_ns
        needed_ns = rung.hold_ns if stands else rung.confirm_ns
        if run_ns is not None and run_ns >= needed_ns and not (stands and rung.latched):
            stands, since = not stands, index + 1
    return stands


@given(
    st.sampled_from([rung for rungs in rungs_of(PARAMS).values() for rung in rungs]),
    st.lists(
        st.tuples(st.integers(0, 4), st.sampled_from([0.0, 0.7, 0.9, 1.0, 2.0, math.nan])),
        max_size=40,
    ),
)
def test_rung_stands_as_its_history_says(rung: Rung, given_: list[tuple[int, float]]) -> None:
    steps_, seen, now_ns = Steps(rung.trigger, (rung,)), [], OPEN
    for seconds, multiple in given_:
        now_ns += seconds * S
        seen.append((now_ns, multiple * rung.at))
        steps_.figure = multiple * rung.at
        steps_.judge(now_ns)
        assert bool(list(steps_.standing())) is plainly(rung, seen)
