"""A node killed at seeded points of its trading, and started again: is anything lost or done twice?

``python scripts/kill_points.py`` starts a loopback Tiger and, at each point, ``autotrade paper
--broker`` with plans of seconds, of one leg and of two. The node is ended by SIGKILL a random time
after its first order, started again, and stopped when the plan that was open is over. Then the
broker's books and the store are compared. A table is printed; exit code 1 if anything is wrong.
"""

import argparse
import datetime as dt
import json
import random
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT / "tests"))

from faults.books import Books, tiger_books  # noqa: E402
from faults.node_nursery import Birth, Death  # noqa: E402
from project_simulator import project_simulator  # noqa: E402
from simulator_process import SimulatorProcess  # noqa: E402

from autotrade_0dte.execution.parent import Outcome  # noqa: E402
from autotrade_0dte.execution.plan_state import KeptPlan  # noqa: E402
from autotrade_0dte.nodes.kept_state import KeptState, read_kept_state  # noqa: E402
from autotrade_0dte.risk.ladder_state import LadderState  # noqa: E402
from autotrade_0dte.risk.rungs import RungState  # noqa: E402
from autotrade_0dte.store.rows import Owner, account_key  # noqa: E402
from autotrade_0dte.store.state_store import StateStore  # noqa: E402

WAIT_S = 60.0
POLL_S = 0.02
HOLDS_S = (2, 4, 8)
SPAN_S = 9.0
"""The kill comes within so long of the first order: at entries, positions, exits, other plans."""
POINTS_A_SIMULATOR = 4
"""Tiger lets a login ask for its licence ten times a minute, and each point starts two nodes."""
LATCH = "MANUAL:TIGHTEN"
CONFIG = """
name = "killed"
root = "SPY"
snapshot_interval_ms = 100

[account]
kind = "margin"

[regular]
path = "faults.short_plans:ShortPlans"

[regular.params]
hold_s = {hold_s}

[actions.regular]
l2 = {{ entries = true }}
l3 = {{ entries = true }}

[coordinator.regular]
share = 1.0
level_pause_s = 0

[risk.limits.session]
no_entry_after_open_s = 0

[live]
max_orders_per_minute = 120
record = false
"""


class Point(msgspec.Struct):
    """What one point came to."""

    seed: int
    killed_after_s: float = 0.0
    open_plan: str = "none"
    at_work: int = 0
    never_sent: int = 0
    ended_by: str = ""
    plans: int = 0
    orders: int = 0
    problems: list[str] = []


