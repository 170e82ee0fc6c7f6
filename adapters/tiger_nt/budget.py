"""How many calls may go out and whose go first."""

from enum import IntEnum

__all__ = ["Priority"]


class Priority(IntEnum):
    """What a call is for; the lower goes first and may use what the others must leave.

    RISK: cancels and orders that reduce risk. ENTRY: orders that open. WALK: a better price for an
    order at work, the first to slow down. QUERY: everything that changes nothing.
    """

    RISK = 0
    ENTRY = 1
    WALK = 2
    QUERY = 3
