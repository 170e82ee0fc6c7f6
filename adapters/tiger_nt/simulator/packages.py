"""Packages: two option legs at one net price (Tiger's MLEG), what is taken and when it fills."""

from collections.abc import Mapping
from typing import Any

from tiger_nt.simulator.accounts import Account
from tiger_nt.simulator.admission import LegTicket, Ticket, refuse
from tiger_nt.simulator.board import QuoteBoard
from tiger_nt.simulator.cover import is_covered
from tiger_nt.simulator.errors import BIZ_PARAM, Refusal
from tiger_nt.simulator.fees import FeeFunction
from tiger_nt.simulator.listing import Listing, terms_of
from tiger_nt.simulator.orders import MULTIPLIER, Order

__all__ = ["MLEG", "check_package", "check_package_funds", "fillable_packages"]
__all__ += ["package_ticket_of"]

MLEG = "MLEG"
_LEGS = 2
_NET_TICK_CENTS = {"SPX": 5, "SPXW": 5}
"""By root, the step of a package's limit where it is not a cent; at all prices, as on Cboe."""
_NOISE = 1e-9
"""Dollars; less than a tick and more than a double's error in a difference of two prices."""


def package_ticket_of(body: Mapping[str, Any], account: Account) -> Ticket:
    """Read the fields of ``place_order`` for a package; raise Refusal for unfit ones.

    Only a purchase of a package is taken, its legs by their own sides and money that it brings in
    as a limit below zero: nobody has seen what Tiger makes of the legs' sides when one is sold.
    """
    if str(body.get("action")).upper() != "BUY":
        raise refuse(account, "a combination is bought, its legs say which are sold")
    if body.get("combo_type") != "VERTICAL":
        raise refuse(account, f"combo type {body.get('combo_type')} is not supported")
    try:
        legs = tuple(_leg_of(leg, account) for leg in body["contract_legs"])
        limit = body.get("limit_price")
        if len(legs) != _LEGS:
            raise refuse(account, f"a vertical has two legs, was {len(legs)}")
        # The purchase first, whatever the order on the wire.
        bought, sold = sorted(legs, key=lambda leg: not leg.is_buy)
        return Ticket(
            terms=bought.terms,
            is_buy=True,
            order_type=str(body["order_type"]),
            quantity=int(body["total_quantity"]),
            limit_price=None if limit is None else float(limit),
            time_in_force=str(body.get("time_in_force") or "DAY"),
            outside_rth=bool(body.get("outside_rth", False)),
            user_mark=str(body.get("user_mark") or ""),
            order_id=int(body.get("order_id") or 0),
            legs=(bought, sold),
        )
    except (KeyError, ValueError, TypeError) as error:
        raise Refusal(BIZ_PARAM, f"biz param error({error!r})") from None


def check_package(ticket: Ticket, account: Account, listing: Listing) -> None:
    """Refuse what is no vertical, and what Tiger does not trade at any time."""
    bought, sold = ticket.legs
    for leg in ticket.legs:
        if leg.terms.compact not in listing.options:
            raise refuse(account, "contract not found or expired")
    if bought.is_buy == sold.is_buy:
        raise refuse(account, "the legs of a vertical have opposite sides")
    if (bought.terms.root, bought.terms.expiry) != (sold.terms.root, sold.terms.expiry):
        raise refuse(account, "the legs of a vertical have one underlying and one expiry")
    if bought.terms.is_call != sold.terms.is_call:
        raise refuse(account, "the legs of a vertical are both calls or both puts")
    if bought.terms == sold.terms:
        raise refuse(account, "the legs of a vertical have different strikes")
    if ticket.order_type != "LMT":
        raise refuse(account, f"order type {ticket.order_type} is not supported for combinations")
    if ticket.time_in_force != "DAY":
        raise refuse(
            account, f"time in force {ticket.time_in_force} is not supported for combinations"
        )
    if ticket.quantity <= 0:
        raise refuse(account, "order quantity must be greater than 0")
    limit = ticket.limit_price
    if limit is None:
        raise refuse(account, "limit price must be given")
    tick = _NET_TICK_CENTS.get(bought.terms.root, 1)
    if abs(limit * 100 / tick - round(limit * 100 / tick)) > 1e-6:
        raise refuse(
            account,
            f"the limit price does not meet the minimum price fluctuation {tick / 100:.2f}",
        )


def check_package_funds(ticket: Ticket, account: Account, fees: FeeFunction) -> None:
    """Refuse a package beyond the cash, beyond what is held, or with a leg sold uncovered."""
    quantity, net = ticket.quantity, max(0.0, ticket.limit_price or 0.0)
    cost = quantity * net * MULTIPLIER + sum(
        fees(leg.terms.root, not leg.is_buy, [(quantity, net)]) for leg in ticket.legs
    )
    if cost > account.free_cash(fees):
        raise refuse(account, "Insufficient available funds, please adjust the order quantity")
    for leg in ticket.legs:
        held = account.held(leg.terms.compact)
        is_closing = held < 0 if leg.is_buy else held > 0
        if is_closing and quantity > account.closable(leg.terms.compact):
            raise refuse(
                account,
                "The order quantity you entered exceeds your currently available position; "
                "a reverse position cannot be opened in one order",
            )
    changes = {leg.terms: quantity if leg.is_buy else -quantity for leg in ticket.legs}
    if not is_covered(account, changes):
        raise refuse(account, "the option sold is not covered by the option bought")


def fillable_packages(order: Order, board: QuoteBoard) -> int:
    """Return how many packages both legs' quotes could fill now at the net limit or better."""
    bought, sold = order.legs
    ask, bid = board[bought.symbol], board[sold.symbol]
    if not (ask.has_ask and bid.has_bid) or order.limit_price is None:
        return 0
    if ask.ask - bid.bid > order.limit_price + _NOISE:
        return 0
    return min(ask.ask_left, bid.bid_left, order.remaining)


def _leg_of(leg: Mapping[str, Any], account: Account) -> LegTicket:
    if leg.get("sec_type") != "OPT":
        raise refuse(account, "We don't support trading of this security now")
    if leg.get("ratio") != 1:
        raise refuse(account, f"the legs of a vertical are one to one, was {leg.get('ratio')}")
    action = str(leg["action"]).upper()
    if action not in {"BUY", "SELL"}:
        raise ValueError(f"action {action!r}")
    return LegTicket(terms=terms_of(leg), is_buy=action == "BUY")
