"""The account's risk at one instant, as the controller publishes it and the gate reads it."""

import math

import msgspec

from autotrade_0dte.risk.mode import RiskMode, Trigger

__all__ = ["PICTURE_TOPIC", "UNKNOWN", "DayCounters", "RiskPicture"]

PICTURE_TOPIC = "risk.picture"
"""Topic of the engine's bus that each `RiskPicture` is published on, before tracks see a view."""


class DayCounters(msgspec.Struct, frozen=True):
    """What a session has used up; kept over restarts.

    Parameters
    ----------
    entries : int
        Plans whose entry has filled at all.
    losses_in_row : int
        Closed plans at a loss, fees included, since the last one without; round trips of orders
        without a plan, such as those made by hand, count as plans.
    last_loss_ns : int
        When the last one closed, UTC ns; 0 for none.
    day_trades : int
        What a day-trading rule counts: each contract of a plan that was opened and closed, once,
        however many were bought; of orders without a plan each round trip of a contract.
    """

    entries: int = 0
    losses_in_row: int = 0
    last_loss_ns: int = 0
    day_trades: int = 0


class RiskPicture(msgspec.Struct, frozen=True, kw_only=True):
    """What is known of the account's risk; money in dollars, NaN is unknown.

    Parameters
    ----------
    ts_event : int
        Event time, UTC ns.
    mode : RiskMode
        What may be done.
    trigger : Trigger or None
        What asks for that mode, the first of those that stand; None in NORMAL.
    equity, start_equity, peak_equity : float
        The account's value now, at the session's start, and at its highest since.
    counters : DayCounters
        What the session has used up.
    worst_loss_usd : float
        What all that is held loses in the worst cell of the grid over the rest of the session.
    delta_usd : float
        Change of value for a rise of the underlying by 1 %.
    gamma_usd : float
        Change of `delta_usd` for such a rise.
    vega_usd : float
        Change of value for a rise of implied volatility by one point (0.01).
    theta_usd : float
        Change of value over the next hour.
    premium_usd : float
        What the long options held are worth.
    """

    ts_event: int
    mode: RiskMode
    trigger: Trigger | None = None
    equity: float = math.nan
    start_equity: float = math.nan
    peak_equity: float = math.nan
    counters: DayCounters = DayCounters()
    worst_loss_usd: float = math.nan
    delta_usd: float = math.nan
    gamma_usd: float = math.nan
    vega_usd: float = math.nan
    theta_usd: float = math.nan
    premium_usd: float = math.nan


UNKNOWN = RiskPicture(ts_event=0, mode=RiskMode.NORMAL)
"""Before the first view: nothing is known, and nothing forbidden by that alone."""
