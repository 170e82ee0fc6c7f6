"""What running nodes say to the kill latch, in plain files of their folders.

``RUNNING`` is locked (shared) by a node for as long as its process lives, whatever ends it, is
touched every second, and taken away by a node that ends with nothing open; ``KILLED`` is its answer
to the latch.
"""

import fcntl
import json
import os
import time
from pathlib import Path
from typing import Any, NamedTuple, TextIO

from autotrade_0dte.nodes.kill_latch import KillLatch, write_line

__all__ = ["KILLED", "RUNNING", "NodeAnswer", "claim", "leave", "node_answers"]
__all__ += ["node_answer", "write_answer"]

RUNNING = "RUNNING"
KILLED = "KILLED"


class NodeAnswer(NamedTuple):
    """What one node says.

    Parameters
    ----------
    name : str
        Of its folder.
    pid : int
        Its process, or its last one.
    running : bool
        Whether that lives.
    silent_s : float
        Since its last heartbeat, seconds.
    latch : str
        `KillLatch.time` of the latch it has seen, empty without one.
    orders : int
        At work.
    positions : dict of str to int
        Contracts held, signed, by symbol.
    """

    name: str
    pid: int
    running: bool
    silent_s: float
    latch: str
    orders: int
    positions: dict[str, int]

    def is_flat_at(self, latch: KillLatch) -> bool:
        """Whether it has seen this latch and has neither orders at work nor positions.

        Of a latch without a name nobody can say.
        """
        return (
            bool(latch.time) and self.latch == latch.time and not self.orders and not self.positions
        )


def claim(folder: Path) -> TextIO:
    """Say that this process is the folder's node, for as long as the file returned stays open."""
    folder.mkdir(parents=True, exist_ok=True)
    file = (folder / RUNNING).open("a+", encoding="utf-8")
    fcntl.flock(file, fcntl.LOCK_SH)
    file.truncate(0)
    file.write(json.dumps({"pid": os.getpid()}) + "\n")
    file.flush()
    return file


def leave(folder: Path) -> None:
    """Say that the folder's node has ended with nothing at work and nothing held."""
    (folder / RUNNING).unlink(missing_ok=True)


def write_answer(folder: Path, latch: str, orders: int, positions: dict[str, int]) -> None:
    """Answer the latch of the time `latch`."""
    fields = {"latch": latch, "pid": os.getpid(), "orders": orders, "positions": positions}
    write_line(folder / KILLED, fields, lasting=False)


def node_answers(state: Path) -> list[NodeAnswer]:
    """Return what each node that ran under `state` and has not left says, by name."""
    if not state.is_dir():
        return []
    folders = sorted(path for path in state.iterdir() if (path / RUNNING).exists())
    return [node_answer(folder) for folder in folders]


def node_answer(folder: Path) -> NodeAnswer:
    """Return what a folder's node says, or said last where it has left since.

    One that nothing can be learned of counts as running, and as one that has seen nothing.
    """
    file = folder / RUNNING
    said = _read(folder / KILLED)
    try:
        with file.open(encoding="utf-8") as claimed:
            pid, running = _read(file).get("pid", 0), _is_locked(claimed)
            silent_s = max(0.0, time.time() - os.fstat(claimed.fileno()).st_mtime)
    except FileNotFoundError:
        pid, running, silent_s = said.get("pid", 0), False, 0.0
    except OSError:
        pid, running, silent_s = 0, True, 0.0
    if said.get("pid") != pid:
        said = {}  # of a node before this one
    return NodeAnswer(
        name=folder.name,
        pid=int(pid),
        running=running,
        silent_s=silent_s,
        latch=str(said.get("latch", "")),
        orders=int(said.get("orders", 0)),
        positions={str(name): int(count) for name, count in said.get("positions", {}).items()},
    )


def _is_locked(file: TextIO) -> bool:
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False


def _read(path: Path) -> dict[str, Any]:
    try:
        found = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return found if isinstance(found, dict) else {}
