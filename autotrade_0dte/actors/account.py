"""The account as the engine's cache shows it."""

from collections.abc import Iterator
from typing import Any

from autotrade_0dte.instruments import USD, VENUE, OptionSymbol, Right, SymbolError, option_symbol
from autotrade_0dte.risk.cover import Leg

__all__ = ["free_cash", "made_by_hand", "option_legs", "order_leg", "total_cash"]


def total_cash(cache: Any) -> float:
    """Return the account's cash in dollars, including what working orders lock."""
    return float(cache.account_for_venue(VENUE).balance_total(USD).as_double())


def free_cash(cache: Any) -> float:
    """Return the cash in dollars that no working order locks."""
    return float(cache.account_for_venue(VENUE).balance_free(USD).as_double())


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
