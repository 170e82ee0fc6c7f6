"""Sessions and expiry instants against an answer file written from the exchanges' own tables."""

import csv
import datetime as dt
from pathlib import Path

import pytest

from autotrade_0dte import calendar
from autotrade_0dte.calendar import (
    CalendarError,
    Session,
    expiry_ns,
    last_trade_ns,
    learn,
    new_york_ns,
    session,
    sessions_between,
)

_NS = 1_000_000_000


def _answers(*, is_open: bool) -> list[dict[str, str]]:
    lines = (Path(__file__).parent / "answers" / "calendar.csv").read_text().splitlines()
    rows = csv.DictReader(line for line in lines if not line.startswith("#"))
    return [row for row in rows if bool(row["open"]) is is_open]


def _utc_ns(date: str, time: str) -> int:
    return int(dt.datetime.fromisoformat(f"{date}T{time}:00+00:00").timestamp()) * _NS


def _id(answer: dict[str, str]) -> str:
    return answer["date"]


@pytest.mark.parametrize("answer", _answers(is_open=True), ids=_id)
def test_session_opens_and_closes_as_the_exchange_says(answer: dict[str, str]) -> None:
    date = dt.date.fromisoformat(answer["date"])
    found = session(date)
    assert found.date == date
    assert found.open_ns == _utc_ns(answer["date"], answer["open"])
    assert found.close_ns == _utc_ns(answer["date"], answer["close"])
    assert found.is_half_day == (answer["half_day"] == "yes")


@pytest.mark.parametrize("answer", _answers(is_open=True), ids=_id)
@pytest.mark.parametrize("root", ["SPXW", "XSP", "SPY", "QQQ", "IWM"])
def test_options_are_struck_at_the_close_and_etf_options_trade_on(
    answer: dict[str, str], root: str
) -> None:
    date = dt.date.fromisoformat(answer["date"])
    column = "index_last_trade" if root in {"SPXW", "XSP"} else "etf_last_trade"
    assert expiry_ns(root, date) == _utc_ns(answer["date"], answer["close"])
    assert last_trade_ns(root, date) == _utc_ns(answer["date"], answer[column])


@pytest.mark.parametrize("answer", _answers(is_open=False), ids=_id)
def test_closed_day_is_refused_and_the_next_session_named(answer: dict[str, str]) -> None:
    date = dt.date.fromisoformat(answer["date"])
    expected = (
        f"Expected a NYSE trading session, was {date} ({date:%A}); "
        f"the next one is {answer['next_session']}"
    )
    for call in (session, lambda day: expiry_ns("SPY", day), lambda day: last_trade_ns("SPY", day)):
        with pytest.raises(CalendarError) as raised:
            call(date)
        assert str(raised.value) == expected


def test_midnight_utc_of_the_expiry_date_is_before_the_open() -> None:
    # A vendor that stamps expiry so would have every 0DTE option dead before it trades.
    for day in sessions_between(dt.date(2026, 1, 1), dt.date(2026, 12, 31)):
        assert _utc_ns(day.date.isoformat(), "00:00") < day.open_ns < expiry_ns("SPXW", day.date)


def test_sessions_between_includes_both_ends_and_skips_closed_days() -> None:
    found = sessions_between(dt.date(2026, 7, 2), dt.date(2026, 7, 7))
    assert [day.date.day for day in found] == [2, 6, 7]
    assert found == [session(day.date) for day in found]
    assert sessions_between(dt.date(2026, 7, 17), dt.date(2026, 7, 17)) == [
        session(dt.date(2026, 7, 17))
    ]


def test_sessions_between_closed_days_is_empty() -> None:
    assert sessions_between(dt.date(2026, 7, 3), dt.date(2026, 7, 5)) == []


def test_sessions_of_2026_count_251_with_two_half_days() -> None:
    found = sessions_between(dt.date(2026, 1, 1), dt.date(2026, 12, 31))
    assert len(found) == 251
    assert [day.date for day in found if day.is_half_day] == [
        dt.date(2026, 11, 27),
        dt.date(2026, 12, 24),
    ]


def test_sessions_in_reverse_order_are_refused() -> None:
    with pytest.raises(CalendarError, match="on or after 2026-07-02, was 2026-07-01"):
        sessions_between(dt.date(2026, 7, 2), dt.date(2026, 7, 1))


@pytest.mark.parametrize("date", [dt.date(2004, 12, 31), dt.date(2099, 1, 5)])
def test_date_outside_the_calendar_is_refused(date: dt.date) -> None:
    pattern = rf"Expected a date in 2005 to 20\d\d-\d\d-\d\d, was {date}"
    with pytest.raises(CalendarError, match=pattern):
        session(date)
    with pytest.raises(CalendarError, match=pattern):
        sessions_between(min(date, dt.date(2026, 7, 1)), max(date, dt.date(2026, 7, 1)))


def test_first_day_of_the_calendar_is_refused_as_a_holiday_not_as_unknown() -> None:
    with pytest.raises(CalendarError, match="the next one is 2005-01-03"):
        session(dt.date(2005, 1, 1))
    assert sessions_between(dt.date(2005, 1, 1), dt.date(2005, 1, 3)) == [
        session(dt.date(2005, 1, 3))
    ]


def test_new_york_time_keeps_microseconds_and_follows_daylight_saving() -> None:
    winter = new_york_ns(dt.date(2026, 3, 6), dt.time(9, 30, 0, 250_001))
    summer = new_york_ns(dt.date(2026, 3, 9), dt.time(9, 30))
    assert winter == _utc_ns("2026-03-06", "14:30") + 250_001_000
    assert summer == _utc_ns("2026-03-09", "13:30")


def test_sessions_sort_by_date() -> None:
    late, early = Session(dt.date(2026, 7, 2), 0, 1), Session(dt.date(2026, 7, 1), 5, 6)
    assert sorted([late, early]) == [early, late]


def test_learned_session_is_known_without_the_calendar_library(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def unwanted() -> None:
        raise AssertionError("loaded")

    date = dt.date(2026, 7, 20)
    half = Session(date, new_york_ns(date, dt.time(9, 30)), new_york_ns(date, dt.time(13)))
    monkeypatch.setattr(calendar, "_known", {})
    monkeypatch.setattr(calendar, "_nyse", unwanted)
    learn(half)
    assert session(date) is half
    assert expiry_ns("SPY", date) == half.close_ns
    assert last_trade_ns("SPY", date) == new_york_ns(date, dt.time(13, 15))
    with pytest.raises(AssertionError, match="loaded"):
        session(dt.date(2026, 7, 21))
