"""Parameters of the base fill scenario from a run's own fills, as a fragment of a configuration."""

import math
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from autotrade_0dte.analysis.fill_evidence import AT_ONCE_S, FillEvidence, fill_evidence
from autotrade_0dte.analysis.intervals import poisson95, wilson95
from autotrade_0dte.analysis.summary import read_summary
from autotrade_0dte.execution.fills import (
    PLACES,
    FillParams,
    FillScenario,
    FillScenarios,
    kinder_fields,
)

__all__ = ["CalibrationError", "Figure", "calibrate_fills", "fitted"]

_FEWEST_FILLS = 30
_FEWEST_ORDERS = 10
_LEAST_MINUTES = 1.0
_QUARTERS = ("first", "second", "third", "last")
_MODES = {
    "live": "real fills",
    "broker": "filled by Tiger's paper account, which simulates them",
    "paper": "filled by the engine: tells how it fills, not how a market does",
    "backtest": "filled by a scenario: tells what the scenario was told",
}


class CalibrationError(ValueError):
    """There is too little in the run folders to say anything about fills."""


class Figure(msgspec.Struct, frozen=True):
    """A parameter that was fitted.

    Parameters
    ----------
    name : str
        Of the field of `FillParams`, or ``latency_ms``.
    value : float, int or tuple of float
        What the runs say.
    basis : tuple of str
        What it rests on, with its 95 % interval, a line each.
    """

    name: str
    value: float | int | tuple[float, ...]
    basis: tuple[str, ...]


def calibrate_fills(run_folders: Sequence[Path]) -> str:
    """Return a TOML fragment with the base scenario's parameters as the runs' fills have them.

    Raises
    ------
    TableError
        Where a folder is no whole run folder.
    CalibrationError
        Where the runs have too few fills.
    """
    if not run_folders:
        raise CalibrationError("Expected at least one run folder, was none")
    summaries = [read_summary(folder) for folder in run_folders]
    (run_id, times), *_ = Counter(summary["run_id"] for summary in summaries).most_common(1)
    if times > 1:  # its fills would count as more evidence than they are
        raise CalibrationError(f"Expected each run once, was {times} times {run_id}")
    evidence = fill_evidence(run_folders)
    if evidence.fills < _FEWEST_FILLS:
        names = ", ".join(summary["run_id"] for summary in summaries)
        raise CalibrationError(
            f"Expected at least {_FEWEST_FILLS} fills to fit parameters to, "
            f"was {evidence.fills} ({names})"
        )
    return "\n".join(_lines(summaries, evidence)) + "\n"


def fitted(evidence: FillEvidence) -> list[Figure]:
    """Return the parameters that there is enough evidence for."""
    fits = _latency, _price, _size, _missed, _rates, _touch
    return [figure for fit in fits for figure in fit(evidence)]


def _latency(evidence: FillEvidence) -> Iterator[Figure]:
    seconds = evidence.acknowledged_s
    if len(seconds) >= _FEWEST_ORDERS:
        low, middle, high = np.percentile(seconds, (10, 50, 90))
        yield Figure(
            "latency_ms",
            round(1_000 * middle),
            (
                f"median of {len(seconds)} confirmations; "
                f"10th to 90th percentile {1_000 * low:.0f} to {1_000 * high:.0f}",
            ),
        )


def _price(evidence: FillEvidence) -> Iterator[Figure]:
    places = [order.place for order in evidence.taking if not math.isnan(order.place)]
    if len(places) < _FEWEST_ORDERS:
        return
    place, half = _mean95(places)
    basis = f"{len(places)} orders that took: {place - half:.3f} to {place + half:.3f}"
    yield Figure("taker_place", min(round(place, 3), 1.0), (basis,))
    beyond = _beyond(evidence)
    if len(beyond) >= _FEWEST_ORDERS:
        ticks, half = _mean95(beyond)
        basis = f"{len(beyond)} of them had room for it: {ticks - half:.2f} to {ticks + half:.2f}"
        yield Figure("ticks_beyond", _whole_ticks(evidence), (basis,))


def _beyond(evidence: FillEvidence) -> list[float]:
    return [order.ticks_beyond for order in evidence.taking if not math.isnan(order.ticks_beyond)]


def _whole_ticks(evidence: FillEvidence) -> int:
    """Return how far beyond the touch fills take place; as the base believes where few tell."""
    beyond = _beyond(evidence)
    if len(beyond) < _FEWEST_ORDERS:
        return FillParams().ticks_beyond
    return max(round(float(np.mean(beyond))), 0)


