"""The operator's milder word: a file under the state folder that halts or flattens its nodes.

Nothing but the standard library is imported, as for the kill latch.
"""

import json
from pathlib import Path
from typing import Final, NamedTuple

from autotrade_0dte.nodes.kill_latch import now_utc, operator, readable, write_line

__all__ = ["FLATTEN", "HALT", "HALT_ENTRIES", "Halt", "read_halt", "set_halt"]

HALT = "HALT"
HALT_ENTRIES: Final = "HALT_ENTRIES"
FLATTEN: Final = "FLATTEN"
_STRICTNESS = {HALT_ENTRIES: 1, FLATTEN: 2}


class Halt(NamedTuple):
    """What the word says.

    Parameters
    ----------
    time : str
        When it was given, ISO 8601 UTC.
    by : str
        Who gave it: user and process.
    reason : str
        Why.
    mode : str
        Name of the `RiskMode` that it asks for, HALT_ENTRIES or FLATTEN.
    """

    time: str
    by: str
    reason: str
    mode: str


def set_halt(state: Path, reason: str, mode: str) -> Halt:
    """Let the word stand under `state`, on disk when this returns; raise OSError if it cannot be.

    One that stands already and is as strict stays as it is.
    """
    before = read_halt(state)
    if before is not None and before.time and _STRICTNESS[before.mode] >= _STRICTNESS[mode]:
        return before
    state.mkdir(parents=True, exist_ok=True)
    halt = Halt(now_utc(), operator(), reason, mode)
    write_line(state / HALT, halt._asdict(), lasting=True)
    return halt


def read_halt(state: Path) -> Halt | None:
    """Return the word that stands, None without one.

    One that cannot be read halts entries: somebody has given it, and nothing is sold for a guess.
    """
    try:
        found = json.loads((state / HALT).read_text(encoding="utf-8"))
        mode = next(each for each in _STRICTNESS if each == found["mode"])
        return Halt(readable(found["time"]), readable(found["by"]), readable(found["reason"]), mode)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, KeyError, TypeError, StopIteration) as e:
        return Halt("", "unknown", f"unreadable ({type(e).__name__})", HALT_ENTRIES)
