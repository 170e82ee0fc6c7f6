"""Parameters of the anomaly strategy: every stage's, with defaults for trades of minutes."""

from typing import Annotated

import msgspec

from autotrade_0dte.execution.exits import ExitParams, Gain, Seconds, Share
from autotrade_0dte.selection.params import SelectionParams
from autotrade_0dte.signals.composer import FactorWeights, SignalParams, Weight
from autotrade_0dte.signals.filters import FilterParams
from autotrade_0dte.signals.trigger import TriggerParams
from autotrade_strategies.signal_strategy import TrackParams

__all__ = ["AnomalyExits", "AnomalyFilters", "AnomalyParams", "AnomalySelection", "AnomalySignal"]
__all__ += ["AnomalyWeights"]


class AnomalyWeights(FactorWeights, frozen=True, forbid_unknown_fields=True):
    """Weight of each factor; only their proportions count. None was fitted to data.

    Parameters
    ----------
    trend, vwap, opening_range, gamma : float, default 0.25
        What looks back over the session, or at where dealers stood before, says little about the
        next minutes of an unusual market.
    """

    trend: Weight = 0.25
    vwap: Weight = 0.25
    opening_range: Weight = 0.25
    gamma: Weight = 0.25


class AnomalySignal(SignalParams, frozen=True, forbid_unknown_fields=True):
    """How factors become the anomaly track's signal. None was fitted to data.

    Parameters
    ----------
    validity_s : float, default 120
        Time from a direction's begin in which it may be acted on, seconds: as long as the act
        window. Not below the spacing of the data.
    priority : int, default 10
        Above the regular track's: its reason is over sooner.
    """

    weights: AnomalyWeights = AnomalyWeights()
    validity_s: Annotated[float, msgspec.Meta(gt=0, le=23_400)] = 120.0
    priority: Annotated[int, msgspec.Meta(ge=-100, le=100)] = 10


class AnomalyFilters(FilterParams, frozen=True, forbid_unknown_fields=True):
    """Limits of the anomaly track's filters. None was fitted to data.

    The widest spread is that of the regular track. A sudden move widens spreads and may still be
    worth them, which selection judges for each contract; in a liquidity drought they take more, and
    nothing is done.

    Parameters
    ----------
    warm_up_s : float, default 300
        No entry in the first seconds after the open, which are unusual each day.
    last_entry_before_close_s : float, default 1800
        No entry in the last seconds before the close: the trade is over in minutes.
    cool_down_s : float, default 30
        Pause after a decision to enter, seconds: within the act window, so that a second attempt is
        possible.
    loss_cool_down_s : float, default 60
        Pause after a losing trade was closed, seconds, likewise.
    """

    warm_up_s: Annotated[float, msgspec.Meta(ge=0, le=23_400)] = 300.0
    last_entry_before_close_s: Annotated[float, msgspec.Meta(ge=0, le=23_400)] = 1_800.0
    cool_down_s: Annotated[float, msgspec.Meta(ge=0, le=23_400)] = 30.0
    loss_cool_down_s: Annotated[float, msgspec.Meta(ge=0, le=23_400)] = 60.0


class AnomalySelection(SelectionParams, frozen=True, forbid_unknown_fields=True):
    """Which contracts the anomaly track may buy.

    Parameters
    ----------
    max_quote_age_s : float, default 5
        Oldest quote to trade on, seconds: one from before the move is not there any more.
    """

    max_quote_age_s: Annotated[float, msgspec.Meta(gt=0, le=3_600)] = 5.0


class AnomalyExits(ExitParams, frozen=True, forbid_unknown_fields=True):
    """When the anomaly track's orders and positions end.

    What a sudden move gives it gives soon, and it takes it back as fast: everything is nearer than
    in a regular trade.

    Parameters
    ----------
    profit_fraction : float, default 0.4
        Target, gain as a fraction of the cost.
    loss_fraction : float, default 0.25
        Stop: a move that turns has not been one to follow.
    trail_after_fraction : float, default 0.15
        Gain from which on the best gain is guarded; above the spread that was paid.
    trail_fraction : float, default 0.4
        Share of the best gain given back before the guarded position is closed.
    theta_burn_fraction : float, default 0.15
        Time value lost since the entry at which a position worth no more than its cost is closed.
    hold_s : int, default 300
        Longest time from the decision to the close, seconds.
    entry_timeout_s : int, default 10
        What is not bought by then is given up, seconds.
    leg_timeout_s : int, default 5
        Longest time that bought contracts wait for the option sold against them, seconds.
    """

    profit_fraction: Gain = 0.4
    loss_fraction: Share = 0.25
    trail_after_fraction: Gain | None = 0.15
    trail_fraction: Share = 0.4
    theta_burn_fraction: Gain = 0.15
    hold_s: Seconds = 300
    entry_timeout_s: Seconds = 10
    leg_timeout_s: Seconds = 5


class AnomalyParams(TrackParams, frozen=True, forbid_unknown_fields=True):
    """Parameters of the anomaly strategy; none was fitted to data.

    Parameters
    ----------
    trigger : TriggerParams
        The move of an episode, and when it may be acted on.
    signal : AnomalySignal
        How factors become a signal.
    filters : AnomalyFilters
        What keeps it from being acted on.
    selection : AnomalySelection
        Which contracts may be bought.
    exits : AnomalyExits
        When the position is closed.
    risk_usd : float, default 250
        Most that one trade may lose in its worst scenario, fees included, dollars, times the size
        factor of the action table: half a regular trade, as fills are worse.
    max_contracts : int, default 5
        Largest order; less is shown when the market is unusual.
    max_attempts : int, default 2
        Entries an episode: a second chance after a false start, not a third.
    max_losing_episodes : int, default 2
        Episodes with a losing trade after which the session has no further entries: the day's moves
        are of another kind than the stance takes them for.
    """

    trigger: TriggerParams = TriggerParams()
    signal: AnomalySignal = AnomalySignal()
    filters: AnomalyFilters = AnomalyFilters()
    selection: AnomalySelection = AnomalySelection()
    exits: AnomalyExits = AnomalyExits()
    risk_usd: Annotated[float, msgspec.Meta(gt=0, le=1e9)] = 250.0
    max_contracts: Annotated[int, msgspec.Meta(ge=1, le=10_000)] = 5
    max_attempts: Annotated[int, msgspec.Meta(ge=1, le=20)] = 2
    max_losing_episodes: Annotated[int, msgspec.Meta(ge=1, le=100)] = 2
