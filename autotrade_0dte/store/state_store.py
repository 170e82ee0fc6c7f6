"""The store of one set-up: SQLite, written by one node, readable by anyone while it runs."""

import contextlib
import datetime as dt
import os
import sqlite3
import threading
from collections.abc import Iterator
from pathlib import Path
from types import TracebackType
from typing import Self

import msgspec

from autotrade_0dte.execution.parent import Outcome
from autotrade_0dte.execution.plan_state import PlanState
from autotrade_0dte.store.encoding import column, decode, encode
from autotrade_0dte.store.node_lock import lock_node
from autotrade_0dte.store.pruning import prune
from autotrade_0dte.store.rows import Heartbeat, Intent, LogEntry, Owner
from autotrade_0dte.store.schema import MIGRATIONS, StoreError, migrate, version

__all__ = ["FILE", "StateStore"]

FILE = "risk.sqlite"
_WAIT_S = 0.2
"""How long a write waits for another process's, such as a re-arm: each takes less than 1 ms."""


class StateStore:
    """The rows of one session and account.

    Each write is a transaction of its own and is on file, as far as a killed process is concerned,
    when it returns. A loss of power may take the last writes, never a part of one: nothing waits
    for the disk but `tidy`, in a thread of its own.

    Writes raise `sqlite3.Error` where the disk does not take them and `RowError` where none would,
    reads `StoreError` where what is on file cannot be read.
    """

    def __init__(
        self, connection: sqlite3.Connection, folder: Path, owner: Owner, lock: int = -1
    ) -> None:
        self._connection = connection
        self._folder = folder
        self._lock = lock
        self._owner = {"session": owner.session.isoformat(), "account": owner.account}

    @classmethod
    def open(cls, folder: Path, owner: Owner) -> Self:
        """Open a node's store, made or migrated where there is need; old rows go, see `prune`.

        Raises
        ------
        StoreError
            Another node has it open, it is of a newer version, or it is no store.
        """
        with _explained(folder):
            folder.mkdir(parents=True, exist_ok=True)
            lock = lock_node(folder)
        with contextlib.ExitStack() as undone:
            undone.callback(os.close, lock)
            connection = undone.enter_context(contextlib.closing(_connected(folder, "rwc")))
            with _explained(folder):
                connection.execute("PRAGMA journal_mode = WAL")
                connection.execute("PRAGMA synchronous = NORMAL")
                connection.execute("PRAGMA wal_autocheckpoint = 0")
                migrate(connection)
                prune(connection, owner.session)
            undone.pop_all()
        return cls(connection, folder, owner, lock)

    @classmethod
    def read(cls, folder: Path, owner: Owner) -> Self | None:
        """Open a store to read it, also while a node writes to it; None where there is none.

        Of a file of an older version, or of a node that was killed while it made the file, a copy
        in memory is read: the next node brings the file itself up to date.

        Raises
        ------
        StoreError
            It is of a newer version, or it is no store.
        """
        if not (folder / FILE).exists():
            return None
        connection = _connected(folder, "ro")
        try:
            with _explained(folder):
                if version(connection) != len(MIGRATIONS):
                    connection = _copy(connection)
                    migrate(connection)
        except BaseException:
            connection.close()
            raise
        return cls(connection, folder, owner)

    @classmethod
    def last_owner(cls, folder: Path) -> Owner | None:
        """Return whose rows the node was of that was heard of last; None without any.

        Raises
        ------
        StoreError
            It is of a newer version, or it is no store.
        """
        store = cls.read(folder, Owner(dt.date.min, ""))
        if store is None:
            return None
        with store, _explained(folder):
            row = store._connection.execute(
                "SELECT session, account FROM heartbeat ORDER BY ts_ns DESC LIMIT 1"
            ).fetchone()
            return None if row is None else Owner(dt.date.fromisoformat(row[0]), row[1])

    def close(self) -> None:
        """Close the file, and let another node have it."""
        self._connection.close()
        if self._lock >= 0:
            os.close(self._lock)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.close()

    # -- written ----------------------------------------------------------------------------------

    def keep_plan(self, state: PlanState) -> None:
        """Keep a plan's newest state."""
        plan = state.plan
        self._put(
            "plan",
            "INSERT INTO plan VALUES (:session, :account, :track, :plan_id, :decided_ns, :ts_ns, "
            ":phase, :state) ON CONFLICT DO UPDATE SET "
            "ts_ns = excluded.ts_ns, phase = excluded.phase, state = excluded.state",
            track=state.track, plan_id=plan.plan_id, decided_ns=plan.decided_ns,
            ts_ns=state.ts_event, phase=state.phase, state=encode(state, "plan.state"),
        )  # fmt: skip

    def keep_intent(self, intent: Intent) -> None:
        """Keep an order that is about to be sent."""
        self._put(
            "intent",
            "INSERT OR REPLACE INTO intent VALUES (:session, :account, :client_order_id, :sent_ns, "
            ":terms, :filled, :outcome, :ended_ns)",
            client_order_id=intent.client_order_id, sent_ns=intent.sent_ns,
            terms=encode(intent, "intent.terms"), filled=intent.filled, outcome=intent.outcome,
            ended_ns=intent.ended_ns,
        )  # fmt: skip

    def keep_progress(
        self, client_order_id: str, filled: int, outcome: Outcome, ended_ns: int
    ) -> None:
        """Keep what became of an order; one that is not known is passed over."""
        self._put(
            "intent",
            "UPDATE intent SET filled = :filled, outcome = :outcome, ended_ns = :ended_ns WHERE "
            "session = :session AND account = :account AND client_order_id = :client_order_id",
            filled=filled, outcome=outcome, ended_ns=ended_ns, client_order_id=client_order_id,
        )  # fmt: skip

    def keep_ladder(self, ts_event: int, state: msgspec.Struct) -> None:
        """Keep the risk controller's newest state."""
        self._put(
            "ladder",
            "INSERT OR REPLACE INTO ladder VALUES (:session, :account, :ts_ns, :state)",
            ts_ns=ts_event, state=encode(state, "ladder.state"),
        )  # fmt: skip

    def keep_entry(self, entry: LogEntry) -> None:
        """Add a line to the log."""
        self._put(
            "log",
            "INSERT INTO log (session, account, ts_ns, kind, text, figures) "
            "VALUES (:session, :account, :ts_ns, :kind, :text, :figures)",
            ts_ns=entry.ts_event, kind=entry.kind, text=entry.text,
            figures=encode(entry.figures, "log.figures"),
        )  # fmt: skip

    def beat(self, ts_event: int) -> None:
        """Say that this process is alive."""
        self._put(
            "heartbeat",
            "INSERT OR REPLACE INTO heartbeat VALUES (:session, :account, :ts_ns, :pid)",
            ts_ns=ts_event, pid=os.getpid(),
        )  # fmt: skip

    def _put(self, table: str, statement: str, **columns: object) -> None:
        row = {name: column(value, f"{table}.{name}") for name, value in columns.items()}
        self._connection.execute(statement, self._owner | row)

    def tidy(self) -> threading.Thread:
        """Bring the write-ahead log into the file, beside further writes; what fails is left."""
        thread = threading.Thread(target=_bring_in, args=(self._folder,), daemon=True)
        thread.start()
        return thread

    # -- read -------------------------------------------------------------------------------------

    def plans(self) -> list[PlanState]:
        """Return the newest state of each plan of the session, in the order of their decisions."""
        with _explained(self._folder):
            rows = self._connection.execute(
                "SELECT state FROM plan WHERE session = :session AND account = :account "
                "ORDER BY decided_ns, plan_id",
                self._owner,
            )
            return [decode(text, PlanState) for (text,) in rows]

    def intents(self) -> list[Intent]:
        """Return the session's orders in the order they were sent."""
        with _explained(self._folder):
            rows = self._connection.execute(
                "SELECT terms, filled, outcome, ended_ns FROM intent "
                "WHERE session = :session AND account = :account ORDER BY sent_ns, client_order_id",
                self._owner,
            )
            return [
                msgspec.structs.replace(
                    decode(terms, Intent), filled=filled, outcome=Outcome(outcome), ended_ns=ended
                )
                for terms, filled, outcome, ended in rows
            ]

    def ladder[T: msgspec.Struct](self, kind: type[T]) -> T | None:
        """Return the risk controller's newest state, of this session or one before, or None.

        What stands latched stands over the night.
        """
        with _explained(self._folder):
            row = self._connection.execute(
                "SELECT state FROM ladder WHERE session <= :session AND account = :account "
                "ORDER BY session DESC LIMIT 1",
                self._owner,
            ).fetchone()
            return None if row is None else decode(row[0], kind)

    def entries(self) -> list[LogEntry]:
        """Return the session's log."""
        with _explained(self._folder):
            rows = self._connection.execute(
                "SELECT ts_ns, kind, text, figures FROM log "
                "WHERE session = :session AND account = :account ORDER BY number",
                self._owner,
            )
            return [
                msgspec.convert(
                    {"ts_event": at, "kind": kind, "text": text, "figures": decode(figures, dict)},
                    LogEntry,
                )
                for at, kind, text, figures in rows
            ]

    def heartbeat(self) -> Heartbeat | None:
        """Return when a node of this session was last heard of, or None."""
        with _explained(self._folder):
            row = self._connection.execute(
                "SELECT ts_ns, pid FROM heartbeat WHERE session = :session AND account = :account",
                self._owner,
            ).fetchone()
        return None if row is None else Heartbeat(*row)


