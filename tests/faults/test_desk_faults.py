"""Every fault hits the order desk at work; every parent order ends all the same, and ends right.

The system's own command runs at the simulator with one plan after the other, each with its fault.
Then the run folder is asked: has every parent ended in a way that fits, was none over-filled, are
its books the simulator's, and does the log make the walk's every move again?
"""

import datetime as dt
import json
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
import pytest
from faults.books import differences, run_books, tiger_books
from faults.paper_node import PaperNode
from faults.told_strategy import Told, over_line
from project_simulator import project_simulator
from simulator_process import SimulatorProcess
from walked_log import WalkedParent, faults_of, walked_parents

from autotrade_0dte.calendar import Session, learn
from autotrade_0dte.config import SystemConfig, load_config
from autotrade_0dte.execution.parent import Outcome, Purpose
from autotrade_0dte.execution.walk_record import MoveKind, StepReason, WalkEvent
from autotrade_0dte.nodes.tiger import SESSION_VARIABLE

CONFIG = """
name = "desk-faults"
root = "SPY"
snapshot_interval_ms = 100

[regular]
path = "faults.told_strategy:ToldStrategy"

[actions.regular]
l2 = { entries = true }
l3 = { entries = true }

[coordinator.regular]
share = 1.0
level_pause_s = 0

[desk.walk]
steps = 1
normal_step_s = 0.2
min_rest_s = 0.2
normal_exit_s = 1.0
answer_s = 2.0
cancel_retry_s = 0.3
replace_rest_s = 0.2

[desk.route]
urgent_cross_ticks = 100

[desk.budget]
calls_per_minute = 120
reserve_calls = 10

[desk.vetoes]
max_fair_spreads = 3

[desk.quality]
window_parents = 200
min_sample = 200

[live]
max_orders_per_minute = 120
"""
WAIT_S = 30.0
POLL_S = 0.02
TRIES = 5

type Parents = list[WalkedParent]
type Account = dict[str, Any]


class Case(msgspec.Struct, frozen=True):
    """Faults, the plan that meets them, and what its parents must have seen.

    The faults come when the account is as `when` says, by default before the plan; with `cancels`
    a person then cancels what is at work, in Tiger's app. A plan may be over before its fault could
    hit it; then there is another one, named alike, up to `TRIES` times.
    """

    faults: list[dict[str, Any]]
    told: Callable[[Parents], bool]
    plan: dict[str, Any] = {}
    when: Callable[[Account], Any] | None = None
    cancels: bool = False
    wait_s: float = 0.0


def fault(kind: str, **fields: Any) -> dict[str, Any]:
    return {"kind": kind, **fields}


def held(account: Account) -> bool:
    """Return whether there is a position."""
    return bool(account["positions"])


def working(side: str, account: Account) -> list[Account]:
    """Return the orders of a side that are at work."""
    return [o for o in account["orders"] if o["side"] == side and o["status"] == "Submitted"]


def entry(parents: Parents, outcome: Outcome, *events: WalkEvent) -> bool:
    """Return whether an entry ended so, after these events among others."""
    return any(
        p.order.purpose is Purpose.ENTRY and p.outcome is outcome and _in_order(p.events, events)
        for p in parents
    )


def close(parents: Parents, outcome: Outcome, *events: WalkEvent) -> bool:
    """Return whether an order that closes a position ended so, after these events among others."""
    return any(
        p.order.purpose is not Purpose.ENTRY
        and p.outcome is outcome
        and _in_order(p.events, events)
        for p in parents
    )


def _in_order(events: list[WalkEvent], wanted: tuple[WalkEvent, ...]) -> bool:
    rest = iter(events)
    return all(event in rest for event in wanted)


def reason(parents: Parents, kind: MoveKind, why: str) -> bool:
    """Return whether such a move was made for this reason."""
    return any(move.kind is kind and move.reason == why for p in parents for move in p.moves)


WALKING = {"walks": True}


def is_told(parents: Parents, words: str) -> bool:
    """Return whether the log has these words of the venue."""
    return any(words in record.text for p in parents for record in p.records)


RESTING = {"cap_place": 0.2, "timeout_s": 1, "walks": True}
"""A cap near the bid: it hardly ever is filled, and is canceled in time."""

