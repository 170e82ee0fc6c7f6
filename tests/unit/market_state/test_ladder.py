"""Each rule of the ladder, by a scenario that needs it."""

import pytest

from autotrade_0dte.market_state.ladder import Ladder, LadderParams
from autotrade_0dte.market_state.state import Level

CALM, L1, L2, L3 = Level
NS = 1_000_000_000
PARAMS = LadderParams(confirmations=2, l1_dwell_s=20, l2_dwell_s=30, l3_dwell_s=40, cool_down_s=60)


class Climb:
    """A ladder and its clock; a snapshot a second."""

    def __init__(self, params: LadderParams = PARAMS) -> None:
        self.ladder = Ladder(params)
        self.now_s = 0

    def see(
        self, entering: Level, holding: Level | None = None, *, times: int = 1, fresh: bool = True
    ) -> Level:
        for _ in range(times):
            self.now_s += 1
            self.ladder.update(
                self.now_s * NS,
                entering,
                entering if holding is None else holding,
                is_fresh=fresh,
            )
        return self.ladder.level


def test_one_snapshot_of_evidence_does_not_enter_a_level() -> None:
    climb = Climb()
    assert climb.see(L2) is CALM
    assert climb.see(CALM) is CALM
    assert climb.see(L2) is CALM
    assert climb.see(L2) is L2


def test_repeated_data_do_not_confirm() -> None:
    climb = Climb()
    climb.see(L3)
    assert climb.see(L3, times=50, fresh=False) is CALM
    assert climb.see(L3) is L3


def test_shock_enters_l3_in_one_step() -> None:
    climb = Climb()
    assert climb.see(L3, times=2) is L3
    assert climb.ladder.onset_ns == climb.ladder.since_ns == 2 * NS


def test_each_level_needs_its_own_confirmation() -> None:
    climb = Climb()
    climb.see(L1)
    assert climb.see(L3) is L1
    assert climb.see(L3) is L3


def test_evidence_below_entry_holds_a_level_above_its_exit() -> None:
    climb = Climb()
    climb.see(L2, times=2)
    assert climb.see(L1, L2, times=500) is L2


def test_level_is_left_only_after_nothing_has_held_it_for_its_dwell() -> None:
    climb = Climb()
    climb.see(L2, times=2)
    assert climb.see(CALM, times=29) is L2
    assert climb.see(CALM, L2) is L2
    assert climb.see(CALM, times=29) is L2
    assert climb.see(CALM) is L1


def test_levels_are_left_one_at_a_time_each_after_its_dwell() -> None:
    climb = Climb()
    climb.see(L3, times=2)
    assert climb.see(CALM, times=40) is L2
    assert climb.see(CALM, times=29) is L2
    assert climb.see(CALM) is L1
    assert climb.see(CALM, times=19) is L1
    assert climb.see(CALM) is CALM
    assert climb.ladder.onset_ns == 0


def test_level_without_dwell_is_kept_while_evidence_holds_it() -> None:
    climb = Climb(LadderParams(l2_dwell_s=0))
    climb.see(L2, times=2)
    assert climb.see(CALM, L2, times=10) is L2
    assert climb.see(CALM) is L1


def test_silence_does_not_leave_a_level() -> None:
    climb = Climb()
    climb.see(L2, times=2)
    assert climb.see(CALM, times=1_000, fresh=False) is L2
    assert climb.see(CALM) is L1


@pytest.mark.parametrize("level", [L1, L2])
def test_level_just_left_is_not_entered_again_before_its_cool_down(level: Level) -> None:
    climb = Climb()
    climb.see(level, times=2)
    climb.see(CALM, times=(0, 20, 30)[level])
    left = climb.ladder.level
    assert left == level - 1
    assert climb.see(level, Level(level - 1), times=59) <= left
    assert climb.see(level, times=2) is level


def test_shock_is_entered_again_within_its_cool_down() -> None:
    climb = Climb()
    climb.see(L3, times=2)
    assert climb.see(CALM, times=40) is L2
    assert climb.see(L3, times=2) is L3


def test_onset_names_the_episode_until_calm() -> None:
    climb = Climb()
    climb.see(L1, times=2)
    onset_ns = climb.ladder.onset_ns
    climb.see(L3, times=5)
    assert climb.ladder.onset_ns == onset_ns
    assert climb.ladder.since_ns > onset_ns
