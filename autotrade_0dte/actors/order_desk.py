"""The order desk: the one door through which every order goes to the venue."""

import math
from collections.abc import Iterator
from typing import Any, Self

from nautilus_trader.model import ExecAlgorithmId, OrderSide
from nautilus_trader.trading import ExecutionAlgorithm, ExecutionAlgorithmConfig

from autotrade_0dte.actors.account import free_cash, option_legs, order_leg
from autotrade_0dte.actors.order_tables import limit_price
from autotrade_0dte.execution.fees import FeeSchedule, order_fee
from autotrade_0dte.instruments import OptionSymbol, SymbolError, option_symbol
from autotrade_0dte.products import product
from autotrade_0dte.risk.cover import Leg, check_cover, check_premium

__all__ = ["DESK_ID", "OrderDesk"]

DESK_ID = ExecAlgorithmId("DESK")
"""Every order carries this id, so that the engine hands it to the desk first."""

_CONFIG = ExecutionAlgorithmConfig(exec_algorithm_id=DESK_ID)


class OrderDesk(ExecutionAlgorithm):
    """Checks each order and submits or denies it; a denial carries its reason and figures.

    Only options pass, no short option stays uncovered (without `short_legs` only what is held is
    sold), and no buy costs more than the free cash.
    """

    def __new__(cls, *_args: Any, **_kwargs: Any) -> Self:
        """Pass none of the arguments on: the engine's base class accepts only a configuration."""
        return super().__new__(cls, _CONFIG)  # type: ignore[call-arg]  # stubs have __init__ only

    def __init__(self, fees: FeeSchedule, *, short_legs: bool) -> None:
        super().__init__(_CONFIG)
        self._fees = fees
        self._short_legs = short_legs

    def on_order(self, order: Any) -> None:
        denial = self._denial(order)
        if denial is None:
            self.submit_order(order)
        else:
            self.deny_order(order, denial)

    def _denial(self, order: Any) -> str | None:
        try:
            symbol = option_symbol(str(order.instrument_id.symbol))
        except SymbolError:
            return f"NOT_AN_OPTION: instrument={order.instrument_id}"
        quantity = int(order.quantity.as_double())
        if order.side == OrderSide.SELL:
            return self._cover_denial(symbol, quantity)
        price = limit_price(order)
        if math.isnan(price):
            return f"NO_PRICE_LIMIT: quantity={quantity}"
        multiplier = product(symbol.root).multiplier
        cash = round(free_cash(self.cache) - self._committed(), 2)
        fee = self._buy_fee(symbol.root, quantity, price)
        denial = check_premium(quantity, price, multiplier, fee, cash)
        return None if denial is None else str(denial)

    def _committed(self) -> float:
        """Return what buys on their way to the venue will take; nothing is locked for them yet."""
        cache: Any = self.cache
        total = 0.0
        for order in cache.orders_inflight():
            if order.side == OrderSide.BUY:
                root = option_symbol(str(order.instrument_id.symbol)).root
                quantity, price = int(order.leaves_qty.as_double()), limit_price(order)
                total += quantity * price * product(root).multiplier
                total += self._buy_fee(root, quantity, price)
        return total

    def _buy_fee(self, root: str, quantity: int, price: float) -> float:
        return order_fee(self._fees, root, False, [(quantity, price)]).total

    def _cover_denial(self, symbol: OptionSymbol, quantity: int) -> str | None:
        def counts(leg: Leg) -> bool:
            return self._short_legs or leg.strike == symbol.strike

        held = filter(counts, option_legs(self.cache))
        working = filter(counts, self._working())
        denial = check_cover(held, working, order_leg(symbol, -quantity))
        return None if denial is None else str(denial)

    def _working(self) -> Iterator[Leg]:
        cache: Any = self.cache
        for order in (*cache.orders_open(), *cache.orders_inflight()):
            sign = 1 if order.side == OrderSide.BUY else -1
            leaves = sign * int(order.leaves_qty.as_double())
            try:
                symbol = option_symbol(str(order.instrument_id.symbol))
            except SymbolError:
                continue  # shares, traded by hand
            yield order_leg(symbol, leaves)
