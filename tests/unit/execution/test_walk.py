import pytest
from worked_order import (
    MOST_CALLS,
    NAN,
    NICKEL,
    Worked,
    at,
    entry,
    leaving,
    quote,
    walk_of,
)

from autotrade_0dte.execution.call_budget import CallBudget, CallBudgetParams
from autotrade_0dte.execution.desk_params import DeskParams
from autotrade_0dte.execution.parent import Outcome, Purpose, Side
from autotrade_0dte.execution.routing import RouteReason, Style
from autotrade_0dte.execution.vetoes import VetoCode
from autotrade_0dte.execution.walk_params import WalkParams
from autotrade_0dte.execution.walk_record import Move, MoveKind, StepReason, WalkEvent
from autotrade_0dte.market_state.actions import Urgency

WALKING = entry()
EVENTS_AFTER_THE_END = [
    (WalkEvent.CANCELED,), (WalkEvent.REJECTED,), (WalkEvent.DENIED,), (WalkEvent.ACCEPTED,),
    (WalkEvent.MODIFIED, 1.05), (WalkEvent.MODIFY_REJECTED,), (WalkEvent.CANCEL_REJECTED,),
]  # fmt: skip


def prices(moves: list[Move]) -> list[float]:
    return [move.price for move in moves if move.kind in (MoveKind.SUBMIT, MoveKind.REPRICE)]


def kinds(moves: list[Move]) -> list[str]:
    return [move.kind for move in moves]


def submitted(purpose: Purpose = Purpose.ENTRY, *, params: DeskParams | None = None) -> Worked:
    """An order at the venue: a walking entry, or an exit that began to walk."""
    parent = WALKING if purpose is Purpose.ENTRY else leaving(purpose)
    worked = Worked(parent, params)
    worked.settle(worked.look(0))
    return worked


def repriced(purpose: Purpose = Purpose.ENTRY) -> Worked:
    """The same with its first step on the way, unanswered."""
    worked = submitted(purpose)
    move = worked.look(2.5)
    assert move is not None
    assert move.kind is MoveKind.REPRICE
    return worked


# -- the walk -------------------------------------------------------------------------------------


def test_normal_entry_walks_from_near_fair_value_to_the_far_side_and_no_further() -> None:
    worked = Worked(WALKING)
    for quarter in range(119):
        worked.settle(worked.look(quarter / 4))
    assert prices(worked.moves) == [1.01, 1.02, 1.03, 1.04]
    assert [m.reason for m in worked.moves] == ["NORMAL", *["SCHEDULE"] * 3]
    assert worked.walk.reprices == 3


def test_normal_exit_walks_the_other_way() -> None:
    worked = Worked(leaving(Purpose.EXIT))
    for quarter in range(40):
        worked.settle(worked.look(quarter / 4))
    assert prices(worked.moves) == [1.03, 1.02, 1.01, 1.00]


def test_wide_spread_is_walked_in_as_many_steps_as_the_schedule_has() -> None:
    worked = Worked(entry(cap=4.0, side=Side.BUY), root=NICKEL)
    for quarter in range(60):
        worked.settle(worked.look(quarter / 4, 2.0, 2.4))
    # Starts half way to fair value; each step lies on the grid of 5 cents, below where it leads.
    assert prices(worked.moves) == [2.10, 2.15, 2.25, 2.30, 2.40]


def test_walk_stops_at_the_cap_when_the_market_is_beyond_it() -> None:
    worked = Worked(entry(cap=1.025))
    for quarter in range(60):
        worked.settle(worked.look(quarter / 4))
    assert prices(worked.moves) == [1.01, 1.02]


def test_fair_value_moves_the_walk() -> None:
    worked = submitted()
    move = worked.look(2.5, fair=1.035)
    assert move == Move(MoveKind.REPRICE, StepReason.SCHEDULE, 1.02)
    worked.settle(move)
    worked.settle(worked.look(5, bid=1.04, ask=1.10, fair=1.08))
    assert worked.walk.limit == pytest.approx(1.08)


@pytest.mark.parametrize(
    ("side", "spot"), [(Side.BUY, 600.04), (Side.SELL, 599.96)], ids=["buy", "sell"]
)
def test_underlying_that_runs_away_brings_the_step_forward(side: Side, spot: float) -> None:
    parent = WALKING if side is Side.BUY else leaving(Purpose.EXIT)
    worked = Worked(parent)
    worked.settle(worked.look(0))
    assert worked.look(0.9) is None
    move = worked.look(1.0, spot=spot)  # 2 cents by delta
    assert move is not None
    assert move.reason == StepReason.MICRO_MOVE
    assert move.price == pytest.approx(1.03 if side is Side.BUY else 1.01)


