"""Runs the scenarios: a simulator for each session, and its nodes, every one a process."""

import contextlib
import itertools
import json
import os
import subprocess
import sys
from collections.abc import Iterable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path
from typing import Any, NamedTuple

from patience import PATIENCE_S, wait_until
from simulator_process import ADAPTERS, SimulatorProcess

__all__ = ["SCENARIOS", "play"]

TESTS = Path(__file__).parents[1]
NODE_S = 3 * PATIENCE_S
IMPORTS_AT_A_TIME = 2
"""The first nodes are to be up soon, and imports need a processor each."""
QUIET = ("--rate", "20", "--prints", "1")


class Session(NamedTuple):
    """A simulator, and the scenarios that run against it: those of a round at the same time.

    `waits` says whether the simulator starts only when the nodes are ready, for one that closes
    soon.
    """

    simulator: tuple[str, ...]
    rounds: tuple[tuple[str, ...], ...]
    accounts: dict[str, str]
    waits: bool = False


SESSIONS = (
    Session(
        (*QUIET, "--strikes", "8"),
        (("trading", "changes"), ("restart",)),
        {"trading": "live", "changes": "paper", "restart": "live"},
    ),
    Session(
        ("--rate", "300", "--prints", "20", "--strikes", "20", "--quote-limit", "20"),
        (("data",),),
        {"data": "paper"},
    ),
    Session(
        (*QUIET, "--strikes", "12", "--closes-in", "20"),
        (("close",),),
        {"close": "paper"},
        waits=True,
    ),
)
SCENARIOS = tuple(name for session in SESSIONS for name in session.accounts)


class NodeProcess:
    """A node under test."""

    def __init__(self, scenario: str, folder: Path) -> None:
        paths = [str(TESTS), str(ADAPTERS), os.environ.get("PYTHONPATH", "")]
        environment = {
            name: text for name, text in os.environ.items() if not name.startswith("TIGER")
        }
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
        self._outcome = folder / f"{scenario}.json"
        self._ready = folder / f"{scenario}.ready"
        with (folder / f"{scenario}.log").open("w") as log:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "acceptance.tested_node", scenario, str(self._ready)],
                stdin=subprocess.PIPE,
                stdout=log,
                stderr=subprocess.STDOUT,
                text=True,
                env=environment,
            )

    def wait_for_imports(self) -> None:
        """Return once the node could start."""
        wait_until(
            lambda: self._ready.exists() or self._process.poll() is not None, "ended imports"
        )

    def start(self, simulator: SimulatorProcess, account: str) -> None:
        """Tell the node where the simulator is."""
        where: dict[str, Any] = {
            "environment": simulator.environment(account),
            "control": simulator.control_url,
            "outcome": str(self._outcome),
        }
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):  # of a node that has died; its log says why
            self._process.stdin.write(json.dumps(where) + "\n")
            self._process.stdin.close()

    def wait(self) -> None:
        """Wait for the node's end."""
        self._process.wait(NODE_S)

    def close(self) -> None:
        """End the node whatever it does."""
        self._process.kill()
        self._process.wait()
        assert self._process.stdin is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()


def ready_node(scenario: str, folder: Path) -> NodeProcess:
    node = NodeProcess(scenario, folder)
    node.wait_for_imports()
    return node


def play(wanted: Iterable[str], folder: Path) -> None:
    """Run the sessions of the wanted scenarios at the same time; their outcomes are in `folder`."""
    names = set(wanted)
    sessions = [session for session in SESSIONS if names & set(session.accounts)]
    by_round = itertools.zip_longest(*(session.rounds for session in sessions), fillvalue=())
    in_order = [name for rounds in by_round for names in rounds for name in names]
    with (
        ThreadPoolExecutor(IMPORTS_AT_A_TIME) as starting,
        ThreadPoolExecutor(max(1, len(sessions))) as playing,
    ):
        nodes = {name: starting.submit(ready_node, name, folder) for name in in_order}
        try:
            list(playing.map(lambda session: play_session(session, nodes), sessions))
        finally:
            for node in nodes.values():
                node.result().close()


def play_session(session: Session, nodes: Mapping[str, Future[NodeProcess]]) -> None:
    if session.waits:
        for name in session.accounts:
            nodes[name].result()
    with SimulatorProcess(*session.simulator) as simulator:
        for names in session.rounds:
            for name in names:
                nodes[name].result().start(simulator, session.accounts[name])
            for name in names:
                nodes[name].result().wait()
