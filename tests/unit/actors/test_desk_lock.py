"""What a strategy cannot do: send an order past the desk, or change one behind its back."""

from collections.abc import Callable
from typing import Any

import desk_engine
import pytest
from desk_engine import CALL, OTHER, Asked, Outcome, Teller, run, steady
from nautilus_trader.model import (
    InstrumentId,
    OrderDenied,
    OrderModifyRejected,
    OrderSide,
    Price,
    Quantity,
)
from nautilus_trader.trading import Strategy

from autotrade_0dte.actors.desk_lock import desk_lock
from autotrade_0dte.market_state.actions import Urgency

QUOTES = {CALL: steady(1.00, 1.04), OTHER: steady(0.50, 0.52)}
ID = InstrumentId.from_str(CALL)


class Rogue(Teller):
    """Does one thing at 6.5 seconds, and keeps what it is refused."""

    act: Callable[["Rogue"], None]

    def on_start(self) -> None:
        super().on_start()
        self.refused: list[str] = []
        self.specific = 0
        self._at("rogue", 6.5, lambda _event: type(self).act(self))

    def on_order_modify_rejected(self, event: OrderModifyRejected) -> None:
        self.specific += 1

    def on_order_event(self, event: Any) -> None:
        if isinstance(event, OrderDenied | OrderModifyRejected):
            self.refused.append(event.reason)
        super().on_order_event(event)

    def buy(self, **terms: Any) -> Any:
        return self.order_factory.limit(
            ID, OrderSide.BUY, Quantity.from_int(1), Price(1.04, 2), **terms
        )


def refusals(act: Callable[[Rogue], None], *asked: Asked) -> tuple[list[str], Outcome, Rogue]:
    made: list[Rogue] = []

    class Acting(Rogue):
        def __init__(self, *args: Any) -> None:
            super().__init__(*args)
            made.append(self)

    Acting.act = staticmethod(act)  # type: ignore[assignment]
    with desk_lock():
        outcome = run(QUOTES, *asked, teller_kind=Acting)
    return made[0].refused, outcome, made[0]


@pytest.mark.parametrize(
    "order",
    [
        lambda rogue: rogue.buy(),
        lambda rogue: rogue.buy(tags=["plan=P001"]),
        lambda rogue: rogue.order_factory.market(ID, OrderSide.BUY, Quantity.from_int(1)),
        lambda rogue: rogue.order_factory.stop_market(
            ID, OrderSide.SELL, Quantity.from_int(1), Price(0.50, 2)
        ),
    ],
    ids=["limit", "tagged", "market", "stop"],
)
def test_order_without_the_desk_is_denied_natively(order: Callable[[Rogue], Any]) -> None:
    refused, outcome, _ = refusals(lambda rogue: rogue.submit_order(order(rogue)))
    assert refused == ["NOT_THROUGH_DESK: by=submit_order"]
    [told] = outcome.orders
    assert [type(event).__name__ for event in told.events()] == ["OrderInitialized", "OrderDenied"]
    assert outcome.held == {}


def test_engines_own_method_called_past_a_strategys_base_is_guarded_too() -> None:
    refused, outcome, _ = refusals(lambda rogue: Strategy.submit_order(rogue, rogue.buy()))
    assert refused == ["NOT_THROUGH_DESK: by=submit_order"]
    assert outcome.held == {}


def test_each_order_of_a_list_is_denied_also_with_the_desks_id() -> None:
    def bracket(rogue: Rogue) -> None:
        orders = rogue.order_factory.bracket(
            ID, OrderSide.BUY, Quantity.from_int(1), tp_price=Price(3, 2),
            sl_trigger_price=Price(0.5, 2), entry_exec_algorithm_id=desk_engine.DESK_ID,
        )  # fmt: skip
        rogue.submit_order_list(orders)

    refused, outcome, _ = refusals(bracket)
    assert refused == ["NOT_THROUGH_DESK: by=submit_order_list"] * 3
    assert outcome.held == {}


RESTING = Asked(at_s=3, quantity=1, cap=1.04)


@pytest.mark.parametrize("batch", [False, True])
def test_change_of_an_order_by_its_strategy_is_rejected_and_not_made(batch: bool) -> None:
    def enlarge(rogue: Rogue) -> None:
        [order] = rogue.cache.orders_open()
        terms = order.client_order_id, Quantity.from_int(40), Price(1.04, 2)
        if batch:
            rogue.modify_orders([(*terms, None)])
        else:
            rogue.modify_order(*terms)

    refused, outcome, rogue = refusals(enlarge, RESTING)
    assert refused == [f"NOT_THROUGH_DESK: by=modify_order{'s' if batch else ''}"]
    assert rogue.specific == 1
    assert outcome.orders[0].quantity.as_double() == 1
    assert outcome.held == {CALL: 1}  # the order itself fills later on


def test_change_of_an_order_that_there_is_not_is_no_event() -> None:
    def modify(rogue: Rogue) -> None:
        name = rogue.order_factory.generate_client_order_id()
        rogue.modify_order(name, Quantity.from_int(40))

    assert refusals(modify)[0] == []


def test_order_to_the_desk_passes_and_positions_can_be_closed_without_it() -> None:
    def close(rogue: Rogue) -> None:
        rogue.close_all_positions(ID)

    refused, outcome, _ = refusals(
        close, Asked(at_s=1, quantity=1, cap=1.04, urgency=Urgency.URGENT)
    )
    assert (refused, outcome.held) == ([], {})
    assert len(outcome.orders) == 2


def test_engine_is_as_before_when_the_lock_is_off() -> None:
    names = ("submit_order", "submit_order_list", "modify_order", "modify_orders")
    before = [getattr(Strategy, name) for name in names]
    with desk_lock():
        locked = [getattr(Strategy, name) for name in names]
    assert not set(locked) & set(before)
    assert [getattr(Strategy, name) for name in names] == before
