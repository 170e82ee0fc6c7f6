"""Plans that meet faults on the system's own command, and what has to be so afterwards.

The node runs at a simulator with one plan after the other, each with its faults. Then the run
folder is asked: has every parent ended in a way that fits, was none over-filled, are its books the
simulator's, and does the log make the walk's every move again?
"""

import datetime as dt
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path
from typing import Any

import msgspec
from faults.books import differences, run_books, tiger_books
from faults.paper_node import PaperNode
from faults.told_strategy import READY, Told, over_line
from patience import wait_until
from simulator_process import SimulatorProcess
from walked_log import WalkedParent, faults_of, walked_parents

from autotrade_0dte.calendar import Session, learn
from autotrade_0dte.config import SystemConfig, load_config
from autotrade_0dte.execution.parent import Outcome, Purpose
from autotrade_0dte.execution.walk_record import MoveKind, StepReason, WalkEvent
from autotrade_0dte.nodes.tiger import SESSION_VARIABLE

__all__ = [
    "CONFIG", "RESTING", "WALKING", "Account", "Case", "Parents", "Run", "brief", "close", "entry",
    "fault", "held", "in_order", "is_told", "reason", "run_cases", "working", "wrong_with_books",
]  # fmt: skip

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

# What goes wrong here is to be met again and again, and ends no day.
[risk.ladder]
max_rejects_a_minute = 1000
max_errors_a_minute = 1000

[risk.limits.order]
duplicate_window_s = 0
max_orders_a_minute = 1000

