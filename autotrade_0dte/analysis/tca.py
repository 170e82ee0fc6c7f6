"""Transaction cost analysis of a run folder, parent order by parent order.

The figures are those of `execution.tca`; here they are taken from the tables. Backtest, paper and
live write the same tables, so one code measures them all.
"""

import datetime as dt
import math
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa

from autotrade_0dte.analysis.costs import multiplier
from autotrade_0dte.analysis.session_rows import rows_of
from autotrade_0dte.analysis.tables import read_table
from autotrade_0dte.analysis.tracks import tracks_of
from autotrade_0dte.calendar import NEW_YORK
from autotrade_0dte.execution.order_quote import OrderQuote
from autotrade_0dte.execution.parent import Outcome, Purpose, Side
from autotrade_0dte.execution.tca import (
    CostParts,
    Fill,
    Slippage,
    adjusted_mid,
    cost_parts,
    slippage,
    spreads,
)
from autotrade_0dte.instruments import option_symbol
from autotrade_0dte.products import product, tick_cents

__all__ = ["HORIZONS_S", "TCA_TABLES", "Latency", "Markout", "ParentCost", "parent_costs"]
__all__ += ["read_parent_costs"]

HORIZONS_S = (5, 30, 300)
TCA_TABLES = ("parents", "marks", "fills", "decisions")
"""The tables that the costs are made of."""

_NS = 1_000_000_000
_HALF_HOUR_S = 1_800
_NAN = math.nan
_UNKNOWN_SLIPPAGE = Slippage(_NAN, _NAN, _NAN, _NAN)


class Markout(msgspec.Struct, frozen=True, gc=False):
    """Spread of a parent's fills, split by the market `horizon_s` seconds after them.

    Dollars a share, the mean of the `known` contracts; NaN with none.
    """

    horizon_s: int
    effective: float
    realised: float
    impact: float
    known: int


class Latency(msgspec.Struct, frozen=True, gc=False):
    """How long the stages of an order took, seconds; NaN where one was not reached.

    From the decision to the submission, from there to the venue's answer, from there to the first
    fill; and the whole, from the decision to the end.
    """

    to_submit: float
    to_acknowledge: float
    to_first_fill: float
    to_end: float


class ParentCost(msgspec.Struct, frozen=True, kw_only=True):
    """One parent order, how it went, and what it cost; NaN is unknown.

    Parameters
    ----------
    half_hour : str
        Half hour of the decision in New York, by its beginning (``09:30``).
    contracts, filled : int
        Wanted and got.
    should_fill : bool
        Whether the rules say that it should have been filled, see `execution.offer`.
    effective : float
        Mean effective spread of its fills as far as known, dollars a share.
    effective_known : int
        Contracts whose effective spread is known.
    fees : float
        As booked, dollars; NaN where a fill's is not known.
    minimums : float
        What of the price list's fees is minimums, dollars.
    """

    run_id: str
    session: dt.date
    parent_id: str
    plan_id: str
    track: str
    instrument_id: str
    side: Side
    purpose: Purpose
    level: int
    route: str
    half_hour: str
    outcome: Outcome
    end_reason: str
    contracts: int
    filled: int
    should_fill: bool
    parts: CostParts
    slippage: Slippage
    effective: float
    effective_known: int
    markouts: tuple[Markout, ...]
    fees: float
    minimums: float
    latency: Latency
    reprices: int
    replaces: int
    cancels: int
    rejects: int
    vetoes: dict[str, int]
    leg_risk_s: float

    @property
    def succeeded(self) -> bool:
        """Whether all of it was filled."""
        return self.outcome is Outcome.FILLED


def read_parent_costs(folder: Path) -> list[ParentCost]:
    """Measure the parents of a run folder; raise TableError when its tables cannot be read."""
    return parent_costs({name: read_table(folder, name) for name in TCA_TABLES})


def parent_costs(tables: Mapping[str, pa.Table]) -> list[ParentCost]:
    """Measure each parent order, in the order they were decided.

    Parameters
    ----------
    tables : mapping of str to table
        Those of `TCA_TABLES`.
    """
    fees = {
        (row["session"], row["client_order_id"], row["trade_id"]): row["fee"]
        for row in tables["fills"]
        .select(["session", "client_order_id", "trade_id", "fee"])
        .to_pylist()
    }
    marks: dict[tuple[Any, str], list[dict[str, Any]]] = defaultdict(list)
    for mark in rows_of(tables["marks"]):
        marks[mark["session"], mark["parent_id"]].append(mark)
    track = tracks_of(tables["decisions"])
    rows = sorted(rows_of(tables["parents"]), key=lambda row: (row["session"], row["decided"]))
    return [_parent_cost(row, marks[row["session"], row["parent_id"]], fees, track) for row in rows]


