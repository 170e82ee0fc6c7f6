"""What is done with the rest of a partly filled order that would need a new order.

Within the order that was filled a rest costs no second minimum and is always worked. Sent anew it
pays the minimums again (`execution.fees`), which can be more than the trade is good for.
"""

from enum import StrEnum
from typing import Annotated

import msgspec

from autotrade_0dte.execution.fees import FeeSchedule, order_fee
from autotrade_0dte.execution.parent import ParentOrder, Purpose, Side
from autotrade_0dte.products import product

__all__ = ["Remainder", "RemainderAction", "RemainderParams", "RemainderReason", "RemainderRule"]


class RemainderAction(StrEnum):
    """WORK sends it anew, DROP does not."""

    WORK = "WORK"
    DROP = "DROP"


class RemainderReason(StrEnum):
    """Why: it MUST_BE_DONE (it reduces risk), its FEES_FIT, or the FEE_MINIMUM is too dear."""

    MUST_BE_DONE = "MUST_BE_DONE"
    FEES_FIT = "FEES_FIT"
    FEE_MINIMUM = "FEE_MINIMUM"


class RemainderParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When the rest of an entry is worth an order of its own.

    Parameters
    ----------
    max_fee_fraction : float, default 0.05
        Most that the new order's fees may be of its premium. One contract costs 3.20 dollars to
        buy, so one below 0.64 is dropped, four below 0.24; the way out costs as much again.
    """

    max_fee_fraction: Annotated[float, msgspec.Meta(gt=0, le=1)] = 0.05


class Remainder(msgspec.Struct, frozen=True):
    """What is done with a rest, and why.

    Parameters
    ----------
    action : RemainderAction
        What is done.
    reason : RemainderReason
        Why.
    fee_usd : float
        Fees of the new order, dollars.
    fee_fraction : float
        The same as a fraction of its premium.
    """

    action: RemainderAction
    reason: RemainderReason
    fee_usd: float
    fee_fraction: float


class RemainderRule:
    """Decides over rests of orders of one product.

    Parameters
    ----------
    fees : FeeSchedule
        What an order costs.
    root : str
        Option root, see `products`.
    params : RemainderParams
        How much is too much.
    """

    __slots__ = ("_fees", "_multiplier", "_params", "_root")

    def __init__(self, fees: FeeSchedule, root: str, params: RemainderParams) -> None:
        self._fees = fees
        self._root = root
        self._multiplier = product(root).multiplier
        self._params = params

    def decide(self, parent: ParentOrder, leaves: int, price: float) -> Remainder:
        """Return what is done with `leaves` contracts that need a new order.

        Parameters
        ----------
        parent : ParentOrder
            Whose rest it is.
        leaves : int
            Contracts not filled, 1 or more.
        price : float
            Limit that they would have, dollars a share, above 0.
        """
        is_sell = parent.side is Side.SELL
        fee = order_fee(self._fees, self._root, is_sell, [(leaves, price)]).total
        fraction = fee / (leaves * price * self._multiplier)
        if parent.purpose is not Purpose.ENTRY:
            return Remainder(RemainderAction.WORK, RemainderReason.MUST_BE_DONE, fee, fraction)
        if fraction > self._params.max_fee_fraction:
            return Remainder(RemainderAction.DROP, RemainderReason.FEE_MINIMUM, fee, fraction)
        return Remainder(RemainderAction.WORK, RemainderReason.FEES_FIT, fee, fraction)
