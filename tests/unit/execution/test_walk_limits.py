"""A walk at the limits of its times and counts, and what it says of itself there."""

from typing import Any

import msgspec
import pytest
from worked_order import NAN, NICKEL, Worked, at, entry, leaving, quote, walk_of

from autotrade_0dte.execution.parent import Outcome, Purpose
from autotrade_0dte.execution.replay_walk import replay
from autotrade_0dte.execution.routing import RouteReason
from autotrade_0dte.execution.vetoes import VetoCode
from autotrade_0dte.execution.walk_record import Move, MoveKind, StepReason, WalkEvent, WalkRecord
from autotrade_0dte.market_state.actions import Urgency


def submitted(purpose: Purpose = Purpose.ENTRY) -> Worked:
    """An order confirmed at 0.15 s."""
    worked = Worked(entry() if purpose is Purpose.ENTRY else leaving(purpose))
    worked.settle(worked.look(0))
    return worked


def replaced(worked: Worked, seconds: float, ask: float = 1.04) -> None:
    """Have a change refused at `seconds`, and the remainder come back as a new order."""
    move = worked.look(seconds, ask=ask)
    assert move is not None
    assert move.kind is MoveKind.REPRICE
    worked.tell(WalkEvent.MODIFY_REJECTED)
    move = worked.look(seconds + 3, ask=ask)
    assert move is not None
    assert move.kind is MoveKind.REPLACE
    worked.settle(move)
    worked.tell(WalkEvent.RESENT, worked.walk.leaves)
    worked.settle(worked.look(seconds + 3.5, ask=ask))


@pytest.mark.parametrize(
    ("urgency", "rest_s"), [(Urgency.NORMAL, 2.0), (Urgency.URGENT, 1.0)], ids=str
)
def test_step_comes_when_the_rest_of_its_urgency_is_over_and_not_before(
    urgency: Urgency, rest_s: float
) -> None:
    worked = Worked(entry(urgency=urgency))  # four ticks wide: walked, not crossed
    worked.settle(worked.look(0))
    assert worked.look(0.14 + rest_s) is None
    assert worked.look(0.15 + rest_s) == Move(MoveKind.REPRICE, StepReason.SCHEDULE, 1.02)


def test_move_of_the_underlying_of_just_a_tick_brings_the_step_forward() -> None:
    assert submitted().look(1.0, spot=600.019) is None
    assert submitted().look(1.0, spot=600.02) == Move(MoveKind.REPRICE, StepReason.MICRO_MOVE, 1.02)


def test_step_is_judged_by_its_own_price_to_the_cent() -> None:
    dear = {"bid": 2.90, "ask": 3.10, "fair": 2.885}
    worked = Worked(entry(cap=3.20))
    for seconds in (0, 2.5, 5, 7.5, 10):
        worked.settle(worked.look(seconds, **dear))
    # To the ask in four steps from 2.8925; 3.04 is 15.5 cents beyond, and 15 are allowed.
    assert [move.price for move in worked.moves] == [2.89, 2.94, 2.99]
    assert worked.walk.veto == VetoCode.FAIR_VALUE


def test_stop_without_an_ask_to_walk_from_crosses_to_the_bid() -> None:
    move = Worked(leaving(Purpose.STOP)).look(0, ask=0.0, fair=NAN)
    assert move == Move(MoveKind.SUBMIT, RouteReason.STOP, 0.98)
    worked = submitted(Purpose.STOP)
    urgent = worked.look(1.9, ask=0.0, fair=NAN, spot=599.9)
    assert urgent == Move(MoveKind.REPRICE, StepReason.FOLLOW, 0.98)


def test_walk_that_has_made_its_steps_is_sent_anew_at_the_far_side_and_not_beyond() -> None:
    worked = Worked(entry(cap=1.20))
    for seconds in (0, 2.5, 5, 7.5):
        worked.settle(worked.look(seconds, ask=1.10))
    replaced(worked, 10, ask=1.10)
    assert [move.price for move in worked.moves if move.kind is MoveKind.SUBMIT] == [1.02, 1.10]


def test_order_that_crosses_follows_when_the_least_rest_is_over() -> None:
    worked = Worked(leaving(Purpose.EMERGENCY))
    worked.settle(worked.look(0))  # confirmed at 0.15
    assert worked.look(0.64, bid=0.90) is None
    assert worked.look(0.65, bid=0.90) == Move(MoveKind.REPRICE, StepReason.FOLLOW, 0.88)


