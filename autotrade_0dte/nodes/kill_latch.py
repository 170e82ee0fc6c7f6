"""The kill latch: a file under the state folder that stops every node there until it is re-armed.

Nothing but the standard library is imported, so that the file stands before anything heavy loads.
"""

import contextlib
import datetime as dt
import json
import os
import pwd
from pathlib import Path
from typing import Any, NamedTuple

__all__ = ["DEFAULT_STATE", "LATCH", "LOG", "KillLatch", "KillLatchError", "append_log", "now_utc"]
__all__ += ["operator", "read_latch", "readable", "refuse_latched", "set_latch", "sync_folder"]
__all__ += ["write_line"]

DEFAULT_STATE = Path("state")
LATCH = "KILL"
LOG = "log.jsonl"


class KillLatchError(RuntimeError):
    """A latch stands where it must not, or does not where it must."""


class KillLatch(NamedTuple):
    """What the latch says.

    Parameters
    ----------
    time : str
        When it was set, ISO 8601 UTC; names this latch.
    by : str
        Who set it: user and process.
    reason : str
        Why; may be empty.
    direct : bool
        Whether the kill command itself closes the positions.
    """

    time: str
    by: str
    reason: str
    direct: bool


def set_latch(state: Path, reason: str, *, direct: bool) -> KillLatch:
    """Let the latch stand under `state`, on disk when this returns; raise OSError if it cannot be.

    One that stands already stays as it is, unless this one is direct and that one is not, or it
    cannot be read. A direct one stays direct.
    """
    before = read_latch(state)
    if before is not None and before.time and (before.direct or not direct):
        return before
    state.mkdir(parents=True, exist_ok=True)
    is_direct = direct or (before is not None and before.direct)
    latch = KillLatch(now_utc(), operator(), reason, is_direct)
    try:
        write_line(state / LATCH, latch._asdict(), lasting=True)
    except OSError:
        # A full disk takes an empty file, which stands as well.
        (state / LATCH).open("w").close()
        return _unreadable("empty")
    return latch


def read_latch(state: Path) -> KillLatch | None:
    """Return the latch that stands, None without one.

    One that cannot be read stands all the same, as a direct one: who knows what it said.
    """
    try:
        found = json.loads((state / LATCH).read_text(encoding="utf-8"))
        return KillLatch(
            readable(found["time"]),
            readable(found["by"]),
            readable(found["reason"]),
            bool(found["direct"]),
        )
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError) as e:
        return _unreadable(type(e).__name__)


def readable(word: object) -> str:
    """Return a word of an operator's file with "?" for what is no character.

    What was typed in another encoding than this system's comes as halves of characters, which
    neither the engine nor a database takes: the node would end instead of doing what it says.
    """
    return str(word).encode(errors="replace").decode()


def _unreadable(why: str) -> KillLatch:
    return KillLatch("", "unknown", f"unreadable ({why})", direct=True)


def refuse_latched(state: Path) -> None:
    """Raise KillLatchError while the latch stands under `state`."""
    latch = read_latch(state)
    if latch is not None:
        why = f" ({latch.reason})" if latch.reason else ""
        raise KillLatchError(
            f"killed {latch.time} by {latch.by}{why}: `autotrade rearm --reason TEXT` lets nodes "
            "start again"
        )


def append_log(state: Path, action: str, reason: str, **more: object) -> None:
    """Add a line to the log of the operator's words: when, what, who, why."""
    line = {"time": now_utc(), "action": action, "by": operator(), "reason": reason, **more}
    text = json.dumps(line) + "\n"
    # One write to a file opened for appending, so that lines of two processes do not mix.
    file = os.open(state / LOG, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o644)
    try:
        os.write(file, text.encode())
        os.fsync(file)
    finally:
        os.close(file)


def write_line(path: Path, fields: dict[str, Any], *, lasting: bool) -> None:
    """Write one line of JSON so that a reader sees the whole of it or what was there before.

    `lasting` waits until it would survive the machine's end.
    """
    temporary = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        with temporary.open("w", encoding="utf-8") as file:
            file.write(json.dumps(fields) + "\n")
            if lasting:
                file.flush()
                os.fsync(file.fileno())
        temporary.replace(path)
    except BaseException:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)
        raise
    if lasting:
        sync_folder(path.parent)


def operator() -> str:
    """Return who runs this process: the user's name, or number, and the process id."""
    name = os.environ.get("SUDO_USER") or os.environ.get("USER") or _user()
    return f"{name} (pid {os.getpid()})"


def _user() -> str:
    try:
        return pwd.getpwuid(os.getuid()).pw_name
    except KeyError:
        return str(os.getuid())


def sync_folder(folder: Path) -> None:
    """Wait until what was renamed or removed in a folder would survive the machine's end."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def now_utc() -> str:
    """Return the time, ISO 8601 UTC; it names a word, so no two may be given at the same one."""
    return dt.datetime.now(dt.UTC).isoformat(timespec="microseconds")
