"""Two engine orders as one package for Tiger, or the reason why Tiger cannot have it.

Two orders with the same tag ``package=NAME`` are sent as one request, in a list or one after the
other: one is a purchase, one a sale, and what the first may cost less what the second must bring is
the package's limit.
"""

from collections.abc import Sequence
from typing import Any

from tiger_nt.order_requests import order_request, refusal
from tiger_nt.package_marks import PackageMark, package_mark
from tiger_nt.symbols import SymbolError, option_terms
from tiger_nt.views import PackageRequest

__all__ = ["PACKAGE_TAG", "opening_refusal", "package_name", "package_refusal", "package_request"]

PACKAGE_TAG = "package"
"""Name of the tag; its value is the same for both legs, and another for every package."""

_CODE = "PACKAGE_NOT_SUPPORTED"


def package_name(order: Any) -> str | None:
    """Return the name of the package that the order is a leg of; None for an order by itself."""
    prefix = f"{PACKAGE_TAG}="
    return next((t.removeprefix(prefix) for t in order.tags or () if t.startswith(prefix)), None)


def package_request(orders: Sequence[Any]) -> PackageRequest:
    """Return the request of two orders that `package_refusal` has nothing against."""
    bought, sold = sorted(map(order_request, orders), key=lambda leg: not leg.is_buy)
    if bought.limit_price is None or sold.limit_price is None:
        raise ValueError("Expected two limits, was none")
    mark = PackageMark(bought.user_mark, sold.user_mark, round(sold.limit_price, 2))
    return PackageRequest(
        user_mark=package_mark(mark),
        symbol=option_terms(bought.symbol).root,
        is_buy=True,
        order_type="LMT",
        quantity=bought.quantity,
        limit_price=round(bought.limit_price - sold.limit_price, 2),
        legs=(bought, sold),
    )


def package_refusal(orders: Sequence[Any]) -> str | None:
    """Return why the orders cannot be sent as a package; None if they can."""
    for order in orders:
        if (reason := refusal(order)) is not None:
            return reason
    first, second = map(order_request, orders)
    kinds = {(leg.order_type, leg.time_in_force) for leg in (first, second)}
    if kinds != {("LMT", "DAY")}:
        return f"{_CODE}: Expected two limit orders for the day, was {sorted(kinds)}"
    if first.is_buy == second.is_buy:
        return f"{_CODE}: Expected a purchase and a sale, was two of one side"
    if first.quantity != second.quantity:
        return (
            f"{_CODE}: Expected as many contracts of both legs, "
            f"was {first.quantity} and {second.quantity}"
        )
    return _against_contracts(first.symbol, second.symbol)


def opening_refusal(request: PackageRequest) -> str | None:
    """Return why a package that opens a position may not be sent; None if it may.

    Only a vertical that is paid for: what it can lose is what it costs.
    """
    bought, sold = (option_terms(leg.symbol) for leg in request.legs)
    covers = bought.strike_mills < sold.strike_mills
    if covers != bought.is_call or not (request.limit_price or 0.0) > 0:
        return (
            "PACKAGE_NOT_A_DEBIT: Expected a vertical that costs money, was "
            f"{bought.compact} for {sold.compact} at {request.limit_price}"
        )
    return None


def _against_contracts(first: str, second: str) -> str | None:
    try:
        one, other = option_terms(first), option_terms(second)
    except SymbolError as e:
        return f"{_CODE}: {e}"
    alike = (one.root, one.expiry, one.is_call) == (other.root, other.expiry, other.is_call)
    if not alike or one.strike_mills == other.strike_mills:
        return (
            f"{_CODE}: Expected two strikes of one root, expiry and right, was {first} and {second}"
        )
    return None
