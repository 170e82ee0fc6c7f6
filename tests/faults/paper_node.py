"""The system's own command on Tiger's paper account, ``autotrade paper CONFIG --broker``."""

import os
import signal
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

from patience import PATIENCE_S
from simulator_process import SimulatorProcess
from unmeasured import unmeasured

__all__ = ["PLANNED", "PaperNode"]

AUTOTRADE = str(Path(sys.executable).with_name("autotrade"))
TESTS = Path(__file__).resolve().parents[1]
MINUTES = 30.0
"""Longer than any test: a node that is left behind ends."""
PLANNED = """
name = "{name}"
root = "SPY"
snapshot_interval_ms = 250

[regular]
path = "planned_strategy:PlannedStrategy"

[regular.params]
symbols = {{ {date} = "{symbol}" }}
quantity = {quantity}
at_s = 0
entry_cap = {entry_cap}

[risk.limits.order]
collar_ticks = 1_000
"""
"""A configuration, to be formatted, that buys one contract at once and at nearly any price."""


class PaperNode:
    """The command in a process; whatever is left of it at the end of the context is killed.

    Parameters
    ----------
    simulator : SimulatorProcess
        Its market and paper account.
    folder : Path
        With ``config.toml`` in it; runs, state, catalog and what is printed go there.
    minutes : float, default 30
        When it stops by itself.
    more : mapping of str to str, optional
        Further variables of its environment.
    broker : bool, default true
        Whether its orders go to Tiger's paper account; otherwise the engine fills them.
    is_measured : bool, default false
        Whether the lines that it runs are counted, which takes it twice as long; those of a node
        that is killed never are.
    """

    def __init__(
        self,
        simulator: SimulatorProcess,
        folder: Path,
        minutes: float = MINUTES,
        more: Mapping[str, str] | None = None,
        *,
        broker: bool = True,
        is_measured: bool = False,
    ) -> None:
        inherited = os.environ if is_measured else unmeasured()
        kept = {name: text for name, text in inherited.items() if not name.startswith("TIGER")}
        paths = filter(None, [str(TESTS), kept.get("PYTHONPATH")])
        kept |= {"PYTHONPATH": os.pathsep.join(paths), "COLUMNS": "200"}
        self.runs = folder / "runs"
        self.printed = folder / f"printed-{time.time_ns()}"
        with self.printed.open("w") as printed:
            self._process = subprocess.Popen(
                [
                    AUTOTRADE, "paper", str(folder / "config.toml"),
                    *(["--broker"] if broker else []),
                    "--minutes", str(minutes),
                    "--runs", str(self.runs), "--catalog", str(folder / "catalog"),
                    "--state", str(folder / "state"),
                ],
                stdin=subprocess.PIPE,
                stdout=printed,
                stderr=subprocess.STDOUT,
                text=True,
                env=kept | simulator.environment("paper") | dict(more or {}),
            )  # fmt: skip

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.kill()

    @property
    def pid(self) -> int:
        """The process."""
        return self._process.pid

    @property
    def is_running(self) -> bool:
        """Whether it has not ended."""
        return self._process.poll() is None

    @property
    def output(self) -> str:
        """What it has printed."""
        return self.printed.read_text()

    @property
    def folder(self) -> Path:
        """Its run folder, the newest."""
        return max(self.runs.iterdir(), key=lambda folder: folder.stat().st_mtime_ns)

    def tell(self, line: str) -> None:
        """Write a line to its stdin, for a strategy that reads there."""
        assert self._process.stdin is not None
        self._process.stdin.write(f"{line}\n")
        self._process.stdin.flush()

    def interrupt(self) -> None:
        """Ask it to stop, as Ctrl-C does."""
        self._process.send_signal(signal.SIGINT)

    def kill(self) -> None:
        """End it by SIGKILL, which it cannot do anything about."""
        self._process.kill()
        self._process.wait()
        if self._process.stdin is not None:
            self._process.stdin.close()

    def end(self) -> int:
        """Wait for its end and return the exit code."""
        return self._process.wait(PATIENCE_S)
