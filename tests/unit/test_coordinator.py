"""The coordinator's rules: each has a test that fails without it."""

import math
from typing import Any

import pytest

from autotrade_0dte.execution.coordinator import (
    Allotment,
    Coordinator,
    CoordinatorParams,
    HandOver,
    RefusalReason,
)
from autotrade_0dte.execution.coordinator_params import AnomalyLimits, RegularLimits
from autotrade_0dte.market_state.actions import ActionTable, Track, TrackActions, Urgency
from autotrade_0dte.market_state.state import Level, MarketState

NS = 1_000_000_000
NOW = 10_000 * NS
UP, DOWN = 1, -1

OPEN_TO_ALL = ActionTable(regular=TrackActions(), anomaly=TrackActions())


def tracks(actions: ActionTable = OPEN_TO_ALL, **changes: Any) -> tuple[Allotment, Allotment]:
    """Return both sides of a coordinator with 1,000 dollars and no pauses."""
    usual: dict[str, Any] = {
        "budget_usd": 1_000.0,
        "stacking_factor": 1.0,
        "regular": RegularLimits(share=1.0),
        "anomaly": AnomalyLimits(share=1.0),
    }
    coordinator = Coordinator(CoordinatorParams(**(usual | changes)), actions)
    return coordinator.allotment(Track.REGULAR), coordinator.allotment(Track.ANOMALY)


def state(level: Level = Level.CALM, since_ns: int = 0) -> MarketState:
    return MarketState(NOW, level, since_ns=since_ns)


def asked(
    allotment: Allotment, plan_id: str, direction: int = UP, loss: float = 100.0, **at: Any
) -> RefusalReason | None:
    """Return the reason of a refusal, or None where the plan is granted."""
    refusal = allotment.request(plan_id, direction, loss, state(**at), NOW)
    return None if refusal is None else refusal.reason


# -- the action table -------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("level", "regular", "anomaly"),
    [
        (Level.CALM, None, RefusalReason.NO_ENTRIES),
        (Level.L1, None, RefusalReason.NO_ENTRIES),
        (Level.L2, RefusalReason.NO_ENTRIES, None),
        (Level.L3, RefusalReason.NO_ENTRIES, None),
    ],
)
def test_default_table_gives_each_level_to_one_track(
    level: Level, regular: RefusalReason | None, anomaly: RefusalReason | None
) -> None:
    on_regular, on_anomaly = tracks(ActionTable())
    assert asked(on_regular, "R1", level=level) is regular
    assert asked(on_anomaly, "A1", level=level) is anomaly


@pytest.mark.parametrize(
    ("track", "size", "urgent", "forced"),
    [
        (Track.REGULAR, (1.0, 0.5, 1.0, 1.0), (False, False, True, True), (False,) * 3 + (True,)),
        (Track.ANOMALY, (1.0, 1.0, 1.0, 0.5), (False, False, True, True), (False,) * 4),
    ],
)
def test_default_table_sizes_hurries_and_closes_by_level(
    track: Track, size: tuple[float, ...], urgent: tuple[bool, ...], forced: tuple[bool, ...]
) -> None:
    actions = [ActionTable().of(track, level) for level in Level]
    assert tuple(action.size_factor for action in actions) == size
    assert tuple(action.urgency is Urgency.URGENT for action in actions) == urgent
    assert tuple(action.exits_forced for action in actions) == forced


def test_allotment_gives_the_action_of_its_track() -> None:
    regular, anomaly = tracks(ActionTable())
    assert regular.action(Level.L3).exits_forced
    assert not anomaly.action(Level.L3).exits_forced
    assert (regular.track, anomaly.track) == (Track.REGULAR, Track.ANOMALY)


# -- pause after a change of level ------------------------------------------------------------