CASES = {
    "nothing": Case(
        [],
        lambda p: entry(p, Outcome.FILLED) and close(p, Outcome.FILLED),
        WALKING,
    ),
    "entry rejected": Case(
        [fault("reject", message="1200:not today")],
        lambda p: entry(p, Outcome.REJECTED, WalkEvent.REJECTED) and is_told(p, "1200:not today"),
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
            entry(p, Outcome.PARTLY_FILLED, WalkEvent.FILLED, WalkEvent.CANCELED)
            and close(p, Outcome.FILLED)
        ),
        {"hold_s": 1.3, "timeout_s": 1},
    ),
    "modify refused": Case(
        [fault("modify_refused", count=2)],
        lambda p: (
            any(move.kind is MoveKind.REPLACE for each in p for move in each.moves)
            and any(
                each.outcome is Outcome.FILLED
                and _in_order(each.events, (WalkEvent.MODIFY_REJECTED, WalkEvent.RESENT))
                for each in p
            )
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
        lambda p: entry(p, Outcome.GIVEN_UP, WalkEvent.CANCELED),
        RESTING,
    ),
    "answers late": Case(
        [
            fault("delay_response", method="place_order", value=0.5, count=2),
            fault("delay_response", method="modify_order", value=0.5, count=2),
        ],
        lambda p: entry(p, Outcome.FILLED, WalkEvent.ACCEPTED) and close(p, Outcome.FILLED),
        WALKING,
    ),
    "answer to an order late, and no news": Case(
        [
            fault("delay_response", method="place_order", value=3.0),
            fault("stall", seconds=2.8),
        ],
        lambda p: reason(p, MoveKind.CANCEL, StepReason.NO_ANSWER),
    ),
    "answer to a cancel late": Case(
        [fault("delay_response", method="cancel_order", value=0.5)],
        lambda p: entry(p, Outcome.GIVEN_UP, WalkEvent.CANCELED),
        RESTING,
    ),
    "cancel fails": Case(
        [fault("cancel_fails")],
        lambda p: entry(p, Outcome.GIVEN_UP, WalkEvent.CANCEL_REJECTED, WalkEvent.CANCELED),
        RESTING,
    ),
    "news twice and in another order": Case(
        [fault("duplicate_push", count=3), fault("reorder_push", count=2)],
        lambda p: entry(p, Outcome.FILLED) and close(p, Outcome.FILLED),
    ),
    "push link dropped": Case(
        [fault("drop", seconds=0.5)],
        lambda p: entry(p, Outcome.FILLED) and close(p, Outcome.FILLED),
        when=held,
    ),
    "quotes frozen while an entry is at work": Case(
        [fault("frozen_quotes", seconds=1.2)],
        lambda p: entry(p, Outcome.GIVEN_UP, WalkEvent.CANCELED),
        RESTING,
        when=partial(working, "BUY"),
    ),
    "quotes frozen while an exit is at work": Case(
        [fault("frozen_quotes", seconds=1.2)],
        lambda p: close(p, Outcome.FILLED),
        WALKING,
        when=partial(working, "SELL"),
    ),
    "exit filled in part, then canceled by hand": Case(
        [fault("partial_fill", value=1)],
        lambda p: (
            close(p, Outcome.CANCELED, WalkEvent.FILLED, WalkEvent.CANCELED)
            and close(p, Outcome.FILLED)
        ),
        when=held,
        cancels=True,
    ),
    "short leg refused": Case(
        [],
        lambda p: (
            entry(p, Outcome.DENIED)
            and close(p, Outcome.FILLED)
            and any(record.leg_skew_s > 0 for each in p for record in each.records)
        ),
        {"is_vertical": True},
    ),
    "entry limited": Case(
        [fault("rate_limit", method="place_order", value=429)],
        lambda p: entry(p, Outcome.REJECTED) and is_told(p, "RATE_LIMIT"),
    ),
    "changes limited": Case(
        [fault("rate_limit", method="modify_order")],
        lambda p: entry(p, Outcome.FILLED) and close(p, Outcome.FILLED),
        WALKING,
        wait_s=2.0,
    ),
    "exit limited": Case(
        [fault("rate_limit", method="place_order")],
        lambda p: close(p, Outcome.FILLED),
        when=held,
        wait_s=2.0,
    ),
}
"""By what goes wrong. Tiger's limits come last: nothing is sent for a while after them."""


class Run(msgspec.Struct):
    """What the node left, and what the simulator had at the end."""

    folder: Path
    config: SystemConfig
    close_ns: int
    account: dict[str, Any]
    code: int
    parents: Parents

    def of(self, case: str) -> Parents:
        """Return the parents of the plans that met one case."""
        return [p for p in self.parents if p.order.plan_id.rpartition(" ")[0] == case]


