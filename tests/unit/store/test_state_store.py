"""The store: what is written is read, by this process and others, of this session and account."""

import datetime as dt
import json
import math
import os
import shutil
import sqlite3
from pathlib import Path

import numpy as np
import pytest
from msgspec.structs import replace
from stored import INTENT, OWNER, PLAN, STATE, database, plan

from autotrade_0dte.execution.parent import Outcome
from autotrade_0dte.execution.plan_state import PlanState
from autotrade_0dte.risk.picture import DayCounters
from autotrade_0dte.store.encoding import RowError
from autotrade_0dte.store.rows import LogEntry, LogKind, Owner, account_key
from autotrade_0dte.store.schema import MIGRATIONS, StoreError, migrate, version
from autotrade_0dte.store.state_store import FILE, StateStore

ENTRY = LogEntry(ts_event=5, kind=LogKind.REARM, text="checked", figures={"loss_usd": math.inf})


def test_everything_written_is_read_after_a_restart(tmp_path: Path) -> None:
    with StateStore.open(tmp_path / "of" / "set-up", OWNER) as store:
        store.keep_plan(STATE)
        store.keep_intent(INTENT)
        store.keep_progress(INTENT.client_order_id, 2, Outcome.CANCELED, 1_900)
        store.keep_ladder(3, DayCounters(entries=2, losses_in_row=1))
        store.keep_entry(ENTRY)
        store.beat(7)
    with StateStore.open(tmp_path / "of" / "set-up", OWNER) as store:
        [found] = store.plans()
        assert repr(found) == repr(STATE)  # with its NaN and its infinity
        assert store.intents() == [
            replace(INTENT, filled=2, outcome=Outcome.CANCELED, ended_ns=1_900)
        ]
        assert store.ladder(DayCounters) == DayCounters(entries=2, losses_in_row=1)
        assert store.entries() == [ENTRY]
        beat = store.heartbeat()
        assert beat is not None
        assert beat.ts_event == 7


def test_nothing_is_known_of_an_empty_store(tmp_path: Path) -> None:
    with StateStore.open(tmp_path, OWNER) as store:
        assert (store.plans(), store.intents(), store.entries()) == ([], [], [])
        assert (store.ladder(DayCounters), store.heartbeat()) == (None, None)
    assert StateStore.read(tmp_path / "none", OWNER) is None
    assert not (tmp_path / "none").exists()


@pytest.mark.parametrize(
    "other", [Owner(dt.date(2026, 11, 24), OWNER.account), Owner(OWNER.session, account_key("2"))]
)
def test_rows_of_another_session_or_account_are_not_seen(tmp_path: Path, other: Owner) -> None:
    with StateStore.open(tmp_path, other) as store:
        store.keep_plan(STATE)
        store.keep_intent(INTENT)
        store.keep_ladder(3, DayCounters())
        store.keep_entry(ENTRY)
        store.beat(7)
    with StateStore.open(tmp_path, OWNER) as store:
        store.keep_progress(INTENT.client_order_id, 3, Outcome.FILLED, 1)
        assert (store.plans(), store.intents(), store.entries()) == ([], [], [])
        assert (store.ladder(DayCounters), store.heartbeat()) == (None, None)
    with StateStore.open(tmp_path, other) as store:
        assert store.intents() == [INTENT]


def test_ladder_of_a_session_before_is_there_until_this_one_has_its_own(tmp_path: Path) -> None:
    for days, entries in ((-3, 1), (-1, 2), (1, 3)):
        date = OWNER.session + dt.timedelta(days=days)
        with StateStore.open(tmp_path, Owner(date, OWNER.account)) as store:
            store.keep_ladder(1, DayCounters(entries=entries))
    with StateStore.open(tmp_path, OWNER) as store:
        assert store.ladder(DayCounters) == DayCounters(entries=2)
        store.keep_ladder(1, DayCounters(entries=4))
        assert store.ladder(DayCounters) == DayCounters(entries=4)


def test_newest_state_of_each_plan_in_the_order_of_decisions(tmp_path: Path) -> None:
    with StateStore.open(tmp_path, OWNER) as store:
        for state in (plan(2), plan(1), plan(2, phase="CLOSED", held=0)):
            store.keep_plan(state)
        # The same name in another process of the day is another plan.
        store.keep_plan(replace(STATE, plan=replace(PLAN, plan_id="R001", decided_ns=9)))
        found = [(s.plan.plan_id, s.phase, s.held) for s in store.plans()]
    assert found == [("R001", "OPEN", 3), ("R002", "CLOSED", 0), ("R001", "OPEN", 3)]


def test_store_is_read_while_a_node_writes_to_it_and_cannot_be_written_so(tmp_path: Path) -> None:
    with StateStore.open(tmp_path, OWNER) as store:
        reader = StateStore.read(tmp_path, OWNER)
        assert reader is not None
        with reader:
            assert reader.plans() == []
            store.keep_plan(STATE)
            assert len(reader.plans()) == 1
            with pytest.raises(sqlite3.OperationalError, match="readonly"):
                reader.beat(1)


