"""Terminal tables of the catalog's content, its quality, and of an import."""

from collections.abc import Sequence
from functools import partial
from io import StringIO

from rich.console import Console, Group, RenderableType
from rich.table import Table
from rich.text import Text

from autotrade_0dte.data.importers.report import ImportReport
from autotrade_0dte.data.profile_summary import ProfileSummary
from autotrade_0dte.data.quality import QualityRow, SessionRow, Verdict

__all__ = ["import_summary", "print_check", "print_import", "print_info", "print_profile"]
__all__ += ["profile_table", "quality_table", "sessions_table", "to_text"]

_PLAIN_WIDTH = 100
_PLAIN = partial(Console, markup=False, emoji=False, highlight=False)
"""File names and reasons are shown as they are."""
_STRETCHES = 6

_STYLES = {Verdict.OK: "green", Verdict.WARN: "yellow", Verdict.BAD: "bold red"}


def sessions_table(rows: Sequence[SessionRow]) -> RenderableType:
    """Return what the catalog holds, one line a session; `id` begins its fingerprint."""
    if not rows:
        return Text("The catalog has no session; import one first.")
    table = _table("date", "root", "#contracts", "#books", "#quotes", "NY time", "#settles")
    table.add_column("with")
    table.add_column("id", no_wrap=True)
    for row in rows:
        table.add_row(
            f"{row['date']}",
            row["root"] + ("*" if row["synthetic"] else ""),
            f"{row['contracts']:,}",
            f"{row['books']:,}",
            f"{row['quotes']:,}",
            f"{row['first']:%H:%M}-{row['last']:%H:%M}",
            "-" if row["settlement"] is None else f"{row['settlement']:,.2f}",
            _symbols(row["other_data"]),
            row["fingerprint"][:6],
        )
    quotes = sum(row["quotes"] for row in rows)
    size = sum(row["size_bytes"] for row in rows) / 1e6
    total = f"{_counted(len(rows), 'session')}, {quotes:,} quotes, {size:,.1f} MB"
    made_up = " (* synthetic)" if any(row["synthetic"] for row in rows) else ""
    return Group(table, Text(total + made_up))


def quality_table(rows: Sequence[QualityRow]) -> RenderableType:
    """Return the findings of a check, one line a session."""
    table = _table("date", "root", "", "#quotes", "NY time", "#1-sided", "#locked")
    table.add_column("gaps", justify="right", no_wrap=True)
    table.add_column("found")
    for row in rows:
        hours = (
            "-"
            if row["first"] is None or row["last"] is None
            else (f"{row['first']:%H:%M}-{row['last']:%H:%M}")
        )
        gaps = f"{row['gaps']}, {_duration(row['longest_gap_s'])}" if row["gaps"] else "-"
        table.add_row(
            f"{row['date']}",
            row["root"],
            Text(row["verdict"], _STYLES[row["verdict"]]),
            f"{row['quotes']:,}",
            hours,
            f"{row['one_sided_fraction']:.1%}",
            f"{row['locked']:,}",
            gaps,
            ", ".join(problem.replace("_", " ") for problem in row["problems"]) or "-",
        )
    counts = [f"{sum(row['verdict'] is verdict for row in rows)} {verdict}" for verdict in Verdict]
    return Group(table, Text(f"{len(rows)} checked: {', '.join(counts)}"))


def import_summary(report: ImportReport) -> RenderableType:
    """Return what an import did with every row and file."""
    table = Table.grid(padding=(0, 2))
    table.add_column(justify="right")
    table.add_column()
    table.add_row(
        f"{len(report.sources):,}", "file read" if len(report.sources) == 1 else "files read"
    )
    table.add_row(f"{report.rows_read:,}", "rows read")
    table.add_row(f"{report.rows_written:,}", "rows good")
    for reason, count in sorted(report.refused.items()):
        table.add_row(f"{count:,}", Text(f"rows refused: {_words(reason)}", "yellow"))
    for note, count in sorted(report.noted.items()):
        table.add_row(f"{count:,}", f"noted: {_words(note)}")
    for skipped in report.skipped:
        table.add_row("skipped", f"{skipped.name}: {skipped.reason}")
    days = {held.session for held in report.written}
    outcome = (
        f"{_counted(len(report.written), 'dataset')} of {_counted(len(days), 'session')} stored"
    )
    if report.unchanged:
        outcome += f", {len(report.unchanged)} held already and left alone"
    if not report.changed:
        outcome = f"Nothing changed: {outcome}"
    return Group(table, Text(outcome))


def profile_table(profile: ProfileSummary) -> RenderableType:
    """Return what a profile knows, one line a metric; minutes count from the open."""
    table = _table("metric", "#minutes", "#sessions", "unknown minutes")
    for row in profile.metrics:
        table.add_row(
            _words(row.metric),
            f"{row.minutes:,}",
            f"{row.fewest_sessions:,}+" if row.minutes else "-",
            _stretches(row.unknown),
        )
    days = profile.sessions
    made_of = f"{_counted(len(days), 'session')} of {profile.root}, {days[0]} to {days[-1]}"
    return Group(table, Text(made_of))


def print_info(rows: Sequence[SessionRow]) -> None:
    """Print what a catalog holds."""
    _print(sessions_table(rows))


def print_check(rows: Sequence[QualityRow]) -> None:
    """Print the findings of a check."""
    _print(quality_table(rows))


def print_import(report: ImportReport) -> None:
    """Print what an import did."""
    _print(import_summary(report))


def print_profile(profile: ProfileSummary) -> None:
    """Print what a profile knows."""
    _print(profile_table(profile))


def to_text(table: RenderableType, width: int = _PLAIN_WIDTH) -> str:
    """Return the table as plain text of at most `width` columns."""
    console = _PLAIN(file=StringIO(), width=width, color_system=None, legacy_windows=False)
    with console.capture() as capture:
        console.print(table)
    return "\n".join(line.rstrip() for line in capture.get().splitlines()) + "\n"


def _print(table: RenderableType) -> None:
    console = _PLAIN()
    if not console.is_terminal:  # a pipe or a file has no width of its own
        console = _PLAIN(width=_PLAIN_WIDTH)
    console.print(table)


def _table(*columns: str) -> Table:
    """Columns marked with # are numbers, aligned right."""
    table = Table(box=None, padding=(0, 1, 0, 0), header_style="bold")  # 80 columns hold it
    for name in columns:
        right = name.startswith("#")
        table.add_column(name.lstrip("#"), justify="right" if right else "left", no_wrap=True)
    return table


def _duration(seconds: float) -> str:
    return f"{seconds / 60:.0f} min" if seconds >= 120 else f"{seconds:.0f} s"


def _symbols(datasets: Sequence[str]) -> str:
    """Return the distinct symbols of ``SPY trades``, ``SPX index`` and so on."""
    return ", ".join(dict.fromkeys(name.split()[0] for name in datasets)) or "-"


def _stretches(unknown: Sequence[tuple[int, int]]) -> str:
    """Return the first stretches of minutes and how many more there are."""
    named = [f"{a}" if a == b else f"{a}-{b}" for a, b in unknown[:_STRETCHES]]
    more = len(unknown) - len(named)
    return ", ".join([*named, *([f"{more} more"] if more else [])]) or "-"


def _counted(count: int, noun: str) -> str:
    return f"{count:,} {noun}{'' if count == 1 else 's'}"


def _words(reason: str) -> str:
    return reason.replace("_", " ")