def test_underlying_that_runs_far_brings_the_step_to_the_far_side_and_not_beyond() -> None:
    worked = submitted()
    move = worked.look(1.0, spot=600.5)
    assert move == Move(MoveKind.REPRICE, StepReason.MICRO_MOVE, 1.04)


def test_underlying_that_comes_to_the_order_holds_its_step() -> None:
    worked = submitted()  # at 1.01, confirmed at 0.15
    assert worked.look(2.5, spot=599.97) is None
    assert worked.look(3.0, spot=599.99) is not None


def test_step_is_held_no_longer_than_another_rest() -> None:
    worked = submitted()
    assert worked.look(4.0, bid=0.99, ask=1.03, spot=599.98) is None
    move = worked.look(4.25, bid=0.99, ask=1.03, spot=599.98)
    assert move == Move(MoveKind.REPRICE, StepReason.SCHEDULE, 1.02)


def test_move_of_the_underlying_counts_from_the_last_limit() -> None:
    worked = submitted()
    worked.settle(worked.look(1.0, spot=600.03))
    assert worked.look(2.0, spot=600.04) is None


def test_unknown_underlying_leaves_the_schedule_alone() -> None:
    worked = submitted()
    assert worked.look(1.0, spot=NAN) is None
    assert worked.look(2.5, spot=NAN) is not None


def test_no_step_when_the_market_has_come_to_the_limit() -> None:
    worked = submitted()
    assert worked.look(2.5, bid=0.98, ask=1.01) is None
    assert worked.look(3.0, bid=0.97, ask=1.00) is None


def test_limit_is_never_moved_away_from_the_market() -> None:
    worked = submitted()
    worked.settle(worked.look(2.5))
    assert worked.walk.limit == pytest.approx(1.02)
    for seconds in range(5, 20):
        assert worked.look(seconds, bid=1.00, ask=1.02, fair=1.0) is None
    assert worked.walk.limit == pytest.approx(1.02)


def test_passive_order_keeps_its_price() -> None:
    worked = Worked(entry(urgency=Urgency.PATIENT))
    worked.settle(worked.look(0))
    for quarter in range(1, 119):
        assert worked.look(quarter / 4, fair=1.05 if quarter > 8 else 1.02) is None
    assert prices(worked.moves) == [1.02]


def test_two_limits_lie_at_least_the_minimum_rest_apart() -> None:
    worked = submitted()  # confirmed at 0.15 s
    assert worked.look(0.6, spot=601.0) is None
    assert worked.look(0.66, spot=601.0) is not None


# -- one command at a time ------------------------------------------------------------------------


def test_no_step_before_the_last_command_was_answered() -> None:
    worked = Worked(WALKING)
    worked.look(0)
    assert worked.look(4.9) is None
    worked.tell(WalkEvent.ACCEPTED)
    worked = repriced()
    assert worked.look(7.4) is None
    worked.tell(WalkEvent.MODIFIED, 1.02)
    assert worked.look(9.75) is not None


@pytest.mark.parametrize(
    ("purpose", "cancel"),
    [(Purpose.ENTRY, MoveKind.CANCEL), (Purpose.EXIT, MoveKind.REPLACE)],
)
@pytest.mark.parametrize("has_submit", [True, False], ids=["submit", "reprice"])
def test_order_whose_command_was_lost_is_canceled_before_anything_else(
    purpose: Purpose, cancel: MoveKind, has_submit: bool
) -> None:
    if has_submit:
        worked, sent_s = Worked(WALKING if purpose is Purpose.ENTRY else leaving(purpose)), 0.0
        worked.look(0)
    else:
        worked, sent_s = repriced(purpose), 2.5
    assert worked.look(sent_s + 4.99) is None
    assert worked.look(sent_s + 5) == Move(cancel, StepReason.NO_ANSWER)
    assert not worked.walk.accepts_resend(5)
    worked.tell(WalkEvent.ACCEPTED)  # too late to matter
    worked.tell(WalkEvent.MODIFIED, 1.02)
    assert worked.look(sent_s + 9.99) is None
    assert worked.look(sent_s + 10) == Move(cancel, StepReason.NO_ANSWER)
    end = worked.tell(WalkEvent.CANCELED)
    if purpose is Purpose.ENTRY:
        assert end == Move(MoveKind.END, StepReason.NO_ANSWER, outcome=Outcome.GIVEN_UP)
    else:
        assert worked.walk.accepts_resend(5)


