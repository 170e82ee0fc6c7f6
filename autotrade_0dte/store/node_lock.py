"""The lock by which one node has a store, and who has it."""

import contextlib
import datetime as dt
import fcntl
import json
import os
import time
from pathlib import Path
from typing import NamedTuple

from autotrade_0dte.calendar import NEW_YORK
from autotrade_0dte.store.schema import StoreError

__all__ = ["LOCK", "Holder", "holder", "lock_node"]

LOCK = "node.lock"
_NS = 1_000_000_000
_TRIES = 3
_TRY_S = 0.02
"""Between tries: whoever asks for the holder has the lock for less."""


class Holder(NamedTuple):
    """A node that has a store.

    Parameters
    ----------
    pid : int
        Its process, 0 where that is not known.
    since_ns : int
        When it took the store, UTC ns, 0 where that is not known.
    """

    pid: int = 0
    since_ns: int = 0

    def __str__(self) -> str:
        pid = f"process {self.pid}" if self.pid else "an unknown process"
        if not self.since_ns:
            return pid
        since = dt.datetime.fromtimestamp(self.since_ns / _NS, NEW_YORK)
        return f"{pid} since {since:%Y-%m-%d %H:%M:%S} New York"


def lock_node(folder: Path) -> int:
    """Take a store; return the descriptor of a lock that ends with the process, however it ends.

    Raises
    ------
    StoreError
        Another node has it.
    OSError
        The folder takes no file.
    """
    lock = os.open(folder / LOCK, os.O_RDWR | os.O_CREAT, 0o600)
    for left in reversed(range(_TRIES)):
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            if left:
                time.sleep(_TRY_S)
                continue
            os.close(lock)
            raise StoreError(
                f"Expected no other node with this state, was {holder(folder)} ({folder.name})"
            ) from None
        break
    # Who has it is told where the disk takes it; that it is had is the lock's.
    with contextlib.suppress(OSError):
        os.ftruncate(lock, 0)
        os.pwrite(lock, json.dumps([os.getpid(), time.time_ns()]).encode(), 0)
    return lock


def holder(folder: Path) -> Holder | None:
    """Return the node that has a store, None where none has.

    Raises
    ------
    StoreError
        The file that tells cannot be read.
    """
    try:
        with (folder / LOCK).open("rb") as file:
            try:
                fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return _said(file.read())
    except FileNotFoundError:
        return None
    except OSError as e:
        where = f"{folder.name}/{LOCK}"
        raise StoreError(f"Expected a lock that can be read, was: {e.strerror} ({where})") from e
    return None


def _said(text: bytes) -> Holder:
    try:
        pid, since_ns = json.loads(text)
        return Holder(int(pid), int(since_ns))
    except (ValueError, TypeError):
        return Holder()
