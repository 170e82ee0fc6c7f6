"""The regular strategy: trades the signal of ordinary hours."""

from enum import StrEnum

from autotrade_0dte.execution.exits import ExitReason
from autotrade_0dte.execution.managed_plan import ManagedPlan
from autotrade_0dte.execution.plan import TradePlan
from autotrade_0dte.market_state.view import MarketView
from autotrade_strategies.signal_strategy import SignalStrategy, TrackParams

__all__ = ["RegularParams", "RegularStrategy"]


class RegularParams(TrackParams, frozen=True, forbid_unknown_fields=True):
    """Parameters of the regular strategy; none was fitted to data.

    Parameters
    ----------
    signal : SignalParams
        How factors become a signal.
    filters : FilterParams
        What keeps it from being acted on.
    selection : SelectionParams
        Which contracts may be bought.
    exits : ExitParams
        When the position is closed.
    risk_usd : float, default 500
        Most that one trade may lose in its worst scenario, fees included, dollars, times the size
        factor of the action table: 2 % of the default account.
    max_contracts : int, default 10
        Largest order; near the money that is what is usually shown at the touch or less.
    """


class RegularStrategy(SignalStrategy):
    """Buys the best contract in the signal's direction, and sells when the signal turns.

    When to enter is the signal's matter: strength, agreement and every filter have been judged when
    it carries no refusal. Target, stop and the other exits are the plan's.
    """

    Params = RegularParams
    params: RegularParams

    def observe(self, view: MarketView) -> None:
        self.signal = self.read_signal(view)

    def decide(self, view: MarketView) -> TradePlan | None:
        signal = self.signal
        if signal is None or signal.refusal is not None:
            return None
        return self.plan_for(view, signal, "SIGNAL_UP" if signal.direction > 0 else "SIGNAL_DOWN")

    def wants_out(self, _view: MarketView, managed: ManagedPlan) -> StrEnum | None:
        if self.signal is None or self.signal.direction != -managed.plan.direction:
            return None
        return ExitReason.SIGNAL_REVERSAL
