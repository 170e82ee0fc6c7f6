"""The anomaly strategy: trades the first minutes of an unusual market, follow or fade."""

from enum import StrEnum
from typing import Annotated

import msgspec

from autotrade_0dte.actors.trading_session import TradingSession
from autotrade_0dte.execution.coordinator import Allotment
from autotrade_0dte.execution.exits import ExitParams, ExitReason
from autotrade_0dte.execution.managed_plan import ManagedPlan
from autotrade_0dte.execution.plan import TradePlan
from autotrade_0dte.market_state.state import Level
from autotrade_0dte.market_state.view import MarketView
from autotrade_0dte.selection.params import SelectionParams
from autotrade_0dte.signals.composer import FactorWeights, SignalParams
from autotrade_0dte.signals.filters import FilterParams
from autotrade_0dte.signals.signal import Signal, SignalRefusal
from autotrade_0dte.signals.trigger import Trigger, TriggerParams
from autotrade_strategies.signal_strategy import SignalStrategy, TrackParams

__all__ = ["AnomalyParams", "AnomalyStrategy"]

_FAST_WEIGHTS = FactorWeights(trend=0.25, vwap=0.25, opening_range=0.25, gamma=0.25)


class AnomalyParams(TrackParams, frozen=True, forbid_unknown_fields=True):
    """Parameters of the anomaly strategy; none was fitted to data.

    Its tables have the keys of the regular strategy's with defaults for trades of minutes.

    Parameters
    ----------
    trigger : TriggerParams
        The move of an episode, and when it may be acted on.
    signal : SignalParams
        Trend, VWAP, opening range and gamma weigh 0.25: what looks back over the session says
        little about the next minutes. `validity_s` is 120, the act window, and `priority` 10.
    filters : FilterParams
        `warm_up_s` is 300, as the first minutes are unusual each day; `last_entry_before_close_s`
        1800, as the trade is over in minutes; `cool_down_s` and `loss_cool_down_s` 30 and 60,
        within the act window. `max_spread_fraction` stays 0.10: a sudden move widens spreads and
        may still pay them, which selection judges for each contract; in a liquidity drought they
        take more than a tenth, and nothing is done.
    selection : SelectionParams
        `max_quote_age_s` is 5: a quote from before the move is not there any more.
    exits : ExitParams
        Target 0.4, stop 0.25, gains guarded from 0.15 on with 0.4 of the best given back, theta
        burn 0.15, 300 s at most, 10 s to enter and 5 s for a second leg: what a sudden move gives
        it gives soon, and takes back as fast.
    risk_usd : float, default 250
        Most that one trade may lose in its worst scenario, fees included, dollars, times the size
        factor of the action table: half a regular trade, as fills are worse.
    max_contracts : int, default 5
        Largest order; less is shown when the market is unusual.
    max_attempts : int, default 2
        Entries an episode: a second chance after a false start, not a third.
    max_losing_episodes : int, default 2
        Episodes with a losing trade after which the session has no further entries: the day's
        moves are of another kind than the stance takes them for.
    """

    trigger: TriggerParams = TriggerParams()
    signal: SignalParams = SignalParams(weights=_FAST_WEIGHTS, validity_s=120.0, priority=10)
    filters: FilterParams = FilterParams(
        warm_up_s=300.0,
        last_entry_before_close_s=1_800.0,
        cool_down_s=30.0,
        loss_cool_down_s=60.0,
    )
    selection: SelectionParams = SelectionParams(max_quote_age_s=5.0)
    exits: ExitParams = ExitParams(
        profit_fraction=0.4,
        loss_fraction=0.25,
        trail_after_fraction=0.15,
        trail_fraction=0.4,
        theta_burn_fraction=0.15,
        hold_s=300,
        entry_timeout_s=10,
        leg_timeout_s=5,
    )
    risk_usd: Annotated[float, msgspec.Meta(gt=0, le=1e9)] = 250.0
    max_contracts: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 5
    max_attempts: Annotated[int, msgspec.Meta(ge=1, le=20)] = 2
    max_losing_episodes: Annotated[int, msgspec.Meta(ge=1, le=100)] = 2


class AnomalyStrategy(SignalStrategy):
    """Follows (or fades) the move that an unusual market begins with, soon or not at all.

    It watches from L1 on: from where the move came, and how far it has gone. It acts at the levels
    at which the action table lets it, by default L2 and L3, for a short while after the first of
    them, when the move is confirmed and the factors point the same way. It is out when the market
    is calm again, or when the signal turns.
    """

    Params = AnomalyParams
    params: AnomalyParams

    def __init__(
        self, session: TradingSession, params: AnomalyParams, allotment: Allotment
    ) -> None:
        super().__init__(session, params, allotment)
        self._trigger = Trigger(params.trigger)
        self._episode_ns = 0
        self._trades_before = 0
        self._entered_in_ns = 0
        self._loss_seen_ns = 0
        self._lost_in_ns: set[int] = set()

    def observe(self, view: MarketView) -> None:
        self._trigger.update(view)
        self._follow_episodes()
        signal = self.read_signal(view)
        if signal.refusal is None:
            signal = self._held_to_the_episode(signal)
        self.signal = signal

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
        """Note when an episode begins, and in which one a trade was lost."""
        if self._trigger.onset_ns != self._episode_ns:
            self._episode_ns = self._trigger.onset_ns
            self._trades_before = self.trades
        if self.last_loss_ns != self._loss_seen_ns:
            self._loss_seen_ns = self.last_loss_ns
            self._lost_in_ns.add(self._entered_in_ns)

    def _held_to_the_episode(self, signal: Signal) -> Signal:
        """Return the signal, refused where the episode gives no reason to act on it."""
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
