"""Who is told of what changes at the exchange."""

from typing import Protocol

from tiger_nt.simulator.accounts import Account, AssetFigures, Position
from tiger_nt.simulator.board import Quote
from tiger_nt.simulator.market import MarketRow
from tiger_nt.simulator.orders import Order, Transaction

__all__ = ["Publisher"]


class Publisher(Protocol):
    """Who tells the users; `flush` ends a batch of quotes."""

    def quote(self, quote: Quote, row: MarketRow) -> None:
        """Tell of a row, which the quote has taken in already."""
        ...

    def flush(self) -> None:
        """Send the quotes told since the last time."""
        ...

    def order(self, order: Order) -> None:
        """Tell of an order's change."""
        ...

    def transaction(self, transaction: Transaction) -> None:
        """Tell of an execution."""
        ...

    def position(self, account: Account, position: Position, price: float) -> None:
        """Tell of a position's change, at the market's `price` a share."""
        ...

    def assets(self, account: Account, figures: AssetFigures) -> None:
        """Tell of a change of an account's money."""
        ...
