"""One flattening of an account at a time on a machine."""

import contextlib
import fcntl
import hashlib
import os
import time
from collections.abc import Callable, Iterator
from pathlib import Path

__all__ = ["one_at_a_time"]

_POLL_S = 0.05


@contextlib.contextmanager
def one_at_a_time(
    what: str, within_s: float, waiting: Callable[[int], None]
) -> Iterator[int | None]:
    """Hold the lock of `what` and yield None; after `within_s` without it, the holder's process.

    `waiting` is called once with the process (0: not known) where another of this user has the
    lock. That ends with its process, whatever ends it. Where no lock can be made,
    on a full disk or a strange one, it goes on without.
    """
    name = hashlib.sha256(what.encode()).hexdigest()[:16]
    folder = os.environ.get("TMPDIR") or "/tmp"  # noqa: S108 - tempfile takes 5 ms to import
    path = Path(folder) / f"tiger_nt-flatten-{os.getuid()}-{name}.lock"
    try:
        file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
    except OSError:
        yield None
        return
    try:
        yield _wait(file, within_s, waiting)
    finally:
        os.close(file)


def _wait(file: int, within_s: float, waiting: Callable[[int], None]) -> int | None:
    over_s = time.monotonic() + within_s
    has_told = False
    while not _is_taken(file):
        if not has_told:
            waiting(_holder(file))
            has_told = True
        if time.monotonic() > over_s:
            return _holder(file)
        time.sleep(_POLL_S)
    with contextlib.suppress(OSError):
        os.ftruncate(file, 0)
        os.pwrite(file, str(os.getpid()).encode(), 0)
    return None


def _holder(file: int) -> int:
    written = os.pread(file, 20, 0)
    return int(written) if written.isdigit() else 0


def _is_taken(file: int) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        pass  # a file system without locks
    return True
