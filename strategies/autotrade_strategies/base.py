"""What every strategy shares: one plan at a time, entered at a cap, watched, and always closed."""

import math
from enum import StrEnum
from typing import Any, ClassVar, Self

import msgspec
from nautilus_trader.common import TimeEvent
from nautilus_trader.model import InstrumentId, OrderFilled, OrderSide, StrategyId
from nautilus_trader.trading import Strategy, StrategyConfig

from autotrade_0dte.actors.account import made_by_hand
from autotrade_0dte.actors.trading_session import TradingSession
from autotrade_0dte.actors.views import market_topic
from autotrade_0dte.execution.coordinator import Allotment
from autotrade_0dte.execution.decision import DecisionKind
from autotrade_0dte.execution.exits import ExitReason
from autotrade_0dte.execution.managed_plan import ManagedPlan
from autotrade_0dte.execution.parent import Purpose
from autotrade_0dte.execution.plan import TradePlan
from autotrade_0dte.execution.plan_state import KeptPlan, PlanPhase
from autotrade_0dte.execution.walk_record import WALK_TOPIC
from autotrade_0dte.market_state.actions import Track, Urgency
from autotrade_0dte.market_state.state import Level
from autotrade_0dte.market_state.view import MarketView
from autotrade_0dte.risk.expiry import ExpiryReason
from autotrade_0dte.risk.mode import DIRECT, RISK_TOPIC, RiskChange, RiskMode
from autotrade_0dte.risk.picture import PICTURE_TOPIC, UNKNOWN, RiskPicture
from autotrade_0dte.selection.ranking import Ranking
from autotrade_0dte.signals.signal import Signal
from autotrade_strategies.last_day import exercise_close
from autotrade_strategies.orders import OrderSender
from autotrade_strategies.record import Record
from autotrade_strategies.restart import Leftovers, entries_of
from autotrade_strategies.trade import Trade

__all__ = ["TradeStrategy"]

_NUMBERS = {Track.REGULAR: "001", Track.ANOMALY: "002"}
_LEAST_PRIORITY = 100  # below zero, which the bus does not take