def test_refused_cancel_is_sent_again_after_a_rest() -> None:
    worked = submitted()
    assert worked.look(30) == Move(MoveKind.CANCEL, StepReason.DEADLINE)
    worked.tell(WalkEvent.CANCEL_REJECTED)
    assert worked.look(31.1) is None
    assert worked.look(31.2) == Move(MoveKind.CANCEL, StepReason.DEADLINE)


def test_cancel_refused_again_and_again_is_sent_less_and_less_often() -> None:
    worked = submitted()
    sent = []
    for quarter in range(120, 220):
        move = worked.look(quarter / 4)
        if move is not None:
            sent.append(quarter / 4)
            worked.tell(WalkEvent.CANCEL_REJECTED, after_s=0.0)
    assert sent == [30, 31, 33, 37, 42, 47, 52]  # doubled, up to the patience for an answer


def test_lost_change_counts_as_made_until_the_order_is_gone() -> None:
    worked = repriced(Purpose.EXIT)
    assert worked.walk.limit == pytest.approx(1.02)
    worked.look(7.5)
    worked.tell(WalkEvent.MODIFY_REJECTED)  # of a command that was given up
    assert worked.walk.limit == pytest.approx(1.02)


# -- ends -----------------------------------------------------------------------------------------


def test_entry_is_canceled_at_its_deadline_and_given_up() -> None:
    worked = submitted()
    assert worked.look(29.99, ask=1.01) is None
    assert worked.look(30) == Move(MoveKind.CANCEL, StepReason.DEADLINE)
    end = worked.tell(WalkEvent.CANCELED)
    assert end == Move(MoveKind.END, StepReason.DEADLINE, outcome=Outcome.GIVEN_UP)
    assert worked.walk.is_over
    assert worked.walk.end_reason == StepReason.DEADLINE


def test_fills_during_the_cancel_count() -> None:
    worked = submitted()
    worked.look(30)
    assert worked.tell(WalkEvent.FILLED, 2) is None
    end = worked.tell(WalkEvent.CANCELED)
    assert end == Move(MoveKind.END, StepReason.DEADLINE, outcome=Outcome.PARTLY_FILLED)
    assert worked.walk.filled == 2
    worked = submitted()
    worked.look(30)
    end = worked.tell(WalkEvent.FILLED, 5)
    assert end == Move(MoveKind.END, StepReason.FILLED, outcome=Outcome.FILLED)


def test_fill_before_the_acceptance_is_an_acceptance() -> None:
    worked = Worked(WALKING)
    worked.look(0)
    worked.tell(WalkEvent.FILLED, 1)
    assert worked.look(2.5) is not None
    worked.tell(WalkEvent.ACCEPTED)  # of the submit, and no answer to the step
    assert worked.look(5.0) is None


def test_cancel_by_another_ends_the_parent() -> None:
    worked = submitted()
    end = worked.tell(WalkEvent.CANCELED)
    assert end == Move(MoveKind.END, StepReason.CANCELED, outcome=Outcome.CANCELED)


@pytest.mark.parametrize("event", [WalkEvent.REJECTED, WalkEvent.DENIED])
def test_refused_order_ends_with_what_was_filled(event: WalkEvent) -> None:
    worked = Worked(WALKING)
    worked.look(0)
    end = worked.tell(event)
    assert end == Move(MoveKind.END, event.value, outcome=event.value)
    worked = submitted()
    worked.tell(WalkEvent.FILLED, 1)
    end = worked.tell(event)
    assert end == Move(MoveKind.END, event.value, outcome=Outcome.PARTLY_FILLED)


@pytest.mark.parametrize("event", EVENTS_AFTER_THE_END, ids=lambda e: e[0])
def test_nothing_happens_after_the_end(event: tuple[object, ...]) -> None:
    worked = submitted()
    worked.tell(WalkEvent.FILLED, 5)
    assert worked.tell(*event) is None  # type: ignore[arg-type]
    assert worked.look(3) is None
    assert worked.walk.outcome is Outcome.FILLED


def test_fill_after_the_end_changes_the_outcome() -> None:
    worked = submitted()
    worked.look(30)
    worked.tell(WalkEvent.CANCELED)
    end = worked.tell(WalkEvent.FILLED, 2)
    assert end == Move(MoveKind.END, StepReason.LATE_FILL, outcome=Outcome.PARTLY_FILLED)
    end = worked.tell(WalkEvent.FILLED, 3)
    assert end == Move(MoveKind.END, StepReason.LATE_FILL, outcome=Outcome.FILLED)