[risk.limits.portfolio]
max_entries = 1000
max_losses_in_row = 1000
"""
WALKING = {"walks": True}
RESTING = {"cap_place": 0.2, "timeout_s": 1, "walks": True}
"""A cap near the bid: it hardly ever is filled, and is canceled in time."""

_TRIES = 5

type Parents = list[WalkedParent]
type Account = dict[str, Any]


class Case(msgspec.Struct, frozen=True):
    """Faults, the plan that meets them, and what its parents must have seen.

    The faults come when the account is as `when` says, by default before the plan, and those that
    last end when the plan's orders are as `until` says; with `cancels` a person then cancels what
    is at work, in Tiger's app. A plan may be over before its fault could hit it; then there is
    another one, named alike, a few times.
    """

    faults: list[dict[str, Any]]
    told: Callable[[Parents], bool]
    plan: dict[str, Any] = {}
    when: Callable[[Account], Any] | None = None
    until: Callable[[list[Account]], Any] | None = None
    cancels: bool = False
    wait_s: float = 0.0


class Run(msgspec.Struct):
    """What the node left, and what the simulator had at the end."""

    folder: Path
    config: SystemConfig
    close_ns: int
    account: Account
    code: int
    parents: Parents

    def of(self, case: str) -> Parents:
        """Return the parents of the plans that met one case."""
        return [p for p in self.parents if p.order.plan_id.rpartition(" ")[0] == case]

    def faults_of(self, parents: Parents) -> list[str]:
        """Return what is wrong with parents: without an end, over-filled, not to be made again."""
        return [text for p in parents for text in faults_of(p, self.config, self.close_ns)]


def run_cases(
    simulator: SimulatorProcess, folder: Path, config: str, cases: Mapping[str, Case]
) -> Run:
    """Have one node meet all cases, and return what is left of it."""
    (folder / "config.toml").write_text(config)
    with PaperNode(simulator, folder, is_measured=True) as node:
        _wait(node, lambda: READY in node.output, "a node that takes plans")
        for name, case in cases.items():
            _meet(simulator, node, name, case)
        node.interrupt()
        code = node.end()
        left = node.folder
    date, open_ns, close_ns = simulator.environment()[SESSION_VARIABLE].split(",")
    learn(Session(dt.date.fromisoformat(date), int(open_ns), int(close_ns)))
    loaded = load_config(folder / "config.toml")
    account = simulator.account()
    return Run(left, loaded, int(close_ns), account, code, walked_parents(left))


def wrong_with_books(run: Run) -> list[str]:
    """Return how the run's books differ from the simulator's, positions left and sales of nothing.

    A sale that goes below what was held is one, whenever it happened.
    """
    wrong = differences(run_books(run.folder), tiger_books(run.account))
    wrong += [f"left: {symbol}" for symbol in run.account["positions"]]
    owned: dict[str, int] = {}
    for each in run.account["transactions"]:
        sign = 1 if each["side"] == "BUY" else -1
        owned[each["symbol"]] = owned.get(each["symbol"], 0) + sign * each["quantity"]
        if owned[each["symbol"]] < 0:
            wrong.append(f"sold what was not held: {each}")
    return wrong


def fault(kind: str, **fields: Any) -> dict[str, Any]:
    """Return a fault of the simulator."""
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
        p.order.purpose is Purpose.ENTRY and p.outcome is outcome and in_order(p.events, *events)
        for p in parents
    )


def close(parents: Parents, outcome: Outcome, *events: WalkEvent) -> bool:
    """Return whether an order that closes a position ended so, after these events among others."""
    return any(
        p.order.purpose is not Purpose.ENTRY
        and p.outcome is outcome
        and in_order(p.events, *events)
        for p in parents
    )


def in_order(events: list[WalkEvent], *wanted: WalkEvent) -> bool:
    """Return whether all that is wanted happened, in this order."""
    rest = iter(events)
    return all(event in rest for event in wanted)


def reason(parents: Parents, kind: MoveKind, why: StepReason) -> bool:
    """Return whether such a move was made for this reason."""
    return any(move.kind is kind and move.reason == why for p in parents for move in p.moves)


def is_told(parents: Parents, words: str) -> bool:
    """Return whether the log has these words of the venue."""
    return any(words in record.text for p in parents for record in p.records)


def brief(parents: Parents) -> list[str]:
    """Return what happened to each parent, a line each."""
    return [
        f"{p.order.plan_id} {p.order.purpose} {p.outcome} {p.end_reason} {p.filled} "
        f"{[str(event) for event in p.events]} {[f'{m.kind} {m.reason}' for m in p.moves]}"
        for p in parents
    ]


def _meet(simulator: SimulatorProcess, node: PaperNode, name: str, case: Case) -> None:
    """Have plans meet the faults of a case until all of them have hit."""
    waiting = list(case.faults)
    for number in range(1, _TRIES + 1):
        time.sleep(case.wait_s)
        if case.when is None:
            _add(simulator, waiting)
        before = len(simulator.account()["orders"])
        plan = Told(f"{name} {number}", **case.plan)
        node.tell(msgspec.json.encode(plan).decode())
        is_over = partial(_is_over, node, plan.name)
        if case.when is not None:
            _wait(node, partial(_is_so, case.when, simulator, is_over), f"{name} to be due")
            if not is_over():
                _add(simulator, waiting)
        if case.until is not None:
            has_hit = partial(_has_hit, case.until, simulator, before, is_over)
            _wait(node, has_hit, f"{name} to have hit")
            simulator.control("DELETE", "/faults")
        if case.cancels:
            _cancel_partly_filled(simulator, node)
        _wait(node, is_over, f"the end of plan {plan.name}")
        if not waiting and not simulator.state()["faults"]["pending"]:
            return
    raise AssertionError(f"Expected {name} to hit within {_TRIES} plans, did not: {node.output}")


def _is_over(node: PaperNode, name: str) -> bool:
    return over_line(name) in node.output


def _is_so(
    when: Callable[[Account], Any], simulator: SimulatorProcess, is_over: Callable[[], bool]
) -> bool:
    return is_over() or bool(when(simulator.account()))


def _has_hit(
    until: Callable[[list[Account]], Any],
    simulator: SimulatorProcess,
    before: int,
    is_over: Callable[[], bool],
) -> bool:
    return is_over() or bool(until(simulator.account()["orders"][before:]))


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
    def is_met() -> bool:
        assert node.is_running, f"Expected {what}, was the end: {node.output}"
        return bool(condition())

    wait_until(is_met, what, lambda: node.output)
