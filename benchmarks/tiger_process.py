"""Processes of the Tiger benchmark that talk in lines of JSON: the parent's end and the child's."""

import json
import os
import resource
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from types import TracebackType
from typing import Any, Self

__all__ = ["ORDER_EVERY_MS", "Child", "answer_in_thread", "cpu_s"]

_ROOT = Path(__file__).parents[1]
_END_S = 30.0

ORDER_EVERY_MS = 40
"""The node's pace of orders, each after the fill of the one before."""

type Answer = dict[str, Any]


class Child:
    """``python -m MODULE`` as a context manager; ended by closing its stdin."""

    def __init__(self, module: str) -> None:
        self._module = module
        environment = {k: text for k, text in os.environ.items() if not k.startswith("TIGER")}
        self._process = subprocess.Popen(
            [sys.executable, "-m", module],
            cwd=_ROOT,
            env=environment,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def hear(self) -> Answer:
        """Wait for one line; RuntimeError if the process ends instead."""
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise RuntimeError(f"Expected an answer of {self._module}, was its end")
        answer: Answer = json.loads(line)
        return answer

    def ask(self, **command: Any) -> Answer:
        """Send a command and return the answer."""
        self.tell(**command)
        return self.hear()

    def tell(self, **command: Any) -> None:
        """Send a command."""
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(command) + "\n")
        self._process.stdin.flush()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        process = self._process
        if error is not None:
            process.kill()
        assert process.stdin is not None
        process.stdin.close()
        try:
            code = process.wait(_END_S)
        except subprocess.TimeoutExpired:
            process.kill()
            code = process.wait()
        if error is None and code:
            raise RuntimeError(f"Expected {self._module} to end with 0, was {code}")


def answer_in_thread(answer: Callable[[Answer], Answer], end: Callable[[], object]) -> None:
    """Answer each line of stdin with one on stdout, in a thread; call `end` when stdin closes."""

    def run() -> None:
        for line in sys.stdin:
            print(json.dumps(answer(json.loads(line))), flush=True)
        end()

    threading.Thread(target=run, name="commands", daemon=True).start()


def cpu_s() -> float:
    """Return the seconds of processor time that this process has used, all threads."""
    used = resource.getrusage(resource.RUSAGE_SELF)
    return used.ru_utime + used.ru_stime