def test_log_is_brought_into_the_file_by_tidying_alone(tmp_path: Path) -> None:
    with StateStore.open(tmp_path, OWNER) as store:
        for number in range(2_000):  # more than SQLite itself would leave in the log
            store.keep_entry(replace(ENTRY, ts_event=number))
        assert _entries_in_the_file(tmp_path) == 0
        store.tidy().join()
        assert _entries_in_the_file(tmp_path) == 2_000
        size = (tmp_path / f"{FILE}-wal").stat().st_size
        store.keep_entry(ENTRY)
        assert (tmp_path / f"{FILE}-wal").stat().st_size == size  # begun anew
        assert len(store.entries()) == 2_001


def test_tidying_that_fails_is_left(tmp_path: Path) -> None:
    with StateStore.open(tmp_path / "gone", OWNER) as store:
        (tmp_path / "gone").rename(tmp_path / "elsewhere")
        store.tidy().join()
        store.keep_entry(ENTRY)
        assert store.entries() == [ENTRY]


def _entries_in_the_file(folder: Path) -> int:
    """Count what there is without the log."""
    alone = folder / "alone"
    alone.mkdir(exist_ok=True)
    shutil.copy(folder / FILE, alone / FILE)
    with database(alone) as connection:
        tables = connection.execute("SELECT count(*) FROM sqlite_master").fetchone()[0]
        if not tables:
            return 0
        return int(connection.execute("SELECT count(*) FROM log").fetchone()[0])


def test_two_nodes_cannot_have_one_store_and_the_next_can_after_the_first(tmp_path: Path) -> None:
    with (
        StateStore.open(tmp_path, OWNER),
        pytest.raises(StoreError, match=rf"no other node.*process {os.getpid()} since"),
    ):
        StateStore.open(tmp_path, OWNER)
    StateStore.open(tmp_path, OWNER).close()


def test_file_of_an_older_version_is_migrated_with_what_it_holds(tmp_path: Path) -> None:
    with StateStore.open(tmp_path, OWNER) as store:
        store.keep_intent(INTENT)
    newer = (*MIGRATIONS, "ALTER TABLE intent ADD COLUMN note TEXT NOT NULL DEFAULT 'none';")
    with database(tmp_path) as connection:
        migrate(connection, newer)
        migrate(connection, newer)  # nothing is left to do
        assert version(connection) == len(MIGRATIONS) + 1
        row = connection.execute("SELECT client_order_id, note FROM intent").fetchone()
    assert row == (INTENT.client_order_id, "none")


def test_migration_that_fails_leaves_the_file_as_it_was(tmp_path: Path) -> None:
    broken = (*MIGRATIONS, "ALTER TABLE plan ADD COLUMN note TEXT; SELECT nonsense;")
    with database(tmp_path) as connection:
        migrate(connection)
        with pytest.raises(sqlite3.OperationalError):
            migrate(connection, broken)
    with database(tmp_path) as connection:
        assert version(connection) == len(MIGRATIONS)
        columns = [row[1] for row in connection.execute("PRAGMA table_info(plan)")]
    assert "note" not in columns


def test_file_of_a_newer_version_is_refused_and_left_alone(tmp_path: Path) -> None:
    with database(tmp_path) as connection:
        connection.execute(f"PRAGMA user_version = {len(MIGRATIONS) + 1}")
    before = (tmp_path / FILE).read_bytes()
    words = rf"version {len(MIGRATIONS)} or older, was {len(MIGRATIONS) + 1}: .*newer autotrade"
    with pytest.raises(StoreError, match=words):
        StateStore.open(tmp_path, OWNER)
    with pytest.raises(StoreError, match="Expected a store of version"):
        StateStore.read(tmp_path, OWNER)
    assert (tmp_path / FILE).read_bytes()[100:] == before[100:]


def test_what_is_no_store_is_said_to_be_none(tmp_path: Path) -> None:
    (tmp_path / FILE).write_text("not a database" * 100)
    with pytest.raises(StoreError, match="Expected a store that can be read, was file is not"):
        StateStore.open(tmp_path, OWNER)
    with pytest.raises(StoreError, match="Expected a store that can be read, was file is not"):
        StateStore.read(tmp_path, OWNER)


@pytest.mark.parametrize("made", ["nothing", "its first page"])
def test_store_of_a_node_killed_while_making_it_is_an_empty_one(tmp_path: Path, made: str) -> None:
    (tmp_path / FILE).touch()
    if made != "nothing":
        with database(tmp_path) as connection:
            connection.execute("PRAGMA journal_mode = WAL")
    before = (tmp_path / FILE).read_bytes()
    store = StateStore.read(tmp_path, OWNER)
    assert store is not None
    with store:
        assert (store.plans(), store.intents(), store.ladder(DayCounters)) == ([], [], None)
    assert (tmp_path / FILE).read_bytes() == before
    with StateStore.open(tmp_path, OWNER) as node:
        node.keep_plan(STATE)


