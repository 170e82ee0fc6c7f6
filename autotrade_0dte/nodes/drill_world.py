"""What a drill happens in: a loopback Tiger and a node, each a process of its own, and a folder.

All of it is gone when the drill is over. What happened is asked of both sides: orders and positions
of the simulator's control port, the node's modes of its log.
"""

import contextlib
import datetime as dt
import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from types import TracebackType
from typing import Any, NamedTuple, Self

from autotrade_0dte.nodes.drill_broker import SIMULATOR, DrillBroker, DrillError
from autotrade_0dte.risk.mode import RiskMode

__all__ = ["DrillError", "DrillWorld", "ModeChange"]

START_S = 180.0
"""The first start after an installation compiles."""
END_S = 30.0
_POLL_S = 0.02
_MINUTES = 5.0
"""A node ends by itself, should nobody else end it."""
_CHANGE = re.compile(r"^(\w+) (begins|ends): (\w+) -> (\w+),")
_CLI = "from autotrade_0dte.cli import main; main()"


class ModeChange(NamedTuple):
    """A change of the risk mode as the node logged it, UTC seconds."""

    at_s: float
    trigger: str
    begins: bool
    before: RiskMode
    mode: RiskMode


class DrillWorld:
    """The simulator runs for as long as the context does; nodes are started and ended within.

    Parameters
    ----------
    folder : Path
        Empty; for configuration, runs, catalog and state.
    say : callable
        Told what is waited for.
    """

    def __init__(self, folder: Path, say: Callable[[str], None]) -> None:
        self.state = folder / "state"
        self._folder = folder
        self._say = say
        self._environment: dict[str, str] = {}
        self._broker: DrillBroker | None = None
        self._ends = contextlib.ExitStack()
        self._node: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        kept = {name: text for name, text in os.environ.items() if not name.startswith("TIGER")}
        self._say("starting the simulator")
        process = self._start([SIMULATOR], kept, "simulator", stdout=subprocess.PIPE)
        try:
            self._broker = DrillBroker(process, START_S)
        except BaseException:
            self._ends.close()
            raise
        self._environment = kept | self._broker.environment | {"COLUMNS": "200"}
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self._ends.close()

    @property
    def broker(self) -> DrillBroker:
        """The simulator's side of things."""
        if self._broker is None:
            raise DrillError("Expected a world that was entered, was not")
        return self._broker

    # -- the node -------------------------------------------------------------------------------

    def start_node(self, config: str) -> None:
        """Start a node on the simulator's paper account; it trades when this returns or later."""
        path = self._folder / "drill.toml"
        path.write_text(config, encoding="utf-8")
        self._node = self.command(
            "paper", str(path), "--broker", "--minutes", f"{_MINUTES:g}",
            "--runs", str(self._folder / "runs"), "--catalog", str(self._folder / "catalog"),
        )  # fmt: skip

    def command(self, *arguments: str) -> subprocess.Popen[bytes]:
        """Start an `autotrade` command on the drill's own state folder."""
        return self._start(
            [_CLI, *arguments, "--state", str(self.state)], self._environment, arguments[0]
        )

    def run(self, *arguments: str, within_s: float = END_S) -> tuple[int, str]:
        """Run an `autotrade` command to its end; return its exit code and what it printed."""
        self._say(f"running autotrade {arguments[0]}")
        code = _code(self.command(*arguments), f"autotrade {arguments[0]}", within_s)
        return code, self.printed()

    def kill_node(self) -> float:
        """End the node by SIGKILL, which it can do nothing about; return the time, UTC seconds."""
        node = self._running_node()
        now_s = time.time()
        node.kill()
        node.wait(END_S)
        self._node = None
        return now_s

    @property
    def has_node(self) -> bool:
        """Whether there is a node that was not killed."""
        return self._node is not None

    def node_code(self) -> int:
        """Wait for a node that ends by itself, and return its exit code."""
        node, self._node = self._running_node(), None
        return _code(node, "the node", START_S)

    def changes(self) -> list[ModeChange]:
        """Return what the nodes logged of the risk mode so far, in order."""
        logs = sorted((self._folder / "runs").glob("*/log.jsonl"))
        return [change for log in logs for change in _changes_of(log)]

    @property
    def mode(self) -> RiskMode:
        """The mode that the nodes logged last."""
        changes = self.changes()
        return changes[-1].mode if changes else RiskMode.NORMAL

    def printed(self) -> str:
        """Return the last of what all commands have printed, for a report of a failure."""
        return " / ".join(
            f"{file.name}: {' '.join(file.read_text(errors='replace').split()[-30:])}"
            for file in sorted(self._folder.glob("*.out"))
        )

    # -- waiting --------------------------------------------------------------------------------

    def wait(self, condition: Callable[[], Any], what: str, within_s: float) -> Any:
        """Return what the condition does when it is true at last; DrillError after the time."""
        self._say(f"waiting for {what}")
        deadline = time.monotonic() + within_s
        while not (found := condition()):
            if self._node is not None and self._node.poll() is not None:
                raise DrillError(f"Expected {what}, was a node that ended: {self.printed()}")
            if time.monotonic() > deadline:
                raise DrillError(f"Expected {what} within {within_s:g} s: {self.printed()}")
            time.sleep(_POLL_S)
        return found

    # -- inside ---------------------------------------------------------------------------------

    def _running_node(self) -> subprocess.Popen[bytes]:
        if self._node is None:
            raise DrillError("Expected a node that runs, was none")
        return self._node

    def _start(
        self,
        code: Sequence[str],
        environment: Mapping[str, str],
        name: str,
        stdout: int | None = None,
    ) -> subprocess.Popen[bytes]:
        output = self._folder / f"{time.time_ns()} {name}.out"
        with output.open("wb") as file:
            process = subprocess.Popen(  # noqa: S603 - this interpreter, and arguments of our own
                [sys.executable, "-c", *code],
                stdin=subprocess.PIPE,
                stdout=file if stdout is None else stdout,
                stderr=file,
                env=dict(environment),
            )
        self._ends.callback(_end, process)
        return process


def _changes_of(log: Path) -> list[ModeChange]:
    found = []
    for line in log.read_text(encoding="utf-8", errors="replace").splitlines():
        with contextlib.suppress(ValueError, KeyError):  # a line that is being written
            row = json.loads(line)
            if match := _CHANGE.match(row["message"]):
                trigger, begins, before, mode = match.groups()
                at_s = dt.datetime.fromisoformat(row["timestamp"]).timestamp()
                is_begin = begins == "begins"
                found.append(ModeChange(at_s, trigger, is_begin, RiskMode[before], RiskMode[mode]))
    return found


def _code(process: subprocess.Popen[bytes], name: str, within_s: float) -> int:
    try:
        return process.wait(within_s)
    except subprocess.TimeoutExpired:
        raise DrillError(f"Expected {name} to end within {within_s:g} s, did not") from None


def _end(process: subprocess.Popen[bytes]) -> None:
    """End a process and let go of its pipes, whatever its state."""
    if process.poll() is None:
        process.kill()
    process.wait()
    for pipe in (process.stdin, process.stdout):
        if pipe is not None:
            with contextlib.suppress(BrokenPipeError):
                pipe.close()
