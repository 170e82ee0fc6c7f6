"""A node on live data: the backtest's components on the engine's live node, with Tiger's clients.

On paper the engine fills the orders itself: at the touch and as much as is shown, as the base
scenario of a backtest does, but without its queue and what has been fitted, because the engine's
sandbox takes no fill model of one's own. At Tiger's paper account and live they go to the broker.
Everything else is the same.
"""

import gc
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
from nautilus_trader.adapters.sandbox import (
    SandboxExecutionClientConfig,
    SandboxExecutionClientFactory,
)
from nautilus_trader.common import (
    CacheConfig,
    Environment,
    FileWriterConfig,
    LoggerConfig,
    LogLevel,
    logging_sync_to_disk,
)
from nautilus_trader.execution import StaticLatencyModel
from nautilus_trader.live import (
    LiveNode,
    LiveNodeBuilder,
    LiveNodeConfig,
)
from nautilus_trader.model import AccountType, IndexInstrument, Money, OmsType, TraderId
from rich.console import Console

from autotrade_0dte.actors.desk_lock import desk_lock
from autotrade_0dte.actors.fee_model import TigerFeeModel
from autotrade_0dte.actors.market_recorder import MarketRecorder
from autotrade_0dte.calendar import Session, learn
from autotrade_0dte.config import AccountKind, SystemConfig
from autotrade_0dte.data.journal import JournalHeader, JournalWriter
from autotrade_0dte.execution.fees import FeeSchedule
from autotrade_0dte.execution.fills import FillScenario
from autotrade_0dte.instruments import USD, VENUE, index
from autotrade_0dte.nodes.alarm_watch import AlarmWatch
from autotrade_0dte.nodes.background_console import BackgroundConsole
from autotrade_0dte.nodes.call_watch import CallWatch
from autotrade_0dte.nodes.components import Market, assemble, trading_session
from autotrade_0dte.nodes.console import ConsoleReporter
from autotrade_0dte.nodes.kept_state import (
    kept_state,
    of_new_account,
    set_up_folder,
    state_owner,
)
from autotrade_0dte.nodes.kill_answers import leave
from autotrade_0dte.nodes.link_watch import LinkWatch
from autotrade_0dte.nodes.live_end import LiveEnd, LiveUnclean, conclude
from autotrade_0dte.nodes.operator_watch import OperatorWatch
from autotrade_0dte.nodes.preflight import NodeMode, Preflight
from autotrade_0dte.nodes.run_folder import RECORDINGS, new_run_folder
from autotrade_0dte.nodes.signals import stopped_by_signals
from autotrade_0dte.nodes.state_keeper import StateKeeper
from autotrade_0dte.nodes.tiger import SystemListings, TigerFees, underlying_of
from autotrade_0dte.store.state_store import StateStore
from autotrade_0dte.warm import main as warm
from tiger_nt.alarms import Alarm
from tiger_nt.config import TigerConfig
from tiger_nt.connection import TigerConnection
from tiger_nt.data_config import TigerDataClientConfig
from tiger_nt.execution_config import TigerExecutionClientConfig, engine_config
from tiger_nt.factories import TigerDataClientFactory, TigerExecutionClientFactory
from tiger_nt.providers import Chain, StrikeWindow

__all__ = ["NodeJob", "run_node"]

LOG_FILE = "log.jsonl"
_TRADER = TraderId("AUTOTRADE-001")
_CLIENT = "TIGER"
_TICK_CAPACITY = 100
_NS_PER_S = 1_000_000_000
_AFTER_CLOSE_S = 60
_STATUS_EVERY_S = 10.0
_SWITCH_S = 0.0005
"""Longest that a thread with an order waits for one with quotes; Python's own 5 ms is the whole
budget from a decision to the wire."""


class NodeJob(msgspec.Struct, frozen=True, kw_only=True):
    """One node to run.

    Parameters
    ----------
    config, tiger, day, mode
        What is traded, at which login, in which session, with whose fills.
    ready : Preflight
        Checks without a refusal.
    runs : Path
        Folder that run folders are made in.
    state : Path
        Folder of the kill latch, and of what each node keeps over its end.
    catalog : Path
        Where the recording goes at the end.
    stop_after_s : float, optional
        Stop after this long; otherwise a minute after the close, or on a signal.
    command : str
        Command line, for the record.
    """

    config: SystemConfig
    tiger: TigerConfig
    day: Session
    mode: NodeMode
    ready: Preflight
    runs: Path
    state: Path
    catalog: Path
    stop_after_s: float | None
    command: str


