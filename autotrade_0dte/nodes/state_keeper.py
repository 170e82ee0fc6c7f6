"""Keeps what must survive this node, as it happens, in the store."""

import time
from collections.abc import Callable, Iterable
from typing import Any, Self

from nautilus_trader.common import DataActor, TimeEvent
from nautilus_trader.model import ClientOrderId
from rich.markup import escape

from autotrade_0dte.execution.parent import Outcome
from autotrade_0dte.execution.plan_state import PLAN_TOPIC
from autotrade_0dte.execution.walk_record import PARENT_TOPIC, WALK_TOPIC
from autotrade_0dte.risk.ladder_state import LADDER_TOPIC
from autotrade_0dte.risk.mode import RISK_TOPIC, Trigger
from autotrade_0dte.risk.report import REPORT_TOPIC, RiskReport
from autotrade_0dte.risk.rungs import FIGURES
from autotrade_0dte.store.rows import Intent, LogEntry, LogKind
from autotrade_0dte.store.state_store import StateStore
from autotrade_0dte.store.state_writer import StateWriter

__all__ = ["StateKeeper"]

_BEAT_NS = 5_000_000_000
_BEATS_A_TIDY = 12
"""Once a minute, some megabytes."""


class StateKeeper(DataActor):
    """Hears of plans, orders and risk on the engine's bus, and writes each before it returns.

    The bus is synchronous: when the desk sends an order, its row is on file. Where the disk does
    not take a row, the risk controller is told, which halts entries until it does. What that leads
    to comes back while the report is being published, when the engine lends out no clock: the time
    is the system's.

    Parameters
    ----------
    store : StateStore
        Where to.
    kept : iterable of Intent
        Orders of the session's nodes before this one; the ends that they did not hear of are
        learnt from the broker.
    say : callable
        Takes lines with rich markup; must not block.
    """

    def __new__(cls, *_args: Any, **_kwargs: Any) -> Self:
        """Pass none of the arguments on: the engine's base class accepts only a configuration."""
        return super().__new__(cls)

    def __init__(
        self, store: StateStore, kept: Iterable[Intent], say: Callable[[str], None]
    ) -> None:
        super().__init__()
        self._unended = {
            intent.client_order_id for intent in kept if intent.outcome is Outcome.OPEN
        }
        self._say = say
        self._store = store
        self._beats = 0
        self._writer = StateWriter(store, self._tell)

    @property
    def unwritten(self) -> int:
        """Rows that the disk has not taken."""
        return self._writer.waiting

    @property
    def misfits(self) -> list[str]:
        """What is wrong with rows that no disk would take."""
        return [str(misfit) for misfit in self._writer.misfits]

    def finish(self, cache: Any) -> None:
        """Keep the ends that orders had after the stop, as the engine's cache has them."""
        self._unended |= self._writer.unended
        self._learn_ends(cache)

    def on_start(self) -> None:
        writer = self._writer
        self._hear(PLAN_TOPIC, writer.take_plan)
        self._hear(PARENT_TOPIC, writer.take_parent)
        self._hear(WALK_TOPIC, writer.take_walk)
        self._hear(RISK_TOPIC, writer.take_change)
        self._hear(LADDER_TOPIC, self._take_ladder)
        self._note(LogKind.START)
        self.clock.set_timer_ns("state-beat", _BEAT_NS, callback=self._on_beat)
        writer.beat(time.time_ns())

    def on_stop(self) -> None:
        self._note(LogKind.STOP)

    def _hear(self, topic: str, take: Callable[[Any], None]) -> None:
        self.subscribe_topic(topic, take)

    def _take_ladder(self, state: Any) -> None:
        self._writer.take_ladder(time.time_ns(), state)

    def _on_beat(self, _event: TimeEvent) -> None:
        self._beats += 1
        if self._beats % _BEATS_A_TIDY == 0:
            self._store.tidy()
        self._learn_ends(self.cache)
        self._writer.beat(time.time_ns())

    def _learn_ends(self, cache: Any) -> None:
        """Keep the ends of orders that the desk does not tell of, as far as there are any."""
        for name in sorted(self._unended):
            order = cache.order(ClientOrderId(name))
            if order is not None and order.is_closed:
                self._unended.discard(name)
                # An expired order is canceled by the venue, in the words of the store.
                outcome = Outcome.__members__.get(order.status.name, Outcome.CANCELED)
                filled = int(order.filled_qty.as_double())
                self._writer.take_end(name, filled, outcome, order.ts_last)

    def _note(self, kind: LogKind) -> None:
        self._writer.note(LogEntry(ts_event=time.time_ns(), kind=kind, text=""))

    def _tell(self, works: bool, text: str) -> None:
        """Report that the store fails, or works again, and have it shown."""
        figure = 0.0 if works else float(self._writer.missing)
        report = RiskReport(
            ts_event=time.time_ns(),
            trigger=Trigger.STORE,
            begins=not works,
            figures={FIGURES[Trigger.STORE]: figure},
            text=text,
        )
        line = "the state is written again" if works else f"the state is not written: {text}"
        self._say(f"[{'yellow' if works else 'red'}]{escape(line)}[/]")
        self.publish_message(REPORT_TOPIC, report)
