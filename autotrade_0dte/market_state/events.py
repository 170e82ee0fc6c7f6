"""Scheduled events: announcements whose time is known beforehand."""

import msgspec

__all__ = ["ScheduledEvent"]


class ScheduledEvent(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """One announcement; `at` is New York time as ``2026-07-29 14:00``."""

    at: str
    name: str
