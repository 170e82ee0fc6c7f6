"""What a live node leaves: its books and recording, and every reason against its result."""

import datetime as dt
import time
from collections.abc import Iterator, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec
from nautilus_trader.model import OrderSubmitted

from autotrade_0dte.actors import order_tables as tables
from autotrade_0dte.actors.account import made_by_hand, total_cash
from autotrade_0dte.actors.market_recorder import MarketRecorder
from autotrade_0dte.analysis.signal_accuracy import write_accuracy
from autotrade_0dte.analysis.summary import (
    AccountingError,
    RunFacts,
    SessionFacts,
    summarize,
    tables_to_summarize,
    write_summary,
)
from autotrade_0dte.calendar import Session
from autotrade_0dte.config import SystemConfig
from autotrade_0dte.data.catalog import Catalog
from autotrade_0dte.data.errors import CatalogError
from autotrade_0dte.data.importers.importing import import_journal
from autotrade_0dte.execution.ledger import Fill, RoundTrip, round_trips
from autotrade_0dte.instruments import VENUE
from autotrade_0dte.nodes.books import logged_errors, write_books
from autotrade_0dte.nodes.components import Components
from autotrade_0dte.nodes.paper_expiry import settle
from autotrade_0dte.nodes.preflight import NodeMode
from autotrade_0dte.nodes.run_folder import run_facts
from autotrade_0dte.nodes.settlement import settled_at
from autotrade_0dte.nodes.verdict import left_over, past_desk, stale_fills
from tiger_nt.config import TigerConfig

__all__ = ["LiveEnd", "LiveUnclean", "NotWrittenError", "conclude"]

_NS = 1_000_000_000


class LiveUnclean(StrEnum):
    """Why a live run's result cannot be trusted, besides the codes of a backtest.

    MADE_BY_HAND: the books hold orders made in the broker's app, which no strategy decided.
    """

    ACCOUNTING = "ACCOUNTING"
    LOG_NOT_WRITTEN = "LOG_NOT_WRITTEN"
    MADE_BY_HAND = "MADE_BY_HAND"
    NODE_FAILED = "NODE_FAILED"
    RECORDING_FAILED = "RECORDING_FAILED"
    STATE_NOT_WRITTEN = "STATE_NOT_WRITTEN"


class NotWrittenError(RuntimeError):
    """The disk did not take all that a run leaves; orders were canceled all the same."""

    def __init__(self, folder: Path, error: OSError) -> None:
        super().__init__(
            f"Expected to write all of the run, was: {error.strerror or error} ({folder})"
        )


class LiveEnd(msgspec.Struct, frozen=True, kw_only=True):
    """A node as it ended; times are UTC nanoseconds, money is dollars."""

    config: SystemConfig
    tiger: TigerConfig
    day: Session
    mode: NodeMode
    command: str
    folder: Path
    log: Path
    journals: Path
    catalog: Path
    starting_cash: float
    started_ns: int
    expiry_ns: int
    quotes: int
    reasons: tuple[str, ...]


def conclude(
    end: LiveEnd,
    components: Components,
    recorder: MarketRecorder | None,
    cache: Any,
) -> tuple[Path, dict[str, Any]]:
    """Write books, summary and recording; return the folder and the summary.

    Importing a recording takes a while: the summary is there before, and is written again after.

    Raises
    ------
    NotWrittenError
        The disk is full or broken.
    """
    try:
        return end.folder, _conclude(end, components, recorder, cache)
    except OSError as e:
        raise NotWrittenError(end.folder, e) from e


