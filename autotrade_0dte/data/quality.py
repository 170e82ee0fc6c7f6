"""What the catalog holds, and whether it is whole and good enough to test on."""

import datetime as dt
import hashlib
from enum import StrEnum
from pathlib import Path
from typing import TypedDict

import msgspec

from autotrade_0dte.calendar import NEW_YORK, session
from autotrade_0dte.data.catalog import Catalog, SessionEntry
from autotrade_0dte.data.manifest import DatasetKind, StoredDataset

__all__ = ["Problem", "QualityParams", "QualityRow", "SessionRow", "Verdict", "check", "describe"]


class Verdict(StrEnum):
    """OK: nothing found; WARN: usable, know this first; BAD: do not test on it."""

    OK = "ok"
    WARN = "warn"
    BAD = "bad"


class Problem(StrEnum):
    """What was found; a missing or changed file makes a session BAD."""

    FILE_MISSING = "file_missing"
    FILE_CHANGED = "file_changed"
    NO_UNDERLYING = "no_underlying"
    NO_SETTLEMENT = "no_settlement"
    GAPS = "gaps"
    STARTS_LATE = "starts_late"
    ENDS_EARLY = "ends_early"
    MOSTLY_ONE_SIDED = "mostly_one_sided"


_FATAL = {Problem.FILE_MISSING, Problem.FILE_CHANGED}


class QualityParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When a session is worth a warning.

    Parameters
    ----------
    edge_s : float
        Seconds that quotes may be missing after the open or before the close (default 1,200: a
        delayed feed stops about 15 minutes before the close).
    one_sided_fraction : float
        Share of quotes without bid or ask (default 0.5: far strikes have no bid, a quarter is
        common).
    """

    edge_s: float = 1_200.0
    one_sided_fraction: float = 0.5


_DEFAULTS = QualityParams()


class SessionRow(TypedDict):
    """One session for an overview; `first` and `last` are New York times of the chain's quotes."""

    date: dt.date
    root: str
    contracts: int
    books: int
    quotes: int
    first: dt.time
    last: dt.time
    other_data: list[str]
    settlement: float | None
    synthetic: bool
    sources: list[str]
    size_bytes: int
    fingerprint: str


class QualityRow(TypedDict):
    """One session's findings; `longest_gap_s` is 0 without a gap."""

    date: dt.date
    root: str
    verdict: Verdict
    problems: list[Problem]
    books: int
    quotes: int
    first: dt.time | None
    last: dt.time | None
    one_sided_fraction: float
    locked: int
    gaps: int
    longest_gap_s: float
    underlying: bool
    settlement: bool
    files: int


def describe(catalog: Catalog) -> list[SessionRow]:
    """Return one row for each session, by date and root."""
    return [_describe(catalog, entry) for entry in catalog.sessions()]


def check(catalog: Catalog, params: QualityParams = _DEFAULTS) -> list[QualityRow]:
    """Return the findings for each session, by date and root, after hashing every file.

    Damaged datasets that belong to no session (an index on a date without a chain) get rows of
    their own.
    """
    damaged = {
        key: problems
        for key, held in catalog.datasets().items()
        if (problems := _damage(catalog.path, held))
    }
    rows = []
    seen = set()
    for entry in catalog.sessions():
        keys = {held.key for held in entry.datasets}
        keys.add((DatasetKind.SETTLEMENT, entry.underlying, entry.date))
        seen |= keys
        found = set().union(*(damaged.get(key, ()) for key in keys))
        rows.append(_judge(catalog, entry, found, params))
    rows += [_damaged_row(key[1], key[2], damaged[key]) for key in damaged if key not in seen]
    return sorted(rows, key=lambda row: (row["date"], row["root"]))


def _describe(catalog: Catalog, entry: SessionEntry) -> SessionRow:
    price = catalog.settlement(entry.underlying, entry.date)
    others = (held for held in entry.datasets if held.kind is not DatasetKind.CHAIN)
    return SessionRow(
        date=entry.date,
        root=entry.root,
        contracts=entry.contracts,
        books=entry.chain.books,
        quotes=entry.quotes,
        first=_new_york(entry.first_ns),
        last=_new_york(entry.last_ns),
        other_data=[f"{held.symbol} {held.kind}" for held in others],
        settlement=None if price is None else price.price_cents / 100,
        synthetic=entry.synthetic,
        sources=list(entry.sources),
        size_bytes=sum(file.size for held in entry.datasets for file in held.files),
        fingerprint=entry.fingerprint,
    )


def _judge(
    catalog: Catalog, entry: SessionEntry, problems: set[Problem], params: QualityParams
) -> QualityRow:
    chain = entry.chain
    day = session(entry.date)
    underlying = any(held.symbol == entry.underlying for held in entry.datasets[:-1])
    settlement = catalog.settlement(entry.underlying, entry.date) is not None
    one_sided = chain.one_sided / chain.rows
    edge = params.edge_s * 1e9
    findings = {
        Problem.NO_UNDERLYING: not underlying,
        Problem.NO_SETTLEMENT: not settlement,
        Problem.GAPS: chain.gap_count > 0,
        Problem.STARTS_LATE: chain.first_ns - day.open_ns > edge,
        Problem.ENDS_EARLY: day.close_ns - chain.last_ns > edge,
        Problem.MOSTLY_ONE_SIDED: one_sided > params.one_sided_fraction,
    }
    problems = problems | {problem for problem, found in findings.items() if found}
    verdict = Verdict.WARN if problems else Verdict.OK
    return QualityRow(
        date=entry.date,
        root=entry.root,
        verdict=Verdict.BAD if problems & _FATAL else verdict,
        problems=[problem for problem in Problem if problem in problems],
        books=chain.books,
        quotes=chain.rows,
        first=_new_york(chain.first_ns),
        last=_new_york(chain.last_ns),
        one_sided_fraction=one_sided,
        locked=chain.locked,
        gaps=chain.gap_count,
        longest_gap_s=max(((gap.end_ns - gap.start_ns) / 1e9 for gap in chain.gaps), default=0.0),
        underlying=underlying,
        settlement=settlement,
        files=sum(len(held.files) for held in entry.datasets),
    )


def _damaged_row(symbol: str, date: dt.date, problems: set[Problem]) -> QualityRow:
    return QualityRow(
        date=date,
        root=symbol,
        verdict=Verdict.BAD,
        problems=sorted(problems),
        books=0,
        quotes=0,
        first=None,
        last=None,
        one_sided_fraction=0.0,
        locked=0,
        gaps=0,
        longest_gap_s=0.0,
        underlying=False,
        settlement=False,
        files=0,
    )


def _damage(root: Path, held: StoredDataset) -> set[Problem]:
    problems = set()
    for file in held.files:
        path = root / file.path
        if not path.is_file():
            problems.add(Problem.FILE_MISSING)
        elif hashlib.sha256(path.read_bytes()).hexdigest() != file.sha256:
            problems.add(Problem.FILE_CHANGED)
    return problems


def _new_york(ns: int) -> dt.time:
    moment = dt.datetime.fromtimestamp(ns // 1_000_000_000, NEW_YORK)
    return moment.time()
