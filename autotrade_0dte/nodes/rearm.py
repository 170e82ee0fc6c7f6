"""The word that what stands latched may end: left for each node, taken by it, and answered.

Nothing but the standard library is imported, as for the kill latch.
"""

import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from autotrade_0dte.nodes.halt import HALT
from autotrade_0dte.nodes.kill_latch import (
    LATCH,
    KillLatchError,
    now_utc,
    operator,
    readable,
    sync_folder,
    write_line,
)

__all__ = ["REARM", "REARMED", "RearmWord", "answer_word", "leave_word", "read_answer", "take_word"]

REARM = "REARM"
REARMED = "REARMED"


class RearmWord(NamedTuple):
    """What is said: when (ISO 8601 UTC; names this word), by whom, and why."""

    time: str
    by: str
    reason: str


def leave_word(state: Path, reason: str) -> tuple[RearmWord, list[Path]]:
    """Take kill and halt away and leave the word in each node's folder; return it and those.

    A node that does not run finds it at its next start. In this order, so that a node which has
    taken the word does not find what the word was about, and a later kill stands.

    Raises
    ------
    KillLatchError
        There is nothing to be armed again: no kill, no halt, no node's folder.
    """
    standing = [state / name for name in (LATCH, HALT) if (state / name).exists()]
    folders = sorted(path for path in state.iterdir() if path.is_dir()) if state.is_dir() else []
    if not standing and not folders:
        raise KillLatchError(
            f"Expected a kill, a halt or a node's folder to re-arm, was nothing in "
            f"{state.absolute()}"
        )
    for path in standing:
        path.unlink(missing_ok=True)
    sync_folder(state)
    word = RearmWord(now_utc(), operator(), reason)
    for folder in folders:
        write_line(folder / REARM, word._asdict(), lasting=True)
    return word, folders


def take_word(folder: Path) -> RearmWord | None:
    """Return the word left in a node's folder and take it away, None without one."""
    file = folder / REARM
    if not file.exists():
        return None
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        word = RearmWord(*(readable(found[name]) for name in ("time", "by", "reason")))
    except (OSError, ValueError, KeyError, TypeError):
        word = RearmWord("", "unknown", "unreadable")
    file.unlink(missing_ok=True)
    return word


def answer_word(folder: Path, word: RearmWord, stays: Iterable[str]) -> None:
    """Say in a node's folder that the word was taken, and what stays latched."""
    fields = {"time": word.time, "pid": os.getpid(), "stays": list(stays)}
    write_line(folder / REARMED, fields, lasting=False)


def read_answer(folder: Path, word: RearmWord) -> Sequence[str] | None:
    """Return what a node says stays latched after this word, None where it has not answered it."""
    try:
        found = json.loads((folder / REARMED).read_text(encoding="utf-8"))
        if found["time"] != word.time:
            return None
        return [str(each) for each in found["stays"]]
    except (OSError, ValueError, KeyError, TypeError):
        return None
