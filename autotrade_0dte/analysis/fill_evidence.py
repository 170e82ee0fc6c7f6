"""What a run's own orders tell about fills: how long limits rested where, and what came of them."""

import math
from collections.abc import Mapping, Sequence
from itertools import groupby
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa

from autotrade_0dte.analysis.tables import read_table
from autotrade_0dte.execution.fill_rules import quarter
from autotrade_0dte.execution.fills import PLACES
from autotrade_0dte.execution.parent import Side
from autotrade_0dte.execution.walk_record import WalkEvent
from autotrade_0dte.instruments import option_symbol
from autotrade_0dte.products import product, tick_cents

__all__ = ["AT_ONCE_S", "FillEvidence", "TakingOrder", "fill_evidence"]

AT_ONCE_S = 0.5
"""Seconds after the venue's confirmation within which an order that takes is filled or has missed:
some round trips of a retail gateway, and less than the time to the next quote but one."""

_MINUTE_S = 60.0
_OVER = {WalkEvent.CANCELED, WalkEvent.REJECTED, WalkEvent.DENIED}


class TakingOrder(msgspec.Struct, frozen=True):
    """A limit that reached the other side of the market when the venue confirmed it.

    Parameters
    ----------
    asked, shown : float
        Contracts asked for, and shown at the price that it took.
    room : int
        How far the limit went beyond the touch, whole ticks.
    got : int
        Contracts filled within `AT_ONCE_S`.
    place : float
        Where in the spread they were filled on average, 1 at the touch; NaN if none was.
    ticks_beyond : float
        How far beyond the touch, ticks; NaN if none was, or where the limit left no room for it.
    """

    asked: float
    shown: float
    room: int
    got: int
    place: float
    ticks_beyond: float


class FillEvidence(msgspec.Struct):
    """What was measured, added up over parents.

    Parameters
    ----------
    fills : int
        Executions seen, of any kind.
    rested_min : list of float
        Minutes that limits rested in each quarter of the spread, and at last at the touch.
    met : list of int
        Of these, how often a limit was filled there while the quotes did not come to it; at the
        touch, how often later than at once.
    taking : list of TakingOrder
        Orders that took.
    acknowledged_s : list of float
        Seconds from sending an order or a new limit to the venue's confirmation.
    """

    fills: int = 0
    rested_min: list[float] = msgspec.field(default_factory=lambda: [0.0] * (PLACES + 1))
    met: list[int] = msgspec.field(default_factory=lambda: [0] * (PLACES + 1))
    taking: list[TakingOrder] = []
    acknowledged_s: list[float] = []


def fill_evidence(run_folders: Sequence[Path]) -> FillEvidence:
    """Measure run folders together; raise TableError where one is no whole run folder."""
    evidence = FillEvidence()
    for folder in run_folders:
        # What a package met is at net prices, and the limits of its legs are none of the venue's.
        parents = {
            row["parent_id"]: row
            for row in _rows(read_table(folder, "parents"))
            if not row["package"]
        }
        steps = sorted(_rows(read_table(folder, "steps")), key=lambda row: row["parent_id"])
        for name, own in groupby(steps, lambda row: row["parent_id"]):
            if name in parents:
                _Measured(parents[name], evidence).take(list(own))
    return evidence


