"""Keeps what must survive this node, as it happens, in the store."""

from collections.abc import Callable
from typing import Any, Self

from nautilus_trader.common import DataActor, TimeEvent

from autotrade_0dte.execution.plan_state import PLAN_TOPIC
from autotrade_0dte.execution.walk_record import PARENT_TOPIC, WALK_TOPIC
from autotrade_0dte.risk.mode import RISK_TOPIC
from autotrade_0dte.store.rows import LogEntry, LogKind
from autotrade_0dte.store.state_store import StateStore
from autotrade_0dte.store.state_writer import StateWriter

__all__ = ["StateKeeper"]

_BEAT_NS = 5_000_000_000


class StateKeeper(DataActor):
    """Hears of plans, orders and risk on the engine's bus, and writes each before it returns.

    The bus is synchronous: when the desk sends an order, its row is on file.

    Parameters
    ----------
    store : StateStore
        Where to.
    tell : callable
        As `StateWriter`'s.
    """

    def __new__(cls, *_args: Any, **_kwargs: Any) -> Self:
        """Pass none of the arguments on: the engine's base class accepts only a configuration."""
        return super().__new__(cls)

    def __init__(self, store: StateStore, tell: Callable[[bool, str], None]) -> None:
        super().__init__()
        self._writer = StateWriter(store, tell)

    def on_start(self) -> None:
        self.subscribe_topic(PLAN_TOPIC, self._on_plan)
        self.subscribe_topic(PARENT_TOPIC, self._on_parent)
        self.subscribe_topic(WALK_TOPIC, self._on_walk)
        self.subscribe_topic(RISK_TOPIC, self._on_change)
        self._note(LogKind.START)
        self.clock.set_timer_ns("state-beat", _BEAT_NS, callback=self._on_beat)
        self._writer.beat(self.clock.timestamp_ns())

    def on_stop(self) -> None:
        self._note(LogKind.STOP)

    def _on_plan(self, state: Any) -> None:
        self._writer.take_plan(state)

    def _on_parent(self, parent: Any) -> None:
        self._writer.take_parent(parent)

    def _on_walk(self, record: Any) -> None:
        self._writer.take_walk(record)

    def _on_change(self, change: Any) -> None:
        self._writer.take_change(change, None)

    def _on_beat(self, _event: TimeEvent) -> None:
        self._writer.beat(self.clock.timestamp_ns())

    def _note(self, kind: LogKind) -> None:
        self._writer.note(LogEntry(ts_event=self.clock.timestamp_ns(), kind=kind, text=""))
