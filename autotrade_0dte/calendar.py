"""Trading sessions, half days and expiry instants, from the NYSE calendar.

Expiry instants come from here and never from a vendor: Databento stamps expiry at midnight UTC,
which is before the session has opened.
"""

import datetime as dt
from functools import cache
from typing import Any
from zoneinfo import ZoneInfo

import msgspec

from autotrade_0dte.products import product

__all__ = ["NEW_YORK", "CalendarError", "Session", "expiry_ns", "last_trade_ns", "new_york_ns"]
__all__ += ["learn", "session", "sessions_between"]

NEW_YORK = ZoneInfo("America/New_York")
FIRST_YEAR = 2005
_FULL_CLOSE = dt.time(16, 0)
_known: dict[dt.date, "Session"] = {}


class CalendarError(ValueError):
    """A date is not a trading session, or lies outside the calendar."""


class Session(msgspec.Struct, frozen=True, order=True):
    """One regular trading session; instants are UTC nanoseconds since the epoch."""

    date: dt.date
    open_ns: int
    close_ns: int

    @property
    def is_half_day(self) -> bool:
        """Whether the session closes before 16:00 New York."""
        return self.close_ns < new_york_ns(self.date, _FULL_CLOSE)


def new_york_ns(date: dt.date, time: dt.time) -> int:
    """Return the instant of a New York wall-clock time, in UTC nanoseconds."""
    local = dt.datetime.combine(date, time, NEW_YORK)
    return int(local.timestamp()) * 1_000_000_000 + local.microsecond * 1_000


def session(date: dt.date) -> Session:
    """Return the session of `date`; raise CalendarError when the market is closed that day."""
    if date in _known:
        return _known[date]
    calendar = _nyse()
    stamp = _checked(calendar, date)
    if not calendar.is_session(stamp):
        following = calendar.date_to_session(stamp, direction="next").date()
        raise CalendarError(
            f"Expected a NYSE trading session, was {stamp} ({date:%A}); the next one is {following}"
        )
    return _session(calendar, stamp, date)


def learn(known: Session) -> None:
    """Take a session as known, so that a worker process need not load the calendar library."""
    _known[known.date] = known


def sessions_between(first: dt.date, last: dt.date) -> list[Session]:
    """Return every session from `first` to `last`, both included.

    Raise CalendarError when the dates are in the wrong order or outside the calendar.
    """
    if last < first:
        raise CalendarError(f"Expected a last date on or after {first}, was {last}")
    calendar = _nyse()
    stamps = calendar.sessions_in_range(_checked(calendar, first), _checked(calendar, last))
    return [_session(calendar, stamp, stamp.date()) for stamp in stamps]


def expiry_ns(root: str, date: dt.date) -> int:
    """Return the instant at which options of `root` expiring on `date` are struck, in ns."""
    return _shifted(date, product(root).expiry_time)


def last_trade_ns(root: str, date: dt.date) -> int:
    """Return the instant at which trading of the expiring contract stops, in ns."""
    return _shifted(date, product(root).last_trade_time)


def _shifted(date: dt.date, time: dt.time) -> int:
    """Move a full-session time by as much as the session closes early."""
    early = new_york_ns(date, _FULL_CLOSE) - session(date).close_ns
    return new_york_ns(date, time) - early


def _checked(calendar: Any, date: dt.date) -> str:
    last = calendar.last_session.date()
    if not dt.date(FIRST_YEAR, 1, 1) <= date <= last:
        raise CalendarError(f"Expected a date in {FIRST_YEAR} to {last}, was {date}")
    return date.isoformat()


def _session(calendar: Any, stamp: Any, date: dt.date) -> Session:
    return Session(date, calendar.session_open(stamp).value, calendar.session_close(stamp).value)


@cache
def _nyse() -> Any:
    # Imported here: the calendar library costs more to import than all other start-up together.
    import exchange_calendars  # noqa: PLC0415

    # A year early: look-ups near the first day need sessions before it.
    return exchange_calendars.get_calendar("XNYS", start=f"{FIRST_YEAR - 1}-01-01")
