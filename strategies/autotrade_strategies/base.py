"""What every strategy shares: one plan at a time, entered at a cap, watched, and always closed."""

import math
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, ClassVar, Self

import msgspec
from nautilus_trader.common import TimeEvent
from nautilus_trader.model import (
    ClientOrderId,
    InstrumentId,
    OrderCanceled,
    OrderDenied,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderSide,
    Price,
    Quantity,
    StrategyId,
    TimeInForce,
)
from nautilus_trader.trading import Strategy, StrategyConfig

from autotrade_0dte.actors.account import option_legs, total_cash
from autotrade_0dte.actors.chain import chain_topic
from autotrade_0dte.actors.order_desk import DESK_ID
from autotrade_0dte.actors.recorder import limit_price
from autotrade_0dte.actors.trading_session import TradingSession
from autotrade_0dte.chain.quality import QuoteFlag
from autotrade_0dte.chain.snapshot import ChainSnapshot
from autotrade_0dte.execution.decision import DECISION_TOPIC, Decision, DecisionKind
from autotrade_0dte.execution.fill_quote import FILL_QUOTE_TOPIC, FillQuote
from autotrade_0dte.execution.plan import ManagedPlan, PlanPhase, TradePlan
from autotrade_0dte.risk.expiry import ExpiryReason, exercise_test

__all__ = ["TradeStrategy"]

_STALE = int(QuoteFlag.STALE)


