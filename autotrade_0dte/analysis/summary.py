"""summary.json: the figures of a run, with the accounting checked while they are added up."""

import datetime as dt
from collections.abc import Mapping, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
from numpy.typing import NDArray

from autotrade_0dte.analysis import metrics
from autotrade_0dte.analysis.pipeline_figures import (
    SIGNAL_COLUMNS,
    STATE_COLUMNS,
    pipeline_figures,
)
from autotrade_0dte.analysis.risk_figures import risk_figures
from autotrade_0dte.analysis.tables import (
    BOOKS,
    TableError,
    by_session,
    read_table,
    read_tables,
    write_bytes,
)
from autotrade_0dte.analysis.tca_groups import execution_figures, tca_of
from autotrade_0dte.analysis.trades import Trade, trades

__all__ = ["SUMMARY_FILE", "AccountingError", "RunFacts", "SessionFacts", "joined_equity"]
__all__ += ["read_summary", "summarize", "tables_to_summarize", "write_summary"]

SUMMARY_FILE = "summary.json"

_CENT_TOLERANCE = 0.005 + 1e-9
"""Engine money is whole cents; a figure rounded once may be off by half a cent."""


class AccountingError(ValueError):
    """The tables of a clean run contradict each other: money was lost or made in the books."""


class SessionFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What the runner knows of one session and its tables do not tell.

    Parameters
    ----------
    session : datetime.date
        The trading session.
    quotes, events : int
        Option quotes fed, and all market data events.
    elapsed_s : float
        Wall time of the session's run.
    settlement_source : str, optional
        Where the settlement price came from; None when nothing was settled or it is unknown.
    unclean_reasons : tuple of str
        Why the session's result cannot be trusted; empty for a clean one.
    """

    session: dt.date
    quotes: int
    events: int
    elapsed_s: float
    settlement_source: str | None = None
    unclean_reasons: tuple[str, ...] = ()


class RunFacts(msgspec.Struct, frozen=True, kw_only=True):
    """What identifies a run and lets it be made again.

    Parameters
    ----------
    run_id, name, strategy, underlying : str
        Identity of the run.
    synthetic : bool
        Whether any of the market data was generated.
    starting_cash : float
        Cash in dollars at the start of every session.
    config_hash, code_version, data_fingerprint : str
        Hash of the resolved configuration, version of the code, fingerprint of the data.
    versions : dict of str to str
        Versions of Python and of the libraries that matter to the result.
    command : str
        Command line that makes the run again.
    elapsed_s : float
        Wall time of the whole run.
    catalog : str
        Folder of the catalog that the data came from or was recorded into, as it was named.
    unclean_reasons : tuple of str
        Reasons that concern the run and no single session.
    mode : str, default "backtest"
        Who filled the orders: ``backtest``, ``paper`` (the engine, on live data), ``broker``
        (Tiger's paper account) or ``live``.
    """

    run_id: str
    name: str
    strategy: str
    underlying: str
    synthetic: bool
    starting_cash: float
    config_hash: str
    code_version: str
    data_fingerprint: str
    versions: dict[str, str]
    command: str
    elapsed_s: float
    catalog: str
    unclean_reasons: tuple[str, ...] = ()
    mode: str = "backtest"


def tables_to_summarize(folder: Path) -> dict[str, pa.Table]:
    """Read what a summary is made of: the BOOKS, and of states and signals a few columns."""
    return read_tables(folder, BOOKS) | {
        "states": read_table(folder, "states", STATE_COLUMNS),
        "signals": read_table(folder, "signals", SIGNAL_COLUMNS),
    }


def summarize(
    run: RunFacts, sessions: Sequence[SessionFacts], tables: Mapping[str, pa.Table]
) -> dict[str, Any]:
    """Add up a run; the result holds JSON values only and is what summary.json stores.

    `tables` are those of `tables_to_summarize`. Besides the figures it checks identities: net is
    gross less fees, fees of fills are those of positions, orders were filled as the fills say,
    equity ends where the P&L does, sessions add up to the totals. In a session that is unclean
    already a contradiction is one more reason.

    Raises
    ------
    AccountingError
        When the tables of a session believed clean contradict each other, or hold rows of
        another run or session.
    """
    ordered = sorted(sessions, key=lambda facts: facts.session)
    dates = np.array([facts.session for facts in ordered], dtype="datetime64[D]")
    _check_belonging(run, dates, tables)
    all_trades = trades(tables["positions"])
    cut = {name: by_session(tables[name]) for name in BOOKS}
    rows = []
    for facts in ordered:
        own = {n: days.get(facts.session, tables[n].slice(0, 0)) for n, days in cut.items()}
        rows.append(_session_summary(facts, run.starting_cash, own, all_trades))
    reasons = list(run.unclean_reasons)
    reasons += [f"{row['session']}: {reason}" for row in rows for reason in row["unclean_reasons"]]

    totals = _totals(tables)
    _check_totals(rows, totals | {"trades": len(all_trades)})
    daily = np.array([row["net_pnl"] for row in rows], dtype=np.float64)
    _, curve = joined_equity(tables["equity"], run.starting_cash)
    drawdown = metrics.max_drawdown(curve)
    events = sum(facts.events for facts in ordered)
    return {
        "run_id": run.run_id,
        "name": run.name,
        "mode": run.mode,
        "strategy": run.strategy,
        "underlying": run.underlying,
        "synthetic": run.synthetic,
        "clean": not reasons,
        "unclean_reasons": reasons,
        "sessions": len(rows),
        "first_session": rows[0]["session"] if rows else None,
        "last_session": rows[-1]["session"] if rows else None,
        "quotes": sum(facts.quotes for facts in ordered),
        "events": events,
        "events_per_second": round(events / run.elapsed_s, 1) if run.elapsed_s > 0 else None,
        **totals,
        "starting_cash": run.starting_cash,
        "max_drawdown": _rounded(drawdown and drawdown.dollars),
        "max_drawdown_fraction": _rounded(drawdown and drawdown.fraction),
        **_ratios(all_trades, daily),
        **pipeline_figures(tables, all_trades),
        "execution": execution_figures(tca_of(tables, ())),
        "risk": risk_figures(tables),
        "per_session": rows,
        "config_hash": run.config_hash,
        "code_version": run.code_version,
        "data_fingerprint": run.data_fingerprint,
        "catalog": run.catalog,
        "versions": dict(sorted(run.versions.items())),
        "command": run.command,
        "elapsed_s": round(run.elapsed_s, 3),
    }


def joined_equity(
    equity: pa.Table, starting_cash: float
) -> tuple[NDArray[np.datetime64], NDArray[np.float64]]:
    """Chain the session-local equity curves into one that starts at `starting_cash`.

    Returns the session of each row and the joined equity in dollars, in row order; each session
    is lifted by what the sessions before it made or lost, up to their last known value.
    """
    dates = equity["session"].to_numpy().astype("datetime64[D]")
    values = equity["equity"].to_numpy()
    if len(values) == 0:
        return dates, values
    starts = np.flatnonzero(np.append(True, dates[1:] != dates[:-1]))
    joined = np.array(values)
    carried = 0.0
    for begin, end in pairwise([*starts.tolist(), len(values)]):
        own = values[begin:end]
        joined[begin:end] += carried
        known = own[~np.isnan(own)]
        carried += known[-1] - starting_cash if len(known) else 0.0
    return dates, joined


def write_summary(folder: Path, summary: Mapping[str, Any]) -> Path:
    """Write summary.json into a run folder, atomically."""
    text = msgspec.json.format(msgspec.json.encode(summary), indent=2)
    return write_bytes(folder / SUMMARY_FILE, text + b"\n")


def read_summary(folder: Path) -> dict[str, Any]:
    """Read summary.json of a run folder; raise TableError when it has none or a broken one."""
    path = folder / SUMMARY_FILE
    try:
        summary: dict[str, Any] = msgspec.json.decode(path.read_bytes(), type=dict)
    except OSError as e:
        raise TableError(
            f"Expected a run folder with {SUMMARY_FILE}, was {folder}: {e.strerror}"
        ) from None
    except msgspec.DecodeError as e:
        raise TableError(f"Expected JSON, was not: {e} ({path})") from None
    return summary


def _session_summary(
    facts: SessionFacts, starting_cash: float, own: Mapping[str, pa.Table], all_trades: list[Trade]
) -> dict[str, Any]:
    date = facts.session.isoformat()
    totals = _totals(own)
    drawdown = metrics.max_drawdown(own["equity"]["equity"].to_numpy())
    reasons = list(facts.unclean_reasons)
    if totals["open_at_end"] and not reasons:
        reasons.append(f"POSITION_OPEN: count={totals['open_at_end']}")
    faults = _faults(own, totals, starting_cash)
    if faults and not reasons:
        raise AccountingError(f"{'; '.join(faults)} (session {date})")
    reasons += faults
    return {
        "session": date,
        "quotes": facts.quotes,
        "events": facts.events,
        **totals,
        "trades": sum(trade.session == date for trade in all_trades),
        "max_drawdown": _rounded(drawdown and drawdown.dollars),
        "clean": not reasons,
        "unclean_reasons": reasons,
        "settlement_source": facts.settlement_source,
        "elapsed_s": round(facts.elapsed_s, 3),
    }


def _totals(tables: Mapping[str, pa.Table]) -> dict[str, Any]:
    """Count and sum what adds up over sessions."""
    status = tables["orders"]["status"]
    positions = tables["positions"]
    return {
        "decisions": len(tables["decisions"]),
        "orders": len(tables["orders"]),
        "fills": len(tables["fills"]),
        "denied": pc.sum(pc.equal(status, "DENIED")).as_py() or 0,
        "rejected": pc.sum(pc.equal(status, "REJECTED")).as_py() or 0,
        "open_at_end": positions["ts_closed"].null_count,
        "gross_pnl": _rounded(_sum(positions["gross_pnl"])),
        "fees": _rounded(_sum(positions["fees"])),
        "net_pnl": _rounded(_sum(positions["net_pnl"])),
    }


def _ratios(all_trades: list[Trade], daily: NDArray[np.float64]) -> dict[str, Any]:
    closed = np.array([t.net_pnl for t in all_trades if t.closed_ns is not None], np.float64)
    sharpe = metrics.sharpe_daily(daily)
    interval = metrics.mean_ci95(daily)
    return {
        "trades": len(all_trades),
        "win_rate": _rounded(metrics.win_rate(closed)),
        "profit_factor": _rounded(metrics.profit_factor(closed)),
        "expectancy": _rounded(metrics.expectancy(closed)),
        "average_win": _rounded(metrics.expectancy(closed[closed > 0])),
        "average_loss": _rounded(metrics.expectancy(closed[closed < 0])),
        "winning_sessions": int((daily > 0).sum()),
        "best_session": _rounded(float(daily.max())) if len(daily) else None,
        "worst_session": _rounded(float(daily.min())) if len(daily) else None,
        "sharpe_daily": _rounded(sharpe),
        "sharpe_annualized": _rounded(metrics.annualized(sharpe)),
        "net_pnl_daily_ci95": None if interval is None else [_rounded(end) for end in interval],
    }


def _faults(
    own: Mapping[str, pa.Table], totals: Mapping[str, Any], starting_cash: float
) -> list[str]:
    """Return the contradictions between the tables of one session."""
    positions, fills, equity = own["positions"], own["fills"], own["equity"]
    slack = _CENT_TOLERANCE * max(1, len(positions), len(fills))
    faults = []
    gross, fees, net = (positions[n].to_numpy() for n in ("gross_pnl", "fees", "net_pnl"))
    # A NaN fails the comparison too: a position always has a P&L, if only so far.
    wrong = ~(np.abs(gross - fees - net) <= _CENT_TOLERANCE)
    if wrong.any():
        at = int(np.argmax(wrong))
        name = positions["position_id"][at].as_py()
        faults.append(
            f"Expected net = gross - fees, was {net[at]} = {gross[at]} - {fees[at]} ({name})"
        )
    paid = _sum(fills["fee"])
    if not abs(paid - fees.sum()) <= slack:
        faults.append(f"Expected fees of positions {fees.sum():.2f}, was {paid:.2f} in fills")
    faults += _fill_faults(own["orders"], fills)
    values = equity["equity"].to_numpy()
    if len(values) == 0:
        return faults + ["Expected an equity curve, was empty"] * bool(len(positions))
    if not abs(values[0] - starting_cash) <= _CENT_TOLERANCE:
        faults.append(f"Expected equity to start at {starting_cash}, was {values[0]}")
    made = values[-1] - starting_cash
    if not totals["open_at_end"] and not abs(made - totals["net_pnl"]) <= slack:
        faults.append(f"Expected equity to change by {totals['net_pnl']:.2f}, was {made:.2f}")
    return faults


def _fill_faults(orders: pa.Table, fills: pa.Table) -> list[str]:
    """Compare the filled quantity of each order with its fills; an expiry may have no order."""
    sums = fills.group_by(["client_order_id", "kind"]).aggregate([("quantity", "sum")])
    ids = orders["client_order_id"].to_pylist()
    expected = dict(zip(ids, orders["filled_quantity"].to_pylist(), strict=True))
    filled = dict.fromkeys(expected, 0)
    for row in sums.to_pylist():
        key = row["client_order_id"]
        if key in expected or row["kind"] == "TRADE":
            filled[key] = filled.get(key, 0) + row["quantity_sum"]
    return [
        f"Expected {expected.get(key, 0)} filled of order {key}, was {filled[key]} in fills"
        for key in sorted(filled)
        if expected.get(key, 0) != filled[key]
    ]


def _check_belonging(
    run: RunFacts, dates: NDArray[np.datetime64], tables: Mapping[str, pa.Table]
) -> None:
    if len(np.unique(dates)) != len(dates):
        raise AccountingError(f"Expected each session once, was {dates.tolist()}")
    for name, table in ((name, tables[name]) for name in BOOKS):
        found = set(pc.unique(table["run_id"]).to_pylist())
        if not found <= {run.run_id}:
            raise AccountingError(f"Expected rows of run {run.run_id}, was {found} ({name})")
        unknown = set(pc.unique(table["session"]).to_pylist()) - set(dates.tolist())
        if unknown:
            raise AccountingError(f"Expected rows of the run's sessions, was {unknown} ({name})")


def _check_totals(rows: list[dict[str, Any]], totals: dict[str, Any]) -> None:
    for name, total in totals.items():
        parts = sum(row[name] for row in rows)
        if not abs(parts - total) <= _CENT_TOLERANCE:
            raise AccountingError(f"Expected sessions to add up to {name} {total}, was {parts}")


def _sum(values: pa.ChunkedArray) -> float:
    return float(values.to_numpy().sum())


def _rounded(value: float | None) -> float | None:
    """Cut float noise, so that sums read as the money they are; adding 0.0 turns -0.0 into 0.0."""
    return None if value is None else round(value, 6) + 0.0
