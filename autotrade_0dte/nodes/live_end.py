"""What a live node leaves: its books and recording, and every reason against its result."""

import time
from collections.abc import Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec
from nautilus_trader.model import OrderSubmitted

from autotrade_0dte.actors import order_tables as tables
from autotrade_0dte.actors.market_recorder import MarketRecorder
from autotrade_0dte.analysis.summary import (
    AccountingError,
    RunFacts,
    SessionFacts,
    summarize,
    write_summary,
)
from autotrade_0dte.analysis.tables import BOOKS, read_tables
from autotrade_0dte.calendar import Session
from autotrade_0dte.config import SystemConfig
from autotrade_0dte.data.catalog import Catalog
from autotrade_0dte.data.errors import CatalogError
from autotrade_0dte.data.importers.importing import import_journal
from autotrade_0dte.execution.ledger import Fill, RoundTrip, round_trips
from autotrade_0dte.nodes.books import logged_errors, write_books
from autotrade_0dte.nodes.components import Components
from autotrade_0dte.nodes.paper_expiry import settle
from autotrade_0dte.nodes.preflight import NodeMode
from autotrade_0dte.nodes.run_folder import run_facts
from autotrade_0dte.nodes.settlement import settled_at
from autotrade_0dte.nodes.verdict import left_over, past_desk, stale_fills
from tiger_nt.config import TigerConfig

__all__ = ["LiveEnd", "LiveUnclean", "conclude"]

_NS = 1_000_000_000


class LiveUnclean(StrEnum):
    """Why a live run's result cannot be trusted, besides the codes of a backtest."""

    ACCOUNTING = "ACCOUNTING"
    LOG_NOT_WRITTEN = "LOG_NOT_WRITTEN"
    NODE_FAILED = "NODE_FAILED"
    RECORDING_FAILED = "RECORDING_FAILED"


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
    """Write books, recording and summary; return the folder and the summary."""
    orders = cache.orders()
    fills = tables.fills(orders, cache)
    trips = round_trips(fills)
    run_id = end.folder.name
    starting_cash = end.starting_cash + _spent_before(fills, end.started_ns)
    if fills and fills[0].ts_event < end.started_ns:
        components.recorder.began_with(fills[0].ts_event - 1, starting_cash)
    reasons = list(end.reasons)
    paid, source = 0.0, None
    if end.mode is NodeMode.PAPER and time.time_ns() >= end.expiry_ns and _any_held(trips):
        last_print = components.chain.last_prints[1]
        settled = settled_at(None, last_print, end.expiry_ns, end.config.simulation)
        paid, source = settle(trips, settled, end.expiry_ns), settled.source
        reasons += filter(None, [settled.fault])
    worth = float("nan") if _any_held(trips) else paid
    components.recorder.mark(max(time.time_ns(), end.started_ns), worth)
    write_books(end.folder, run_id, end.day.date, components.recorder, cache, orders, trips)
    reasons += [
        *logged_errors(end.log),
        *left_over(trips, orders),
        *stale_fills(components.recorder.fill_quotes, end.config.simulation.max_fill_quote_age_s),
        *past_desk([order for order in orders if _sent_here(order)]),
    ]
    fingerprint = ""
    if recorder is not None:
        fingerprint, failure = _keep_recording(end, recorder)
        reasons += failure
    run = run_facts(
        end.config,
        run_id,
        end.command,
        synthetic=end.tiger.endpoints.is_loopback,
        data_fingerprint=fingerprint,
        elapsed_s=(time.time_ns() - end.started_ns) / _NS,
        mode=end.mode,
        starting_cash=starting_cash,
    )
    summary = _summary(end, run, reasons, source)
    write_summary(end.folder, summary)
    return end.folder, summary


def _summary(
    end: LiveEnd, run: RunFacts, reasons: list[str], settlement_source: str | None
) -> dict[str, Any]:
    books = read_tables(end.folder, BOOKS)

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
        import_journal(end.journals, catalog, replace=True)
    except (CatalogError, OSError) as e:
        return "", [f"{LiveUnclean.RECORDING_FAILED}: {e} (kept: {end.journals.name})"]
    return catalog.session(end.config.root, end.day.date).fingerprint[:16], []


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