def run_node(job: NodeJob, console: Console) -> tuple[Path, dict[str, Any]]:
    """Run a node until it is stopped; return its run folder and summary.

    Ends on SIGINT, SIGTERM, SIGHUP, `stop_after_s`, or after the close; a further signal does not
    keep it from writing what it leaves. Working orders are canceled; positions that stay open are
    shown at once and are reasons of an unclean end, each with its figures. What a node of the
    session before this one has kept is gone on with.

    Raises
    ------
    StoreError
        The state cannot be read or written, or another node has it.
    """
    folder = set_up_folder(job.state, job.mode, job.config)
    with StateStore.open(folder, state_owner(job.tiger, job.day.date)) as store:
        return _run_node(job, console, store, folder)


def _run_node(
    job: NodeJob, console: Console, store: StateStore, state: Path
) -> tuple[Path, dict[str, Any]]:
    started_ns = time.time_ns()
    # Compiled or loaded at its first use, a kernel holds the node up, in the worst case an order.
    warm()
    learn(job.day)
    chain = _chain(job)
    listed = [chain.underlying, *chain.contracts]
    if job.config.live.volatility_index:
        listed.append(index(job.config.volatility_index))
    market = Market.of(listed, str(chain.underlying.id.symbol))
    kept = kept_state(store)
    trading = msgspec.structs.replace(
        trading_session(job.config, job.day.date, market),
        kept=kept.plans,
        packages=job.mode.sends_orders and job.config.execution.packages,
    )
    interest = _open_interest(chain)
    has_volume = not isinstance(market.underlying, IndexInstrument)
    components = assemble(
        job.config,
        trading,
        market,
        interest,
        has_volume=has_volume,
        kept=kept.ladder if job.mode.sends_orders else of_new_account(kept.ladder),
        is_live=True,
    )
    folder = new_run_folder(job.config, job.runs)
    recorder = _recorder(job, market, interest) if job.config.live.record else None

    connection = TigerConnection(job.tiger)
    alarms = AlarmWatch()
    node = _node(job, chain, connection, trading.fees, folder, alarms.take)
    handle = node.handle()
    shown = BackgroundConsole(console)
    status = ConsoleReporter(trading.underlying, shown.print, _STATUS_EVERY_S)
    link = LinkWatch(_CLIENT, shown.print, handle.stop)
    operator = OperatorWatch(job.state, state)
    calls = CallWatch(connection.rest, job.config.risk.ladder.max_clock_offset_s)
    keeper = StateKeeper(store, kept.intents, shown.print)
    actors = (
        components.market,
        components.risk,
        recorder,
        status,
        link,
        operator,  # takes the word to re-arm before anything new is told
        alarms,
        calls,
    )
    for actor in (keeper, *actors):
        if actor is not None:
            node.add_actor(actor)
    node.add_exec_algorithm(components.desk)
    for strategy in components.strategies:
        node.add_strategy(strategy)

    timer = threading.Timer(_lifetime_s(job), handle.stop)
    timer.daemon = True
    timer.start()
    with stopped_by_signals(handle.stop):
        fault = _run(node)
        timer.cancel()
        keeper.finish(node.cache)
        if not (node.cache.positions_open() or node.cache.orders_open()):
            leave(state)
        for position in node.cache.positions_open():
            shown.print(f"[red]left open: {position.signed_qty:+.0f} {position.instrument_id}[/]")
        shown.close()
        reasons = [] if fault is None else [fault]
        reasons += link.reasons()
        reasons += [f"{alarm.kind}: {alarm.text}" for alarm in alarms.alarms]
        if not logging_sync_to_disk():
            reasons.append(LiveUnclean.LOG_NOT_WRITTEN)
        if keeper.unwritten:
            reasons.append(f"{LiveUnclean.STATE_NOT_WRITTEN}: rows={keeper.unwritten}")
        reasons += [f"{LiveUnclean.STATE_NOT_WRITTEN}: {misfit}" for misfit in keeper.misfits]
        end = LiveEnd(
            config=job.config,
            tiger=job.tiger,
            day=job.day,
            mode=job.mode,
            command=job.command,
            folder=folder,
            log=folder / LOG_FILE,
            journals=_journals(job),
            catalog=job.catalog,
            starting_cash=_starting_cash(job),
            started_ns=started_ns,
            expiry_ns=trading.expiry_ns,
            quotes=connection.push.counters.delivered,
            reasons=tuple(reasons),
        )
        return conclude(end, components, recorder, node.cache)


def _run(node: LiveNode) -> str | None:
    """Run a node until it ends; return what kept it from starting, reconciliation above all."""
    # What start-up has made stays; walked by a collection, it would hold up orders for 0.1 s.
    gc.collect()
    gc.freeze()
    before_s = sys.getswitchinterval()
    sys.setswitchinterval(_SWITCH_S)
    try:
        with desk_lock():
            node.run()
    except RuntimeError as e:
        return f"{LiveUnclean.NODE_FAILED}: {' '.join(str(e).split())}"
    finally:
        sys.setswitchinterval(before_s)
    return None


