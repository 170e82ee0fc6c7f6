"""What every strategy shares: one plan at a time, entered at a cap, watched, and always closed."""

import math
from collections import deque
from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, ClassVar, Self

import msgspec
from nautilus_trader.common import TimeEvent
from nautilus_trader.model import (
    ClientOrderId,
    InstrumentId,
    LiquiditySide,
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

from autotrade_0dte.actors.account import made_by_hand, option_legs, total_cash
from autotrade_0dte.actors.chain import chain_topic
from autotrade_0dte.actors.order_desk import DESK_ID
from autotrade_0dte.actors.trading_session import TradingSession
from autotrade_0dte.chain.quality import QuoteFlag
from autotrade_0dte.chain.snapshot import ChainSnapshot
from autotrade_0dte.execution.decision import DECISION_TOPIC, Decision, DecisionKind
from autotrade_0dte.execution.fill_quote import FILL_QUOTE_TOPIC, FillQuote
from autotrade_0dte.execution.plan import ExitReason, ManagedPlan, PlanPhase, TradePlan
from autotrade_0dte.instruments import OptionSymbol, Right, option_symbol
from autotrade_0dte.risk.cover import Leg
from autotrade_0dte.risk.expiry import ExpiryReason, exercise_test

__all__ = ["TradeStrategy"]

_STALE = int(QuoteFlag.STALE)


class WorkingOrder(msgspec.Struct):
    """An order on its way: what is left of it, and its limit (NaN at market), dollars."""

    order_id: ClientOrderId
    leaves: int
    limit: float


class TradeStrategy(Strategy):
    """Base of the strategies: turns plans into orders at the desk and manages them to the end.

    A strategy says what it wants in `decide`; entry cap, target, stop, deadlines, the flatten
    deadline and the broker's exercise test are kept here, the same for all.
    """

    Params: ClassVar[type[msgspec.Struct]]

    def __new__(cls, session: TradingSession, *_args: Any, **_kwargs: Any) -> Self:
        """Pass none of the arguments on: the engine's base class accepts only a configuration."""
        config = cls._engine_config(session)
        return super().__new__(cls, config)  # type: ignore[call-arg]  # see OrderDesk

    def __init__(self, session: TradingSession, params: Any) -> None:
        super().__init__(self._engine_config(session))
        self.session = session
        self.params = params
        self.trades = 0
        self._row = {name: row for row, name in enumerate(session.instrument_ids)}
        self._chain: ChainSnapshot | None = None
        self._managed: ManagedPlan | None = None
        self._taken_over = False
        self._stopped = False
        self._found: deque[ManagedPlan] = deque()
        self._entry: WorkingOrder | None = None
        self._exit: WorkingOrder | None = None
        self._exit_figures: dict[str, float] = {}
        self._at_market = False
        self._entries_halted = False
        self._exercise_test_due = False
        self._waiting_for_bid = False
        self._rejected_quote: tuple[float, ...] = ()
        self._commanding = False
        self._events: deque[Any] = deque()

    @classmethod
    def _engine_config(cls, session: TradingSession) -> StrategyConfig:
        # After a restart, what the broker reports of these contracts belongs to this strategy.
        claimed = [InstrumentId.from_str(name) for name in session.instrument_ids]
        return StrategyConfig(
            strategy_id=StrategyId(f"{cls.__name__}-001"),
            external_order_instrument_ids=claimed,
        )

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
        # What a process before this one entered today counts: a restart gives no new entries.
        sent = self.cache.orders(strategy_id=self.strategy_id)
        self.trades = sum(o.side == OrderSide.BUY and not made_by_hand(o) for o in sent)
        self._cancel_working()

    def on_stop(self) -> None:
        # A node goes on for a moment, for its orders to end: no time for new ones.
        self._stopped = True
        self.clock.cancel_timers()
        self._cancel_working()

    def _working(self) -> list[Any]:
        """Return the orders at work, but for the operator's own in these contracts."""
        at_work = self.cache.orders_open(strategy_id=self.strategy_id)
        return [order for order in at_work if not made_by_hand(order)]

    def _cancel_working(self) -> None:
        for order in self._working():
            if not self.cache.is_order_pending_cancel_local(order.client_order_id):
                self.cancel_order(order.client_order_id)

    def _take_over(self) -> None:
        """Note positions left by a process before this one; the plans behind them are not known.

        Its orders, canceled at the start, may still fill: until they are gone nothing else is done.
        """
        if self._working():
            self._cancel_working()  # again, where the first cancel has failed
            return
        self._taken_over = True
        for position in self.cache.positions_open(strategy_id=self.strategy_id):
            name, quantity = str(position.instrument_id), int(position.signed_qty)
            if name in self._row and quantity > 0:
                number = len(self._found) + 1
                now_ns = self.clock.timestamp_ns()
                self._found.append(ManagedPlan.found(number, name, quantity, now_ns))

    def on_order_event(self, event: Any) -> None:
        # A denial, and without latency any event, arrives while the command that caused it still
        # holds the engine: it is taken when the command has returned.
        self._events.append(event)
        if not self._commanding:
            self._take_events()

    def _on_chain(self, chain: Any) -> None:
        if self._stopped:
            return
        self._chain = chain
        self.observe(chain)
        if self._exercise_test_due:
            self._test_exercise(chain)
        if not self._taken_over:
            self._take_over()
        if not self._taken_over:
            return
        if self._managed is None and self._found:
            self._managed = self._found.popleft()
            self._begin_exit(self._managed, ExitReason.RESTART)
        elif self._managed is not None:
            self._work(self._managed, chain)
        elif not self._entries_halted:
            plan = self.decide(chain)
            if plan is not None:
                self._enter(plan)

    def _on_flatten(self, _event: TimeEvent) -> None:
        self._entries_halted = True
        self._at_market = True
        if self._managed is not None:
            self._begin_exit(self._managed, ExpiryReason.FLATTEN_DEADLINE)

    def _on_exercise_test(self, _event: TimeEvent) -> None:
        self._exercise_test_due = True
        if self._chain is not None:
            self._test_exercise(self._chain)

    def _test_exercise(self, chain: ChainSnapshot) -> None:
        """Do what the broker would do: sell at market what the account cannot exercise.

        Without a spot there is no verdict, and the test stays due.
        """
        if math.isnan(chain.spot):
            return
        self._exercise_test_due = False
        managed = self._managed
        if managed is None:
            return
        own = option_symbol(managed.plan.instrument_id.rpartition(".")[0])
        closes = exercise_test(
            # The operator may hold others by hand, which do not expire today.
            (leg for leg in option_legs(self.cache) if _expires_with(leg, own)),
            chain.spot,
            total_cash(self.cache),
            can_short_shares=self.session.can_short_shares,
        )
        for close in closes:
            if (close.leg.strike, close.leg.is_call) == (own.strike, own.right is Right.CALL):
                self._at_market = True
                self._begin_exit(managed, close.reason, close.figures)

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
        self._entry = WorkingOrder(order.client_order_id, plan.quantity, plan.entry_cap)
        self._command(self.submit_order, order)

    def _work(self, managed: ManagedPlan, chain: ChainSnapshot) -> None:
        row = self._row[managed.plan.instrument_id]
        bid = float(chain.bid[row])
        tradable = bid > 0 and not chain.quality[row] & _STALE
        reason = managed.due_exit(bid if tradable else math.nan, chain.ts_event)
        if reason is not None:
            self._begin_exit(managed, reason)
        elif managed.phase is PlanPhase.EXITING:
            self._work_exit(managed, chain)
        elif self._entry is not None and chain.ts_event >= managed.plan.entry_deadline_ns:
            self._cancel(self._entry)

    def _begin_exit(
        self, managed: ManagedPlan, reason: StrEnum, figures: Mapping[str, float] | None = None
    ) -> None:
        if self._entry is not None:
            self._cancel(self._entry)
        managed.begin_exit(reason)
        self._exit_figures = dict(figures or {})
        if managed.phase is PlanPhase.EXITING and self._chain is not None:
            self._work_exit(managed, self._chain)
        self._forget_if_closed()

    def _work_exit(self, managed: ManagedPlan, chain: ChainSnapshot) -> None:
        """Send the exit, or follow the bid with the one at work; without a bid wait for one."""
        row = self._row[managed.plan.instrument_id]
        bid = float(chain.bid[row])
        if self._exit is not None:
            self._follow_bid(self._exit, bid)
            return
        if self._rejected_quote == _quote(chain, row):
            return
        self._rejected_quote = ()
        waited = self._waiting_for_bid
        self._waiting_for_bid = not bid > 0
        quantity = managed.open_quantity
        figures = {"bid": bid, "quote_age_s": float(chain.quote_age_s[row])} | self._exit_figures
        if self._waiting_for_bid:
            if not waited:
                self._decided(DecisionKind.REFUSE, "NO_BID", "SELL", quantity, math.nan, figures)
            return
        limit = math.nan if self._at_market else bid
        reason = str(managed.exit_reason)
        self._decided(DecisionKind.EXIT, reason, "SELL", quantity, limit, figures)
        order = self._sell_order(
            managed, limit, [f"plan={managed.plan.plan_id}", f"reason={reason}"]
        )
        self._exit = WorkingOrder(order.client_order_id, quantity, limit)
        self._command(self.submit_order, order)

    def _sell_order(self, managed: ManagedPlan, limit: float, tags: list[str]) -> Any:
        instrument_id = InstrumentId.from_str(managed.plan.instrument_id)
        quantity = Quantity.from_int(managed.open_quantity)
        desk: dict[str, Any] = {"exec_algorithm_id": DESK_ID, "tags": tags}
        sell, day = OrderSide.SELL, TimeInForce.DAY
        if math.isnan(limit):
            return self.order_factory.market(instrument_id, sell, quantity, day, **desk)
        return self.order_factory.limit(instrument_id, sell, quantity, Price(limit, 2), day, **desk)

    def _follow_bid(self, order: WorkingOrder, bid: float) -> None:
        if math.isnan(order.limit):
            return
        if self._at_market:
            self._cancel(order)  # the market order follows when the limit is gone
        elif 0 < bid < order.limit and self.cache.is_order_open(order.order_id):
            order.limit = bid
            self._command(self.modify_order, order.order_id, None, Price(bid, 2))

    def _cancel(self, order: WorkingOrder) -> None:
        if not self.cache.is_order_pending_cancel_local(order.order_id):
            self._command(self.cancel_order, order.order_id)

    def _command(self, send: Callable[..., None], *arguments: Any) -> None:
        self._commanding = True
        try:
            send(*arguments)
        finally:
            self._commanding = False
        self._take_events()

    # -- what became of the orders --------------------------------------------------------------

    def _take_events(self) -> None:
        while self._events:
            event = self._events.popleft()
            match event:
                case OrderFilled():
                    self._filled(event)
                case OrderCanceled() | OrderExpired():
                    self._ended(event.client_order_id)
                case OrderRejected() | OrderDenied():
                    self._refused(event)

    def _filled(self, event: OrderFilled) -> None:
        self._note_quote(event)
        managed = self._managed
        if managed is None or str(event.instrument_id) != managed.plan.instrument_id:
            return
        quantity = int(event.last_qty.as_double())
        if event.order_side == OrderSide.BUY:
            managed.entry_filled(quantity)
        else:
            managed.exit_filled(quantity)
        for order in (self._entry, self._exit):
            if order is not None and order.order_id == event.client_order_id:
                order.leaves -= quantity
                if order.leaves == 0:
                    self._ended(order.order_id)
        self._forget_if_closed()

    def _ended(self, order_id: ClientOrderId) -> None:
        managed = self._managed
        if managed is None:
            return
        if self._entry is not None and order_id == self._entry.order_id:
            self._entry = None
            managed.entry_ended()
        elif self._exit is not None and order_id == self._exit.order_id:
            replaced = self._at_market and not math.isnan(self._exit.limit)
            self._exit = None
            goes_on = replaced and managed.phase is PlanPhase.EXITING and not self._stopped
            if goes_on and self._chain is not None:
                self._work_exit(managed, self._chain)
        self._forget_if_closed()

    def _refused(self, event: OrderRejected | OrderDenied) -> None:
        """Record a refusal; a refused exit waits for another quote, lest it be sent forever."""
        entry = self._entry is not None and event.client_order_id == self._entry.order_id
        order = self._entry if entry else self._exit
        if order is None or self._managed is None:
            return
        side = "BUY" if entry else "SELL"
        self._decided(
            DecisionKind.REFUSE, event.reason, side, order.leaves, order.limit, self._exit_figures
        )
        if not entry and self._chain is not None:
            row = self._row[self._managed.plan.instrument_id]
            self._rejected_quote = _quote(self._chain, row)
        self._ended(event.client_order_id)

    def _forget_if_closed(self) -> None:
        working = self._entry is not None or self._exit is not None
        if self._managed is None or self._managed.phase is not PlanPhase.CLOSED or working:
            return
        self._managed = None
        self._at_market = self._entries_halted  # past the deadline everything goes at market
        self._waiting_for_bid = False
        self._rejected_quote = ()
        self._exit_figures = {}

    # -- on the record --------------------------------------------------------------------------

    def _note_quote(self, event: OrderFilled) -> None:
        quote = self.cache.quote(event.instrument_id)
        # What fills a resting order is the next quote, which the cache does not have yet. A broker
        # does not say which it was; the quote there is when it tells of the fill is near enough.
        if quote is None or event.liquidity_side == LiquiditySide.MAKER:
            return
        note = FillQuote(
            client_order_id=str(event.client_order_id),
            trade_id=str(event.trade_id),
            bid=quote.bid_price.as_double(),
            ask=quote.ask_price.as_double(),
            age_s=(event.ts_event - quote.ts_event) / 1e9,
        )
        self.publish_message(FILL_QUOTE_TOPIC, note)

    def _decided(
        self,
        kind: DecisionKind,
        reason: str,
        side: str,
        quantity: int,
        price: float,
        figures: Mapping[str, float],
    ) -> None:
        managed = self._managed
        if managed is None:
            return
        decision = Decision(
            ts_event=self.clock.timestamp_ns(),
            strategy=str(self.strategy_id),
            plan_id=managed.plan.plan_id,
            kind=kind,
            reason=reason,
            instrument_id=managed.plan.instrument_id,
            side=side,
            quantity=quantity,
            price=price,
            spot=self._chain.spot if self._chain is not None else math.nan,
            figures=dict(figures),
        )
        self.publish_message(DECISION_TOPIC, decision)


def _expires_with(leg: Leg, own: OptionSymbol) -> bool:
    return (leg.root, leg.expiry) == (own.root, own.expiry)


def _quote(chain: ChainSnapshot, row: int) -> tuple[float, ...]:
    """Tell one quote from the next: price, size and time."""
    quoted_s = chain.ts_event * 1e-9 - float(chain.quote_age_s[row])
    return float(chain.bid[row]), float(chain.bid_size[row]), round(quoted_s, 3)
