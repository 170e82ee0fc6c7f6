"""Turns what a node tells of into rows of the store, and goes on when the disk does not."""

import sqlite3
from collections import deque
from collections.abc import Callable

import msgspec

from autotrade_0dte.execution.parent import Outcome, ParentOrder
from autotrade_0dte.execution.plan_state import PlanState
from autotrade_0dte.execution.walk_record import MoveKind, WalkEvent, WalkRecord
from autotrade_0dte.risk.mode import RiskChange
from autotrade_0dte.store.encoding import RowError
from autotrade_0dte.store.rows import Intent, LogEntry, LogKind
from autotrade_0dte.store.state_store import StateStore

__all__ = ["StateWriter"]

_ENDS = {
    WalkEvent.CANCELED: Outcome.CANCELED,
    WalkEvent.REJECTED: Outcome.REJECTED,
    WalkEvent.DENIED: Outcome.DENIED,
}


class StateWriter:
    """Writes each message before it returns: an order whose walk says SUBMIT has its row then.

    What the disk does not take is kept in memory, told of once, and written before the next row. A
    row that no disk would take is told of, left out and raised, once the others are written; after
    one the store is never said to work again, as what it holds is not all of it.

    Parameters
    ----------
    store : StateStore
        Where to.
    tell : callable
        Takes whether the store takes what it is given, and the words of that; called when it fails,
        and when it does no longer.

    Attributes
    ----------
    misfits : list of RowError
        Rows that no disk would take.
    """

    def __init__(self, store: StateStore, tell: Callable[[bool, str], None]) -> None:
        self._store = store
        self._tell = tell
        self._parents: dict[str, ParentOrder] = {}
        self._resent: dict[str, int] = {}
        self._sent: dict[str, Intent] = {}
        self._waiting: deque[Callable[[], None]] = deque()
        self.misfits: list[RowError] = []

    @property
    def waiting(self) -> int:
        """Rows that the disk has not taken yet."""
        return len(self._waiting)

    @property
    def missing(self) -> int:
        """Rows that the store has not: those that wait, and those that no disk would take."""
        return len(self._waiting) + len(self.misfits)

    @property
    def unended(self) -> set[str]:
        """Names of this process's orders whose end was not told of."""
        return {n for n, intent in self._sent.items() if intent.outcome is Outcome.OPEN}

    def take_plan(self, state: PlanState) -> None:
        """Keep a change of a plan."""
        self._write(lambda: self._store.keep_plan(state))

    def take_parent(self, parent: ParentOrder) -> None:
        """Note what the desk has been given; its orders have rows as they are sent."""
        self._parents[parent.parent_id] = parent

    def take_walk(self, record: WalkRecord) -> None:
        """Keep an order that is about to be sent, and what becomes of it."""
        name = record.client_order_id
        if record.event is WalkEvent.RESENT:
            self._resent[name] = record.quantity
        elif (intent := self._sent.get(name)) is not None:
            self._progress(intent, record)
        if record.move is not None and record.move.kind is MoveKind.SUBMIT:
            self._sends(record, record.move.price)

    def take_end(self, name: str, filled: int, outcome: Outcome, ended_ns: int) -> None:
        """Keep the end of an order of a process before this one."""
        self._write(lambda: self._store.keep_progress(name, filled, outcome, ended_ns))

    def take_change(self, change: RiskChange) -> None:
        """Add a change of the risk mode to the log."""
        begins = "begins" if change.begins else "ends"
        words = f"{change.trigger} {begins}, {change.before.name} -> {change.mode.name}"
        self.note(
            LogEntry(
                ts_event=change.ts_event,
                kind=LogKind.CHANGE,
                text=f"{words}: {change.text}" if change.text else words,
                figures=change.figures,
            )
        )

    def take_ladder(self, ts_event: int, ladder: msgspec.Struct) -> None:
        """Keep the risk controller's state."""
        self._write(lambda: self._store.keep_ladder(ts_event, ladder))

    def note(self, entry: LogEntry) -> None:
        """Add a line to the log."""
        self._write(lambda: self._store.keep_entry(entry))

    def beat(self, ts_event: int) -> None:
        """Say that the node is alive, and try again what the disk has not taken."""
        self._write(lambda: self._store.beat(ts_event))

    # -- inside -----------------------------------------------------------------------------------

    def _sends(self, record: WalkRecord, limit: float) -> None:
        parent = self._parents[record.parent_id]
        name = record.client_order_id
        intent = Intent(
            client_order_id=name,
            parent_id=parent.parent_id,
            plan_id=parent.plan_id,
            strategy=parent.strategy,
            instrument_id=parent.instrument_id,
            side=parent.side,
            quantity=self._resent.pop(name, parent.quantity),
            limit=limit,
            purpose=parent.purpose,
            sent_ns=record.ts_event,
        )
        self._sent[name] = intent
        self._write(lambda: self._store.keep_intent(intent))

    def _progress(self, intent: Intent, record: WalkRecord) -> None:
        filled, outcome = intent.filled, intent.outcome
        if record.event is WalkEvent.FILLED:
            filled += record.quantity
            if filled >= intent.quantity:
                outcome = Outcome.FILLED
        else:
            outcome = _ENDS.get(record.event, outcome)
        if (filled, outcome) == (intent.filled, intent.outcome):
            return
        name, ended_ns = intent.client_order_id, 0
        if outcome is not Outcome.OPEN:
            ended_ns = record.ts_event
        # A late fill is counted too.
        self._sent[name] = msgspec.structs.replace(
            intent, filled=filled, outcome=outcome, ended_ns=ended_ns
        )
        self._write(lambda: self._store.keep_progress(name, filled, outcome, ended_ns))

    def _write(self, row: Callable[[], None]) -> None:
        self._waiting.append(row)
        was_failing, known = len(self._waiting) > 1, len(self.misfits)
        try:
            while self._waiting:
                try:
                    self._waiting[0]()
                except RowError as e:
                    self.misfits.append(e)
                self._waiting.popleft()
        except sqlite3.Error as e:
            if not was_failing:
                self._tell(False, str(e))
        else:
            if was_failing and not self.misfits:
                self._tell(True, "")
        if len(self.misfits) > known:
            self._tell(False, str(self.misfits[known]))
            raise self.misfits[known]
