"""Round trips of orders without a plan, as the engine's cache tells of them."""

from types import SimpleNamespace
from typing import Any

import pytest

from autotrade_0dte.actors import untold_orders
from autotrade_0dte.actors.untold_orders import UntoldOrders


class Cache:
    """Orders of one contract: those that have ended, and those that work."""

    def __init__(self) -> None:
        self.orders: dict[str, Any] = {}

    def tell(self, name: str, *fills: tuple[int, int, float], ended: bool = True) -> None:
        """Have an order with these fills: time, contracts, dollars a share."""
        made = [
            SimpleNamespace(
                ts_event=at, instrument_id="C", quantity=quantity, price=price, multiplier=100,
                fee=1.0,
            )
            for at, quantity, price in fills
        ]  # fmt: skip
        self.orders[name] = SimpleNamespace(
            client_order_id=name, strategy_id="Regular-001", is_closed=ended, made=made
        )

    def orders_closed(self) -> list[Any]:
        return [order for order in self.orders.values() if order.is_closed]

    def orders_open(self) -> list[Any]:
        return [order for order in self.orders.values() if not order.is_closed]

    def orders_closed_count(self) -> int:
        return len(self.orders_closed())


@pytest.fixture
def cache(monkeypatch: pytest.MonkeyPatch) -> Cache:
    monkeypatch.setattr(untold_orders, "tags_of", lambda _order: {})
    monkeypatch.setattr(untold_orders, "fills", lambda orders, _cache: orders[0].made)
    return Cache()


def test_sale_of_what_an_order_at_work_has_bought_ends_a_trip(cache: Cache) -> None:
    untold = UntoldOrders(())
    cache.tell("buy", (1, 2, 3.0), ended=False)
    cache.tell("sell", (2, -2, 1.0))
    assert list(untold.trips(cache)) == [("sell", 2, -402.0)]
    cache.tell("buy", (1, 2, 3.0), (4, 1, 3.0))
    cache.tell("sell the rest", (5, -1, 4.0))
    assert list(untold.trips(cache)) == [("sell the rest", 5, 98.0)]
    assert list(untold.trips(cache)) == []


def test_orders_known_at_once_count_in_the_order_of_their_fills(cache: Cache) -> None:
    """As at a restart: the purchase has ended after the sale, its rest canceled."""
    cache.tell("sell", (2, -2, 1.0))
    cache.tell("zbuy", (1, 2, 3.0))
    assert list(UntoldOrders(()).trips(cache)) == [("sell", 2, -402.0)]
