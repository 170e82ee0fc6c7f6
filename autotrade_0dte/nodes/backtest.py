"""One session backtested: the engine, its data in chunks, the settlement print, and the verdict.

The low-level engine is used and not BacktestNode: the node refuses Python fill models, replays no
custom data, and has no place for a settlement print.
"""

import gc
import time
from bisect import insort
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import msgspec
from nautilus_trader.backtest import BacktestEngine, BacktestEngineConfig
from nautilus_trader.common import (
    CacheConfig,
    FileWriterConfig,
    LoggerConfig,
    LogLevel,
    logging_sync_to_disk,
)
from nautilus_trader.execution import StaticLatencyModel
from nautilus_trader.model import AccountType, Money, OmsType

from autotrade_0dte.actors import order_tables as tables
from autotrade_0dte.actors.account import total_cash
from autotrade_0dte.actors.desk_lock import desk_lock
from autotrade_0dte.actors.fee_model import TigerFeeModel
from autotrade_0dte.actors.fill_model import ScenarioFillModel
from autotrade_0dte.actors.market import MarketActor
from autotrade_0dte.actors.trading_session import TradingSession
from autotrade_0dte.analysis.summary import SessionFacts
from autotrade_0dte.calendar import Session, learn
from autotrade_0dte.chain.quote_columns import ColumnQuotes
from autotrade_0dte.config import SystemConfig
from autotrade_0dte.data.catalog import Catalog, SessionEntry
from autotrade_0dte.data.chunks import Chunk
from autotrade_0dte.data.raw_quotes import quote_columns
from autotrade_0dte.execution.fills import FillScenario
from autotrade_0dte.execution.ledger import Fill, FillKind, RoundTrip, round_trips
from autotrade_0dte.instruments import USD, VENUE
from autotrade_0dte.nodes.books import logged_errors, write_books
from autotrade_0dte.nodes.components import Components, Market, assemble, trading_session
from autotrade_0dte.nodes.settlement import SettledAt, settled_at, settlement_print
from autotrade_0dte.nodes.shown_quotes import ColumnShownQuotes
from autotrade_0dte.nodes.verdict import SessionEnd, verdict

__all__ = ["LOG_FILE", "SessionJob", "run_session"]

LOG_FILE = "log.jsonl"
DELIVERED = "DELIVERED"
_TICK_CAPACITY = 100
_AFTER_EXPIRY_NS = 60_000_000_000


class SessionJob(msgspec.Struct, frozen=True):
    """One session to run under one belief about fills, with everything its process must know."""

    run_id: str
    config: SystemConfig
    catalog: Path
    entry: SessionEntry
    hours: Session
    folder: Path
    scenario: FillScenario = FillScenario.BASE


def run_session(job: SessionJob, progress: Callable[[float], None]) -> SessionFacts:
    """Run one session and write its tables and log into `job.folder`.

    `progress` is called with the share of the market data that has been run.
    """
    started = time.perf_counter()
    # A collection walks every tick in memory; nothing here makes cycles, and the process ends with
    # the session.
    gc.disable()
    learn(job.hours)
    catalog = Catalog(job.catalog)
    entry = job.entry
    market = Market.of(catalog.instruments(entry), entry.underlying)
    trading = trading_session(job.config, entry.date, market)
    interest = catalog.open_interest(entry)
    quotes, shown = ColumnQuotes(), ColumnShownQuotes(trading.instrument_ids)
    components = assemble(
        job.config,
        trading,
        market,
        interest,
        has_volume=catalog.has_volume(entry),
        quotes=quotes,
    )

    def now_ns() -> int:  # a component has its clock once it is the engine's
        return components.market.clock.timestamp_ns()

    fills = ScenarioFillModel(job.config.simulation.fills.of(job.scenario), now_ns, shown)
    engine = _engine(job, market, components, TigerFeeModel(trading.fees), fills)

    official = catalog.settlement(entry.underlying, entry.date)
    chunks = catalog.chunks_with_quotes(entry)
    if official is not None:
        tick = settlement_print(official, market.underlying, trading.expiry_ns)
        chunks = _with_print(chunks, tick)
    feed = _foreseen(chunks, components.market, (quotes, shown), trading.instrument_ids)
    with desk_lock():
        fed = _feed(engine, feed, entry, progress)
        if engine.iteration == fed:
            engine.run(streaming=True, end=trading.expiry_ns + _AFTER_EXPIRY_NS)
        engine.end()

    # The last print is the official price itself where there is one; what the market said before
    # is what the price is judged by.
    before, last = components.market.last_prints
    market_print = last if official is None else before
    settled = settled_at(official, market_print, trading.expiry_ns, job.config.simulation)
    reasons = _conclude(job, engine, components, trading, settled, market_print[0])
    if engine.iteration != fed:
        reasons.append(f"RUN_STOPPED: events={engine.iteration}, held={fed}")
    events = engine.iteration
    engine.dispose()
    if not logging_sync_to_disk():  # the log is written by a thread of its own
        reasons.append("LOG_NOT_WRITTEN")
    return SessionFacts(
        session=entry.date,
        quotes=entry.quotes,
        events=events,
        elapsed_s=time.perf_counter() - started,
        settlement_source=settled.source,
        unclean_reasons=(*logged_errors(job.folder / LOG_FILE), *reasons),
    )


