"""A node killed with orders at work and a position open, and the one started after it.

Both meet faults and errors all the while, and nothing they write tells who they are.
"""

import datetime as dt
import json
import re
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from faults.books import differences, run_books, tiger_books
from faults.paper_node import PaperNode
from project_simulator import project_simulator
from simulator_process import SimulatorProcess

from autotrade_0dte.data.catalog import Catalog

TOKEN = "a-token-that-nobody-may-see"
START_S = 40.0
CONFIG = """
name = "killed"
root = "SPY"
snapshot_interval_ms = 250

[regular]
path = "planned_strategy:PlannedStrategy"

[regular.params]
symbols = {{ {date} = "{symbol}" }}
quantity = 3
at_s = 0
entry_cap = {entry_cap}
"""


class Outcome:
    """What both nodes left, and what the simulator had at the kill and has at the end."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder = folder
        self.environment = environment
        self.at_kill: dict[str, Any] = {}
        self.killed_ns = 0
        self.account: dict[str, Any] = {}
        self.code = -1
        self.run = folder

    def table(self, name: str) -> list[dict[str, Any]]:
        """Return the rows of a table of the second run."""
        rows: list[dict[str, Any]] = pq.read_table(self.run / f"{name}.parquet").to_pylist()
        return rows

    @property
    def reasons(self) -> list[str]:
        """What the second run says against its result, without the date before each."""
        summary = json.loads((self.run / "summary.json").read_text())
        return [reason.partition(": ")[2] for reason in summary["unclean_reasons"]]


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outcome]:
    folder = tmp_path_factory.mktemp("killed")
    with project_simulator(lively=False) as simulator:
        found = Outcome(folder, simulator.environment("paper"))
        (folder / "config.toml").write_text(_config(simulator))
        _live_until_killed(simulator, found)
        _live_until_kicked(simulator, found)
        found.account = simulator.account("paper")
        yield found


def _config(simulator: SimulatorProcess) -> str:
    session = simulator.control("GET", "/session")
    symbol = session["contracts"][len(session["contracts"]) // 2]
    ask = simulator.control("GET", f"/quote/{symbol}")["ask"]
    date = f"{dt.date.fromisoformat(session['date']):%y%m%d}"
    return CONFIG.format(date=date, symbol=symbol, entry_cap=round(ask + 1, 2))


def _live_until_killed(simulator: SimulatorProcess, found: Outcome) -> None:
    """One of three contracts is bought, and the answer to the order cannot be trusted."""
    simulator.fault("partial_fill", value=1)
    simulator.fault("wrong_signature", method="place_order")
    number = found.environment["TIGEROPEN_ACCOUNT"]
    with PaperNode(simulator, found.folder, 2, {"TIGEROPEN_TOKEN": TOKEN}) as node:
        simulator.wait_for(
            lambda state: state["accounts"][number]["positions"], "a position", START_S
        )
        time.sleep(1.0)  # the answer is found out about, and quotes are written to the journal
        found.killed_ns = time.time_ns()
        node.kill()
    found.at_kill = simulator.account("paper")


def _live_until_kicked(simulator: SimulatorProcess, found: Outcome) -> None:
    """Cancelling, selling and asking are disturbed; another login ends the connection."""
    number = found.environment["TIGEROPEN_ACCOUNT"]
    simulator.fault("lost_response", method="cancel_order")
    simulator.fault("rate_limit", method="place_order", value=429)
    simulator.fault("wrong_signature", method="prime_assets")
    with PaperNode(simulator, found.folder, 2, {"TIGEROPEN_TOKEN": TOKEN}) as node:
        simulator.wait_for(
            lambda state: _is_sold(state["accounts"][number]), "no position", START_S
        )
        time.sleep(0.5)  # quotes are written to the journal
        simulator.fault("kickout")
        found.code = node.end()
        found.run = node.folder


def _is_sold(account: dict[str, Any]) -> bool:
    return not account["positions"] and account["orders"][-1]["side"] == "SELL"


def test_killed_node_and_the_one_after_it(outcome: Outcome, subtests: pytest.Subtests) -> None:
    """One test, so that parallel workers do not run the nodes again for each part of it."""
    for check in (
        killed_with_an_order_at_work_and_a_position,
        next_one_cancels_the_order_and_sells_the_position,
        engine_and_simulator_agree_on_both_runs,
        it_ends_when_another_login_takes_its_place,
        recording_of_both_is_in_the_catalog,
        no_secret_is_in_anything_they_wrote,
    ):
        with subtests.test(check.__name__):
            check(outcome)


def killed_with_an_order_at_work_and_a_position(outcome: Outcome) -> None:
    [order] = outcome.at_kill["orders"]
    assert (order["status"], order["quantity"], order["filled"]) == ("Submitted", 3, 1)
    [position] = outcome.at_kill["positions"].values()
    assert position["quantity"] == 1


def next_one_cancels_the_order_and_sells_the_position(outcome: Outcome) -> None:
    [first, sold] = outcome.account["orders"]
    assert (first["status"], first["filled"]) == ("Cancelled", 1)
    assert (sold["side"], sold["quantity"], sold["filled"]) == ("SELL", 1, 1)
    [exit_] = [row for row in outcome.table("decisions") if row["kind"] == "EXIT"]
    assert (exit_["reason"], exit_["quantity"]) == ("RESTART", 1)


def engine_and_simulator_agree_on_both_runs(outcome: Outcome) -> None:
    assert differences(run_books(outcome.run), tiger_books(outcome.account)) == []


def it_ends_when_another_login_takes_its_place(outcome: Outcome) -> None:
    assert outcome.code == 3
    assert outcome.reasons == ["LINK_ENDED: KICKED kick out by a new connection"]
    assert outcome.account["positions"] == {}


def recording_of_both_is_in_the_catalog(outcome: Outcome) -> None:
    catalog = Catalog(outcome.folder / "catalog")
    [entry] = catalog.sessions()
    times = [tick.ts_init for chunk in catalog.chunks(entry) for tick in chunk]
    assert min(times) < outcome.killed_ns < max(times)


def no_secret_is_in_anything_they_wrote(outcome: Outcome) -> None:
    key = outcome.environment["TIGEROPEN_PRIVATE_KEY"]
    secrets = [
        re.compile("|".join(re.escape(key[at : at + 32]) for at in range(0, len(key) - 32, 16))),
        re.compile(rf"(?<!\d){outcome.environment['TIGEROPEN_TIGER_ID']}(?!\d)"),
        re.compile(outcome.environment["TIGEROPEN_ACCOUNT"]),
        re.compile(TOKEN),
        re.compile(r"[A-Za-z0-9+/]{170}[A-Za-z0-9+/]*=="),  # a signature
    ]
    files = [file for file in outcome.folder.rglob("*") if file.is_file()]
    assert {file.suffix for file in files} >= {".parquet", ".jsonl", ".journal", ".html", ".json"}
    found = [
        f"{secret.pattern[:40]} in {file.name}"
        for file in files
        for secret in secrets
        if secret.search(_text(file))
    ]
    assert found == []


def _text(file: Path) -> str:
    if file.suffix != ".parquet":
        return file.read_bytes().decode(errors="replace")
    schema = pq.read_schema(file)
    named = [field.name for field in schema if pa.types.is_string(field.type)]
    return f"{schema.metadata} {pq.read_table(file, columns=named).to_pydict()}"