def test_entry_that_never_could_be_sent_is_given_up_with_its_veto() -> None:
    worked = Worked(WALKING)
    for quarter in range(120):
        assert worked.look(quarter / 4, age_s=11.0) is None
    end = worked.look(30, age_s=11.0)
    assert end == Move(MoveKind.END, VetoCode.QUOTE_AGE, outcome=Outcome.GIVEN_UP)
    assert worked.walk.vetoes == {"QUOTE_AGE": 1}


def test_entry_is_given_up_at_once_when_the_market_has_left_its_cap() -> None:
    worked = Worked(entry(cap=0.99))
    end = worked.look(0)
    assert end == Move(MoveKind.END, RouteReason.CAP_BEHIND_MARKET, outcome=Outcome.GIVEN_UP)


@pytest.mark.parametrize("purpose", [Purpose.ENTRY, Purpose.EXIT])
def test_cap_below_a_tick_has_no_price(purpose: Purpose) -> None:
    worked = Worked(entry(cap=0.04, purpose=purpose), root=NICKEL)
    end = worked.look(0, 0.05, 0.10)
    assert end == Move(MoveKind.END, RouteReason.CAP_BELOW_TICK, outcome=Outcome.GIVEN_UP)


def test_sale_at_any_price_goes_down_to_a_tick() -> None:
    worked = Worked(leaving(Purpose.EMERGENCY, cap=0.0), root=NICKEL)
    move = worked.look(0, 0.05, 0.10)
    assert move == Move(MoveKind.SUBMIT, RouteReason.EMERGENCY, 0.05)


# -- exits must be done ---------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("purpose", "urgency", "seconds"),
    [
        (Purpose.EXIT, Urgency.PATIENT, 30),
        (Purpose.EXIT, Urgency.NORMAL, 15),
        (Purpose.STOP, Urgency.NORMAL, 2),
        (Purpose.STOP, Urgency.PATIENT, 2),
    ],
)
def test_exit_crosses_after_its_time(purpose: Purpose, urgency: Urgency, seconds: int) -> None:
    worked = Worked(leaving(purpose, urgency=urgency, deadline_ns=at(60)))
    worked.settle(worked.look(0, 1.00, 1.10))
    assert worked.walk.route is not None
    assert worked.walk.route.style is not Style.MARKETABLE
    # The age of the quote keeps the walk from getting there on its own.
    last = {"bid": 1.00, "ask": 1.10, "age_s": 500.0}
    assert worked.look(seconds - 0.1, **last) is None
    move = worked.look(seconds, **last)
    assert move == Move(MoveKind.REPRICE, StepReason.FOLLOW, 0.98)
    assert worked.walk.route.reason is RouteReason.ESCALATED


def test_exit_crosses_at_its_deadline_if_that_is_sooner() -> None:
    worked = Worked(leaving(Purpose.EXIT, deadline_ns=at(3)))
    worked.settle(worked.look(0, 1.00, 1.10))
    move = worked.look(3, 1.00, 1.10)
    assert move == Move(MoveKind.REPRICE, StepReason.FOLLOW, 0.98)


def test_emergency_crosses_at_once_whatever_the_quote() -> None:
    worked = Worked(leaving(Purpose.EMERGENCY))
    move = worked.look(0, 0.40, 1.00, age_s=500.0, calls=0)
    assert move == Move(MoveKind.SUBMIT, RouteReason.EMERGENCY, 0.38)


def test_exit_that_crosses_follows_the_far_side_at_the_minimum_rest() -> None:
    worked = Worked(leaving(Purpose.EMERGENCY))
    worked.settle(worked.look(0))  # at 0.98, confirmed at 0.15
    assert worked.look(0.6, bid=0.90) is None
    assert worked.look(0.7, bid=0.99) is None
    assert worked.look(0.7, bid=0.90) == Move(MoveKind.REPRICE, StepReason.FOLLOW, 0.88)
    worked.tell(WalkEvent.MODIFIED, 0.88)
    assert worked.look(1.5, bid=0.95) is None
    assert worked.look(2.0, bid=0.02) == Move(MoveKind.REPRICE, StepReason.FOLLOW, 0.01)
    worked.tell(WalkEvent.MODIFIED, 0.01)
    assert worked.look(3.0, bid=0.01) is None


@pytest.mark.parametrize("purpose", [Purpose.EXIT, Purpose.STOP, Purpose.EMERGENCY])
def test_exit_that_crosses_goes_through_a_far_side_that_does_not_fill_it(purpose: Purpose) -> None:
    worked = Worked(leaving(purpose))
    seconds = 0.0
    while seconds < 17:
        bid = 1.00 if worked.walk.limit != 0.98 else 0.98
        worked.settle(worked.look(seconds, bid=bid))
        seconds += 0.25
    assert worked.walk.limit <= 0.96


