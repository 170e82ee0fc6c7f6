"""Watches the kill latch from within a node, and answers it."""

import datetime as dt
import json
import os
from pathlib import Path
from typing import Any, Self, TextIO

from nautilus_trader.common import DataActor, TimeEvent

from autotrade_0dte.nodes.kill_answers import claim, write_answer
from autotrade_0dte.nodes.kill_latch import LATCH, REARM, KillLatch, read_latch
from autotrade_0dte.risk.mode import Trigger
from autotrade_0dte.risk.report import DIRECT, REARM_TOPIC, REPORT_TOPIC, Rearm, RiskReport

__all__ = ["KillWatch"]

_TIMER = "kill-latch"
_POLL = dt.timedelta(milliseconds=100)
_POLLS_A_HEARTBEAT = 10


class KillWatch(DataActor):
    """Reports the kill latch to the risk controller, and passes on the word that it was re-armed.

    A latch under `state` is reported once as `Trigger.KILL_FILE`, and again if it becomes a direct
    one; from then on `folder` says how many orders and positions the node still has. The latch's
    file going away ends nothing: only the word of `autotrade rearm` does.

    Parameters
    ----------
    state : Path
        Folder of the latch.
    folder : Path
        The node's own folder under it.
    """

    def __new__(cls, *_args: Any, **_kwargs: Any) -> Self:
        """Pass none of the arguments on: the engine's base class accepts only a configuration."""
        return super().__new__(cls)

    def __init__(self, state: Path, folder: Path) -> None:
        super().__init__()
        self._state = state
        self._latch_file = state / LATCH
        self._rearm_file = folder / REARM
        self._folder = folder
        self._claim: TextIO | None = None
        self._latch: KillLatch | None = None
        self._seen: tuple[int, int] | None = None
        self._answered: tuple[str, int, dict[str, int]] | None = None
        self._polls = 0

    def on_start(self) -> None:
        self._claim = claim(self._folder)
        self._poll()
        self.clock.set_timer(_TIMER, _POLL, callback=self._on_timer)

    def on_stop(self) -> None:
        self._answer()
        if self._claim is not None:
            self._claim.close()
            self._claim = None

    def _on_timer(self, _event: TimeEvent) -> None:
        self._poll()

    def _poll(self) -> None:
        seen = _signature(self._latch_file)
        if seen != self._seen:
            self._seen = seen
            self._look()
        if self._rearm_file.exists():
            self._rearm()
        self._answer()
        self._polls += 1
        if self._polls % _POLLS_A_HEARTBEAT == 0 and self._claim is not None:
            os.utime(self._claim.fileno())

    def _look(self) -> None:
        latch = read_latch(self._state)
        if latch is None or latch == self._latch:
            return
        self._latch = latch
        report = RiskReport(
            ts_event=self.clock.timestamp_ns(),
            trigger=Trigger.KILL_FILE,
            begins=True,
            figures={DIRECT: float(latch.direct)},
            text=f"{latch.by}: {latch.reason or 'no reason given'}",
        )
        self.publish_message(REPORT_TOPIC, report)

    def _rearm(self) -> None:
        try:
            word = json.loads(self._rearm_file.read_text(encoding="utf-8"))
            by, reason = str(word["by"]), str(word["reason"])
        except (OSError, ValueError, KeyError, TypeError):
            by, reason = "unknown", "unreadable"
        self._rearm_file.unlink(missing_ok=True)
        self._latch = self._answered = None
        now_ns = self.clock.timestamp_ns()
        self.publish_message(REARM_TOPIC, Rearm(ts_event=now_ns, by=by, reason=reason))

    def _answer(self) -> None:
        if self._latch is None:
            return
        positions = {
            str(position.instrument_id.symbol): int(position.signed_qty)
            for position in self.cache.positions_open()
        }
        # An order on its way to the broker is none of the engine's open ones.
        orders = len(self.cache.orders_open()) + len(self.cache.orders_inflight())
        answer = (self._latch.time, orders, positions)
        if answer != self._answered:
            write_answer(self._folder, *answer)
            self._answered = answer


def _signature(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_ino, found.st_mtime_ns
