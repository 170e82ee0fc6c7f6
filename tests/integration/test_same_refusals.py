"""One strategy breaks one rule after the other and is refused alike in every kind of node."""

import datetime as dt
import json
from pathlib import Path

import pyarrow.parquet as pq
import pytest
from faults.paper_node import PaperNode
from patience import wait_until
from project_simulator import project_simulator
from scripted_strategy import run
from simulator_process import SimulatorProcess
from small_market import write_session
from violating_strategy import DONE

from autotrade_0dte.config import load_config
from autotrade_0dte.data.catalog import Catalog

CONFIG = """
name = "violating"
root = "SPY"
snapshot_interval_ms = 250

[regular]
path = "violating_strategy:ViolatingStrategy"

[desk.vetoes]
needs_fair_value = false
min_size_fraction = 0
max_age_s = 300
max_spread_ticks = 100

[risk.limits.order]
max_contracts = 20
max_premium_usd = 20000
max_notional_usd = 500000
max_orders_a_minute = 3

[risk.limits.position]
max_series_contracts = 5
max_cluster_contracts = 4
max_strategy_premium_usd = 20

[risk.limits.portfolio]
max_delta_usd = inf
max_gamma_usd = inf
max_vega_usd = inf
max_theta_usd = inf
max_capital_fraction = inf
max_worst_loss_fraction = inf

[risk.limits.correlation]
max_beta_delta_usd = inf

[risk.limits.session]
no_entry_after_open_s = 0
last_entry_before_close_s = 0

[risk.ladder]
stale_s = 23400
marks_unknown_s = 23400
"""
REFUSALS = [
    "NOT_THROUGH_DESK",
    "NOT_THROUGH_DESK",
    "NOT_THROUGH_DESK",
    "NAKED_SHORT",
    "NO_PRICE_LIMIT",
    "ORDER_CONTRACTS",
    "ORDER_PREMIUM",
    "ORDER_NOTIONAL",
    "COLLAR_QUOTE",
    "SERIES_CONTRACTS",
    "CLUSTER_CONTRACTS",
    "STRATEGY_PREMIUM",
    "GIVEN_UP",
    "DUPLICATE",
    "GIVEN_UP",
    "GIVEN_UP",
    "ORDER_RATE",
    "HALTED",
]
DATE = dt.date(2026, 7, 20)


@pytest.fixture
def config(tmp_path: Path) -> Path:
    path = tmp_path / "config.toml"
    path.write_text(CONFIG)
    return path


def refusals(folder: Path) -> list[str]:
    """Return the codes on the record of a run, in their order."""
    rows = pq.read_table(folder / "decisions.parquet").to_pylist()
    return [row["reason"].partition(":")[0] for row in rows if row["strategy"] == "Violating"]


def test_backtest(config: Path, tmp_path: Path) -> None:
    catalog = Catalog(tmp_path / "catalog")
    write_session(
        catalog, "SPY", DATE, strikes=(595, 600, 605), spot=600.0, settlement=600.0, every_s=5
    )
    outcome = run(load_config(config), tmp_path / "catalog", tmp_path / "runs")
    assert refusals(outcome.folder) == REFUSALS
    assert outcome.tables["fills"].num_rows == 0
    [session] = outcome.summary["per_session"]
    assert session["unclean_reasons"] == []


def test_paper_and_live_at_the_simulator(config: Path, tmp_path: Path) -> None:
    nodes = {}
    with project_simulator(lively=False) as simulator:
        for name in ("paper", "broker"):  # a second login would end the first one's connection
            with _node(simulator, tmp_path / name) as nodes[name]:
                _end(nodes[name])
        account = simulator.account()
    assert {name: refusals(node.folder) for name, node in nodes.items()} == {
        "paper": REFUSALS,
        "broker": REFUSALS,
    }
    assert account["orders"] == []
    assert json.loads((nodes["broker"].folder / "summary.json").read_text())["fills"] == 0


def _node(simulator: SimulatorProcess, folder: Path) -> PaperNode:
    folder.mkdir()
    (folder / "config.toml").write_text(CONFIG)
    return PaperNode(simulator, folder, broker=folder.name == "broker")


def _end(node: PaperNode) -> None:
    """Stop a node when its strategy has nothing left to break."""
    wait_until(lambda: DONE in node.output or not node.is_running, DONE, lambda: node.output)
    assert DONE in node.output, node.output
    node.interrupt()
    node.end()
