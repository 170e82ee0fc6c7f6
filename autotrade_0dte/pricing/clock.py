"""Time to expiry in years, which moves an option of today more than anything else in its model."""

from enum import StrEnum

__all__ = ["ClockKind", "years_to_expiry"]

_NS_PER_DAY = 86_400_000_000_000
_NS_PER_SESSION = 23_400_000_000_000  # 09:30 to 16:00


class ClockKind(StrEnum):
    """What counts as time.

    CALENDAR
        Every second; 365 days a year. Volatilities compare with those of vendors.
    SESSION
        Seconds of the regular session; 252 sessions of 6.5 hours a year. Today's whole session
        weighs 1/252 year, so volatilities compare with those of daily returns.
    """

    CALENDAR = "calendar"
    SESSION = "session"


def years_to_expiry(now_ns: int, expiry_ns: int, clock: ClockKind = ClockKind.CALENDAR) -> float:
    """Return the time from `now_ns` to `expiry_ns` (UTC nanoseconds) in years; 0 from expiry on.

    The session clock counts to an expiry of the same day, at most one whole session: before the
    open it stands still.
    """
    left = max(expiry_ns - now_ns, 0)
    if clock is ClockKind.CALENDAR:
        return left / (365 * _NS_PER_DAY)
    return min(left, _NS_PER_SESSION) / (252 * _NS_PER_SESSION)