class TradeStrategy(Strategy):
    """Base of the strategies: turns plans into orders at the desk and manages them to the end.

    A strategy says what it wants in `decide`; entry cap, target, stop, deadlines, the flatten
    deadline and the broker's exercise test are kept here, the same for all.
    """

    Params: ClassVar[type[msgspec.Struct]]

    def __new__(cls, *_args: Any, **_kwargs: Any) -> Self:
        """Pass none of the arguments on: the engine's base class accepts only a configuration."""
        return super().__new__(cls, cls._engine_config())  # type: ignore[call-arg]  # see OrderDesk

    def __init__(self, session: TradingSession, params: Any) -> None:
        super().__init__(self._engine_config())
        self.session = session
        self.params = params
        self.trades = 0
        self._managed: ManagedPlan | None = None
        self._entry_order: ClientOrderId | None = None
        self._exit_order: ClientOrderId | None = None
        self._entries_halted = False
        self._at_market = False
        self._waiting_for_bid = False
        self._exit_figures: dict[str, float] = {}
        self._chain: ChainSnapshot | None = None
        self._row = {name: row for row, name in enumerate(session.instrument_ids)}

    @classmethod
    def _engine_config(cls) -> StrategyConfig:
        return StrategyConfig(strategy_id=StrategyId(f"{cls.__name__}-001"))

    # -- what a strategy says -------------------------------------------------------------------

    def observe(self, chain: ChainSnapshot) -> None:
        """Take in a snapshot; called for every one, before `decide`."""

    def decide(self, chain: ChainSnapshot) -> TradePlan | None:
        """Return the next trade, or None; called only while no plan is open."""
        raise NotImplementedError

    # -- from the engine ------------------------------------------------------------------------

    def on_start(self) -> None:
        self.subscribe_topic(chain_topic(self.session.underlying), self._on_chain)
        if self.session.flatten_ns is not None:
            self.clock.set_time_alert_ns("flatten", self.session.flatten_ns, self._on_flatten)
        if self.session.exercise_test_ns is not None:
            self.clock.set_time_alert_ns(
                "exercise-test", self.session.exercise_test_ns, self._on_exercise_test
            )

    def on_order_filled(self, event: OrderFilled) -> None:
        self._note_quote(event)
        managed = self._managed
        if managed is None or str(event.instrument_id) != managed.plan.instrument_id:
            return
        quantity = int(event.last_qty.as_double())
        if event.order_side == OrderSide.BUY:
            managed.entry_filled(quantity)
        else:
            managed.exit_filled(quantity)
        if self._order(event.client_order_id).is_closed:
            self._order_ended(event.client_order_id)
        self._forget_if_closed()

    def on_order_canceled(self, event: OrderCanceled) -> None:
        self._order_ended(event.client_order_id)
        managed = self._managed
        if managed is not None and managed.phase is PlanPhase.EXITING and self._at_market:
            self._work_exit(managed)  # the limit that was in the way is gone

    def on_order_expired(self, event: OrderExpired) -> None:
        self._order_ended(event.client_order_id)

    def on_order_rejected(self, event: OrderRejected) -> None:
        self._refused(event.client_order_id, event.reason)

    def on_order_denied(self, event: OrderDenied) -> None:
        self._refused(event.client_order_id, event.reason)

    def _note_quote(self, event: OrderFilled) -> None:
        quote = self.cache.quote(event.instrument_id)
        if quote is None:
            return
        note = FillQuote(
            client_order_id=str(event.client_order_id),
            trade_id=str(event.trade_id),
            bid=quote.bid_price.as_double(),
            ask=quote.ask_price.as_double(),
            age_s=(event.ts_event - quote.ts_event) / 1e9,
        )
        self.publish_message(FILL_QUOTE_TOPIC, note)

    def _on_chain(self, chain: Any) -> None:
        self._chain = chain
        self.observe(chain)
        if self._managed is not None:
            self._work(self._managed, chain)
        elif not self._entries_halted:
            plan = self.decide(chain)
            if plan is not None:
                self._enter(plan)

    def _on_flatten(self, _event: TimeEvent) -> None:
        self._entries_halted = True
        if self._managed is not None:
            self._at_market = True
            self._begin_exit(self._managed, ExpiryReason.FLATTEN_DEADLINE)

    def _on_exercise_test(self, _event: TimeEvent) -> None:
        """Do what the broker would do: sell at market what the account cannot exercise."""
        chain, managed = self._chain, self._managed
        if managed is None or chain is None:
            return
        if math.isnan(chain.spot):
            self._decided(
                DecisionKind.REFUSE, "EXERCISE_TEST_WITHOUT_SPOT", "SELL", 0, math.nan, {}
            )
            return
        cash = total_cash(self.cache)
        closes = exercise_test(
            option_legs(self.cache),
            chain.spot,
            cash,
            can_short_shares=self.session.can_short_shares,
        )
        if closes:
            self._at_market = True
            self._begin_exit(managed, closes[0].reason, closes[0].figures)

    # -- working the plan -----------------------------------------------------------------------

    def _enter(self, plan: TradePlan) -> None:
        self._managed = ManagedPlan(plan)
        self.trades += 1
        self._decided(
            DecisionKind.ENTER, plan.reason, "BUY", plan.quantity, plan.entry_cap, plan.figures
        )
        order = self.order_factory.limit(
            InstrumentId.from_str(plan.instrument_id),
            OrderSide.BUY,
            Quantity.from_int(plan.quantity),
            Price(plan.entry_cap, 2),
            time_in_force=TimeInForce.DAY,
            exec_algorithm_id=DESK_ID,
            tags=[f"plan={plan.plan_id}", f"reason={plan.reason}"],
        )
        self._entry_order = order.client_order_id
        self.submit_order(order)

    def _work(self, managed: ManagedPlan, chain: ChainSnapshot) -> None:
        if managed.phase is PlanPhase.ENTERING:
            if chain.ts_event >= managed.plan.entry_deadline_ns and self._entry_order is not None:
                self._cancel(self._entry_order)
            return
        row = self._row[managed.plan.instrument_id]
        stale = chain.quality[row] & _STALE
        reason = managed.due_exit(math.nan if stale else float(chain.bid[row]), chain.ts_event)
        if reason is not None:
            self._begin_exit(managed, reason)
        elif managed.phase is PlanPhase.EXITING:
            self._work_exit(managed)

    def _begin_exit(
        self, managed: ManagedPlan, reason: StrEnum, figures: Mapping[str, float] | None = None
    ) -> None:
        if self._entry_order is not None:
            self._cancel(self._entry_order)
        managed.begin_exit(reason)
        self._exit_figures = dict(figures or {})
        if managed.phase is PlanPhase.EXITING:
            self._work_exit(managed)
        self._forget_if_closed()

    def _work_exit(self, managed: ManagedPlan) -> None:
        """Send the exit, or follow the bid with the one at work; without a bid wait for one."""
        if managed.exit_reason is None or self._chain is None:
            return
        bid = float(self._chain.bid[self._row[managed.plan.instrument_id]])
        if self._exit_order is not None:
            self._follow_bid(self._exit_order, bid)
            return
        kind, reason = DecisionKind.EXIT, str(managed.exit_reason)
        if not bid > 0:
            kind, reason = DecisionKind.REFUSE, "NO_BID"
            if self._waiting_for_bid:
                return
        self._waiting_for_bid = kind is DecisionKind.REFUSE
        price = math.nan if self._at_market else bid
        figures = {"bid": bid} | self._exit_figures
        self._decided(kind, reason, "SELL", managed.open_quantity, price, figures)
        if self._waiting_for_bid:
            return
        instrument_id = InstrumentId.from_str(managed.plan.instrument_id)
        quantity = Quantity.from_int(managed.open_quantity)
        tags = [f"plan={managed.plan.plan_id}", f"reason={managed.exit_reason}"]
        desk: dict[str, Any] = {"exec_algorithm_id": DESK_ID, "tags": tags}
        day = TimeInForce.DAY
        order = (
            self.order_factory.market(instrument_id, OrderSide.SELL, quantity, day, **desk)
            if self._at_market
            else self.order_factory.limit(
                instrument_id, OrderSide.SELL, quantity, Price(bid, 2), day, **desk
            )
        )
        self._exit_order = order.client_order_id
        self.submit_order(order)

    def _follow_bid(self, exit_order: ClientOrderId, bid: float) -> None:
        order = self._order(exit_order)
        if not order.is_open:
            return
        limit = limit_price(order)
        if self._at_market and not math.isnan(limit):
            self._cancel(exit_order)
        elif 0 < bid < limit:
            self.modify_order(exit_order, price=Price(bid, 2))

    def _cancel(self, order_id: ClientOrderId) -> None:
        if not self.cache.is_order_pending_cancel_local(order_id):
            self.cancel_order(order_id)

    def _order_ended(self, order_id: ClientOrderId) -> None:
        managed = self._managed
        if managed is None:
            return
        if order_id == self._entry_order:
            self._entry_order = None
            managed.entry_ended()
        elif order_id == self._exit_order:
            self._exit_order = None
        self._forget_if_closed()

    def _refused(self, order_id: ClientOrderId, reason: str) -> None:
        order = self._order(order_id)
        self._decided(
            DecisionKind.REFUSE,
            reason,
            order.side.name,
            int(order.quantity.as_double()),
            math.nan,
            {},
        )
        self._order_ended(order_id)

    def _forget_if_closed(self) -> None:
        working = self._entry_order is not None or self._exit_order is not None
        if self._managed is None or self._managed.phase is not PlanPhase.CLOSED or working:
            return
        self._managed = None
        self._at_market = False
        self._waiting_for_bid = False

    def _order(self, order_id: ClientOrderId) -> Any:
        """Return the order as it now is; the engine hands out copies."""
        return self.cache.order(order_id)

    def _decided(
        self,
        kind: DecisionKind,
        reason: str,
        side: str,
        quantity: int,
        price: float,
        figures: dict[str, float],
    ) -> None:
        managed = self._managed
        if managed is None:
            return
        decision = Decision(
            ts_event=self.clock.timestamp_ns(),
            strategy=str(self.strategy_id),
            plan_id=managed.plan.plan_id,
            kind=kind,
            reason=str(reason),
            instrument_id=managed.plan.instrument_id,
            side=side,
            quantity=quantity,
            price=price,
            spot=self._chain.spot if self._chain is not None else math.nan,
            figures=figures,
        )
        self.publish_message(DECISION_TOPIC, decision)
