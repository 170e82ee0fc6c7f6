"""The risk controller: says what may be done, and closes everything when nothing may be held.

What makes a mode is decided in `risk.ladder`; here are the engine's messages and commands. It is an
actor and not the engine's Controller, which a backtest and a live node make themselves from a class
path, without the objects that the parts of a node share.
"""

import datetime as dt
import math
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any, Self

import msgspec
from nautilus_trader.common import DataActor, TimeEvent

from autotrade_0dte.actors.event_gate import EventGate
from autotrade_0dte.actors.risk_rows import RiskRows
from autotrade_0dte.actors.trading_session import TradingSession
from autotrade_0dte.actors.untold_orders import UntoldOrders
from autotrade_0dte.actors.views import RISK_TURN, market_topic
from autotrade_0dte.calendar import NEW_YORK
from autotrade_0dte.chain.snapshot import ChainSnapshot
from autotrade_0dte.execution.plan_state import PLAN_TOPIC, PlanPhase, PlanState
from autotrade_0dte.execution.quality import QUALITY_TOPIC, Breach
from autotrade_0dte.execution.walk_record import WALK_TOPIC, WalkEvent
from autotrade_0dte.risk.account_value import (
    AccountRisk,
    account_risk,
    held_lines,
    newest_quote_age,
)
from autotrade_0dte.risk.day_ledger import DayLedger
from autotrade_0dte.risk.exposure import Exposure
from autotrade_0dte.risk.ladder import Reading, RiskLadder
from autotrade_0dte.risk.ladder_state import LADDER_TOPIC, DayState, LadderState
from autotrade_0dte.risk.mode import DIRECT, RISK_TOPIC, RiskChange, RiskMode, Trigger
from autotrade_0dte.risk.params import RiskParams
from autotrade_0dte.risk.picture import PICTURE_TOPIC, RiskPicture
from autotrade_0dte.risk.report import REARM_TOPIC, REPORT_TOPIC, Rearm, RiskReport
from autotrade_0dte.risk.rungs import BY_WORD, report_figure
from autotrade_0dte.risk.set_stress import STRESS_TOPIC, SetStress
from autotrade_0dte.risk.stress_params import stress_times

__all__ = ["RiskController"]

_TIMER = "risk-look"
_GRACE = "risk-grace"
_LOOK = dt.timedelta(seconds=1)
_NS = 1_000_000_000
_KEEP_NS = 5 * _NS
_GRACE_NS = _NS
"""Time between two looks at what is left, after the grace."""
_REJECTS = (WalkEvent.REJECTED, WalkEvent.MODIFY_REJECTED, WalkEvent.CANCEL_REJECTED)


