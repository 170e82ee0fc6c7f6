"""The lock on the desk's door: no order of a strategy reaches the venue by another way."""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Any

from nautilus_trader.core import UUID4
from nautilus_trader.model import OrderInitialized, OrderModifyRejected
from nautilus_trader.trading import Strategy

from autotrade_0dte.actors.order_desk import DESK_ID
from autotrade_0dte.actors.order_tags import NOT_THROUGH_DESK, PAST_DESK

__all__ = ["desk_lock"]

_submit_order: Any = Strategy.submit_order
_LINKS = ("contingency_type", "order_list_id", "linked_order_ids", "parent_order_id")


@contextmanager
def desk_lock() -> Iterator[None]:
    """Have the engine's strategies refused, in this process, what does not go through the desk.

    An order without the desk's id is sent to the desk with a mark, and denied there as any other,
    so that the strategy, the log and the tables have the same native event in a backtest, on paper
    and live. A change of an order by its strategy is rejected: the desk alone sets its limit.
    Canceling is free, and so are the engine's `close_position` and `market_exit`, which can do
    nothing but close.

    It holds for all strategies, whatever their base: the class of the engine itself is changed, and
    put back at the end.
    """
    guards = {
        "submit_order": _guarded_submit,
        "submit_order_list": _guarded_submit_list,
        "modify_order": _guarded_modify,
        "modify_orders": _guarded_modify_all,
    }
    before = {name: getattr(Strategy, name) for name in guards}
    try:
        for name, guard in guards.items():
            setattr(Strategy, name, guard)
        yield
    finally:
        for name, method in before.items():
            setattr(Strategy, name, method)


def _guarded_submit(strategy: Any, order: Any, *args: Any, **kwargs: Any) -> None:
    if order.exec_algorithm_id != DESK_ID:
        order = _marked(order, "submit_order")
    _submit_order(strategy, order, *args, **kwargs)


def _guarded_submit_list(strategy: Any, orders: Sequence[Any], *_: Any, **__: Any) -> None:
    # The desk works single orders; what a list makes hang together it does not know.
    for order in orders:
        _submit_order(strategy, _marked(order, "submit_order_list"))


def _guarded_modify(strategy: Any, client_order_id: Any, *_: Any, **__: Any) -> None:
    _reject_change(strategy, client_order_id, "modify_order")


def _guarded_modify_all(strategy: Any, updates: Sequence[Any], *_: Any, **__: Any) -> None:
    for client_order_id, *_terms in updates:
        _reject_change(strategy, client_order_id, "modify_orders")


def _marked(order: Any, method: str) -> Any:
    """Return the order as one for the desk, alone, with the mark that it was not meant for it."""
    terms = order.init_event.to_dict() | dict.fromkeys(_LINKS)
    terms |= {
        "emulation_trigger": None,  # it would be held until its trigger, and refused then
        "exec_algorithm_id": str(DESK_ID),
        "exec_spawn_id": str(order.client_order_id),
        "tags": [*(order.tags or ()), f"{PAST_DESK}={method}"],
    }
    return type(order).create(OrderInitialized.from_dict(terms))


def _reject_change(strategy: Any, client_order_id: Any, method: str) -> None:
    """Tell a strategy of the rejection as the engine would: its own handler, then the common one.

    The engine offers no way to have it make this event.
    """
    reason = f"{NOT_THROUGH_DESK}: by={method}"
    strategy.log.warning(f"Change of {client_order_id} rejected: {reason}")
    order = strategy.cache.order(client_order_id)
    if order is None:
        return
    now_ns = strategy.clock.timestamp_ns()
    event = OrderModifyRejected(
        order.trader_id, order.strategy_id, order.instrument_id, client_order_id, reason, UUID4(),
        now_ns, now_ns, False, order.venue_order_id,
    )  # fmt: skip
    strategy.on_order_modify_rejected(event)
    strategy.on_order_event(event)
