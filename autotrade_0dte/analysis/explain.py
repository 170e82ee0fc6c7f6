"""What a run saw, thought, held and did at one moment, from its run folder."""

import datetime as dt
from pathlib import Path
from typing import Any

import msgspec

from autotrade_0dte.analysis.considered import Considered, considered
from autotrade_0dte.analysis.display import clock
from autotrade_0dte.analysis.market_at import MarketAt, MarketStates
from autotrade_0dte.analysis.moment import Moment, MomentError, moment
from autotrade_0dte.analysis.session_rows import read_session, rows_of
from autotrade_0dte.analysis.summary import read_summary
from autotrade_0dte.analysis.tables import TABLES
from autotrade_0dte.analysis.tracks import tracks_of
from autotrade_0dte.analysis.worked import WorkAt, worked
from autotrade_0dte.calendar import CalendarError
from autotrade_0dte.calendar import session as session_hours
from autotrade_0dte.signals.signal import FACTORS, RECORD_EVERY_NS, Factor

__all__ = ["DecisionAt", "Explanation", "FactorAt", "FillAt", "Holding", "NextDecision"]
__all__ += ["OrderAt", "SignalAt", "explain", "run_sessions"]

_NS = 1_000_000_000
_NEVER = 2**63


class FactorAt(msgspec.Struct, frozen=True):
    """What one factor said: its opinion in [-1, 1] and its confidence in [0, 1]."""

    factor: Factor
    value: float
    confidence: float


class SignalAt(msgspec.Struct, frozen=True, kw_only=True):
    """The last recorded signal of a track; `refusal` is empty where it could be acted on."""

    ts_event: int
    track: str
    direction: int
    score: float
    strength: float
    agreement: float
    onset_ns: int | None
    valid_until_ns: int | None
    refusal: str
    figures: dict[str, float]
    factors: tuple[FactorAt, ...]


class Holding(msgspec.Struct, frozen=True, kw_only=True):
    """A position that was open, and what became of it (`ts_closed` is None where it stayed open).

    Quantity is the most held; prices are dollars a share, P&L dollars.
    """

    track: str
    plan_id: str | None
    instrument_id: str
    side: str
    quantity: int
    ts_opened: int
    average_open: float
    ts_closed: int | None
    average_close: float
    net_pnl: float
    exit_reason: str


class FillAt(msgspec.Struct, frozen=True, kw_only=True):
    """An execution; dollars."""

    ts_event: int
    quantity: int
    price: float
    fee: float
    bid: float
    ask: float


class OrderAt(msgspec.Struct, frozen=True, kw_only=True):
    """An order in its last state, with its fills and how it was worked."""

    ts_init: int
    instrument_id: str
    side: str
    type: str
    quantity: int
    price: float
    status: str
    reason: str
    fills: tuple[FillAt, ...]
    work: WorkAt | None


class DecisionAt(msgspec.Struct, frozen=True, kw_only=True):
    """A decision, the contracts it was made among, and the orders of its plan from then on."""

    ts_event: int
    track: str
    plan_id: str | None
    kind: str
    reason: str
    instrument_id: str
    side: str
    quantity: int
    price: float
    spot: float
    level: int
    direction: int
    strength: float
    figures: dict[str, Any]
    considered: Considered | None
    orders: tuple[OrderAt, ...]


class NextDecision(msgspec.Struct, frozen=True, kw_only=True):
    """The first decision after the moment."""

    ts_event: int
    track: str
    kind: str
    reason: str


class Explanation(msgspec.Struct, frozen=True, kw_only=True):
    """One moment of a run; times are UTC ns, NaN is unknown.

    A moment on a whole second takes in what happened within that second.

    `decisions` are those at the last instant at or before the moment with a decision.
    """

    run_id: str
    underlying: str
    synthetic: bool
    session: dt.date
    at_ns: int
    market: MarketAt
    signals: tuple[SignalAt, ...]
    holdings: tuple[Holding, ...]
    decisions: tuple[DecisionAt, ...]
    next_decision: NextDecision | None


