"""The tags of an order: how a strategy tells the desk what the order is for."""

from collections.abc import Mapping
from typing import Any

from nautilus_trader.model import OrderSide

from autotrade_0dte.actors.order_tables import limit_price
from autotrade_0dte.execution.parent import ParentOrder, Purpose, Side
from autotrade_0dte.market_state.actions import Urgency
from autotrade_0dte.market_state.state import Level

__all__ = ["NOT_THROUGH_DESK", "PAST_DESK", "order_tags", "parent_of"]

PAST_DESK = "past_desk"
"""Tag of an order that its strategy sent past the desk, with the method it called: `desk_lock`."""

NOT_THROUGH_DESK = "NOT_THROUGH_DESK"
"""Code with which such an order, or a strategy's change of one, is refused."""


def order_tags(parent: ParentOrder, *, pair: str | None = None, resent: bool = False) -> list[str]:
    """Return the tags that `parent_of` reads back.

    Parameters
    ----------
    parent : ParentOrder
        What the order is to do. Its side, quantity, contract and cap are the order's own.
    pair : str, optional
        Engine id of the contract whose quote must be of the same time, as the other leg's.
    resent : bool
        Whether the order takes the place of a canceled one; it then names its parent. A parent's
        first order needs not: its own id is the parent's.
    """
    tags = {
        "plan": parent.plan_id,
        "purpose": parent.purpose,
        "urgency": parent.urgency,
        "level": parent.level.name,
        "reason": parent.reason,
        "decided": parent.decided_ns,
        "deadline": parent.deadline_ns,
    }
    if pair is not None:
        tags["pair"] = pair
    if resent:
        tags["parent"] = parent.parent_id
    return [f"{name}={value}" for name, value in tags.items()]


def parent_of(
    order: Any, tags: Mapping[str, str], *, reduces: bool, now_ns: int, close_ns: int
) -> ParentOrder:
    """Return what an order asks of the desk.

    What its tags do not say is taken from the order: one that only makes a position smaller is an
    exit, any other an entry, and it may take until the close.

    Parameters
    ----------
    order : Any
        The engine's order, with a limit.
    tags : mapping
        See `order_tables.tags_of`.
    reduces : bool
        Whether it can only make a position smaller.
    now_ns, close_ns : int
        Event time and the session's close, UTC ns.

    Raises
    ------
    ValueError
        A tag has a value that there is not.
    """
    return ParentOrder(
        parent_id=tags.get("parent", str(order.client_order_id)),
        plan_id=tags.get("plan", ""),
        strategy=str(order.strategy_id),
        instrument_id=str(order.instrument_id),
        side=Side.BUY if order.side == OrderSide.BUY else Side.SELL,
        quantity=int(order.quantity.as_double()),
        cap=limit_price(order),
        purpose=Purpose(tags.get("purpose", Purpose.EXIT if reduces else Purpose.ENTRY)),
        urgency=Urgency(tags.get("urgency", Urgency.NORMAL)),
        level=_level(tags.get("level", Level.CALM.name)),
        reason=tags.get("reason", ""),
        decided_ns=int(tags.get("decided", now_ns)),
        deadline_ns=int(tags.get("deadline", close_ns)),
    )


def _level(name: str) -> Level:
    try:
        return Level[name]
    except KeyError:
        raise ValueError(
            f"Expected a level of {', '.join(Level.__members__)}, was {name}"
        ) from None