@pytest.mark.parametrize(("ago_s", "expected"), [(59, RefusalReason.LEVEL_CHANGED), (60, None)])
@pytest.mark.parametrize("level", Level)
def test_track_pauses_after_the_level_changed_up_or_down(
    ago_s: int, expected: RefusalReason | None, level: Level
) -> None:
    regular, _ = tracks(regular=RegularLimits(share=1.0, level_pause_s=60.0))
    assert asked(regular, "R1", level=level, since_ns=NOW - ago_s * NS) is expected


def test_pause_of_one_track_is_not_the_others() -> None:
    _, anomaly = tracks(regular=RegularLimits(share=1.0, level_pause_s=60.0))
    assert asked(anomaly, "A1", since_ns=NOW) is None


def test_refusal_of_a_pause_says_how_long_ago_the_level_changed() -> None:
    regular, _ = tracks(regular=RegularLimits(share=1.0, level_pause_s=60.0))
    refusal = regular.request("R1", UP, 100.0, state(Level.L1, NOW - 20 * NS), NOW)
    assert refusal is not None
    assert refusal.figures == {"since_s": 20.0, "pause_s": 60.0, "level": 1.0}


@pytest.mark.parametrize(
    ("loss", "since_s", "expected"),
    [
        (750.0, 60, None),
        (750.01, 60, RefusalReason.TRACK_SHARE),
        (750.0, 59, RefusalReason.LEVEL_CHANGED),
    ],
)
def test_regular_track_leaves_a_quarter_by_default_and_pauses_a_minute(
    loss: float, since_s: int, expected: RefusalReason | None
) -> None:
    regular = Coordinator(CoordinatorParams(), ActionTable()).allotment(Track.REGULAR)
    assert asked(regular, "R1", loss=loss, since_ns=NOW - since_s * NS) is expected


# -- plans of a track -------------------------------------------------------------------------


def test_track_has_at_most_its_number_of_plans_until_one_is_released() -> None:
    regular, anomaly = tracks(regular=RegularLimits(share=1.0, max_plans=2))
    assert asked(regular, "R1") is None
    assert asked(regular, "R2") is None
    assert asked(regular, "R3") is RefusalReason.MAX_PLANS
    assert asked(anomaly, "A1") is None
    regular.released("R1")
    assert asked(regular, "R3") is None


# -- budgets ----------------------------------------------------------------------------------


@pytest.mark.parametrize(("loss", "expected"), [(400.0, None), (400.01, RefusalReason.TRACK_SHARE)])
def test_track_risks_at_most_its_share_of_the_budget(
    loss: float, expected: RefusalReason | None
) -> None:
    regular, _ = tracks(regular=RegularLimits(share=0.6, max_plans=2))
    assert asked(regular, "R1", loss=200.0) is None
    assert asked(regular, "R2", loss=loss) is expected


@pytest.mark.parametrize(
    ("loss", "expected"), [(300.0, None), (300.01, RefusalReason.SHARED_BUDGET)]
)
def test_tracks_together_risk_at_most_the_budget(
    loss: float, expected: RefusalReason | None
) -> None:
    regular, anomaly = tracks()
    assert asked(regular, "R1", loss=700.0) is None
    assert asked(anomaly, "A1", loss=loss) is expected


def test_refusal_for_the_budget_carries_what_is_at_risk() -> None:
    regular, anomaly = tracks()
    assert asked(regular, "R1", loss=700.0) is None
    refusal = anomaly.request("A1", UP, 400.0, state(), NOW)
    assert refusal is not None
    assert refusal.figures == {
        "worst_loss_usd": 400.0,
        "at_risk_usd": 700.0,
        "limit_usd": 1_000.0,
    }


@pytest.mark.parametrize("first", [0, 1])
def test_second_track_in_the_same_direction_takes_a_smaller_share(first: int) -> None:
    sides = tracks(
        stacking_factor=0.5,
        regular=RegularLimits(share=0.6),
        anomaly=AnomalyLimits(share=0.6),
    )
    leader, follower = sides[first], sides[1 - first]
    assert asked(leader, "P1") is None
    assert asked(follower, "P1", loss=300.01) is RefusalReason.SAME_DIRECTION
    assert asked(follower, "P1", loss=300.0) is None