def test_entry_that_crosses_stays_at_the_far_side() -> None:
    worked = Worked(entry(urgency=Urgency.URGENT))
    worked.settle(worked.look(0, ask=1.02))
    assert worked.walk.limit == pytest.approx(1.03)
    for seconds in range(1, 20):
        assert worked.look(seconds, ask=1.03) is None


@pytest.mark.parametrize("purpose", [Purpose.STOP, Purpose.EMERGENCY])
def test_stop_and_emergency_are_kept_by_no_veto(purpose: Purpose) -> None:
    worked = Worked(leaving(purpose))
    move = worked.look(0, 1.00, 0.90, age_s=500.0, bid_size=0.0, fair=NAN)
    assert move is not None
    assert move.kind is MoveKind.SUBMIT


def test_exit_is_kept_by_a_veto_until_it_escalates() -> None:
    worked = Worked(leaving(Purpose.EXIT))
    assert worked.look(0, age_s=500.0) is None
    assert worked.walk.veto == VetoCode.QUOTE_AGE
    assert worked.look(14.9, age_s=500.0) is None
    move = worked.look(15, age_s=500.0)
    assert move == Move(MoveKind.SUBMIT, RouteReason.ESCALATED, 0.98)
    assert worked.walk.veto == ""


def test_exit_without_a_bid_rests_at_fair_value_then_follows_the_bid() -> None:
    worked = Worked(leaving(Purpose.STOP))
    move = worked.look(0, bid=0.0, ask=0.05, fair=0.021)
    assert move == Move(MoveKind.SUBMIT, RouteReason.STOP, 0.03)
    worked.settle(move)
    assert worked.look(2.5, bid=0.0, ask=0.05, fair=0.011) is None
    assert worked.look(3.0, bid=0.02, ask=0.05) == Move(MoveKind.REPRICE, StepReason.FOLLOW, 0.01)


def test_without_bid_and_fair_value_an_emergency_offers_at_a_tick_and_a_stop_waits() -> None:
    worked = Worked(leaving(Purpose.EMERGENCY))
    move = worked.look(0, bid=0.0, ask=0.05, fair=NAN)
    assert move == Move(MoveKind.SUBMIT, RouteReason.EMERGENCY, 0.01)
    worked = Worked(leaving(Purpose.STOP))
    for seconds in range(10):
        assert worked.look(seconds, bid=0.0, ask=0.05, fair=NAN) is None
    assert worked.walk.veto == VetoCode.NO_FAR_QUOTE


def test_buy_back_without_an_ask_never_bids_its_cap() -> None:
    worked = Worked(entry(purpose=Purpose.EMERGENCY, cap=50.0))
    assert worked.look(0, bid=1.0, ask=0.0, fair=NAN) is None
    move = worked.look(1, bid=1.0, ask=0.0, fair=1.05)
    assert move == Move(MoveKind.SUBMIT, RouteReason.EMERGENCY, 1.05)


# -- vetoes while resting -------------------------------------------------------------------------


def test_veto_keeps_a_step_back_and_is_counted_once_a_time() -> None:
    worked = submitted()
    for seconds in (2.5, 3.0, 3.5):
        assert worked.look(seconds, ask_size=1.0) is None
    assert worked.walk.veto == VetoCode.SIZE
    assert worked.look(4.0) is not None
    assert worked.walk.veto == ""
    worked.tell(WalkEvent.MODIFIED, 1.02)
    worked.look(9.0, ask_size=1.0)
    assert worked.walk.vetoes == {"SIZE": 2}


def test_entry_is_pulled_when_fair_value_falls_away_from_it() -> None:
    worked = submitted()
    assert worked.look(0.3, bid=0.97, ask=1.01, fair=0.981) is None
    move = worked.look(0.4, bid=0.96, ask=1.00, fair=0.969)
    assert move == Move(MoveKind.CANCEL, VetoCode.FAIR_VALUE)
    end = worked.tell(WalkEvent.CANCELED)
    assert end == Move(MoveKind.END, VetoCode.FAIR_VALUE, outcome=Outcome.GIVEN_UP)
    assert worked.walk.vetoes == {"FAIR_VALUE": 1}


def test_walk_goes_no_further_beyond_fair_value_than_allowed() -> None:
    worked = Worked(entry(cap=1.20))
    for quarter in range(80):
        worked.settle(worked.look(quarter / 4, 1.00, 1.10, fair=1.00))
    assert prices(worked.moves) == [1.00, 1.02, 1.05, 1.07]  # 0.75 of the spread
    assert worked.walk.veto == VetoCode.FAIR_VALUE


