"""The ``autotrade`` command: each command a few lines that call the library.

Exit codes: 0 clean, 1 fault, 2 bad usage, configuration, credentials or data, 3 the run ended
unclean, 4 account or market not in order (nothing was traded), 130 interrupted.
"""

import datetime as dt
import os
import sys
from pathlib import Path
from typing import Annotated, Literal

import cyclopts

from autotrade_0dte import __version__, cli_nodes, cli_risk
from autotrade_0dte.cli_data import data
from autotrade_0dte.cli_options import (
    DEFAULT_CATALOG,
    DEFAULT_RUNS,
    EXIT_UNCLEAN,
    AsJson,
    CatalogFolder,
    Count,
    existing_catalog,
    print_json,
    scenario_choice,
    session_range,
)

__all__ = ["app", "data", "main"]

CostGrouping = Literal["track", "level", "purpose", "route", "half-hour"]

EXIT_FAULT = 1
EXIT_BAD_INPUT = 2
EXIT_INTERRUPTED = 130

app = cyclopts.App(
    name="autotrade",
    help="Backtest and trade same-day-expiry (0DTE) options.",
    version=__version__,
    help_format="plaintext",  # the other formats import whole markup parsers
    suppress_keyboard_interrupt=False,  # main answers it
)
app.command(data)
for command in (cli_nodes.doctor, cli_nodes.paper, cli_nodes.live, cli_nodes.simulator):
    app.command(command)
app.command(cli_risk.halt)
app.command(cli_risk.kill)
app.command(cli_risk.rearm)
app.command(cli_risk.stress)
app.command(cli_risk.drill)


def main() -> None:
    """Run the command line; what a user can put right is one line on stderr and exit code 2."""
    try:
        code = app(sys.argv[1:], result_action="return_value")
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever reads the output (head, less) has seen enough.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = EXIT_FAULT
    except KeyboardInterrupt:
        print("autotrade: interrupted", file=sys.stderr)
        code = EXIT_INTERRUPTED
    except Exception as e:
        if not isinstance(e, _bad_input() + _faults() + _refusals()):
            raise
        print(f"autotrade: {e}", file=sys.stderr)
        code = _exit_code(e)
    sys.exit(code)


@app.command
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
    from autotrade_0dte.data.catalog import Catalog, CatalogError
    from autotrade_0dte.nodes.progress import session_progress
    from autotrade_0dte.nodes.sessions import job_names, run_backtest

    system = load_config(config)
    beliefs = scenario_choice(scenarios) or system.simulation.scenarios
    first, last = session_range(sessions)
    entries = Catalog(catalog).sessions(system.root, first, last)
    if not entries:
        raise CatalogError(
            f"Expected sessions of {system.root} in {catalog}"
            f"{f' from {sessions}' if sessions else ''}, was none: "
            "import or generate some first (autotrade data --help)"
        )
    with session_progress(job_names(entries, beliefs)) as progress:
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


@app.command
def report(run: Path, /) -> None:
    """Write report.html of a run folder again."""
    from autotrade_0dte.analysis.report import write_report

    print(f"Report: {write_report(run)}")


@app.command
def accuracy(run: Path, /, *, as_json: AsJson = False) -> None:
    """Tell how often the signals of a run were right, by track, strength and market state.

    Parameters
    ----------
    run
        Run folder.
    as_json
        Print the figures as one JSON object.
    """
    from autotrade_0dte.analysis.signal_accuracy import read_accuracy
    from autotrade_0dte.analysis.signal_accuracy_display import print_accuracy

    result = read_accuracy(run)
    print_json(result) if as_json else print_accuracy(result)


@app.command
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