def test_stacking_factor_of_zero_keeps_the_second_track_out() -> None:
    regular, anomaly = tracks(stacking_factor=0.0)
    assert asked(regular, "R1") is None
    assert asked(anomaly, "A1", loss=1.0) is RefusalReason.SAME_DIRECTION


def test_what_an_ended_entry_did_not_fill_is_free_again() -> None:
    regular, anomaly = tracks()
    assert asked(regular, "R1", loss=800.0) is None
    regular.filled("R1", 0.25)
    assert asked(anomaly, "A1", loss=800.01) is RefusalReason.SHARED_BUDGET
    assert asked(anomaly, "A1", loss=800.0) is None


def test_fully_filled_entry_keeps_its_whole_loss_at_risk() -> None:
    regular, anomaly = tracks()
    assert asked(regular, "R1", loss=800.0) is None
    regular.filled("R1")
    assert asked(anomaly, "A1", loss=200.01) is RefusalReason.SHARED_BUDGET


def test_released_plan_gives_its_budget_back() -> None:
    regular, anomaly = tracks()
    assert asked(regular, "R1", loss=1_000.0) is None
    regular.released("R1")
    assert asked(anomaly, "A1", loss=1_000.0) is None


def test_plan_of_the_other_track_with_the_same_name_is_not_released() -> None:
    regular, anomaly = tracks()
    assert asked(regular, "P1", loss=1_000.0) is None
    anomaly.released("P1")
    assert asked(anomaly, "P1", loss=1.0) is RefusalReason.SHARED_BUDGET


def test_room_is_what_a_request_may_lose() -> None:
    regular, anomaly = tracks(stacking_factor=0.5, anomaly=AnomalyLimits(share=0.5))
    assert anomaly.room_usd(UP) == 500.0
    assert asked(regular, "R1", loss=700.0) is None
    assert anomaly.room_usd(UP) == 250.0  # half its share: the regular track is long already
    assert anomaly.room_usd(DOWN) == 500.0  # the regular position would be closed for it
    assert regular.room_usd(UP) == 300.0
    assert asked(anomaly, "A1", loss=250.0) is None
    assert regular.room_usd(UP) == 0.0


# -- opposing positions -----------------------------------------------------------------------


@pytest.mark.parametrize("direction", [UP, DOWN])
def test_regular_track_does_not_open_against_an_anomaly_position(direction: int) -> None:
    regular, anomaly = tracks()
    assert asked(anomaly, "A1", direction) is None
    assert regular.conflicts(-direction)
    assert not regular.conflicts(direction)
    assert asked(regular, "R1", -direction) is RefusalReason.OPPOSING_POSITION
    assert anomaly.asked_to_close() is None


def test_track_does_not_open_against_itself() -> None:
    for allotment in tracks(
        regular=RegularLimits(share=1.0, max_plans=2), anomaly=AnomalyLimits(share=1.0, max_plans=2)
    ):
        assert asked(allotment, "P1", UP) is None
        assert allotment.conflicts(DOWN)
        assert asked(allotment, "P2", DOWN) is RefusalReason.OPPOSING_POSITION
        allotment.released("P1")


def test_without_hand_over_the_anomaly_track_is_refused() -> None:
    regular, anomaly = tracks(hand_over=False)
    assert asked(regular, "R1", UP) is None
    assert anomaly.conflicts(DOWN)
    assert anomaly.room_usd(DOWN) == 900.0
    assert asked(anomaly, "A1", DOWN) is RefusalReason.OPPOSING_POSITION
    assert regular.asked_to_close() is None


# -- hand-over --------------------------------------------------------------------------------


