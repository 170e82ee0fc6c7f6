"""A node with both clients of the adapter, in a process of its own, and a script that uses it.

``python -m acceptance.tested_node SCENARIO FILE`` imports everything, makes the file, and reads
one line of JSON from stdin (where the simulator is). It runs the scenario's script beside the
node and writes what happened as JSON. The tests judge it; nothing is judged here except that a step
comes to its end.
"""

import asyncio
import datetime as dt
import importlib
import json
import logging
import sys
import traceback
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from types import ModuleType
from typing import Any

from acceptance.picture import VENUE, picture_of
from acceptance.script_run import Run, SimulatorControl
from acceptance.tester import Tester
from nautilus_trader.common import Environment, LoggerConfig, LogLevel
from nautilus_trader.live import LiveNode, LiveNodeBuilder, LiveNodeConfig
from nautilus_trader.model import TraderId
from nautilus_trader.trading import ImportableControllerConfig
from patience import PATIENCE_S

from tiger_nt.config import tiger_config
from tiger_nt.connection import TigerConnection
from tiger_nt.data_config import TigerDataClientConfig
from tiger_nt.execution_config import TigerExecutionClientConfig, engine_config
from tiger_nt.factories import TigerDataClientFactory, TigerExecutionClientFactory
from tiger_nt.instruments import DefaultListings, Underlying
from tiger_nt.push_supervisor import Patience as PushPatience
from tiger_nt.simulator.market import SessionHours

__all__ = ["NAME"]

NAME = "TIGER"
SPY = Underlying("SPY", "SPY")
VIX = Underlying("VIXW", "VIX", is_index=True)  # of its options nothing is loaded


async def drive(scenario: ModuleType, where: Mapping[str, Any]) -> dict[str, Any]:
    """Run the scenario and return what happened."""
    environment = where["environment"]
    date, open_ns, close_ns = environment["TIGER_NT_SESSION"].split(",")
    hours = SessionHours(dt.date.fromisoformat(date), int(open_ns), int(close_ns))
    listings = DefaultListings([SPY, VIX], VENUE.value, lambda _root, _date: hours.close_ns)
    connection = TigerConnection(
        tiger_config(environment), PushPatience(first_s=0.1, silence_s=PATIENCE_S)
    )
    settings = scenario.SETTINGS
    data = TigerDataClientConfig(
        connection, [SPY], hours.date, listings, **settings.get("data", {})
    )
    execution = TigerExecutionClientConfig(connection, listings, **settings.get("execution", {}))
    node = build(data, execution)
    testers = {name: Tester(name) for name in settings.get("strategies", ["TESTER-001"])}
    for tester in testers.values():
        node.add_strategy(tester)
    control = SimulatorControl(where["control"], environment["TIGEROPEN_ACCOUNT"])
    run = Run(testers, control, hours)
    scenario.prepare(run)
    failure = ""
    try:
        await live_through(node, lambda: scenario.script(run), run)
    except Exception:  # noqa: BLE001 - told with what came of the steps before it
        failure = traceback.format_exc()
    return {
        "failure": failure,
        "facts": run.facts,
        "testers": {name: tester.record() for name, tester in testers.items()},
        "engine": picture_of(node.cache),
        "account": control.account(),
    }


def build(data: TigerDataClientConfig, execution: TigerExecutionClientConfig) -> LiveNode:
    config = LiveNodeConfig(
        environment=Environment.LIVE,
        trader_id=TraderId("TESTER-001"),
        logging=LoggerConfig(stdout_level=LogLevel.INFO, is_colored=False),
        exec_engine=engine_config(),
        controller=ImportableControllerConfig(
            "acceptance.tester:Warden", "nautilus_trader.common:DataActorConfig", {}
        ),
        timeout_connection_secs=PATIENCE_S,
        timeout_disconnection_secs=20.0,
        delay_post_stop_secs=0.2,
    )
    builder = LiveNodeBuilder.from_config("ACCEPTANCE", config)
    builder = builder.add_data_client(NAME, TigerDataClientFactory(), data)
    return builder.add_exec_client(NAME, TigerExecutionClientFactory(), execution).build()


def is_up(run: Run) -> bool:
    return all(tester.is_running() for tester in run.testers.values())


async def live_through(node: LiveNode, script: Callable[[], Awaitable[None]], run: Run) -> None:
    handle = node.handle()
    running = asyncio.ensure_future(node.run_async())
    try:
        await run.until(lambda: running.done() or is_up(run), "a running node")
        if not running.done():
            await script()
    finally:
        handle.stop()
        await running


def main() -> None:
    scenario = importlib.import_module(f"acceptance.{sys.argv[1]}_scenario")
    logging.basicConfig(level=logging.WARNING, format="[%(levelname)s] %(name)s: %(message)s")
    Path(sys.argv[2]).touch()
    where = json.loads(sys.stdin.readline())
    outcome = asyncio.run(drive(scenario, where))
    Path(where["outcome"]).write_text(json.dumps(outcome, default=str))


if __name__ == "__main__":
    main()
