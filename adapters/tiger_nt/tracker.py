"""All orders of an account, found by our mark or by Tiger's id."""

from collections.abc import Iterable, Iterator

from tiger_nt.commissions import FeeFunction
from tiger_nt.engine_orders import EngineOrder
from tiger_nt.order_events import Doubt, OrderEvent, Rejected, Resurfaced
from tiger_nt.orders import TrackedOrder
from tiger_nt.package_fills import package_id
from tiger_nt.packages import TrackedPackage, found_package, is_package
from tiger_nt.views import OrderRequest, OrderView, PackageRequest, TransactionView

__all__ = ["Change", "OrderTracker"]

type Change = tuple[TrackedOrder, OrderEvent]


class OrderTracker:
    """Routes what Tiger tells to the orders and returns what each of them did.

    Parameters
    ----------
    fees : FeeFunction, optional
        Estimate of the fees of an order.
    max_asks : int, default 3
        See `TrackedOrder`.
    """

    def __init__(self, fees: FeeFunction | None = None, max_asks: int = 3) -> None:
        self._fees = fees
        self._max_asks = max_asks
        self._by_mark: dict[str, TrackedOrder] = {}
        self._by_id: dict[int, TrackedOrder] = {}
        self._legs: dict[str, EngineOrder] = {}
        self._live: list[TrackedOrder] = []
        self._strays: dict[int, list[TransactionView]] = {}
        self._unclaimed: dict[int, list[OrderView]] = {}
        self.twins = 0
        """Orders seen with a mark that another order has: one of ours was placed twice."""

    def __iter__(self) -> Iterator[TrackedOrder]:
        """Iterate over the orders that Tiger has given an id."""
        return iter(list(self._by_id.values()))

    def by_mark(self, mark: str) -> TrackedOrder | None:
        """Return the order that we sent under `mark`."""
        return self._by_mark.get(mark)

    def by_id(self, order_id: int) -> TrackedOrder | None:
        """Return the order of Tiger's id."""
        return self._by_id.get(order_id)

    def part_by_mark(self, mark: str) -> EngineOrder | None:
        """Return the engine's order that has `mark`: an order, or a leg of a package."""
        return self._legs.get(mark) or self._by_mark.get(mark)

    def part_by_id(self, order_id: int) -> EngineOrder | None:
        """Return the engine's order of an id at the venue, as `part_by_mark`."""
        package = self._by_id.get(package_id(order_id))
        legs = () if package is None else package.parts
        return next((leg for leg in legs if leg.id == order_id), self._by_id.get(order_id))

    def submit(self, request: OrderRequest) -> TrackedOrder:
        """Track an order that is about to be placed."""
        if request.user_mark in self._by_mark:
            raise ValueError(
                f"Expected a mark that no order has, was {request.user_mark!r}: "
                "an order is never placed twice"
            )
        order = self._track(request)
        order.was_sent = True
        self._by_mark[request.user_mark] = order
        return order

    def placed(self, order: TrackedOrder, order_id: int) -> list[Change]:
        """Note Tiger's id, the answer to placing; a push may have told it before."""
        if order.id is None:
            self._bind(order, order_id)
        views = self._unclaimed.pop(order_id, [])
        changes = [(order, event) for view in views for event in order.on_view(view)]
        return changes + self._with_strays(order)

    def on_view(self, view: OrderView, *, is_answer: bool = False) -> list[Change]:
        """Take a view by push or REST; `is_answer` if Tiger was asked for this order.

        A view without a known mark may be the first of an order that is on its way, so it waits:
        taken for another order's, all that it tells would count twice.
        """
        order = self._by_id.get(view.id)
        changes: list[Change] = []
        if order is None:
            order = self._by_mark.get(view.user_mark) if view.user_mark else None
            waits = self._may_be_on_its_way(view) or _lacks_legs(view)
            if order is None and not is_answer and waits:
                self._unclaimed.setdefault(view.id, []).append(view)
                return []
            self._unclaimed.pop(view.id, None)
            if order is None or not _fits(order, view):
                order, changes = self._found(view, order)
            self._bind(order, view.id)
        changes += [(order, event) for event in order.on_view(view)]
        return changes + self._with_strays(order)

    def on_transaction(self, transaction: TransactionView) -> list[Change]:
        """Take an execution; one of an order not known yet waits for the order."""
        order = self._by_id.get(transaction.order_id)
        if order is None:
            self._strays.setdefault(transaction.order_id, []).append(transaction)
            return []
        return [(order, event) for event in order.on_transaction(transaction)]

    def on_answer(
        self, order_id: int, doubt: Doubt, answer: Iterable[OrderView | TransactionView]
    ) -> list[Change]:
        """Take what Tiger answered to a question of `doubts`."""
        changes: list[Change] = []
        for view in answer:
            if isinstance(view, OrderView):
                changes += self.on_view(view, is_answer=True)
            else:
                changes += self.on_transaction(view)
        order = self._by_id.get(order_id)
        if order is not None:
            changes += [(order, event) for event in order.on_answer(doubt)]
        return changes

    def live(self) -> list[TrackedOrder]:
        """Return the orders that are not done, or in doubt."""
        self._live = [order for order in self._live if not order.is_done or order.doubt]
        return list(self._live)

    def doubts(self) -> list[tuple[int, Doubt]]:
        """Return what has to be asked: (Tiger's id, what)."""
        asks = [(order_id, Doubt.ORDER) for order_id in self._strays | self._unclaimed]
        asks += [(o.id, o.doubt) for o in self.live() if o.id is not None and o.doubt is not None]
        return asks

    def _found(
        self, view: OrderView, holder: TrackedOrder | None
    ) -> tuple[TrackedOrder, list[Change]]:
        """Track an order first seen at Tiger; `holder` has its mark already, if anyone.

        Then the engine cannot know the new one under that mark: it is tracked without it.
        """
        mark = "" if holder is not None else view.user_mark
        package = found_package(view, mark) if is_package(view) else None
        request = package or OrderRequest(
            user_mark=mark,
            symbol=view.symbol,
            is_buy=view.is_buy,
            order_type=view.order_type,
            quantity=view.quantity,
            limit_price=view.limit_price,
            stop_price=view.stop_price,
            time_in_force=view.time_in_force,
        )
        order = self._track(request)
        if holder is None:
            if view.user_mark:
                self._by_mark[view.user_mark] = order
            return order, []
        self.twins += holder.id is not None
        return order, [(order, Resurfaced(view.id, view.updated_ms))]

    def _may_be_on_its_way(self, view: OrderView) -> bool:
        """Return whether an order was sent, has no answer yet, and looks like this one."""
        return any(
            order.id is None
            and not order.is_done
            and (order.request.symbol, order.request.is_buy) == (view.symbol, view.is_buy)
            for order in self.live()
        )

    def _track(self, request: OrderRequest) -> TrackedOrder:
        order: TrackedOrder
        if isinstance(request, PackageRequest):
            order = TrackedPackage(request, fees=self._fees, max_asks=self._max_asks)
            self._legs |= {leg.mark: leg for leg in order.parts if leg.mark}
        else:
            order = TrackedOrder(request, fees=self._fees, max_asks=self._max_asks)
        self._live.append(order)
        return order

    def _bind(self, order: TrackedOrder, order_id: int) -> None:
        order.id = order_id
        self._by_id[order_id] = order

    def _with_strays(self, order: TrackedOrder) -> list[Change]:
        assert order.id is not None
        strays = self._strays.pop(order.id, [])
        return [(order, event) for stray in strays for event in order.on_transaction(stray)]


def _lacks_legs(view: OrderView) -> bool:
    """Return whether the view is of a package without its legs, as by push: REST tells them."""
    return is_package(view) and not view.legs


def _fits(order: TrackedOrder, view: OrderView) -> bool:
    """Return whether `view` can be the first of `order`, which has its mark."""
    if order.id is not None:
        return False
    alive = not view.state.is_final or view.filled > 0
    return not (alive and isinstance(order.ended, Rejected))
