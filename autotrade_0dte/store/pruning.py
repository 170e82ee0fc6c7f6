"""What a store forgets: rows of sessions long over, which no start needs."""

import datetime as dt
import sqlite3

from autotrade_0dte.execution.plan_state import PlanPhase

__all__ = ["KEPT_DAYS", "prune"]

KEPT_DAYS = 30
"""Days that rows are kept. A start needs those of its own session and the ladder's newest; the
others are for whoever asks, once the broker's statement of the month is there, what a node knew."""

_OVER = """
    CREATE TEMP TABLE over AS
    SELECT session, account FROM plan WHERE session < :oldest
    UNION SELECT session, account FROM intent WHERE session < :oldest
    UNION SELECT session, account FROM ladder WHERE session < :oldest
    UNION SELECT session, account FROM log WHERE session < :oldest
    UNION SELECT session, account FROM heartbeat WHERE session < :oldest
    EXCEPT SELECT session, account FROM plan WHERE phase <> :closed
"""
_FORGET = (
    "DELETE FROM plan WHERE (session, account) IN over",
    "DELETE FROM intent WHERE (session, account) IN over",
    "DELETE FROM ladder WHERE (session, account) IN over AND session < "
    "(SELECT max(session) FROM ladder AS other WHERE other.account = ladder.account)",
    "DELETE FROM log WHERE (session, account) IN over",
    "DELETE FROM heartbeat WHERE (session, account) IN over",
    "DROP TABLE over",
)


def prune(connection: sqlite3.Connection, session: dt.date) -> None:
    """Delete the rows of sessions more than `KEPT_DAYS` before `session`: all of them or none.

    A session with a plan that is not closed stays, and so does each account's newest ladder, as
    what is latched stands. What the disk does not take is left to the next start.
    """
    oldest = (session - dt.timedelta(days=KEPT_DAYS)).isoformat()
    try:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute(_OVER, {"oldest": oldest, "closed": PlanPhase.CLOSED})
        for statement in _FORGET:
            connection.execute(statement)
        connection.execute("COMMIT")
    except sqlite3.Error:
        if connection.in_transaction:
            connection.rollback()