def test_step_goes_at_least_a_tick_though_fair_value_has_fallen() -> None:
    worked = Worked(entry())
    worked.settle(worked.look(0, ask=1.10, fair=1.08))
    move = worked.look(2.5, ask=1.10, fair=1.00)  # where a walk from there would be at 1.02
    assert move == Move(MoveKind.REPRICE, StepReason.SCHEDULE, 1.05)


def test_move_of_the_underlying_is_counted_in_the_ticks_of_the_market_it_is_in() -> None:
    worked = Worked(entry(cap=5.0), root=NICKEL)  # steps of ten cents from three dollars on
    worked.settle(worked.look(0, 3.50, 4.10))
    assert worked.look(1.0, 3.50, 4.10, spot=600.18) is None
    move = worked.look(1.0, 3.50, 4.10, spot=600.20)
    assert move is not None
    assert move.reason == StepReason.MICRO_MOVE


def test_third_refused_change_is_not_made_by_a_new_order() -> None:
    worked = Worked(entry(cap=1.20))
    worked.settle(worked.look(0, ask=1.10))
    replaced(worked, 2.5, ask=1.10)
    replaced(worked, 8.5, ask=1.10)  # a refused step is one of the four: now at the far side
    dearer = {"bid": 1.04, "ask": 1.14}
    assert worked.look(14.5, **dearer) == Move(MoveKind.REPRICE, StepReason.SCHEDULE, 1.14)
    worked.tell(WalkEvent.MODIFY_REJECTED)
    assert [worked.look(seconds, **dearer) for seconds in range(18, 30)] == [None] * 12
    assert (worked.walk.replaces, worked.walk.veto) == (2, VetoCode.REPLACED_ENOUGH)


def test_last_call_is_an_exit_s() -> None:
    move = Worked(leaving(Purpose.EXIT)).look(0, calls=1)
    assert move == Move(MoveKind.SUBMIT, RouteReason.LOW_BUDGET, 0.98)


def test_entry_first_looked_at_after_its_deadline_is_given_up_for_that() -> None:
    end = Worked(entry()).look(30)
    assert end == Move(MoveKind.END, StepReason.DEADLINE, outcome=Outcome.GIVEN_UP)


def test_remainder_has_its_time_to_come_back_and_no_longer() -> None:
    worked = submitted()
    worked.look(2.5)
    worked.tell(WalkEvent.MODIFY_REJECTED)
    worked.settle(worked.look(5))  # confirmed at 5.15
    assert worked.look(10.14) is None
    end = worked.look(10.15)
    assert end == Move(MoveKind.END, StepReason.NOT_RESENT, outcome=Outcome.GIVEN_UP)


def canceled_for_a_new_order(**changes: Any) -> Worked:
    """An exit of five that was canceled at 5.15 s to be sent anew."""
    worked = Worked(leaving(Purpose.EXIT, **changes))
    worked.settle(worked.look(0))
    worked.look(2.5)
    worked.tell(WalkEvent.MODIFY_REJECTED)
    worked.settle(worked.look(5))
    return worked


def test_fill_of_all_that_is_told_after_the_cancel_ends_the_parent_at_once() -> None:
    end = canceled_for_a_new_order().tell(WalkEvent.FILLED, 5)
    assert end == Move(MoveKind.END, StepReason.FILLED, outcome=Outcome.FILLED)
    worked = canceled_for_a_new_order()
    assert worked.tell(WalkEvent.FILLED, 4) is None
    assert worked.walk.accepts_resend(1)


def test_more_filled_than_was_asked_for_ends_the_parent() -> None:
    worked = submitted()
    end = worked.tell(WalkEvent.FILLED, 7)
    assert end == Move(MoveKind.END, StepReason.FILLED, outcome=Outcome.FILLED)
    assert worked.walk.leaves == 0


def test_limit_is_what_the_venue_has_confirmed() -> None:
    worked = submitted()
    worked.look(2.5)
    worked.tell(WalkEvent.MODIFIED, 1.03)
    assert worked.walk.limit == 1.03


def test_refusal_of_a_cancel_that_nobody_sent_answers_nothing() -> None:
    worked = Worked(entry())
    worked.look(0)
    worked.tell(WalkEvent.CANCEL_REJECTED)
    assert worked.look(2.5) is None  # whether it was accepted is still to come
    assert worked.look(5.0) == Move(MoveKind.CANCEL, StepReason.NO_ANSWER)


def test_new_order_has_no_part_in_refusals_of_the_one_before() -> None:
    worked = submitted(Purpose.EXIT)
    worked.look(2.5)
    worked.tell(WalkEvent.MODIFY_REJECTED)
    worked.look(5)
    worked.tell(WalkEvent.CANCEL_REJECTED)
    worked.settle(worked.look(6.5))
    worked.tell(WalkEvent.RESENT, 5)
    worked.look(7)
    worked.tell(WalkEvent.WITHDRAWN)
    worked.tell(WalkEvent.ACCEPTED)
    assert worked.walk.is_due_to_end
    assert worked.look(7.25) == Move(MoveKind.CANCEL, StepReason.RISK_MODE)


