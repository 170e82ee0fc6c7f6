import datetime as dt

import msgspec
import pytest

from autotrade_0dte.calendar import new_york_ns
from autotrade_0dte.market_state.events import ScheduledEvent, seconds_to_event

NS = 1_000_000_000


def test_time_of_an_event_is_new_yorks_in_summer_and_winter() -> None:
    summer = ScheduledEvent("2026-07-29 14:00", "FOMC statement")
    winter = ScheduledEvent("2026-01-28 14:00", "FOMC statement")
    assert summer.ns == new_york_ns(dt.date(2026, 7, 29), dt.time(14))
    assert dt.datetime.fromtimestamp(summer.ns / NS, dt.UTC).hour == 18
    assert dt.datetime.fromtimestamp(winter.ns / NS, dt.UTC).hour == 19


@pytest.mark.parametrize("at", ["2026-07-29", "29.07.2026 14:00", "2026-02-30 14:00"])
def test_time_of_another_form_is_refused(at: str) -> None:
    with pytest.raises(msgspec.ValidationError, match="Expected a New York time like"):
        msgspec.convert({"at": at, "name": "x"}, ScheduledEvent)


def test_window_of_an_event_begins_and_ends_with_its_seconds() -> None:
    def seconds(now_s: int) -> float | None:
        return seconds_to_event(now_s * NS, (1_000 * NS,), before_s=60, after_s=600)

    assert [seconds(939), seconds(940), seconds(1_600), seconds(1_601)] == [None, 60, -600, None]


def test_nearest_of_two_events_counts() -> None:
    instants = (1_000 * NS, 1_100 * NS)
    assert seconds_to_event(1_040 * NS, instants, 200, 200) == -40
    assert seconds_to_event(1_060 * NS, instants, 200, 200) == 40
