"""The ``autotrade data`` commands: import, generate, describe, check and profile market data."""

import os
import sys
from pathlib import Path

import cyclopts

from autotrade_0dte.cli_options import (
    DEFAULT_CATALOG,
    EXIT_UNCLEAN,
    AsJson,
    CatalogFolder,
    Count,
    Flag,
    Seed,
    SessionDate,
    add,
    chosen_sessions,
    existing_catalog,
    print_json,
)

__all__ = ["data"]

data = cyclopts.App(name="data", help="Import, generate, describe and check market data.")


def import_data(
    source_format: str,
    /,
    *sources: Path,
    catalog: CatalogFolder = DEFAULT_CATALOG,
    symbol: str | None = None,
    replace: Flag = False,
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
        print_json(result)
    else:
        print_import(result)


def generate(
    *,
    catalog: CatalogFolder = DEFAULT_CATALOG,
    sessions: Count = 5,
    seed: Seed = 1,
    last: SessionDate | None = None,
    strikes: int | None = None,
    interval_s: int | None = None,
    kind: str | None = None,
    replace: Flag = False,
) -> None:
    """Generate synthetic sessions, the same for the same seed; they are marked as synthetic.

    Parameters
    ----------
    catalog
        Folder of the catalog.
    sessions
        How many trading sessions, the last of them on or before --last.
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


def info(*, catalog: CatalogFolder = DEFAULT_CATALOG, as_json: AsJson = False) -> None:
    """Print what a catalog holds, session by session.

    Parameters
    ----------
    catalog
        Folder of the catalog.
    as_json
        Print the sessions as one JSON list.
    """
    from autotrade_0dte.data.quality import describe
    from autotrade_0dte.data.tables import print_info

    rows = describe(existing_catalog(catalog))
    print_json(rows) if as_json else print_info(rows)


def check(*, catalog: CatalogFolder = DEFAULT_CATALOG, as_json: AsJson = False) -> int:
    """Check the quality of a catalog's sessions and the integrity of its files.

    Ends with exit code 3 when a session is bad.

    Parameters
    ----------
    catalog
        Folder of the catalog.
    as_json
        Print the findings as one JSON list.
    """
    from autotrade_0dte.data.catalog import CatalogError
    from autotrade_0dte.data.quality import check as check_catalog
    from autotrade_0dte.data.tables import print_check

    rows = check_catalog(existing_catalog(catalog))
    if not rows:
        raise CatalogError(f"Expected sessions to check, was none in {catalog}")
    print_json(rows) if as_json else print_check(rows)
    return EXIT_UNCLEAN if any(row["verdict"] == "bad" for row in rows) else 0


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
    from autotrade_0dte.nodes.signals import interrupted_by_signals

    system = load_config(config)
    entries = chosen_sessions(catalog, system.root, sessions)
    to.parent.mkdir(parents=True, exist_ok=True)  # rather now than after the work
    days = [f"{entry.date}" for entry in entries]
    with interrupted_by_signals(), session_progress(days) as progress:
        measured = measure_profile(
            system, catalog, entries, workers=workers or os.cpu_count() or 1, progress=progress
        )
    write_bytes(to, msgspec.json.encode(measured) + b"\n")
    held = describe_profile(measured)
    print_json(held) if as_json else print_profile(held)


add(data, import_data, name="import")
for command in (generate, info, check, profile):
    add(data, command)
