"""Work that parallel workers share: the first that needs it does it, the others wait for it."""

import fcntl
import os
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest

__all__ = ["done_once"]


def done_once[T](
    factory: pytest.TempPathFactory, name: str, work: Callable[[Path], T]
) -> tuple[Path, T]:
    """Return the folder of that name and what `work` returned when it was given the folder."""
    base = factory.getbasetemp()
    folder = (base.parent if "PYTEST_XDIST_WORKER" in os.environ else base) / name
    folder.mkdir(exist_ok=True)
    done = folder / "done.pickle"
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not done.exists():
            done.write_bytes(pickle.dumps(work(folder)))
    return folder, pickle.loads(done.read_bytes())
