"""A strategy that goes round the order desk, for the test that it is found out."""

from typing import Any, Self

import msgspec
from nautilus_trader.model import (
    InstrumentId,
    OrderAccepted,
    OrderSide,
    Price,
    Quantity,
    StrategyId,
)
from nautilus_trader.trading import Strategy, StrategyConfig

from autotrade_0dte.actors.order_desk import DESK_ID
from autotrade_0dte.actors.trading_session import TradingSession

_CONFIG = StrategyConfig(strategy_id=StrategyId("Rogue-001"))
NS = 1_000_000_000


class RogueParams(msgspec.Struct, frozen=True):
    """What to do: `bypass` sells without the desk, `enlarge` raises a buy that the desk passed."""

    action: str


class RogueStrategy(Strategy):
    Params = RogueParams

    def __new__(cls, *_args: Any) -> Self:
        return super().__new__(cls, _CONFIG)

    def __init__(self, session: TradingSession, params: RogueParams, *_args: Any) -> None:
        super().__init__(_CONFIG)
        self.session = session
        self.params = params

    def on_start(self) -> None:
        at = self.session.open_ns + 90 * NS
        self.clock.set_time_alert_ns("act", at, lambda _event: self._act())

    def on_order_accepted(self, event: OrderAccepted) -> None:
        if self.params.action == "enlarge":
            self.modify_order(event.client_order_id, Quantity.from_int(40), Price(1.00, 2))

    def _act(self) -> None:
        instrument_id = InstrumentId.from_str(self.session.instrument_ids[-2])
        one = Quantity.from_int(1)
        if self.params.action == "bypass":
            order = self.order_factory.limit(instrument_id, OrderSide.SELL, one, Price(0.5, 2))
        else:
            order = self.order_factory.limit(
                instrument_id, OrderSide.BUY, one, Price(0.99, 2), exec_algorithm_id=DESK_ID
            )
        self.submit_order(order)
