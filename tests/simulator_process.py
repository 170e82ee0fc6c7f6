"""The simulator as another process, for tests over real sockets.

>>> with SimulatorProcess("--rate", "200", "--lively") as simulator:
...     config = tiger_config(simulator.environment("paper"))
...     simulator.control("POST", "/faults", {"kind": "drop", "seconds": 1})
...     orders = simulator.account("paper")["orders"]
"""

import contextlib
import datetime as dt
import json
import os
import subprocess
import sys
import time
import urllib.error
import urllib.request
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Self

from patience import PATIENCE_S, wait_until
from unmeasured import unmeasured

ADAPTERS = Path(__file__).resolve().parents[1] / "adapters"
END_TIMEOUT_S = 30.0


class SimulatorError(AssertionError):
    """The simulator did not start, or the control port refused."""


class SimulatorProcess:
    """Starts ``python -m tiger_nt.simulator`` with `options`, and ends it whatever happens.

    Killing the test ends it as well: it watches the pipe to its stdin.

    Parameters
    ----------
    *options : str
        Options of the command (``--help`` lists them).
    command : sequence of str, optional
        Another command that prints the same line when it is ready.
    is_measured : bool, default false
        Whether the lines that it runs are counted, which takes it twice as long: those of the
        simulator are the ones that its own tests run.
    """

    def __init__(
        self,
        *options: str,
        command: Sequence[str] | None = None,
        is_measured: bool = False,
    ) -> None:
        module = [sys.executable, "-m", "tiger_nt.simulator", "--until-stdin-closes"]
        self._command = [*(module if command is None else command), *options]
        self._is_measured = is_measured
        self._process: subprocess.Popen[str] | None = None
        self._ready: dict[str, Any] = {}

    def environment(self, account: str = "paper") -> dict[str, str]:
        """Return the variables that point a client at the simulator: ``paper`` or ``live``."""
        return dict(self._ready["environments"][account])

    @classmethod
    def of_catalog(
        cls,
        catalog: Path,
        root: str,
        start: dt.time,
        speed: float = 1.0,
        *,
        is_measured: bool = False,
    ) -> Self:
        """Return one that replays the latest session of `root` from `start` New York on."""
        options = f"catalog=Path({str(catalog)!r}), root={root!r}, start={start!r}, speed={speed}"
        code = (
            "import datetime; from pathlib import Path; "
            "from autotrade_0dte.nodes.simulator import ReplayOptions, run_simulator; "
            f"run_simulator(ReplayOptions({options}), as_json=True, until_stdin_closes=True)"
        )
        return cls(command=[sys.executable, "-c", code], is_measured=is_measured)

    @property
    def description(self) -> str:
        """What is played."""
        return str(self._ready["market"])

    @property
    def ready(self) -> str:
        """The line it printed when it was ready: how another process reaches it."""
        return json.dumps(self._ready)

    @property
    def pid(self) -> int:
        """The process."""
        assert self._process is not None
        return self._process.pid

    @property
    def control_url(self) -> str:
        """Address of the control port."""
        return str(self._ready["control"])

    def control(self, method: str, path: str, body: object = None) -> Any:
        """Call the control port; raise SimulatorError with its words when it refuses."""
        request = urllib.request.Request(
            f"{self.control_url}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
        )
        try:
            with urllib.request.urlopen(request, timeout=PATIENCE_S) as answer:
                return json.load(answer)
        except urllib.error.HTTPError as e:
            raise SimulatorError(f"{method} {path}: {e.code} {e.read().decode()}") from None

    def fault(self, kind: str, **fields: object) -> None:
        """Add a fault; see tiger_nt.simulator.faults."""
        self.control("POST", "/faults", {"kind": kind, **fields})

    def state(self) -> dict[str, Any]:
        """Return everything the simulator knows."""
        return dict(self.control("GET", "/state"))

    def account(self, kind: str = "paper") -> dict[str, Any]:
        """Return the state of one account."""
        number = self.environment(kind)["TIGEROPEN_ACCOUNT"]
        return dict(self.state()["accounts"][number])

    def wait_for(self, condition: Callable[[dict[str, Any]], object], what: str) -> dict[str, Any]:
        """Poll the state until `condition` holds, and return it."""

        def held() -> dict[str, Any] | None:
            state = self.state()
            return state if condition(state) else None

        found = wait_until(held, what, lambda: _brief(self.state()))
        assert found is not None
        return found

    def __enter__(self) -> Self:
        inherited = os.environ if self._is_measured else unmeasured()
        environment = {
            name: text for name, text in inherited.items() if not name.startswith("TIGER")
        }
        paths = [str(ADAPTERS), environment.get("PYTHONPATH", "")]
        environment["PYTHONPATH"] = os.pathsep.join(filter(None, paths))
        self._process = subprocess.Popen(
            self._command,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            env=environment,
        )
        try:
            self._ready = self._first_line(self._process)
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the process; it has a few seconds to do so itself."""
        process = self._process
        if process is None:
            return
        for pipe in (process.stdin, process.stdout):
            if pipe is not None:
                with contextlib.suppress(BrokenPipeError):
                    pipe.close()
        try:
            process.wait(END_TIMEOUT_S)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
        self._process = None

    @staticmethod
    def _first_line(process: subprocess.Popen[str]) -> dict[str, Any]:
        assert process.stdout is not None
        os.set_blocking(process.stdout.fileno(), False)
        deadline = time.monotonic() + PATIENCE_S
        line = ""
        while not line.endswith("\n"):
            line += process.stdout.readline()
            if process.poll() is not None and not line.endswith("\n"):
                raise SimulatorError(f"The simulator ended with {process.returncode} at its start")
            if time.monotonic() > deadline:
                raise SimulatorError(f"Expected a simulator within {PATIENCE_S} s, was none")
            time.sleep(0.005)
        ready: dict[str, Any] = json.loads(line)
        return ready


def _brief(state: Mapping[str, Any]) -> str:
    orders = {
        number: [
            (order["user_mark"], order["status"], order["filled"]) for order in account["orders"]
        ]
        for number, account in state["accounts"].items()
    }
    return f"orders {orders}, connections {len(state['connections'])}, faults {state['faults']}"
