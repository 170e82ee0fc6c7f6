"""Kills writers of a store: each is a fork of this process, which has all it needs in memory.

``python -m faults.store_process`` reads a line of JSON for each writer (see `Writing`), has it
write its history, ends it by SIGKILL, and answers with one line: what it had said by then.
"""

import os
import random
import signal
import sys
import time
from pathlib import Path

import msgspec
from faults.store_history import history, take
from stored import OWNER

from autotrade_0dte.store.state_store import StateStore
from autotrade_0dte.store.state_writer import StateWriter

__all__ = ["Said", "Writing"]

TIDY_EVERY = 50
"""Messages between two tidyings, which kills hit, too."""
_WRITTEN = b"."
_LONGEST_S = 200e-6


class Writing(msgspec.Struct, frozen=True):
    """A writer: where it writes, which history of how many messages, and when it is killed.

    It is killed a moment after it has said that it is done with `kill_after` messages.
    """

    folder: str
    seed: int
    start: int
    length: int
    kill_after: int


class Said(msgspec.Struct, frozen=True):
    """What a writer had said when it was killed: messages written, orders sent."""

    written: int
    sent: list[str]


def write(writing: Writing, says: int) -> None:
    """Write messages, and say of each that it is done, and which order is sent then."""
    with StateStore.open(Path(writing.folder), OWNER) as store:
        writer = StateWriter(store, lambda _works, text: sys.exit(text))
        for number, message in enumerate(history(writing.seed, writing.length, writing.start)):
            if number % TIDY_EVERY == 0:
                store.tidy()
            sent = take(writer, message)
            os.write(says, f"{sent}.".encode())
    time.sleep(60)  # until it is killed


def killed(writing: Writing) -> Said:
    """Return what a writer said until it was killed."""
    hears, says = os.pipe()
    child = os.fork()
    if child == 0:
        os.close(hears)
        write(writing, says)
        os._exit(0)
    os.close(says)
    said = b""
    while said.count(_WRITTEN) < writing.kill_after:
        said += os.read(hears, 65_536)
    moment = random.Random(writing.kill_after).random() * _LONGEST_S
    until = time.perf_counter() + moment
    while time.perf_counter() < until:
        pass
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    while more := os.read(hears, 65_536):
        said += more
    os.close(hears)
    names = said.decode().split(".")
    return Said(len(names) - 1, [name for name in names[:-1] if name])


def main() -> None:
    """Answer each line."""
    for line in sys.stdin:
        said = killed(msgspec.json.decode(line, type=Writing))
        print(msgspec.json.encode(said).decode(), flush=True)


if __name__ == "__main__":
    main()
