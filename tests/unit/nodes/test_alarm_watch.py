"""What the risk controller hears of the alarms of Tiger's client, without an engine."""

from types import SimpleNamespace
from typing import Any

import pytest

from autotrade_0dte.nodes.alarm_watch import AlarmWatch
from autotrade_0dte.risk.mode import Trigger
from autotrade_0dte.risk.report import REPORT_TOPIC
from tiger_nt.alarms import Alarm, AlarmKind

GRAVE = {"MISMATCH", "UNEXPLAINED", "TWIN", "OVERFILL", "LATE_FILL"}


class Watch(AlarmWatch):
    clock = SimpleNamespace(timestamp_ns=lambda: 7)

    def __init__(self) -> None:
        super().__init__()
        self.told: list[tuple[str, Any]] = []

    def publish_message(self, topic: str, message: Any) -> None:
        self.told.append((topic, message))


@pytest.mark.parametrize("kind", AlarmKind)
def test_alarm_that_the_books_differ_is_a_mismatch_and_no_other_is(kind: AlarmKind) -> None:
    watch = Watch()
    watch.on_start()
    watch.take(Alarm(kind, "SPY: held 1, expected 2"))
    assert [alarm.kind for alarm in watch.alarms] == [kind]
    if kind not in GRAVE:
        assert watch.told == []
        return
    ((topic, report),) = watch.told
    assert (topic, report.trigger, report.begins) == (REPORT_TOPIC, Trigger.MISMATCH, True)
    assert report.text == f"{kind}: SPY: held 1, expected 2"


def test_alarm_of_the_start_is_reported_when_somebody_listens() -> None:
    watch = Watch()
    watch.take(Alarm(AlarmKind.UNEXPLAINED, "one"))
    assert watch.told == []
    watch.on_start()
    assert [report.text for _, report in watch.told] == ["UNEXPLAINED: one"]


def test_alarm_after_the_stop_is_kept_only() -> None:
    watch = Watch()
    watch.on_start()
    watch.on_stop()
    watch.take(Alarm(AlarmKind.MISMATCH, "late"))
    assert (len(watch.alarms), watch.told) == (1, [])
