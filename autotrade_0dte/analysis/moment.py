"""Which instant of which session of a run is meant."""

import datetime as dt
from collections.abc import Sequence
from typing import NamedTuple

from autotrade_0dte.calendar import NEW_YORK, new_york_ns

__all__ = ["Moment", "MomentError", "chosen_session", "moment"]

_CLOCKS = ("%H:%M", "%H:%M:%S")


class MomentError(ValueError):
    """A time or session that a run does not have."""


class Moment(NamedTuple):
    """An instant (UTC ns) of a session."""

    session: dt.date
    at_ns: int


def chosen_session(held: Sequence[dt.date], wanted: dt.date | None) -> dt.date:
    """Return the session of a run that is meant; the only one where none is named."""
    if wanted is None and len(held) == 1:
        return held[0]
    if wanted is None or wanted not in held:
        raise MomentError(f"--session: Expected {_listed(held)}, was {wanted or 'none'}")
    return wanted


def moment(text: str, held: Sequence[dt.date], wanted: dt.date | None) -> Moment:
    """Read a time of day in New York (10:31, 10:31:05) or an ISO instant of a run's session.

    Parameters
    ----------
    text : str
        The time; an instant without an offset is New York time.
    held : sequence of date
        Sessions of the run.
    wanted : date, optional
        Which of them; needed where there are several and `text` names no date.

    Raises
    ------
    MomentError
        When it is no time, or not of a session of the run.
    """
    clock = _clock(text)
    if clock is None:
        instant = _instant(text)
        date = instant.date()
        if wanted not in {None, date}:
            raise MomentError(f"--at: Expected a time of {wanted}, was {text}")
        if date not in held:
            raise MomentError(f"--at: Expected a time of {_listed(held)}, was {text}")
        at_ns = new_york_ns(date, instant.time())
    else:
        date = chosen_session(held, wanted)
        at_ns = new_york_ns(date, clock)
    return Moment(date, at_ns)


def _clock(text: str) -> dt.time | None:
    for form in _CLOCKS:
        try:
            return dt.datetime.strptime(text, form).time()  # noqa: DTZ007 - a time of day
        except ValueError:
            continue
    return None


def _instant(text: str) -> dt.datetime:
    try:
        found = dt.datetime.fromisoformat(text)
    except ValueError:
        raise MomentError(
            f"--at: Expected a time such as 10:31, 10:31:05 or 2026-07-31T10:31:05-04:00, "
            f"was {text}"
        ) from None
    return found.replace(tzinfo=NEW_YORK) if found.tzinfo is None else found.astimezone(NEW_YORK)


def _listed(held: Sequence[dt.date]) -> str:
    if len(held) > 6:
        return f"one of {len(held)} sessions from {held[0]} to {held[-1]}"
    return " or ".join(map(str, held)) or "a run with sessions"
