"""Which instant of which session is meant by what a user writes."""

import datetime as dt

import pytest

from autotrade_0dte.analysis.moment import MomentError, chosen_session, moment
from autotrade_0dte.calendar import new_york_ns

FRIDAY, MONDAY = dt.date(2026, 7, 31), dt.date(2026, 8, 3)


@pytest.mark.parametrize(
    ("text", "clock"),
    [
        ("10:31", dt.time(10, 31)),
        ("10:31:05", dt.time(10, 31, 5)),
        ("2026-07-31T10:31:05", dt.time(10, 31, 5)),
        ("2026-07-31T14:31:05Z", dt.time(10, 31, 5)),
        ("2026-07-31T16:31:05.25+02:00", dt.time(10, 31, 5, 250_000)),
        ("09:30", dt.time(9, 30)),
        ("16:00", dt.time(16, 0)),
    ],
)
def test_time_of_day_and_instant_are_read_as_new_york(text: str, clock: dt.time) -> None:
    assert moment(text, [FRIDAY], None) == (FRIDAY, new_york_ns(FRIDAY, clock))


def test_time_of_day_is_of_the_named_session() -> None:
    assert moment("10:31", [FRIDAY, MONDAY], MONDAY).session == MONDAY


def test_instant_names_its_session_itself() -> None:
    assert moment("2026-08-03T14:31:00Z", [FRIDAY, MONDAY], None).session == MONDAY


def test_instant_of_a_day_that_the_run_has_not_is_refused() -> None:
    with pytest.raises(MomentError, match="--at: Expected a time of 2026-07-31, was 2026-08-03"):
        moment("2026-08-03T14:31:00Z", [FRIDAY], None)


@pytest.mark.parametrize("text", ["noon", "25:00", "10.31", ""])
def test_what_is_no_time_is_refused(text: str) -> None:
    with pytest.raises(MomentError, match="Expected a time such as 10:31"):
        moment(text, [FRIDAY], None)


def test_instant_of_another_day_than_the_named_session_is_refused() -> None:
    with pytest.raises(MomentError, match="Expected a time of 2026-08-03, was 2026-07-31"):
        moment("2026-07-31T14:31:00Z", [FRIDAY, MONDAY], MONDAY)


@pytest.mark.parametrize(
    ("held", "wanted", "message"),
    [
        ([FRIDAY, MONDAY], None, "Expected 2026-07-31 or 2026-08-03, was none"),
        ([FRIDAY], MONDAY, "Expected 2026-07-31, was 2026-08-03"),
        ([], None, "Expected a run with sessions, was none"),
        ([dt.date(2026, 7, d) for d in range(6, 15)], None, "one of 9 sessions from 2026-07-06"),
    ],
)
def test_session_must_be_one_of_the_run(
    held: list[dt.date], wanted: dt.date | None, message: str
) -> None:
    with pytest.raises(MomentError, match=message):
        chosen_session(held, wanted)
