"""What the exposure adopts from the engine's cache, and when; without an engine."""

import math
from types import SimpleNamespace
from typing import Any

import pytest
from desk_engine import CALL, NS, OTHER, SESSION
from nautilus_trader.model import (
    ClientOrderId,
    InstrumentId,
    Money,
    OrderSide,
    Price,
    Quantity,
    StrategyId,
)

from autotrade_0dte.actors.exposure_keeper import ExposureKeeper
from autotrade_0dte.instruments import USD
from autotrade_0dte.risk.exposure import Exposure
from autotrade_0dte.risk.proposed_order import Contract, Owner

STRATEGY = StrategyId("Told-001")


class Cache:
    """What the engine has: an account, positions, orders."""

    def __init__(self, cash: float | None = 1_000.0, free: float | None = None) -> None:
        self.cash, self.free = cash, cash if free is None else free
        self.held: dict[str, int] = {}
        self.open: list[Any] = []
        self.inflight: list[Any] = []
        self.asked = 0

    def account_for_venue(self, _venue: Any) -> Any:
        self.asked += 1
        if self.cash is None or self.free is None:
            return None
        cash, free = self.cash, self.free
        return SimpleNamespace(
            balance_total=lambda _currency: Money(cash, USD),
            balance_free=lambda _currency: Money(free, USD),
        )

    def positions_open(self) -> list[Any]:
        return [
            SimpleNamespace(
                instrument_id=InstrumentId.from_str(name), signed_qty=float(quantity),
                avg_px_open=1.0, strategy_id=STRATEGY,
            )
            for name, quantity in self.held.items()
        ]  # fmt: skip

    def orders_open(self) -> list[Any]:
        return self.open

    def orders_inflight(self) -> list[Any]:
        return self.inflight

    def order(self, name: ClientOrderId) -> Any:
        found = (o for o in (*self.open, *self.inflight) if o.client_order_id == name)
        return next(found, None)

    def is_order_closed(self, name: ClientOrderId) -> bool:
        return self.order(name) is None

    def instrument(self, _name: InstrumentId) -> Any:
        return SimpleNamespace(multiplier=Quantity.from_int(100))


def order(name: str, quantity: int, price: float, contract: str = CALL) -> Any:
    """Return an order with so much left; below zero is a sale."""
    return SimpleNamespace(
        client_order_id=ClientOrderId(name), instrument_id=InstrumentId.from_str(contract),
        side=OrderSide.BUY if quantity > 0 else OrderSide.SELL, is_closed=False, tags=["plan=P1"],
        leaves_qty=Quantity.from_int(abs(quantity)), price=Price(price, 2), strategy_id=STRATEGY,
    )  # fmt: skip


def keeper() -> ExposureKeeper:
    return ExposureKeeper(Exposure(), SESSION, {"Told-001": "regular"})


def contract(of: ExposureKeeper, name: str = CALL) -> Contract:
    found = of.contract(InstrumentId.from_str(name))
    assert found is not None
    return found


def test_contracts_have_their_row_and_shares_are_none() -> None:
    kept = keeper()
    assert (contract(kept).row, contract(kept, OTHER).row) == (0, 1)
    assert contract(kept, "SPY260720C00999000.US").row == -1
    assert kept.contract(InstrumentId.from_str("SPY.US")) is None


def test_everything_is_adopted_at_the_start() -> None:
    kept, cache = keeper(), Cache(1_000.0, 700.0)
    cache.held = {CALL: 3, "SPY.US": 100}
    cache.open, cache.inflight = [order("B", 2, 1.5, OTHER)], [order("S", -1, 2.0)]
    assert kept.is_due(cache, 0)
    assert kept.adopt(cache, NS) == {CALL: (0, 3)}
    book = kept.exposure
    assert (book.lines[CALL].held, book.lines[CALL].selling) == (3, 1)
    assert book.lines[OTHER].buying == 2
    assert book.orders["B"].order.owner == Owner("Told-001", "regular", "P1")
    # What the venue has locked for the buy that it has is the account's all the same.
    assert (book.cash, book.buying_power) == (1_000.0, 1_000.0)
    assert not kept.is_due(cache, 2 * NS)
    assert kept.is_due(cache, 6 * NS)


def test_order_of_no_plan_is_one_of_its_own_also_when_it_is_sent_anew() -> None:
    kept, made = keeper(), order("O-1", 1, 2.0)
    assert kept.proposed(made, contract(kept), {"plan": "P1"}).owner.plan_id == "P1"
    assert kept.proposed(made, contract(kept), {}).owner.plan_id == "O-1"
    assert kept.proposed(made, contract(kept), {"parent": "O-0"}).owner.plan_id == "O-0"


