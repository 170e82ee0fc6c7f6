"""``python -m tiger_nt.simulator``: a synthetic Tiger in a process of its own, for tests mostly.

It prints one line of JSON when it is ready: ``environments`` (variables to point a client at it,
by ``paper`` and ``live``, or by account where a kind has more than one), ``control`` (address of
the control port) and ``market``. The keys in it are made at start and good for nothing else.
"""

import argparse
import asyncio
import json
import os
import signal
import sys
import threading
import time
import tomllib
from collections.abc import Callable, Coroutine, Iterable, Sequence
from pathlib import Path
from typing import Any

import msgspec

from tiger_nt.simulator.accounts import DEFAULT_USERS, User
from tiger_nt.simulator.fault_script import (
    FaultScriptError,
    TimedFault,
    load_faults,
    play_faults,
    random_faults,
)
from tiger_nt.simulator.market import hours_around
from tiger_nt.simulator.server import Simulator
from tiger_nt.simulator.synthetic import SyntheticMarket, synthetic_settings

__all__ = ["LIVELY_BPS", "environments", "fault_script", "main", "ready_line", "serve"]

LIVELY_BPS = 15.0
"""Swing of a lively market, enough to take a same-day option's profit or loss in a minute."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run until a signal, and return 0; 2 for options that make no sense, told on stderr."""
    options = _parser().parse_args(arguments)
    try:
        now_ns = time.time_ns()
        hours = hours_around(now_ns, options.open_for, options.closes_in)
        market = SyntheticMarket(_settings(options), hours, now_ns)
        users = _users(options)
        script = fault_script(options.faults, options.random_faults, options.every)
        simulator = Simulator(market, users=users)
    except (ValueError, FaultScriptError) as e:
        print(f"tiger_nt.simulator: {e}", file=sys.stderr)
        return 2

    async def announce() -> None:
        print(ready_line(simulator), flush=True)

    asyncio.run(serve(simulator, script, announce, until_stdin_closes=options.until_stdin_closes))
    return 0


async def serve(
    simulator: Simulator,
    script: Iterable[TimedFault],
    ready: Callable[[], Coroutine[Any, Any, None]],
    *,
    until_stdin_closes: bool = False,
) -> None:
    """Run the simulator until SIGTERM or SIGINT, also beyond the end of its market.

    `ready` is run when clients can connect, and cancelled at the end if it still runs. With
    `until_stdin_closes` it also ends when whoever holds the other end of stdin does, so that no
    simulator outlives a test that was killed. Raises what reading the market raises.
    """
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    if until_stdin_closes:
        _watch_stdin(lambda: loop.call_soon_threadsafe(stop.set))
    try:
        async with simulator, asyncio.TaskGroup() as tasks:
            running = [
                tasks.create_task(simulator.feed.wait()),
                tasks.create_task(ready()),
                tasks.create_task(play_faults(simulator.faults, script)),
            ]
            await stop.wait()
            for task in running:
                task.cancel()
    except ExceptionGroup as e:
        raise e.exceptions[0] from e


def environments(simulator: Simulator) -> dict[str, dict[str, str]]:
    """Return each user's environment by ``paper`` and ``live``, further ones by account number."""
    named: dict[str, dict[str, str]] = {}
    for user in simulator.users:
        kind = "paper" if user.is_paper else "live"
        named[user.account if kind in named else kind] = simulator.environment(user)
    return named


def ready_line(simulator: Simulator) -> str:
    """Return the line of JSON that tells a test how to reach the simulator."""
    return json.dumps(
        {
            "environments": environments(simulator),
            "control": simulator.control_url,
            "market": simulator.market.description,
        }
    )