@app.command
def tca(
    run: Path,
    /,
    *,
    by: Annotated[list[CostGrouping] | None, cyclopts.Parameter(negative="")] = None,
    as_json: AsJson = False,
) -> None:
    """Tell what orders cost beyond the mid at their decision, and why: delay, spread, impact, fees.

    Parameters
    ----------
    run
        Run folder of a backtest, of paper or of live trading.
    by
        Group by this; may be given several times. All groupings where none is given.
    as_json
        Print the figures as one JSON object.
    """
    from autotrade_0dte.analysis.tca_groups import By
    from autotrade_0dte.analysis.tca_groups import tca as measure
    from autotrade_0dte.analysis.tca_terminal import print_tca

    found = measure(run, [By(name) for name in by] if by else tuple(By))
    print_json(found) if as_json else print_tca(found)


@app.command
def calibrate_fills(*runs: Path, out: Path | None = None) -> None:
    """Fit the base fill scenario to the fills of runs, as a piece of a configuration (TOML).

    Each figure stands with its 95 % interval and the counts behind it. Only fills of live runs
    tell about the market; those of a simulation tell how it was set up, and are marked so.

    Parameters
    ----------
    runs
        Run folders, at least one.
    out
        File to write; printed where none is given.
    """
    from autotrade_0dte.analysis.calibration import calibrate_fills as fit
    from autotrade_0dte.analysis.tables import write_bytes

    text = fit(runs)
    if out is None:
        print(text, end="")
    else:
        print(f"Fill parameters: {write_bytes(out, text.encode())}")


@app.command
def explain(
    run: Path,
    /,
    *,
    at: str | None = None,
    session: dt.date | None = None,
    track: str | None = None,
    as_json: AsJson = False,
) -> None:
    """Tell what a run saw, thought, held and did at a moment, or all day where none is given.

    Parameters
    ----------
    run
        Run folder.
    at
        Time in New York as 10:31 or 10:31:05, or an ISO instant. Without it every change of the
        market's level and every decision of the session is listed.
    session
        Date of the session; needed where the run has several.
    track
        Only this track: regular or anomaly.
    as_json
        Print one JSON object.
    """
    from autotrade_0dte.analysis.explain import explain as explain_moment
    from autotrade_0dte.analysis.explain_terminal import print_explanation
    from autotrade_0dte.analysis.timeline import timeline
    from autotrade_0dte.analysis.timeline_terminal import print_timeline

    if at is None:
        told = timeline(run, session=session, track=track)
        print_json(told) if as_json else print_timeline(told)
    else:
        found = explain_moment(run, at, session=session, track=track)
        print_json(found) if as_json else print_explanation(found)


def _exit_code(error: Exception) -> int:
    if isinstance(error, _refusals()):
        return cli_nodes.EXIT_REFUSED
    return EXIT_FAULT if isinstance(error, _faults()) else EXIT_BAD_INPUT


def _bad_input() -> tuple[type[BaseException], ...]:
    """Return what a user can put right; evaluated only once something has been raised."""
    from autotrade_0dte.analysis.calibration import CalibrationError
    from autotrade_0dte.analysis.moment import MomentError
    from autotrade_0dte.analysis.tables import TableError
    from autotrade_0dte.calendar import CalendarError
    from autotrade_0dte.config import ConfigError
    from autotrade_0dte.data.catalog import CatalogError
    from autotrade_0dte.market_state.profile import ProfileError
    from autotrade_0dte.products import UnknownProductError
    from tiger_nt.errors import TigerConfigError

    ours = ConfigError, CatalogError, CalendarError, TableError, MomentError, UnknownProductError
    return *ours, CalibrationError, ProfileError, TigerConfigError, OSError


def _faults() -> tuple[type[BaseException], ...]:
    from autotrade_0dte.analysis.summary import AccountingError
    from autotrade_0dte.nodes.live_end import NotWrittenError
    from autotrade_0dte.nodes.sessions import SessionFaultError

    return SessionFaultError, AccountingError, NotWrittenError


def _refusals() -> tuple[type[BaseException], ...]:
    from autotrade_0dte.nodes.confirmation import ConfirmationError
    from autotrade_0dte.nodes.kill_latch import KillLatchError
    from autotrade_0dte.store.schema import StoreError

    return ConfirmationError, KillLatchError, StoreError
