"""Which executions of one order are counted, each once, and at what price and commission."""

import math
from typing import Protocol

from tiger_nt.commissions import FeeFunction, OrderCommission
from tiger_nt.order_events import Filled
from tiger_nt.symbols import is_option, option_terms
from tiger_nt.views import OrderView, TransactionView

__all__ = ["Executions", "FillBook"]


class Executions(Protocol):
    """What an order's state machine has to know of its executions; see `FillBook`."""

    @property
    def fills(self) -> list[Filled]:
        """Return what was counted."""
        ...

    @property
    def filled(self) -> int:
        """Return the contracts counted."""
        ...

    @property
    def traded(self) -> int:
        """Return the contracts that transactions and views speak of, counted or not."""
        ...

    @property
    def awaits_commission(self) -> bool:
        """Return whether there are executions whose commission nothing tells yet."""
        ...

    @property
    def commission_difference(self) -> float:
        """Return what Tiger charged beyond what the fills were booked with, dollars."""
        ...

    def missing(self, quantity: int) -> int:
        """Return the contracts that a view calls filled and no transaction has shown."""
        ...

    def on_view(self, view: OrderView) -> None:
        """Take the filled quantity, its average price and the fees so far."""
        ...

    def add(self, transaction: TransactionView) -> None:
        """Take an execution."""
        ...

    def take(self, quantity: int) -> list[Filled]:
        """Count what was not counted yet, of an order of `quantity` contracts."""
        ...

    def infer(self, order_id: int, quantity: int) -> list[Filled]:
        """Count the missing contracts."""
        ...


class FillBook:
    """Executions of one order out of transactions and the filled quantity of its views.

    Parameters
    ----------
    symbol : str
        Compact OSI symbol of an option, or a stock's.
    is_buy : bool
        Side.
    fees : FeeFunction, optional
        Estimate of the fees (see commissions.py).
    leg : int, default 0
        Which leg of a package it is of.
    """

    def __init__(self, symbol: str, is_buy: bool, fees: FeeFunction | None, leg: int = 0) -> None:
        self.fills: list[Filled] = []
        """What was counted, in the order it was told."""
        self._leg = leg
        self.seen = 0
        """The most contracts that a view called filled."""
        self._average = math.nan
        self._seen_ms = 0
        self._transactions: dict[int, TransactionView] = {}
        self._booked: set[int] = set()
        self._commission = OrderCommission(_root(symbol), not is_buy, fees)
        self._has_estimate = fees is not None

    @property
    def filled(self) -> int:
        """Return the contracts counted."""
        return sum(fill.quantity for fill in self.fills)

    @property
    def traded(self) -> int:
        """Return the contracts that transactions and views speak of, counted or not."""
        shown = sum(transaction.quantity for transaction in self._transactions.values())
        return max(self.seen, shown)

    @property
    def awaits_commission(self) -> bool:
        """Return whether there are executions whose commission nothing tells yet."""
        return not self._has_estimate and self.traded > max(self.seen, self.filled)

    @property
    def commission_difference(self) -> float:
        """Return what Tiger charged beyond what the fills were booked with, dollars."""
        return self._commission.difference

    def missing(self, quantity: int) -> int:
        """Return the contracts that a view calls filled and no transaction has shown."""
        return max(0, min(self.seen, quantity) - self.filled)

    def on_view(self, view: OrderView) -> None:
        """Take the filled quantity, its average price and the fees so far."""
        self._commission.report(view.commission, view.filled)
        if view.filled > self.seen or (view.filled == self.seen and math.isnan(self._average)):
            self.seen, self._average = view.filled, view.average_price
            self._seen_ms = view.updated_ms

    def add(self, transaction: TransactionView) -> None:
        """Take an execution; the same one may come any number of times."""
        self._transactions.setdefault(transaction.id, transaction)

    def take(self, quantity: int) -> list[Filled]:
        """Count what was not counted yet, of an order of `quantity` contracts.

        Never more than the larger of what views and transactions add up to: after an inferred
        fill the transactions that it stood for turn up, and must not count again. An inferred
        fill covers the earlier executions, so the later ones are counted first.
        """
        room = min(self.traded, quantity) - self.filled
        waiting = [t for t in self._transactions.values() if t.id not in self._booked]
        chosen: list[tuple[TransactionView, int]] = []
        for transaction in sorted(waiting, key=_when, reverse=True):
            take = min(transaction.quantity, room)
            if take <= 0:
                break
            room -= take
            chosen.append((transaction, take))
        for transaction, _ in chosen:
            self._booked.add(transaction.id)
        return [
            self._fill(str(transaction.id), take, transaction.price, transaction.time_ms)
            for transaction, take in reversed(chosen)
        ]

    def infer(self, order_id: int, quantity: int, average: float = math.nan) -> list[Filled]:
        """Count the missing contracts as one fill, at the price the average leaves for them.

        `average` is used where no view has told one.
        """
        missing = self.missing(quantity)
        average = average if math.isnan(self._average) else self._average
        if missing == 0 or math.isnan(average):
            return []
        total = self.filled + missing
        spent = sum(fill.quantity * fill.price for fill in self.fills)
        price = (average * total - spent) / missing
        if price <= 0:
            price = average
        name = f"INFERRED-{order_id}-{total}"
        return [self._fill(name, missing, price, self._seen_ms, inferred=True)]

    def _fill(
        self, trade_id: str, quantity: int, price: float, at_ms: int, inferred: bool = False
    ) -> Filled:
        commission = self._commission.charge(quantity, price)
        fill = Filled(trade_id, quantity, price, commission, at_ms, inferred, self._leg)
        self.fills.append(fill)
        return fill


def _root(symbol: str) -> str:
    return option_terms(symbol).root if is_option(symbol) else symbol


def _when(transaction: TransactionView) -> tuple[int, int]:
    return transaction.time_ms, transaction.id