class RiskController(DataActor):
    """Publishes what may be done, and the account's risk, at each view before anything is decided.

    A picture of the risk that says the same as the one before is published once a minute only.

    When the mode becomes KILLED it cancels all that is at work before it says so. What a strategy
    holds and has no order to close `flatten_grace_s` after FLATTEN is closed by the engine, at
    market; not where another process closes everything at the broker (`mode.DIRECT`).

    Parameters
    ----------
    session : TradingSession
        The session and its contracts.
    params : RiskParams
        The ladder, the grid, and the limits that use is measured against.
    exposure : Exposure
        What is held, and the cash; kept by the order desk.
    strategies : sequence of Strategy
        Whose positions there are.
    cancel_all : callable
        Cancels every order at work, at once: the order desk's, which strategies expect it from.
    kept : LadderState, optional
        What a process before this one left.
    is_live : bool, default false
        Whether time passes between the market's events: a timer looks then, too.

    Attributes
    ----------
    rows : RiskRows
        What the run folder has of it.
    """

    def __new__(cls, *_args: Any, **_kwargs: Any) -> Self:
        """Pass none of the arguments on: the engine's base class accepts only a configuration."""
        return super().__new__(cls)

    def __init__(
        self,
        session: TradingSession,
        params: RiskParams,
        exposure: Exposure,
        strategies: Sequence[Any],
        cancel_all: Callable[[], None],
        *,
        kept: LadderState | None = None,
        is_live: bool = False,
    ) -> None:
        super().__init__()
        self.rows = RiskRows()
        self._session = session
        self._params = params
        self._limits = params.limits.portfolio
        self._exposure = exposure
        self._strategies = strategies
        self._cancel_all = cancel_all
        self._is_live = is_live
        self._rows = {name: row for row, name in enumerate(session.instrument_ids)}
        self._chain: ChainSnapshot | None = None
        date = dt.datetime.fromtimestamp(session.open_ns / _NS, NEW_YORK).date()
        self._stress = SetStress(params.stress, stress_times(params.stress, date))
        self._gate = EventGate()
        self._ladder = RiskLadder(params.ladder, session.open_ns)
        self._day = DayLedger(DayState())
        if kept is not None:
            self._ladder = RiskLadder.restored(params.ladder, session.open_ns, kept)
            if kept.session_ns == session.open_ns:
                self._day = DayLedger(kept.day)
        self._untold = UntoldOrders(session.kept)
        # A process killed between the row of a plan and that of the counters has not counted it.
        for plan in sorted(session.kept, key=lambda plan: plan.state.ts_event):
            if plan.state.plan.decided_ns >= session.open_ns:
                self._count(plan.state)
        self._is_restored = kept is not None
        self._is_told = False
        self._is_valued = False
        self._told: tuple[object, ...] = ()
        self._word: Rearm | None = None
        self._breaches: set[str] = set()
        self._now_ns = 0
        self._keep_ns = 0
        self._kept_peak = self._ladder.peak_equity
        self._is_direct = False

    def on_start(self) -> None:
        self._cache: Any = self.cache  # asking the engine for it takes longer than using it
        self.subscribe_topic(market_topic(self._session.underlying), self._on_view, RISK_TURN)
        self._hear(PLAN_TOPIC, self._take_plan)
        self._hear(WALK_TOPIC, self._take_walk)
        self._hear(QUALITY_TOPIC, self._take_quality)
        self._hear(REPORT_TOPIC, self._take_report)
        self._hear(REARM_TOPIC, self._take_rearm)
        if self._is_restored:
            # At once, lest what is told before the first view is taken for what was told before.
            self._tell(self._ladder.watch_anew(self._at(self.clock.timestamp_ns())))
        if self._is_live:
            self.clock.set_timer(_TIMER, _LOOK, callback=self._on_timer)

    def on_stop(self) -> None:
        self.clock.cancel_timers()

    def _hear(self, topic: str, take: Callable[[Any], None]) -> None:
        self.subscribe_topic(topic, partial(self._gate.receive, take))

    # -- what is seen ---------------------------------------------------------------------------

    def _on_view(self, view: Any) -> None:
        chain, book = view.chain, self._exposure
        self._chain = chain
        now_ns = self._at(chain.ts_event)
        self._begin(now_ns)
        lines = held_lines(book) if book.lines else ()
        if lines:
            risk = account_risk(chain, lines, book.cash, self._params.grid)
            uses = risk.scenario_use(self._limits), risk.greeks_use(self._limits)
        else:
            risk, uses = AccountRisk(book.cash), (0.0, 0.0)
        result = self._stress.look(chain, lines, risk.equity)
        if result is not None:
            self.rows.stress(result)
            self._publish(STRESS_TOPIC, result)
        level = float(view.state.level)
        reading = Reading(risk.equity, *uses, level, newest_quote_age(chain))
        self._tell(self._ladder.take(now_ns, reading))
        self._count_untold()
        if not (self._is_valued or math.isnan(risk.equity)):
            self._is_valued = True
            self._rearm_again(now_ns)
        self._tell_picture(now_ns, risk)
        if now_ns >= self._keep_ns and self._ladder.peak_equity != self._kept_peak:
            self._keep()

    def _on_timer(self, _event: TimeEvent) -> None:
        now_ns = self._at(self.clock.timestamp_ns())
        if now_ns < self._session.close_ns:  # no quotes come after it
            self._tell(self._ladder.pass_time(now_ns))

    def _take_plan(self, state: PlanState) -> None:
        if self._count(state):
            self._keep()

    def _count(self, state: PlanState) -> bool:
        """Count a plan's entry and its end, each once; return whether either is new."""
        self._untold.told(state)
        plan = f"{state.track}:{state.plan.plan_id}"
        is_new = state.bought > 0 and self._day.entered(plan)
        if state.phase == PlanPhase.CLOSED and state.bought > 0:
            net_usd = state.cash * self._session.multiplier - state.fees_usd
            legs = 1 if state.plan.short_instrument_id is None else 2
            is_new |= self._day.closed(plan, legs, net_usd, state.ts_event)
        return is_new

    def _count_untold(self) -> None:
        """Count what was opened and closed by hand or by another tool, as far as it is known."""
        trips = list(self._untold.trips(self._cache))
        for trip in trips:
            self._day.closed(f"order:{trip.order_id}", 1, trip.net_usd, trip.ts_closed)
        if trips:
            self._keep()

    def _take_walk(self, record: Any) -> None:
        if record.event in _REJECTS:
            now_ns = self._at(record.ts_event)
            self._tell(self._ladder.report(Trigger.REJECTS, 1.0, now_ns, record.text))

    def _take_quality(self, change: Any) -> None:
        begins = isinstance(change, Breach)
        (self._breaches.add if begins else self._breaches.discard)(change.code)
        now_ns = self._at(change.since_ns if begins else change.ts_event)
        text = ", ".join(sorted(self._breaches))
        self._tell(self._ladder.report(Trigger.EXECUTION, float(len(self._breaches)), now_ns, text))

    def _take_report(self, report: RiskReport) -> None:
        if report.trigger in BY_WORD:
            self._word = None  # which was about what was there when it was given
        figure = report_figure(report)
        now_ns = self._at(report.ts_event)
        self._tell(self._ladder.report(report.trigger, figure, now_ns, report.text))

    def _take_rearm(self, word: Rearm) -> None:
        if not self._is_valued:
            self._word = word
        self._rearm(word, word.ts_event)

    def _rearm_again(self, now_ns: int) -> None:
        """Let the word of before the first value of the account end what that shows to be over."""
        word, self._word = self._word, None
        if word is not None:
            self._rearm(word, now_ns)

    def _rearm(self, word: Rearm, now_ns: int) -> None:
        self._tell(self._ladder.rearm(self._at(now_ns), f"{word.by}: {word.reason}"))

    def _begin(self, now_ns: int) -> None:
        """Say at the first view what stands since before it, now that the strategies listen."""
        if not self._is_told:
            self._is_told = True
            self._tell(self._ladder.told_anew(now_ns))

    def _at(self, ts_event: int) -> int:
        """Return an instant that does not go back: what is told comes late, and clocks differ."""
        self._now_ns = max(self._now_ns, ts_event)
        return self._now_ns

    # -- what is said and done ------------------------------------------------------------------

    def _tell(self, changes: Sequence[RiskChange]) -> None:
        if changes:
            self._keep()  # first: what follows may be the last thing that this process does
        for change in changes:
            self._do(change)

    def _do(self, change: RiskChange) -> None:
        killed = change.mode is RiskMode.KILLED
        is_direct = killed and change.text == DIRECT
        if killed and (change.before is not RiskMode.KILLED or (is_direct and not self._is_direct)):
            self._gate.command(self._cancel_all)  # before anything that could fail
        self.rows.change(change)
        self.log.warning(
            f"{change.trigger} {'begins' if change.begins else 'ends'}: {change.before.name} -> "
            f"{change.mode.name}, {dict(change.figures)} {change.text}"
        )
        is_ours_again = self._is_direct and not is_direct
        self._is_direct = is_direct
        self._publish(RISK_TOPIC, change)
        if change.mode >= RiskMode.FLATTEN and (change.before < RiskMode.FLATTEN or is_ours_again):
            self._alert(round(self._params.ladder.flatten_grace_s * _NS))

    def _on_grace(self, _event: TimeEvent) -> None:
        """Have the engine close what no strategy is closing, until nothing is held."""
        if self._ladder.mode < RiskMode.FLATTEN or self._is_direct:
            return
        if self._cache.positions_open():
            self._alert(_GRACE_NS)
        for strategy in self._strategies:
            if not strategy.is_exiting() and self._is_left(strategy.strategy_id):
                self.log.warning(f"{strategy.strategy_id} does not close: closed at market")
                self._gate.command(strategy.market_exit)

    def _is_left(self, name: Any) -> bool:
        """Return whether a strategy holds what no order of its own closes and somebody would take.

        Without a bid the engine's exit would send order after order.
        """
        for position in self._cache.positions_open(strategy_id=name):
            held, contract = int(position.signed_qty), str(position.instrument_id)
            closing = sum(
                working.left
                for working in self._exposure.orders.values()
                if working.order.contract.name == contract
                and working.order.owner.strategy == str(name)
                and working.order.quantity * held < 0
                and not working.order.is_stop
            )
            if closing < abs(held) and self._has_taker(contract, held):
                return True
        return False

    def _has_taker(self, contract: str, held: int) -> bool:
        """Return whether there is another side, as far as is known."""
        chain, row = self._chain, self._rows.get(contract)
        if chain is None or row is None:
            return True
        return bool((chain.bid if held > 0 else chain.ask)[row] != 0.0)

    def _alert(self, after_ns: int) -> None:
        self.clock.set_time_alert_ns(_GRACE, self.clock.timestamp_ns() + after_ns, self._on_grace)

    def _tell_picture(self, now_ns: int, risk: AccountRisk) -> None:
        """Publish the picture where it says anything new, and once a minute."""
        ladder, counters = self._ladder, self._day.counters
        told = ladder.mode, ladder.trigger, ladder.start_equity, ladder.peak_equity, counters, risk
        if told == self._told and not self.rows.is_picture_due(now_ns):
            return
        self._told = told
        picture = RiskPicture(
            ts_event=now_ns,
            mode=ladder.mode,
            trigger=ladder.trigger,
            equity=risk.equity,
            start_equity=ladder.start_equity,
            peak_equity=ladder.peak_equity,
            counters=counters,
            worst_loss_usd=risk.worst_loss_usd,
            delta_usd=risk.delta_usd,
            gamma_usd=risk.gamma_usd,
            vega_usd=risk.vega_usd,
            theta_usd=risk.theta_usd,
            premium_usd=risk.premium_usd,
        )
        self.rows.picture(picture)
        self._publish(PICTURE_TOPIC, picture)

    def _keep(self) -> None:
        """Have the state kept: at every change, and while the peak rises."""
        self._keep_ns = self._now_ns + _KEEP_NS
        self._kept_peak = self._ladder.peak_equity
        self._publish(LADDER_TOPIC, self._ladder.state(self._day.state))

    def _publish(self, topic: str, message: msgspec.Struct) -> None:
        self._gate.command(self.publish_message, topic, message)
