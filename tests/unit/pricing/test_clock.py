"""Years to expiry by both clocks."""

import datetime as dt

import pytest

from autotrade_0dte.calendar import expiry_ns, session
from autotrade_0dte.pricing.clock import ClockKind, years_to_expiry

SECOND = 1_000_000_000
DAY = dt.date(2026, 7, 17)
EXPIRY = expiry_ns("SPXW", DAY)


def test_calendar_clock_counts_seconds_of_a_365_day_year():
    assert years_to_expiry(EXPIRY - 3600 * SECOND, EXPIRY) == 3600 / 31_536_000
    assert years_to_expiry(EXPIRY - 365 * 86_400 * SECOND, EXPIRY) == 1.0


def test_clock_sees_the_last_nanosecond():
    assert years_to_expiry(EXPIRY - 1, EXPIRY) == pytest.approx(1e-9 / 31_536_000, rel=1e-15)


@pytest.mark.parametrize("clock", ClockKind)
@pytest.mark.parametrize("after_ns", [0, 1, 86_400 * SECOND])
def test_nothing_is_left_at_and_after_expiry(clock, after_ns):
    assert years_to_expiry(EXPIRY + after_ns, EXPIRY, clock) == 0.0


def test_session_clock_makes_a_whole_session_one_of_252():
    opened = session(DAY).open_ns

    assert years_to_expiry(opened, EXPIRY, ClockKind.SESSION) == pytest.approx(1 / 252, rel=1e-15)
    middle = (opened + EXPIRY) // 2
    assert years_to_expiry(middle, EXPIRY, ClockKind.SESSION) == pytest.approx(1 / 504, rel=1e-15)


def test_session_clock_stands_still_before_the_open():
    opened = session(DAY).open_ns
    early = opened - 5 * 3600 * SECOND

    assert years_to_expiry(early, EXPIRY, ClockKind.SESSION) == years_to_expiry(
        opened, EXPIRY, ClockKind.SESSION
    )
    assert years_to_expiry(early, EXPIRY) > years_to_expiry(opened, EXPIRY)


def test_session_clock_runs_faster_by_the_hours_that_count():
    now = EXPIRY - 3600 * SECOND
    ratio = years_to_expiry(now, EXPIRY, ClockKind.SESSION) / years_to_expiry(now, EXPIRY)

    assert ratio == pytest.approx(365 * 24 / (252 * 6.5), rel=1e-14)
