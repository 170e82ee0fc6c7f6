"""The order desk: the one door through which every order goes to the venue, and how it is worked.

What is done with an order is decided in `execution.walk`; here are the engine's events and
commands. Orders in Python are copies of the engine's: each is fetched again when it is needed.
"""

from functools import partial
from typing import Any, Self

from nautilus_trader.common import TimeEvent
from nautilus_trader.model import (
    ClientOrderId,
    ExecAlgorithmId,
    InstrumentId,
    OrderAccepted,
    OrderCanceled,
    OrderCancelRejected,
    OrderDenied,
    OrderExpired,
    OrderFilled,
    OrderModifyRejected,
    OrderRejected,
    OrderSubmitted,
    OrderType,
    OrderUpdated,
    Price,
    TimeInForce,
)
from nautilus_trader.trading import ExecutionAlgorithm, ExecutionAlgorithmConfig

from autotrade_0dte.actors.desk_gate import DeskGate
from autotrade_0dte.actors.desk_log import DeskLog
from autotrade_0dte.actors.desk_market import DeskMarket
from autotrade_0dte.actors.desk_work import DeskWork
from autotrade_0dte.actors.event_gate import EventGate
from autotrade_0dte.actors.order_tables import tags_of
from autotrade_0dte.actors.order_tags import NOT_THROUGH_DESK, PAST_DESK, parent_of
from autotrade_0dte.actors.trading_session import TradingSession
from autotrade_0dte.actors.views import DESK_TURN, market_topic
from autotrade_0dte.execution.call_budget import CallBudget
from autotrade_0dte.execution.desk_params import DeskParams
from autotrade_0dte.execution.offer import Offer
from autotrade_0dte.execution.order_quote import OrderQuote
from autotrade_0dte.execution.quality import QualityWatch
from autotrade_0dte.execution.remainder import RemainderRule
from autotrade_0dte.execution.walk import Walk
from autotrade_0dte.execution.walk_record import Move, MoveKind, WalkEvent
from autotrade_0dte.products import product, tick_cents
from autotrade_0dte.risk.mode import DIRECT, RISK_TOPIC, RiskChange, RiskMode
from autotrade_0dte.risk.picture import PICTURE_TOPIC
from autotrade_0dte.risk.proposed_order import ProposedOrder

__all__ = ["DESK_ID", "OrderDesk"]

DESK_ID = ExecAlgorithmId("DESK")
"""Every order carries this id, so that the engine hands it to the desk first."""

_CONFIG = ExecutionAlgorithmConfig(exec_algorithm_id=DESK_ID)
_TIMER = "desk-look"
_LOOK_NS = 250_000_000
"""Half of the least rest of a walk: a step is late by no more than that."""

_RESTING = (TimeInForce.DAY, TimeInForce.GTC)
_ENDS = (OrderCanceled, OrderExpired, OrderRejected, OrderDenied)