def test_entry_waits_while_the_far_side_is_too_far_beyond_fair_value() -> None:
    worked = Worked(entry(urgency=Urgency.URGENT))
    assert worked.look(0, 1.00, 1.03, fair=0.995) is None
    assert worked.walk.veto == VetoCode.FAIR_VALUE
    assert worked.look(0.25, 1.00, 1.03, fair=1.00) is not None
    worked = Worked(WALKING)
    assert worked.look(0, fair=NAN) is None
    assert worked.walk.veto == VetoCode.NO_FAIR_VALUE


def test_exit_is_not_pulled() -> None:
    worked = submitted(Purpose.EXIT)
    assert worked.look(0.4, bid=1.02, ask=1.10, fair=1.10) is None


def test_tightened_desk_rests_entries_and_stops_their_steps() -> None:
    worked = Worked(WALKING)
    move = worked.look(0, tightened=True)
    assert move == Move(MoveKind.SUBMIT, RouteReason.TIGHTENED, 1.02)
    worked = submitted()
    assert worked.look(2.5, tightened=True) is None
    assert worked.walk.veto == VetoCode.TIGHTENED
    assert worked.look(3.0) is not None


def test_tightened_desk_does_not_hinder_exits() -> None:
    worked = Worked(leaving(Purpose.EXIT))
    worked.settle(worked.look(0, age_s=9.0, tightened=True))
    assert worked.look(2.5, age_s=9.0, tightened=True) is not None


def test_size_shown_need_only_be_what_is_left() -> None:
    worked = submitted()
    worked.tell(WalkEvent.FILLED, 3)
    assert worked.look(2.5, ask_size=1.0) is None
    assert worked.look(2.5, ask_size=2.0) is not None


def test_budget_stops_reprices_of_entries_first_then_entries() -> None:
    worked = submitted()
    assert worked.look(2.5, calls=7) is None
    assert worked.walk.veto == VetoCode.BUDGET
    assert worked.look(3.0, calls=8) is not None
    worked = Worked(WALKING)
    move = worked.look(0, calls=7)
    assert move is not None
    assert move.reason == RouteReason.LOW_BUDGET
    worked = Worked(WALKING)
    end = worked.look(0, calls=1)
    assert end == Move(MoveKind.END, RouteReason.NO_BUDGET, outcome=Outcome.GIVEN_UP)


def test_empty_budget_holds_an_exit_until_it_escalates() -> None:
    worked = Worked(leaving(Purpose.EXIT))
    assert worked.look(0, calls=0) is None
    assert worked.walk.veto == VetoCode.BUDGET
    assert worked.look(15, calls=0) is not None


# -- refused changes ------------------------------------------------------------------------------


def refused(purpose: Purpose) -> Worked:
    """An order whose first change was refused at 2.65 s."""
    worked = repriced(purpose)
    worked.tell(WalkEvent.MODIFY_REJECTED)
    return worked


def test_refused_change_is_made_by_a_new_order_for_the_confirmed_remainder() -> None:
    worked = refused(Purpose.ENTRY)
    assert worked.walk.limit == pytest.approx(1.01)
    move = worked.look(5.0)
    assert move == Move(MoveKind.REPLACE, StepReason.SCHEDULE)
    assert not worked.walk.accepts_resend(5)
    worked.tell(WalkEvent.CANCELED)
    assert worked.walk.accepts_resend(5)
    assert not worked.walk.accepts_resend(6)
    with pytest.raises(ValueError, match="Expected a remainder of 1 to 5 contracts"):
        worked.tell(WalkEvent.RESENT, 6)
    worked.tell(WalkEvent.RESENT, 5)
    move = worked.look(5.5)
    assert move == Move(MoveKind.SUBMIT, RouteReason.NORMAL, 1.02)
    worked.settle(move)
    move = worked.look(8.0)
    assert move is not None
    assert move.kind is MoveKind.REPRICE  # a new order may be changed


def test_resent_order_offers_no_less_than_the_one_before() -> None:
    worked = refused(Purpose.EXIT)
    worked.settle(worked.look(5.0))
    worked.tell(WalkEvent.RESENT, 5)
    move = worked.look(5.5, bid=1.20, ask=1.30)
    assert move is not None
    assert move.price == pytest.approx(1.03)


def test_orders_are_replaced_a_bounded_number_of_times() -> None:
    params = DeskParams(walk=WalkParams(max_replaces=1))
    worked = submitted(params=params)
    worked.look(2.5)
    worked.tell(WalkEvent.MODIFY_REJECTED)
    worked.settle(worked.look(5))
    worked.tell(WalkEvent.RESENT, 5)
    worked.settle(worked.look(5.5))
    worked.look(8)
    worked.tell(WalkEvent.MODIFY_REJECTED)
    for seconds in range(11, 30):
        assert worked.look(seconds) is None
    assert worked.walk.veto == VetoCode.REPLACED_ENOUGH
    assert worked.walk.replaces == 1


