"""Files that reach a folder all together or not at all, whatever happens to the process.

New files are written below a hidden staging folder. `commit` first writes a journal that lists
every move and removal, then carries it out by atomic renames. A crash before the journal leaves
only the staging folder, which the next `recover` deletes; a crash after it leaves a journal, which
the next `recover` finishes. This guards against the death of the process; after a power failure
`data check` compares every file with its recorded hash.
"""

import fcntl
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec

from autotrade_0dte.data.errors import CatalogLockedError

__all__ = ["Staging", "recover", "settle", "write_lock"]

_STAGING = ".staging"
_JOURNAL = ".journal.json"
_LOCK = ".lock"
_LAST = ".last"


class _Journal(msgspec.Struct, frozen=True):
    moves: list[tuple[str, str]]
    removals: list[str]


@contextmanager
def write_lock(root: Path) -> Iterator[None]:
    """Hold the only right to write below `root`; raise CatalogLockedError when another has it."""
    root.mkdir(parents=True, exist_ok=True)
    with (root / _LOCK).open("w") as handle:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise CatalogLockedError(
                f"Expected to be the only writer, was a second one (catalog {root.name})"
            ) from None
        yield


def recover(root: Path) -> None:
    """Finish or undo what a dead writer left; a living writer is left alone."""
    if not (root / _STAGING).exists() and not (root / _JOURNAL).exists():
        return
    try:
        with write_lock(root):
            settle(root)
    except CatalogLockedError:
        return


def settle(root: Path) -> None:
    """Carry out the journal, if any, and delete the staging folder; the caller holds the lock."""
    journal = root / _JOURNAL
    if journal.exists():
        plan = msgspec.json.decode(journal.read_bytes(), type=_Journal)
        for source, path in plan.moves:
            staged = root / _STAGING / source
            if staged.exists():  # absent: moved before the crash
                target = root / path
                target.parent.mkdir(parents=True, exist_ok=True)
                staged.replace(target)
        for path in plan.removals:
            (root / path).unlink(missing_ok=True)
            _remove_empty_folder((root / path).parent)
        journal.unlink()
    shutil.rmtree(root / _STAGING, ignore_errors=True)


class Staging:
    """Files waiting for the commit; the caller holds the write lock."""

    def __init__(self, root: Path) -> None:
        self._root = root
        settle(root)
        self.folder = root / _STAGING
        self.folder.mkdir(parents=True)
        self._removals: list[str] = []

    def write(self, path: str, content: bytes | memoryview) -> None:
        """Stage a file; `path` is relative to the root."""
        target = self.folder / path
        target.parent.mkdir(parents=True, exist_ok=True)
        target.write_bytes(content)

    def remove(self, path: str) -> None:
        """Plan the removal of a committed file, unless a staged file takes its place."""
        self._removals.append(path)

    def commit(self, last: str, content: bytes) -> None:
        """Make all staged files visible, then write the file `last`."""
        moves = list(self._moves(Path()))
        (self.folder / _LAST).write_bytes(content)
        removals = [
            path
            for path in self._removals
            if not (self.folder / path).exists()  # a staged file replaces it in place
        ]
        draft = self.folder / _JOURNAL
        with draft.open("wb") as handle:
            handle.write(msgspec.json.encode(_Journal([*moves, (_LAST, last)], removals)))
            handle.flush()
            os.fsync(handle.fileno())
        draft.replace(self._root / _JOURNAL)
        settle(self._root)

    def _moves(self, folder: Path) -> Iterator[tuple[str, str]]:
        """Yield moves; a folder that is new as a whole is one rename instead of many."""
        for staged in sorted((self.folder / folder).iterdir()):
            path = folder / staged.name
            if staged.is_dir() and (self._root / path).is_dir():
                yield from self._moves(path)
            else:
                yield str(path), str(path)

    def discard(self) -> None:
        """Forget all staged files."""
        shutil.rmtree(self.folder, ignore_errors=True)


def _remove_empty_folder(folder: Path) -> None:
    if folder.is_dir() and not any(folder.iterdir()):
        folder.rmdir()
