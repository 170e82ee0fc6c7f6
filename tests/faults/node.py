"""A live node with both clients of the adapter and a strategy that trades all the time.

``python -m faults.node`` reads one line of JSON from stdin (where the simulator is and where the
log goes), then one command a line: ``trade``, ``hold`` (finish what is under way), ``report``. Each
is answered with one line of JSON. It ends when stdin does, or when Tiger ends the connection.
"""

import asyncio
import datetime as dt
import json
import logging
import sys
from pathlib import Path
from typing import Any

import msgspec
from faults.books import engine_books
from faults.churn import Churn
from faults.limits import MANY, UNLIMITED
from nautilus_trader.common import Environment, FileWriterConfig, LoggerConfig, LogLevel
from nautilus_trader.live import (
    LiveExecutionEngineConfig,
    LiveNode,
    LiveNodeBuilder,
    LiveNodeConfig,
    SubmissionRecoveryPolicy,
)
from nautilus_trader.model import TraderId
from patience import PATIENCE_S

from autotrade_0dte.nodes.link_watch import LinkWatch
from tiger_nt.alarms import Alarm
from tiger_nt.config import TigerConfig, tiger_config
from tiger_nt.connection import TigerConnection
from tiger_nt.data_config import TigerDataClientConfig
from tiger_nt.execution_config import TigerExecutionClientConfig
from tiger_nt.factories import TigerDataClientFactory, TigerExecutionClientFactory
from tiger_nt.inquiry import Patience
from tiger_nt.instruments import DefaultListings, Underlying
from tiger_nt.providers import StrikeWindow
from tiger_nt.push_supervisor import Patience as PushPatience
from tiger_nt.simulator.fees import fixed_plan

SPY = Underlying("SPY", "SPY")
HASTE = Patience(risk_s=6.0, first_ask_s=0.15, longest_ask_s=0.5, lost_s=10.0, lost_asks=4)
PUSH_HASTE = PushPatience(silence_s=4.0, first_s=0.1, longest_s=0.5)
TIMEOUT_S = 1.0


def build(
    config: TigerConfig, session: str, log: Path, churn: Churn, alarms: list[Alarm]
) -> tuple[LiveNode, LinkWatch]:
    date, _, close_ns = session.split(",")
    listings = DefaultListings([SPY], expiry=lambda _root, _date: int(close_ns))
    connection = TigerConnection(config, PUSH_HASTE)
    day = dt.date.fromisoformat(date)
    data = TigerDataClientConfig(connection, [SPY], day, listings, StrikeWindow(0.0, 2))
    execution = TigerExecutionClientConfig(
        connection,
        listings,
        fees=fixed_plan,
        max_orders_per_minute=MANY,
        reconcile_interval_s=2.0,
        patience=HASTE,
        on_alarm=alarms.append,
    )
    node_config = LiveNodeConfig(
        environment=Environment.LIVE,
        trader_id=TraderId("FAULTS-001"),
        logging=LoggerConfig(
            LogLevel.OFF, LogLevel.WARNING, file_config=FileWriterConfig(str(log), "log", "json")
        ),
        exec_engine=LiveExecutionEngineConfig(
            reconciliation=True,
            reconciliation_startup_delay_secs=0.0,
            submission_recovery_policy=SubmissionRecoveryPolicy.RETAIN_UNRESOLVED,
        ),
        timeout_connection_secs=PATIENCE_S,
        timeout_disconnection_secs=20.0,
        delay_post_stop_secs=0.1,
    )
    builder = LiveNodeBuilder.from_config("FAULTS", node_config)
    builder = builder.add_data_client("TIGER", TigerDataClientFactory(), data)
    node = builder.add_exec_client("TIGER", TigerExecutionClientFactory(), execution).build()
    node.add_strategy(churn)
    link = LinkWatch("TIGER", logging.getLogger("link").warning, node.handle().stop)
    node.add_actor(link)
    return node, link


async def serve(node: LiveNode, link: LinkWatch, churn: Churn, alarms: list[Alarm]) -> None:
    """Run the node until stdin ends, doing what it says meanwhile."""
    cache, handle = node.cache, node.handle()  # not to be had while it runs
    running = asyncio.ensure_future(node.run_async())
    while line := await asyncio.to_thread(sys.stdin.readline):
        command = line.strip()
        if command != "report":
            churn.trading = command == "trade"
        print(
            json.dumps(report(cache, link, churn, alarms) | {"has_ended": running.done()}),
            flush=True,
        )
    handle.stop()
    await running


def report(cache: Any, link: LinkWatch, churn: Churn, alarms: list[Alarm]) -> dict[str, Any]:
    return {
        "books": msgspec.to_builtins(engine_books(cache)),
        "events": churn.events,
        "links": churn.links,
        "rounds": churn.rounds,
        "is_idle": churn.is_idle,
        "alarms": [f"{alarm.kind}: {alarm.text}" for alarm in alarms],
        "reasons": list(link.reasons()),
    }


def main() -> None:
    logging.basicConfig(level=logging.WARNING, format="[%(levelname)s] %(name)s: %(message)s")
    where = json.loads(sys.stdin.readline())
    config = msgspec.structs.replace(
        tiger_config(where["environment"]), calls_per_minute=UNLIMITED, timeout_s=TIMEOUT_S
    )
    churn, alarms = Churn(), []
    session = where["environment"]["TIGER_NT_SESSION"]
    node, link = build(config, session, Path(where["log"]), churn, alarms)
    asyncio.run(serve(node, link, churn, alarms))


if __name__ == "__main__":
    main()
