"""A session told in order of time: changes of level, decisions, and what became of each entry."""

import datetime as dt
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import msgspec

from autotrade_0dte.analysis.explain import run_sessions
from autotrade_0dte.analysis.market_at import MarketStates, Transition
from autotrade_0dte.analysis.moment import MomentError, chosen_session
from autotrade_0dte.analysis.session_rows import read_session, rows_of
from autotrade_0dte.analysis.summary import read_summary
from autotrade_0dte.analysis.tracks import tracks_of

__all__ = ["Closed", "Decided", "GivenUp", "Timeline", "timeline"]


_GIVEN_UP = ("CANCELED", "EXPIRED")

type Rows = list[dict[str, Any]]


class Decided(msgspec.Struct, frozen=True, kw_only=True):
    """A decision, and how many like it followed at once."""

    ts_event: int
    track: str
    plan_id: str | None
    kind: str
    reason: str
    instrument_id: str
    side: str
    quantity: int
    price: float
    level: int
    times: int = 1


class Closed(msgspec.Struct, frozen=True, kw_only=True):
    """A position that was closed; net P&L in dollars.

    The last position of a plan with several, such as a vertical, also has the plan's.
    """

    ts_event: int
    track: str
    plan_id: str | None
    instrument_id: str
    exit_reason: str
    net_pnl: float
    plan_net_pnl: float | None = None


class GivenUp(msgspec.Struct, frozen=True, kw_only=True):
    """An entry of which nothing was filled before its order was canceled or expired."""

    ts_event: int
    track: str
    plan_id: str | None
    instrument_id: str


class Timeline(msgspec.Struct, frozen=True, kw_only=True):
    """What happened in one session, in order of time (UTC ns)."""

    run_id: str
    underlying: str
    synthetic: bool
    session: dt.date
    happenings: tuple[Transition | Decided | GivenUp | Closed, ...]


def timeline(
    run_folder: Path, *, session: dt.date | None = None, track: str | None = None
) -> Timeline:
    """Return the transitions, decisions, unfilled entries and closed positions of a session.

    Parameters
    ----------
    run_folder : Path
        Run folder.
    session : date, optional
        Session of the run; needed where it has several.
    track : str, optional
        Only this track's decisions and positions.

    Raises
    ------
    MomentError
        When the run has no such session or track.
    TableError
        When the folder is no run folder with these tables.
    """
    summary = read_summary(run_folder)
    date = chosen_session(run_sessions(summary), session)
    names = ("states", "decisions", "orders", "fills", "positions")
    tables = {name: read_session(run_folder, name, date) for name in names}
    track_of = tracks_of(tables["decisions"])
    if track is not None and track not in track_of.values():
        names_of = " or ".join(sorted(set(track_of.values()))) or "a session with decisions"
        raise MomentError(f"--track: Expected {names_of}, was {track}")

    def own(name: str) -> Rows:
        rows = rows_of(tables[name])
        rows = [row | {"track": track_of.get(row["strategy"], row["strategy"])} for row in rows]
        return [row for row in rows if track in {None, row["track"]}]

    decisions = own("decisions")
    happenings: list[Transition | Decided | GivenUp | Closed] = [
        *MarketStates(tables["states"]).transitions(),
        *_decided(decisions),
        *_given_up(decisions, own("orders"), own("fills")),
        *_closed(own("positions")),
    ]
    return Timeline(
        run_id=summary["run_id"],
        underlying=summary["underlying"],
        synthetic=summary["synthetic"],
        session=date,
        happenings=tuple(sorted(happenings, key=lambda each: each.ts_event)),
    )


def _decided(rows: Rows) -> list[Decided]:
    names = [name for name in Decided.__struct_fields__ if name != "times"]
    found: list[Decided] = []
    for row in rows:
        each = Decided(**{name: row[name] for name in names})
        if found and _again(found[-1], each):
            found[-1] = msgspec.structs.replace(found[-1], times=found[-1].times + 1)
        else:
            found.append(each)
    return found


def _again(last: Decided, each: Decided) -> bool:
    """Tell whether a refusal only repeats the one before."""
    names = ("track", "plan_id", "kind", "reason", "instrument_id", "level")
    return each.kind == "REFUSE" and all(getattr(last, n) == getattr(each, n) for n in names)


def _given_up(decisions: Rows, orders: Rows, fills: Rows) -> list[GivenUp]:
    """Return the entries that came to nothing; a refused order has a decision that says so."""
    entered = {_plan(row) for row in decisions if row["kind"] == "ENTER"}
    entered -= {_plan(row) for row in fills}
    names = [name for name in GivenUp.__struct_fields__ if name != "ts_event"]
    return [
        GivenUp(ts_event=row["ts_last"], **{name: row[name] for name in names})
        for row in orders
        if row["status"] in _GIVEN_UP and _plan(row) in entered
    ]


def _plan(row: Mapping[str, Any]) -> tuple[Any, ...]:
    return row["strategy"], row["plan_id"]


def _closed(rows: Rows) -> list[Closed]:
    names = ("track", "plan_id", "instrument_id", "exit_reason", "net_pnl")
    found = []
    for row in rows:
        if row["ts_closed"] is None:
            continue
        legs = [row] if row["plan_id"] is None else [r for r in rows if _plan(r) == _plan(row)]
        closed = [leg["ts_closed"] for leg in legs]
        whole = None
        if len(legs) > 1 and None not in closed and row is legs[closed.index(max(closed))]:
            whole = sum(leg["net_pnl"] for leg in legs)
        given = {name: row[name] for name in names}
        found.append(Closed(ts_event=row["ts_closed"], plan_net_pnl=whole, **given))
    return found
