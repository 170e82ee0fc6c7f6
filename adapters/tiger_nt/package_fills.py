"""The executions of a package, by leg, and the rules for what Tiger tells of both legs together.

Transactions name the leg's contract; a view of a package has the filled quantity of both legs (they
fill together), their net average price, and fees in one sum. By REST it has each leg's own average,
by push it has not.
"""

import math

import msgspec

from tiger_nt.commissions import FeeFunction
from tiger_nt.fills import FillBook
from tiger_nt.order_events import Filled
from tiger_nt.package_prices import leg_prices
from tiger_nt.symbols import option_terms
from tiger_nt.views import OrderView, PackageRequest, TransactionView

__all__ = ["PackageFills", "leg_id", "package_id"]

_TEN = 10


def leg_id(package_id: int, leg: int) -> int:
    """Return the id under which the engine has a leg: the package's with 1 or 2 put behind it."""
    return package_id * _TEN + leg + 1


def package_id(leg: int) -> int:
    """Return the id of the package that a leg's id was made from."""
    return leg // _TEN


class PackageFills:
    """Two books of executions as one (see `FillBook`), in numbers of packages.

    A net execution, and what is never shown by leg, is split by `leg_prices`. Fees are split as the
    estimate has them, by halves without one.

    Parameters
    ----------
    request : PackageRequest
        The package.
    fees : FeeFunction, optional
        Estimate of the fees of a leg.
    """

    def __init__(self, request: PackageRequest, fees: FeeFunction | None) -> None:
        self._request = request
        self._fees = fees
        self._net = math.nan
        self.legs = tuple(
            FillBook(leg.symbol, leg.is_buy, fees, number)
            for number, leg in enumerate(request.legs)
        )

    @property
    def fills(self) -> list[Filled]:
        """Return what was counted, of both legs."""
        return [fill for leg in self.legs for fill in leg.fills]

    @property
    def filled(self) -> int:
        """Return the packages counted: of the leg that has fewer."""
        return min(leg.filled for leg in self.legs)

    @property
    def traded(self) -> int:
        """Return the contracts of the leg of which more was traded."""
        return max(leg.traded for leg in self.legs)

    @property
    def awaits_commission(self) -> bool:
        """Return whether there are executions whose commission nothing tells yet."""
        return any(leg.awaits_commission for leg in self.legs)

    @property
    def commission_difference(self) -> float:
        """Return what Tiger charged beyond what the fills were booked with, dollars."""
        return sum(leg.commission_difference for leg in self.legs)

    def missing(self, quantity: int) -> int:
        """Return the contracts of the leg of which more is called filled and not shown."""
        return max(leg.missing(quantity) for leg in self.legs)

    def on_view(self, view: OrderView) -> None:
        """Take the filled quantity, the average prices and the fees so far."""
        if view.filled and not math.isnan(view.average_price):
            self._net = view.average_price
        shares = self._commissions(view)
        for book, leg, commission in zip(self.legs, self._request.legs, shares, strict=True):
            own = [each.average_price for each in view.legs if each.symbol == leg.symbol]
            average = own[0] if own and view.filled else math.nan
            book.on_view(
                msgspec.structs.replace(view, average_price=average, commission=commission)
            )

    def add(self, transaction: TransactionView) -> None:
        """Take an execution of a leg, or of both at a net price."""
        symbols = [leg.symbol for leg in self._request.legs]
        if transaction.symbol in symbols:
            self.legs[symbols.index(transaction.symbol)].add(transaction)
        elif transaction.sec_type == "MLEG":
            for number, price in enumerate(leg_prices(self._request, transaction.price)):
                own = leg_id(transaction.id, number)
                self.legs[number].add(msgspec.structs.replace(transaction, id=own, price=price))

    def take(self, quantity: int) -> list[Filled]:
        """Count what was not counted yet."""
        return [fill for leg in self.legs for fill in leg.take(quantity)]

    def infer(self, order_id: int, quantity: int) -> list[Filled]:
        """Count the missing contracts of each leg as one fill of it."""
        prices = (math.nan, math.nan)
        if not math.isnan(self._net):
            prices = leg_prices(self._request, self._net)
        return [
            fill
            for number, leg in enumerate(self.legs)
            for fill in leg.infer(leg_id(order_id, number), quantity, prices[number])
        ]

    def _commissions(self, view: OrderView) -> tuple[float, float]:
        first = view.commission / 2
        if self._fees is not None and view.filled:
            bought, sold = (
                self._fees(
                    option_terms(leg.symbol).root,
                    not leg.is_buy,
                    [(view.filled, leg.limit_price or 0.0)],
                )
                for leg in self._request.legs
            )
            if bought + sold > 0:
                first = view.commission * bought / (bought + sold)
        first = first if math.isnan(first) else round(first, 2)
        return first, view.commission - first
