"""What a node tells of becomes rows before it goes on, also when the disk is full for a while."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from msgspec.structs import replace
from stored import CHANGE, INTENT, OWNER, PARENT, PLAN, STATE, plan, submitted, walk

from autotrade_0dte.execution.parent import Outcome
from autotrade_0dte.execution.walk_record import Move, MoveKind, WalkEvent
from autotrade_0dte.risk.picture import DayCounters
from autotrade_0dte.store.encoding import RowError
from autotrade_0dte.store.rows import Intent, LogKind
from autotrade_0dte.store.state_store import StateStore
from autotrade_0dte.store.state_writer import StateWriter


@pytest.fixture
def store(tmp_path: Path) -> Iterator[StateStore]:
    with StateStore.open(tmp_path, OWNER) as store:
        yield store


class Told:
    """A writer that was told of the parent, and what it says about the disk."""

    def __init__(self, store: StateStore) -> None:
        self.words: list[tuple[bool, str]] = []
        self.store = store
        self.writer = StateWriter(store, lambda works, text: self.words.append((works, text)))
        self.writer.take_parent(PARENT)

    def intent(self) -> Intent:
        [intent] = self.store.intents()
        return intent

    def fill_disk(self) -> None:
        pages = self.store._connection.execute("PRAGMA page_count").fetchone()[0]
        self.store._connection.execute(f"PRAGMA max_page_count = {pages}")

    def free_disk(self) -> None:
        self.store._connection.execute("PRAGMA max_page_count = 1000000")


def test_order_has_its_row_when_its_walk_says_submit_and_not_before(store: StateStore) -> None:
    told = Told(store)
    told.writer.take_walk(walk(WalkEvent.QUOTE, veto="STALE"))
    assert store.intents() == []
    told.writer.take_walk(submitted())
    assert told.intent() == INTENT


def test_what_becomes_of_an_order_is_kept(store: StateStore) -> None:
    told = Told(store)
    told.writer.take_walk(submitted())
    told.writer.take_walk(walk(WalkEvent.ACCEPTED))
    assert told.intent() == INTENT
    told.writer.take_walk(walk(WalkEvent.FILLED, 2_100, quantity=2))
    assert told.intent() == replace(INTENT, filled=2)
    told.writer.take_walk(walk(WalkEvent.FILLED, 2_200, quantity=1))
    assert told.intent() == replace(INTENT, filled=3, outcome=Outcome.FILLED, ended_ns=2_200)


@pytest.mark.parametrize(
    ("event", "outcome"),
    [
        (WalkEvent.CANCELED, Outcome.CANCELED),
        (WalkEvent.REJECTED, Outcome.REJECTED),
        (WalkEvent.DENIED, Outcome.DENIED),
    ],
)
def test_end_of_an_order_and_a_fill_after_it_are_kept(
    store: StateStore, event: WalkEvent, outcome: Outcome
) -> None:
    told = Told(store)
    told.writer.take_walk(submitted())
    told.writer.take_walk(walk(event, 2_100))
    assert told.intent() == replace(INTENT, outcome=outcome, ended_ns=2_100)
    told.writer.take_walk(walk(WalkEvent.FILLED, 2_200, quantity=1))
    assert told.intent().filled == 1


def test_order_that_was_never_sent_has_no_row(store: StateStore) -> None:
    told = Told(store)
    told.writer.take_walk(walk(WalkEvent.DENIED))
    assert store.intents() == []


def test_remainder_sent_anew_is_an_order_of_its_own(store: StateStore) -> None:
    told = Told(store)
    told.writer.take_walk(submitted())
    told.writer.take_walk(walk(WalkEvent.FILLED, quantity=1))
    told.writer.take_walk(walk(WalkEvent.CANCELED, 2_100))
    told.writer.take_walk(walk(WalkEvent.RESENT, 2_200, client_order_id="O-2", quantity=2))
    told.writer.take_walk(submitted(2_300, client_order_id="O-2"))
    told.writer.take_walk(walk(WalkEvent.FILLED, 2_400, client_order_id="O-2", quantity=2))
    first, second = store.intents()
    assert (first.filled, first.outcome) == (1, Outcome.CANCELED)
    assert (second.client_order_id, second.parent_id) == ("O-2", INTENT.client_order_id)
    assert (second.quantity, second.filled, second.outcome) == (2, 2, Outcome.FILLED)


def test_move_other_than_submit_makes_no_row(store: StateStore) -> None:
    told = Told(store)
    told.writer.take_walk(walk(WalkEvent.QUOTE, move=Move(MoveKind.REPRICE, "SCHEDULE", 1.2)))
    assert store.intents() == []


def test_change_of_the_risk_mode_is_a_line_of_the_log(store: StateStore) -> None:
    told = Told(store)
    told.writer.take_change(CHANGE)
    told.writer.take_change(replace(CHANGE, begins=False, text="checked"))
    assert [(entry.kind, entry.text) for entry in store.entries()] == [
        (LogKind.CHANGE, "DAILY_LOSS begins, NORMAL -> HALT_ENTRIES"),
        (LogKind.CHANGE, "DAILY_LOSS ends, NORMAL -> HALT_ENTRIES: checked"),
    ]
    assert store.entries()[0].figures == CHANGE.figures


def test_state_of_the_ladder_is_kept(store: StateStore) -> None:
    told = Told(store)
    told.writer.take_ladder(1, DayCounters(entries=3))
    told.writer.take_ladder(2, DayCounters(entries=4))
    assert store.ladder(DayCounters) == DayCounters(entries=4)


def test_full_disk_is_told_once_and_its_rows_are_written_when_there_is_room(
    store: StateStore,
) -> None:
    told = Told(store)
    told.fill_disk()
    for number in range(400):  # more than the file's last page takes
        told.writer.take_plan(plan(number))
    [(works, text)] = told.words
    assert (works, "full" in text) == (False, True)
    missing = told.writer.waiting
    assert missing > 0
    assert len(store.plans()) == 400 - missing
    told.writer.take_walk(submitted())
    assert store.intents() == []
    told.free_disk()
    told.writer.beat(9)
    assert told.words[1:] == [(True, "")]
    assert [state.plan.decided_ns for state in store.plans()] == list(range(400))
    assert (told.intent(), told.writer.waiting) == (INTENT, 0)


def test_newest_state_of_a_plan_wins_after_a_full_disk(store: StateStore) -> None:
    told = Told(store)
    told.fill_disk()
    while not told.writer.waiting:
        told.writer.take_plan(plan(len(store.plans())))
    told.writer.take_plan(replace(STATE, held=1))
    told.writer.take_plan(replace(STATE, held=2))
    told.free_disk()
    told.writer.beat(9)
    [found] = [state for state in store.plans() if state.plan.decided_ns == 1_000]
    assert found.held == 2


UNWRITABLE = replace(STATE, plan=replace(PLAN, figures={"score": object()}))


def test_row_that_no_disk_takes_is_told_and_raised_once_by_name_and_the_rest_is_written(
    store: StateStore,
) -> None:
    told = Told(store)
    with pytest.raises(RowError) as e:
        told.writer.take_plan(UNWRITABLE)
    expected = "Expected a value that JSON has, was object (plan.state.plan.figures.score)"
    assert (str(e.value), told.writer.misfits) == (expected, [e.value])
    told.writer.take_walk(submitted())
    assert (told.intent(), told.writer.waiting, told.writer.missing) == (INTENT, 0, 1)
    assert told.words == [(False, expected)]


def test_row_that_no_disk_takes_amid_those_of_a_full_disk_keeps_none_of_them(
    store: StateStore,
) -> None:
    told = Told(store)
    told.fill_disk()
    while not told.writer.waiting:
        told.writer.take_plan(plan(len(store.plans())))
    told.writer.take_plan(UNWRITABLE)  # waits behind the first
    told.writer.take_walk(submitted())
    told.free_disk()
    with pytest.raises(RowError):
        told.writer.beat(9)
    assert [works for works, _ in told.words] == [False, False]  # some of it is not there
    assert (told.intent(), told.writer.waiting) == (INTENT, 0)
    assert store.heartbeat() is not None
