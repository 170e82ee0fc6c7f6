"""The account as the engine's cache shows it."""

import math
from collections.abc import Iterator
from typing import Any

from nautilus_trader.model import OrderSide

from autotrade_0dte.actors.order_tables import limit_price
from autotrade_0dte.instruments import USD, VENUE, OptionSymbol, Right, SymbolError, option_symbol
from autotrade_0dte.risk.cover import Leg

__all__ = ["cash_and_buying_power", "made_by_hand", "option_legs", "order_leg", "total_cash"]


def total_cash(cache: Any) -> float:
    """Return the account's cash in dollars, including what working orders lock."""
    return float(cache.account_for_venue(VENUE).balance_total(USD).as_double())


def cash_and_buying_power(cache: Any) -> tuple[float, float]:
    """Return the account's cash and what may be spent, dollars, both with what orders have locked.

    The engine's and the broker's free cash leaves that out; what is locked for buys that the venue
    has is added again. Both are NaN while there is no account.
    """
    account = cache.account_for_venue(VENUE)
    if account is None:
        return math.nan, math.nan
    locked = 0.0
    for order in cache.orders_open():
        price = limit_price(order)
        if order.side == OrderSide.BUY and not math.isnan(price):
            multiplier = cache.instrument(order.instrument_id).multiplier.as_double()
            locked += order.leaves_qty.as_double() * price * multiplier
    return (
        float(account.balance_total(USD).as_double()),
        float(account.balance_free(USD).as_double()) + locked,
    )


def option_legs(cache: Any) -> Iterator[Leg]:
    """Yield the net option positions; shares from an exercise are left out."""
    for position in cache.positions_open():
        try:
            symbol = option_symbol(str(position.instrument_id.symbol))
        except SymbolError:
            continue
        yield order_leg(symbol, int(position.signed_qty))


def made_by_hand(order: Any) -> bool:
    """Tell an order made in the broker's app: it has no name but the broker's."""
    return str(order.client_order_id) == str(order.venue_order_id)


def order_leg(symbol: OptionSymbol, quantity: int) -> Leg:
    """Return what `quantity` contracts (sells below zero) add to a position."""
    return Leg(symbol.root, symbol.expiry, symbol.right is Right.CALL, symbol.strike, quantity)