def test_late_fill_of_a_former_order_sends_no_second_cancel() -> None:
    worked = canceled_for_a_new_order()
    worked.tell(WalkEvent.RESENT, 5)
    worked.settle(worked.look(5.5))
    worked.tell(WalkEvent.WITHDRAWN)
    assert worked.walk.on_fill(at(6), 2, is_former=True) is None
    assert worked.tell(WalkEvent.WITHDRAWN) is None
    end = worked.tell(WalkEvent.CANCELED)
    assert end == Move(MoveKind.END, StepReason.RISK_MODE, outcome=Outcome.PARTLY_FILLED)
    assert worked.tell(WalkEvent.WITHDRAWN) is None


def test_exit_is_sent_anew_after_its_deadline_and_an_entry_at_it_is_not() -> None:
    assert canceled_for_a_new_order(deadline_ns=at(5)).walk.accepts_resend(5)
    worked = submitted()
    worked.look(2.5)
    worked.tell(WalkEvent.MODIFY_REJECTED)
    worked.look(29)
    end = worked.tell(WalkEvent.CANCELED, after_s=1.0)
    assert end == Move(MoveKind.END, StepReason.DEADLINE, outcome=Outcome.GIVEN_UP)


def test_exit_steps_with_its_last_call_and_not_without_one() -> None:
    worked = submitted(Purpose.EXIT)
    assert worked.look(2.5, calls=0) is None
    assert worked.walk.veto == VetoCode.BUDGET
    assert worked.look(2.75, calls=1) == Move(MoveKind.REPRICE, StepReason.SCHEDULE, 1.02)


def test_nothing_comes_back_as_a_remainder_of_nothing() -> None:
    worked = submitted()
    worked.look(2.5)
    worked.tell(WalkEvent.MODIFY_REJECTED)
    worked.settle(worked.look(5))
    assert [worked.walk.accepts_resend(quantity) for quantity in (0, 1, 5, 6)] == [
        False, True, True, False,
    ]  # fmt: skip


def test_veto_is_told_as_long_as_it_holds_and_no_longer() -> None:
    worked = Worked(entry())
    worked.look(0, age_s=60.0)
    assert worked.walk.veto == VetoCode.QUOTE_AGE
    worked.settle(worked.look(1))
    assert worked.walk.veto == ""
    worked = submitted(Purpose.EXIT)
    worked.look(2.5, age_s=60.0)
    assert worked.walk.veto == VetoCode.QUOTE_AGE
    worked.look(15, bid=0.0, fair=NAN)  # crosses from now on, though there is nobody to trade with
    assert worked.walk.veto == ""


def test_planned_cancel_is_due_from_the_answer_before_it_until_it_is_sent() -> None:
    worked = submitted()
    due = [worked.walk.is_due_to_end]
    for event in (
        lambda: worked.look(2.5),
        lambda: worked.tell(WalkEvent.WITHDRAWN),
        lambda: worked.tell(WalkEvent.MODIFIED, 1.02),
        lambda: worked.look(3.0),
        lambda: worked.tell(WalkEvent.CANCEL_REJECTED),
    ):
        event()
        due.append(worked.walk.is_due_to_end)
    assert due == [False, False, False, True, False, False]
    assert worked.moves[-1] == Move(MoveKind.CANCEL, StepReason.RISK_MODE)


def test_log_in_which_a_replaced_order_speaks_again_makes_the_same_moves() -> None:
    worked = submitted(Purpose.EXIT)
    replaced(worked, 2.5)
    known = {"parent_id": worked.walk.parent.parent_id, "quote": quote(7)}
    late = [
        WalkRecord(at(7), event=WalkEvent.CANCELED, client_order_id="O-1", **known),
        WalkRecord(at(7), event=WalkEvent.FILLED, client_order_id="O-1", quantity=2, **known),
    ]
    move = worked.walk.on_fill(at(7), 2, is_former=True)
    assert move == Move(MoveKind.REPLACE, StepReason.OVERFILL_RISK)
    made = replay(walk_of(worked.walk.parent), [*worked.records, *late])
    assert list(map(shown, made)) == list(map(shown, [*worked.moves, move]))


def shown(move: Move) -> tuple[object, ...]:
    """Return a move in values that are equal when it is; NaN is not."""
    return tuple(repr(value) for value in msgspec.structs.astuple(move))
