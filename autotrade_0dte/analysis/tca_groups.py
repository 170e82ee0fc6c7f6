"""Transaction costs of many parent orders: sums and means with what is known of them."""

import datetime as dt
import math
from collections.abc import Callable, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from autotrade_0dte.analysis.intervals import SessionBootstrap, share95
from autotrade_0dte.analysis.tables import read_table
from autotrade_0dte.analysis.tca import (
    HORIZONS_S,
    TCA_TABLES,
    Latency,
    ParentCost,
    parent_costs,
)
from autotrade_0dte.analysis.tca_packages import PackageCost, package_costs
from autotrade_0dte.execution.tca import CostParts
from autotrade_0dte.market_state.state import Level

__all__ = ["By", "CostGroup", "Mean", "Share", "Stage", "Tca", "execution_figures", "tca"]
__all__ += ["tca_of"]

_EPOCH = dt.date(1970, 1, 1)
_NO_ROUTE = "(none)"
_PARTS = CostParts.__struct_fields__


class By(StrEnum):
    """What parents are grouped by."""

    TRACK = "track"
    LEVEL = "level"
    PURPOSE = "purpose"
    ROUTE = "route"
    HALF_HOUR = "half-hour"


class Mean(msgspec.Struct, frozen=True):
    """Mean of the `known` orders with its 95 % interval; NaN is unknown.

    Orders of one session depend on each other: the interval draws sessions, and needs ten of them.
    """

    value: float
    low: float
    high: float
    known: int


class Share(msgspec.Struct, frozen=True):
    """Share of `hits` in `trials` with its 95 % interval, see `intervals.share95`."""

    hits: int
    trials: int
    value: float
    low: float
    high: float


class Stage(msgspec.Struct, frozen=True):
    """How long one stage of the orders took, seconds: half of them, and nine of ten, at most."""

    name: str
    known: int
    median_s: float
    p90_s: float


class CostGroup(msgspec.Struct, frozen=True, kw_only=True):
    """The parents of one group.

    Parameters
    ----------
    name : str
        Of the group.
    parents : int
        Orders in it.
    contracts, filled : int
        Wanted and got.
    success : Share
        Of the orders that should have been filled, how many were.
    complete : int
        Orders of which every part of the cost is known.
    parts : CostParts
        Sums over those, dollars; they add up.
    fees, minimums : float
        Sums over all orders whose fees are known, dollars.
    fees_known : int
        How many that are.
    slippage : Mean
        Share of the spread at the decision.
    slippage_cents, slippage_ticks, slippage_premium : Mean
        The same in cents a share, in ticks, and as a share of the premium.
    effective : Mean
        Effective spread, cents a share.
    realised, impact : tuple of Mean
        The same split by the market after each horizon of `HORIZONS_S`, cents a share.
    reprices, replaces, cancels, rejects : int
        Commands sent, and refusals of the venue.
    """

    name: str
    parents: int
    contracts: int
    filled: int
    success: Share
    complete: int
    parts: CostParts
    fees: float
    minimums: float
    fees_known: int
    slippage: Mean
    slippage_cents: Mean
    slippage_ticks: Mean
    slippage_premium: Mean
    effective: Mean
    realised: tuple[Mean, ...]
    impact: tuple[Mean, ...]
    reprices: int
    replaces: int
    cancels: int
    rejects: int


class Tca(msgspec.Struct, frozen=True, kw_only=True):
    """Transaction costs of a run: of all its parents, by group, stage by stage.

    `outcomes` and `vetoes` count parents by how they ended, and vetoes by code; the legs of
    `packages` are parents as well.
    """

    run_id: str
    sessions: int
    horizons_s: tuple[int, ...]
    total: CostGroup
    groups: dict[By, tuple[CostGroup, ...]]
    latency: tuple[Stage, ...]
    outcomes: dict[str, int]
    vetoes: dict[str, int]
    packages: tuple[PackageCost, ...]


_KEYS: dict[By, Callable[[ParentCost], str]] = {
    By.TRACK: lambda cost: cost.track,
    By.LEVEL: lambda cost: Level(cost.level).name,
    By.PURPOSE: lambda cost: cost.purpose.value,
    By.ROUTE: lambda cost: cost.route or _NO_ROUTE,
    By.HALF_HOUR: lambda cost: cost.half_hour,
}


def tca(folder: Path, by: Sequence[By] = tuple(By)) -> Tca:
    """Measure the parents of a run folder, or of one of its scenarios.

    Raises
    ------
    TableError
        When its tables cannot be read.
    """
    return tca_of({name: read_table(folder, name) for name in TCA_TABLES}, by)


def tca_of(tables: Mapping[str, pa.Table], by: Sequence[By] = tuple(By)) -> Tca:
    """Add up the costs of the parents of one run, in all and by group.

    Parameters
    ----------
    tables : mapping of str to table
        Those of `tca.TCA_TABLES`.
    by : sequence of By, optional
        What to group by.
    """
    costs = parent_costs(tables)
    totals = _Totals(costs)
    everything = np.ones(len(costs), np.bool_)
    groups = {}
    for kind in by:
        names = [_KEYS[kind](cost) for cost in costs]
        groups[kind] = tuple(
            totals.group(name, np.array([each == name for each in names]))
            for name in sorted(set(names), key=_order)
        )
    return Tca(
        run_id=costs[0].run_id if costs else "",
        sessions=len({cost.session for cost in costs}),
        horizons_s=HORIZONS_S,
        total=totals.group("all", everything),
        groups=groups,
        latency=tuple(
            _stage(name, [getattr(cost.latency, name) for cost in costs])
            for name in Latency.__struct_fields__
        ),
        outcomes=_counted([cost.outcome.value for cost in costs]),
        vetoes=_summed([cost.vetoes for cost in costs]),
        packages=package_costs(tables["parents"], costs),
    )


