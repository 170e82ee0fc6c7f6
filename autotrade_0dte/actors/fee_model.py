"""Tiger's fee schedule as the engine's fee model."""

from typing import Any, Self

from nautilus_trader.execution import FeeModel
from nautilus_trader.model import ClientOrderId, Money, OptionContract, OrderSide, Price, Quantity

from autotrade_0dte.execution.fees import FeeSchedule, OrderFees
from autotrade_0dte.instruments import USD, option_symbol

__all__ = ["TigerFeeModel"]


class TigerFeeModel(FeeModel):
    """Charges each fill what it adds to the fee of its whole order.

    The per-order minimums are thereby charged once, however many partial fills an order takes.
    Shares, which only an exercise creates here, are free of charge.
    """

    def __new__(cls, *_args: Any, **_kwargs: Any) -> Self:
        """Pass none of the arguments on: the engine's base class accepts none."""
        return super().__new__(cls)

    def __init__(self, schedule: FeeSchedule) -> None:
        self._schedule = schedule
        self._orders: dict[ClientOrderId, OrderFees] = {}

    def get_commission(
        self, order: Any, fill_quantity: Quantity, fill_px: Price, instrument: Any
    ) -> Money:
        if not isinstance(instrument, OptionContract):
            return Money(0.0, USD)
        fees = self._orders.get(order.client_order_id)
        if fees is None:
            root = option_symbol(str(instrument.id.symbol)).root
            fees = OrderFees(self._schedule, root, is_sell=order.side == OrderSide.SELL)
            self._orders[order.client_order_id] = fees
        return Money(fees.add_fill(int(fill_quantity.as_double()), fill_px.as_double()), USD)
