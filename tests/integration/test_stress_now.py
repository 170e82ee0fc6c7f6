"""autotrade stress --state: what a node holds at this moment, beside the node."""

import datetime as dt
import json
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from flash_move_run import Command
from msgspec.structs import replace
from stored import PLAN, STATE

from autotrade_0dte import calendar
from autotrade_0dte.calendar import Session, new_york_ns
from autotrade_0dte.data.journal import JournalHeader, JournalWriter
from autotrade_0dte.execution.plan_state import PlanPhase
from autotrade_0dte.nodes.run_folder import RECORDINGS
from autotrade_0dte.risk.ladder_state import LadderState
from autotrade_0dte.store.rows import Owner, account_key
from autotrade_0dte.store.state_store import StateStore

NS = 1_000_000_000
DATE = dt.date(2026, 7, 20)
OPEN_NS = new_york_ns(DATE, dt.time(9, 30))
HOURS = Session(DATE, OPEN_NS, OPEN_NS + 23_400 * NS)
NOW_NS = OPEN_NS + 100 * NS
STRIKES = range(590, 611)
CALL, HIGHER = "SPY260720C00600000", "SPY260720C00605000"
SPREAD = replace(
    PLAN, plan_id="R002", instrument_id=f"{CALL}.US", short_instrument_id=f"{HIGHER}.US",
    net_cap=1.0,
)  # fmt: skip
CONFIG = """
name = "now"
root = "SPY"

[regular]
path = "autotrade_strategies.regular:RegularStrategy"
"""


class Place:
    """A folder in which a node of a configuration runs, or has run."""

    def __init__(self, folder: Path, autotrade: Command) -> None:
        self.folder = folder
        self.node = folder / "state" / "paper-now-SPY"
        self.config = folder / "now.toml"
        self.config.write_text(CONFIG)
        self._autotrade = autotrade

    def open(self) -> StateStore:
        return StateStore.open(self.node, Owner(DATE, account_key("1")))

    def hold(self, store: StateStore, **told: Any) -> None:
        state = replace(STATE, plan=SPREAD, held=3, sold=2, cash=-5.0, **told)
        store.keep_plan(state)
        store.keep_ladder(1, LadderState(session_ns=OPEN_NS, start_equity=20_000.0))
        store.beat(NOW_NS)

    def kept(self) -> dict[str, bytes]:
        """Return the node's files, without what readers and writers share in memory."""
        files = self.node.iterdir()
        return {each.name: each.read_bytes() for each in files if each.suffix != ".sqlite-shm"}

    def record(self) -> JournalWriter:
        """Record half a minute of quotes, and go on."""
        names = [f"SPY260720{right}{strike * 1000:08d}" for strike in STRIKES for right in "CP"]
        header = JournalHeader(
            root="SPY", underlying="SPY", hours=HOURS, symbols=(*names, "SPY"), synthetic=True,
            source="test",
        )  # fmt: skip
        folder = self.folder / "catalog" / RECORDINGS / f"SPY_{DATE}_{OPEN_NS}"
        writer = JournalWriter(folder, header)
        for second in range(1, 31):
            at_ns = OPEN_NS + second * NS
            writer.trade(len(names), at_ns, at_ns, 600.0, 100.0)
            for number, name in enumerate(names):
                strike = int(name[-8:]) / 1000
                worth = max(600.0 - strike if name[9] == "C" else strike - 600.0, 0.0)
                mid = round(worth + 1.5 * math.exp(-abs(strike - 600.0) / 4.0) + 0.02, 2)
                bid, ask = round(mid - 0.01, 2), round(mid + 0.01, 2)
                writer.quote(number, at_ns, at_ns, bid, ask, 10, 10)
        writer.flush()
        return writer

    def stress(self, *words: str) -> tuple[int, str, str]:
        return self._autotrade(
            "stress", self.config, "--state", self.folder / "state",
            "--catalog", self.folder / "catalog", *words,
        )  # fmt: skip


@pytest.fixture
def place(tmp_path: Path, autotrade: Command, monkeypatch: pytest.MonkeyPatch) -> Iterator[Place]:
    monkeypatch.setattr(calendar, "_known", {})
    monkeypatch.setattr("autotrade_0dte.nodes.held_now.time.time_ns", lambda: NOW_NS)
    return Place(tmp_path, autotrade)


def test_running_node_is_stressed_on_its_newest_quotes_which_say_their_age(place: Place) -> None:
    journal = place.record()
    with place.open() as store:
        place.hold(store)
        before = place.kept()
        code, shown, error = place.stress("--json")
        assert code == 0, error
        assert place.kept() == before
        found = json.loads(shown)
        _, table, _ = place.stress()
    journal.close()
    assert found["node"] == "paper-now-SPY"
    assert found["process"].startswith("process ")
    assert found["oldest_price_s"] == pytest.approx(70, abs=1)
    held = found["stress"]["held"]
    assert held["quantity"] == {f"{CALL}.US": 3, f"{HIGHER}.US": -2}
    assert (held["premium_usd"], held["equity"]) == (500, 20_000)
    losses = found["stress"]["result"]["losses"]
    assert all(loss["loss_usd"] is not None for loss in losses)
    assert "Prices of its recording, up to 70 s old. Node: process " in " ".join(table.split())
    assert "node paper-now-SPY" in table


def test_recording_that_has_no_rows_yet_does_not_stand_for_the_one_that_has(place: Place) -> None:
    place.record().close()
    recordings = place.folder / "catalog" / RECORDINGS
    (recordings / f"SPY_{DATE}_{OPEN_NS + 1}").mkdir()
    with place.open() as store:
        place.hold(store)
    assert place.stress()[0] == 0


def test_node_that_has_ended_is_stressed_by_what_it_kept(place: Place) -> None:
    place.record().close()
    with place.open() as store:
        place.hold(store)
    code, shown, _ = place.stress()
    assert code == 0
    assert "Node: no process" in shown


def test_nothing_to_stress_is_one_line(place: Place) -> None:
    def refusal(*words: str) -> str:
        code, shown, error = place.stress(*words)
        assert (code, shown, len(error.splitlines())) == (2, "", 1)
        return error

    assert "Expected what a node of now on SPY keeps, was nothing" in refusal()
    with place.open() as store:
        place.hold(store, phase=PlanPhase.CLOSED)
    assert "Expected positions to stress, was none (paper-now-SPY)" in refusal()
    with place.open() as store:
        place.hold(store)
    assert "Expected a recording of SPY on 2026-07-20, was none" in refusal()
    assert "Expected --at and --session of a run" in refusal("--at", "10:00")
