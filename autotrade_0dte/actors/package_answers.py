"""What the engine tells of a package's orders, in the words of its walk.

The venue tells of one order, the engine of two: the walk hears of it once.
"""

from collections.abc import Iterator
from typing import Any

from nautilus_trader.model import (
    OrderAccepted,
    OrderCanceled,
    OrderCancelRejected,
    OrderDenied,
    OrderExpired,
    OrderFilled,
    OrderRejected,
)

from autotrade_0dte.actors.desk_answers import Answer
from autotrade_0dte.actors.package_work import PackageLeg, PackageWork
from autotrade_0dte.execution.walk_record import Move, WalkEvent

__all__ = ["take_package_answer", "take_package_fill"]


def take_package_fill(
    work: PackageWork, number: int, event: OrderFilled, now_ns: int
) -> Iterator[Answer]:
    """Tell a package's walk of a fill of leg `number`, for each price of packages made whole."""
    quantity, price = int(event.last_qty.as_double()), event.last_px.as_double()
    order_id = work.purchase_of(event.client_order_id)
    is_former = order_id != work.legs[0].order_id
    for packages, net in work.filled(number, event.client_order_id, quantity, price):
        told = {"order_id": str(order_id), "quantity": packages, "price": net}
        move = work.walk.on_fill(now_ns, packages, is_former=is_former)
        yield Answer(WalkEvent.FILLED, move, told)


def take_package_answer(
    work: PackageWork, leg: PackageLeg, event: Any, now_ns: int
) -> Answer | None:
    """Tell a package's walk of an answer when both legs have it; a refused cancel has one leg only.

    None where that is no news for it.
    """
    walk = work.walk
    told = {"text": getattr(event, "reason", None) or ""}
    match event:
        case OrderAccepted():
            leg.is_accepted = True
            if not all(each.is_accepted for each in work.legs):
                return None
            return Answer(WalkEvent.ACCEPTED, walk.on_accepted(now_ns), told)
        case OrderCancelRejected():
            work.is_canceling = False
            return Answer(WalkEvent.CANCEL_REJECTED, walk.on_cancel_rejected(now_ns), told)
        case OrderCanceled() | OrderExpired() | OrderRejected() | OrderDenied():
            leg.is_over = True
            # One that is held here goes nowhere after the other was withdrawn.
            is_held = isinstance(event, OrderCanceled) and leg.held is not None
            if walk.is_over or not (is_held or all(each.is_over for each in work.legs)):
                return None
            return Answer(*_ended(work, event, now_ns), told)
    return None


def _ended(work: PackageWork, event: Any, now_ns: int) -> tuple[WalkEvent, Move | None]:
    walk = work.walk
    if isinstance(event, OrderRejected):
        work.was_refused = True
        return WalkEvent.REJECTED, walk.on_rejected(now_ns)
    if isinstance(event, OrderDenied):
        return WalkEvent.DENIED, walk.on_denied(now_ns)
    return WalkEvent.CANCELED, walk.on_canceled(now_ns)