class Nursery:
    """The process that nodes are forked from."""

    def __enter__(self) -> Self:
        self._process = subprocess.Popen(
            [sys.executable, "-m", "faults.node_nursery"],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT / "tests",
        )
        self._line()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        assert self._process.stdin is not None
        self._process.stdin.close()
        self._process.wait()

    def tell(self, what: Birth | Death) -> int:
        """Return the answer."""
        assert self._process.stdin is not None
        self._process.stdin.write(msgspec.json.encode(what).decode() + "\n")
        self._process.stdin.flush()
        return int(self._line())

    def _line(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError("Expected a nursery that lives, was its end")
        return line


class Killing:
    """One point at one simulator."""

    def __init__(self, nursery: Nursery, simulator: SimulatorProcess, folder: Path) -> None:
        self._nursery = nursery
        self._simulator = simulator
        self._folder = folder
        self._environment = simulator.environment("paper")
        date = dt.date.fromisoformat(simulator.control("GET", "/session")["date"])
        self._owner = Owner(date, account_key(self._environment["TIGEROPEN_ACCOUNT"]))
        self._state = folder / "state" / "broker-killed-SPY"

    def play(self, seed: int) -> Point:
        """Trade, kill, start again, and compare."""
        chance, point = random.Random(seed), Point(seed)
        self._simulator.control("POST", "/reset")
        self._folder.mkdir(parents=True)
        config = CONFIG.format(hold_s=chance.choice(HOLDS_S))
        (self._folder / "config.toml").write_text(config)
        latched = LadderState(session_ns=0, rungs=(RungState(LATCH, since_ns=1),))
        with StateStore.open(self._state, self._owner) as store:
            store.keep_ladder(1, latched)

        node = self._start()
        self._wait(lambda: self._account()["orders"], "an order")
        point.killed_after_s = chance.uniform(0, SPAN_S)
        time.sleep(point.killed_after_s)
        self._nursery.tell(Death(node, signal.SIGKILL, WAIT_S))
        before, account = self._kept(), self._account()
        point.at_work = sum(order["status"] == "Submitted" for order in account["orders"])
        [*open_plans] = before.open_plans
        if open_plans:
            state = open_plans[0].state
            point.open_plan = f"{state.plan.plan_id} {state.phase} {state.held}/{state.sold}"

        node = self._start()
        decided = len(before.plans)
        # The plan that was open is over, and another one has been made: entries go on.
        self._wait(
            lambda: (
                len(self._kept().plans) > decided
                and all(not plan.is_open for plan in self._kept().plans[:decided])
            ),
            "the end of the plan that was open, and another one",
        )
        code = self._nursery.tell(Death(node, signal.SIGINT, WAIT_S))
        after, account = self._kept(), self._account()
        point.plans, point.orders = len(after.plans), len(account["orders"])
        if open_plans:
            point.ended_by = after.plans[before.plans.index(open_plans[0])].state.exit_reason
        point.never_sent = sum(1 for _ in _never_sent(after, account))
        point.problems = list(_problems(before, after, account))
        if code not in (0, 3):
            point.problems.append(f"exit code {code}")
        return point

    def _start(self) -> int:
        folders = {"runs": "runs", "catalog": "catalog", "state": "state"}
        options = [f"--{name}={self._folder / of}" for name, of in folders.items()]
        arguments = ["paper", str(self._folder / "config.toml"), "--broker", *options]
        printed = str(self._folder / "printed")
        return self._nursery.tell(Birth(arguments, printed, self._environment))

    def _kept(self) -> KeptState:
        return read_kept_state(self._state, self._owner)

    def _account(self) -> dict[str, Any]:
        return self._simulator.account("paper")

    def _wait(self, condition: Callable[[], object], what: str) -> None:
        deadline = time.monotonic() + WAIT_S
        while not condition():
            if time.monotonic() > deadline:
                said = (self._folder / "printed").read_text()[-1_500:]
                raise RuntimeError(f"Expected {what}, was none: {said}")
            time.sleep(POLL_S)


def _never_sent(kept: KeptState, account: dict[str, Any]) -> Iterator[str]:
    """Yield orders on file that the broker never had: the kill came between the two."""
    at_broker = {order.name for order in tiger_books(account).orders}
    for intent in kept.intents:
        if intent.client_order_id not in at_broker and intent.outcome is Outcome.OPEN:
            yield intent.client_order_id


def _problems(before: KeptState, after: KeptState, account: dict[str, Any]) -> Iterator[str]:
    books = tiger_books(account)
    names = [order.name for order in books.orders]
    if len(set(names)) < len(names):
        yield "an order is twice at the broker"
    on_file = {intent.client_order_id for intent in after.intents}
    yield from (f"{name} is not on file" for name in names if name not in on_file)
    yield from (
        f"{order.name} is still at work"
        for order in books.orders
        if order.status in ("ACCEPTED", "SUBMITTED", "PENDING_CANCEL")
    )
    ends = {order.name: order.status for order in books.orders}
    yield from (
        f"{intent.client_order_id} {intent.outcome} {intent.filled} on file, {ends[name]} there"
        for intent in after.intents
        if (name := intent.client_order_id) in ends
        and (intent.outcome.name != ends[name] or intent.filled != _filled(books, name))
    )
    if [kept.state.plan.plan_id for kept in after.plans] != [
        f"P{number:03d}" for number in range(1, len(after.plans) + 1)
    ]:
        yield "plans are lost or named twice"
    for was, now in zip(before.plans, after.plans, strict=False):
        if repr(was.state.plan) != repr(now.state.plan):
            yield f"{was.state.plan.plan_id} is another plan now"
        if was.is_open and now.state.exit_reason == "RESTART":
            yield f"{was.state.plan.plan_id} was given up"
    held: dict[str, int] = {}
    for kept in after.plans:
        yield from _of_plan(kept, account, held)
    held = {name: quantity for name, quantity in held.items() if quantity}
    if held != books.positions:
        yield f"plans hold {held}, the broker {books.positions}"
    rungs = () if after.ladder is None else after.ladder.rungs
    if not any(rung.name == LATCH and rung.since_ns == 1 for rung in rungs):
        yield f"the latch {LATCH} is lost"
    entered = sum(kept.state.bought > 0 for kept in after.plans)
    counted = -1 if after.ladder is None else after.ladder.day.counters.entries
    if counted != entered:
        yield f"{counted} entries are counted of {entered}"


def _filled(books: Books, name: str) -> int:
    return sum(fill.quantity for fill in books.fills if fill.order == name)


def _of_plan(kept: KeptPlan, account: dict[str, Any], held: dict[str, int]) -> Iterator[str]:
    """Compare a plan with its fills at the broker; add what it holds to `held`."""
    state, plan = kept.state, kept.state.plan
    net: dict[str, int] = {}
    bought, cash = 0, 0.0
    books = tiger_books(account)
    symbols = {
        order.name: raw["symbol"]
        for order, raw in zip(books.orders, account["orders"], strict=True)
    }
    for fill in books.fills:
        if fill.order not in kept.order_ids:
            continue
        signed = fill.quantity if fill.side == "BUY" else -fill.quantity
        symbol = symbols[fill.order]
        net[symbol] = net.get(symbol, 0) + signed
        cash -= signed * fill.price
        if f"{symbol}.US" == plan.instrument_id and signed > 0:
            bought += signed
    legs = {plan.instrument_id.removesuffix(".US"): state.held}
    if plan.short_instrument_id is not None:
        legs[plan.short_instrument_id.removesuffix(".US")] = -state.sold
    if plan.quantity >= bought > state.bought and kept.is_open:
        # Filled when the strategy had been stopped: the next node takes it in.
        held |= {symbol: held.get(symbol, 0) + quantity for symbol, quantity in net.items()}
        return
    for symbol, quantity in legs.items():
        held[symbol] = held.get(symbol, 0) + quantity
        if net.get(symbol, 0) != quantity:
            yield f"{plan.plan_id} tells of {quantity} {symbol}, filled are {net.get(symbol, 0)}"
    if bought != state.bought or bought > plan.quantity:
        yield f"{plan.plan_id} bought {bought} of {plan.quantity}, tells of {state.bought}"
    if abs(cash - state.cash) > 0.005:
        yield f"{plan.plan_id} took in {cash:.2f}, tells of {state.cash:.2f}"


def _worker(seeds: list[int], folder: Path) -> list[Point]:
    points = []
    with Nursery() as nursery:
        for first in range(0, len(seeds), POINTS_A_SIMULATOR):
            with project_simulator() as simulator:
                for seed in seeds[first : first + POINTS_A_SIMULATOR]:
                    points.append(_played(nursery, simulator, folder, seed))
                    print(_row(points[-1]), flush=True)
    return points


def _played(nursery: Nursery, simulator: SimulatorProcess, folder: Path, seed: int) -> Point:
    try:
        return Killing(nursery, simulator, folder / f"{seed:03d}").play(seed)
    except (RuntimeError, AssertionError) as e:
        return Point(seed, problems=[f"{type(e).__name__}: {e}"])


def _row(point: Point) -> str:
    return (
        f"{point.seed:4d}  {point.killed_after_s:6.2f} s  {point.at_work:7d}  "
        f"{point.open_plan:20}  {point.ended_by:16}  {point.plans:5d}  {point.orders:6d}  "
        f"{point.never_sent:10d}  {'; '.join(point.problems) or 'as it should be'}"
    )


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--points", type=int, default=50, help="kills (50)")
    parser.add_argument("--parallel", type=int, default=2, help="nodes at a time (2)")
    parser.add_argument("--seed", type=int, default=1, help="of the first point (1)")
    parser.add_argument("--folder", type=Path, help="keep what the nodes write here")
    options = parser.parse_args()
    print("seed  killed at  at work  open plan             ended by          plans  orders  "
          "never sent  found")  # fmt: skip
    seeds = list(range(options.seed, options.seed + options.points))
    with tempfile.TemporaryDirectory(prefix="kill-points-") as made:
        folder = options.folder or Path(made)
        with ThreadPoolExecutor(options.parallel) as pool:
            shares = [seeds[n :: options.parallel] for n in range(options.parallel)]
            points = [p for done in pool.map(lambda s: _worker(s, folder), shares) for p in done]
    wrong = [point for point in points if point.problems]
    figures = {
        "points": len(points),
        "with an open plan": sum(point.open_plan != "none" for point in points),
        "with an order at work": sum(point.at_work > 0 for point in points),
        "killed before the order left": sum(point.never_sent > 0 for point in points),
        "orders": sum(point.orders for point in points),
        "plans": sum(point.plans for point in points),
        "wrong": len(wrong),
    }
    print(json.dumps(figures))
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
