"""The ``autotrade`` command: each command a few lines that call the library.

Exit codes: 0 clean, 1 fault, 2 bad usage, configuration, credentials or data, 3 the run ended
unclean, 4 account or market not in order (nothing was traded), 130 interrupted.
"""

import datetime as dt
import os
import sys
from pathlib import Path
from typing import Annotated, Any

import cyclopts

from autotrade_0dte import __version__, cli_nodes

__all__ = ["main"]

EXIT_FAULT = 1
EXIT_BAD_INPUT = 2
EXIT_UNCLEAN = 3
EXIT_INTERRUPTED = 130

DEFAULT_CATALOG = Path("catalog/local")
DEFAULT_RUNS = Path("runs")

CatalogFolder = Annotated[Path, cyclopts.Parameter(name="--catalog")]
Count = Annotated[int, cyclopts.Parameter(validator=cyclopts.validators.Number(gte=1))]
Seed = Annotated[int, cyclopts.Parameter(validator=cyclopts.validators.Number(gte=0))]
AsJson = Annotated[bool, cyclopts.Parameter(name="--json", negative="")]

app = cyclopts.App(
    name="autotrade",
    help="Backtest and trade same-day-expiry (0DTE) options.",
    version=__version__,
    help_format="plaintext",  # the other formats import whole markup parsers
    suppress_keyboard_interrupt=False,  # main answers it
)
data = cyclopts.App(name="data", help="Import, generate, describe and check market data.")
app.command(data)
for command in (cli_nodes.doctor, cli_nodes.paper, cli_nodes.live, cli_nodes.simulator):
    app.command(command)


def main() -> None:
    """Run the command line; what a user can put right is one line on stderr and exit code 2."""
    try:
        code = app(result_action="return_value")
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
    from autotrade_0dte.nodes.sessions import run_backtest

    system = load_config(config)
    first, last = _session_range(sessions)
    entries = Catalog(catalog).sessions(system.root, first, last)
    if not entries:
        raise CatalogError(
            f"Expected sessions of {system.root} in {catalog}"
            f"{f' from {sessions}' if sessions else ''}, was none: "
            "import or generate some first (autotrade data --help)"
        )
    with session_progress([entry.date for entry in entries]) as progress:
        folder, summary = run_backtest(
            system,
            catalog,
            entries,
            runs,
            workers=workers or os.cpu_count() or 1,
            command=" ".join(["autotrade", *sys.argv[1:]]),
            progress=progress,
        )
    report = write_report(folder)
    if as_json:
        _print_json(summary)
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
    _print_json(result) if as_json else print_accuracy(result)


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

    quotes = None if catalog is None else RecordedQuotes(_existing(catalog))
    result = compare_runs(a, b, quotes=quotes)
    _print_json(result) if as_json else print_comparison(result)
    return 0 if result.agrees else EXIT_UNCLEAN


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
        _print_json(told) if as_json else print_timeline(told)
    else:
        found = explain_moment(run, at, session=session, track=track)
        _print_json(found) if as_json else print_explanation(found)


@data.command(name="import")
def import_data(
    source_format: str,
    /,
    *sources: Path,
    catalog: CatalogFolder = DEFAULT_CATALOG,
    symbol: str | None = None,
    replace: bool = False,
    as_json: AsJson = False,
) -> None:
    """Import vendor files into a catalog.

    Parameters
    ----------
    source_format
        cboe-delayed, ohlc-bars, closes, lean or recording.
    sources
        Files or folders.
    catalog
        Folder of the catalog.
    symbol
        What the bars are of, such as SPX or VIX; needed by ohlc-bars.
    replace
        Replace different data that the catalog holds for the same session.
    as_json
        Print the report as one JSON object.
    """
    from autotrade_0dte.data.catalog import Catalog
    from autotrade_0dte.data.importers.importing import import_files
    from autotrade_0dte.data.tables import print_import

    result = import_files(
        source_format, list(sources), Catalog(catalog), symbol=symbol, replace=replace
    )
    if as_json:
        _print_json(result)
    else:
        print_import(result)


@data.command
def generate(
    *,
    catalog: CatalogFolder = DEFAULT_CATALOG,
    sessions: Count = 5,
    seed: Seed = 1,
    last: dt.date | None = None,
    strikes: int | None = None,
    interval_s: int | None = None,
    kind: str | None = None,
    replace: bool = False,
) -> None:
    """Generate synthetic sessions, the same for the same seed; they are marked as synthetic.

    Parameters
    ----------
    catalog
        Folder of the catalog.
    sessions
        How many trading sessions, the last of them on or before `last`.
    seed
        Seed of all random numbers.
    last
        Latest session (2026-07-31 when not given).
    strikes
        Strikes a chain (30 when not given); two contracts each.
    interval_s
        Seconds between repricings of the chain (5 when not given).
    kind
        Kind of every day, such as quiet or flash_move; drawn for each day when not given.
    replace
        Replace different data that the catalog holds for the same session.
    """
    from autotrade_0dte.config import checked
    from autotrade_0dte.data.catalog import Catalog
    from autotrade_0dte.data.synthetic.days import DayKind
    from autotrade_0dte.data.synthetic.generate import (
        DEFAULT_LAST,
        SyntheticParams,
        SyntheticSession,
    )
    from autotrade_0dte.data.synthetic.generate import generate as generate_sessions

    quotes = {"strikes": strikes, "interval_s": interval_s}
    given = {name: value for name, value in quotes.items() if value is not None}
    params = checked({"quotes": given}, SyntheticParams, "command line")
    day_kind = checked(kind, DayKind | None, "command line", "--kind")  # type: ignore[arg-type]

    def progress(done: int, session: SyntheticSession) -> None:
        day = f"{session.recipe.session} {session.recipe.kind}"
        print(f"{done}/{sessions} {day}: {len(session.chain.ts_event):,} quotes", file=sys.stderr)

    generate_sessions(
        Catalog(catalog),
        params,
        sessions=sessions,
        seed=seed,
        last=last or DEFAULT_LAST,
        kind=day_kind,
        replace=replace,
        progress=progress,
    )
    print(f"Generated {sessions} synthetic sessions in {catalog}")


