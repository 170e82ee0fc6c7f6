"""How one order was worked by the desk, from a session's rows."""

from collections.abc import Sequence
from typing import Any

import msgspec

__all__ = ["StepAt", "WorkAt", "worked"]

_ROUTINE = {"QUOTE", "ACCEPTED", "MODIFIED", "RESENT"}
"""Events that tell nothing by themselves; a move or a veto makes them worth telling."""


class StepAt(msgspec.Struct, frozen=True, kw_only=True):
    """A move of the desk, a fill, a refusal or a veto; prices are dollars, NaN is unknown.

    `move` and `veto` are empty where there was none, `quantity` and `price` are of a fill.
    """

    ts_event: int
    event: str
    move: str
    reason: str
    move_price: float
    quantity: int
    price: float
    veto: str
    bid: float
    ask: float
    fair: float


class WorkAt(msgspec.Struct, frozen=True, kw_only=True):
    """The route that was chosen for an order, its steps, and how its parent ended."""

    decided: int
    ended: int | None
    route: str
    route_reason: str
    outcome: str
    end_reason: str
    steps: tuple[StepAt, ...]


def worked(
    order_id: str, parents: Sequence[dict[str, Any]], steps: Sequence[dict[str, Any]]
) -> WorkAt | None:
    """Return how an order was worked; None where the desk told nothing of it.

    Parameters
    ----------
    order_id : str
        Client order id.
    parents, steps : sequence of dict
        Rows of one session.
    """
    of_order = [row for row in steps if row["client_order_id"] == order_id]
    told_of = {row["parent_id"] for row in of_order}
    parent = next((row for row in parents if row["parent_id"] in told_of), None)
    if parent is None:
        return None
    mine = [row for row in of_order if row["parent_id"] == parent["parent_id"]]  # not its package's
    names = StepAt.__struct_fields__
    told = [row for row in mine if row["move"] or row["veto"] or row["event"] not in _ROUTINE]
    return WorkAt(
        steps=tuple(StepAt(**{name: row[name] for name in names}) for row in told),
        **{name: parent[name] for name in WorkAt.__struct_fields__ if name != "steps"},
    )
