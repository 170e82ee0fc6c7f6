"""Which orders the simulator takes: from a request's fields to a ticket, and the broker's rules."""

from collections.abc import Mapping
from typing import Any

import msgspec

from tiger_nt.simulator.accounts import Account
from tiger_nt.simulator.board import Quote
from tiger_nt.simulator.cover import is_covered
from tiger_nt.simulator.errors import BIZ_PARAM, LIVE_ORDER, PAPER_ORDER, Refusal
from tiger_nt.simulator.fees import FeeFunction
from tiger_nt.simulator.listing import Listing, terms_of
from tiger_nt.simulator.orders import MULTIPLIER, Order
from tiger_nt.symbols import OptionTerms

__all__ = [
    "LegTicket",
    "Ticket",
    "check_funds",
    "check_ticket",
    "refuse",
    "reserve_price",
    "ticket_of",
]

TYPES = ("MKT", "LMT", "STP_LMT")


class LegTicket(msgspec.Struct, frozen=True, kw_only=True):
    """One contract of a package."""

    terms: OptionTerms
    is_buy: bool


class Ticket(msgspec.Struct, frozen=True, kw_only=True):
    """An order as it was asked for; prices in dollars a share.

    A package has two `legs`, its purchase first, whose `terms` are its own; its limit is net.
    """

    terms: OptionTerms
    is_buy: bool
    order_type: str
    quantity: int
    limit_price: float | None = None
    stop_price: float | None = None
    time_in_force: str = "DAY"
    outside_rth: bool = False
    user_mark: str = ""
    order_id: int = 0
    source: str = "OpenApi"
    legs: tuple[LegTicket, ...] = ()


def refuse(account: Account, text: str) -> Refusal:
    """Return the refusal of an order, with the code of the account's kind."""
    return Refusal(PAPER_ORDER if account.user.is_paper else LIVE_ORDER, f"bad_request:{text}")


def ticket_of(body: Mapping[str, Any], account: Account) -> Ticket:
    """Read the fields of ``place_order`` or ``preview_order``; raise Refusal for unfit ones."""
    if "attach_type" in body or "oca_orders" in body:
        raise refuse(account, "OCA/ATTACHED order not supported")
    if body.get("sec_type") != "OPT":
        raise refuse(account, "We don't support trading of this security now")
    try:
        return Ticket(
            terms=terms_of(body),
            is_buy=str(body["action"]).upper() == "BUY",
            order_type=str(body["order_type"]),
            quantity=int(body["total_quantity"]),
            limit_price=_price(body.get("limit_price")),
            stop_price=_price(body.get("aux_price")),
            time_in_force=str(body.get("time_in_force") or "DAY"),
            outside_rth=bool(body.get("outside_rth", False)),
            user_mark=str(body.get("user_mark") or ""),
            order_id=int(body.get("order_id") or 0),
        )
    except (KeyError, ValueError, TypeError) as error:
        raise Refusal(BIZ_PARAM, f"biz param error({error!r})") from None


def check_ticket(ticket: Ticket, account: Account, listing: Listing) -> None:
    """Refuse what Tiger does not trade at any time: contract, type, validity, size, prices."""
    if ticket.terms.compact not in listing.options:
        raise refuse(account, "contract not found or expired")
    if ticket.order_type not in TYPES:
        raise refuse(account, f"order type {ticket.order_type} is not supported for this contract")
    allowed = ("DAY", "GTC") if ticket.order_type == "LMT" else ("DAY",)
    if ticket.time_in_force not in allowed:
        raise refuse(
            account,
            f"time in force {ticket.time_in_force} is not supported for {ticket.order_type} orders",
        )
    if ticket.quantity <= 0:
        raise refuse(account, "order quantity must be greater than 0")
    wanted = {
        "limit price": (ticket.limit_price, ticket.order_type != "MKT"),
        "stop price": (ticket.stop_price, ticket.order_type == "STP_LMT"),
    }
    for name, (price, is_needed) in wanted.items():
        if is_needed:
            _check_price(account, name, price)


def check_funds(
    ticket: Ticket | Order,
    account: Account,
    quote: Quote,
    fees: FeeFunction,
    *,
    quantity: int,
    limit_price: float | None,
) -> None:
    """Refuse buys beyond the cash and sells beyond what is held.

    `quantity` is what would be open; an order that is itself changed does not stand in its own way.
    """
    changed = ticket if isinstance(ticket, Order) else None
    symbol = ticket.terms.compact
    if ticket.is_buy:
        if account.held(symbol) < 0 and quantity > account.closable(symbol, without=changed):
            raise refuse(account, "a reverse position cannot be opened in one order")
        price = reserve_price(limit_price, quote)
        cost = quantity * price * MULTIPLIER + fees(ticket.terms.root, False, [(quantity, price)])
        if cost > account.free_cash(fees, without=changed):
            raise refuse(account, "Insufficient available funds, please adjust the order quantity")
        return
    if quantity <= account.free_contracts(symbol, without=changed):
        already = 0 if changed is None else changed.remaining
        if not is_covered(account, {ticket.terms: already - quantity}):
            raise refuse(account, "the position covers options sold short")
        return
    if account.held(symbol) > 0:
        raise refuse(
            account,
            "The order quantity you entered exceeds your currently available position; "
            "a reverse position cannot be opened in one order",
        )
    raise refuse(
        account, "The order quantity you entered exceeds your currently available position"
    )


def reserve_price(limit_price: float | None, quote: Quote) -> float:
    """Return what a share of a buy is counted as until it is filled, dollars."""
    if limit_price is not None:
        return max(0.0, limit_price)  # a package that brings money in is counted as free
    return quote.ask if quote.has_ask else 0.0


def _check_price(account: Account, name: str, price: float | None) -> None:
    if price is None or not price > 0:
        raise refuse(account, f"{name} must be greater than 0")
    cents = price * 100
    if abs(cents - round(cents)) > 1e-6:
        raise refuse(account, f"the {name} does not meet the minimum price fluctuation 0.01")


def _price(value: Any) -> float | None:
    return None if value is None else float(value)
