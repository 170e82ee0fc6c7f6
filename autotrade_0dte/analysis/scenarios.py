"""What a run earns under each belief about fills, side by side, and what that says of it."""

from collections.abc import Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from autotrade_0dte.analysis.summary import RunFacts, SessionFacts, summarize
from autotrade_0dte.analysis.tables import BOOKS, TABLES, read_table, read_tables, table_path
from autotrade_0dte.execution.fills import FillScenario

__all__ = [
    "VERDICT_WORDS",
    "FillVerdict",
    "fill_ratio",
    "fill_verdict",
    "scenario_equity",
    "scenario_figures",
]
__all__ += ["scenario_folder", "with_scenarios"]

_SHOWN = (
    "clean", "net_pnl", "gross_pnl", "fees", "trades", "orders", "fills", "win_rate",
    "max_drawdown", "winning_sessions", "net_pnl_daily_ci95", "events",
)  # fmt: skip


class FillVerdict(StrEnum):
    """What the scenarios say together; a profit is net, after fees.

    ROBUST earns in all three. FRAGILE earns in the base and not in the pessimistic one. A profit
    in the optimistic one alone is called no profit: OPTIMISTIC_ONLY. LOSS earns in none.
    CONTRADICTORY earns more under harsher fills where the kinder lose: chance decides, not the
    strategy. NO_TRADES has nothing to tell; UNKNOWN lacks a scenario or has an unclean one.
    """

    ROBUST = "ROBUST"
    FRAGILE = "FRAGILE"
    OPTIMISTIC_ONLY = "OPTIMISTIC_ONLY"
    LOSS = "LOSS"
    CONTRADICTORY = "CONTRADICTORY"
    NO_TRADES = "NO_TRADES"
    UNKNOWN = "UNKNOWN"


VERDICT_WORDS = {
    FillVerdict.ROBUST: "earns in all three scenarios",
    FillVerdict.FRAGILE: "earns in the base, not in the pessimistic scenario",
    FillVerdict.OPTIMISTIC_ONLY: "a profit with optimistic fills alone is no profit",
    FillVerdict.LOSS: "earns in none of the scenarios",
    FillVerdict.CONTRADICTORY: "harsher fills earn where kinder ones lose: chance decides",
    FillVerdict.NO_TRADES: "nothing was traded",
    FillVerdict.UNKNOWN: "needs all three scenarios, each of them clean",
}

_BY_PROFIT = {
    (True, True, True): FillVerdict.ROBUST,
    (True, True, False): FillVerdict.FRAGILE,
    (True, False, False): FillVerdict.OPTIMISTIC_ONLY,
    (False, False, False): FillVerdict.LOSS,
}


def scenario_folder(run_folder: Path, scenario: FillScenario) -> Path:
    """Return where a run keeps the tables of a scenario; those of the base are the run's own."""
    if scenario is FillScenario.BASE:
        return run_folder
    return run_folder / "scenarios" / scenario


def scenario_figures(
    run: RunFacts, sessions: Sequence[SessionFacts], folder: Path
) -> dict[str, Any]:
    """Return the figures of one scenario from its tables in `folder`, as JSON values.

    The accounting is checked as in `analysis.summary.summarize`; errors are the same.
    """
    tables = read_tables(folder, BOOKS)
    nothing = {name: TABLES[name].empty_table() for name in ("states", "signals")}
    return figures_of(summarize(run, sessions, tables | nothing), tables)


def figures_of(summary: Mapping[str, Any], tables: Mapping[str, pa.Table]) -> dict[str, Any]:
    """Pick what is compared between scenarios from a summary and its tables."""
    return {
        **{name: summary[name] for name in _SHOWN},
        "fill_ratio": fill_ratio(tables["parents"]),
        "unclean_reasons": summary["unclean_reasons"],
    }


def with_scenarios(
    summary: Mapping[str, Any],
    tables: Mapping[str, pa.Table],
    others: Mapping[FillScenario, Mapping[str, Any]],
) -> dict[str, Any]:
    """Return the summary of a base run with the figures of all scenarios and their verdict.

    A run is clean when each of its scenarios is.
    """
    figures = {FillScenario.BASE: figures_of(summary, tables), **others}
    ordered = {str(name): figures[name] for name in FillScenario if name in figures}
    reasons = list(summary["unclean_reasons"])
    for name, found in others.items():
        reasons += [f"{name}: {reason}" for reason in found["unclean_reasons"]]
    events = sum(found["events"] for found in figures.values())
    elapsed_s = summary["elapsed_s"]
    return {
        **summary,
        "events_per_second": round(events / elapsed_s, 1) if elapsed_s else None,
        "clean": not reasons,
        "unclean_reasons": reasons,
        "fill_verdict": fill_verdict(ordered),
        "scenarios": ordered,
    }


def fill_verdict(figures: Mapping[str, Mapping[str, Any]]) -> FillVerdict:
    """Return what the figures of the scenarios, by name, say together."""
    found = [figures.get(name) for name in FillScenario]
    known = [one for one in found if one is not None and one["clean"]]
    if len(known) < len(found):
        return FillVerdict.UNKNOWN
    if not any(one["trades"] for one in known):
        return FillVerdict.NO_TRADES
    earns = tuple(one["net_pnl"] > 0 for one in known)
    return _BY_PROFIT.get(earns, FillVerdict.CONTRADICTORY)


def fill_ratio(parents: pa.Table) -> float | None:
    """Return the share of the contracts of all entries that was filled, None without entries."""
    entries = parents.filter(pc.equal(parents["purpose"], "entry"))
    asked = pc.sum(entries["quantity"]).as_py()
    return round(pc.sum(entries["filled"]).as_py() / asked, 6) if asked else None


def scenario_equity(run_folder: Path) -> dict[FillScenario, pa.Table]:
    """Read the equity of every scenario that a run has."""
    found = {}
    for scenario in FillScenario:
        folder = scenario_folder(run_folder, scenario)
        if table_path(folder, "equity").exists():
            found[scenario] = read_table(folder, "equity")
    return found