class _Measured:
    """Walks through the steps of one parent, with the limit that the venue has confirmed."""

    def __init__(self, parent: Mapping[str, Any], evidence: FillEvidence) -> None:
        self._evidence = evidence
        self._side = Side(parent["side"])
        self._leaves = float(parent["quantity"])
        self._root = product(option_symbol(parent["instrument_id"].rpartition(".")[0]).root)
        self._asked = 0.0
        self._limit = math.nan
        self._since_ns = 0
        self._sent_ns: int | None = None
        self._took: list[tuple[float, float]] | None = None
        self._taken: Mapping[str, Any] = {}

    def take(self, steps: Sequence[Mapping[str, Any]]) -> None:
        """Take the steps of the parent, in the order they came."""
        for before, row in zip([None, *steps[:-1]], steps, strict=True):
            if before is not None:
                self._rest(before, row)
            self._happened(row)
        self._judge()

    def _happened(self, row: Mapping[str, Any]) -> None:
        event = WalkEvent(row["event"])
        if event is WalkEvent.FILLED:
            self._filled(row)
        elif event in (WalkEvent.ACCEPTED, WalkEvent.MODIFIED):
            self._judge()
            self._confirmed(row, row["price"] if event is WalkEvent.MODIFIED else row["limit"])
        elif event in _OVER:
            self._judge()
            self._limit = math.nan
        if row["move"] in ("SUBMIT", "REPRICE"):
            self._sent_ns = row["ts_event"]

    def _confirmed(self, row: Mapping[str, Any], limit: float) -> None:
        self._limit, self._since_ns = limit, row["ts_event"]
        if self._sent_ns is not None:
            self._evidence.acknowledged_s.append((row["ts_event"] - self._sent_ns) / 1e9)
            self._sent_ns = None
        if self._place(limit, row) >= 1:
            self._took, self._taken, self._asked = [], row, self._leaves

    def _filled(self, row: Mapping[str, Any]) -> None:
        evidence, quantity = self._evidence, float(row["quantity"])
        evidence.fills += 1
        at = _part(self._place(self._limit, row))
        if self._took is not None and self._rested_s(row) <= AT_ONCE_S:
            self._took.append((quantity, row["price"]))
        elif at is not None and (at < PLACES or self._took is not None):
            evidence.met[at] += 1
        self._leaves -= quantity
        if row["move"] == "END":
            self._judge()
            self._limit = math.nan

    def _rest(self, before: Mapping[str, Any], row: Mapping[str, Any]) -> None:
        """Count the time between two rows, half where it began and half where it ended."""
        if math.isnan(self._limit):
            return
        begin_s, end_s = self._rested_s(before), self._rested_s(row)
        if self._took is not None:  # at the touch nothing is waited for within that time
            begin_s = max(begin_s, AT_ONCE_S)
        half_min = max(end_s - begin_s, 0.0) / _MINUTE_S / 2
        for quoted in (before, row):
            at = _part(self._place(self._limit, quoted))
            if at is not None:
                self._evidence.rested_min[at] += half_min

    def _judge(self) -> None:
        """Conclude what became of an order that took."""
        if self._took is None:
            return
        row, fills = self._taken, self._took
        is_buy, sign = self._side is Side.BUY, self._side.sign
        far, shown = row["ask" if is_buy else "bid"], row["ask_size" if is_buy else "bid_size"]
        tick = tick_cents(self._root, round(100 * far)) / 100
        room = round(sign * (self._limit - far) / tick)
        got = sum(quantity for quantity, _ in fills)
        place = ticks = math.nan
        if got:
            price = sum(quantity * price for quantity, price in fills) / got
            place = self._place(price, row)
            if room >= 1:
                ticks = sign * (price - far) / tick
        self._evidence.taking.append(TakingOrder(self._asked, shown, room, int(got), place, ticks))
        self._took = None

    def _rested_s(self, row: Mapping[str, Any]) -> float:
        return (int(row["ts_event"]) - self._since_ns) / 1e9

    def _place(self, price: float, row: Mapping[str, Any]) -> float:
        near, far = float(row["bid"]), float(row["ask"])
        if self._side is Side.SELL:
            near, far = far, near
        spread = self._side.sign * (far - near)
        place = self._side.sign * (price - near) / spread if spread > 0 else math.nan
        return round(place, 9)  # prices are cents, and a touch must not be missed by a float


def _part(place: float) -> int | None:
    """Return the quarter of the spread, or the touch after them; None behind it or unknown."""
    return PLACES if place >= 1 else quarter(place)


def _rows(table: pa.Table) -> list[dict[str, Any]]:
    at = table.schema.get_field_index("ts_event")
    if at >= 0:
        table = table.set_column(at, "ts_event", table["ts_event"].cast(pa.int64()))
    rows: list[dict[str, Any]] = table.to_pylist()
    return rows
