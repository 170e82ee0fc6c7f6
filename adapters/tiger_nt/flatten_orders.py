"""The words of flattening an account: what is seen, what is to be done, what is known of it."""

import math
from enum import StrEnum

import msgspec

from tiger_nt.flatten_broker import OrderSeen
from tiger_nt.views import OrderRequest

__all__ = ["Cancel", "Look", "Modify", "OwnOrder", "Past", "Place", "Stage"]


class Cancel(msgspec.Struct, frozen=True):
    """Cancel this order."""

    order_id: int


class Place(msgspec.Struct, frozen=True):
    """Send this order, which meets a quote of `touch` dollars (0 without one)."""

    request: OrderRequest
    touch: float


class Modify(msgspec.Struct, frozen=True):
    """Give this order of ours another limit; `request` is the whole order anew."""

    order_id: int
    request: OrderRequest


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """What Tiger answered to one round of questions, asked one after the other in this order.

    Parameters
    ----------
    began_s : float
        Before the first question.
    at_work : tuple of OrderSeen
        Orders at work.
    recent : tuple of OrderSeen or None
        Orders of the last minutes in any state; None if not asked for.
    held : dict of str to int
        Contracts held, signed, by symbol.
    unreadable : tuple of str
        Positions that could not be read.
    """

    began_s: float
    at_work: tuple[OrderSeen, ...]
    recent: tuple[OrderSeen, ...] | None
    held: dict[str, int]
    unreadable: tuple[str, ...] = ()


class Stage(StrEnum):
    """SENT, not answered; AT_WORK, with an id; UNKNOWN, no answer will come."""

    SENT = "SENT"
    AT_WORK = "AT_WORK"
    UNKNOWN = "UNKNOWN"


class OwnOrder(msgspec.Struct, kw_only=True):
    """An order of ours that may still fill; times are seconds of the caller's clock."""

    request: OrderRequest
    held: int
    """Contracts of the position when it was sent."""
    attempt: int
    sent_s: float
    priced_s: float
    stage: Stage = Stage.SENT
    order_id: int = 0
    filled: int = 0
    answered_s: float = math.inf
    unseen: int = 0
    too_large: int = 0
    changes: int = 0

    @property
    def remaining(self) -> int:
        """Contracts not filled."""
        return self.request.quantity - self.filled


class Past(msgspec.Struct):
    """What is known of a contract from orders of ours that have ended."""

    attempts: int = 0
    refusals: int = 0
    reason: str = ""
    again_s: float = -math.inf
    ended_s: float = -math.inf
    expected: int = 0
    """Contracts that are held after the last order's fills, as far as those tell."""