def _size(evidence: FillEvidence) -> Iterator[Figure]:
    wanted_all = [o for o in evidence.taking if o.got and o.asked >= o.shown >= 1]
    if len(wanted_all) < _FEWEST_ORDERS:
        return
    got, shown = sum(o.got for o in wanted_all), sum(o.shown for o in wanted_all)
    low, high = wilson95(min(got, shown), shown)
    basis = (
        f"{got} of {shown:.0f} contracts shown to {len(wanted_all)} orders that asked for all: "
        f"{low:.3f} to {high:.3f}"
    )
    yield Figure("size_share", min(round(got / shown, 3), 1.0), (basis,))


def _missed(evidence: FillEvidence) -> Iterator[Figure]:
    ticks = _whole_ticks(evidence)
    # One that stops short of where fills take place waits there, which is `touch_per_minute`.
    taking = [order for order in evidence.taking if order.room >= ticks]
    if len(taking) < _FEWEST_ORDERS:
        return
    missed = sum(order.got == 0 for order in taking)
    low, high = wilson95(missed, len(taking))
    reached = f"went {ticks} ticks or more beyond" if ticks else "reached"
    basis = (
        f"{missed} of {len(taking)} orders that {reached} the touch had nothing within "
        f"{AT_ONCE_S:g} s: {low:.3f} to {high:.3f}"
    )
    yield Figure("missed", min(round(missed / len(taking), 3), 0.9), (basis,))


def _rates(evidence: FillEvidence) -> Iterator[Figure]:
    minutes, met = evidence.rested_min[:PLACES], evidence.met[:PLACES]
    if not any(rested >= _LEAST_MINUTES for rested in minutes):
        return
    default = FillParams().inside_per_minute
    values, basis = [], []
    for at, (rested, count) in enumerate(zip(minutes, met, strict=True)):
        known = rested >= _LEAST_MINUTES
        values.append(round(count / rested, 3) if known else default[at])
        seen = _rate_basis(count, rested) if known else f"{rested:.1f} min at rest are too few"
        basis.append(f"{_QUARTERS[at]} quarter: {seen}")
    yield Figure("inside_per_minute", tuple(values), tuple(basis))


def _touch(evidence: FillEvidence) -> Iterator[Figure]:
    rested, count = evidence.rested_min[PLACES], evidence.met[PLACES]
    if rested >= _LEAST_MINUTES:
        yield Figure(
            "touch_per_minute",
            round(count / rested, 3),
            (f"later than {AT_ONCE_S:g} s: {_rate_basis(count, rested)}",),
        )


def _rate_basis(count: int, minutes: float) -> str:
    low, high = (limit / minutes for limit in poisson95(count))
    return f"{count} fills in {minutes:.1f} min at rest: {low:.3f} to {high:.3f}"


def _mean95(values: Sequence[float]) -> tuple[float, float]:
    half = 1.96 * float(np.std(values, ddof=1)) / math.sqrt(len(values))
    return float(np.mean(values)), half


def _lines(summaries: Sequence[dict[str, Any]], evidence: FillEvidence) -> Iterator[str]:
    yield f"# Fitted to {evidence.fills} fills by autotrade calibrate-fills."
    for run in summaries:
        mode = run.get("mode", "backtest")
        yield f"# {run['run_id']} ({mode}): {_MODES[mode]}"
        if run["synthetic"]:
            yield "#   SYNTHETIC DATA: the prices were generated"
    yield "# After each figure its 95 % interval; what is not given keeps its default."
    figures = fitted(evidence)
    tables = {"[simulation]": [f for f in figures if f.name == "latency_ms"]}
    tables["[simulation.fills.base]"] = [f for f in figures if f.name != "latency_ms"]
    for head, own in tables.items():
        if own:
            yield from ("", head)
        for figure in own:
            yield from (f"# {line}" for line in figure.basis)
            yield f"{figure.name} = {_toml(figure.value)}"
    changes = {f.name: f.value for f in tables["[simulation.fills.base]"]}
    yield from _others(msgspec.convert(changes, FillParams))


def _others(base: FillParams) -> Iterator[str]:
    """Yield what the other scenarios must be given so that the base lies between them."""
    defaults = FillScenarios()
    optimistic, pessimistic = defaults.optimistic, defaults.pessimistic
    for scenario, own, wrong, kinder in (
        (FillScenario.OPTIMISTIC, optimistic, kinder_fields(base, optimistic), max),
        (FillScenario.PESSIMISTIC, pessimistic, kinder_fields(pessimistic, base), min),
    ):
        if not wrong:
            continue
        yield from (
            "",
            f"[simulation.fills.{scenario}]",
            "# as the base, which is beyond its default",
        )
        for name in wrong:
            value = getattr(base, name)
            if isinstance(value, tuple):
                value = tuple(map(kinder, value, getattr(own, name)))
            yield f"{name} = {_toml(value)}"


def _toml(value: float | int | tuple[float, ...]) -> str:
    return f"[{', '.join(map(str, value))}]" if isinstance(value, tuple) else str(value)