def test_anomaly_track_acts_only_when_the_regular_position_it_opposes_is_closed() -> None:
    regular, anomaly = tracks()
    assert asked(regular, "R1", UP) is None
    assert regular.asked_to_close() is None
    assert not anomaly.conflicts(DOWN)  # it may ask

    assert asked(anomaly, "A1", DOWN) is RefusalReason.HAND_OVER
    assert regular.asked_to_close() is HandOver.HAND_OVER
    assert anomaly.asked_to_close() is None
    assert anomaly.conflicts(DOWN)  # it waits
    assert asked(anomaly, "A1", DOWN) is RefusalReason.HAND_OVER

    regular.released("R1")
    assert regular.asked_to_close() is None
    assert not anomaly.conflicts(DOWN)
    assert asked(anomaly, "A1", DOWN) is None


def test_hand_over_closes_every_plan_of_the_regular_track() -> None:
    regular, anomaly = tracks(regular=RegularLimits(share=1.0, max_plans=2))
    assert asked(regular, "R1") is None
    assert asked(regular, "R2") is None
    assert asked(anomaly, "A1", DOWN) is RefusalReason.HAND_OVER
    regular.released("R1")
    assert regular.asked_to_close() is HandOver.HAND_OVER
    regular.released("R2")
    assert regular.asked_to_close() is None


def test_position_in_the_same_direction_is_not_handed_over() -> None:
    regular, anomaly = tracks()
    assert asked(regular, "R1", UP) is None
    assert asked(anomaly, "A1", UP) is None
    assert regular.asked_to_close() is None


@pytest.mark.parametrize(
    "refused",
    [
        {"level": Level.CALM},
        {"loss": 500.01},
        {"level": Level.L2, "since_ns": NOW},
    ],
    ids=["no entries", "over its share", "pause"],
)
def test_plan_that_is_refused_anyhow_closes_nothing(refused: dict[str, Any]) -> None:
    actions = ActionTable(regular=TrackActions())
    regular, anomaly = tracks(actions, anomaly=AnomalyLimits(share=0.5, level_pause_s=10.0))
    assert asked(regular, "R1", UP) is None
    assert asked(anomaly, "A1", DOWN, **({"level": Level.L2} | refused)) is not None
    assert regular.asked_to_close() is None


def test_whole_budget_in_the_regular_track_does_not_keep_a_hand_over_from_being_asked() -> None:
    regular, anomaly = tracks()
    assert asked(regular, "R1", UP, loss=1_000.0) is None
    assert anomaly.room_usd(DOWN) == 1_000.0
    assert asked(anomaly, "A1", DOWN, loss=1_000.0) is RefusalReason.HAND_OVER
    regular.released("R1")
    assert asked(anomaly, "A1", DOWN, loss=1_000.0) is None


# -- misuse -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("direction", "loss"), [(0, 1.0), (2, 1.0), (UP, -0.01), (UP, math.nan), (UP, math.inf)]
)
def test_request_without_direction_or_loss_is_an_error(direction: int, loss: float) -> None:
    regular, _ = tracks()
    with pytest.raises(ValueError, match="Expected a "):
        regular.request("R1", direction, loss, state(), NOW)


def test_open_plan_cannot_be_requested_again() -> None:
    regular, _ = tracks(regular=RegularLimits(share=1.0, max_plans=2))
    assert asked(regular, "R1") is None
    with pytest.raises(ValueError, match="R1"):
        asked(regular, "R1")


@pytest.mark.parametrize("share", [0.0, 1.01, math.nan])
def test_share_that_was_filled_is_above_zero_and_at_most_one(share: float) -> None:
    regular, _ = tracks()
    assert asked(regular, "R1") is None
    with pytest.raises(ValueError, match="share"):
        regular.filled("R1", share)


def test_end_of_a_plan_that_was_never_granted_is_passed_over() -> None:
    regular, _ = tracks()
    regular.filled("FOUND01")
    regular.released("FOUND01")
    assert asked(regular, "R1", loss=1_000.0) is None
