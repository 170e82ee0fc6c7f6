"""The commands that make runs, show them and compare them: backtest, report, compare."""

import os
import sys
from pathlib import Path
from typing import Annotated

import cyclopts

from autotrade_0dte.cli_options import (
    DEFAULT_CATALOG,
    DEFAULT_RUNS,
    EXIT_UNCLEAN,
    AsJson,
    CatalogFolder,
    Count,
    chosen_sessions,
    existing_catalog,
    print_json,
    scenario_choice,
)

__all__ = ["backtest", "compare", "report"]


def backtest(
    config: Path,
    /,
    *,
    catalog: CatalogFolder = DEFAULT_CATALOG,
    sessions: str | None = None,
    workers: Count | None = None,
    scenarios: str | None = None,
    runs: Path = DEFAULT_RUNS,
    as_json: AsJson = False,
) -> int:
    """Backtest the sessions of a catalog and write a run folder with its report.

    Parameters
    ----------
    config
        TOML file; see configs/.
    catalog
        Folder of the catalog.
    sessions
        First and last session as A:B (dates as 2026-07-31; either side may be empty), or one date.
    workers
        Sessions run at a time; one for each processor when not given.
    scenarios
        Beliefs about fills to run under, with commas between: base, and optimistic and pessimistic
        or not. Those of the configuration when not given, all three by default.
    runs
        Folder that run folders are made in.
    as_json
        Print the summary as one JSON object.
    """
    from autotrade_0dte.analysis.report import write_report
    from autotrade_0dte.analysis.terminal import print_summary
    from autotrade_0dte.config import load_config
    from autotrade_0dte.nodes.progress import session_progress
    from autotrade_0dte.nodes.sessions import job_names, run_backtest
    from autotrade_0dte.nodes.signals import interrupted_by_signals

    system = load_config(config)
    beliefs = scenario_choice(scenarios) or system.simulation.scenarios
    entries = chosen_sessions(catalog, system.root, sessions)
    with interrupted_by_signals(), session_progress(job_names(entries, beliefs)) as progress:
        folder, summary = run_backtest(
            system,
            catalog,
            entries,
            runs,
            workers=workers or os.cpu_count() or 1,
            command=" ".join(["autotrade", *sys.argv[1:]]),
            progress=progress,
            scenarios=beliefs,
        )
    report = write_report(folder)
    if as_json:
        print_json(summary)
    else:
        print_summary(summary)
        print(f"Report: {report}")
    return 0 if summary["clean"] else EXIT_UNCLEAN


def report(run: Path, /) -> None:
    """Write report.html of a run folder again."""
    from autotrade_0dte.analysis.report import write_report

    print(f"Report: {write_report(run)}")


def compare(
    a: Path,
    b: Path,
    /,
    *,
    catalog: Annotated[Path | None, cyclopts.Parameter(name="--catalog")] = None,
    as_json: AsJson = False,
) -> int:
    """Tell whether two runs of the same session agree: a live one and its backtest above all.

    Decisions must be the same in the same order; every fill that differs is shown with its cause.
    Ends with exit code 3 when decisions differ or a fill has no explanation.

    Parameters
    ----------
    a
        Run folder.
    b
        Run folder.
    catalog
        Catalog with the recording, to look up the quotes that a broker's fills met.
    as_json
        Print the comparison as one JSON object.
    """
    from autotrade_0dte.analysis.comparison import compare_runs
    from autotrade_0dte.analysis.comparison_terminal import print_comparison
    from autotrade_0dte.data.recorded_quotes import RecordedQuotes

    quotes = None if catalog is None else RecordedQuotes(existing_catalog(catalog))
    result = compare_runs(a, b, quotes=quotes)
    print_json(result) if as_json else print_comparison(result)
    return 0 if result.agrees else EXIT_UNCLEAN