def _conclude(
    end: LiveEnd,
    components: Components,
    recorder: MarketRecorder | None,
    cache: Any,
) -> dict[str, Any]:
    orders = cache.orders()
    fills = tables.fills(orders, cache)
    trips = round_trips(fills)
    run_id = end.folder.name
    starting_cash = end.starting_cash + _spent_before(fills, end.started_ns)
    began_ns = min([end.started_ns, *(fill.ts_event for fill in fills)]) - 1
    components.recorder.began_with(began_ns, starting_cash)
    reasons = list(end.reasons)
    paid, source = 0.0, None
    if end.mode is NodeMode.PAPER and time.time_ns() >= end.expiry_ns and _any_held(trips):
        last_print = components.market.last_prints[1]
        settled = settled_at(None, last_print, end.expiry_ns, end.config.simulation)
        paid, source = settle(trips, settled, end.expiry_ns), settled.source
        reasons += filter(None, [settled.fault])
    if cache.account_for_venue(VENUE) is not None:  # there is none where the login failed
        worth = float("nan") if _any_held(trips) else paid
        now_ns = max(time.time_ns(), end.started_ns)
        components.recorder.mark(now_ns, total_cash(cache), worth)
    write_books(end.folder, run_id, end.day.date, components, cache, orders, trips)
    reasons += [
        *logged_errors(end.log),
        *left_over(trips, orders),
        *stale_fills(components.recorder.fill_quotes, end.config.simulation.max_fill_quote_age_s),
        *past_desk([order for order in orders if _sent_here(order)]),
        *_by_hand(orders),
    ]
    run = run_facts(
        end.config,
        run_id,
        end.command,
        end.catalog,
        synthetic=end.tiger.endpoints.is_loopback,
        data_fingerprint="",
        elapsed_s=(time.time_ns() - end.started_ns) / _NS,
        mode=end.mode,
        starting_cash=starting_cash,
    )
    if recorder is not None:
        unfinished = f"{LiveUnclean.RECORDING_FAILED}: not imported (kept: {end.journals.name})"
        write_summary(end.folder, _summary(end, run, [*reasons, unfinished], source))
        fingerprint, failure = _keep_recording(end, recorder)
        run = msgspec.structs.replace(run, data_fingerprint=fingerprint)
        reasons += failure
    summary = _summary(end, run, reasons, source)
    write_summary(end.folder, summary)
    write_accuracy(end.folder)
    return summary


def _summary(
    end: LiveEnd, run: RunFacts, reasons: list[str], settlement_source: str | None
) -> dict[str, Any]:
    books = tables_to_summarize(end.folder)

    def added_up(against: list[str]) -> dict[str, Any]:
        facts = SessionFacts(
            session=end.day.date,
            quotes=end.quotes,
            events=end.quotes,
            elapsed_s=run.elapsed_s,
            settlement_source=settlement_source,
            unclean_reasons=tuple(against),
        )
        return summarize(run, [facts], books)

    try:
        return added_up(reasons)
    except AccountingError:
        # A broker's books may say otherwise than ours: the run is kept, with the figures.
        return added_up([*reasons, f"{LiveUnclean.ACCOUNTING}: the money moved otherwise"])


def _keep_recording(end: LiveEnd, recorder: MarketRecorder) -> tuple[str, list[str]]:
    """Bring the journal into the catalog; on failure it stays where it is, to be imported."""
    if recorder.failure is not None:
        return "", [f"{LiveUnclean.RECORDING_FAILED}: {recorder.failure}"]
    catalog = Catalog(end.catalog)
    try:
        if end.tiger.endpoints.is_loopback:
            _spare_real_market(catalog, end.day.date)
        import_journal(end.journals, catalog, replace=True)
    except (CatalogError, OSError) as e:
        return "", [f"{LiveUnclean.RECORDING_FAILED}: {e} (kept: {end.journals.name})"]
    return catalog.session(end.config.root, end.day.date).fingerprint[:16], []


def _spare_real_market(catalog: Catalog, date: dt.date) -> None:
    """Raise CatalogError where a rehearsal's recording would take the place of the real market."""
    real = [entry for entry in catalog.sessions(first=date, last=date) if not entry.synthetic]
    if real:
        raise CatalogError(
            f"Expected a catalog without real data of {date} for a rehearsal, was one with "
            f"{', '.join(entry.root for entry in real)}: give another with --catalog"
        )


def _by_hand(orders: Sequence[Any]) -> Iterator[str]:
    """Yield that the books hold more than the system's own orders."""
    filled = [order for order in orders if made_by_hand(order) and order.filled_qty.as_double()]
    if filled:
        listed = ", ".join(
            f"{order.side.name} {order.filled_qty} {order.instrument_id}" for order in filled
        )
        yield f"{LiveUnclean.MADE_BY_HAND}: orders={len(filled)}, {listed}"


def _sent_here(order: Any) -> bool:
    """Tell orders of this process from what the broker told of: sent before it, or by hand."""
    return any(isinstance(event, OrderSubmitted) for event in order.events())


def _any_held(trips: Sequence[RoundTrip]) -> bool:
    return any(trip.held for trip in trips)


def _spent_before(fills: list[Fill], started_ns: int) -> float:
    """Return what fills of this day before the start had taken from the cash."""
    return sum(
        fill.quantity * fill.price * fill.multiplier + fill.fee
        for fill in fills
        if fill.ts_event < started_ns
    )
