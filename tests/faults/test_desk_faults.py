"""Every fault hits the order desk at work; every parent order ends all the same, and ends right.

The market is synthetic; test_replayed_faults.py has the like on replayed sessions.
"""

import json
from functools import partial

import pytest
from faults.desk_cases import (
    CONFIG,
    RESTING,
    WALKING,
    Account,
    Case,
    Run,
    brief,
    close,
    entry,
    fault,
    held,
    in_order,
    is_told,
    reason,
    run_cases,
    working,
    wrong_with_books,
)
from project_simulator import project_simulator

from autotrade_0dte.execution.parent import Outcome
from autotrade_0dte.execution.walk_record import MoveKind, StepReason, WalkEvent


def is_canceled(orders: list[Account]) -> bool:
    """Return whether the last of a plan's orders is canceled, or is to be."""
    return bool(orders) and orders[-1]["status"] in {"PendingCancel", "Cancelled"}


CASES = {
    "nothing": Case(
        [],
        lambda p: entry(p, Outcome.FILLED) and close(p, Outcome.FILLED),
        WALKING,
    ),
    "entry rejected": Case(
        [fault("reject", message="1200:not today")],
        lambda p: entry(p, Outcome.REJECTED, WalkEvent.REJECTED) and is_told(p, "1200:not today"),
    ),
    "entry rejected late": Case(
        [fault("late_reject", value=0.1, message="201:too late")],
        lambda p: entry(p, Outcome.REJECTED, WalkEvent.ACCEPTED, WalkEvent.REJECTED),
    ),
    "exit rejected": Case(
        [fault("reject", message="1200:not today")],
        lambda p: close(p, Outcome.REJECTED, WalkEvent.REJECTED) and close(p, Outcome.FILLED),
        when=held,
    ),
    "exit rejected late": Case(
        [fault("late_reject", value=0.1, message="201:too late")],
        lambda p: (
            close(p, Outcome.REJECTED, WalkEvent.ACCEPTED, WalkEvent.REJECTED)
            and close(p, Outcome.FILLED)
        ),
        when=held,
    ),
    "entry filled in part, then canceled": Case(
        [fault("partial_fill", value=1)],
        lambda p: (
            entry(p, Outcome.PARTLY_FILLED, WalkEvent.FILLED, WalkEvent.CANCELED)
            and close(p, Outcome.FILLED)
        ),
        {"hold_s": 1.3, "timeout_s": 1},
    ),
    "modify refused": Case(
        [fault("modify_refused", count=2)],
        lambda p: (
            any(move.kind is MoveKind.REPLACE for each in p for move in each.moves)
            and any(
                each.outcome is Outcome.FILLED
                and in_order(each.events, WalkEvent.MODIFY_REJECTED, WalkEvent.RESENT)
                for each in p
            )
        ),
        WALKING,
    ),
    "answers to orders and changes lost": Case(
        [
            fault("lost_response", method="place_order", count=2),
            fault("lost_response", method="modify_order", count=2),
        ],
        lambda p: entry(p, Outcome.FILLED, WalkEvent.ACCEPTED) and close(p, Outcome.FILLED),
        WALKING,
    ),
    "answer to a cancel lost": Case(
        [fault("lost_response", method="cancel_order")],
        lambda p: entry(p, Outcome.GIVEN_UP, WalkEvent.CANCELED),
        RESTING,
    ),
    "answers late": Case(
        [
            fault("delay_response", method="place_order", value=0.5, count=2),
            fault("delay_response", method="modify_order", value=0.5, count=2),
        ],
        lambda p: entry(p, Outcome.FILLED, WalkEvent.ACCEPTED) and close(p, Outcome.FILLED),
        WALKING,
    ),
    "answer to an order late, and no news": Case(
        [
            fault("delay_response", method="place_order", value=4.5),
            fault("stall", seconds=14.0),
        ],
        lambda p: reason(p, MoveKind.CANCEL, StepReason.NO_ANSWER),
        until=is_canceled,
    ),
    "answer to a cancel late": Case(
        [fault("delay_response", method="cancel_order", value=0.5)],
        lambda p: entry(p, Outcome.GIVEN_UP, WalkEvent.CANCELED),
        RESTING,
    ),
    "cancel fails": Case(
        [fault("cancel_fails")],
        lambda p: entry(p, Outcome.GIVEN_UP, WalkEvent.CANCEL_REJECTED, WalkEvent.CANCELED),
        RESTING,
    ),
    "news twice and in another order": Case(
        [fault("duplicate_push", count=3), fault("reorder_push", count=2)],
        lambda p: entry(p, Outcome.FILLED) and close(p, Outcome.FILLED),
    ),
    "push link dropped": Case(
        [fault("drop", seconds=0.5)],
        lambda p: entry(p, Outcome.FILLED) and close(p, Outcome.FILLED),
        when=held,
    ),
    "quotes frozen while an entry is at work": Case(
        [fault("frozen_quotes", seconds=1.2)],
        lambda p: entry(p, Outcome.GIVEN_UP, WalkEvent.CANCELED),
        RESTING,
        when=partial(working, "BUY"),
    ),
    "quotes frozen while an exit is at work": Case(
        [fault("frozen_quotes", seconds=1.2)],
        lambda p: close(p, Outcome.FILLED),
        WALKING,
        when=partial(working, "SELL"),
    ),
    "exit filled in part, then canceled by hand": Case(
        [fault("partial_fill", value=1)],
        lambda p: (
            close(p, Outcome.CANCELED, WalkEvent.FILLED, WalkEvent.CANCELED)
            and close(p, Outcome.FILLED)
        ),
        when=held,
        cancels=True,
    ),
    "short leg refused": Case(
        [],
        lambda p: (
            entry(p, Outcome.DENIED)
            and close(p, Outcome.FILLED)
            and any(record.leg_skew_s > 0 for each in p for record in each.records)
        ),
        {"is_vertical": True},
    ),
    "entry limited": Case(
        [fault("rate_limit", method="place_order", value=429)],
        lambda p: entry(p, Outcome.REJECTED) and is_told(p, "RATE_LIMIT"),
    ),
    "changes limited": Case(
        [fault("rate_limit", method="modify_order")],
        lambda p: entry(p, Outcome.FILLED) and close(p, Outcome.FILLED),
        WALKING,
        wait_s=2.0,
    ),
    "exit limited": Case(
        [fault("rate_limit", method="place_order")],
        lambda p: close(p, Outcome.FILLED),
        when=held,
        wait_s=2.0,
    ),
}
"""By what goes wrong. Tiger's limits come last: nothing is sent for a while after them."""


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    with project_simulator(lively=False) as simulator:
        return run_cases(simulator, tmp_path_factory.mktemp("desk"), CONFIG, CASES)


def test_parent_orders_end_whatever_goes_wrong(run: Run, subtests: pytest.Subtests) -> None:
    """One test, so that parallel workers do not run the node again for each part of it."""
    for name, case in CASES.items():
        with subtests.test(name):
            parents = run.of(name)
            assert case.told(parents), brief(parents)
            assert run.faults_of(parents) == []
    with subtests.test("books are the simulator's, and flat"):
        assert wrong_with_books(run) == []
    with subtests.test("only what the link missed is unclean"):
        summary = json.loads((run.folder / "summary.json").read_text())
        assert [text.split(": ")[1] for text in summary["unclean_reasons"]] == ["DATA_GAP"]
