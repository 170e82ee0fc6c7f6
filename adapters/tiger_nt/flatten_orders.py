"""The words of flattening an account: what is seen, what is to be done, what is known of it."""

import math
from enum import StrEnum

import msgspec

from tiger_nt.flatten_answers import OrderSeen
from tiger_nt.views import OrderRequest

__all__ = ["Cancel", "Fill", "Look", "Modify", "OwnOrder", "Past", "Place", "Stage"]


class Cancel(msgspec.Struct, frozen=True):
    """Cancel this order."""

    order_id: int


class Place(msgspec.Struct, frozen=True):
    """Send this order, which meets a quote of `touch` dollars (0 without one)."""

    request: OrderRequest
    touch: float

    def __str__(self) -> str:
        """Say what is sent, and which quote it meets."""
        request = self.request
        side = "buy back" if request.is_buy else "sell"
        price = "at market" if request.limit_price is None else f"at {request.limit_price:.2f}"
        met = "ask" if request.is_buy else "bid"
        return f"{side} {request.quantity} {request.symbol} {price} ({met} {self.touch:.2f})"


class Modify(msgspec.Struct, frozen=True):
    """Give this order of ours another limit; `request` is the whole order anew."""

    order_id: int
    request: OrderRequest


class Look(msgspec.Struct, frozen=True, kw_only=True):
    """What Tiger answered to one round of questions.

    Orders at work are asked for first, then positions, then recent orders: a fill that a position
    does not show yet is then among the orders.

    Parameters
    ----------
    began_s : float
        Before the first question.
    clock_s : float
        Tiger's clock at the end.
    at_work : tuple of OrderSeen
        Orders at work.
    recent : tuple of OrderSeen or None
        Orders that have changed in the last minutes, in any state; None if Tiger does not say.
    held : dict of str to int
        Contracts held, signed, by symbol.
    unreadable : tuple of str
        Positions that could not be read.
    """

    began_s: float
    clock_s: float
    at_work: tuple[OrderSeen, ...]
    recent: tuple[OrderSeen, ...] | None
    held: dict[str, int]
    unreadable: tuple[str, ...] = ()


class Fill(msgspec.Struct, frozen=True):
    """Signed contracts that another's order has filled, and until when (Tiger's clock) it counts.

    Positions may not show it before.
    """

    symbol: str
    quantity: int
    until_s: float


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
    held: int = 0
    """Contracts of the position when the last order was sent, signed."""
    expected: int = 0
    """Contracts that are held after the last order's fills, as far as those tell."""
