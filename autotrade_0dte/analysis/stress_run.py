"""What a run held at a moment, and what it would have lost had a calamity struck then."""

import datetime as dt
import math
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

import msgspec

from autotrade_0dte.analysis.explain import run_sessions
from autotrade_0dte.analysis.moment import MomentError, chosen_session, moment
from autotrade_0dte.analysis.session_rows import read_session, rows_of
from autotrade_0dte.analysis.summary import read_summary
from autotrade_0dte.chain.snapshot import ChainSnapshot
from autotrade_0dte.config import SystemConfig
from autotrade_0dte.instruments import option_symbol
from autotrade_0dte.products import product
from autotrade_0dte.risk.session_grid import Worst, held_legs, worst_cell
from autotrade_0dte.risk.stress import StressLeg, StressResult, market_of, stress, stress_legs

__all__ = ["Held", "StressedRun", "catalog_of", "held_at", "stressed"]

_NS = 1_000_000_000


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """What a run held at a moment (UTC ns).

    Parameters
    ----------
    quantity : mapping of str to int
        Contracts by engine id, signed, without those of which nothing is held.
    premium_usd : float
        What was paid for them, less what was received for those sold, at the prices of the fills.
    equity : float
        The account's value as last recorded, dollars; NaN before the first record.
    """

    run_id: str
    underlying: str
    synthetic: bool
    session: dt.date
    at_ns: int
    quantity: dict[str, int]
    premium_usd: float
    equity: float


class StressedRun(msgspec.Struct, frozen=True, kw_only=True):
    """The calamities for what was held, on the market of the snapshot before the moment.

    Parameters
    ----------
    unseen : mapping of str to int
        What was held and has no mid in that market; no figure but `held` has it in.
    worst : Worst
        The worst cell of the grid over the rest of the session.
    """

    held: Held
    spot: float
    forward: float
    legs: tuple[StressLeg, ...]
    unseen: dict[str, int]
    worst: Worst
    result: StressResult


def held_at(run_folder: Path, at: str | None = None, *, session: dt.date | None = None) -> Held:
    """Return what a run held at a moment, or when it had paid most for what it held.

    Parameters
    ----------
    run_folder : Path
        Run folder.
    at : str, optional
        New York time such as ``10:31`` or ``10:31:05``, or an ISO instant; a whole second takes in
        what happened within it. None: the moment of the largest premium at risk.
    session : date, optional
        Session of the run; needed where it has several and `at` has no date. Without `at` too, all
        of them are looked through.

    Raises
    ------
    MomentError
        When the run has no such session or moment, or held nothing at all.
    TableError
        When the folder is no run folder with these tables.
    """
    summary = read_summary(run_folder)
    sessions = run_sessions(summary)
    if at is None:
        dates = sessions if session is None else [chosen_session(sessions, session)]
        books = [book for date in dates for book in _books(run_folder, date)]
        if not books:
            raise MomentError("Expected a run that held options, was one without a fill")
        book = max(books, key=lambda each: each.premium_usd)
        until_ns = book.at_ns
    else:
        date, at_ns = moment(at, sessions, session)
        until_ns = at_ns + (0 if at_ns % _NS else _NS - 1)
        nothing = _Book(date, at_ns, {}, 0.0)
        before = [each for each in _books(run_folder, date) if each.at_ns <= until_ns]
        book = (before or [nothing])[-1]._replace(at_ns=at_ns)
    return Held(
        run_id=summary["run_id"],
        underlying=summary["underlying"],
        synthetic=summary["synthetic"],
        session=book.session,
        at_ns=until_ns,
        quantity=book.quantity,
        premium_usd=book.premium_usd,
        equity=_equity(run_folder, book.session, until_ns),
    )


def catalog_of(run_folder: Path) -> Path:
    """Return the folder of the catalog that a run was made on, as the run named it.

    Raises
    ------
    MomentError
        When there is no such folder from here, or the run is of a version that named none.
    TableError
        When the folder is no run folder.
    """
    named = read_summary(run_folder).get("catalog")
    if named is None:
        raise MomentError("--catalog: Expected the run's, was none: this run does not name its own")
    if not Path(named).is_dir():
        raise MomentError(f"--catalog: Expected the run's, was none: there is no {named} here")
    return Path(named)


def stressed(
    held: Held, chain: ChainSnapshot, contracts: Sequence[str], config: SystemConfig
) -> StressedRun:
    """Return what the calamities of a configuration cost the holder.

    A contract without a mid is left out and told of: the others' figures are worth having.

    Parameters
    ----------
    held : Held
        What is held.
    chain : ChainSnapshot
        The market at that moment.
    contracts : sequence of str
        Compact OSI symbols of the chain's rows.
    config : SystemConfig
        Its tables `risk.stress` and `risk.grid`.

    Raises
    ------
    MomentError
        When the chain has none of what is held: it is of another recording.
    """
    row_of = {name: row for row, name in enumerate(contracts) if not math.isnan(chain.mid[row])}
    unseen = {name: n for name, n in held.quantity.items() if _contract(name) not in row_of}
    seen = {_contract(name): n for name, n in held.quantity.items() if name not in unseen}
    if unseen and not seen:
        raise MomentError(
            "--catalog: Expected quotes of what is held, was none of "
            f"{', '.join(map(_contract, unseen))}"
        )
    names, quantity = list(seen), list(seen.values())
    rows = [row_of[name] for name in names]
    multiplier = product(config.root).multiplier
    legs = stress_legs(chain, rows, quantity, names)
    worst = worst_cell(
        held_legs(chain, rows, quantity),
        chain.forward,
        chain.years,
        chain.analytics.implied_move,
        config.risk.grid,
        multiplier,
    )
    result = stress(
        legs,
        market_of(chain),
        config.risk.stress,
        now_ns=chain.ts_event,
        equity=held.equity,
        multiplier=multiplier,
    )
    return StressedRun(
        held=held,
        spot=chain.spot,
        forward=chain.forward,
        legs=tuple(legs),
        unseen=unseen,
        worst=worst,
        result=result,
    )


def _contract(instrument_id: str) -> str:
    return instrument_id.rpartition(".")[0]


class _Book(NamedTuple):
    """What is held from an instant on, and what it cost."""

    session: dt.date
    at_ns: int
    quantity: dict[str, int]
    premium_usd: float


def _books(run_folder: Path, date: dt.date) -> Iterator[_Book]:
    """Yield what is held after each fill of a session, at the average cost of what is left."""
    fills = rows_of(read_session(run_folder, "fills", date))
    held: dict[str, int] = {}
    cost: dict[str, float] = {}
    for fill in sorted(fills, key=lambda row: row["ts_event"]):
        name = fill["instrument_id"]
        before = held.get(name, 0)
        change = fill["quantity"] if fill["side"] == "BUY" else -fill["quantity"]
        multiplier = product(option_symbol(_contract(name)).root).multiplier
        if before * change >= 0:
            cost[name] = cost.get(name, 0.0) + change * fill["price"] * multiplier
        elif abs(change) <= abs(before):
            cost[name] *= 1 + change / before
        else:
            cost[name] = (before + change) * fill["price"] * multiplier
        held[name] = before + change
        left = {each: count for each, count in held.items() if count}
        yield _Book(date, fill["ts_event"], left, sum(cost[each] for each in left))


def _equity(run_folder: Path, date: dt.date, until_ns: int) -> float:
    rows = rows_of(read_session(run_folder, "equity", date))
    return next((r["equity"] for r in reversed(rows) if r["ts_event"] <= until_ns), math.nan)
