"""An order request as the SDK's order, with our own exact terms in it."""

import math
from typing import Any

from tigeropen.trade.domain.contract import Contract
from tigeropen.trade.domain.order import Order

from tiger_nt.config import Credentials
from tiger_nt.errors import TigerDeniedError
from tiger_nt.symbols import is_option, option_terms
from tiger_nt.views import OrderRequest, PackageRequest
from tiger_nt.wire_packages import wire_package

__all__ = ["wire_order"]

_MULTIPLIER = 100
_PRICES = {
    "MKT": (False, False),
    "LMT": (True, False),
    "STP": (False, True),
    "STP_LMT": (True, True),
}
"""Whether an order type needs a limit and a stop price; other types are not for options."""


def wire_order(
    request: OrderRequest,
    credentials: Credentials,
    method: str,
    id: int | None = None,  # noqa: A002
) -> Any:
    """Return the SDK's order; raise TigerDeniedError with code 0 for what no order can be.

    Prices are rounded to the nearest hundredth of a cent, which is what a double's noise is not;
    the tick is the caller's matter.
    """
    if isinstance(request, PackageRequest):
        return wire_package(request, credentials, method)
    if not request.user_mark:
        raise _unfit(method, "user_mark: Expected one, was none")
    if request.quantity < 1:
        raise _unfit(method, f"quantity: Expected 1 or more, was {request.quantity}")
    if request.order_type not in _PRICES:
        raise _unfit(
            method, f"order_type: Expected one of {', '.join(_PRICES)}, was {request.order_type}"
        )
    has_limit, has_stop = _PRICES[request.order_type]
    return Order(
        credentials.account,
        _contract(request.symbol),
        "BUY" if request.is_buy else "SELL",
        request.order_type,
        request.quantity,
        id=id,
        limit_price=_price(method, "limit_price", request.limit_price, needed=has_limit),
        aux_price=_price(method, "stop_price", request.stop_price, needed=has_stop),
        time_in_force=request.time_in_force,
        outside_rth=False,
        secret_key=credentials.secret_key,
        user_mark=request.user_mark,
    )


def _contract(symbol: str) -> Any:
    if not is_option(symbol):
        return Contract(symbol, "USD", sec_type="STK")
    terms = option_terms(symbol)
    return Contract(
        terms.root,
        "USD",
        sec_type="OPT",
        expiry=f"{terms.expiry:%Y%m%d}",
        strike=terms.strike,
        put_call=terms.right,
        multiplier=_MULTIPLIER,
    )


def _price(method: str, name: str, value: float | None, *, needed: bool) -> float | None:
    if (value is not None) != needed:
        raise _unfit(method, f"{name}: Expected {'one' if needed else 'none'}, was {value}")
    if value is None:
        return None
    if not (math.isfinite(value) and value > 0):
        raise _unfit(method, f"{name}: Expected dollars above 0, was {value}")
    return round(value, 4)


def _unfit(method: str, text: str) -> TigerDeniedError:
    return TigerDeniedError(method, 0, f"{text} (not sent)")
