"""Faults by the clock: from a TOML file, or drawn at random for runs of many minutes."""

import asyncio
import tomllib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Annotated, Any

import msgspec
import numpy as np

from tiger_nt.simulator.faults import Fault, FaultKind, Faults

__all__ = ["FaultScriptError", "TimedFault", "load_faults", "play_faults", "random_faults"]


class FaultScriptError(ValueError):
    """A file of faults cannot be read, or one of them makes no sense."""


class TimedFault(Fault, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """A fault that begins `at_s` seconds after the start."""

    at_s: Annotated[float, msgspec.Meta(ge=0)]


def load_faults(file: Path) -> list[TimedFault]:
    """Read ``[[fault]]`` tables, each with `at_s`, `kind` and what else `Fault` has, by time.

    Raises FaultScriptError naming the table that is wrong.
    """
    try:
        content = tomllib.loads(file.read_text(encoding="utf-8"))
    except OSError as e:
        raise FaultScriptError(f"Expected a readable file, was {file}: {e.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as e:
        raise FaultScriptError(f"Expected TOML, was {file}: {e}") from None
    tables = content.pop("fault", None)
    if content or not isinstance(tables, list):
        raise FaultScriptError(
            f"Expected [[fault]] tables and nothing else, was {sorted(content) or 'none'} ({file})"
        )
    return sorted(
        (_timed(table, f"{file}, fault {row}") for row, table in enumerate(tables, start=1)),
        key=lambda fault: fault.at_s,
    )


def random_faults(seed: int, every_s: float) -> Iterator[TimedFault]:
    """Yield faults without end, `every_s` apart on average; equal seeds yield equal ones.

    The two that a client must not survive, a kickout and a refused login, are not among them.
    """
    rng = np.random.default_rng(seed)
    at_s = 0.0
    while True:
        # Neither right behind each other nor long in coming: a soak run is to meet many.
        at_s += every_s * rng.uniform(0.5, 1.5)
        fault = _RANDOM[int(rng.integers(len(_RANDOM)))]
        seconds = fault.seconds * rng.uniform(0.5, 1.5)
        yield TimedFault(
            at_s=round(at_s, 3),
            kind=fault.kind,
            method=fault.method,
            count=int(rng.integers(1, fault.count + 1)),
            seconds=round(seconds, 3),
            value=fault.value,
            message=fault.message,
        )


_RANDOM = (
    Fault(kind=FaultKind.DROP, seconds=1.0),
    Fault(kind=FaultKind.STALL, seconds=3.0),
    Fault(kind=FaultKind.RATE_LIMIT, count=2),
    Fault(kind=FaultKind.RATE_LIMIT, count=2, value=429),
    Fault(kind=FaultKind.REJECT, message="1200:Order rejected by the exchange"),
    Fault(kind=FaultKind.LATE_REJECT, value=0.05, message="201:Order rejected"),
    Fault(kind=FaultKind.LOST_RESPONSE, method="place_order"),
    Fault(kind=FaultKind.LOST_RESPONSE, method="cancel_order"),
    Fault(kind=FaultKind.DELAY_RESPONSE, method="place_order", value=6.0),
    Fault(kind=FaultKind.DELAY_RESPONSE, method="prime_assets", value=2.0),
    Fault(kind=FaultKind.WRONG_SIGNATURE, method="place_order"),
    Fault(kind=FaultKind.WRONG_SIGNATURE, method="orders"),
    Fault(kind=FaultKind.DUPLICATE_PUSH, count=10),
    Fault(kind=FaultKind.REORDER_PUSH, count=4),
    Fault(kind=FaultKind.UNKNOWN_STATUS, message="PartiallyFilled"),
    Fault(kind=FaultKind.FROZEN_QUOTES, seconds=5.0),
    Fault(kind=FaultKind.CLOCK_SKEW, seconds=10.0, value=0.4),
    Fault(kind=FaultKind.PARTIAL_FILL, count=3, value=1),
    Fault(kind=FaultKind.UNMATCHED_PACKAGES, seconds=20.0, value=1_000.0),
    Fault(kind=FaultKind.CANCEL_FAILS),
    Fault(kind=FaultKind.MODIFY_REFUSED),
)


async def play_faults(faults: Faults, script: Iterable[TimedFault]) -> None:
    """Add each fault of `script` when its time has come, counted from now."""
    loop = asyncio.get_running_loop()
    start = loop.time()
    for fault in script:
        await asyncio.sleep(start + fault.at_s - loop.time())
        faults.add(fault)


def _timed(table: Any, where: str) -> TimedFault:
    try:
        return msgspec.convert(table, TimedFault)
    except msgspec.ValidationError as e:
        raise FaultScriptError(f"{e} ({where})") from None
