"""The word that what stands latched may end: left for each node, taken by it, and answered.

Nothing but the standard library is imported, as for the kill latch.
"""

import json
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import NamedTuple

from autotrade_0dte.nodes.halt import HALT, read_halt
from autotrade_0dte.nodes.kill_latch import (
    LATCH,
    KillLatchError,
    append_log,
    now_utc,
    operator,
    read_latch,
    readable,
    sync_folder,
    write_line,
)

__all__ = ["REARM", "REARMED", "RearmWord", "answer_word", "leave_word", "read_answer", "take_word"]

REARM = "REARM"
REARMED = "REARMED"


class RearmWord(NamedTuple):
    """What is said.

    Parameters
    ----------
    time : str
        When, ISO 8601 UTC; names this word.
    by : str
        Who says it: user and process.
    reason : str
        Why.
    ends : tuple of str
        The times of the kill and the halt that it takes away.
    """

    time: str
    by: str
    reason: str
    ends: tuple[str, ...]


def leave_word(state: Path, reason: str) -> tuple[RearmWord, list[Path]]:
    """Leave the word in each node's folder, then take halt and kill away; return it and those.

    A node that does not run finds it at its next start. Wherever this ends half way nothing is
    armed that would not be by the whole: no node takes a word while one of those it ends stands,
    and none starts while the kill does, which goes last. Said again, it goes on from there. A kill
    or halt of after the word stands.

    Raises
    ------
    KillLatchError
        There is nothing to be armed again: no kill, no halt, no node's folder.
    OSError
        The word could not be left everywhere; what stood stands.
    """
    standing = _standing(state)
    folders = sorted(path for path in state.iterdir() if path.is_dir()) if state.is_dir() else []
    if not standing and not folders:
        raise KillLatchError(
            f"Expected a kill, a halt or a node's folder to re-arm, was nothing in "
            f"{state.absolute()}"
        )
    word = RearmWord(now_utc(), operator(), reason, tuple(standing.values()))
    append_log(state, "rearm", reason)
    for folder in folders:
        write_line(folder / REARM, word._asdict(), lasting=True)
    for name, of in standing.items():
        if _standing(state).get(name) == of:
            (state / name).unlink(missing_ok=True)
            sync_folder(state)
    return word, folders


def take_word(state: Path, folder: Path) -> RearmWord | None:
    """Return the word left in a node's folder and take it away; None while there is none to take.

    While a kill or halt that it ends still stands, the command that leaves it is at work, or was
    ended half way. One that cannot be read is a word all the same: somebody has left it.
    """
    file = folder / REARM
    if not file.exists():
        return None
    try:
        found = json.loads(file.read_text(encoding="utf-8"))
        time, by, reason = (readable(found[name]) for name in ("time", "by", "reason"))
        word = RearmWord(time, by, reason, tuple(map(str, found["ends"])))
    except (OSError, ValueError, KeyError, TypeError):
        word = RearmWord("", "unknown", "unreadable", ())
    if not set(word.ends).isdisjoint(_standing(state).values()):
        return None
    file.unlink(missing_ok=True)
    return word


def _standing(state: Path) -> dict[str, str]:
    """Return the times of the words that stand by their files, the strictest last."""
    words = {HALT: read_halt(state), LATCH: read_latch(state)}
    return {name: word.time for name, word in words.items() if word is not None}


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
