"""What the node has to be told of, because the account is not as the engine believes."""

from enum import StrEnum

import msgspec

__all__ = ["Alarm", "AlarmKind", "Residual"]


class AlarmKind(StrEnum):
    """Why an operator should look.

    UNEXPLAINED: at the start, positions that today's orders with our mark do not explain.
    MISMATCH: while running, positions of the engine and of Tiger that stay different.
    TWIN: an order at Tiger with the mark of another one, or one given up as lost, by this client or
    the engine: it is cancelled.
    OVERFILL: more contracts filled than ordered. LATE_FILL: a fill of an order told as rejected.
    LEFT_OPEN: orders of ours still at work after a stop. UNSUPPORTED: an order or position in a
    security that this adapter cannot tell the engine of. UNREADABLE: an order in a list of Tiger's
    that makes no sense; the others are taken in. CALLS_HALTED: Tiger has refused so many
    calls for their number that new orders are denied for a while, lest it blocks the login.
    """

    UNEXPLAINED = "UNEXPLAINED"
    MISMATCH = "MISMATCH"
    TWIN = "TWIN"
    OVERFILL = "OVERFILL"
    LATE_FILL = "LATE_FILL"
    LEFT_OPEN = "LEFT_OPEN"
    UNSUPPORTED = "UNSUPPORTED"
    UNREADABLE = "UNREADABLE"
    CALLS_HALTED = "CALLS_HALTED"

    @property
    def is_passing(self) -> bool:
        """Whether the node may go on: what it knows of its own orders and positions is true."""
        return self in {AlarmKind.UNSUPPORTED, AlarmKind.UNREADABLE, AlarmKind.CALLS_HALTED}


class Residual(msgspec.Struct, frozen=True):
    """A position that is not as it should be; signed contracts or shares.

    `held` is what Tiger says, `expected` what our fills or the engine's positions add up to.
    """

    symbol: str
    held: int
    expected: int

    def __str__(self) -> str:
        return f"{self.symbol}: held {self.held}, expected {self.expected}"


class Alarm(msgspec.Struct, frozen=True):
    """One reason to look, in words, with the positions concerned."""

    kind: AlarmKind
    text: str
    residuals: tuple[Residual, ...] = ()
