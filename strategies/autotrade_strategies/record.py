"""A strategy's decisions on the record, with what they were made on."""

import math
from collections.abc import Mapping
from typing import TYPE_CHECKING

import msgspec
from nautilus_trader.model import LiquiditySide, OrderFilled, OrderSide, OrderType

from autotrade_0dte.execution.decision import DECISION_TOPIC, Decision, DecisionKind
from autotrade_0dte.execution.fill_quote import FILL_QUOTE_TOPIC, FillQuote
from autotrade_0dte.execution.plan_state import PLAN_TOPIC, PlanState
from autotrade_0dte.market_state.state import Level
from autotrade_0dte.signals.signal import SIGNAL_TOPIC

if TYPE_CHECKING:
    from autotrade_strategies.base import TradeStrategy

__all__ = ["Record"]


class Record:
    """Publishes what a strategy sees and decides."""

    def __init__(self, strategy: "TradeStrategy") -> None:
        self._strategy = strategy

    def signal(self) -> None:
        """Publish the snapshot's signal, if the strategy made one."""
        if self._strategy.signal is not None:
            self._strategy.publish_message(SIGNAL_TOPIC, self._strategy.signal)

    def decision(
        self,
        kind: DecisionKind,
        reason: str,
        plan_id: str | None,
        instrument_id: str,
        side: OrderSide,
        quantity: int,
        price: float,
        figures: Mapping[str, float],
    ) -> None:
        """Publish a decision together with the state, the signal and the ranking behind it."""
        strategy, view = self._strategy, self._strategy.view
        decision = Decision(
            ts_event=strategy.clock.timestamp_ns(),
            strategy=str(strategy.strategy_id),
            plan_id=plan_id,
            kind=kind,
            reason=reason,
            instrument_id=instrument_id,
            side=side.name,
            quantity=quantity,
            price=price,
            spot=math.nan if view is None else view.chain.spot,
            figures=dict(figures),
            level=Level.CALM if view is None else view.state.level,
            signal=strategy.signal,
            ranking=strategy.ranking,
        )
        strategy.publish_message(DECISION_TOPIC, decision)

    def plan(self, state: PlanState) -> None:
        """Publish a change of a plan."""
        named = msgspec.structs.replace(state, strategy=str(self._strategy.strategy_id))
        self._strategy.publish_message(PLAN_TOPIC, named)

    def fill_quote(self, event: OrderFilled) -> None:
        """Publish the quote that a fill took.

        What fills a resting order, or triggers a stop, is the next quote, which the cache does not
        have yet. A broker does not say which it was; the quote there is when it tells of the fill
        is near enough.
        """
        quote = self._strategy.cache.quote(event.instrument_id)
        has_rested = event.order_type == OrderType.STOP_LIMIT
        if quote is None or has_rested or event.liquidity_side == LiquiditySide.MAKER:
            return
        note = FillQuote(
            client_order_id=str(event.client_order_id),
            trade_id=str(event.trade_id),
            bid=quote.bid_price.as_double(),
            ask=quote.ask_price.as_double(),
            age_s=(event.ts_event - quote.ts_event) / 1e9,
        )
        self._strategy.publish_message(FILL_QUOTE_TOPIC, note)
