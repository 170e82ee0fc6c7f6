"""What each fill of an order cost, from Tiger's running total and an estimate.

Tiger reports the fees of an order as one running total; its transactions carry none. So a fill is
charged the reported total less what was charged before, if the total covers the fill; otherwise the
estimate's increment, where there is one. The next fill that a total covers settles the difference:
the sum equals Tiger's total, to the cent, once the last fill was covered. A fill that nothing
tells a commission for has None, not zero.
"""

import math
from collections.abc import Callable

__all__ = ["FeeFunction", "OrderCommission"]

type FeeFunction = Callable[[str, bool, list[tuple[int, float]]], float]
"""Root symbol, whether a sale, fills so far as (contracts, dollars) -> total fees, dollars."""

_CENT = 0.01


class OrderCommission:
    """Fees of one order; see the module's text.

    Parameters
    ----------
    root : str
        Symbol of the underlying (of the stock itself for a stock).
    is_sell : bool
        Side: some fees are charged on sales only.
    estimate : FeeFunction, optional
        What the schedule says an order costs.
    """

    def __init__(self, root: str, is_sell: bool, estimate: FeeFunction | None) -> None:
        self._root = root
        self._is_sell = is_sell
        self._estimate = estimate
        self._estimated = 0.0
        self._fills: list[tuple[int, float]] = []
        self._total = math.nan
        self._covered = 0
        self.booked = 0.0
        """Charged so far, dollars."""

    @property
    def quantity(self) -> int:
        """Contracts charged so far."""
        return sum(quantity for quantity, _ in self._fills)

    def report(self, total: float, filled: int) -> None:
        """Take Tiger's running total of the first `filled` contracts.

        NaN is not a total; nor is 0 where the estimate expects fees: the order has been filled, but
        not yet charged.
        """
        unknown = math.isnan(total) or (total == 0 and self._estimate is not None)
        if not unknown and filled > 0 and filled >= self._covered:
            self._total, self._covered = total, filled

    def charge(self, quantity: int, price: float) -> float | None:
        """Return the commission of one more fill, dollars in whole cents; None if unknown."""
        before = self.quantity
        self._fills.append((quantity, price))
        increment = self._increment()
        if self._covered >= before + quantity:
            rest = self._total - self.booked
            due: float | None = rest * quantity / (self._covered - before)
        else:
            due = increment
        if due is None:
            return None
        due = round(due, 2)
        self.booked = round(self.booked + due, 2)
        return due

    @property
    def difference(self) -> float:
        """Return Tiger's total less what was charged for the same fills, 0 within a cent."""
        if self._covered != self.quantity or math.isnan(self._total):
            return 0.0
        difference = self._total - self.booked
        return difference if abs(difference) > _CENT else 0.0

    def _increment(self) -> float | None:
        if self._estimate is None:
            return None
        total = self._estimate(self._root, self._is_sell, self._fills)
        increment = total - self._estimated
        self._estimated = total
        return increment
