"""Faults hit the order desk while the simulator replays a session of a catalog.

Every parent ends filled or given up all the same, none is over-filled, and the books are the
broker's. One session is generated, with quotes every second; one is recorded, in books.
"""

import datetime as dt
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import NamedTuple

import pytest
from faults.desk_cases import (
    CONFIG,
    RESTING,
    WALKING,
    Case,
    Parents,
    Run,
    brief,
    close,
    entry,
    fault,
    held,
    in_order,
    run_cases,
    wrong_with_books,
)
from simulator_process import SimulatorProcess

from autotrade_0dte.data.catalog import Catalog
from autotrade_0dte.data.importers.importing import import_files
from autotrade_0dte.data.synthetic.days import DayKind
from autotrade_0dte.data.synthetic.generate import SyntheticParams, generate
from autotrade_0dte.data.synthetic.quotes import QuoteParams
from autotrade_0dte.execution.parent import Outcome
from autotrade_0dte.execution.walk_record import WalkEvent

GENERATED = dt.date(2025, 11, 28)  # a half day, which takes half the time
RECORDED = dt.date(2026, 7, 22)
BOOKS = """
[chain]
stale_after_s = 60.0

[regular.params]
looks_again = true
"""


def is_over(parents: Parents, outcome: Outcome, *events: WalkEvent) -> bool:
    """Return whether an entry's time was over so; the strategy may note it before the desk does."""
    return entry(parents, outcome, *events) or entry(parents, Outcome.CANCELED, *events)


CASES = {
    "entry rejected": Case(
        [fault("reject", message="1200:not today")],
        lambda p: entry(p, Outcome.REJECTED, WalkEvent.REJECTED),
    ),
    "entry rejected late": Case(
        [fault("late_reject", value=0.1, message="201:too late")],
        lambda p: entry(p, Outcome.REJECTED, WalkEvent.ACCEPTED, WalkEvent.REJECTED),
    ),
    "exit rejected": Case(
        [fault("reject", message="1200:not today")],
        lambda p: close(p, Outcome.REJECTED, WalkEvent.REJECTED) and close(p, Outcome.FILLED),
        when=held,
    ),
    "exit rejected late": Case(
        [fault("late_reject", value=0.1, message="201:too late")],
        lambda p: (
            close(p, Outcome.REJECTED, WalkEvent.ACCEPTED, WalkEvent.REJECTED)
            and close(p, Outcome.FILLED)
        ),
        when=held,
    ),
    "entry filled in part, then canceled": Case(
        [fault("partial_fill", value=1)],
        lambda p: (
            is_over(p, Outcome.PARTLY_FILLED, WalkEvent.FILLED, WalkEvent.CANCELED)
            and close(p, Outcome.FILLED)
        ),
        {"hold_s": 1.3, "timeout_s": 1},
    ),
    "modify refused": Case(
        [fault("modify_refused", count=2)],
        lambda p: any(
            each.outcome is Outcome.FILLED
            and in_order(each.events, WalkEvent.MODIFY_REJECTED, WalkEvent.RESENT)
            for each in p
        ),
        WALKING,
    ),
    "answers to orders and changes lost": Case(
        [
            fault("lost_response", method="place_order", count=2),
            fault("lost_response", method="modify_order", count=2),
        ],
        lambda p: entry(p, Outcome.FILLED, WalkEvent.ACCEPTED) and close(p, Outcome.FILLED),
        WALKING,
    ),
    "answer to a cancel lost": Case(
        [fault("lost_response", method="cancel_order")],
        lambda p: is_over(p, Outcome.GIVEN_UP, WalkEvent.CANCELED),
        RESTING,
    ),
}


class Replay(NamedTuple):
    """A catalog with one session, how it is played, and what its spacing asks of the node."""

    catalog: Path
    start: dt.time
    speed: float
    config: str

    def run(self, folder: Path) -> Run:
        """Have a node meet all cases."""
        folder.mkdir()
        playing = SimulatorProcess.of_catalog(self.catalog, "SPY", self.start, self.speed)
        with playing as simulator:
            return run_cases(simulator, folder, self.config, CASES)


def test_parent_orders_on_replayed_sessions_end_whatever_goes_wrong(
    request: pytest.FixtureRequest, tmp_path: Path, subtests: pytest.Subtests
) -> None:
    """Both at once, as their nodes mostly wait; one test, so that workers run each node once."""
    replays = {"generated": generated(tmp_path / "generated catalog")}
    with subtests.test("the recorded session is here"):
        data: Path = request.getfixturevalue("shared_data")
        replays["recorded"] = recorded(data, tmp_path / "recorded catalog")
    with ThreadPoolExecutor() as pool:
        running = {name: pool.submit(each.run, tmp_path / name) for name, each in replays.items()}
    for session, run in ((session, future.result()) for session, future in running.items()):
        for name, case in CASES.items():
            with subtests.test(f"{session}: {name}"):
                parents = run.of(name)
                assert case.told(parents), brief(parents)
                assert run.faults_of(parents) == []
        with subtests.test(f"{session}: books are the simulator's, and flat"):
            assert wrong_with_books(run) == []


def generated(folder: Path) -> Replay:
    """Return a session with quotes every second."""
    few = SyntheticParams(quotes=QuoteParams(interval_s=1, strikes=16))
    generate(Catalog(folder), few, sessions=1, seed=7, last=GENERATED, kind=DayKind.ORDINARY)
    return Replay(folder, dt.time(10), 1.0, CONFIG)


def recorded(data: Path, folder: Path) -> Replay:
    """Return a recorded session; at its speed there is a book every half minute, the first soon."""
    file = data / "spy_0dte_5min" / f"SPY_{RECORDED}.csv.gz"
    if not file.is_file():
        pytest.skip(f"the recorded session of {RECORDED} was not found in {data}")
    import_files("cboe-delayed", [file], Catalog(folder))
    patient = CONFIG.replace("[desk.vetoes]", "[desk.vetoes]\nmax_age_s = 60.0") + BOOKS
    return Replay(folder, dt.time(10, 31), 10.0, patient)
