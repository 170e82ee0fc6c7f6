"""What is usual at each minute of the day."""

import datetime as dt

import msgspec

__all__ = ["Profile"]


class Profile(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """Usual value and spread of each figure by minute of the session, from past sessions.

    Parameters
    ----------
    root : str
        Option root it was made from.
    sessions : tuple of date
        Sessions it was made from, ascending.
    """

    root: str
    sessions: tuple[dt.date, ...]