class TradeStrategy(Strategy):
    """Base of the strategies: turns plans into orders at the desk and manages them to the end.

    A strategy says what it wants in `observe`, `decide` and `wants_out`. Caps, exits, deadlines,
    the action table, the shared budget, the flatten deadline and the broker's exercise test are
    kept here, the same for all.

    Parameters
    ----------
    session : TradingSession
        The session and its contracts.
    params : Struct
        The strategy's own parameters, of its class `Params`.
    allotment : Allotment
        Its track's side of the coordinator.

    Attributes
    ----------
    view : MarketView, optional
        The newest snapshot.
    picture : RiskPicture
        The account's newest risk; its mode is that of the newest change.
    signal : Signal, optional
        Set in `observe` by a strategy that makes one; of the newest snapshot only.
    ranking : Ranking, optional
        Set in `decide` by a strategy that ranks contracts; of the newest snapshot only.
    watching_since_ns : int
        Time of its first snapshot; 0 before.
    trades : int
        Entries of the session, those of a process before this one included.
    last_entry_ns, last_loss_ns : int
        Time of the last entry, and of the last close at a loss before fees; 0 for none. Those of a
        process before this one count.
    """

    Params: ClassVar[type[msgspec.Struct]]

    def __new__(cls, session: TradingSession, _params: Any, allotment: Allotment) -> Self:
        """Pass none of the arguments on: the engine's base class accepts only a configuration."""
        config = cls._engine_config(session, allotment.track)
        return super().__new__(cls, config)  # type: ignore[call-arg]  # see OrderDesk

    def __init__(self, session: TradingSession, params: Any, allotment: Allotment) -> None:
        super().__init__(self._engine_config(session, allotment.track))
        self.session = session
        self.params = params
        self.allotment = allotment
        self.view: MarketView | None = None
        self.picture: RiskPicture = UNKNOWN
        self.signal: Signal | None = None
        self.ranking: Ranking | None = None
        self.watching_since_ns = 0
        self.trades = 0
        self.last_entry_ns = 0
        self.last_loss_ns = 0
        self._row = {name: row for row, name in enumerate(session.instrument_ids)}
        self._entries_at = tuple(allotment.action(level).entries for level in Level)
        self._trade: Trade | None = None
        self._left: Trade | None = None
        self._entries_halted = False
        self._is_taken_over = False
        self._exercise_test_due = False
        self._refused_for: StrEnum | None = None
        self._record = Record(self)
        self._sender = OrderSender(self, self._take_event)
        self._kept = [kept for kept in session.kept if kept.state.track == allotment.track]
        self._leftovers = Leftovers(
            self, self._sender, self._row, session.kept, allotment.track, self._drop
        )

    @classmethod
    def _engine_config(cls, session: TradingSession, track: Track) -> StrategyConfig:
        # After a restart, what the broker reports of these contracts belongs to one strategy.
        return StrategyConfig(
            # The number is part of the names of its orders, which may not meet the other track's.
            strategy_id=StrategyId(f"{cls.__name__}-{_NUMBERS[track]}"),
            external_order_instrument_ids=[
                InstrumentId.from_str(name)
                for name in session.instrument_ids
                if session.heir(name) is track
            ],
        )

    # -- what a strategy says -------------------------------------------------------------------

    @property
    def priority(self) -> int:
        """Which track sees a snapshot, and asks for the shared budget, first; larger is first."""
        return 0

    @property
    def urgency(self) -> Urgency:
        """How hard the desk should work this track's orders now; a tag of each of them."""
        if self.view is None:
            return Urgency.NORMAL
        return self.allotment.action(self.view.state.level).urgency

    def observe(self, view: MarketView) -> None:
        """Take in a snapshot; called for every one, before all else."""

    def decide(self, view: MarketView) -> TradePlan | None:
        """Return the next trade, or None; called while no plan is open and entries are allowed."""
        raise NotImplementedError

    def wants_out(
        self,
        view: MarketView,  # noqa: ARG002  # a hook
        managed: ManagedPlan,  # noqa: ARG002
    ) -> StrEnum | None:
        """Return the strategy's own reason to close a plan, or None; called while it is open."""
        return None

    def entries_allowed(self, view: MarketView) -> bool:
        """Return whether this track may enter: action table, risk mode, and before the deadline."""
        return (
            self._entries_at[view.state.level]
            and self.picture.mode < RiskMode.HALT_ENTRIES
            and not self._entries_halted
        )

    # -- from the engine ------------------------------------------------------------------------

    @property
    def _turn(self) -> int:
        """Priority with which it takes views: its own for each track, see `RECORDER_TURN`."""
        return 2 * (_LEAST_PRIORITY + self.priority) + (self.allotment.track is Track.REGULAR)

    def on_start(self) -> None:
        self.subscribe_topic(market_topic(self.session.underlying), self._on_view, self._turn)
        if self.session.flatten_ns is not None:
            self.clock.set_time_alert_ns("flatten", self.session.flatten_ns, self._on_flatten)
        if self.session.exercise_test_ns is not None:
            self.clock.set_time_alert_ns(
                "exercise-test", self.session.exercise_test_ns, self._on_exercise_test
            )
        self.subscribe_topic(WALK_TOPIC, self._sender.on_walk)
        self.subscribe_topic(PICTURE_TOPIC, self._on_picture, self._turn)
        self.subscribe_topic(RISK_TOPIC, self._on_risk_change, self._turn)
        self._count_before()
        self._leftovers.cancel()

    def _count_before(self) -> None:
        """Count what processes before this one did today: a restart gives nothing back."""
        of_plans = set().union(*(kept.order_ids for kept in self._kept))
        orders = [o for o in self.cache.orders() if str(o.client_order_id) not in of_plans]
        self.trades = len(self._kept) + entries_of(_NUMBERS[self.allotment.track], orders)
        for kept in self._kept:
            state, plan = kept.state, kept.state.plan
            self.last_entry_ns = max(self.last_entry_ns, plan.decided_ns)
            if kept.is_open:
                self.allotment.restored(plan.plan_id, plan.direction, plan.worst_loss_usd)
            elif round(state.cash, 6) < 0:
                self.last_loss_ns = max(self.last_loss_ns, state.ts_event)

    def on_stop(self) -> None:
        # A node goes on for a moment, for its orders to end: no time for new ones.
        self._sender.stopped, self._is_taken_over = True, False
        self.clock.cancel_timers()
        # What is held when nobody watches is what a stop at the broker is for.
        resting = (trade.resting for trade in self._trades())
        self._leftovers.cancel({name for name in resting if name is not None})

    def on_order_event(self, event: Any) -> None:
        self._sender.receive(event)

    def _take_event(self, event: Any) -> None:
        if isinstance(event, OrderFilled):
            self._record.fill_quote(event)
            if not self._is_expected(event):
                self._leftovers.look_again()
        for trade in self._trades():
            trade.on_event(event)
        self._forget_if_over()

    def _trades(self) -> list[Trade]:
        """Return what is open: the plan, and a position found without one."""
        return [trade for trade in (self._trade, self._left) if trade is not None]

    def _is_expected(self, event: OrderFilled) -> bool:
        """Tell fills of a trade, and the operator's own, from those that come after its end."""
        of_trade = any(trade.has_leg(event.instrument_id) for trade in self._trades())
        return of_trade or made_by_hand(event)

    def _on_view(self, message: Any) -> None:
        if self._sender.stopped:
            return
        view: MarketView = message
        self.view, self.signal, self.ranking = view, None, None
        self.watching_since_ns = self.watching_since_ns or view.chain.ts_event
        trades = self._trades()
        for trade in trades:
            trade.chain = view.chain
        self.observe(view)
        self._record.signal()
        if self._exercise_test_due:
            self._test_exercise(view)
        for trade in trades:
            self._work(trade, view)
        if not trades and not self._leftovers.are_known():
            return
        if not self._take_over(view) and not trades and self.entries_allowed(view):
            plan = self.decide(view)
            if plan is None:
                self._refused_for = None
            else:
                self._enter(plan, view)
        self._forget_if_over()

    def _take_over(self, view: MarketView) -> bool:
        """Go on with a kept plan, and close a position found without one; return whether either."""
        took, now_ns = False, view.chain.ts_event
        if self._trade is None and (kept := self._leftovers.next_resumed()) is not None:
            took, trade = True, self._trade_of(kept, view)
            self._trade = trade
            trade.resume(now_ns)
            test_ns = self.session.exercise_test_ns
            self._exercise_test_due = test_ns is not None and now_ns >= test_ns
            if self._entries_halted:
                trade.exit(ExpiryReason.FLATTEN_DEADLINE, now_ns)
            else:
                self._work(trade, view)
        if self._left is None and (found := self._leftovers.next_plan()) is not None:
            took, self._left = True, self._trade_of(found, view)
            self._left.exit(ExitReason.RESTART, now_ns)
        return took

    def _drop(self, kept: KeptPlan) -> None:
        """Give up a plan that its positions do not fit; they are closed without it.

        What it made is not known: it is no loss, and ends no row of losses.
        """
        self.allotment.released(kept.state.plan.plan_id)
        ended = msgspec.structs.replace(
            kept.state, ts_event=self.clock.timestamp_ns(), phase=PlanPhase.CLOSED,
            exit_reason=ExitReason.RESTART, held=0, sold=0, cash=math.nan,
        )  # fmt: skip
        self._record.plan(ended)

    # -- one plan -------------------------------------------------------------------------------

    def _enter(self, plan: TradePlan, view: MarketView) -> None:
        now_ns = view.chain.ts_event
        refusal = self.allotment.request(
            plan.plan_id, plan.direction, plan.worst_loss_usd, view.state, now_ns
        )
        if refusal is not None:
            if refusal.reason is not self._refused_for:
                self._refused_for = refusal.reason
                self._record.decision(
                    DecisionKind.REFUSE, refusal.reason, plan.plan_id, plan.instrument_id,
                    OrderSide.BUY, plan.quantity, plan.entry_cap, refusal.figures,
                )  # fmt: skip
            return
        self._refused_for = None
        self.trades += 1
        self.last_entry_ns = now_ns
        self._trade = self._trade_of(ManagedPlan(plan), view)
        self._trade.enter()

    def _work(self, trade: Trade, view: MarketView) -> None:
        now_ns = view.chain.ts_event
        forced = self._forced_exit(trade.managed, view)
        if trade.is_exiting:
            reason = forced  # a close at leisure is in no hurry until it is told
        else:
            reason = forced or trade.due_exit() or self.wants_out(view, trade.managed)
        if reason is not None:
            trade.exit(reason, now_ns)
            return
        if not self.entries_allowed(view):
            trade.stop_entering()
        trade.work()

    def _forced_exit(self, managed: ManagedPlan, view: MarketView) -> StrEnum | None:
        """Return why the plan must go: the risk mode, a level entered since, or a hand-over."""
        if self.picture.mode >= RiskMode.FLATTEN:
            return ExitReason.RISK_FLATTEN
        state = view.state
        entered_since = state.since_ns > managed.plan.decided_ns
        if entered_since and self.allotment.action(state.level).exits_forced:
            return ExitReason.STATE_FORCED
        return self.allotment.asked_to_close()

    def _trade_of(self, managed: ManagedPlan, view: MarketView) -> Trade:
        return Trade(
            managed,
            self._row,
            view.chain,
            sender=self._sender,
            record=self._record,
            allotment=self.allotment,
            close_ns=self.session.close_ns,
            least_purpose=Purpose.EMERGENCY if self._entries_halted else Purpose.EXIT,
            protective=self.session.protective,
        )

    def _forget_if_over(self) -> None:
        if self._left is not None and self._left.is_over:
            self._left = None
        if self._trade is None or not self._trade.is_over:
            return
        managed, self._trade = self._trade.managed, None
        if round(managed.cash, 6) < 0:
            self.last_loss_ns = self.clock.timestamp_ns()
        self.allotment.released(managed.plan.plan_id)

    # -- the account's risk ---------------------------------------------------------------------

    def _on_picture(self, picture: Any) -> None:
        self.picture = picture

    def _on_risk_change(self, change: Any) -> None:
        # What changed it may be this strategy's own command, whose events come first.
        self._sender.defer(self._take_risk_change, change)

    def _take_risk_change(self, change: RiskChange) -> None:
        """Do what the mode asks for: no entries, or out at once, or nothing that is in the way."""
        before = self.picture.mode
        self.picture = msgspec.structs.replace(self.picture, mode=change.mode)
        if before < RiskMode.HALT_ENTRIES <= change.mode:
            self._record.decision(
                DecisionKind.REFUSE, change.mode.name, None, "", OrderSide.BUY, 0, math.nan,
                change.figures,
            )  # fmt: skip
        if change.mode is RiskMode.KILLED and change.text == DIRECT:
            self._is_taken_over = self._sender.stopped = True
        elif self._is_taken_over and change.mode < RiskMode.KILLED:
            self._is_taken_over = self._sender.stopped = False
        if self._sender.stopped:
            return
        for trade in self._trades():
            if change.mode >= RiskMode.FLATTEN:
                trade.exit(ExitReason.RISK_FLATTEN, self.clock.timestamp_ns(), change.figures)
            elif change.mode >= RiskMode.HALT_ENTRIES:
                trade.stop_entering()
        self._forget_if_over()

    # -- the last day's deadlines ---------------------------------------------------------------

    def _on_flatten(self, _event: TimeEvent) -> None:
        self._entries_halted = True
        for trade in self._trades():
            trade.exit(ExpiryReason.FLATTEN_DEADLINE, self.clock.timestamp_ns())
        self._forget_if_over()

    def _on_exercise_test(self, _event: TimeEvent) -> None:
        self._exercise_test_due = True
        if self.view is not None:
            self._test_exercise(self.view)

    def _test_exercise(self, view: MarketView) -> None:
        """Do what the broker would do: sell at once what the account cannot exercise.

        Without a spot there is no verdict, and the test stays due. A spread goes as a whole.
        """
        if math.isnan(view.chain.spot):
            return
        self._exercise_test_due = False
        for trade in self._trades():
            close = exercise_close(
                trade.managed.plan,
                self.cache,
                view.chain.spot,
                can_short_shares=self.session.can_short_shares,
            )
            if close is not None:
                trade.exit(close.reason, self.clock.timestamp_ns(), close.figures)
        self._forget_if_over()
