"""A package as the SDK's own combination order."""

import math
from typing import Any

from tigeropen.common.consts import ComboType
from tigeropen.common.util.order_utils import combo_order, contract_leg

from tiger_nt.config import Credentials
from tiger_nt.errors import TigerDeniedError
from tiger_nt.symbols import option_terms
from tiger_nt.views import OrderRequest, PackageRequest

__all__ = ["wire_package"]


def wire_package(request: PackageRequest, credentials: Credentials, method: str) -> Any:
    """Return the SDK's order; raise TigerDeniedError with code 0 for what no package can be.

    It is always a purchase, with the legs by their own sides and a limit below zero for one that
    brings money in, as in the SDK's own sample.
    """
    limit = request.limit_price
    if not request.user_mark or limit is None or not math.isfinite(limit) or request.quantity < 1:
        raise TigerDeniedError(
            method, 0, f"Expected a mark, a limit and a quantity, was {request} (not sent)"
        )
    order = combo_order(
        credentials.account,
        [_leg(leg) for leg in request.legs],
        ComboType.VERTICAL.value,
        "BUY",
        request.quantity,
        limit_price=round(limit, 4),
    )
    order.user_mark = request.user_mark
    order.secret_key = credentials.secret_key
    return order


def _leg(request: OrderRequest) -> Any:
    terms = option_terms(request.symbol)
    return contract_leg(
        symbol=terms.root,
        sec_type="OPT",
        expiry=f"{terms.expiry:%Y%m%d}",
        strike=terms.strike_text,
        put_call=terms.right,
        action="BUY" if request.is_buy else "SELL",
        ratio=1,
    )
