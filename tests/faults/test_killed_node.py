"""A node killed with an entry at work and a position open, and the one started after it.

Both meet faults and errors all the while, and nothing they write tells who they are.
"""

import datetime as dt
import json
import re
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from faults.books import differences, run_books, tiger_books
from faults.paper_node import PLANNED, PaperNode
from msgspec.structs import replace
from patience import wait_until
from project_simulator import project_simulator
from simulator_process import SimulatorProcess

from autotrade_0dte.data.catalog import Catalog
from autotrade_0dte.data.journal import SUFFIX, read_journal
from autotrade_0dte.nodes.kept_state import KeptState, read_kept_state
from autotrade_0dte.risk.rungs import RungState
from autotrade_0dte.store.rows import Owner, account_key
from autotrade_0dte.store.state_store import StateStore
from tiger_nt.marks import client_order_id

LATCHED = RungState("MISMATCH:HALT_ENTRIES", since_ns=1)
TOKEN = "a-token-that-nobody-may-see"
CONFIG = (
    PLANNED
    + """
[regular.params.exits]
profit_fraction = 0.5
loss_fraction = 1.0
theta_burn_fraction = 1000.0
hold_s = 23_400
entry_timeout_s = 300
"""
)


class Outcome:
    """What all nodes left, and what the simulator had at each kill and has at the end."""

    def __init__(self, folder: Path, environment: dict[str, str]) -> None:
        self.folder = folder
        self.environment = environment
        self.at_kill: list[dict[str, Any]] = []
        self.kept: list[KeptState] = []
        self.killed_ns = 0
        self.account: dict[str, Any] = {}
        self.code = -1
        self.run = folder
        self.session: dict[str, Any] = {}

    def killed(self, node: PaperNode, simulator: SimulatorProcess) -> None:
        """Kill a node; remember what it has kept, and what the simulator has."""
        self.killed_ns = time.time_ns()
        node.kill()
        self.at_kill.append(simulator.account("paper"))
        self.kept.append(read_kept_state(self.state, self.owner))

    def wait_kept(self, node: PaperNode, holds: Callable[[KeptState], bool]) -> None:
        """Wait until what a node keeps is as expected."""
        wait_until(
            lambda: holds(read_kept_state(self.state, self.owner)),
            "another state to be kept",
            lambda: node.output,
        )

    def has_journal(self) -> bool:
        """Whether the node that runs has written down quotes."""
        journals = (self.folder / "catalog").rglob(f"*{SUFFIX}")
        return any(len(read_journal(journal).rows) for journal in journals)

    @property
    def state(self) -> Path:
        """Folder of what the nodes keep."""
        return self.folder / "state" / "broker-killed-SPY"

    @property
    def owner(self) -> Owner:
        """Whose rows they are."""
        return Owner(self.date, account_key(self.environment["TIGEROPEN_ACCOUNT"]))

    @property
    def date(self) -> dt.date:
        """The simulator's session."""
        return dt.date.fromisoformat(self.session["date"])

    def table(self, name: str) -> list[dict[str, Any]]:
        """Return the rows of a table of the last run."""
        rows: list[dict[str, Any]] = pq.read_table(self.run / f"{name}.parquet").to_pylist()
        return rows

    @property
    def reasons(self) -> list[str]:
        """What the last run says against its result, without the date before each."""
        summary = json.loads((self.run / "summary.json").read_text())
        return [reason.partition(": ")[2] for reason in summary["unclean_reasons"]]


