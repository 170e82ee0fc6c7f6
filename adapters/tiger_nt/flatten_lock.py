"""One flattening of an account at a time on a machine."""

import fcntl
import hashlib
import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

__all__ = ["one_at_a_time"]

_POLL_S = 0.05


@contextmanager
def one_at_a_time(what: str, waiting: Callable[[], None]) -> Iterator[None]:
    """Hold the lock of `what`; call `waiting` once where another process of this user has it.

    The lock ends with its process, whatever ends it.
    """
    name = hashlib.sha256(what.encode()).hexdigest()[:16]
    folder = os.environ.get("TMPDIR") or "/tmp"  # noqa: S108 - tempfile takes 5 ms to import
    path = Path(folder) / f"tiger_nt-flatten-{os.getuid()}-{name}.lock"
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    try:
        has_told = False
        while not _is_taken(file):
            if not has_told:
                waiting()
                has_told = True
            time.sleep(_POLL_S)
        yield
    finally:
        os.close(file)


def _is_taken(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True