def execution_figures(found: Tca) -> dict[str, Any]:
    """Return what summary.json says of the execution; None is unknown."""
    total, parts = found.total, found.total.parts
    return {
        "parents": total.parents,
        "should_fill": total.success.trials,
        "filled_of_those": total.success.hits,
        "success_rate": _or_none(total.success.value),
        "success_rate_ci95": _interval(total.success),
        "fill_ratio": _or_none(_ratio(total.filled, total.contracts)),
        "slippage_of_spread": _or_none(total.slippage.value),
        "slippage_of_spread_ci95": _interval(total.slippage),
        "slippage_known": total.slippage.known,
        "shortfall": {name: _or_none(getattr(parts, name)) for name in _PARTS},
        "shortfall_known": total.complete,
        "fees": _or_none(total.fees),
        "minimums": _or_none(total.minimums),
        "fees_known": total.fees_known,
        "reprices": total.reprices,
        "replaces": total.replaces,
        "cancels": total.cancels,
        "rejects": total.rejects,
        "outcomes": found.outcomes,
    }


class _Totals:
    """Sums and means over groups of the same parents."""

    def __init__(self, costs: Sequence[ParentCost]) -> None:
        self._costs = costs
        self._session = np.array([(c.session - _EPOCH).days for c in costs], np.int64)
        self._bootstrap = SessionBootstrap(self._session) if len(costs) else None
        self._parts = _floats([msgspec.structs.astuple(c.parts) for c in costs], 5)
        self._fees = _floats([(c.fees, c.minimums) for c in costs], 2)
        self._slippage = _floats([msgspec.structs.astuple(c.slippage) for c in costs], 4)
        self._effective = _floats([(c.effective,) for c in costs], 1)
        markouts = [[(m.realised, m.impact) for m in c.markouts] for c in costs]
        self._markouts = _floats(markouts, len(HORIZONS_S), 2)

    def group(self, name: str, members: NDArray[np.bool_]) -> CostGroup:
        mine = [cost for cost, is_in in zip(self._costs, members, strict=True) if is_in]
        complete = members & ~np.isnan(self._parts).any(axis=1)
        booked = members & ~np.isnan(self._fees).any(axis=1)
        fees, minimums = self._fees[booked].sum(axis=0).tolist()
        cents, ticks, of_spread, of_premium = (
            self._mean(self._slippage[:, at], members) for at in range(4)
        )
        horizons = range(len(HORIZONS_S))
        return CostGroup(
            name=name,
            parents=len(mine),
            contracts=sum(cost.contracts for cost in mine),
            filled=sum(cost.filled for cost in mine),
            success=self._success(members),
            complete=int(complete.sum()),
            parts=CostParts(
                **dict(zip(_PARTS, self._parts[complete].sum(axis=0).tolist(), strict=True))
            ),
            fees=fees,
            minimums=minimums,
            fees_known=int(booked.sum()),
            slippage=of_spread,
            slippage_cents=cents,
            slippage_ticks=ticks,
            slippage_premium=of_premium,
            effective=self._mean(100 * self._effective[:, 0], members),
            realised=tuple(self._mean(100 * self._markouts[:, at, 0], members) for at in horizons),
            impact=tuple(self._mean(100 * self._markouts[:, at, 1], members) for at in horizons),
            reprices=sum(cost.reprices for cost in mine),
            replaces=sum(cost.replaces for cost in mine),
            cancels=sum(cost.cancels for cost in mine),
            rejects=sum(cost.rejects for cost in mine),
        )

    def _mean(self, values: NDArray[np.float64], members: NDArray[np.bool_]) -> Mean:
        known = members & ~np.isnan(values)
        count = int(known.sum())
        if self._bootstrap is None or not count:
            return Mean(math.nan, math.nan, math.nan, 0)
        return Mean(float(values[known].mean()), *self._bootstrap.mean95(values, known), count)

    def _success(self, members: NDArray[np.bool_]) -> Share:
        due = members & np.array([cost.should_fill for cost in self._costs], np.bool_)
        hits = np.array([cost.succeeded for cost in self._costs], np.bool_)[due]
        got, trials = int(hits.sum()), len(hits)
        return Share(got, trials, _ratio(got, trials), *share95(hits, self._session[due]))


def _stage(name: str, seconds: Sequence[float]) -> Stage:
    known = np.array([value for value in seconds if not math.isnan(value)])
    if not len(known):
        return Stage(name, 0, math.nan, math.nan)
    median, p90 = np.percentile(known, (50, 90)).tolist()
    return Stage(name, len(known), median, p90)


def _floats(rows: Sequence[Any], *width: int) -> NDArray[np.float64]:
    return np.array(rows, np.float64).reshape(len(rows), *width)


def _ratio(part: int, whole: int) -> float:
    return part / whole if whole else math.nan


def _order(name: str) -> tuple[int, str]:
    """Put CALM before L1, and what has no name last."""
    return (1 if name == _NO_ROUTE else 0, name)


def _counted(names: Sequence[str]) -> dict[str, int]:
    return {name: names.count(name) for name in sorted(set(names))}


def _summed(counts: Sequence[dict[str, int]]) -> dict[str, int]:
    total: dict[str, int] = {}
    for each in counts:
        for name, times in each.items():
            total[name] = total.get(name, 0) + times
    return dict(sorted(total.items()))


def _or_none(value: float) -> float | None:
    return None if math.isnan(value) else round(value, 6) + 0.0


def _interval(of: Mean | Share) -> list[float] | None:
    return None if math.isnan(of.low) else [round(of.low, 6), round(of.high, 6)]
