"""The tables of the store, and how a file of an older version becomes one of this."""

import sqlite3
from collections.abc import Sequence

__all__ = ["MIGRATIONS", "StoreError", "migrate", "version"]

MIGRATIONS = (
    """
    CREATE TABLE plan (
        session TEXT NOT NULL, account TEXT NOT NULL,
        track TEXT NOT NULL, plan_id TEXT NOT NULL, decided_ns INTEGER NOT NULL,
        ts_ns INTEGER NOT NULL, phase TEXT NOT NULL, state TEXT NOT NULL,
        PRIMARY KEY (session, account, track, plan_id, decided_ns)
    ) WITHOUT ROWID;
    CREATE TABLE intent (
        session TEXT NOT NULL, account TEXT NOT NULL, client_order_id TEXT NOT NULL,
        sent_ns INTEGER NOT NULL, terms TEXT NOT NULL,
        filled INTEGER NOT NULL, outcome TEXT NOT NULL, ended_ns INTEGER NOT NULL,
        PRIMARY KEY (session, account, client_order_id)
    ) WITHOUT ROWID;
    CREATE TABLE ladder (
        session TEXT NOT NULL, account TEXT NOT NULL, ts_ns INTEGER NOT NULL, state TEXT NOT NULL,
        PRIMARY KEY (session, account)
    ) WITHOUT ROWID;
    CREATE TABLE log (
        number INTEGER PRIMARY KEY, session TEXT NOT NULL, account TEXT NOT NULL,
        ts_ns INTEGER NOT NULL, kind TEXT NOT NULL, text TEXT NOT NULL, figures TEXT NOT NULL
    );
    CREATE TABLE heartbeat (
        session TEXT NOT NULL, account TEXT NOT NULL, ts_ns INTEGER NOT NULL, pid INTEGER NOT NULL,
        PRIMARY KEY (session, account)
    ) WITHOUT ROWID;
    """,
)
"""What leads from each version to the next; the first makes the tables of an empty file."""


class StoreError(RuntimeError):
    """The store cannot be used as it is; the operator has to see to it."""


def version(connection: sqlite3.Connection) -> int:
    """Return the version of a file, 0 of an empty one."""
    return int(connection.execute("PRAGMA user_version").fetchone()[0])


def migrate(connection: sqlite3.Connection, steps: Sequence[str] = MIGRATIONS) -> None:
    """Bring a file to the version of `steps`, each step whole or not at all.

    Raises
    ------
    StoreError
        The file is of a newer version, which this one would misread.
    """
    found = version(connection)
    if found > len(steps):
        raise StoreError(
            f"Expected a store of version {len(steps)} or older, was {found}: it was written by a "
            "newer autotrade; use that one, or move the file away"
        )
    for number, step in enumerate(steps[found:], start=found + 1):
        try:
            connection.executescript(
                f"BEGIN IMMEDIATE; {step} PRAGMA user_version = {number}; COMMIT;"
            )
        except sqlite3.Error:
            if connection.in_transaction:
                connection.rollback()
            raise
