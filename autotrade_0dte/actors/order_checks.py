"""What no order may do, whoever sends it: the checks of the desk before it lets one through."""

import math
from collections.abc import Iterable, Iterator
from typing import Any

from nautilus_trader.model import OrderSide

from autotrade_0dte.actors.account import free_cash, option_legs, order_leg
from autotrade_0dte.actors.order_tables import limit_price
from autotrade_0dte.execution.fees import FeeSchedule, order_fee
from autotrade_0dte.instruments import OptionSymbol, SymbolError, option_symbol
from autotrade_0dte.products import product
from autotrade_0dte.risk.cover import Leg, check_cover, check_premium

__all__ = ["OrderChecks"]


class OrderChecks:
    """Only options pass, no short option stays uncovered, and no buy costs more than the free cash.

    Parameters
    ----------
    cache : Any
        The engine's.
    fees : FeeSchedule
        What orders of this day cost.
    short_legs : bool
        Whether a long option covers a short one of another strike; without, only what is held is
        sold.
    """

    def __init__(self, cache: Any, fees: FeeSchedule, *, short_legs: bool) -> None:
        self._cache = cache
        self._fees = fees
        self._buy_fees: dict[tuple[str, int], float] = {}
        self._short_legs = short_legs

    def denial(self, order: Any, held: Iterable[Any] = (), reserved_usd: float = 0.0) -> str | None:
        """Return why the order must not go, with its figures, or None.

        Parameters
        ----------
        order : Any
            The engine's order; a buy is judged by its limit, the most that it may cost.
        held : iterable
            Orders that the desk has passed and the engine does not yet count as sent.
        reserved_usd : float
            What buys at work may still cost beyond the limits they have now.
        """
        try:
            symbol = option_symbol(str(order.instrument_id.symbol))
        except SymbolError:
            return f"NOT_AN_OPTION: instrument={order.instrument_id}"
        quantity = int(order.quantity.as_double())
        if order.side == OrderSide.SELL:
            return self._cover_denial(symbol, quantity, held)
        price = limit_price(order)
        if math.isnan(price):
            return f"NO_PRICE_LIMIT: quantity={quantity}"
        multiplier = product(symbol.root).multiplier
        committed = self._committed(held) + reserved_usd
        cash = round(free_cash(self._cache) - committed, 2)
        fee = self._buy_fee(symbol.root, quantity)
        denial = check_premium(quantity, price, multiplier, fee, cash)
        return None if denial is None else str(denial)

    def _committed(self, held: Iterable[Any]) -> float:
        """Return what buys on their way to the venue will take; nothing is locked for them yet."""
        total = 0.0
        for order in (*self._on_their_way(), *held):
            if order.side == OrderSide.BUY:
                root = option_symbol(str(order.instrument_id.symbol)).root
                quantity, price = int(order.leaves_qty.as_double()), limit_price(order)
                total += quantity * price * product(root).multiplier
                total += self._buy_fee(root, quantity)
        return total

    def _buy_fee(self, root: str, quantity: int) -> float:
        """Return the fee of a buy, which no component makes depend on the price."""
        key = root, quantity
        if key not in self._buy_fees:
            self._buy_fees[key] = order_fee(self._fees, root, False, [(quantity, 0.0)]).total
        return self._buy_fees[key]

    def _cover_denial(self, symbol: OptionSymbol, quantity: int, held: Iterable[Any]) -> str | None:
        def counts(leg: Leg) -> bool:
            return self._short_legs or leg.strike == symbol.strike

        positions = filter(counts, option_legs(self._cache))
        working = filter(counts, self._working(held))
        denial = check_cover(positions, working, order_leg(symbol, -quantity))
        return None if denial is None else str(denial)

    def _working(self, held: Iterable[Any]) -> Iterator[Leg]:
        for order in (*self._cache.orders_open(), *self._on_their_way(), *held):
            sign = 1 if order.side == OrderSide.BUY else -1
            leaves = sign * int(order.leaves_qty.as_double())
            try:
                symbol = option_symbol(str(order.instrument_id.symbol))
            except SymbolError:
                continue  # shares, traded by hand
            yield order_leg(symbol, leaves)

    def _on_their_way(self) -> Iterator[Any]:
        """Yield orders that the venue does not have yet; one that is being changed it has."""
        return (order for order in self._cache.orders_inflight() if not order.is_open)
