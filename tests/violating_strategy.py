"""A strategy that breaks one rule after the other, and puts on the record how it is refused."""

import math
from collections.abc import Callable
from typing import Any, Self

import msgspec
from nautilus_trader.model import (
    InstrumentId,
    OrderDenied,
    OrderModifyRejected,
    OrderSide,
    Price,
    Quantity,
    StrategyId,
)
from nautilus_trader.trading import Strategy, StrategyConfig

from autotrade_0dte.actors.event_gate import EventGate
from autotrade_0dte.actors.order_desk import DESK_ID
from autotrade_0dte.actors.trading_session import TradingSession
from autotrade_0dte.actors.views import market_topic
from autotrade_0dte.execution.decision import DECISION_TOPIC, Decision, DecisionKind
from autotrade_0dte.risk.mode import Trigger
from autotrade_0dte.risk.report import REPORT_TOPIC, RiskReport

_CONFIG = StrategyConfig(strategy_id=StrategyId("Violating-001"))
DONE = "every rule was broken"


class ViolatingParams(msgspec.Struct, frozen=True):
    """None."""


class ViolatingStrategy(Strategy):
    """Takes a step with each snapshot; one order of it would go out if it were not refused."""

    Params = ViolatingParams

    def __new__(cls, *_args: Any) -> Self:
        return super().__new__(cls, _CONFIG)

    def __init__(self, session: TradingSession, *_args: Any) -> None:
        super().__init__(_CONFIG)
        self._session = session
        self._option: InstrumentId | None = None
        self._ask = math.nan
        self._steps = iter(self._violations())
        self._gate = EventGate()

    def on_start(self) -> None:
        self.subscribe_topic(market_topic(self._session.underlying), self._on_view, 100)

    def on_order_event(self, event: Any) -> None:
        self._gate.receive(self._take_event, event)

    def _take_event(self, event: Any) -> None:
        if not isinstance(event, OrderDenied | OrderModifyRejected):
            return
        refusal = Decision(
            ts_event=self.clock.timestamp_ns(), strategy="Violating", plan_id=None,
            kind=DecisionKind.REFUSE, reason=event.reason,
            instrument_id=str(event.instrument_id), side="BUY", quantity=0, price=math.nan,
            spot=math.nan, figures={},
        )  # fmt: skip
        self.publish_message(DECISION_TOPIC, refusal)

    def _on_view(self, view: Any) -> None:
        """Break the next rule with the call nearest the money, as long as that has a quote."""
        chain = view.chain
        calls = [
            row
            for row in range(len(chain.strike))
            if chain.is_call[row] and chain.usable()[row] and chain.ask[row] > 0
        ]
        if not calls or math.isnan(chain.spot):
            return
        row = min(calls, key=lambda row: abs(chain.strike[row] - chain.spot))
        self._option = InstrumentId.from_str(self._session.instrument_ids[row])
        self._ask = float(chain.ask[row])
        step = next(self._steps, None)
        if step is None:
            print(DONE, flush=True)
        else:
            self._gate.command(step)

    # -- what is broken -------------------------------------------------------------------------

    def _violations(self) -> list[Callable[[], None]]:
        return [
            lambda: self.submit_order(self._buy(exec_algorithm_id=None)),
            lambda: self.submit_order_list([self._buy()]),
            lambda: self.modify_order(self.cache.orders()[0].client_order_id, Quantity.from_int(9)),
            lambda: self.submit_order(self._order(OrderSide.SELL, 1, self._ask)),  # naked
            lambda: self.submit_order(
                self.order_factory.market(
                    self._option, OrderSide.BUY, Quantity.from_int(1), exec_algorithm_id=DESK_ID
                )
            ),
            lambda: self.submit_order(self._buy(21)),  # contracts
            lambda: self.submit_order(self._buy(20, 500.0)),  # premium
            lambda: self.submit_order(self._buy(20)),  # notional
            lambda: self.submit_order(self._buy(1, 2 * self._ask + 1)),  # collar
            lambda: self.submit_order(self._buy(6)),  # contracts of one series
            lambda: self.submit_order(self._buy(5)),  # contracts of a cluster of strikes
            lambda: self.submit_order(self._buy(2)),  # premium of the strategy
            self._twice,
            self._too_many,
            self._while_halted,
        ]

    def _twice(self) -> None:
        # Far below the market: the gate lets it pass, and the desk gives it up at once.
        self.submit_order(self._buy(1, 0.01))
        self.submit_order(self._buy(1, 0.01))

    def _too_many(self) -> None:
        for cents in (2, 3, 4):
            self.submit_order(self._buy(1, cents / 100))

    def _while_halted(self) -> None:
        now_ns = self.clock.timestamp_ns()
        word = RiskReport(ts_event=now_ns, trigger=Trigger.DATA_GAP, begins=True)
        self.publish_message(REPORT_TOPIC, word)
        self.submit_order(self._buy())

    def _buy(self, quantity: int = 1, price: float | None = None, **terms: Any) -> Any:
        return self._order(OrderSide.BUY, quantity, price or self._ask, **terms)

    def _order(self, side: OrderSide, quantity: int, price: float, **terms: Any) -> Any:
        return self.order_factory.limit(
            self._option, side, Quantity.from_int(quantity), Price(price, 2),
            **({"exec_algorithm_id": DESK_ID} | terms),
        )  # fmt: skip
