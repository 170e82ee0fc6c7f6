"""Whether two runs of the same sessions agree: live and the backtest of its recording above all.

Decisions must be the same: kind, instrument and side, in the same order, at most a tolerance apart.
Fills may differ, but each difference must have a cause in what the runs recorded.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec

from autotrade_0dte.analysis.alignment import align
from autotrade_0dte.analysis.fill_differences import (
    Cause,
    Explanation,
    FillDifference,
    OrderOutcome,
    QuoteHistory,
    explain,
)
from autotrade_0dte.analysis.run_events import DecisionRow, RunEvents, RunLabel
from autotrade_0dte.analysis.tables import TableError

__all__ = ["TOLERANCE_S", "Comparison", "DecisionDifference", "SessionComparison", "compare_runs"]

TOLERANCE_S = 2.0


class DecisionDifference(msgspec.Struct, frozen=True):
    """A decision of one run that the other lacks, and what the other decided next, if anything."""

    a: DecisionRow | None
    b: DecisionRow | None
    missing_in: str


class SessionComparison(msgspec.Struct, frozen=True, kw_only=True):
    """One session of both runs.

    Parameters
    ----------
    session : datetime.date
        The session.
    seen_by_both_s : float
        Seconds of it that both runs have seen; 0 means that nothing was compared.
    decisions_matched, decisions_missing : int
        Decisions of both runs, and of one that the other should have.
    decisions_outside : (int, int)
        Decisions of each run when the other had not begun or had ended.
    first_difference : DecisionDifference, optional
        The first missing decision.
    apart_max_s : float, optional
        The most that matched decisions are apart; None without any.
    varied : dict of str to int
        Matched decisions with another reason, quantity, price, plan or level of the market.
    orders_matched, orders_equal, orders_outside : int, int, (int, int)
        Orders of both runs, those filled alike, and orders outside as with decisions.
    fill_differences : tuple of FillDifference
        Orders that were not filled alike, in order of time.
    """

    session: dt.date
    seen_by_both_s: float
    decisions_matched: int
    decisions_missing: int
    decisions_outside: tuple[int, int]
    first_difference: DecisionDifference | None
    apart_max_s: float | None
    varied: dict[str, int]
    orders_matched: int
    orders_equal: int
    orders_outside: tuple[int, int]
    fill_differences: tuple[FillDifference, ...]


class Comparison(msgspec.Struct, frozen=True, kw_only=True):
    """Two runs compared; `agrees` is whether all decisions match and no fill is unexplained.

    Runs that have not seen a session of both at the same time do not agree, nothing being compared.
    `only_a` and `only_b` are sessions of one run; they are not compared.
    """

    a: RunLabel
    b: RunLabel
    agrees: bool
    decisions_agree: bool
    unexplained: int
    causes: dict[str, int]
    tolerance_s: float
    sessions: tuple[SessionComparison, ...]
    only_a: tuple[dt.date, ...]
    only_b: tuple[dt.date, ...]


def compare_runs(
    a: Path, b: Path, *, quotes: QuoteHistory | None = None, tolerance_s: float = TOLERANCE_S
) -> Comparison:
    """Compare two run folders.

    Parameters
    ----------
    a, b : Path
        Run folders with a session in common.
    quotes : callable, optional
        Quotes of the recording, to account for fills that did not record the quote they met, as
        those of a broker.
    tolerance_s : float
        How far apart the same decision or order may be, seconds.

    Raises
    ------
    TableError
        A folder is no whole run folder, or the runs have no session in common.
    """
    run_a, run_b = RunEvents(a), RunEvents(b)
    one, other = set(run_a.sessions), set(run_b.sessions)
    common = sorted(one & other)
    if not common:
        raise TableError(
            f"Expected runs of a session in common, was {_dates(one)} and {_dates(other)} "
            f"({run_a.label.run_id}, {run_b.label.run_id})"
        )
    tolerance_ns = round(tolerance_s * 1e9)
    sessions = tuple(_compare(date, run_a, run_b, quotes, tolerance_ns) for date in common)
    differences = [found for session in sessions for found in session.fill_differences]
    decisions_agree = not any(session.decisions_missing for session in sessions)
    unexplained = sum(not found.explained for found in differences)
    compared = all(session.seen_by_both_s > 0 for session in sessions)
    return Comparison(
        a=run_a.label,
        b=run_b.label,
        agrees=decisions_agree and unexplained == 0 and compared,
        decisions_agree=decisions_agree,
        unexplained=unexplained,
        causes=_counted(e.cause for found in differences for e in found.explanations),
        tolerance_s=tolerance_s,
        sessions=sessions,
        only_a=tuple(sorted(one - other)),
        only_b=tuple(sorted(other - one)),
    )


def _compare(
    date: dt.date, a: RunEvents, b: RunEvents, quotes: QuoteHistory | None, tolerance_ns: int
) -> SessionComparison:
    seen = a.seen(date), b.seen(date)
    decided = align(a.decisions(date), b.decisions(date), *seen, tolerance_ns)
    ordered = align(a.orders(date), b.orders(date), *seen, tolerance_ns)
    found = [explain(date, one, other, quotes, tolerance_ns) for one, other in ordered.pairs]
    differences = [difference for difference in found if difference is not None]
    differences += [_only_one(date, order) for order in ordered.lonely]
    apart = [abs(one.ts_event - other.ts_event) / 1e9 for one, other in decided.pairs]
    overlap_ns = min(span.last_ns for span in seen) - max(span.first_ns for span in seen)
    return SessionComparison(
        session=date,
        seen_by_both_s=max(overlap_ns, 0) / 1e9,
        decisions_matched=len(decided.pairs),
        decisions_missing=len(decided.lonely),
        decisions_outside=decided.outside,
        first_difference=_first(decided.lonely),
        apart_max_s=max(apart, default=None),
        varied=_varied(decided.pairs),
        orders_matched=len(ordered.pairs),
        orders_equal=found.count(None),
        orders_outside=ordered.outside,
        fill_differences=tuple(sorted(filter(_has_fill, differences), key=_made_ns)),
    )


def _first(
    lonely: list[tuple[DecisionRow | None, DecisionRow | None, bool]],
) -> DecisionDifference | None:
    if not lonely:
        return None
    a, b, is_of_a = lonely[0]
    return DecisionDifference(a, b, "b" if is_of_a else "a")


def _varied(pairs: list[tuple[DecisionRow, DecisionRow]]) -> dict[str, int]:
    names = ("reason", "quantity", "price", "plan_id", "level")
    differing = (
        name
        for one, other in pairs
        for name in names
        if not _alike(getattr(one, name), getattr(other, name))
    )
    return _counted(differing)


def _alike(one: Any, other: Any) -> bool:
    """Compare values of one column; an unknown number is like another."""
    both_nan = one != one and other != other  # noqa: PLR0124 - only NaN is not itself
    return bool(one == other or both_nan)


def _only_one(
    date: dt.date, lonely: tuple[OrderOutcome | None, OrderOutcome | None, bool]
) -> FillDifference:
    a, b, is_of_a = lonely
    order = a if is_of_a else b
    assert order is not None
    figures: dict[str, float | str] = {"filled_in_one_run_only": order.filled}
    explanations = (Explanation(Cause.UNEXPLAINED, figures),)
    return FillDifference(date, a if is_of_a else None, None if is_of_a else b, explanations)


def _has_fill(found: FillDifference) -> bool:
    return any(order is not None and order.pieces for order in (found.a, found.b))


def _made_ns(found: FillDifference) -> int:
    return min(order.ts_init for order in (found.a, found.b) if order is not None)


def _counted(names: Iterable[str]) -> dict[str, int]:
    return dict(sorted(Counter(map(str, names)).items()))


def _dates(sessions: set[dt.date]) -> str:
    if not sessions:
        return "none"
    return f"{min(sessions)} to {max(sessions)}"
