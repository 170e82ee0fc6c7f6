"""Starts nodes that need not load anything first: each is a fork of this process.

``python -m faults.node_nursery`` loads and compiles all that a node needs, prints ``ready``, then
reads a line of JSON for each `Birth` or `Death` and answers with the process or its exit code.
"""

import os
import signal
import sys
import time
from pathlib import Path

import msgspec

__all__ = ["Birth", "Death"]


class Birth(msgspec.Struct, frozen=True, tag=True):
    """A node to start: the command's arguments, what it prints to, and its further environment."""

    arguments: list[str]
    printed: str
    environment: dict[str, str]


class Death(msgspec.Struct, frozen=True, tag=True):
    """A node to wait for, after a signal (0 for none); SIGKILL when it takes longer than `wait_s`.

    The answer is its exit code, negative that of the signal that ended it.
    """

    pid: int
    signal: int
    wait_s: float


def born(birth: Birth) -> int:
    """Return the process of a node."""
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        os.setpgid(0, 0)
        printed = os.open(birth.printed, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)
        nothing = os.open(os.devnull, os.O_RDONLY)
        for end, number in ((nothing, 0), (printed, 1), (printed, 2)):
            os.dup2(end, number)
        os.environ.update(birth.environment)
        sys.argv = ["autotrade", *birth.arguments]
        from autotrade_0dte.cli import main as command

        command()
    except SystemExit as e:
        code = e.code if isinstance(e.code, int) else 1
    finally:
        sys.stdout.flush()
        sys.stderr.flush()
        os._exit(code)


def died(death: Death) -> int:
    """Return the exit code of a node."""
    if death.signal:
        os.kill(death.pid, death.signal)
    deadline = time.monotonic() + death.wait_s
    while True:
        pid, status = os.waitpid(death.pid, os.WNOHANG)
        if pid:
            return os.waitstatus_to_exitcode(status)
        if time.monotonic() > deadline:
            os.kill(death.pid, signal.SIGKILL)
            deadline += 60.0
        time.sleep(0.005)


def main() -> None:
    """Load all, then answer each line."""
    from autotrade_0dte import cli, warm
    from autotrade_0dte.analysis import report, terminal
    from autotrade_0dte.nodes import live, preflight_table

    loaded = (cli, report, terminal, live, preflight_table)
    warm.main()
    print("ready", len(loaded), Path.cwd().name, flush=True)
    for line in sys.stdin:
        match msgspec.json.decode(line, type=Birth | Death):
            case Birth() as birth:
                print(born(birth), flush=True)
            case Death() as death:
                print(died(death), flush=True)


if __name__ == "__main__":
    main()
