"""Verticals as packages in a node of `TigerTrader`: two orders with one tag."""

from typing import Any

from nautilus_trader.model import (
    ClientOrderId,
    InstrumentId,
    OrderSide,
    Price,
    Quantity,
    TimeInForce,
)
from tiger_trader import TigerTrader

from tiger_nt.package_requests import PACKAGE_TAG

__all__ = ["Vertical"]


class Vertical:
    """The call at the money and the next strike's, at the prices of the simulator."""

    def __init__(self, trader: TigerTrader) -> None:
        self.trader = trader
        contracts = [i for i in trader.cache.instruments() if "C" in i.id.symbol.value[9:10]]
        strikes = sorted(contracts, key=lambda i: i.strike_price.as_double())
        names: list[InstrumentId] = [each.id for each in strikes]
        at = names.index(trader.option)
        self.long, self.short = names[at], names[at + 1]

    @property
    def symbols(self) -> tuple[str, str]:
        """Compact symbols of the lower and the higher strike."""
        return self.long.symbol.value, self.short.symbol.value

    def quote(self, symbol: str) -> dict[str, Any]:
        """Return a quote of the simulator's."""
        return dict(self.trader.simulator.control("GET", f"/quote/{symbol}"))

    def fix(self, long: tuple[float, float], short: tuple[float, float], size: int = 10) -> None:
        """Set both legs' quotes by hand; the market must be frozen."""
        for symbol, (bid, ask) in zip(self.symbols, (long, short), strict=True):
            sizes = {"bid_size": size, "ask_size": size}
            self.trader.simulator.control(
                "POST", "/quote", {"symbol": symbol, "bid": bid, "ask": ask, **sizes}
            )

    def buy(self, quantity: int, long: float, short: float) -> list[ClientOrderId]:
        """Buy the vertical at these limits of its legs; return their ids, the purchase's first."""
        return self.submit(quantity, (self.long, long), (self.short, short))

    def sell(self, quantity: int, long: float, short: float) -> list[ClientOrderId]:
        """Sell it: the higher strike is bought back, the lower sold."""
        return self.submit(quantity, (self.short, short), (self.long, long))

    def submit(
        self, quantity: int, bought: tuple[InstrumentId, float], sold: tuple[InstrumentId, float]
    ) -> list[ClientOrderId]:
        """Send both orders."""
        factory = self.trader.strategy.order_factory
        tag = f"{PACKAGE_TAG}={factory.generate_client_order_id()}"
        orders = [
            factory.limit(
                name,
                side,
                Quantity.from_int(quantity),
                Price(limit, 2),
                time_in_force=TimeInForce.DAY,
                tags=[tag],
            )
            for (name, limit), side in ((bought, OrderSide.BUY), (sold, OrderSide.SELL))
        ]
        for order in orders:
            self.trader.strategy.submit_order(order)
        return [order.client_order_id for order in orders]

    def at_tiger(self) -> list[dict[str, Any]]:
        """Return the packages at the simulator, oldest first."""
        return [order for order in self.trader.simulator.account()["orders"] if order["legs"]]

    def agrees(self) -> bool:
        """Return whether the engine's positions and orders at work are the simulator's."""
        account = self.trader.simulator.account()
        held = {name: each["quantity"] for name, each in account["positions"].items()}
        over = {"Cancelled", "Filled", "Inactive", "Invalid"}
        at_work = sum(2 if o["legs"] else 1 for o in account["orders"] if o["status"] not in over)
        return held == self.trader.held() and at_work == len(self.trader.cache.orders_open())
