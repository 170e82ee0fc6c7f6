"""Tells the risk controller of calls to Tiger that fail, and of a clock that is not Tiger's."""

import datetime as dt
from typing import Any, Protocol, Self

from nautilus_trader.common import DataActor, TimeEvent

from autotrade_0dte.risk.mode import Trigger
from autotrade_0dte.risk.report import REPORT_TOPIC, RiskReport
from autotrade_0dte.risk.rungs import FIGURES

__all__ = ["CallWatch"]

_TIMER = "calls"
_LOOK = dt.timedelta(seconds=1)
_LOOKS_A_CLOCK = 10
_ANSWERS_S = 60.0
"""The client asks often enough that one answer is no older."""


class CallStatistics(Protocol):
    """What is looked at of the calls: `tiger_nt.rest.TigerRest`."""

    @property
    def failures(self) -> int: ...
    def clock_offset_s(self, within_s: float) -> float | None: ...


class CallWatch(DataActor):
    """Looks once a second at the calls, and reports each that failed on its way as an error.

    No answer counts, one that makes no sense, and an order whose outcome is unknown: when it
    happens again and again, what is opened may not be closed in time. A refusal does not, which is
    an answer (an order's counts as `Trigger.REJECTS`), nor does a call limit, for which the client
    itself waits. Every ten seconds
    the clock's offset from Tiger's is reported, by the answers of the last minute; without one
    nothing is.

    Parameters
    ----------
    calls : CallStatistics
        What is looked at.
    max_offset_s : float
        Offset from which the clock is wrong, seconds: `LadderParams.max_clock_offset_s`.
    """

    def __new__(cls, *_args: Any, **_kwargs: Any) -> Self:
        """Pass none of the arguments on: the engine's base class accepts only a configuration."""
        return super().__new__(cls)

    def __init__(self, calls: CallStatistics, max_offset_s: float) -> None:
        super().__init__()
        self._calls = calls
        self._max_offset_s = max_offset_s
        self._failures = 0
        self._looks = 0

    def on_start(self) -> None:
        self._failures = self._calls.failures
        self.clock.set_timer(_TIMER, _LOOK, callback=self._on_timer)

    def _on_timer(self, event: TimeEvent) -> None:
        failures = self._calls.failures
        for _ in range(failures - self._failures):
            self._report(event.ts_event, Trigger.ERRORS, 1.0, "a call to Tiger failed", begins=True)
        self._failures = failures
        if self._looks % _LOOKS_A_CLOCK == 0:
            self._look_at_clock(event.ts_event)
        self._looks += 1

    def _look_at_clock(self, now_ns: int) -> None:
        offset_s = self._calls.clock_offset_s(_ANSWERS_S)
        if offset_s is not None:
            is_wrong = abs(offset_s) >= self._max_offset_s
            text = f"this clock is {-offset_s:+.3f} s from Tiger's"
            self._report(now_ns, Trigger.CLOCK_OFFSET, offset_s, text, begins=is_wrong)

    def _report(
        self, now_ns: int, trigger: Trigger, figure: float, text: str, *, begins: bool
    ) -> None:
        report = RiskReport(
            ts_event=now_ns,
            trigger=trigger,
            begins=begins,
            figures={FIGURES[trigger]: figure},
            text=text,
        )
        self.publish_message(REPORT_TOPIC, report)