def _parent_cost(
    row: Mapping[str, Any],
    marks: Sequence[Mapping[str, Any]],
    fees: Mapping[tuple[Any, str, str], float],
    track: Mapping[str, str],
) -> ParentCost:
    side, purpose = Side(row["side"]), Purpose(row["purpose"])
    quote = OrderQuote(row["decided"], row["bid"], row["ask"], _NAN, _NAN, _NAN)
    at_fill = [mark for mark in marks if mark["horizon_s"] == 0]
    fills = [Fill(mark["quantity"], mark["price"], mark["mid"]) for mark in at_fill]
    booked = [
        fees.get((row["session"], mark["client_order_id"], mark["trade_id"]), _NAN)
        for mark in at_fill
    ]
    known = [fill for fill in fills if not math.isnan(fill.mid)]
    decided = dt.datetime.fromtimestamp(row["decided"] // _NS, NEW_YORK)
    given = {name: row[name] for name in _SAME if name in row}
    return ParentCost(
        **given,
        track=track.get(row["strategy"], row["strategy"]),
        side=side,
        purpose=purpose,
        half_hour=_half_hour(decided),
        outcome=Outcome(row["outcome"]),
        contracts=row["quantity"],
        parts=cost_parts(
            side,
            purpose,
            row["quantity"],
            fills,
            decision_mid=quote.mid,
            submit_mid=row["submit_mid"],
            end_mid=row["end_mid"],
            multiplier=multiplier(row["instrument_id"]),
        ),
        slippage=_slippage(row, side, quote),
        effective=_mean([(f.quantity, 2 * side.sign * (f.price - f.mid)) for f in known]),
        effective_known=sum(fill.quantity for fill in known),
        markouts=tuple(_markout(side, marks, horizon) for horizon in HORIZONS_S),
        fees=math.fsum(booked),
        latency=_latency(row),
        vetoes=msgspec.json.decode(row["vetoes"]),
    )


_SAME = (
    "run_id", "session", "parent_id", "plan_id", "instrument_id", "level", "route", "end_reason",
    "filled", "should_fill", "minimums", "reprices", "replaces", "cancels", "rejects", "leg_risk_s",
)  # fmt: skip


def _slippage(row: Mapping[str, Any], side: Side, quote: OrderQuote) -> Slippage:
    if math.isnan(quote.mid) or not row["filled"]:
        return _UNKNOWN_SLIPPAGE
    facts = product(option_symbol(row["instrument_id"].rpartition(".")[0]).root)
    return slippage(
        side,
        row["average_price"],
        decision_mid=quote.mid,
        decision_spread=quote.spread,
        tick=tick_cents(facts, round(100 * quote.mid)) / 100,
    )


def _markout(side: Side, marks: Sequence[Mapping[str, Any]], horizon_s: int) -> Markout:
    """Return the mean of the fills whose market is known both then and at the horizon."""
    at_fill = {(m["client_order_id"], m["trade_id"]): m for m in marks if m["horizon_s"] == 0}
    parts = []
    for later in marks:
        if later["horizon_s"] != horizon_s:
            continue
        first = at_fill[later["client_order_id"], later["trade_id"]]
        mid = adjusted_mid(
            later["mid"], later["spot"], delta=first["delta"], spot_at_fill=first["spot"]
        )
        fill = Fill(first["quantity"], first["price"], first["mid"])
        if not math.isnan(mid) and not math.isnan(fill.mid):
            parts.append((fill.quantity, spreads(side, fill, mid)))
    return Markout(
        horizon_s,
        _mean([(quantity, part.effective) for quantity, part in parts]),
        _mean([(quantity, part.realised) for quantity, part in parts]),
        _mean([(quantity, part.impact) for quantity, part in parts]),
        sum(quantity for quantity, _ in parts),
    )


def _latency(row: Mapping[str, Any]) -> Latency:
    def between(first: str, then: str) -> float:
        if row[first] is None or row[then] is None:
            return _NAN
        return float(row[then] - row[first]) / _NS

    return Latency(
        between("decided", "submitted"),
        between("submitted", "acknowledged"),
        between("acknowledged", "first_fill"),
        between("decided", "ended"),
    )


def _mean(weighted: Sequence[tuple[int, float]]) -> float:
    weight = sum(quantity for quantity, _ in weighted)
    return math.fsum(quantity * value for quantity, value in weighted) / weight if weight else _NAN


def _half_hour(decided: dt.datetime) -> str:
    seconds = decided.hour * 3_600 + decided.minute * 60
    begin = seconds - seconds % _HALF_HOUR_S
    return f"{begin // 3_600:02d}:{begin % 3_600 // 60:02d}"
