"""What a strategy does when the risk controller's mode changes."""

import pytest
from msgspec.structs import replace
from strategy_venue import NS, PLAN, Venue, canceled, filled, sale

from autotrade_0dte.execution.decision import DecisionKind
from autotrade_0dte.risk.mode import DIRECT, RiskChange, RiskMode, Trigger
from autotrade_0dte.risk.picture import RiskPicture


def tell(venue: Venue, mode: RiskMode, text: str = "") -> list[object]:
    """Publish a change and return the commands that it caused."""
    before = len(venue.sent)
    change = RiskChange(
        ts_event=5 * NS, mode=mode, before=venue.strategy.picture.mode, trigger=Trigger.MANUAL,
        begins=True, asks=mode, clears_itself=False, figures={"loss_usd": 501.0}, text=text,
    )  # fmt: skip
    venue.strategy._on_risk_change(change)
    return venue.sent[before:]


def test_halted_entries_withdraw_an_entry_and_keep_what_it_filled() -> None:
    venue = Venue()
    venue.chain(1, 0.95)
    venue.answer(filled("O-1", 1, 0.99))
    assert tell(venue, RiskMode.HALT_ENTRIES) == [("CANCEL", "O-1")]
    venue.answer(canceled("O-1"))
    assert venue.chain(6, 0.95) == []
    assert venue.chain(7, 1.55) == [sale(1)]  # its own target still closes it


def test_halted_entries_are_recorded_once_and_end_with_the_halt() -> None:
    venue = Venue()
    tell(venue, RiskMode.HALT_ENTRIES)
    tell(venue, RiskMode.HALT_ENTRIES)
    assert venue.chain(6, 0.95) == []
    [refused] = venue.decisions
    assert (refused.kind, refused.reason) == (DecisionKind.REFUSE, "HALT_ENTRIES")
    assert refused.figures == {"loss_usd": 501.0}
    tell(venue, RiskMode.TIGHTEN)
    assert venue.chain(7, 0.95) == [("BUY", 2, 1.00)]


def test_picture_with_a_stricter_mode_lets_nothing_in() -> None:
    venue = Venue()
    venue.strategy._on_picture(RiskPicture(ts_event=NS, mode=RiskMode.HALT_ENTRIES))
    assert venue.chain(6, 0.95) == []


@pytest.mark.parametrize("mode", [RiskMode.FLATTEN, RiskMode.KILLED])
def test_position_goes_at_once_as_an_emergency(mode: RiskMode) -> None:
    venue = Venue().opened()
    assert tell(venue, mode) == [sale(2, "emergency")]
    exit_ = venue.decisions[-1]
    assert (exit_.kind, exit_.reason) == (DecisionKind.EXIT, "RISK_FLATTEN")
    assert exit_.figures["loss_usd"] == 501.0


def test_exit_at_work_gives_way_to_the_emergency() -> None:
    venue = Venue().opened()
    venue.chain(10, 1.55)
    assert tell(venue, RiskMode.FLATTEN) == [("CANCEL", "O-2")]
    assert venue.answer(canceled("O-2")) == [sale(2, "emergency")]


def test_emergency_exit_that_the_desk_cancelled_goes_again_with_the_next_snapshot() -> None:
    venue = Venue().opened()
    tell(venue, RiskMode.KILLED)
    venue.answer(canceled("O-2"))
    assert venue.chain(6, 0.95) == [sale(2, "emergency")]


def test_position_found_after_the_change_goes_as_well() -> None:
    venue = Venue()
    venue.chain(1, 0.95)
    venue.strategy._on_picture(RiskPicture(ts_event=NS, mode=RiskMode.FLATTEN))
    venue.answer(filled("O-1", 2, 0.99))
    assert venue.chain(6, 0.95) == [sale(2, "emergency")]


def test_direct_kill_is_left_to_the_other_process_until_it_is_over() -> None:
    venue = Venue(replace(PLAN, plan_id="P009")).opened()
    assert tell(venue, RiskMode.KILLED, DIRECT) == []
    assert venue.chain(6, 0.50) == []
    tell(venue, RiskMode.FLATTEN)
    assert venue.sent[-1] == sale(2, "emergency")


def test_strategy_that_was_stopped_stays_so_when_a_direct_kill_is_over() -> None:
    venue = Venue().opened()
    tell(venue, RiskMode.KILLED, DIRECT)
    venue.strategy.on_stop()
    tell(venue, RiskMode.NORMAL)
    assert venue.chain(6, 0.50) == []
