"""The record of a decision: what was decided, why, and on which figures."""

from enum import StrEnum

import msgspec

__all__ = ["DECISION_TOPIC", "Decision", "DecisionKind"]

DECISION_TOPIC = "decision"
"""Bus topic on which every decision is published."""


class DecisionKind(StrEnum):
    """ENTER and EXIT lead to an order; REFUSE records why one was not sent or not worked on."""

    ENTER = "ENTER"
    EXIT = "EXIT"
    REFUSE = "REFUSE"


class Decision(msgspec.Struct, frozen=True):
    """One decision; `price` is the cap or limit in dollars, NaN for an order at market."""

    ts_event: int
    strategy: str
    plan_id: str
    kind: DecisionKind
    reason: str
    instrument_id: str
    side: str
    quantity: int
    price: float
    spot: float
    figures: dict[str, float]
