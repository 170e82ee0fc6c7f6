"""Tells the risk controller of the alarms of Tiger's client: the broker's books say otherwise."""

from typing import Any, Final, Self

from nautilus_trader.common import DataActor

from autotrade_0dte.risk.mode import Trigger
from autotrade_0dte.risk.report import REPORT_TOPIC, RiskReport
from tiger_nt.alarms import Alarm, AlarmKind

__all__ = ["AlarmWatch"]

MISMATCHES: Final = frozenset(
    {
        AlarmKind.MISMATCH,
        AlarmKind.UNEXPLAINED,
        AlarmKind.TWIN,
        AlarmKind.OVERFILL,
        AlarmKind.LATE_FILL,
    }
)
"""Alarms after which nobody may open anything until an operator has looked.

Positions that differ (MISMATCH, UNEXPLAINED), an order that is there twice or that we had given up
(TWIN), and fills that no order of ours explains (OVERFILL, LATE_FILL) all say that the account is
not what we believe. The others do not: LEFT_OPEN comes after the stop, and the next start takes
those orders over by their marks; UNSUPPORTED is in a security that we do not trade; what is
UNREADABLE in a list is known by the push, and by the positions if it was filled; with
CALLS_HALTED the client itself denies entries, and lets them go again.
"""


class AlarmWatch(DataActor):
    """Keeps the alarms, and reports those that say that the broker's books are not ours.

    The node ends after such an alarm, which is an error in its log; what is latched by it keeps the
    next one from opening anything until it is re-armed. So it is reported before `take` returns, or
    at the start if it came before that.
    """

    def __new__(cls, *_args: Any, **_kwargs: Any) -> Self:
        """Pass none of the arguments on: the engine's base class accepts only a configuration."""
        return super().__new__(cls)

    def __init__(self) -> None:
        super().__init__()
        self.alarms: list[Alarm] = []
        self._is_started = False

    def on_start(self) -> None:
        self._is_started = True
        for alarm in self.alarms:
            self._report(alarm)

    def on_stop(self) -> None:
        self._is_started = False

    def take(self, alarm: Alarm) -> None:
        """Take an alarm, on the thread of the engine."""
        self.alarms.append(alarm)
        if self._is_started:
            self._report(alarm)

    def _report(self, alarm: Alarm) -> None:
        if alarm.kind in MISMATCHES:
            report = RiskReport(
                ts_event=self.clock.timestamp_ns(),
                trigger=Trigger.MISMATCH,
                begins=True,
                text=f"{alarm.kind}: {alarm.text}",
            )
            self.publish_message(REPORT_TOPIC, report)