def _node(
    job: NodeJob,
    chain: Chain,
    connection: TigerConnection,
    fees: FeeSchedule,
    folder: Path,
    on_alarm: Callable[[Alarm], None],
) -> LiveNode:
    live = job.config.live
    log = FileWriterConfig(str(folder), Path(LOG_FILE).stem, "json")
    config = LiveNodeConfig(
        environment=Environment.LIVE if job.mode.sends_orders else Environment.SANDBOX,
        trader_id=_TRADER,
        logging=LoggerConfig(LogLevel.OFF, LogLevel.WARNING, file_config=log),
        cache=CacheConfig(tick_capacity=_TICK_CAPACITY),
        exec_engine=engine_config(),
        shutdown_on_error=True,
        timeout_connection_secs=30.0,
        timeout_reconciliation_secs=20.0,
        timeout_portfolio_secs=10.0,
        timeout_disconnection_secs=10.0,
        delay_post_stop_secs=1.0,
    )
    data = TigerDataClientConfig(
        connection=connection,
        underlyings=[underlying_of(job.config.root)],
        trading_day=job.day.date,
        listings=SystemListings(),
        window=StrikeWindow(live.strike_window_fraction),
        chains=[chain],
        poll_interval_s=live.poll_interval_s,
    )
    builder = LiveNodeBuilder.from_config("AUTOTRADE", config)
    builder = builder.add_data_client(_CLIENT, TigerDataClientFactory(), data)
    if job.mode.sends_orders:
        execution = TigerExecutionClientConfig(
            connection=connection,
            listings=SystemListings(),
            fees=TigerFees(fees),
            account_type=_account_type(job.config),
            max_order_contracts=live.max_order_contracts,
            max_order_notional=live.max_order_premium_usd,
            max_orders_per_minute=live.max_orders_per_minute,
            reconcile_interval_s=live.reconcile_interval_s,
            keep_stops=job.config.risk.protective.enabled,
            on_alarm=on_alarm,
        )
        return builder.add_exec_client(_CLIENT, TigerExecutionClientFactory(), execution).build()
    simulation = job.config.simulation
    sandbox = SandboxExecutionClientConfig(
        venue=VENUE,
        starting_balances=[Money(job.config.account.starting_cash, USD)],
        base_currency=USD,
        # A cash account whatever the kind, as in a backtest.
        account_type=AccountType.CASH,
        oms_type=OmsType.NETTING,
        fee_model=TigerFeeModel(fees),
        latency_model=StaticLatencyModel(simulation.latency_ns(FillScenario.BASE)),
        liquidity_consumption=True,
    )
    factory = SandboxExecutionClientFactory()
    return builder.add_simulated_exec_client(str(VENUE), factory, sandbox).build()


def _account_type(config: SystemConfig) -> AccountType:
    return AccountType.CASH if config.account.kind is AccountKind.CASH else AccountType.MARGIN


def _chain(job: NodeJob) -> Chain:
    if job.ready.chain is None:
        raise ValueError("Expected checks that loaded the chain, was none")
    return job.ready.chain


def _open_interest(chain: Chain) -> dict[str, float]:
    pairs = zip(chain.contracts, chain.open_interest, strict=True)
    return {str(contract.id.symbol): float(count) for contract, count in pairs if count >= 0}


def _recorder(job: NodeJob, market: Market, open_interest: dict[str, float]) -> MarketRecorder:
    instruments = [market.underlying, *market.others, *market.contracts]
    loopback = job.tiger.endpoints.is_loopback
    header = JournalHeader(
        root=job.config.root,
        underlying=str(market.underlying.id.symbol),
        hours=job.day,
        symbols=tuple(str(instrument.id.symbol) for instrument in instruments),
        # A loopback Tiger's market never was, even where a real one is replayed at another time.
        synthetic=loopback,
        source="loopback Tiger" if loopback else "Tiger",
        open_interest=open_interest,
    )
    return MarketRecorder(JournalWriter(_journals(job), header), instruments)


def _journals(job: NodeJob) -> Path:
    """Return the folder of all journals of this session, so that a restart adds to the first."""
    name = f"{job.config.root}_{job.day.date}"
    if job.tiger.endpoints.is_loopback:  # which has many sessions of one date
        name = f"{name}_{job.day.open_ns}"
    return job.catalog / RECORDINGS / name


def _lifetime_s(job: NodeJob) -> float:
    left_s = (job.day.close_ns - time.time_ns()) / _NS_PER_S + _AFTER_CLOSE_S
    return left_s if job.stop_after_s is None else min(left_s, job.stop_after_s)


def _starting_cash(job: NodeJob) -> float:
    if job.mode.sends_orders and job.ready.assets is not None:
        return job.ready.assets.cash
    return job.config.account.starting_cash