@pytest.fixture(scope="module")
def outcome(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Outcome]:
    folder = tmp_path_factory.mktemp("killed")
    with project_simulator(lively=False) as simulator:
        found = Outcome(folder, simulator.environment("paper"))
        found.session = simulator.control("GET", "/session")
        symbol = found.session["contracts"][len(found.session["contracts"]) // 2]
        ask = simulator.control("GET", f"/quote/{symbol}")["ask"]
        cap = round(ask + 1, 2)
        (folder / "config.toml").write_text(
            CONFIG.format(
                name="killed", quantity=3, date=f"{found.date:%y%m%d}", symbol=symbol, entry_cap=cap
            )
        )
        _buy_until_killed(simulator, found)
        _resume_until_killed(simulator, found)
        _resume_until_the_target(simulator, found, symbol, cap)
        found.account = simulator.account("paper")
        yield found


def is_held(kept: KeptState, phase: str) -> bool:
    """Return whether the one plan is in a phase, with the one contract that was bought."""
    return [(plan.state.phase, plan.state.held) for plan in kept.plans] == [(phase, 1)]


def _buy_until_killed(simulator: SimulatorProcess, found: Outcome) -> None:
    """One of three contracts is bought, and the answer to the order cannot be trusted."""
    simulator.fault("partial_fill", value=1)
    simulator.fault("wrong_signature", method="place_order")
    number = found.environment["TIGEROPEN_ACCOUNT"]
    with PaperNode(simulator, found.folder, more={"TIGEROPEN_TOKEN": TOKEN}) as node:
        simulator.wait_for(lambda state: state["accounts"][number]["positions"], "a position")
        found.wait_kept(node, lambda kept: kept.ladder is not None and is_held(kept, "ENTERING"))
        wait_until(found.has_journal, "quotes in the journal", lambda: node.output)
        found.killed(node, simulator)
    ladder = found.kept[0].ladder
    assert ladder is not None
    with StateStore.open(found.state, found.owner) as store:  # as if it had been set by then
        store.keep_ladder(1, replace(ladder, rungs=(*ladder.rungs, LATCHED)))


def _resume_until_killed(simulator: SimulatorProcess, found: Outcome) -> None:
    """The entry is canceled though the answer to that is lost; its contract is held on to."""
    simulator.fault("lost_response", method="cancel_order")
    number = found.environment["TIGEROPEN_ACCOUNT"]
    with PaperNode(simulator, found.folder, more={"TIGEROPEN_TOKEN": TOKEN}) as node:
        simulator.wait_for(
            lambda state: state["accounts"][number]["orders"][-1]["status"] == "Cancelled",
            "no order at work",
        )
        found.wait_kept(node, lambda kept: is_held(kept, "OPEN"))
        time.sleep(2.0)  # to sell in, if it would
        found.killed(node, simulator)


def _resume_until_the_target(
    simulator: SimulatorProcess, found: Outcome, symbol: str, cap: float
) -> None:
    """The plan's target is reached; selling is disturbed, and another login ends it all."""
    simulator.fault("rate_limit", method="place_order", value=429)
    simulator.fault("wrong_signature", method="prime_assets")
    number = found.environment["TIGEROPEN_ACCOUNT"]
    with PaperNode(simulator, found.folder, more={"TIGEROPEN_TOKEN": TOKEN}) as node:
        wait_until(lambda: "usable" in node.output, "a line of status", lambda: node.output)
        simulator.fault("frozen_quotes", seconds=3_600)
        bid = round(1.6 * cap, 2)

        def is_sold(state: dict[str, Any]) -> bool:
            quote = {"symbol": symbol, "bid": bid, "ask": round(bid + 0.05, 2)}
            simulator.control("POST", "/quote", quote)  # again and again, as the market's last
            account = state["accounts"][number]
            return not account["positions"] and account["orders"][-1]["side"] == "SELL"

        simulator.wait_for(is_sold, "no position")
        found.wait_kept(node, lambda kept: not kept.open_plans)
        simulator.fault("kickout")
        found.code = node.end()
        found.run = node.folder


def test_killed_node_and_the_one_after_it(outcome: Outcome, subtests: pytest.Subtests) -> None:
    """One test, so that parallel workers do not run the nodes again for each part of it."""
    for check in (
        killed_with_an_order_at_work_and_a_position,
        next_one_cancels_the_order_and_keeps_to_the_plan,
        last_one_sells_at_the_plans_target,
        what_was_used_up_stays_so_and_latches_stand,
        no_order_is_sent_twice_and_none_without_a_row,
        engine_and_simulator_agree_on_all_runs,
        it_ends_when_another_login_takes_its_place,
        recording_of_all_is_in_the_catalog,
        no_secret_is_in_anything_they_wrote,
    ):
        with subtests.test(check.__name__):
            check(outcome)


def killed_with_an_order_at_work_and_a_position(outcome: Outcome) -> None:
    [order] = outcome.at_kill[0]["orders"]
    assert (order["status"], order["quantity"], order["filled"]) == ("Submitted", 3, 1)
    [position] = outcome.at_kill[0]["positions"].values()
    assert position["quantity"] == 1
    [plan] = outcome.kept[0].plans
    assert (plan.state.phase, plan.state.held, len(plan.order_ids)) == ("ENTERING", 1, 1)


def next_one_cancels_the_order_and_keeps_to_the_plan(outcome: Outcome) -> None:
    [order] = outcome.at_kill[1]["orders"]
    assert (order["status"], order["filled"]) == ("Cancelled", 1)
    [position] = outcome.at_kill[1]["positions"].values()
    assert position["quantity"] == 1
    [before], [after] = outcome.kept[0].plans, outcome.kept[1].plans
    assert (after.state.phase, after.state.held, after.state.bought) == ("OPEN", 1, 1)
    assert repr(after.state.plan) == repr(before.state.plan)  # its cap, its exits, its deadlines
    assert after.state.cash == before.state.cash
    assert after.state.fees_usd == before.state.fees_usd > 0


def last_one_sells_at_the_plans_target(outcome: Outcome) -> None:
    [_, sold] = outcome.account["orders"]
    assert (sold["side"], sold["quantity"], sold["filled"]) == ("SELL", 1, 1)
    [exit_] = [row for row in outcome.table("decisions") if row["kind"] == "EXIT"]
    assert (exit_["reason"], exit_["quantity"], exit_["plan_id"]) == ("TARGET", 1, "plan-1")


def what_was_used_up_stays_so_and_latches_stand(outcome: Outcome) -> None:
    ladders = [
        kept.ladder for kept in (*outcome.kept, read_kept_state(outcome.state, outcome.owner))
    ]
    for ladder in ladders:
        assert ladder is not None
        assert ladder.day.counters.entries == 1
        assert ladder.start_equity == ladders[0].start_equity > 0
    assert all(LATCHED in ladder.rungs for ladder in ladders[1:])
    assert (
        json.loads((outcome.run / "summary.json").read_text())["risk"]["strictest"]
        == "HALT_ENTRIES"
    )


def no_order_is_sent_twice_and_none_without_a_row(outcome: Outcome) -> None:
    intents = read_kept_state(outcome.state, outcome.owner).intents
    at_tiger = [client_order_id(order["user_mark"]) for order in outcome.account["orders"]]
    assert [intent.client_order_id for intent in intents] == at_tiger


def engine_and_simulator_agree_on_all_runs(outcome: Outcome) -> None:
    assert differences(run_books(outcome.run), tiger_books(outcome.account)) == []


def it_ends_when_another_login_takes_its_place(outcome: Outcome) -> None:
    assert outcome.code == 3
    assert outcome.reasons == ["LINK_ENDED: KICKED kick out by a new connection"]
    assert outcome.account["positions"] == {}


def recording_of_all_is_in_the_catalog(outcome: Outcome) -> None:
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
