"""What the catalog holds, and whether it is whole and good enough to test on."""

import datetime as dt
import hashlib
from enum import StrEnum
from pathlib import Path
from typing import TypedDict

import msgspec

from autotrade_0dte.calendar import NEW_YORK
from autotrade_0dte.data.catalog import Catalog, SessionEntry
from autotrade_0dte.data.manifest import DatasetKind, StoredDataset
from autotrade_0dte.data.plausibility import differ, last_print, spot_disagrees
from autotrade_0dte.data.session_data import SettlementPrice

__all__ = ["Problem", "QualityParams", "QualityRow", "SessionRow", "Verdict", "check", "describe"]


class Verdict(StrEnum):
    """OK: nothing found; WARN: usable, know this first; BAD: do not test on it."""

    OK = "ok"
    WARN = "warn"
    BAD = "bad"


class Problem(StrEnum):
    """What was found; docs/data.md says which makes a session BAD."""

    FILE_MISSING = "file_missing"
    FILE_CHANGED = "file_changed"
    SETTLEMENT_IMPLAUSIBLE = "settlement_implausible"
    SPOT_MISMATCH = "spot_mismatch"
    ONE_BOOK = "one_book"
    NO_UNDERLYING = "no_underlying"
    NO_SETTLEMENT = "no_settlement"
    GAPS = "gaps"
    STARTS_LATE = "starts_late"
    ENDS_EARLY = "ends_early"
    MOSTLY_ONE_SIDED = "mostly_one_sided"


_DAMAGE = {Problem.FILE_MISSING, Problem.FILE_CHANGED}
_FATAL = _DAMAGE | {Problem.SETTLEMENT_IMPLAUSIBLE, Problem.SPOT_MISMATCH, Problem.ONE_BOOK}


class QualityParams(msgspec.Struct, frozen=True, forbid_unknown_fields=True):
    """When a session is worth a warning, and when its prices contradict each other.

    Parameters
    ----------
    edge_s : float
        Seconds that quotes may be missing after the open or before the close (default 1,200: a
        delayed feed stops about 15 minutes before the close).
    one_sided_fraction : float
        Share of quotes without bid or ask (default 0.5: far strikes have no bid, a quarter is
        common).
    price_tolerance_fraction : float
        How far the settlement price may be from the underlying's last price, and the chain's
        forward from spot (default 0.01: several times what the last half hour usually moves).
    closing_print_s : float
        Age at the close up to which the last price is compared with the settlement price (default
        1,800: a delayed feed stops about 15 minutes before).
    spot_age_s : float
        Age up to which a price of the underlying is compared with the chain (default 600: two
        books of a five-minute feed).
    """

    edge_s: float = 1_200.0
    one_sided_fraction: float = 0.5
    price_tolerance_fraction: float = 0.01
    closing_print_s: float = 1_800.0
    spot_age_s: float = 600.0


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

    Prices are compared only where every file is whole.

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
    day = entry.hours
    underlying = any(held.symbol == entry.underlying for held in entry.datasets[:-1])
    settlement = catalog.settlement(entry.underlying, entry.date)
    one_sided = chain.one_sided / chain.rows
    edge = params.edge_s * 1e9
    if not problems & _DAMAGE:
        problems = problems | _contradictions(catalog.path, entry, settlement, params)
    findings = {
        Problem.ONE_BOOK: chain.books == 1,
        Problem.NO_UNDERLYING: not underlying,
        Problem.NO_SETTLEMENT: settlement is None,
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
        settlement=settlement is not None,
        files=sum(len(held.files) for held in entry.datasets),
    )


def _contradictions(
    root: Path, entry: SessionEntry, settlement: SettlementPrice | None, params: QualityParams
) -> set[Problem]:
    found = set()
    close_ns = entry.hours.close_ns
    last = last_print(root, entry, close_ns)
    if (
        settlement is not None
        and last is not None
        and close_ns - last.ts_event < params.closing_print_s * 1e9
        and differ(settlement.price_cents / 100, last.price, params.price_tolerance_fraction)
    ):
        found.add(Problem.SETTLEMENT_IMPLAUSIBLE)
    if spot_disagrees(
        root,
        entry,
        tolerance_fraction=params.price_tolerance_fraction,
        print_age_s=params.spot_age_s,
    ):
        found.add(Problem.SPOT_MISMATCH)
    return found


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
