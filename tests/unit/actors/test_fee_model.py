"""The fee model charges whole orders, however the engine fills them."""

import datetime as dt
from types import SimpleNamespace
from typing import Any

import pytest
from nautilus_trader.model import ClientOrderId, OrderSide, Price, Quantity

from autotrade_0dte.actors.fee_model import TigerFeeModel
from autotrade_0dte.execution.fees import FeeParams, order_fee
from autotrade_0dte.instruments import equity, option_contract, option_symbol

SCHEDULE = FeeParams().schedule(dt.date(2026, 7, 20))
CALL = option_contract(option_symbol("SPY260720C00600000"))


def order(order_id: str, side: OrderSide = OrderSide.BUY) -> Any:
    return SimpleNamespace(client_order_id=ClientOrderId(order_id), side=side)


def charged(model: TigerFeeModel, made: Any, quantity: int, price: float) -> float:
    fee = model.get_commission(made, Quantity.from_int(quantity), Price(price, 2), CALL)
    assert str(fee.currency) == "USD"
    return fee.as_double()


@pytest.mark.parametrize("side", [OrderSide.BUY, OrderSide.SELL])
def test_partial_fills_cost_together_what_one_fill_costs(side: OrderSide) -> None:
    model = TigerFeeModel(SCHEDULE)
    parts = [charged(model, order("O-1", side), 1, 1.2) for _ in range(3)]
    whole = order_fee(SCHEDULE, "SPY", side == OrderSide.SELL, [(3, 1.2)]).total
    assert sum(parts) == pytest.approx(whole)
    assert parts[0] > parts[1]  # the order's minimum is charged once


def test_every_order_pays_its_own_minimum() -> None:
    model = TigerFeeModel(SCHEDULE)
    assert charged(model, order("O-1"), 1, 1.2) == charged(model, order("O-2"), 1, 1.2) > 0


def test_shares_of_an_exercise_are_free() -> None:
    model = TigerFeeModel(SCHEDULE)
    fee = model.get_commission(order("O-1"), Quantity.from_int(100), Price(600.0, 2), equity("SPY"))
    assert fee.as_double() == 0.0
