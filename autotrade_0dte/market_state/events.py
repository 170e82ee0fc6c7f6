"""Scheduled events: announcements whose time is known beforehand."""

import datetime as dt
from typing import Annotated

import msgspec

from autotrade_0dte.calendar import new_york_ns

__all__ = ["ScheduledEvent", "seconds_to_event"]

_FORMAT = "%Y-%m-%d %H:%M"
_NS = 1_000_000_000


class ScheduledEvent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One announcement.

    Parameters
    ----------
    at : str
        New York time, ``2026-07-29 14:00``.
    name : str
        What is announced.

    Raises
    ------
    ValueError
        If `at` is not a time.
    """

    at: str
    name: Annotated[str, msgspec.Meta(min_length=1)]

    def __post_init__(self) -> None:
        self._local()

    @property
    def ns(self) -> int:
        """The instant, UTC ns."""
        local = self._local()
        return new_york_ns(local.date(), local.time())

    def _local(self) -> dt.datetime:
        try:
            return dt.datetime.strptime(self.at, _FORMAT)  # noqa: DTZ007 - New York, see `ns`
        except ValueError as error:
            raise ValueError(
                f"Expected a New York time like 2026-07-29 14:00, was {self.at!r} ({self.name})"
            ) from error


def seconds_to_event(
    ts_event: int, instants: tuple[int, ...], before_s: float, after_s: float
) -> float | None:
    """Return the seconds to the nearest event whose window holds now (negative after it).

    The window begins `before_s` before the event and ends `after_s` after it; None outside.
    """
    nearest = None
    for instant in instants:
        to_event_s = (instant - ts_event) / _NS
        within = -after_s <= to_event_s <= before_s
        if within and (nearest is None or abs(to_event_s) < abs(nearest)):
            nearest = to_event_s
    return nearest
