"""The trading node of node.py in a process of its own, from a test's side."""

import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

import msgspec
from faults.books import Books, differences, tiger_books
from patience import PATIENCE_S
from simulator_process import SimulatorProcess
from unmeasured import unmeasured

__all__ = ["TradingNode"]

TESTS = Path(__file__).resolve().parents[1]
POLL_S = 0.05


class TradingNode:
    """A running node; ends with its context.

    Parameters
    ----------
    simulator : SimulatorProcess
        Its market and live account.
    folder : Path
        For the log and for what is printed.
    """

    def __init__(self, simulator: SimulatorProcess, folder: Path) -> None:
        self.simulator = simulator
        self.folder = folder

    def __enter__(self) -> Self:
        environment = unmeasured() | {
            "PYTHONPATH": f"{TESTS}{os.pathsep}{TESTS.parent / 'adapters'}"
        }
        with (self.folder / "stderr").open("w") as stderr:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "faults.node"],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=stderr,
                text=True,
                env=environment,
            )
        where = {"environment": self.simulator.environment("live"), "log": str(self.folder)}
        self._tell(json.dumps(where))
        self.wait(lambda seen: seen["rounds"] >= 1, "a node that trades")
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        process = self._process
        assert process.stdin is not None
        assert process.stdout is not None
        process.stdin.close()
        try:
            process.wait(PATIENCE_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        process.stdout.close()

    def do(self, command: str) -> dict[str, Any]:
        """Give a command and return the node's report."""
        self._tell(command)
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        assert line, f"Expected a report, was the end: {self.log()}"
        report: dict[str, Any] = json.loads(line)
        return report

    def wait(self, condition: Callable[[dict[str, Any]], bool], what: str) -> dict[str, Any]:
        """Return the first report that meets the condition."""
        deadline = time.monotonic() + PATIENCE_S
        while not condition(report := self.do("report")):
            assert time.monotonic() < deadline, f"Expected {what}, was {self._brief(report)}"
            assert not report["has_ended"], f"Expected {what}, was the end: {self.log()}"
            time.sleep(POLL_S)
        return report

    def settled(self) -> tuple[dict[str, Any], list[str]]:
        """Let it finish what is under way; return its report and how it differs from the simulator.

        Fills that no push has told are asked for meanwhile, so the two may take a while to agree.
        """
        self.do("hold")
        self.wait(lambda seen: seen["is_idle"], "finished hands")
        deadline = time.monotonic() + PATIENCE_S
        while True:
            report = self.do("report")
            engine = msgspec.convert(report["books"], Books)
            found = differences(engine, tiger_books(self.simulator.account("live")))
            if not found or time.monotonic() > deadline:
                return report, found
            time.sleep(POLL_S)

    def ended(self) -> dict[str, Any]:
        """Return the report once the node has ended by itself."""
        deadline = time.monotonic() + PATIENCE_S
        while not (report := self.do("report"))["has_ended"]:
            assert time.monotonic() < deadline, f"Expected an end, was {self._brief(report)}"
            time.sleep(POLL_S)
        return report

    def log(self) -> str:
        """Return what it has logged and printed."""
        return "\n".join(
            file.read_text() for file in sorted(self.folder.iterdir()) if file.is_file()
        )

    def _tell(self, line: str) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def _brief(self, report: dict[str, Any]) -> str:
        return f"{report['books']['orders'][-4:]}, {report['events'][-12:]}, {self.log()[-2000:]}"
