"""When a position should be closed: the rules on its value, its time value and its age."""

import math
from enum import StrEnum
from typing import Annotated

import msgspec

__all__ = ["ExitParams", "ExitReason", "ExitWatch"]

_NS = 1_000_000_000
_NS_PER_HOUR = 3_600 * _NS

Seconds = Annotated[int, msgspec.Meta(ge=1, le=23_400)]
Gain = Annotated[float, msgspec.Meta(gt=0, le=1_000)]
Share = Annotated[float, msgspec.Meta(gt=0, le=1)]


class ExitReason(StrEnum):
    """Why a plan closes its position; the last day adds the reasons of `risk.expiry`.

    TARGET, STOP, TRAILING, THETA_BURN and TIME_STOP are the rules of `ExitParams`.
    SIGNAL_REVERSAL: the signal behind the plan has turned. EVENT_OVER: the market is calm again and
    the event a plan was made for is past. STATE_FORCED: the market entered a level at which the
    action table closes everything. LEG_NOT_FILLED: the option to sell against the long one was not
    sold in time. RISK_FLATTEN: the account's risk forbids to hold anything. RESTART closes what a
    node finds of its own at its start and no plan explains that was kept. PROTECTIVE_STOP: the stop
    that rests at the broker has filled.
    """

    TARGET = "TARGET"
    STOP = "STOP"
    TRAILING = "TRAILING"
    THETA_BURN = "THETA_BURN"
    TIME_STOP = "TIME_STOP"
    SIGNAL_REVERSAL = "SIGNAL_REVERSAL"
    EVENT_OVER = "EVENT_OVER"
    STATE_FORCED = "STATE_FORCED"
    LEG_NOT_FILLED = "LEG_NOT_FILLED"
    RISK_FLATTEN = "RISK_FLATTEN"
    RESTART = "RESTART"
    PROTECTIVE_STOP = "PROTECTIVE_STOP"


class ExitParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When a plan's orders and its position end.

    Gains and losses are fractions of the cost: the highest price the plan was willing to pay, for
    a spread its net debit. The position's value is what closing it at the touch would bring.

    Parameters
    ----------
    profit_fraction : float, default 0.5
        Target. Long premium wins seldom and must win more than it loses when it does; a large
        number leaves the position to the other rules.
    loss_fraction : float, default 0.4
        Stop; below the target, so that two losses do not eat more than two gains.
    trail_after_fraction : float, optional
        Gain from which on the best gain is guarded. None (the default) guards nothing.
    trail_fraction : float, default 0.5
        Share of the best gain given back before the guarded position is closed; less is within the
        noise of an option's quotes.
    theta_burn_fraction : float, default 0.35
        Time value lost since the entry, by the chain's theta, at which a position worth no more
        than its cost is closed: the move it was bought for has not come. Below the stop, else it
        would never come first.
    hold_s : int, default 1800
        Longest time from the decision to the close, seconds; intraday momentum is gone by then.
    entry_timeout_s : int, default 30
        What is not bought by then is given up, seconds: the prices it was decided on are gone.
    leg_timeout_s : int, default 15
        Longest time that bought contracts wait for the option sold against them, seconds; until
        then the position is larger than planned.
    buy_back_slack_fraction : float, default 0.25
        How far above the ask the highest price lies that buying the short leg back may take, as a
        fraction of the ask: what the market may do while the order is worked. Beyond it another
        order is sent.
    keep_single : bool, default false
        What follows then: true keeps the long option alone, false closes the position, which alone
        may lose more than the plan was granted.
    """

    profit_fraction: Gain = 0.5
    loss_fraction: Share = 0.4
    trail_after_fraction: Gain | None = None
    trail_fraction: Share = 0.5
    theta_burn_fraction: Gain = 0.35
    hold_s: Seconds = 1_800
    entry_timeout_s: Seconds = 30
    leg_timeout_s: Seconds = 15
    buy_back_slack_fraction: Share = 0.25
    keep_single: bool = False


class ExitWatch:
    """Follows one position from snapshot to snapshot and says which rule closes it first.

    Attributes
    ----------
    best_gain : float
        Best gain seen, as a fraction of the cost; -inf before the first value.
    burnt : float
        Time value lost, dollars a share. Intervals whose decay is unknown are left out: it is then
        a lower bound.
    seen_ns : int
        Event time of the last look, ns; 0 before the first.
    """

    __slots__ = ("_deadline_ns", "_params", "best_gain", "burnt", "seen_ns")

    def __init__(self, params: ExitParams, decided_ns: int) -> None:
        self._params = params
        self._deadline_ns = decided_ns + params.hold_s * _NS
        self.seen_ns = 0
        self.best_gain = -math.inf
        self.burnt = 0.0

    def resume(self, best_gain: float, burnt: float, seen_ns: int) -> None:
        """Go on from what a watch before this one saw; time value was lost in between as well."""
        self.best_gain, self.burnt, self.seen_ns = best_gain, burnt, seen_ns

    def due(
        self, now_ns: int, value: float, cost: float, decay: float = math.nan
    ) -> ExitReason | None:
        """Return the first rule that closes the position now, or None.

        Parameters
        ----------
        now_ns : int
            Event time, ns; not before that of the last call.
        value : float
            What closing the position would bring, dollars a share; NaN when a quote for that is
            missing or stale: then only the time stop applies.
        cost : float
            What it was meant to cost, dollars a share, above zero.
        decay : float, optional
            Value that it loses with time, dollars a share and hour.
        """
        self._burn(now_ns, decay)
        if not math.isnan(value):
            reason = self._by_value(round(value / cost - 1.0, 9), cost)
            if reason is not None:
                return reason
        return ExitReason.TIME_STOP if now_ns >= self._deadline_ns else None

    def _by_value(self, gain: float, cost: float) -> ExitReason | None:
        params = self._params
        self.best_gain = best = max(self.best_gain, gain)
        if gain >= params.profit_fraction:
            return ExitReason.TARGET
        if gain <= -params.loss_fraction:
            return ExitReason.STOP
        after = params.trail_after_fraction
        if after is not None and best >= after and gain <= best * (1.0 - params.trail_fraction):
            return ExitReason.TRAILING
        if gain <= 0.0 and self.burnt >= params.theta_burn_fraction * cost:
            return ExitReason.THETA_BURN
        return None

    def _burn(self, now_ns: int, decay: float) -> None:
        if self.seen_ns and not math.isnan(decay):
            self.burnt += decay * (now_ns - self.seen_ns) / _NS_PER_HOUR
        self.seen_ns = now_ns