def test_escalated_exit_is_replaced_beyond_the_bound_with_a_rest() -> None:
    params = DeskParams(walk=WalkParams(max_replaces=0))
    worked = Worked(leaving(Purpose.STOP), params)
    worked.settle(worked.look(0))
    worked.look(2.0)
    worked.tell(WalkEvent.MODIFY_REJECTED)
    assert worked.settle(worked.look(3.0)) is None
    worked.tell(WalkEvent.RESENT, 5)
    worked.settle(worked.look(3.5))  # at 0.98
    worked.look(4.5, bid=0.80)
    worked.tell(WalkEvent.MODIFY_REJECTED)
    assert worked.look(5.9, bid=0.80) is None
    move = worked.look(6.0, bid=0.80)
    assert move == Move(MoveKind.REPLACE, StepReason.FOLLOW)


def test_remainder_of_an_entry_not_worth_its_fees_rests_where_it_is() -> None:
    worked = Worked(entry(cap=0.50))
    worked.settle(worked.look(0, 0.40, 0.44))
    worked.tell(WalkEvent.FILLED, 4)
    worked.look(2.5, 0.40, 0.44)
    worked.tell(WalkEvent.MODIFY_REJECTED)
    assert worked.look(5, 0.40, 0.44) is None
    assert worked.walk.veto == VetoCode.REMAINDER_FEES


def test_order_without_a_fill_has_paid_no_minimum_and_is_replaced() -> None:
    worked = Worked(entry(cap=0.50, quantity=1))
    worked.settle(worked.look(0, 0.40, 0.44))
    worked.look(2.5, 0.40, 0.44)
    worked.tell(WalkEvent.MODIFY_REJECTED)
    assert worked.look(5, 0.40, 0.44) == Move(MoveKind.REPLACE, StepReason.SCHEDULE)
    worked.tell(WalkEvent.CANCELED)
    assert worked.walk.accepts_resend(1)


def test_remainder_that_shrinks_while_it_is_replaced_is_dropped() -> None:
    worked = Worked(entry(cap=0.50))
    worked.settle(worked.look(0, 0.40, 0.44))
    worked.look(2.5, 0.40, 0.44)
    worked.tell(WalkEvent.MODIFY_REJECTED)
    assert worked.look(5, 0.40, 0.44) == Move(MoveKind.REPLACE, StepReason.SCHEDULE)
    worked.tell(WalkEvent.FILLED, 4)
    end = worked.tell(WalkEvent.CANCELED)
    assert end == Move(MoveKind.END, VetoCode.REMAINDER_FEES, outcome=Outcome.PARTLY_FILLED)


def test_one_lot_remainder_of_an_exit_is_always_worked() -> None:
    worked = Worked(leaving(Purpose.EXIT))
    worked.settle(worked.look(0, 0.04, 0.08))
    worked.tell(WalkEvent.FILLED, 4)
    worked.look(2.5, 0.04, 0.08)
    worked.tell(WalkEvent.MODIFY_REJECTED)
    assert worked.look(5, 0.04, 0.08) == Move(MoveKind.REPLACE, StepReason.SCHEDULE)


def test_remainder_that_does_not_come_back_ends_the_parent() -> None:
    worked = refused(Purpose.EXIT)
    worked.settle(worked.look(5.0))  # confirmed at 5.15
    assert worked.look(10.1) is None
    end = worked.look(10.2)
    assert end == Move(MoveKind.END, StepReason.NOT_RESENT, outcome=Outcome.GIVEN_UP)
    assert not worked.walk.accepts_resend(5)


def test_entry_replaced_at_its_deadline_is_not_sent_anew() -> None:
    worked = refused(Purpose.ENTRY)
    worked.look(29.9)
    end = worked.tell(WalkEvent.CANCELED)
    assert end == Move(MoveKind.END, StepReason.DEADLINE, outcome=Outcome.GIVEN_UP)


# -- over-fill ------------------------------------------------------------------------------------


def resent(purpose: Purpose) -> Worked:
    """An order that has been replaced; the new one is at the venue since 5.65 s."""
    worked = refused(purpose)
    worked.settle(worked.look(5.0))
    worked.tell(WalkEvent.RESENT, 5)
    worked.settle(worked.look(5.5))
    return worked