@pytest.fixture(scope="module")
def run(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Run]:
    folder = tmp_path_factory.mktemp("desk")
    (folder / "config.toml").write_text(CONFIG)
    with project_simulator(lively=False) as simulator:
        with PaperNode(simulator, folder, 3) as node:
            for name, case in CASES.items():
                _meet(simulator, node, name, case)
            node.interrupt()
            code = node.end()
            left = node.folder
        date, open_ns, close_ns = simulator.environment()[SESSION_VARIABLE].split(",")
        learn(Session(dt.date.fromisoformat(date), int(open_ns), int(close_ns)))
        config = load_config(folder / "config.toml")
        account = simulator.account()
        yield Run(left, config, int(close_ns), account, code, walked_parents(left))


def _meet(simulator: SimulatorProcess, node: PaperNode, name: str, case: Case) -> None:
    """Have plans meet the faults of a case until all of them have hit."""
    waiting = list(case.faults)
    for number in range(1, TRIES + 1):
        time.sleep(case.wait_s)
        if case.when is None:
            _add(simulator, waiting)
        plan = Told(f"{name} {number}", **case.plan)
        node.tell(msgspec.json.encode(plan).decode())
        is_over = partial(_is_over, node, plan.name)
        if case.when is not None:
            _wait(node, partial(_is_so, case.when, simulator, is_over), f"{name} to be due")
            if not is_over():
                _add(simulator, waiting)
        if case.cancels:
            _cancel_partly_filled(simulator, node)
        _wait(node, is_over, f"the end of plan {plan.name}")
        if not waiting and not simulator.state()["faults"]["pending"]:
            return
    raise AssertionError(f"Expected {name} to hit within {TRIES} plans, did not: {node.output}")


def _is_over(node: PaperNode, name: str) -> bool:
    return over_line(name) in node.output


def _is_so(
    when: Callable[[Account], Any], simulator: SimulatorProcess, is_over: Callable[[], bool]
) -> bool:
    return is_over() or bool(when(simulator.account()))


def _cancel_partly_filled(simulator: SimulatorProcess, node: PaperNode) -> None:
    def order() -> Account | None:
        found = working("SELL", simulator.account())
        return next((each for each in found if each["filled"]), None)

    _wait(node, lambda: order() is not None, "an exit filled in part")
    found = order()
    assert found is not None
    simulator.control("POST", "/cancel", {"id": found["id"]})


def _add(simulator: SimulatorProcess, waiting: list[dict[str, Any]]) -> None:
    while waiting:
        simulator.fault(**waiting.pop(0))


def _wait(node: PaperNode, condition: Callable[[], Any], what: str) -> None:
    deadline = time.monotonic() + WAIT_S
    while not condition():
        assert node.is_running, f"Expected {what}, was the end: {node.output}"
        assert time.monotonic() < deadline, f"Expected {what} within {WAIT_S} s: {node.output}"
        time.sleep(POLL_S)


def test_parent_orders_end_whatever_goes_wrong(run: Run, subtests: pytest.Subtests) -> None:
    """One test, so that parallel workers do not run the node again for each part of it."""
    for name, case in CASES.items():
        with subtests.test(name):
            parents = run.of(name)
            assert case.told(parents), _brief(parents)
            wrong = [text for p in parents for text in faults_of(p, run.config, run.close_ns)]
            assert not wrong, wrong
    for check in (
        node_ends_flat_and_only_misses_what_the_link_did,
        books_of_the_run_are_those_of_the_simulator,
        nothing_was_ever_sold_that_was_not_held,
    ):
        with subtests.test(check.__name__):
            check(run)


def node_ends_flat_and_only_misses_what_the_link_did(run: Run) -> None:
    summary = json.loads((run.folder / "summary.json").read_text())
    assert [text.split(": ")[1] for text in summary["unclean_reasons"]] == ["DATA_GAP"]
    assert run.account["positions"] == {}


def books_of_the_run_are_those_of_the_simulator(run: Run) -> None:
    assert differences(run_books(run.folder), tiger_books(run.account)) == []


def nothing_was_ever_sold_that_was_not_held(run: Run) -> None:
    held: dict[str, int] = {}
    for each in run.account["transactions"]:
        sign = 1 if each["side"] == "BUY" else -1
        held[each["symbol"]] = held.get(each["symbol"], 0) + sign * each["quantity"]
        assert held[each["symbol"]] >= 0, each


def _brief(parents: Parents) -> list[str]:
    return [
        f"{p.order.plan_id} {p.order.purpose} {p.outcome} {p.end_reason} {p.filled} "
        f"{[str(event) for event in p.events]} {[f'{m.kind} {m.reason}' for m in p.moves]}"
        for p in parents
    ]
