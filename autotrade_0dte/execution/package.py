"""A vertical as one order at a net price: what it is to do, its market and its legs' limits.

Its price is that of the vertical, what the leg that is worth more costs less what the other brings:
an entry buys it, an exit sells it.
"""

import math
from collections.abc import Sequence

import msgspec

from autotrade_0dte.execution.order_quote import OrderQuote
from autotrade_0dte.execution.parent import ParentOrder, Purpose, Side

__all__ = ["leg_limits", "net_parent", "net_quote"]


def net_parent(package_id: str, bought: ParentOrder, sold: ParentOrder) -> ParentOrder:
    """Return the order of the vertical that two orders of its legs are; its cap is of their caps.

    Raises
    ------
    ValueError
        They are not a purchase and a sale of as many contracts for one purpose.
    """
    alike = [(leg.purpose, leg.quantity, leg.plan_id, leg.strategy) for leg in (bought, sold)]
    if (bought.side, sold.side) != (Side.BUY, Side.SELL) or alike[0] != alike[1]:
        raise ValueError(f"Expected a purchase and a sale alike, was {_brief(bought, sold)}")
    is_entry = bought.purpose is Purpose.ENTRY
    main, other = (bought, sold) if is_entry else (sold, bought)
    return msgspec.structs.replace(
        bought,
        parent_id=package_id,
        package=package_id,
        instrument_id=f"{main.instrument_id}-{other.instrument_id}",
        side=Side.BUY if is_entry else Side.SELL,
        cap=round(main.cap - other.cap, 6),
    )


def net_quote(bought: OrderQuote, sold: OrderQuote, side: Side) -> OrderQuote:
    """Return the market of a vertical that is bought or sold, from those of its two legs.

    The bid is what both legs bring at once, the ask what they cost; sizes are the smaller, the age
    is the older. A side is 0 where a leg has none, where a leg is crossed, or where the vertical
    would not be paid for: what holds an order of a leg back then holds back the package.
    """
    main, other = (bought, sold) if side is Side.BUY else (sold, bought)
    is_sound = all(leg.is_two_sided and leg.bid < leg.ask < math.inf for leg in (main, other))
    bid = ask = 0.0
    if is_sound:
        bid, ask = round(main.bid - other.ask, 6), round(main.ask - other.bid, 6)
    return OrderQuote(
        now_ns=main.now_ns,
        bid=max(bid, 0.0),
        ask=max(ask, 0.0),
        bid_size=min(main.bid_size, other.ask_size),
        ask_size=min(main.ask_size, other.bid_size),
        age_s=max(main.age_s, other.age_s),
        fair=main.fair - other.fair,
        delta=main.delta - other.delta,
        spot=main.spot,
    )


def leg_limits(legs: Sequence[ParentOrder], side: Side, net: float) -> tuple[float, float]:
    """Return limits of purchase and sale, dollars, that make the vertical's `net` limit.

    The leg that is worth less has its cap, and the other what is missing to the net: an entry's
    purchase and an exit's sale carry the walk. The venue sees their difference alone.
    """
    bought, sold = legs
    if side is Side.BUY:
        return round(sold.cap + net, 6), sold.cap
    return bought.cap, round(bought.cap + net, 6)


def _brief(*legs: ParentOrder) -> str:
    """Return what has to be alike, and the sides."""
    return " and ".join(
        f"{leg.side} {leg.quantity} for {leg.purpose} of {leg.strategy} {leg.plan_id}"
        for leg in legs
    )
