"""The anomaly strategy: trades the first minutes of an unusual market, follow or fade."""

from enum import StrEnum

import msgspec

from autotrade_0dte.actors.trading_session import TradingSession
from autotrade_0dte.execution.coordinator import Allotment
from autotrade_0dte.execution.exits import ExitReason
from autotrade_0dte.execution.managed_plan import ManagedPlan
from autotrade_0dte.execution.plan import TradePlan
from autotrade_0dte.market_state.state import Level
from autotrade_0dte.market_state.view import MarketView
from autotrade_0dte.signals.signal import Signal, SignalRefusal
from autotrade_0dte.signals.trigger import Trigger
from autotrade_strategies.anomaly_params import AnomalyParams
from autotrade_strategies.signal_strategy import SignalStrategy

__all__ = ["AnomalyParams", "AnomalyStrategy"]


class AnomalyStrategy(SignalStrategy):
    """Follows (or fades) the move that an unusual market begins with, soon or not at all.

    It wakes at L1: its signal begins with the move, and it watches where that came from and how far
    it has gone. From L2 on, at the levels at which the action table lets it, it acts for a
    short while after the rise, when the move is confirmed and the factors point the same way. It is
    out when the market is calm again, or when the signal turns.
    """

    Params = AnomalyParams
    params: AnomalyParams

    def __init__(
        self, session: TradingSession, params: AnomalyParams, allotment: Allotment
    ) -> None:
        super().__init__(session, params, allotment)
        self._trigger = Trigger(params.trigger)
        self._begun_ns = 0
        self._episode_ns = 0
        self._trades_before = 0
        self._entered_in_ns = 0
        self._loss_seen_ns = 0
        self._lost_in_ns: set[int] = set()

    def observe(self, view: MarketView) -> None:
        self._trigger.update(view)
        self._follow_episodes()
        self.signal = self._signal_of_episode(view) if self._episode_ns else None

    def decide(self, view: MarketView) -> TradePlan | None:
        signal = self.signal
        if signal is None or signal.refusal is not None:
            return None
        self._entered_in_ns = self._episode_ns
        way = "UP" if signal.direction > 0 else "DOWN"
        return self.plan_for(
            view, signal, f"{self.params.trigger.stance.upper()}_{way}", self._trigger.figures
        )

    def wants_out(self, view: MarketView, managed: ManagedPlan) -> StrEnum | None:
        if view.state.level is Level.CALM:
            return ExitReason.EVENT_OVER
        if self.signal is not None and self.signal.direction == -managed.plan.direction:
            return ExitReason.SIGNAL_REVERSAL
        return None

    def _follow_episodes(self) -> None:
        """Note when an episode or a move of it begins, and in which one a trade was lost."""
        if self._trigger.onset_ns != self._episode_ns:
            self._episode_ns = self._trigger.onset_ns
            self._trades_before = self.trades
        if self._trigger.begun_ns != self._begun_ns:
            self._begun_ns = self._trigger.begun_ns
            self.begin_signals()
        if self.last_loss_ns != self._loss_seen_ns:
            self._loss_seen_ns = self.last_loss_ns
            self._lost_in_ns.add(self._entered_in_ns)

    def _signal_of_episode(self, view: MarketView) -> Signal:
        """Return the signal, refused where the episode gives no reason to act on it."""
        signal = self.read_signal(view)
        if signal.refusal is not None:
            return signal
        refusal, figures = self._refusal(signal)
        if refusal is None:
            return signal
        return msgspec.structs.replace(signal, refusal=refusal, figures=figures)

    def _refusal(self, signal: Signal) -> tuple[SignalRefusal | None, dict[str, float]]:
        lost, attempts = len(self._lost_in_ns), self.trades - self._trades_before
        if lost >= self.params.max_losing_episodes:
            return SignalRefusal.LOSING_EPISODES, {"losing_episodes": float(lost)}
        if attempts >= self.params.max_attempts:
            return SignalRefusal.MAX_ATTEMPTS, {"attempts": float(attempts)}
        refusal, figures = self._trigger.refusal(signal.ts_event)
        if refusal is None and signal.direction != self._trigger.direction:
            return SignalRefusal.AGAINST_TRIGGER, self._trigger.figures
        return refusal, figures
