"""Runs a command at a terminal of its own, as an operator would."""

import os
import pty
import select
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Self

from patience import PATIENCE_S

_TAKE_TERMINAL = """
import fcntl, os, signal, sys, termios
fcntl.ioctl(1, termios.TIOCSCTTY, 0)
for number in (signal.SIGHUP, signal.SIGINT):  # a test in the background has inherited others
    signal.signal(number, signal.SIG_DFL)
os.execvp(sys.argv[1], sys.argv[1:])
"""


class TerminalProcess:
    """A process whose controlling terminal is ours to read from and type at."""

    def __init__(self, command: Sequence[str], environment: Mapping[str, str]) -> None:
        self._ours, theirs = pty.openpty()
        self.seen = ""
        self.process = subprocess.Popen(
            [sys.executable, "-c", _TAKE_TERMINAL, *command],
            stdin=subprocess.DEVNULL,  # the terminal is not standard input
            stdout=theirs,
            stderr=theirs,
            env=dict(environment),
            start_new_session=True,
        )
        os.close(theirs)

    def __enter__(self) -> Self:
        return self

    def hang_up(self) -> None:
        """Close the terminal, as a lost connection does: the process gets SIGHUP."""
        os.close(self._ours)
        self._ours = -1

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        self.process.kill()
        self.process.wait()
        if self._ours >= 0:
            os.close(self._ours)

    def read_until(self, text: str) -> None:
        """Wait until `text` has been shown since the start."""
        deadline = time.monotonic() + PATIENCE_S
        while text not in self.seen:
            if not self._read(deadline - time.monotonic()):
                raise AssertionError(f"Expected {text!r} to be shown, was:\n{self.seen}")

    def type(self, text: str) -> None:
        """Type a line."""
        os.write(self._ours, f"{text}\n".encode())

    def end(self, after_s: float = 0.0) -> int:
        """Wait for the end, due `after_s` from now, keeping what is shown; return the exit code."""
        deadline = time.monotonic() + after_s + PATIENCE_S
        while self._read(deadline - time.monotonic()):
            pass
        return self.process.wait(max(1.0, deadline - time.monotonic()))

    def _read(self, timeout_s: float) -> bool:
        ready, _, _ = select.select([self._ours], [], [], max(timeout_s, 0))
        if not ready:
            return False
        try:
            chunk = os.read(self._ours, 65_536)
        except OSError:  # the other side is gone
            return False
        self.seen += chunk.decode(errors="replace").replace("\r\n", "\n")
        return bool(chunk)
