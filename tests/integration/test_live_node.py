"""A live node from the operator's chair: at a terminal, against a Tiger in another process."""

import json
import os
import signal
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest
from nautilus_trader.model import IndexPriceUpdate
from patience import PATIENCE_S
from project_simulator import project_simulator
from simulator_process import SimulatorProcess
from terminal_process import TerminalProcess

from autotrade_0dte.data.catalog import Catalog

AUTOTRADE = str(Path(sys.executable).with_name("autotrade"))
TESTS = Path(__file__).resolve().parents[1]
CONFIG = """
name = "rehearsal"
root = "SPY"
snapshot_interval_ms = 250

[regular]
path = "eager_strategy:EagerStrategy"

[regular.params]
hold_s = 3600

[indicators]
bar_s = 1
momentum_window_s = 1
burst_window_s = 5
trend_window_s = 8
realized_short_s = 5

[live]
volatility_index = true

[actions.regular]
l2 = { entries = true }
l3 = { entries = true }

[coordinator.regular]
share = 1.0
level_pause_s = 0
"""

RESTING = """
name = "resting"
root = "SPY"
snapshot_interval_ms = 250

[regular]
path = "planned_strategy:PlannedStrategy"

[regular.params]
symbols = {{ {date} = "{symbol}" }}
at_s = 0
quantity = 1
entry_cap = 25.0

[actions.regular]
calm = {{ entries = true, urgency = "patient" }}
l1 = {{ entries = true, urgency = "patient" }}

[desk.route]
urgent_level = 3

[desk.vetoes]
needs_fair_value = false
max_age_s = 300

# The underlying has no price yet, and what needs one is not judged.
[risk.limits.order]
max_notional_usd = inf

[risk.limits.portfolio]
max_worst_loss_fraction = inf
max_delta_usd = inf
max_gamma_usd = inf
max_vega_usd = inf
max_theta_usd = inf

[risk.limits.correlation]
max_beta_delta_usd = inf
"""


@pytest.fixture(scope="module")
def simulator() -> Iterator[SimulatorProcess]:
    with project_simulator() as process:
        yield process


@pytest.fixture
def command(tmp_path: Path) -> list[str]:
    config = tmp_path / "rehearsal.toml"
    config.write_text(CONFIG)
    folders = [f"--{name}={tmp_path / name}" for name in ("runs", "catalog", "state")]
    return [AUTOTRADE, "live", str(config), *folders, "--minutes", "30"]


def environment(simulator: SimulatorProcess) -> dict[str, str]:
    kept = {name: text for name, text in os.environ.items() if not name.startswith("TIGER")}
    kept |= {"PYTHONPATH": str(TESTS), "TERM": "dumb", "COLUMNS": "160"}
    return kept | simulator.environment("live")


def test_wrong_answer_of_the_operator_starts_nothing(
    simulator: SimulatorProcess, command: list[str], tmp_path: Path
) -> None:
    with TerminalProcess(command, environment(simulator)) as operator:
        operator.read_until("to go on: ")
        operator.type("yes")
        assert operator.end() == 4
    assert "not started" in operator.seen
    assert not (tmp_path / "runs").exists()
    assert simulator.account("live")["orders"] == []


def test_closed_terminal_cancels_the_orders_at_work(
    simulator: SimulatorProcess, command: list[str], tmp_path: Path
) -> None:
    contracts = simulator.control("GET", "/session")["contracts"]
    dear = contracts[0]  # a call far in the money: its bid lies far from its ask
    (tmp_path / "rehearsal.toml").write_text(RESTING.format(date=dear[3:9], symbol=dear))
    account = simulator.environment("live")["TIGEROPEN_ACCOUNT"]
    # The patient order rests at the bid, and the market stays where it is.
    simulator.control("POST", "/faults", {"kind": "frozen_quotes", "seconds": 3_600})

    def rests(state: dict[str, Any]) -> bool:
        orders = state["accounts"][account]["orders"]
        return any(order["symbol"] == dear and order["status"] == "Submitted" for order in orders)

    with TerminalProcess(command, environment(simulator)) as operator:
        operator.read_until("to go on: ")
        operator.type(account[-4:])
        simulator.wait_for(rests, "an order at work")
        operator.hang_up()
        operator.process.wait(PATIENCE_S)
    simulator.control("DELETE", "/faults")
    [order] = simulator.account("live")["orders"]
    assert (order["status"], order["filled"]) == ("Cancelled", 0)
    [run] = (tmp_path / "runs").iterdir()
    summary = json.loads((run / "summary.json").read_text())
    assert (summary["clean"], summary["orders"], summary["fills"]) == (True, 1, 0)


def test_interrupted_node_stops_and_lists_what_stays_open(
    simulator: SimulatorProcess, command: list[str], tmp_path: Path
) -> None:
    account = simulator.environment("live")["TIGEROPEN_ACCOUNT"]
    with TerminalProcess(command, environment(simulator)) as operator:
        operator.read_until("to go on: ")
        operator.type(account[-4:])
        simulator.wait_for(lambda state: state["accounts"][account]["positions"], "a position")
        operator.process.send_signal(signal.SIGINT)
        assert operator.end() == 3
    held = simulator.account("live")
    [(symbol, position)] = held["positions"].items()
    assert f"POSITION_OPEN: {symbol}.US +{position['quantity']}" in " ".join(operator.seen.split())
    assert all(order["status"] in {"Filled", "Cancelled"} for order in held["orders"])

    [run] = (tmp_path / "runs").iterdir()
    summary = json.loads((run / "summary.json").read_text())
    assert (summary["mode"], summary["synthetic"], summary["clean"]) == ("live", True, False)
    assert _bought(run) == [(symbol, position["quantity"])]
    assert (run / "report.html").exists()

    [entry] = Catalog(tmp_path / "catalog").sessions()
    chunks = list(Catalog(tmp_path / "catalog").chunks(entry))
    ticks = [tick for chunk in chunks for tick in chunk]
    assert entry.synthetic
    assert any(tick.ts_event < tick.ts_init for tick in ticks)
    assert all(tick.ts_event <= tick.ts_init for tick in ticks)
    levels = [tick for tick in ticks if isinstance(tick, IndexPriceUpdate)]
    assert {str(level.instrument_id) for level in levels} == {"VIX.US"}


def _bought(run: Path) -> list[tuple[str, int]]:
    rows: list[dict[str, Any]] = pq.read_table(run / "fills.parquet").to_pylist()
    totals: dict[str, int] = {}
    for row in rows:
        name = row["instrument_id"].removesuffix(".US")
        totals[name] = totals.get(name, 0) + row["quantity"] * (1 if row["side"] == "BUY" else -1)
    return sorted(totals.items())