@data.command
def info(*, catalog: CatalogFolder = DEFAULT_CATALOG, as_json: AsJson = False) -> None:
    """Print what a catalog holds, session by session."""
    from autotrade_0dte.data.quality import describe
    from autotrade_0dte.data.tables import print_info

    rows = describe(_existing(catalog))
    _print_json(rows) if as_json else print_info(rows)


@data.command
def check(*, catalog: CatalogFolder = DEFAULT_CATALOG, as_json: AsJson = False) -> int:
    """Check the quality of a catalog's sessions and the integrity of its files.

    Ends with exit code 3 when a session is bad.
    """
    from autotrade_0dte.data.quality import check as check_catalog
    from autotrade_0dte.data.tables import print_check

    rows = check_catalog(_existing(catalog))
    _print_json(rows) if as_json else print_check(rows)
    return EXIT_UNCLEAN if any(row["verdict"] == "bad" for row in rows) else 0


@data.command
def profile(
    config: Path,
    /,
    *,
    to: Path,
    catalog: CatalogFolder = DEFAULT_CATALOG,
    sessions: str | None = None,
    workers: Count | None = None,
    as_json: AsJson = False,
) -> None:
    """Measure what is usual at each minute of the day, and write it as a file.

    A configuration takes the file as profile_file, for sessions after those it was made from.

    Parameters
    ----------
    config
        TOML file; its windows and thresholds are what is measured with.
    to
        JSON file to write.
    catalog
        Folder of the catalog.
    sessions
        First and last session as A:B (dates as 2026-07-31; either side may be empty), or one date.
    workers
        Sessions replayed at a time; one for each processor when not given.
    as_json
        Print what the profile holds as one JSON object.
    """
    import msgspec

    from autotrade_0dte.analysis.tables import write_bytes
    from autotrade_0dte.config import load_config
    from autotrade_0dte.data.profile_summary import describe_profile
    from autotrade_0dte.data.profiling import measure_profile
    from autotrade_0dte.data.tables import print_profile
    from autotrade_0dte.nodes.progress import session_progress

    system = load_config(config)
    entries = _existing(catalog).sessions(system.root, *_session_range(sessions))
    to.parent.mkdir(parents=True, exist_ok=True)  # rather now than after the work
    with session_progress([entry.date for entry in entries]) as progress:
        measured = measure_profile(
            system, catalog, entries, workers=workers or os.cpu_count() or 1, progress=progress
        )
    write_bytes(to, msgspec.json.encode(measured) + b"\n")
    held = describe_profile(measured)
    _print_json(held) if as_json else print_profile(held)


def _existing(folder: Path) -> Any:
    from autotrade_0dte.data.catalog import Catalog, CatalogError

    if not folder.is_dir():
        raise CatalogError(f"Expected the folder of a catalog, was {folder}")
    return Catalog(folder)


def _session_range(text: str | None) -> tuple[dt.date | None, dt.date | None]:
    from autotrade_0dte.config import ConfigError

    if text is None:
        return None, None
    first, colon, last = text.partition(":")
    try:
        start = dt.date.fromisoformat(first) if first else None
        end = dt.date.fromisoformat(last) if last else None
    except ValueError:
        raise ConfigError(
            f"--sessions: Expected A:B or one date, such as 2026-07-17:2026-08-12, was {text}"
        ) from None
    if not colon:
        return start, start
    if start is not None and end is not None and end < start:
        raise ConfigError(f"--sessions: Expected the earlier date first, was {text}")
    return start, end


def _print_json(value: Any) -> None:
    import msgspec

    print(msgspec.json.encode(value, order="deterministic").decode())


def _exit_code(error: Exception) -> int:
    if isinstance(error, _refusals()):
        return cli_nodes.EXIT_REFUSED
    return EXIT_FAULT if isinstance(error, _faults()) else EXIT_BAD_INPUT


def _bad_input() -> tuple[type[BaseException], ...]:
    """Return what a user can put right; evaluated only once something has been raised."""
    from autotrade_0dte.analysis.moment import MomentError
    from autotrade_0dte.analysis.tables import TableError
    from autotrade_0dte.calendar import CalendarError
    from autotrade_0dte.config import ConfigError
    from autotrade_0dte.data.catalog import CatalogError
    from autotrade_0dte.market_state.profile import ProfileError
    from autotrade_0dte.products import UnknownProductError
    from tiger_nt.errors import TigerConfigError

    ours = ConfigError, CatalogError, CalendarError, TableError, MomentError, UnknownProductError
    return *ours, ProfileError, TigerConfigError, OSError


def _faults() -> tuple[type[BaseException], ...]:
    from autotrade_0dte.analysis.summary import AccountingError
    from autotrade_0dte.nodes.live_end import NotWrittenError
    from autotrade_0dte.nodes.sessions import SessionFaultError

    return SessionFaultError, AccountingError, NotWrittenError


def _refusals() -> tuple[type[BaseException], ...]:
    from autotrade_0dte.nodes.confirmation import ConfirmationError

    return (ConfirmationError,)
