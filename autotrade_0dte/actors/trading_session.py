"""What a component must know of the session it trades in."""

import msgspec

from autotrade_0dte.execution.fees import FeeSchedule
from autotrade_0dte.execution.plan_state import KeptPlan
from autotrade_0dte.indicators.params import IndicatorParams
from autotrade_0dte.market_state.actions import Track
from autotrade_0dte.risk.protective import ProtectiveParams
from autotrade_0dte.risk.sizing_params import SizingParams

__all__ = ["TradingSession"]


class TradingSession(msgspec.Struct, frozen=True):
    """One session of one option root; instants are UTC nanoseconds.

    Parameters
    ----------
    root, underlying : str
        Option root (``SPXW``) and symbol of its underlying (``SPX``).
    instrument_ids : tuple of str
        Engine ids of the chain's contracts, in the order of the book's rows.
    multiplier : int
        Shares or index units a contract.
    open_ns, close_ns, expiry_ns : int
        Regular open and close, and the instant the options are struck.
    flatten_ns : int or None
        Positions still open are sold from here on; None lets them expire.
    exercise_test_ns : int or None
        When the broker sells positions whose exercise the account cannot fund; None for products
        that settle in cash.
    can_short_shares : bool
        Whether exercising a put alone may leave the account short of shares.
    fees : FeeSchedule
        What orders of this day cost.
    indicators : IndicatorParams
        Windows that the indicators of its views are measured over.
    sizing : SizingParams
        How large a trade may be.
    protective : ProtectiveParams
        Stops that rest at the broker.
    packages : bool
        Whether the venue takes both legs of a vertical as one order, and it is to be used.
    taken_over_by : Track
        Whose strategy gets what a node before this one left; a contract has one such heir.
    kept : tuple of KeptPlan
        The plans of the session's nodes before this one, those that are over included.
    """

    root: str
    underlying: str
    instrument_ids: tuple[str, ...]
    multiplier: int
    open_ns: int
    close_ns: int
    expiry_ns: int
    flatten_ns: int | None
    exercise_test_ns: int | None
    can_short_shares: bool
    fees: FeeSchedule
    indicators: IndicatorParams = IndicatorParams()
    sizing: SizingParams = SizingParams()
    protective: ProtectiveParams = ProtectiveParams()
    packages: bool = False
    taken_over_by: Track = Track.REGULAR
    kept: tuple[KeptPlan, ...] = ()

    def heir(self, instrument_id: str) -> Track:
        """Return whose strategy gets what is left in a contract: whose plan is open in it."""
        of = (
            plan.state.track for plan in self.kept if plan.is_open and plan.has_leg(instrument_id)
        )
        return Track(next(of, self.taken_over_by))
