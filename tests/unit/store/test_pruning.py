"""What a store forgets at a start, and what it never does."""

import datetime as dt
from pathlib import Path

import pytest
from msgspec.structs import replace
from stored import INTENT, OWNER, STATE, database

from autotrade_0dte.execution.plan_state import PlanPhase
from autotrade_0dte.risk.picture import DayCounters
from autotrade_0dte.store.pruning import KEPT_DAYS
from autotrade_0dte.store.rows import LogEntry, LogKind, Owner, account_key
from autotrade_0dte.store.state_store import StateStore

TABLES = ("plan", "intent", "ladder", "log", "heartbeat")


def before(days: int, account: str = OWNER.account) -> Owner:
    return Owner(OWNER.session - dt.timedelta(days=days), account)


def write(folder: Path, owner: Owner, phase: PlanPhase = PlanPhase.CLOSED) -> None:
    """Write a row of each table."""
    with StateStore.open(folder, owner) as store:
        store.keep_plan(replace(STATE, phase=phase))
        store.keep_intent(INTENT)
        store.keep_ladder(1, DayCounters(entries=3))
        store.keep_entry(LogEntry(ts_event=1, kind=LogKind.START, text=""))
        store.beat(1)


def sessions(folder: Path, table: str) -> list[str]:
    with database(folder) as connection:
        rows = connection.execute(f"SELECT session FROM {table} ORDER BY session")
        return [session for (session,) in rows]


def test_start_forgets_sessions_that_are_long_over_and_no_others(tmp_path: Path) -> None:
    for days in (90, KEPT_DAYS + 1, KEPT_DAYS, 1):
        write(tmp_path, before(days))
    StateStore.open(tmp_path, OWNER).close()
    kept = [before(days).session.isoformat() for days in (KEPT_DAYS, 1)]
    assert {table: sessions(tmp_path, table) for table in TABLES} == dict.fromkeys(TABLES, kept)


@pytest.mark.parametrize("phase", [PlanPhase.ENTERING, PlanPhase.OPEN, PlanPhase.EXITING])
def test_session_with_a_plan_that_is_not_closed_stays_whole(
    tmp_path: Path, phase: PlanPhase
) -> None:
    write(tmp_path, before(1))
    write(tmp_path, before(60), phase)
    write(tmp_path, before(60, account_key("2")))  # another account's is
    StateStore.open(tmp_path, OWNER).close()
    for table in TABLES:
        # The other account's ladder is its newest.
        more = [before(60).session.isoformat()] * (table == "ladder")
        kept = [before(60).session.isoformat(), *more, before(1).session.isoformat()]
        assert sessions(tmp_path, table) == kept


def test_newest_ladder_stands_however_old_it_is(tmp_path: Path) -> None:
    write(tmp_path, before(400))
    with StateStore.open(tmp_path, OWNER) as store:
        assert store.ladder(DayCounters) == DayCounters(entries=3)
    assert {t: sessions(tmp_path, t) for t in TABLES if t != "ladder"} == {
        "plan": [], "intent": [], "log": [], "heartbeat": [],
    }  # fmt: skip


def test_what_the_disk_does_not_take_is_left_whole_and_the_node_starts(tmp_path: Path) -> None:
    write(tmp_path, before(60))
    with database(tmp_path) as connection:
        connection.execute(
            "CREATE TRIGGER full BEFORE DELETE ON heartbeat BEGIN SELECT RAISE(FAIL, 'full'); END"
        )
    with StateStore.open(tmp_path, OWNER) as store:
        store.keep_plan(STATE)
        assert len(store.plans()) == 1
    assert all(sessions(tmp_path, table)[0] == before(60).session.isoformat() for table in TABLES)


def test_only_a_node_forgets(tmp_path: Path) -> None:
    write(tmp_path, before(60))
    store = StateStore.read(tmp_path, OWNER)
    assert store is not None
    store.close()
    assert sessions(tmp_path, "plan") == [before(60).session.isoformat()]