def test_order_with_a_trigger_is_known_as_a_stop() -> None:
    kept, made = keeper(), order("S", -3, 0.2)
    assert not kept.proposed(made, contract(kept), {}).is_stop
    made.trigger_price = Price(0.4, 2)
    assert kept.proposed(made, contract(kept), {}).is_stop


def test_end_of_an_order_that_is_not_the_desks_is_seen_at_once() -> None:
    kept, cache = keeper(), Cache()
    cache.held, cache.open = {CALL: 3}, [order("S", -3, 0.2)]
    for at_s in (1, 6):  # it is known when the cache is adopted again
        kept.adopt(cache, at_s * NS)
        assert not kept.is_due(cache, (at_s + 1) * NS)
    cache.open = []
    assert kept.is_due(cache, 7 * NS)
    kept.adopt(cache, 7 * NS)
    assert kept.exposure.lines[CALL].selling == 0
    assert not kept.is_due(cache, 8 * NS)


def test_order_that_is_worked_below_its_worst_price_keeps_it_when_the_cache_is_adopted() -> None:
    kept, cache = keeper(), Cache()
    passed = kept.proposed(order("B", 2, 1.5), contract(kept), {})
    kept.exposure.submitted(passed, NS)
    cache.open = [order("B", 1, 1.2)]  # one has filled, and its limit is lower now
    kept.adopt(cache, 2 * NS)
    [working] = kept.exposure.orders.values()
    assert (working.left, working.price) == (1, 1.5)
    cache.open = []
    kept.adopt(cache, 3 * NS)
    assert kept.exposure.orders == {}


def test_broker_that_lets_less_be_spent_than_there_is_has_its_way() -> None:
    kept = keeper()
    kept.adopt(Cache(1_000.0, 400.0), NS)
    assert (kept.exposure.cash, kept.exposure.buying_power) == (1_000.0, 400.0)


def test_account_that_is_not_there_yet_is_unknown_and_asked_for_again() -> None:
    kept = keeper()
    kept.adopt(Cache(None), NS)
    assert math.isnan(kept.exposure.cash)
    kept.adopt(Cache(500.0), 7 * NS)
    assert kept.exposure.cash == 500.0


def filled(quantity: int, at_s: int) -> Any:
    return SimpleNamespace(
        instrument_id=InstrumentId.from_str(CALL), strategy_id=STRATEGY,
        client_order_id=ClientOrderId("B"), last_qty=Quantity.from_int(quantity),
        order_side=OrderSide.BUY, last_px=Price(1.0, 2), commission=Money(2.0, USD),
        ts_event=at_s * NS,
    )  # fmt: skip


def position(quantity: int) -> Any:
    return SimpleNamespace(
        instrument_id=InstrumentId.from_str(CALL), strategy_id=STRATEGY,
        signed_qty=float(quantity), last_px=Price(1.0, 2),
    )  # fmt: skip


@pytest.mark.parametrize(("adopted_s", "cash"), [(122, 698.0), (130, 1_000.0)])
def test_cash_of_the_broker_counts_when_a_fill_is_old_enough_for_it(
    adopted_s: int, cash: float
) -> None:
    kept, cache = keeper(), Cache()
    kept.adopt(cache, NS)
    kept.filled(filled(3, 120))
    cache.held = {CALL: 3}
    assert kept.adopt(cache, adopted_s * NS) == {}
    assert kept.exposure.cash == cash


def test_cash_is_asked_for_seldom() -> None:
    kept, cache = keeper(), Cache()
    for second in range(1, 61, 5):
        kept.adopt(cache, second * NS)
    assert cache.asked == 1
    kept.adopt(cache, 61 * NS)
    assert cache.asked == 2


def test_position_event_that_a_fill_explains_changes_nothing() -> None:
    kept = keeper()
    kept.adopt(Cache(), NS)
    kept.filled(filled(3, 10))
    kept.on_position(position(3))
    assert kept.exposure.lines[CALL].held == 3
    assert not kept.is_due(Cache(), 5 * NS)


def test_position_event_without_a_fill_counts_at_once_and_has_the_cache_adopted() -> None:
    kept = keeper()
    kept.adopt(Cache(), NS)
    kept.filled(filled(3, 10))
    kept.on_position(position(1))
    assert kept.exposure.lines[CALL].held == 1
    assert kept.is_due(Cache(), 5 * NS)
