"""What covers a short option: the account of the engine accepts one that nothing covers."""

import datetime as dt
from collections.abc import Iterable

import msgspec

__all__ = ["Leg", "uncovered"]


class Leg(msgspec.Struct, frozen=True):
    """Contracts of one option series: a position, or what an order would add to one.

    `strike` is in dollars; `quantity` is signed, long or bought above zero.
    """

    root: str
    expiry: dt.date
    is_call: bool
    strike: float
    quantity: int


def uncovered(legs: Iterable[Leg], root: str, expiry: dt.date, is_call: bool) -> int:
    """Return how many short contracts of one root, expiry and right have no long one beside them.

    A long option covers one short option of the same root, expiry and right at any strike: the loss
    is then bounded by the distance of the strikes. Shares cover nothing here.
    """
    net = sum(
        leg.quantity
        for leg in legs
        if leg.root == root and leg.expiry == expiry and leg.is_call == is_call
    )
    return max(0, -net)
