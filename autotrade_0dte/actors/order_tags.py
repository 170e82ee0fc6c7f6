"""The tags of an order: how a strategy tells the desk what the order is for."""

from collections.abc import Mapping

from autotrade_0dte.execution.parent import ParentOrder, Purpose, Side
from autotrade_0dte.market_state.actions import Urgency
from autotrade_0dte.market_state.state import Level
from autotrade_0dte.risk.proposed_order import ProposedOrder

__all__ = ["NOT_THROUGH_DESK", "PACKAGE", "PAST_DESK", "order_tags", "parent_of"]

PACKAGE = "package"
"""Name of the tag of a package's two legs, for the desk and for the execution client."""

PAST_DESK = "past_desk"
"""Tag of an order that its strategy sent past the desk, with the method it called: `desk_lock`."""

NOT_THROUGH_DESK = "NOT_THROUGH_DESK"
"""Code with which such an order, or a strategy's change of one, is refused."""

# By their words: what an enumeration's own call costs counts for an order.
_PURPOSES = {str(each): each for each in Purpose}
_URGENCIES = {str(each): each for each in Urgency}
_LEVELS = {each.name: each for each in Level}


def order_tags(
    parent: ParentOrder,
    *,
    pair: str | None = None,
    resent: bool = False,
    package: str | None = None,
) -> list[str]:
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
    package : str, optional
        Name of the package that the order is a leg of; the other leg's order has the same.
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
    if package is not None:
        tags[PACKAGE] = package
    return [f"{name}={value}" for name, value in tags.items()]


def parent_of(
    order: ProposedOrder, tags: Mapping[str, str], *, reduces: bool, now_ns: int, close_ns: int
) -> ParentOrder:
    """Return what an order asks of the desk.

    What its tags do not say is taken from the order: one that only makes a position smaller is an
    exit, any other an entry, and it may take until the close.

    Parameters
    ----------
    order : ProposedOrder
        The order, with its limit as its price.
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
    purpose = tags.get("purpose")
    if purpose is None:
        purpose = Purpose.EXIT if reduces else Purpose.ENTRY
    return ParentOrder(
        parent_id=tags.get("parent", order.order_id),
        plan_id=order.owner.plan_id,
        strategy=order.owner.strategy,
        instrument_id=order.contract.name,
        side=Side.BUY if order.quantity > 0 else Side.SELL,
        quantity=abs(order.quantity),
        cap=order.price,
        purpose=_named(_PURPOSES, purpose),
        urgency=_named(_URGENCIES, tags.get("urgency", Urgency.NORMAL)),
        level=_named(_LEVELS, tags.get("level", "CALM")),
        reason=tags.get("reason", ""),
        decided_ns=int(tags.get("decided", now_ns)),
        deadline_ns=int(tags.get("deadline", close_ns)),
        package=tags.get(PACKAGE, ""),
    )


def _named[T](members: Mapping[str, T], name: str) -> T:
    try:
        return members[name]
    except KeyError:
        raise ValueError(f"Expected one of {', '.join(members)}, was {name}") from None
