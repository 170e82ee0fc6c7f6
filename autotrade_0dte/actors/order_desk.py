"""The order desk: the one door through which every order goes to the venue, and how it is worked.

What is done with an order is decided in `execution.walk`, and done in `desk_moves`; here is what
reaches the desk: orders, events, views of the market and changes of the account's risk.
"""

from functools import partial
from typing import Any, Self

from nautilus_trader.common import TimeEvent
from nautilus_trader.model import (
    ClientOrderId,
    ExecAlgorithmId,
    InstrumentId,
    OrderCanceled,
    OrderDenied,
    OrderExpired,
    OrderFilled,
    OrderRejected,
    OrderSubmitted,
    OrderType,
    TimeInForce,
)
from nautilus_trader.trading import ExecutionAlgorithm, ExecutionAlgorithmConfig

from autotrade_0dte.actors.desk_answers import take_answer
from autotrade_0dte.actors.desk_gate import DeskGate
from autotrade_0dte.actors.desk_market import DeskMarket
from autotrade_0dte.actors.desk_moves import DeskMoves
from autotrade_0dte.actors.desk_package import PackageDesk
from autotrade_0dte.actors.desk_work import DeskWork
from autotrade_0dte.actors.event_gate import EventGate
from autotrade_0dte.actors.order_tables import tags_of
from autotrade_0dte.actors.order_tags import NOT_THROUGH_DESK, PACKAGE, PAST_DESK, parent_of
from autotrade_0dte.actors.package_log import PackageLog
from autotrade_0dte.actors.package_moves import DeskTools
from autotrade_0dte.actors.trading_session import TradingSession
from autotrade_0dte.actors.views import DESK_TURN, market_topic
from autotrade_0dte.execution.desk_params import DeskParams
from autotrade_0dte.execution.offer import Offer
from autotrade_0dte.execution.remainder import RemainderRule
from autotrade_0dte.execution.walk import Walk
from autotrade_0dte.execution.walk_record import WalkEvent
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
        self._gate = EventGate()
        self._parents: dict[str, DeskWork] = {}
        self._by_order: dict[ClientOrderId, DeskWork] = {}
        self._is_looking = self._is_taken_over = False

    def on_start(self) -> None:
        self._cache: Any = self.cache
        self._clock: Any = self.clock
        self._market = DeskMarket(self._cache, self._session)
        self._moves = DeskMoves(self, self._gate, self._risk, self._market, self._params)
        self._packages = self._package_desk()
        self._look_at_all()  # what is held already
        self.subscribe_topic(market_topic(self._session.underlying), self._on_view, DESK_TURN)
        self.subscribe_topic(PICTURE_TOPIC, self._on_picture, DESK_TURN)
        self.subscribe_topic(RISK_TOPIC, self._on_risk_change, DESK_TURN)

    def on_stop(self) -> None:
        self._stop_looking()
        self._moves.working.clear()
        self._packages.clear()

    def _package_desk(self) -> PackageDesk:
        moves = self._moves
        tools = DeskTools(
            cache=self._cache,
            clock=self._clock,
            market=self._market,
            risk=self._risk,
            budget=moves.budget,
            quality=moves.quality,
            gate=self._gate,
            params=self._params,
            tick_cents=self._tick_cents,
            close_ns=self._session.close_ns,
            remainders=self._remainders,
            submit=self.submit_order,
            price_in_place=self.modify_order_in_place,
            cancel=self.cancel_order,
            deny=moves.deny,
            log=PackageLog(self.publish_message, moves.log, moves.budget.left, self.log.info),
        )
        return PackageDesk(tools, is_allowed=self._session.packages)

    # -- orders in ------------------------------------------------------------------------------

    def on_order(self, order: Any) -> None:
        self._gate.receive(self._take_order, order)

    def _take_order(self, order: Any) -> None:
        order_id, instrument_id = order.client_order_id, order.instrument_id
        if self._cache.is_order_closed(order_id):
            return  # withdrawn while it waited for a command
        tags = tags_of(order)
        if PAST_DESK in tags:
            self._moves.deny(order, f"{NOT_THROUGH_DESK}: by={tags[PAST_DESK]}")
            return
        keeper = self._risk.keeper
        contract = keeper.contract(instrument_id)
        if contract is None:
            self._moves.deny(order, f"NOT_AN_OPTION: instrument={instrument_id}")
            return
        now_ns = self._clock.timestamp_ns()
        if PACKAGE in tags and _is_worked(order):
            self._packages.take(order, keeper.proposed(order, contract, tags, ""), tags, now_ns)
            self._keep_looking()
            return
        work = self._parents.get(tags.get("parent", ""))
        replaces = "" if work is None else str(work.order_id)
        proposed = keeper.proposed(order, contract, tags, replaces)
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
            self._risk.exposure.submitted(proposed, now_ns)
            self._moves.submit_as_it_is(order)
        else:
            self._moves.deny(order, denial)

    def _begin(
        self, order: Any, proposed: ProposedOrder, tags: dict[str, str], now_ns: int
    ) -> None:
        try:
            parent = parent_of(
                proposed, tags, reduces="purpose" not in tags and self._risk.reduces(proposed),
                now_ns=now_ns, close_ns=self._session.close_ns,
            )  # fmt: skip
        except ValueError as e:
            self._moves.deny(order, f"BAD_TAG: {e}")
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
        self._parents[parent.parent_id] = self._moves.working[parent.parent_id] = work
        self._by_order[work.order_id] = work
        self._moves.log.begins(parent)
        self._moves.first_look(work, self._moves.quote(work, now_ns))
        self._keep_looking()

    def _carry_on(self, work: DeskWork, order: Any, proposed: ProposedOrder, now_ns: int) -> None:
        """Take the order that carries on what is left of a parent."""
        quantity = abs(proposed.quantity)
        if not work.walk.accepts_resend(quantity):
            left = work.walk.leaves
            self._moves.deny(order, f"PARENT_NOT_WAITING: quantity={quantity}, left={left}")
            return
        work.order_id, work.held, work.proposed = order.client_order_id, order, proposed
        work.is_canceling = False
        self._by_order[work.order_id] = work
        quote = self._moves.quote(work, now_ns)
        move = work.walk.on_resent(now_ns, quantity)
        self._moves.follow(work, WalkEvent.RESENT, quote, move, quantity=quantity)
        self._moves.first_look(work, quote)
        self._keep_looking()

    # -- looks ----------------------------------------------------------------------------------

    def _on_view(self, view: Any) -> None:
        self._market.take(view)
        self._moves.log.on_time(view.chain.ts_event)
        self._look_at_all()

    def _on_timer(self, _event: TimeEvent) -> None:
        self._look_at_all()
        if not (self._moves.working or self._packages.is_working):
            self._stop_looking()

    def _look_at_all(self) -> None:
        now_ns, moves = self._clock.timestamp_ns(), self._moves
        if self._risk.keeper.is_due(self._cache, now_ns):
            self._adopt(now_ns)
        if self._is_taken_over:
            return
        for work in list(moves.working.values()):
            moves.look(work, moves.quote(work, now_ns))
        if self._packages.is_working:
            self._packages.look_at_all(now_ns)

    def _adopt(self, now_ns: int) -> None:
        for name, (before, now) in self._risk.keeper.adopt(self._cache, now_ns).items():
            self.log.warning(
                f"Position not made by the desk's orders: {name} was {before}, is {now}"
            )

    def _keep_looking(self) -> None:
        if (self._moves.working or self._packages.is_working) and not self._is_looking:
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
        order_id, is_fill = event.client_order_id, isinstance(event, OrderFilled)
        if is_fill:
            self._risk.keeper.filled(event)
        elif isinstance(event, _ENDS):
            self._risk.exposure.ended(str(order_id))
        work = self._by_order.get(order_id)
        if work is None:
            self._packages.take_event(event)
            return
        if isinstance(event, OrderSubmitted):
            work.held = None
            return
        now_ns = self._clock.timestamp_ns()
        answer = take_answer(work, event, now_ns)
        if answer is None:
            return
        moves = self._moves
        moves.follow(work, answer.event, moves.quote(work, now_ns), answer.move, **answer.told)
        if work.walk.is_due_to_end and not is_fill:  # it waited for this answer alone
            moves.look(work, moves.quote(work, now_ns))

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
        for work in list(self._moves.working.values()):
            if not self._risk.reduces(work.proposed):
                self._withdraw(work, f"{change.mode.name}: {change.trigger}")
        self._packages.withdraw(f"{change.mode.name}: {change.trigger}", also_reducing=False)

    def cancel_all(self) -> None:
        """Cancel every order at work, at once: those that are worked, and all others."""
        self._gate.receive(self._cancel_all, RiskMode.KILLED.name)

    def _cancel_all(self, why: str) -> None:
        for work in list(self._moves.working.values()):
            self._withdraw(work, why)
        self._packages.withdraw(why, also_reducing=True)
        # Market orders, and those made by hand.
        for order in (*self._cache.orders_open(), *self._cache.orders_inflight()):
            name = order.client_order_id
            if name not in self._by_order and not self._packages.has(name):
                self._moves.cancel_as_it_is(order)

    def _withdraw(self, work: DeskWork, why: str) -> None:
        self._moves.withdraw(work, why, self._clock.timestamp_ns())


def _is_worked(order: Any) -> bool:
    """Return whether an order has a limit and may rest: it can be walked."""
    return order.order_type == OrderType.LIMIT and order.time_in_force in _RESTING
