"""A package: one order at Tiger, two of the engine's.

Everything uncertain about it (its answer, its state, its fills) is one order's and treated as any
other order's. What is told of it is told of both legs, each of which the engine has as an order of
its own: under its own client order id, with an id at the venue made from the package's, its own
fills, limit and fees.
"""

import math

import msgspec

from tiger_nt.commissions import FeeFunction
from tiger_nt.engine_orders import Terms
from tiger_nt.fills import Executions
from tiger_nt.marks import client_order_id
from tiger_nt.order_events import CommissionDiffers, Filled, OrderEvent, Updated
from tiger_nt.orders import TrackedOrder
from tiger_nt.package_fills import PackageFills, leg_id
from tiger_nt.package_marks import read_package_mark
from tiger_nt.package_prices import leg_prices
from tiger_nt.views import OrderRequest, OrderView, PackageRequest

__all__ = ["PackageLeg", "TrackedPackage", "found_package", "is_package", "leg_views"]

MLEG = "MLEG"
_LEGS = 2
_LEAST = 0.01
"""Dollars, the limit of a leg of which only the net limit is known: one tick above nothing."""


class TrackedPackage(TrackedOrder):
    """A package as Tiger has it; quantities are packages, prices net. See the module's text."""

    request: PackageRequest

    def __init__(
        self, request: PackageRequest, *, fees: FeeFunction | None = None, max_asks: int = 3
    ) -> None:
        super().__init__(request, fees=fees, max_asks=max_asks)
        self._legs = (PackageLeg(self, 0), PackageLeg(self, 1))

    @property
    def book(self) -> PackageFills:
        """Return the executions by leg."""
        assert isinstance(self._book, PackageFills)
        return self._book

    @property
    def is_ours(self) -> bool:
        """Return whether the mark names orders of the engine's."""
        return read_package_mark(self.mark) is not None

    @property
    def parts(self) -> "tuple[PackageLeg, ...]":
        """Return the legs, the purchase first."""
        return self._legs

    @staticmethod
    def _executions(request: OrderRequest, fees: FeeFunction | None) -> Executions:
        assert isinstance(request, PackageRequest)
        return PackageFills(request, fees)


class PackageLeg:
    """One leg of a package as the engine has it; fields as in `TrackedOrder`."""

    def __init__(self, package: TrackedPackage, number: int) -> None:
        self.whole = package
        self.request = package.request.legs[number]
        self._number = number

    @property
    def id(self) -> int | None:
        """Return the leg's id, made from the package's."""
        return None if self.whole.id is None else leg_id(self.whole.id, self._number)

    @property
    def mark(self) -> str:
        """Return the mark that the leg would have as an order by itself."""
        return self.request.user_mark

    @property
    def is_ours(self) -> bool:
        """Return whether the mark names an order of the engine's."""
        return client_order_id(self.mark) is not None

    @property
    def view(self) -> OrderView | None:
        """Return the newest view, as of this leg."""
        view, own = self.whole.view, self.id
        if view is None or own is None:
            return None
        return _as_leg(view, own, self.request, self.terms[1])

    @property
    def terms(self) -> Terms:
        """Return the terms as last told: of the net limit the part that is this leg's."""
        quantity, net, _ = self.whole.terms
        if net is None:
            return quantity, self.request.limit_price, None
        return quantity, leg_prices(self.whole.request, net)[self._number], None

    @property
    def quantity(self) -> int:
        """Return the contracts ordered."""
        return self.whole.quantity

    @property
    def fills(self) -> list[Filled]:
        """Return the executions told to the engine."""
        return self.whole.book.legs[self._number].fills

    @property
    def filled(self) -> int:
        """Return the contracts told to the engine as filled."""
        return self.whole.book.legs[self._number].filled

    @property
    def overfilled(self) -> int:
        """Return the contracts beyond the order's quantity."""
        return max(0, self.whole.book.legs[self._number].traded - self.quantity)

    @property
    def ended(self) -> OrderEvent | None:
        """Return the end that was told, the package's."""
        return self.whole.ended

    @property
    def is_done(self) -> bool:
        """Return whether the engine was told an end, or the last fill."""
        return self.ended is not None or self.filled >= self.quantity

    @property
    def awaits_cancel(self) -> bool:
        """Return whether a cancel of the package is under way."""
        return self.whole.awaits_cancel

    def told(self, event: OrderEvent) -> OrderEvent | None:
        """Return what an event of the package is for this leg, None if it is the other's."""
        match event:
            case Filled():
                return event if event.leg == self._number else None
            case CommissionDiffers():
                return event if self._number == 0 else None  # once, for both
            case Updated():
                return Updated(*self.terms, event.at_ms)
        return event


def is_package(view: OrderView) -> bool:
    """Return whether a view is of a package; by push it has no legs."""
    return view.sec_type == MLEG


def leg_views(view: OrderView) -> tuple[OrderView, ...]:
    """Return an order as the engine has it: a package with its legs as theirs, others unchanged."""
    package = found_package(view, view.user_mark) if is_package(view) else None
    if package is None:
        return (view,)
    return tuple(
        _as_leg(view, leg_id(view.id, number), leg, leg.limit_price)
        for number, leg in enumerate(package.legs)
    )


def found_package(view: OrderView, mark: str) -> PackageRequest | None:
    """Return the package that is first seen at Tiger; None if its legs are not two opposite ones.

    `mark` is empty for one that must not be taken for ours. The limits of the legs of one that was
    made elsewhere are not known: one of them is put at the least price, as only their difference
    is the package's.
    """
    legs = sorted(view.legs, key=lambda leg: not leg.is_buy)
    if len(legs) != _LEGS or legs[0].is_buy == legs[1].is_buy:
        return None
    read, net = read_package_mark(mark), view.limit_price or 0.0
    names = ("", "") if read is None else (read.bought, read.sold)
    sold = max(_LEAST, round(_LEAST - net, 6)) if read is None else read.sold_limit
    limits = (round(net + sold, 6), sold)
    return PackageRequest(
        user_mark=mark,
        symbol=view.symbol,
        is_buy=view.is_buy,
        order_type=view.order_type,
        quantity=view.quantity,
        limit_price=view.limit_price,
        time_in_force=view.time_in_force,
        legs=tuple(
            OrderRequest(
                user_mark=name,
                symbol=leg.symbol,
                is_buy=leg.is_buy,
                order_type=view.order_type,
                quantity=view.quantity,
                limit_price=limit,
                time_in_force=view.time_in_force,
            )
            for leg, name, limit in zip(legs, names, limits, strict=True)
        ),
    )


def _as_leg(
    view: OrderView,
    order_id: int,
    leg: OrderRequest,
    limit_price: float | None,
) -> OrderView:
    averages = [each.average_price for each in view.legs if each.symbol == leg.symbol]
    return msgspec.structs.replace(
        view,
        id=order_id,
        user_mark=leg.user_mark,
        symbol=leg.symbol,
        sec_type="OPT",
        is_buy=leg.is_buy,
        limit_price=limit_price,
        average_price=averages[0] if averages else math.nan,
        legs=(),
    )
