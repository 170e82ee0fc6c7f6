"""Whatever the tracks ask for in whatever order, the coordinator's promises hold."""

import math

from hypothesis import given
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from autotrade_0dte.execution.coordinator import (
    Allotment,
    Coordinator,
    CoordinatorParams,
    Refusal,
    RefusalReason,
)
from autotrade_0dte.execution.coordinator_params import AnomalyLimits, RegularLimits
from autotrade_0dte.market_state.actions import ActionTable, Track
from autotrade_0dte.market_state.state import Level, MarketState

NS = 1_000_000_000
BUDGET = 1_000.0

directions = st.sampled_from([1, -1])
losses = st.floats(0.01, 1_500.0)
tracks = st.sampled_from(Track)
limits = {
    "share": st.floats(0.05, 1.0),
    "max_plans": st.integers(1, 3),
    "level_pause_s": st.sampled_from([0.0, 60.0]),
}
params = st.builds(
    CoordinatorParams,
    budget_usd=st.just(BUDGET),
    stacking_factor=st.floats(0.0, 1.0),
    hand_over=st.booleans(),
    regular=st.builds(RegularLimits, **limits),
    anomaly=st.builds(AnomalyLimits, **limits),
)
steps = st.tuples(tracks, directions, losses, st.sampled_from(Level), st.integers(0, 120))


class Coordination(RuleBasedStateMachine):
    """Random requests, fills and ends against a plain list of what is open."""

    def __init__(self) -> None:
        super().__init__()
        self.params = CoordinatorParams(
            budget_usd=BUDGET,
            regular=RegularLimits(share=0.75, max_plans=2, level_pause_s=60.0),
            anomaly=AnomalyLimits(share=0.5, max_plans=2),
        )
        self.actions = ActionTable()
        coordinator = Coordinator(self.params, self.actions)
        self.sides = {track: coordinator.allotment(track) for track in Track}
        self.open: dict[tuple[Track, str], tuple[int, float]] = {}
        self.count = 0

    def of(self, track: Track) -> list[str]:
        return [name for owner, name in self.open if owner is track]

    @rule(step=steps)
    def request(self, step: tuple[Track, int, float, Level, int]) -> None:
        track, direction, loss, level, ago_s = step
        self.count += 1
        now_ns = 1_000 * NS
        state = MarketState(now_ns, level, since_ns=now_ns - ago_s * NS)
        name = f"P{self.count}"
        conflicts = self.sides[track].conflicts(direction)
        refusal = self.sides[track].request(name, direction, loss, state, now_ns)
        if refusal is None:
            assert not conflicts
            assert self.actions.of(track, level).entries
            assert ago_s >= self.params.of(track).level_pause_s
            self.open[track, name] = direction, loss
        elif refusal.reason is RefusalReason.HAND_OVER:
            assert track is Track.ANOMALY
            assert self.sides[Track.REGULAR].asked_to_close() is not None

    @rule(track=tracks, share=st.floats(0.01, 1.0))
    def fill(self, track: Track, share: float) -> None:
        for name in self.of(track)[:1]:
            direction, loss = self.open[track, name]
            self.sides[track].filled(name, share)
            self.open[track, name] = direction, loss * share

    @rule(track=tracks)
    def release(self, track: Track) -> None:
        for name in self.of(track)[-1:]:
            self.sides[track].released(name)
            del self.open[track, name]

    @invariant()
    def budget_is_kept(self) -> None:
        assert math.fsum(loss for _, loss in self.open.values()) <= BUDGET
        for track in Track:
            own = [loss for (owner, _), (_, loss) in self.open.items() if owner is track]
            assert math.fsum(own) <= BUDGET * self.params.of(track).share
            assert len(own) <= self.params.of(track).max_plans

    @invariant()
    def plans_point_one_way(self) -> None:
        assert len({direction for direction, _ in self.open.values()}) <= 1

    @invariant()
    def only_who_holds_something_is_asked_to_close(self) -> None:
        assert self.sides[Track.ANOMALY].asked_to_close() is None
        if not self.of(Track.REGULAR):
            assert self.sides[Track.REGULAR].asked_to_close() is None


TestCoordination = Coordination.TestCase


def answers(
    params: CoordinatorParams, asked: list[tuple[Track, int, float, Level, int]]
) -> list[Refusal | None]:
    coordinator = Coordinator(params, ActionTable())
    found = []
    for number, (track, direction, loss, level, ago_s) in enumerate(asked):
        state = MarketState(0, level, since_ns=-ago_s * NS)
        refusal = coordinator.allotment(track).request(f"P{number}", direction, loss, state, 0)
        found.append(refusal)
    return found


@given(params, st.lists(steps, max_size=12))
def test_same_requests_have_the_same_answers(
    params: CoordinatorParams, asked: list[tuple[Track, int, float, Level, int]]
) -> None:
    assert answers(params, asked) == answers(params, asked)


@given(params, st.lists(st.tuples(tracks, directions, losses), max_size=6), tracks, directions)
def test_plan_within_the_room_is_never_refused_for_a_budget(
    params: CoordinatorParams,
    before: list[tuple[Track, int, float]],
    track: Track,
    direction: int,
) -> None:
    coordinator = Coordinator(params, ActionTable())
    quiet = {Track.REGULAR: Level.CALM, Track.ANOMALY: Level.L2}

    def ask(side: Allotment, name: str, way: int, loss: float) -> RefusalReason | None:
        state = MarketState(0, quiet[side.track], since_ns=-1_000 * NS)
        refusal = side.request(name, way, loss, state, 0)
        return None if refusal is None else refusal.reason

    for number, (owner, way, loss) in enumerate(before):
        ask(coordinator.allotment(owner), f"P{number}", way, loss)
    side = coordinator.allotment(track)
    room = side.room_usd(direction)
    assert 0 <= room <= BUDGET
    assert room == 0 or ask(side, "last", direction, room * 0.999_999) not in {
        RefusalReason.SHARED_BUDGET,
        RefusalReason.TRACK_SHARE,
        RefusalReason.SAME_DIRECTION,
    }