def _engine(
    job: SessionJob,
    market: Market,
    components: Components,
    fee_model: TigerFeeModel,
    fill_model: ScenarioFillModel,
) -> BacktestEngine:
    log = FileWriterConfig(str(job.folder), Path(LOG_FILE).stem, "json")
    logging = LoggerConfig(LogLevel.OFF, LogLevel.WARNING, file_config=log)
    # The default keeps 10,000 quotes a contract, which fall out of the processor's cache.
    cache = CacheConfig(tick_capacity=_TICK_CAPACITY)
    engine = BacktestEngine(
        BacktestEngineConfig(logging=logging, cache=cache, shutdown_on_error=True)
    )
    engine.add_venue(
        VENUE,
        OmsType.NETTING,
        # A cash account whatever the kind: the desk allows covered short legs only, and the
        # engine's margin account knows no option margin.
        AccountType.CASH,
        [Money(job.config.account.starting_cash, USD)],
        base_currency=USD,
        fee_model=fee_model,
        fill_model=fill_model,
        latency_model=StaticLatencyModel(job.config.simulation.latency_ns(job.scenario)),
        liquidity_consumption=True,
        # Exercise settles leg by leg, so that the cash of a spread may dip before it nets; an
        # account left below zero ends the run unclean.
        allow_cash_borrowing=True,
    )
    for instrument in (market.underlying, *market.others, *market.contracts):
        engine.add_instrument(instrument)
    engine.add_actor(components.market)
    engine.add_actor(components.risk)
    engine.add_exec_algorithm(components.desk)
    for strategy in components.strategies:
        engine.add_strategy(strategy)
    return engine


def _feed(
    engine: BacktestEngine,
    chunks: Iterator[list[Any]],
    entry: SessionEntry,
    progress: Callable[[float], None],
) -> int:
    """Run the data chunk by chunk; return how many events were fed, also when the run stopped."""
    rows = sum(held.rows for held in entry.datasets)
    fed = 0
    for chunk in chunks:
        engine.add_data(chunk)
        engine.run(streaming=True)
        engine.clear_data()
        fed += len(chunk)
        progress(min(fed / rows, 1.0))
        if engine.iteration < fed:
            break
    return fed


def _with_print(chunks: Iterator[Chunk], tick: Any) -> Iterator[Chunk]:
    """Put one tick where it belongs in time; the engine sorts within a chunk."""
    placed = False
    for chunk in chunks:
        if not placed and chunk.items[-1].ts_init >= tick.ts_init:
            chunk.items.append(tick)
            insort(chunk.others, tick, key=lambda item: item.ts_init)
            placed = True
        yield chunk
    if not placed:
        yield Chunk([tick], {}, [tick])


def _foreseen(
    chunks: Iterator[Chunk],
    market: MarketActor,
    readers: Sequence[ColumnQuotes | ColumnShownQuotes],
    names: Sequence[str],
) -> Iterator[list[Any]]:
    """Yield each chunk's objects when its quotes have been added to `readers` as columns.

    The engine needs them too, for the prices of fills; the book is spared the objects. `market` is
    told of the rest.
    """
    for chunk in chunks:
        columns = quote_columns(chunk.quotes, names)
        if columns is not None:
            for reader in readers:
                reader.add(columns)
        market.foresee(chunk.others, chunk.items[-1].ts_init)
        yield chunk.items


def _conclude(
    job: SessionJob,
    engine: BacktestEngine,
    components: Components,
    trading: TradingSession,
    settled: SettledAt,
    last_print_ns: int,
) -> list[str]:
    """Write the session's tables; return the reasons against its result."""
    recorder = components.recorder
    orders = engine.cache.orders()
    fills = tables.fills(orders, engine.cache)
    trips = round_trips(fills)
    reasons = verdict(
        SessionEnd(
            config=job.config,
            trading=trading,
            orders=orders,
            fills=fills,
            trips=trips,
            quotes=recorder.fill_quotes,
            settled=settled,
            last_print_ns=last_print_ns,
            last_quote_ns=job.entry.last_ns,
        )
    )
    shares = [t for t in trips if t.held and t.instrument_id == f"{trading.underlying}.{VENUE}"]
    delivered = sum(trip.held * settled.price for trip in shares)
    recorder.mark(trading.expiry_ns, total_cash(engine.cache), delivered)
    for trip in shares:
        trip.add(_delivery(trip, settled.price, trading.expiry_ns))
    write_books(job.folder, job.run_id, job.entry.date, components, engine.cache, orders, trips)
    return reasons


def _delivery(trip: RoundTrip, price: float, ts_event: int) -> Fill:
    """Take delivered shares out of the session at the settlement price; no order does that."""
    return Fill(
        ts_event=ts_event,
        strategy=trip.strategy,
        instrument_id=trip.instrument_id,
        quantity=-trip.held,
        price=price,
        fee=0.0,
        multiplier=trip.multiplier,
        plan_id=trip.plan_id,
        reason=DELIVERED,
        kind=FillKind.EXPIRY_PHYSICAL,
    )