def test_pages_that_are_damaged_are_no_store(tmp_path: Path) -> None:
    with StateStore.open(tmp_path, OWNER) as store:
        store.keep_plan(STATE)
    whole = (tmp_path / FILE).read_bytes()
    (tmp_path / FILE).write_bytes(whole[:4096] + b"Z" * (len(whole) - 4096))
    store = StateStore.read(tmp_path, OWNER)
    assert store is not None
    with store:
        for read in (
            store.plans, store.intents, store.entries, store.heartbeat,
            lambda: store.ladder(DayCounters),
        ):  # fmt: skip
            with pytest.raises(StoreError, match="malformed"):
                read()


@pytest.mark.parametrize("text", ['{"track":', '{"track": 7}'], ids=["no JSON", "no plan"])
def test_row_that_is_no_plan_is_said_to_be_none(tmp_path: Path, text: str) -> None:
    with StateStore.open(tmp_path, OWNER) as store:
        store.keep_plan(STATE)
        store._connection.execute("UPDATE plan SET state = ?", (text,))
        with pytest.raises(StoreError, match="Expected a store that can be read"):
            store.plans()


def test_folder_that_cannot_be_made_is_said_so(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(StoreError, match="Not a directory"):
        StateStore.open(tmp_path / "file" / "set-up", OWNER)


def test_figures_out_of_arrays_are_kept_as_numbers(tmp_path: Path) -> None:
    """As a strategy may have them, whose backtest keeps nothing and never fails for it."""
    figures = {"score": np.float64(0.7), "few": np.float32(0.5), "many": np.int64(3)}
    with StateStore.open(tmp_path, OWNER) as store:
        store.keep_plan(replace(STATE, plan=replace(PLAN, figures=figures)))
        assert store.plans()[0].plan.figures == {"score": 0.7, "few": 0.5, "many": 3.0}


def test_account_is_kept_by_a_key_that_is_not_its_number(tmp_path: Path) -> None:
    number = "50190001"
    assert account_key(number) != account_key("50190002")
    with StateStore.open(tmp_path, Owner(OWNER.session, account_key(number))) as store:
        store.keep_plan(STATE)
        store.beat(1)
        assert all(number.encode() not in f.read_bytes() for f in tmp_path.iterdir())


def test_state_that_an_older_autotrade_wrote_without_newer_fields_is_read(tmp_path: Path) -> None:
    with StateStore.open(tmp_path, OWNER) as store:
        store.keep_plan(STATE)
        [(text,)] = store._connection.execute("SELECT state FROM plan")
        older = {name: value for name, value in json.loads(text).items() if name != "burnt"}
        store._connection.execute("UPDATE plan SET state = ?", (json.dumps(older),))
        [found] = store.plans()
    assert isinstance(found, PlanState)
    assert found.burnt == 0.0


@pytest.mark.parametrize(
    ("state", "expected"),
    [
        (
            replace(STATE, plan=replace(PLAN, figures={"smile": {"atm": [0.2, np.zeros(1)]}})),
            r"Expected a value that JSON has, was ndarray \(plan.state.plan.figures.smile.atm.1\)",
        ),
        (
            replace(STATE, plan=replace(PLAN, figures={"score": "high"})),
            r"Expected `float`, got `str` - at `\$.plan.figures\[...\]` \(plan.state\)",
        ),
        (
            replace(STATE, ts_event=np.array([5])),
            r"Expected a value that JSON has, was ndarray \(plan.state.ts_event\)",
        ),
        (replace(STATE, ts_event=2**63), r"whole number of 64 bits.*\(plan.ts_ns\)"),
        (replace(STATE, track="\udcf6"), r"text of characters.*\(plan.track\)"),
    ],
)
def test_row_that_no_disk_takes_is_refused_by_table_and_field(
    tmp_path: Path, state: PlanState, expected: str
) -> None:
    with StateStore.open(tmp_path, OWNER) as store:
        with pytest.raises(RowError, match=expected):
            store.keep_plan(state)
        assert store.plans() == []


def test_whole_number_out_of_an_array_is_one(tmp_path: Path) -> None:
    with StateStore.open(tmp_path, OWNER) as store:
        store.beat(np.int64(5))  # type: ignore[arg-type]
        beat = store.heartbeat()
    assert beat is not None
    assert (beat.ts_event, type(beat.ts_event)) == (5, int)


def test_disk_that_fails_is_no_fault_of_the_row(tmp_path: Path) -> None:
    store = StateStore.open(tmp_path, OWNER)
    store.close()
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        store.keep_plan(STATE)
