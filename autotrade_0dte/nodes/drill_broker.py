"""The simulator of a drill, from the side of whoever plays tricks on its clients."""

import json
import select
import subprocess
import time
import urllib.request
from typing import Any

__all__ = ["SIMULATOR", "DrillBroker", "DrillError"]

SIMULATOR = (
    "from autotrade_0dte.nodes.simulator import SyntheticOptions, run_simulator; "
    "run_simulator(SyntheticOptions(), as_json=True, until_stdin_closes=True)"
)
"""What a process of it runs: a thousand quotes a second."""

_ACCOUNT = "paper"
_CALL_S = 5.0


class DrillError(RuntimeError):
    """Something that had to happen did not: the scenario cannot go on."""


class DrillBroker:
    """The account of the drill, and what can go wrong with it; times are UTC seconds.

    Parameters
    ----------
    process : Popen
        That runs `SIMULATOR`, its output in a pipe.
    within_s : float
        How long it may take until it is ready, seconds; DrillError after them.

    Attributes
    ----------
    environment : dict of str to str
        Points a client at the account.
    """

    def __init__(self, process: "subprocess.Popen[bytes]", within_s: float) -> None:
        ready = json.loads(_first_line(process, within_s))
        self._control: str = ready["control"]
        self.environment: dict[str, str] = ready["environments"][_ACCOUNT]

    def account(self) -> dict[str, Any]:
        """Return the account: orders, executions, positions, money."""
        accounts = self._call("GET", "/state")["accounts"]
        return dict(accounts[self.environment["TIGEROPEN_ACCOUNT"]])

    @property
    def connections(self) -> int:
        """Clients that are connected."""
        return len(self._call("GET", "/state")["connections"])

    def fault(self, kind: str, **fields: object) -> float:
        """Let something go wrong from now on; return the time."""
        now_s = time.time()
        self._call("POST", "/faults", {"kind": kind, **fields})
        return now_s

    def clear_faults(self) -> None:
        """Let nothing more go wrong."""
        self._call("DELETE", "/faults")

    def quote(self, symbol: str) -> dict[str, Any]:
        """Return the quote of a symbol."""
        return dict(self._call("GET", f"/quote/{symbol}"))

    def set_quote(self, symbol: str, bid: float, ask: float) -> None:
        """Quote a symbol until the market quotes it again."""
        self._call("POST", "/quote", {"symbol": symbol, "bid": bid, "ask": ask})

    def _call(self, method: str, path: str, body: object = None) -> Any:
        request = urllib.request.Request(  # noqa: S310 - the simulator's own loopback address
            f"{self._control}{path}",
            method=method,
            data=None if body is None else json.dumps(body).encode(),
        )
        try:
            with urllib.request.urlopen(request, timeout=_CALL_S) as answer:  # noqa: S310
                return json.load(answer)
        except OSError as e:
            raise DrillError(f"Expected the simulator to answer {method} {path}: {e}") from e


def _first_line(process: "subprocess.Popen[bytes]", within_s: float) -> str:
    assert process.stdout is not None
    ready, _, _ = select.select([process.stdout], [], [], within_s)
    line = process.stdout.readline() if ready else b""
    if not line.endswith(b"\n"):
        raise DrillError(f"Expected a simulator within {within_s:g} s, was none")
    return line.decode()