def fault_script(file: Path | None, seed: int | None, every_s: float) -> Iterable[TimedFault]:
    """Return the faults of a file, or random ones without end, or none; ValueError for both."""
    if file is not None and seed is not None:
        raise ValueError("Expected a file of faults or random ones, was both")
    if file is not None:
        return load_faults(file)
    if seed is None:
        return ()
    if not 0 < every_s < float("inf"):
        raise ValueError(f"Expected random faults every so many seconds, was {every_s}")
    return random_faults(seed, every_s)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m tiger_nt.simulator",
        description="A Tiger on this machine, with a synthetic market that is open now.",
    )
    market = parser.add_argument_group("market")
    market.add_argument("--root", default="SPY", help="option root (SPY)")
    market.add_argument("--spot", type=float, help="first price of the underlying, dollars")
    market.add_argument("--strike-step", type=float, help="distance of strikes, dollars")
    market.add_argument("--strikes", type=int, help="strikes on either side of spot (20)")
    market.add_argument("--volatility", type=float, help="a calendar year's (0.2)")
    market.add_argument("--rate", type=float, help="quotes a second, all together (1000)")
    market.add_argument("--prints", type=float, help="prints a second of the underlying (5)")
    market.add_argument("--lively", action="store_true", help="let the price swing every minute")
    market.add_argument("--seed", type=int, help="of everything random (1)")
    market.add_argument(
        "--open-for", type=float, default=3_600.0, metavar="S", help="opened S ago (3600)"
    )
    market.add_argument(
        "--closes-in", type=float, default=10_800.0, metavar="S", help="closes in S (10800)"
    )
    users = parser.add_argument_group("users")
    users.add_argument(
        "--users", type=Path, metavar="FILE", help="TOML with [[user]] tables; one paper, one live"
    )
    users.add_argument("--cash", type=float, help="dollars at the start (100000)")
    users.add_argument("--quote-limit", type=int, help="symbols that may be subscribed (100)")
    faults = parser.add_argument_group("faults")
    faults.add_argument("--faults", type=Path, metavar="FILE", help="TOML with [[fault]] tables")
    faults.add_argument("--random-faults", type=int, metavar="SEED", help="faults without end")
    faults.add_argument(
        "--every", type=float, default=20.0, metavar="S", help="random faults every S (20)"
    )
    parser.add_argument(
        "--until-stdin-closes", action="store_true", help="end when whoever started it does"
    )
    return parser


def _settings(options: argparse.Namespace) -> Any:
    wanted = {
        "spot": options.spot,
        "strike_step": options.strike_step,
        "strikes": options.strikes,
        "volatility": options.volatility,
        "quotes_per_second": options.rate,
        "prints_per_second": options.prints,
        "swing_bps": LIVELY_BPS if options.lively else None,
        "seed": options.seed,
    }
    given = {name: value for name, value in wanted.items() if value is not None}
    return synthetic_settings(options.root, **given)


def _users(options: argparse.Namespace) -> tuple[User, ...]:
    users = DEFAULT_USERS if options.users is None else _read_users(options.users)
    changes = {"cash": options.cash, "quote_limit": options.quote_limit}
    given = {name: value for name, value in changes.items() if value is not None}
    return tuple(msgspec.structs.replace(user, **given) for user in users)


def _read_users(file: Path) -> tuple[User, ...]:
    try:
        tables = tomllib.loads(file.read_text(encoding="utf-8")).get("user", [])
        users = msgspec.convert(tables, tuple[User, ...])
    except OSError as e:
        raise ValueError(f"Expected a readable file, was {file}: {e.strerror}") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, msgspec.ValidationError) as e:
        raise ValueError(f"Expected [[user]] tables, was {file}: {e}") from None
    if not users:
        raise ValueError(f"Expected [[user]] tables, was none in {file}")
    return users


def _watch_stdin(closed: Callable[[], object]) -> None:
    def wait() -> None:
        while os.read(sys.stdin.fileno(), 4_096):
            pass
        closed()

    # A daemon, as nothing can end a thread that reads.
    threading.Thread(target=wait, name="stdin", daemon=True).start()
