"""An exchange of the simulator without a server, driven from a test step by step."""

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

from tiger_simulator import CALL, FixedMarket, row

from tiger_nt.simulator.accounts import DEFAULT_USERS, Account, AssetFigures, Position
from tiger_nt.simulator.admission import Ticket
from tiger_nt.simulator.board import Quote, QuoteBoard
from tiger_nt.simulator.exchange import Exchange
from tiger_nt.simulator.faults import Faults
from tiger_nt.simulator.listing import Listing
from tiger_nt.simulator.market import MarketRow
from tiger_nt.simulator.orders import Order, Transaction
from tiger_nt.symbols import option_terms

__all__ = ["Desk", "Told"]


@dataclass
class Told:
    """A publisher that writes down what it is told."""

    log: list[tuple[Any, ...]] = field(default_factory=list)

    def quote(self, quote: Quote, row: MarketRow) -> None:
        self.log.append(("quote", quote.symbol))

    def flush(self) -> None:
        pass

    def order(self, order: Order) -> None:
        self.log.append(("order", order.wire_status, order.filled))

    def transaction(self, transaction: Transaction) -> None:
        self.log.append(("transaction", transaction.quantity, transaction.price))

    def position(self, account: Account, position: Position, price: float) -> None:
        self.log.append(("position", position.quantity))

    def assets(self, account: Account, figures: AssetFigures) -> None:
        self.log.append(("assets",))


class Desk:
    """An exchange whose time goes on only by `settle`, quoted 1.00 x 10 / 1.05 x 12."""

    def __init__(self, market: FixedMarket | None = None, cash: float | None = None) -> None:
        self.market = market or FixedMarket()
        self.told = Told()
        self.faults = Faults()
        self.later: list[tuple[float, Callable[[], None]]] = []
        listing = Listing(self.market)
        self.exchange = Exchange(
            self.market,
            listing,
            QuoteBoard(listing.symbols),
            DEFAULT_USERS,
            self.told,
            faults=self.faults,
            schedule=lambda delay, call: self.later.append((delay, call)),
            clock=time.time_ns,
            wall_clock=time.time_ns,
        )
        self.account = self.exchange.accounts[DEFAULT_USERS[0].account]
        if cash is not None:
            self.account.cash = cash
        for first in self.market.first:
            self.exchange.on_quote(first)
        self.told.log.clear()

    def settle(self) -> None:
        """Do what is scheduled, and what that schedules."""
        while self.later:
            self.later.pop(0)[1]()

    def quote(self, *values: Any, symbol: str = CALL) -> None:
        self.exchange.on_quote(row(symbol, *values))

    def send(self, signed: int, limit: float | None = None, **fields: Any) -> Order:
        """Place an order; below zero it sells."""
        ticket = {
            "terms": option_terms(CALL),
            "is_buy": signed > 0,
            "order_type": "MKT" if limit is None else "LMT",
            "quantity": abs(signed),
            "limit_price": limit,
        }
        return self.exchange.place(self.account, Ticket(**(ticket | fields)))

    def place(self, signed: int, limit: float | None = None, **fields: Any) -> Order:
        order = self.send(signed, limit, **fields)
        self.settle()
        return order

    def modify(self, order: Order, quantity: int, limit: float) -> None:
        self.exchange.modify(
            self.account, order, quantity=quantity, limit_price=limit, stop_price=order.stop_price
        )

    @property
    def statuses(self) -> list[str]:
        return [entry[1] for entry in self.told.log if entry[0] == "order"]
