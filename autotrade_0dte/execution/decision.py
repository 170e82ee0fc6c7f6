"""The record of a decision: what was decided, why, and on which figures."""

from enum import StrEnum

import msgspec

from autotrade_0dte.market_state.state import Level
from autotrade_0dte.selection.ranking import Ranking
from autotrade_0dte.signals.signal import Signal

__all__ = ["DECISION_TOPIC", "Decision", "DecisionKind"]

DECISION_TOPIC = "decision"
"""Bus topic on which every decision is published."""


class DecisionKind(StrEnum):
    """ENTER and EXIT lead to an order; REFUSE records why one was not sent or not worked on.

    PROTECT leads to a stop that rests at the broker until the plan closes, or closes it.
    """

    ENTER = "ENTER"
    EXIT = "EXIT"
    REFUSE = "REFUSE"
    PROTECT = "PROTECT"


class Decision(msgspec.Struct, frozen=True):
    """One decision and what it was made on.

    Parameters
    ----------
    plan_id : str, optional
        The plan it belongs to; None where it kept one from being made.
    price : float
        Cap or limit in dollars, NaN for an order at market.
    figures : dict[str, float]
        Figures of the reason.
    level : Level
        The market state's level.
    signal : Signal, optional
        The signal of that snapshot.
    ranking : Ranking, optional
        The contracts that were considered; only where one was to be chosen.
    """

    ts_event: int
    strategy: str
    plan_id: str | None
    kind: DecisionKind
    reason: str
    instrument_id: str
    side: str
    quantity: int
    price: float
    spot: float
    figures: dict[str, float]
    level: Level = Level.CALM
    signal: Signal | None = None
    ranking: Ranking | None = None
