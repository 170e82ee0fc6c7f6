"""Watches from within a node for the operator's words: kill, halt, re-arm."""

import contextlib
import datetime as dt
import os
from pathlib import Path
from typing import Any, Self, TextIO

from nautilus_trader.common import DataActor, TimeEvent

from autotrade_0dte.nodes.halt import HALT, read_halt
from autotrade_0dte.nodes.kill_answers import claim, write_answer
from autotrade_0dte.nodes.kill_latch import LATCH, KillLatch, read_latch
from autotrade_0dte.nodes.rearm import answer_word, take_word
from autotrade_0dte.risk.mode import RISK_TOPIC, RiskMode, Trigger
from autotrade_0dte.risk.report import DIRECT, REARM_TOPIC, REPORT_TOPIC, Rearm, RiskReport
from autotrade_0dte.risk.rungs import FIGURES

__all__ = ["OperatorWatch"]

_TIMER = "operator"
_POLL = dt.timedelta(milliseconds=100)
_POLLS_A_HEARTBEAT = 10


class OperatorWatch(DataActor):
    """Passes the operator's words on to the risk controller, and answers them.

    A kill under `state` is reported once as `Trigger.KILL_FILE`, and again if it becomes a direct
    one; from then on `folder` says how many orders and positions the node still has. A halt is
    reported as `Trigger.MANUAL`, and again if it becomes stricter. Their files going away ends
    nothing: only the word of `autotrade rearm` does, left in `folder`. It is taken first, at the
    start too, so that what was said after it stands.

    Parameters
    ----------
    state : Path
        Folder of kill and halt.
    folder : Path
        The node's own folder under it.
    """

    def __new__(cls, *_args: Any, **_kwargs: Any) -> Self:
        """Pass none of the arguments on: the engine's base class accepts only a configuration."""
        return super().__new__(cls)

    def __init__(self, state: Path, folder: Path) -> None:
        super().__init__()
        self._state = state
        self._folder = folder
        self._claim: TextIO | None = None
        self._latch: KillLatch | None = None
        self._seen: dict[str, tuple[int, int] | None] = {}
        self._stays: dict[Trigger, str] = {}
        self._answered: tuple[str, int, dict[str, int]] | None = None
        self._polls = 0

    def on_start(self) -> None:
        self.subscribe_topic(RISK_TOPIC, self._on_change)
        self._claim = claim(self._folder)
        # At once, lest it ends what this start finds wrong.
        self._rearm()
        # The first look is the timer's: whoever has to act on a kill has been started by then.
        self.clock.set_timer(_TIMER, _POLL, callback=self._on_timer, fire_immediately=True)

    def on_stop(self) -> None:
        self._answer()
        if self._claim is not None:
            self._claim.close()
            self._claim = None

    def _on_timer(self, _event: TimeEvent) -> None:
        self._poll()

    def _poll(self) -> None:
        self._rearm()
        if self._is_new(LATCH):
            self._look_for_kill()
        if self._is_new(HALT):
            self._look_for_halt()
        self._answer()
        self._polls += 1
        if self._polls % _POLLS_A_HEARTBEAT == 0 and self._claim is not None:
            os.utime(self._claim.fileno())

    def _is_new(self, name: str) -> bool:
        """Return whether a file of the state folder is another than at the last look."""
        seen = _signature(self._state / name)
        is_new = seen != self._seen.get(name)
        self._seen[name] = seen
        return is_new

    def _look_for_kill(self) -> None:
        latch = read_latch(self._state)
        if latch is None or latch == self._latch:
            return
        self._latch = latch
        self._report(Trigger.KILL_FILE, {DIRECT: float(latch.direct)}, latch.by, latch.reason)

    def _look_for_halt(self) -> None:
        halt = read_halt(self._state)
        if halt is None:
            return
        figures = {FIGURES[Trigger.MANUAL]: float(RiskMode[halt.mode])}
        self._report(Trigger.MANUAL, figures, halt.by, halt.reason)

    def _report(self, trigger: Trigger, figures: dict[str, float], by: str, reason: str) -> None:
        report = RiskReport(
            ts_event=self.clock.timestamp_ns(),
            trigger=trigger,
            begins=True,
            figures=figures,
            text=f"{by}: {reason or 'no reason given'}",
        )
        self.publish_message(REPORT_TOPIC, report)

    def _rearm(self) -> None:
        # A full disk, or a file that is not ours, must not hide a kill.
        with contextlib.suppress(OSError):
            self._take_word()

    def _take_word(self) -> None:
        word = take_word(self._state, self._folder)
        if word is None:
            return
        self._latch = self._answered = None
        self._seen.clear()
        self._stays.clear()
        now_ns = self.clock.timestamp_ns()
        self.publish_message(REARM_TOPIC, Rearm(ts_event=now_ns, by=word.by, reason=word.reason))
        # The bus is synchronous: what stays has been told by now.
        answer_word(self._folder, word, self._stays.values())

    def _on_change(self, change: Any) -> None:
        """Remember what is latched: a re-arm tells anew of what it does not end."""
        if change.begins and not change.clears_itself:
            self._stays[change.trigger] = f"{change.trigger} asks for {change.asks.name}"

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
            with contextlib.suppress(OSError):
                write_answer(self._folder, *answer)
                self._answered = answer


def _signature(path: Path) -> tuple[int, int] | None:
    try:
        found = path.stat()
    except OSError:
        return None
    return found.st_ino, found.st_mtime_ns
