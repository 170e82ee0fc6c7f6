"""Two checks no order may fail: no uncovered short option, no premium beyond the cash.

The accounts of the engine make neither: a cash account accepts a naked short option, and a margin
account lets its cash fall below zero.
"""

import datetime as dt
from collections.abc import Iterable

import msgspec

from autotrade_0dte.risk.deny import Denial, DenyReason

__all__ = ["Denial", "DenyReason", "Leg", "check_cover", "check_premium", "uncovered"]


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


def check_cover(positions: Iterable[Leg], working: Iterable[Leg], order: Leg) -> Denial | None:
    """Return NAKED_SHORT if a sell could leave short contracts uncovered, None if it cannot.

    The worst case counts: every working sell fills, no working buy does. A buy always passes.

    Parameters
    ----------
    positions : iterable of Leg
        Net positions.
    working : iterable of Leg
        What is still unfilled of the orders at work.
    order : Leg
        The new order.
    """
    if order.quantity >= 0:
        return None
    series = (order.root, order.expiry, order.is_call)
    held = list(positions)
    sells = [leg for leg in working if leg.quantity < 0]
    naked = uncovered([*held, *sells, order], *series)
    if naked == 0:
        return None
    figures = {
        "uncovered": naked,
        "sell": -order.quantity,
        "net_held": sum(leg.quantity for leg in held if _series(leg) == series),
        "working_sells": -sum(leg.quantity for leg in sells if _series(leg) == series),
    }
    return Denial(DenyReason.NAKED_SHORT, figures)


def check_premium(
    quantity: int, price: float, multiplier: int, fee: float, free_cash: float
) -> Denial | None:
    """Return PREMIUM_EXCEEDS_CASH if a buy costs more than `free_cash`, None if it does not.

    Parameters
    ----------
    quantity : int
        Contracts to buy.
    price : float
        Most the order may pay per share, in dollars; NaN (no limit known) is refused.
    multiplier : int
        Shares a contract.
    fee : float
        Fee of the whole order in dollars.
    free_cash : float
        Cash less what other working buys may still take, in dollars; NaN is refused.
    """
    cost = round(quantity * price * multiplier + fee, 2)
    if cost <= round(free_cash, 2):
        return None
    figures = {"cost": cost, "free_cash": free_cash, "fee": fee, "quantity": quantity}
    return Denial(DenyReason.PREMIUM_EXCEEDS_CASH, figures)


def _series(leg: Leg) -> tuple[str, dt.date, bool]:
    return leg.root, leg.expiry, leg.is_call
