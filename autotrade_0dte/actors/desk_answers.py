"""What the engine tells of a parent's orders, in the words of its walk."""

from typing import Any, NamedTuple

from nautilus_trader.model import (
    OrderAccepted,
    OrderCanceled,
    OrderCancelRejected,
    OrderDenied,
    OrderExpired,
    OrderFilled,
    OrderModifyRejected,
    OrderRejected,
    OrderUpdated,
    Price,
)

from autotrade_0dte.actors.desk_work import DeskWork
from autotrade_0dte.execution.walk_record import Move, WalkEvent

__all__ = ["Answer", "take_answer"]


class Answer(NamedTuple):
    """What happened, the move it led to, and further fields of its `WalkRecord`."""

    event: WalkEvent
    move: Move | None
    told: dict[str, Any]


def take_answer(work: DeskWork, event: Any, now_ns: int) -> Answer | None:
    """Tell a parent's walk of an event of one of its orders.

    None where that is no news for it: of an order that has been replaced, but for its fills, and of
    a limit that is set before the order is sent.
    """
    is_former = event.client_order_id != work.order_id
    if isinstance(event, OrderFilled):
        return _take_fill(work, event, now_ns, is_former=is_former)
    if is_former:
        return None
    walk = work.walk
    told: dict[str, Any] = {"text": getattr(event, "reason", None) or ""}
    match event:
        case OrderAccepted():
            kind, move = WalkEvent.ACCEPTED, walk.on_accepted(now_ns)
        case OrderUpdated(price=Price() as price) if work.held is None:
            told["price"] = price.as_double()
            kind, move = WalkEvent.MODIFIED, walk.on_modified(now_ns, told["price"])
        case OrderModifyRejected():
            work.was_refused = True
            kind, move = WalkEvent.MODIFY_REJECTED, walk.on_modify_rejected(now_ns)
        case OrderCancelRejected():
            work.is_canceling = False
            kind, move = WalkEvent.CANCEL_REJECTED, walk.on_cancel_rejected(now_ns)
        case OrderCanceled() | OrderExpired():
            kind, move = WalkEvent.CANCELED, walk.on_canceled(now_ns)
        case OrderRejected():
            work.was_refused = True
            kind, move = WalkEvent.REJECTED, walk.on_rejected(now_ns)
        case OrderDenied() if not walk.is_over:
            kind, move = WalkEvent.DENIED, walk.on_denied(now_ns)
        case _:
            return None
    return Answer(kind, move, told)


def _take_fill(work: DeskWork, event: OrderFilled, now_ns: int, *, is_former: bool) -> Answer:
    quantity, price = int(event.last_qty.as_double()), event.last_px.as_double()
    work.paid += quantity * price
    told = {
        "order_id": str(event.client_order_id),
        "quantity": quantity,
        "price": price,
        "trade_id": str(event.trade_id),
    }
    move = work.walk.on_fill(now_ns, quantity, is_former=is_former)
    return Answer(WalkEvent.FILLED, move, told)
