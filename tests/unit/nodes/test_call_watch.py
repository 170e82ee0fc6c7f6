"""What the risk controller hears of calls to Tiger and of the clock, without an engine."""

from types import SimpleNamespace
from typing import Any

from autotrade_0dte.nodes.call_watch import CallWatch
from autotrade_0dte.risk.ladder import RiskLadder
from autotrade_0dte.risk.ladder_params import LadderParams
from autotrade_0dte.risk.mode import RiskMode, Trigger
from autotrade_0dte.risk.report import REPORT_TOPIC, RiskReport
from autotrade_0dte.risk.rungs import report_figure

NS = 1_000_000_000
PARAMS = LadderParams()


class Calls:
    """Statistics that a test sets."""

    def __init__(self) -> None:
        self.failures = 3  # before the start
        self.offset_s: float | None = 0.0

    def clock_offset_s(self, within_s: float) -> float | None:
        assert within_s == 60.0
        return self.offset_s


class Watched:
    """A watch whose seconds pass in a test, and the ladder that it reports to."""

    def __init__(self) -> None:
        self.calls = Calls()
        self.told: list[RiskReport] = []
        self.ladder = RiskLadder(PARAMS, 0)
        self.now_s = 0
        watched = self

        class Watch(CallWatch):
            clock = SimpleNamespace(
                set_timer=lambda _name, _every, callback: setattr(watched, "tick", callback)
            )

            def publish_message(self, topic: str, message: Any) -> None:
                assert topic == REPORT_TOPIC
                watched.told.append(message)
                figure = report_figure(message)
                watched.ladder.report(message.trigger, figure, message.ts_event, message.text)

        Watch(self.calls, PARAMS.max_clock_offset_s).on_start()

    def pass_s(self, seconds: int) -> None:
        for _ in range(seconds):
            self.now_s += 1
            self.tick(SimpleNamespace(ts_event=self.now_s * NS))  # type: ignore[attr-defined]
            self.ladder.pass_time(self.now_s * NS)

    def errors(self) -> int:
        return sum(report.trigger is Trigger.ERRORS for report in self.told)

    def offsets(self) -> list[tuple[float, bool]]:
        return [
            (report.figures["offset_s"], report.begins)
            for report in self.told
            if report.trigger is Trigger.CLOCK_OFFSET
        ]


def test_each_call_that_fails_after_the_start_is_one_error() -> None:
    watched = Watched()
    watched.pass_s(2)
    assert watched.errors() == 0
    watched.calls.failures += 2
    watched.pass_s(2)
    assert watched.errors() == 2


def test_five_calls_that_fail_within_a_minute_halt_entries_until_they_are_over() -> None:
    watched = Watched()
    watched.calls.failures += 4
    watched.pass_s(1)
    assert watched.ladder.mode is RiskMode.NORMAL
    watched.calls.failures += 1
    watched.pass_s(1)
    assert (watched.ladder.mode, watched.ladder.trigger) == (
        RiskMode.HALT_ENTRIES,
        Trigger.ERRORS,
    )
    watched.pass_s(62 + 300)
    assert watched.ladder.mode is RiskMode.NORMAL


def test_clock_that_goes_wrong_halts_entries_until_it_is_set() -> None:
    watched = Watched()
    watched.pass_s(10)
    assert watched.offsets() == [(0.0, False)]
    watched.calls.offset_s = -1.5
    watched.pass_s(10)
    assert watched.offsets()[1:] == [(-1.5, True)]
    assert watched.ladder.trigger is Trigger.CLOCK_OFFSET
    watched.calls.offset_s = 0.9  # better, not well
    watched.pass_s(10)
    assert watched.ladder.mode is RiskMode.HALT_ENTRIES
    watched.calls.offset_s = 0.1
    watched.pass_s(10)
    assert watched.ladder.mode is RiskMode.NORMAL


def test_unknown_offset_begins_and_ends_nothing() -> None:
    watched = Watched()
    watched.calls.offset_s = 2.0
    watched.pass_s(1)
    watched.calls.offset_s = None
    watched.pass_s(60)
    assert watched.offsets() == [(2.0, True)]
    assert watched.ladder.mode is RiskMode.HALT_ENTRIES