def run_sessions(summary: dict[str, Any]) -> list[dt.date]:
    """Return the sessions of a run by its summary."""
    return [dt.date.fromisoformat(row["session"]) for row in summary["per_session"]]


def explain(
    run_folder: Path, at: str, *, session: dt.date | None = None, track: str | None = None
) -> Explanation:
    """Tell what a run saw, thought, held and did at one moment.

    Parameters
    ----------
    run_folder : Path
        Run folder.
    at : str
        New York time such as ``10:31`` or ``10:31:05``, or an ISO instant.
    session : date, optional
        Session of the run; needed where it has several and `at` has no date.
    track : str, optional
        Only this track's signals, positions and decisions.

    Raises
    ------
    MomentError
        When the run has no such session, moment or track.
    TableError
        When the folder is no run folder with these tables.
    """
    summary = read_summary(run_folder)
    when = moment(at, run_sessions(summary), session)
    return _Session(run_folder, summary, when, track).explanation()


class _Session:
    """The tables of one session, as far as they are of the track."""

    def __init__(
        self, folder: Path, summary: dict[str, Any], when: Moment, track: str | None
    ) -> None:
        self._summary = summary
        self._when = when
        # Clocks are shown without fractions: what happened within a second belongs to it.
        self._until_ns = when.at_ns + (0 if when.at_ns % _NS else _NS - 1)
        tables = {name: read_session(folder, name, when.session) for name in TABLES}
        self._states = MarketStates(tables.pop("states"))
        self._track = tracks_of(tables["decisions"])
        self._rows = {name: rows_of(table) for name, table in tables.items()}
        if track is not None:
            self._keep(track)

    def explanation(self) -> Explanation:
        date, at_ns = self._when
        market = self._market()
        return Explanation(
            run_id=self._summary["run_id"],
            underlying=self._summary["underlying"],
            synthetic=self._summary["synthetic"],
            session=date,
            at_ns=at_ns,
            market=market,
            signals=self._signals(market.ts_event),
            holdings=self._holdings(),
            decisions=self._decisions(),
            next_decision=self._next_decision(),
        )

    def _market(self) -> MarketAt:
        """Return the market at the moment, which must be within the session.

        A rehearsal has hours of its own, so that what the run saw counts besides the calendar.
        """
        date, at_ns = self._when
        times = self._states.ts_event
        if not len(times):
            raise MomentError(f"--session: Expected a session with snapshots, and {date} has none")
        first_ns, end_ns = int(times[0]), max(int(times[-1]), _close_ns(date))
        market = self._states.at(self._until_ns)
        if market is None or at_ns > end_ns:
            raise MomentError(
                f"--at: Expected a time from {clock(first_ns)}, the first snapshot, to "
                f"{clock(end_ns)} New York ({date}), was {clock(at_ns)}"
            )
        return market

    def _keep(self, track: str) -> None:
        known = {*self._track.values(), *(row["track"] for row in self._rows["signals"])}
        if track not in known:
            names = " or ".join(sorted(known)) or "a session with signals or decisions"
            raise MomentError(f"--track: Expected {names}, was {track}")
        rows = self._rows
        rows["signals"] = [row for row in rows["signals"] if row["track"] == track]
        for name in ("decisions", "positions", "orders", "fills", "candidates"):
            rows[name] = [r for r in rows[name] if self._track.get(r["strategy"]) == track]

    def _signals(self, snapshot_ns: int) -> tuple[SignalAt, ...]:
        """Return each track's signal; none of a track that had stopped making them."""
        latest: dict[str, dict[str, Any]] = {}
        for row in self._rows["signals"]:
            if snapshot_ns - RECORD_EVERY_NS < row["ts_event"] <= self._until_ns:
                latest[row["track"]] = row
        return tuple(_signal(latest[track]) for track in sorted(latest, reverse=True))

    def _holdings(self) -> tuple[Holding, ...]:
        until_ns, names = self._until_ns, Holding.__struct_fields__[1:]
        return tuple(
            Holding(track=self._track_of(row), **{name: row[name] for name in names})
            for row in self._rows["positions"]
            if row["ts_opened"] <= until_ns
            and (row["ts_closed"] is None or row["ts_closed"] > until_ns)
        )

    def _decisions(self) -> tuple[DecisionAt, ...]:
        past = [row for row in self._rows["decisions"] if row["ts_event"] <= self._until_ns]
        if not past:
            return ()
        latest_ns = max(row["ts_event"] for row in past)
        return tuple(self._decision(row) for row in past if row["ts_event"] == latest_ns)

    def _next_decision(self) -> NextDecision | None:
        later = [row for row in self._rows["decisions"] if row["ts_event"] > self._until_ns]
        if not later:
            return None
        row = min(later, key=lambda each: each["ts_event"])
        names = ("ts_event", "kind", "reason")
        return NextDecision(track=self._track_of(row), **{name: row[name] for name in names})

    def _decision(self, row: dict[str, Any]) -> DecisionAt:
        given = {name: row[name] for name in DecisionAt.__struct_fields__ if name in row}
        given |= {"track": self._track_of(row), "figures": msgspec.json.decode(row["figures"])}
        same = ("ts_event", "strategy", "plan_id")
        among = [
            found for found in self._rows["candidates"] if all(found[n] == row[n] for n in same)
        ]
        return DecisionAt(
            considered=considered(among, row["spot"]), orders=self._orders(row), **given
        )

    def _orders(self, decision: dict[str, Any]) -> tuple[OrderAt, ...]:
        """Return the orders of a plan from the decision on, as far as they followed from it.

        A plan that was refused may be entered later, by another decision.
        """
        if decision["plan_id"] is None:
            return ()
        since_ns, until_ns = decision["ts_event"], _NEVER
        if decision["kind"] == "REFUSE":
            later = [
                row["ts_event"]
                for row in self._rows["decisions"]
                if row["kind"] == "ENTER" and row["ts_event"] > since_ns and _same(row, decision)
            ]
            until_ns = min(later, default=_NEVER)
        return tuple(
            self._order(row)
            for row in self._rows["orders"]
            if since_ns <= row["ts_init"] < until_ns and _same(row, decision)
        )

    def _order(self, row: dict[str, Any]) -> OrderAt:
        names = FillAt.__struct_fields__
        fills = tuple(
            FillAt(**{name: fill[name] for name in names})
            for fill in self._rows["fills"]
            if fill["client_order_id"] == row["client_order_id"]
        )
        work = worked(row["client_order_id"], self._rows["parents"], self._rows["steps"])
        given = {name: row[name] for name in OrderAt.__struct_fields__ if name in row}
        return OrderAt(fills=fills, work=work, **given)

    def _track_of(self, row: dict[str, Any]) -> str:
        strategy: str = row["strategy"]
        return self._track.get(strategy, strategy)


def _same(row: dict[str, Any], decision: dict[str, Any]) -> bool:
    """Tell whether two rows are of one plan."""
    return all(row[name] == decision[name] for name in ("strategy", "plan_id"))


def _close_ns(date: dt.date) -> int:
    """Return the close that the calendar gives a date; 0 for a day without one."""
    try:
        return session_hours(date).close_ns
    except CalendarError:
        return 0


def _signal(row: dict[str, Any]) -> SignalAt:
    given = {name: row[name] for name in SignalAt.__struct_fields__ if name in row}
    given["figures"] = msgspec.json.decode(row["figures"])
    factors = tuple(
        FactorAt(factor, row[f"{factor}_value"], row[f"{factor}_confidence"]) for factor in FACTORS
    )
    return SignalAt(
        onset_ns=row["onset"], valid_until_ns=row["valid_until"], factors=factors, **given
    )