def _connected(folder: Path, mode: str) -> sqlite3.Connection:
    uri = f"{(folder / FILE).absolute().as_uri()}?mode={mode}"
    try:
        # The engine calls from one thread, which need not be the one that opened the store.
        return sqlite3.connect(
            uri, uri=True, timeout=_WAIT_S, isolation_level=None, check_same_thread=False
        )
    except sqlite3.Error as e:
        raise StoreError(f"Expected a store that can be opened, was {e} ({folder.name})") from e


def _copy(connection: sqlite3.Connection) -> sqlite3.Connection:
    """Return a copy in memory, and close what it was made from."""
    with contextlib.ExitStack() as undone:
        copy = undone.enter_context(
            contextlib.closing(sqlite3.connect(":memory:", isolation_level=None))
        )
        with contextlib.closing(connection):
            connection.backup(copy)
        undone.pop_all()
    return copy


def _bring_in(folder: Path) -> None:
    with (
        contextlib.suppress(sqlite3.Error, StoreError),
        contextlib.closing(_connected(folder, "rw")) as connection,
    ):
        connection.execute("PRAGMA wal_checkpoint(PASSIVE)")


@contextlib.contextmanager
def _explained(folder: Path) -> Iterator[None]:
    try:
        yield
    except OSError as e:
        where = f"{folder.name}/{Path(e.filename).name}" if e.filename else folder.name
        raise StoreError(f"Expected a store that can be used, was: {e.strerror} ({where})") from e
    except (sqlite3.Error, ValueError, msgspec.MsgspecError) as e:
        raise StoreError(f"Expected a store that can be read, was {e} ({folder.name})") from e
