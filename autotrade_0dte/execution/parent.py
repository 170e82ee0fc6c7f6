"""What the order desk is asked to do: one order of a plan, with the worst price it may have."""

from enum import StrEnum

import msgspec

from autotrade_0dte.market_state.actions import Urgency
from autotrade_0dte.market_state.state import Level

__all__ = ["Outcome", "ParentOrder", "Purpose", "Side"]


class Side(StrEnum):
    """BUY or SELL.

    Attributes
    ----------
    sign : int
        +1 for a buy, -1 for a sell.
    """

    BUY = "BUY"
    SELL = "SELL"

    sign: int

    def __init__(self, name: str) -> None:
        self.sign = 1 if name == "BUY" else -1


class Purpose(StrEnum):
    """What an order is for, and so how sure it must be done.

    ENTRY may be given up. The others must be done: EXIT without hurry, STOP soon, EMERGENCY now.
    """

    ENTRY = "entry"
    EXIT = "exit"
    STOP = "stop"
    EMERGENCY = "emergency"


class Outcome(StrEnum):
    """How a parent order ended. PARTLY_FILLED, GIVEN_UP: the desk's time was over or it drew back.

    CANCELED was the strategy's or the broker's doing; DENIED never left, REJECTED came back.
    OPEN has not ended when the run has.
    """

    FILLED = "FILLED"
    PARTLY_FILLED = "PARTLY_FILLED"
    GIVEN_UP = "GIVEN_UP"
    CANCELED = "CANCELED"
    DENIED = "DENIED"
    REJECTED = "REJECTED"
    OPEN = "OPEN"


class ParentOrder(msgspec.Struct, frozen=True, kw_only=True):
    """One order of a plan as it was decided; the desk works it as one order at the venue at a time.

    Parameters
    ----------
    parent_id : str
        Unique within a run. An order that takes the place of a canceled one has the same.
    plan_id, strategy : str
        Whose it is.
    instrument_id : str
        Engine id of the option.
    side : Side
        Of the order; a short leg is sold to enter and bought to exit.
    quantity : int
        Contracts, 1 or more.
    cap : float
        Worst price accepted, dollars a share: the highest of a buy, the lowest of a sell.
    purpose : Purpose
        What it is for.
    urgency : Urgency
        How hard it is worked, by the market state at the decision.
    level : Level
        The market state at the decision.
    reason : str
        The decision's reason code.
    decided_ns : int
        Event time of the decision's snapshot, UTC ns; the cap was fixed on it.
    deadline_ns : int
        When an entry is given up, or an exit crosses the spread at the latest, UTC ns.
    package : str, default ""
        Name of the package that it is a leg of, or that it is itself; empty for an order alone.
    """

    parent_id: str
    plan_id: str
    strategy: str
    instrument_id: str
    side: Side
    quantity: int
    cap: float
    purpose: Purpose
    urgency: Urgency
    level: Level
    reason: str
    decided_ns: int
    deadline_ns: int
    package: str = ""

    @property
    def is_package(self) -> bool:
        """Whether it is a whole package, whose legs are parents of their own."""
        return self.package == self.parent_id
