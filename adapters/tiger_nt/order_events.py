"""What an order did, in the engine's vocabulary, as plain values."""

from enum import StrEnum

import msgspec

__all__ = ["Accepted", "CancelRejected", "Canceled", "CommissionDiffers", "Doubt", "Expired"]
__all__ += ["Filled", "ModifyRejected", "OrderEvent", "Rejected", "Resurfaced", "Updated"]


class Doubt(StrEnum):
    """What has to be asked of Tiger before an order's state is certain."""

    ORDER = "ORDER"
    TRANSACTIONS = "TRANSACTIONS"


class Accepted(msgspec.Struct, frozen=True):
    """Tiger works the order under its global id; `at_ms` as everywhere here, milliseconds UTC."""

    order_id: int
    at_ms: int


class Updated(msgspec.Struct, frozen=True):
    """Quantity or prices (dollars) are now these."""

    quantity: int
    limit_price: float | None
    stop_price: float | None
    at_ms: int


class Filled(msgspec.Struct, frozen=True):
    """One execution.

    `commission` is dollars, None where nothing tells it. `inferred` is one that Tiger never showed
    by itself: its quantity and price are the difference of the order's figures. `leg` says which
    leg of a package it is of, 0 its purchase and 1 its sale.
    """

    trade_id: str
    quantity: int
    price: float
    commission: float | None
    at_ms: int
    inferred: bool = False
    leg: int = 0


class Canceled(msgspec.Struct, frozen=True):
    """No further fill will come; `reason` where Tiger ended it by itself."""

    reason: str
    at_ms: int


class Rejected(msgspec.Struct, frozen=True):
    """Refused without any fill, perhaps after it was accepted."""

    reason: str
    at_ms: int


class Expired(msgspec.Struct, frozen=True):
    """Ended by its time in force."""

    at_ms: int


class ModifyRejected(msgspec.Struct, frozen=True):
    """The order stays as it was."""

    reason: str
    at_ms: int


class CancelRejected(msgspec.Struct, frozen=True):
    """The order goes on working."""

    reason: str
    at_ms: int


class Resurfaced(msgspec.Struct, frozen=True):
    """An order given up as never having reached Tiger is there after all."""

    order_id: int
    at_ms: int


class CommissionDiffers(msgspec.Struct, frozen=True):
    """Tiger's total of a finished order is `amount` dollars above what its fills were charged."""

    amount: float
    at_ms: int


type OrderEvent = (
    Accepted
    | Updated
    | Filled
    | Canceled
    | Rejected
    | Expired
    | ModifyRejected
    | CancelRejected
    | Resurfaced
    | CommissionDiffers
)
