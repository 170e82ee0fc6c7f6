"""The contracts considered for a decision: those offered, and why the others fell."""

import math
from collections.abc import Sequence
from typing import Any

import msgspec

from autotrade_0dte.selection.ranking import TERMS

__all__ = ["Considered", "FallGroup", "OfferedContract", "RefusedContract", "considered"]


class OfferedContract(msgspec.Struct, frozen=True, kw_only=True):
    """A contract that passed every filter; rank 1 is the best, terms follow TERMS.

    Prices are dollars a share, `worst_loss` dollars a contract; NaN is unknown.
    """

    rank: int
    instrument_id: str
    short_instrument_id: str | None
    score: float
    terms: tuple[float, ...]
    bid: float
    ask: float
    delta: float
    debit: float
    worst_loss: float


class RefusedContract(msgspec.Struct, frozen=True, kw_only=True):
    """A contract that fell, with its quote and delta."""

    instrument_id: str
    strike: float
    bid: float
    ask: float
    delta: float


class FallGroup(msgspec.Struct, frozen=True, kw_only=True):
    """Contracts that fell for one reason; the nearest misses first."""

    fall: str
    count: int
    nearest: tuple[RefusedContract, ...]


class Considered(msgspec.Struct, frozen=True, kw_only=True):
    """All contracts of the wanted right at one decision.

    `offered` counts those that passed every filter; `best` are the first of them.
    """

    right: str
    offered: int
    refused: int
    best: tuple[OfferedContract, ...]
    falls: tuple[FallGroup, ...]


def considered(
    rows: Sequence[dict[str, Any]], spot: float, *, most_offered: int = 5, most_nearest: int = 2
) -> Considered | None:
    """Sum up the rows of one decision in the table of candidates; None where it has none.

    The nearest miss of a reason is the contract next to the best one by strike; where nothing was
    offered, next to the spot.
    """
    if not rows:
        return None
    offered = sorted((row for row in rows if row["rank"] > 0), key=lambda row: row["rank"])
    wanted = offered[0]["strike"] if offered else spot
    groups: dict[str, list[dict[str, Any]]] = {}
    for row in rows:
        if row["rank"] == 0:
            groups.setdefault(row["fall"], []).append(row)
    falls = [_group(fall, each, wanted, most_nearest) for fall, each in groups.items()]
    return Considered(
        right=rows[0]["right"],
        offered=len(offered),
        refused=len(rows) - len(offered),
        best=tuple(_offered(row) for row in offered[:most_offered]),
        falls=tuple(sorted(falls, key=lambda group: -group.count)),
    )


def _group(fall: str, rows: list[dict[str, Any]], wanted: float, most: int) -> FallGroup:
    names = RefusedContract.__struct_fields__
    # Without a spot every distance is unknown, and the rows keep the order of their strikes.
    nearest = sorted(rows, key=lambda r: 0.0 if math.isnan(wanted) else abs(r["strike"] - wanted))
    first = tuple(RefusedContract(**{name: row[name] for name in names}) for row in nearest[:most])
    return FallGroup(fall=fall, count=len(rows), nearest=first)


def _offered(row: dict[str, Any]) -> OfferedContract:
    names = [name for name in OfferedContract.__struct_fields__ if name != "terms"]
    terms = tuple(row[term] for term in TERMS)
    return OfferedContract(terms=terms, **{name: row[name] for name in names})