@pytest.mark.parametrize(
    ("purpose", "cancel"),
    [(Purpose.ENTRY, MoveKind.CANCEL), (Purpose.EXIT, MoveKind.REPLACE)],
)
def test_late_fill_of_the_former_order_cancels_what_is_too_much(
    purpose: Purpose, cancel: MoveKind
) -> None:
    walk = resent(purpose).walk
    assert walk.on_fill(at(6), 2, is_former=True) == Move(cancel, StepReason.OVERFILL_RISK)
    assert walk.leaves == 3
    walk.on_canceled(at(6.2))
    assert walk.accepts_resend(3) is (purpose is Purpose.EXIT)


def test_late_fill_waits_for_the_command_in_flight() -> None:
    worked = resent(Purpose.EXIT)
    assert worked.look(8) is not None
    walk = worked.walk
    assert walk.on_fill(at(8.1), 5, is_former=True) is None
    walk.on_modified(at(8.2), 1.01)
    assert walk.on_quote(quote(8.25), MOST_CALLS) == Move(MoveKind.CANCEL, StepReason.OVERFILL_RISK)
    end = walk.on_canceled(at(9.2))
    assert end == Move(MoveKind.END, StepReason.FILLED, outcome=Outcome.FILLED)


def test_order_for_less_than_the_remainder_ends_with_what_was_filled() -> None:
    worked = refused(Purpose.EXIT)
    worked.settle(worked.look(5.0))
    worked.tell(WalkEvent.RESENT, 3)
    worked.settle(worked.look(5.5))
    assert worked.tell(WalkEvent.FILLED, 2) is None
    end = worked.tell(WalkEvent.FILLED, 1)
    assert end == Move(MoveKind.END, StepReason.FILLED, outcome=Outcome.PARTLY_FILLED)


def test_fill_told_after_the_cancel_reduces_the_remainder() -> None:
    worked = refused(Purpose.EXIT)
    worked.settle(worked.look(5.0))
    assert worked.tell(WalkEvent.FILLED, 2) is None
    assert worked.walk.accepts_resend(3)
    assert not worked.walk.accepts_resend(4)


def test_remainder_filled_meanwhile_is_not_sent() -> None:
    worked = refused(Purpose.EXIT)
    worked.settle(worked.look(5.0))
    worked.tell(WalkEvent.RESENT, 5)
    worked.walk.on_fill(at(5.3), 2, is_former=True)
    end = worked.look(5.5)
    assert end == Move(MoveKind.END, StepReason.OVERFILL_RISK, outcome=Outcome.PARTLY_FILLED)


def test_one_quote_is_enough_to_escalate_and_to_give_up() -> None:
    """A book that comes every five minutes: only time goes on, and the quote grows old."""
    worked = submitted(Purpose.EXIT)
    for quarter in range(10, 61):
        worked.settle(worked.look(quarter / 4, age_s=300.0 + quarter / 4))
    assert prices(worked.moves) == [1.03, 0.98]
    worked = submitted()
    for quarter in range(10, 122):
        worked.settle(worked.look(quarter / 4, age_s=300.0 + quarter / 4))
    assert kinds(worked.moves) == [MoveKind.SUBMIT, MoveKind.CANCEL, MoveKind.END]


def test_late_in_the_session_nothing_is_opened_and_exits_cross() -> None:
    walk = walk_of(entry(), close_ns=at(119))
    end = walk.on_quote(quote(0), MOST_CALLS)
    assert end == Move(MoveKind.END, RouteReason.TOO_LATE, outcome=Outcome.GIVEN_UP)
    walk = walk_of(leaving(Purpose.EXIT), close_ns=at(299))
    move = walk.on_quote(quote(0), MOST_CALLS)
    assert move == Move(MoveKind.SUBMIT, RouteReason.CLOSE_NEAR, 0.98)


def test_many_entries_leave_the_reserve_of_the_call_budget_alone() -> None:
    budget = CallBudget(CallBudgetParams(calls_per_minute=60, reserve_calls=20))
    entries = [Worked(entry(parent_id=f"O-{number}")) for number in range(40)]
    calls = dict.fromkeys(MoveKind, 0)
    for quarter in range(119):
        for worked in entries:
            now_ns = at(quarter / 4)
            move = worked.look(quarter / 4, calls=budget.left(now_ns, Purpose.ENTRY))
            if move is not None:
                calls[move.kind] += 1
                budget.spend(now_ns)
                worked.settle(move)
    assert calls[MoveKind.SUBMIT] >= 33
    assert 33 <= calls[MoveKind.SUBMIT] + calls[MoveKind.REPRICE] <= 40
    assert budget.left(at(29.75), Purpose.STOP) >= 20