class OrderDesk(ExecutionAlgorithm):
    """Puts each order before the gate, and works those with a limit: the worst price they may have.

    An order that the gate refuses is denied with the reason and its figures. One without a limit,
    or that may not rest, goes as it is. All that happens to a parent is published on WALK_TOPIC.
    What the risk controller allows no longer is withdrawn.

    Parameters
    ----------
    session : TradingSession
        The session and its contracts.
    params : DeskParams
        How orders are worked.
    risk : DeskGate
        Which orders may go.
    """

    def __new__(cls, *_args: Any, **_kwargs: Any) -> Self:
        """Pass none of the arguments on: the engine's base class accepts only a configuration."""
        return super().__new__(cls, _CONFIG)  # type: ignore[call-arg]  # stubs have __init__ only

    def __init__(self, session: TradingSession, params: DeskParams, risk: DeskGate) -> None:
        super().__init__(_CONFIG)
        facts = product(session.root)
        self._session = session
        self._params = params
        self._risk = risk
        self._tick_cents = partial(tick_cents, facts)
        self._remainders = RemainderRule(session.fees, session.root, params.remainder)
        self._budget = CallBudget(params.budget)
        self._quality = QualityWatch(params.quality)
        self._log = DeskLog(self.publish_message, self._warn, self._quality, self._budget)
        self._gate = EventGate()
        self._parents: dict[str, DeskWork] = {}
        self._by_order: dict[ClientOrderId, DeskWork] = {}
        self._working: dict[str, DeskWork] = {}
        self._is_looking = self._is_taken_over = False

    def _warn(self, line: str) -> None:
        self.log.warning(line)

    def on_start(self) -> None:
        self._cache: Any = self.cache
        self._clock: Any = self.clock
        self._market = DeskMarket(self._cache, self._session)
        self._look_at_all()  # what is held already
        self.subscribe_topic(market_topic(self._session.underlying), self._on_view, DESK_TURN)
        self.subscribe_topic(PICTURE_TOPIC, self._on_picture, DESK_TURN)
        self.subscribe_topic(RISK_TOPIC, self._on_risk_change, DESK_TURN)

    def on_stop(self) -> None:
        self._stop_looking()
        self._working.clear()

    # -- orders in ------------------------------------------------------------------------------

    def on_order(self, order: Any) -> None:
        self._gate.receive(self._take_order, order)

    def _take_order(self, order: Any) -> None:
        if self._cache.is_order_closed(order.client_order_id):
            return  # withdrawn while it waited for a command
        tags = tags_of(order)
        now_ns = self._clock.timestamp_ns()
        if PAST_DESK in tags:
            self._deny(order, f"{NOT_THROUGH_DESK}: by={tags[PAST_DESK]}")
            return
        contract = self._risk.keeper.contract(order.instrument_id)
        if contract is None:
            self._deny(order, f"NOT_AN_OPTION: instrument={order.instrument_id}")
            return
        work = self._parents.get(tags.get("parent", ""))
        replaces = "" if work is None else str(work.order_id)
        proposed = self._risk.proposed(order, contract, tags, replaces)
        if not _is_worked(order):
            self._pass_on(order, proposed, now_ns)
        elif work is None:
            self._begin(order, proposed, tags, now_ns)
        else:
            self._carry_on(work, order, proposed, now_ns)

    def _pass_on(self, order: Any, proposed: ProposedOrder, now_ns: int) -> None:
        quote = self._market.quote(order.instrument_id, proposed.contract.row, now_ns)
        denial = self._risk.denial(proposed, quote, self._market.chain, now_ns)
        if denial is None:
            self._risk.keeper.exposure.submitted(proposed, now_ns)
            self._gate.command(self.submit_order, order)
        else:
            self._deny(order, denial)

    def _begin(
        self, order: Any, proposed: ProposedOrder, tags: dict[str, str], now_ns: int
    ) -> None:
        try:
            parent = parent_of(
                proposed, tags, reduces="purpose" not in tags and self._risk.reduces(proposed),
                now_ns=now_ns, close_ns=self._session.close_ns,
            )  # fmt: skip
        except ValueError as e:
            self._deny(order, f"BAD_TAG: {e}")
            return
        pair = tags.get("pair")
        work = DeskWork(
            walk=Walk(
                parent, self._params, self._tick_cents, self._session.close_ns, self._remainders
            ),
            order_id=order.client_order_id,
            instrument_id=order.instrument_id,
            pair=None if pair is None else InstrumentId.from_str(pair),
            proposed=proposed,
            held=order,
            offer=Offer(parent),
        )
        self._parents[parent.parent_id] = self._working[parent.parent_id] = work
        self._by_order[order.client_order_id] = work
        self._log.begins(parent)
        self._first_look(work, self._quote(work, now_ns))

    def _carry_on(self, work: DeskWork, order: Any, proposed: ProposedOrder, now_ns: int) -> None:
        """Take the order that carries on what is left of a parent."""
        quantity = abs(proposed.quantity)
        if not work.walk.accepts_resend(quantity):
            self._deny(order, f"PARENT_NOT_WAITING: quantity={quantity}, left={work.walk.leaves}")
            return
        work.order_id, work.held, work.proposed = order.client_order_id, order, proposed
        work.is_canceling = False
        self._by_order[order.client_order_id] = work
        quote = self._quote(work, now_ns)
        move = work.walk.on_resent(now_ns, quantity)
        self._follow(work, WalkEvent.RESENT, quote, move, quantity=quantity)
        self._first_look(work, quote)

    def _first_look(self, work: DeskWork, quote: OrderQuote) -> None:
        work.checked_ns = quote.now_ns
        denial = self._risk.denial(work.proposed, quote, self._market.chain, quote.now_ns)
        if denial is None:
            self._risk.keeper.exposure.submitted(work.proposed, quote.now_ns)
            self._look(work, quote)
            self._keep_looking()
        else:
            self._refuse(work, quote, denial)

    def _refuse(self, work: DeskWork, quote: OrderQuote, denial: str) -> None:
        order, work.held = self._cache.order(work.order_id), None
        move = work.walk.on_denied(quote.now_ns)
        # It is over before its strategy hears of it, whose answer must not count it.
        self._follow(work, WalkEvent.DENIED, quote, move, text=denial)
        self._deny(order, denial)

    # -- looks ----------------------------------------------------------------------------------

    def _on_view(self, view: Any) -> None:
        self._market.take(view)
        self._log.on_time(view.chain.ts_event)
        self._look_at_all()

    def _on_timer(self, _event: TimeEvent) -> None:
        self._look_at_all()
        if not self._working:
            self._stop_looking()

    def _look_at_all(self) -> None:
        now_ns = self._clock.timestamp_ns()
        if self._risk.keeper.is_due(self._cache, now_ns):
            self._adopt(now_ns)
        if self._is_taken_over:
            return
        for work in list(self._working.values()):
            self._look(work, self._quote(work, now_ns))

    def _adopt(self, now_ns: int) -> None:
        for name, (before, now) in self._risk.keeper.adopt(self._cache, now_ns).items():
            self._warn(f"Position not made by the desk's orders: {name} was {before}, is {now}")

    def _look(self, work: DeskWork, quote: OrderQuote) -> None:
        if not work.is_canceling and self._cache.is_order_pending_cancel_local(work.order_id):
            return  # the strategy has withdrawn it
        now_ns, purpose = quote.now_ns, work.parent.purpose
        seen: dict[str, Any] = {
            "tightened": self._quality.tightens(purpose),
            "leg_skew_s": self._market.skew_s(work.instrument_id, work.pair),
        }
        move = work.walk.on_quote(quote, self._budget.left(now_ns, purpose), **seen)
        work.looked(quote)
        self._follow(work, WalkEvent.QUOTE, quote, move, **seen)

    def _quote(self, work: DeskWork, now_ns: int) -> OrderQuote:
        return self._market.quote(work.instrument_id, work.proposed.contract.row, now_ns)

    def _keep_looking(self) -> None:
        if self._working and not self._is_looking:
            self._is_looking = True
            self._clock.set_timer_ns(_TIMER, _LOOK_NS, callback=self._on_timer)

    def _stop_looking(self) -> None:
        if self._is_looking:
            self._is_looking = False
            self._clock.cancel_timer(_TIMER)

    # -- what became of them --------------------------------------------------------------------

    def on_order_event(self, event: Any) -> None:
        self._gate.receive(self._take_event, event)

    def on_position_event(self, event: Any) -> None:
        self._gate.receive(self._risk.keeper.on_position, event)

    def _take_event(self, event: Any) -> None:
        if isinstance(event, OrderFilled):
            self._risk.keeper.filled(event)
        elif isinstance(event, _ENDS):
            self._risk.keeper.exposure.ended(str(event.client_order_id))
        work = self._by_order.get(event.client_order_id)
        if work is None:
            return
        if isinstance(event, OrderSubmitted):
            work.held = None
            return
        is_former = event.client_order_id != work.order_id
        if isinstance(event, OrderFilled):
            self._filled(work, event, is_former=is_former)
        elif not is_former:
            self._answered(work, event)

    def _filled(self, work: DeskWork, event: OrderFilled, *, is_former: bool) -> None:
        now_ns = self._clock.timestamp_ns()
        quantity, price = int(event.last_qty.as_double()), event.last_px.as_double()
        work.paid += quantity * price
        move = work.walk.on_fill(now_ns, quantity, is_former=is_former)
        self._follow(
            work, WalkEvent.FILLED, self._quote(work, now_ns), move,
            order_id=str(event.client_order_id), quantity=quantity, price=price,
            trade_id=str(event.trade_id),
        )  # fmt: skip

    def _answered(self, work: DeskWork, event: Any) -> None:
        """Tell the walk of the venue's answers; what was changed before it was sent is none."""
        walk, now_ns = work.walk, self._clock.timestamp_ns()
        told: dict[str, Any] = {"text": getattr(event, "reason", None) or ""}
        match event:
            case OrderAccepted():
                kind, move = WalkEvent.ACCEPTED, walk.on_accepted(now_ns)
            case OrderUpdated(price=Price() as price) if work.held is None:
                told["price"] = price.as_double()
                kind, move = WalkEvent.MODIFIED, walk.on_modified(now_ns, told["price"])
            case OrderModifyRejected():
                work.was_refused = True
                kind, move = WalkEvent.MODIFY_REJECTED, walk.on_modify_rejected(now_ns)
            case OrderCancelRejected():
                work.is_canceling = False
                kind, move = WalkEvent.CANCEL_REJECTED, walk.on_cancel_rejected(now_ns)
            case OrderCanceled() | OrderExpired():
                kind, move = WalkEvent.CANCELED, walk.on_canceled(now_ns)
            case OrderRejected():
                work.was_refused = True
                kind, move = WalkEvent.REJECTED, walk.on_rejected(now_ns)
            case OrderDenied() if not walk.is_over:
                kind, move = WalkEvent.DENIED, walk.on_denied(now_ns)
            case _:
                return
        self._follow(work, kind, self._quote(work, now_ns), move, **told)
        if walk.is_due_to_end:  # it waited for this answer alone
            self._look(work, self._quote(work, now_ns))

    # -- moves out ------------------------------------------------------------------------------

    def _follow(
        self,
        work: DeskWork,
        event: WalkEvent,
        quote: OrderQuote,
        move: Move | None,
        **told: Any,
    ) -> None:
        """Tell what happened and make the move it led to."""
        self._log.happened(work, event, quote, move, **told)
        if move is not None:
            self._make(work, move, quote)

    def _make(self, work: DeskWork, move: Move, quote: OrderQuote) -> None:
        match move.kind:
            case MoveKind.SUBMIT:
                self._submit(work, move.price, quote)
            case MoveKind.REPRICE:
                self._budget.spend(quote.now_ns)
                order = self._cache.order(work.order_id)
                self._gate.command(self.modify_order, order, None, Price(move.price, 2))
            case MoveKind.CANCEL | MoveKind.REPLACE:
                self._cancel(work, quote.now_ns)
            case MoveKind.END:
                self._end(work, move, quote.now_ns)

    def _submit(self, work: DeskWork, limit: float, quote: OrderQuote) -> None:
        if work.checked_ns != quote.now_ns:  # it was held back, and much may have changed
            denial = self._risk.denial(work.proposed, quote, self._market.chain, quote.now_ns)
            if denial is not None:
                self._refuse(work, quote, denial)
                return
        self._budget.spend(quote.now_ns)
        price = Price(limit, 2)
        if price != work.held.price:
            self._gate.command(self.modify_order_in_place, work.held, None, price)
        self._gate.command(self.submit_order, self._cache.order(work.order_id))

    def _cancel(self, work: DeskWork, now_ns: int) -> None:
        """Cancel an order; one that is being canceled is not canceled twice."""
        self._budget.spend(now_ns)
        work.is_canceling = True
        if not self._cache.is_order_pending_cancel_local(work.order_id):
            self._gate.command(self.cancel_order, self._cache.order(work.order_id))

    def _end(self, work: DeskWork, move: Move, now_ns: int) -> None:
        if self._working.pop(work.parent.parent_id, None) is None:
            return  # a fill after the end
        self._log.ended(work.ended(now_ns, self._params))
        if work.held is not None:
            order = self._cache.order(work.order_id)
            if not order.is_closed:
                self._deny(order, f"{move.outcome}: {move.reason}")

    def _deny(self, order: Any, reason: str) -> None:
        # It counts no more when its strategy hears of it, whose answer may be another order.
        self._risk.keeper.exposure.ended(str(order.client_order_id))
        self._gate.command(self.deny_order, order, reason)

    # -- the account's risk ---------------------------------------------------------------------

    def _on_picture(self, picture: Any) -> None:
        self._risk.picture = picture

    def _on_risk_change(self, change: Any) -> None:
        self._gate.receive(self._take_risk_change, change)

    def _take_risk_change(self, change: RiskChange) -> None:
        """Withdraw what the mode does not allow; what reduces risk goes on."""
        self._risk.take_change(change)
        # Another process closes everything then. All orders have been canceled by `cancel_all`,
        # before this is heard; from now on the broker's calls are that process's.
        self._is_taken_over = change.mode is RiskMode.KILLED and change.text == DIRECT
        if change.mode < RiskMode.HALT_ENTRIES or self._is_taken_over:
            return
        for work in list(self._working.values()):
            if not self._risk.reduces(work.proposed):
                self._withdraw(work, f"{change.mode.name}: {change.trigger}")

    def cancel_all(self) -> None:
        """Cancel every order at work, at once: those that are worked, and all others."""
        self._gate.receive(self._cancel_all, RiskMode.KILLED.name)

    def _cancel_all(self, why: str) -> None:
        for work in list(self._working.values()):
            self._withdraw(work, why)
        self._cancel_others()

    def _withdraw(self, work: DeskWork, why: str) -> None:
        quote = self._quote(work, self._clock.timestamp_ns())
        move = work.walk.on_withdrawn(quote.now_ns)
        self._follow(work, WalkEvent.WITHDRAWN, quote, move, text=why)

    def _cancel_others(self) -> None:
        """Cancel the orders that the desk does not work: market orders, and those made by hand."""
        for order in (*self._cache.orders_open(), *self._cache.orders_inflight()):
            name = order.client_order_id
            is_worked = name in self._by_order
            if not is_worked and not self._cache.is_order_pending_cancel_local(name):
                self._gate.command(self.cancel_order, order)


def _is_worked(order: Any) -> bool:
    """Return whether an order has a limit and may rest: it can be walked."""
    return order.order_type == OrderType.LIMIT and order.time_in_force in _RESTING
