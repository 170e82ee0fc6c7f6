"""The loopback Tiger as a command: a catalog session or a synthetic market, open now."""

import asyncio
import datetime as dt
import shlex
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Literal

import msgspec
from rich.console import Console
from rich.live import Live
from rich.text import Text

from autotrade_0dte.data.catalog import Catalog, CatalogError
from autotrade_0dte.execution.fees import FeeParams, order_fee
from autotrade_0dte.nodes.catalog_market import CatalogMarket
from tiger_nt.simulator.command import LIVELY_BPS, environments, fault_script, ready_line, serve
from tiger_nt.simulator.fees import FeeFunction
from tiger_nt.simulator.market import Market, hours_around
from tiger_nt.simulator.server import Simulator
from tiger_nt.simulator.synthetic import SyntheticMarket, synthetic_settings

__all__ = ["FaultOptions", "ReplayOptions", "SyntheticOptions", "run_simulator"]

_STATUS_EVERY_S = 1.0


class ReplayOptions(msgspec.Struct, frozen=True, kw_only=True):
    """A session of a catalog; the latest of `root` when `date` is None.

    `start` is the New York time of the session that becomes now; a `speed` other than 1 is for
    load tests only.
    """

    catalog: Path
    root: str = "SPY"
    date: dt.date | None = None
    start: dt.time = dt.time(10)
    speed: float = 1.0


class SyntheticOptions(msgspec.Struct, frozen=True, kw_only=True):
    """A synthetic market: quotes a second of all instruments together, hours in seconds from now.

    A lively one swings every minute, so that a strategy on momentum trades soon.
    """

    root: str = "SPY"
    quotes_per_second: float = 1_000.0
    lively: bool = False
    seed: int = 1
    open_for_s: float = 3_600.0
    closes_in_s: float = 10_800.0


class FaultOptions(msgspec.Struct, frozen=True, kw_only=True):
    """What goes wrong by the clock: a TOML file's faults, or random ones of a seed, or none."""

    file: Path | None = None
    random_seed: int | None = None
    every_s: float = 20.0


_STANDARD_FEES = FeeParams()
_NO_FAULTS = FaultOptions()


def run_simulator(
    source: ReplayOptions | SyntheticOptions,
    *,
    account: Literal["paper", "live"] = "paper",
    fees: FeeParams = _STANDARD_FEES,
    faults: FaultOptions = _NO_FAULTS,
    as_json: bool = False,
    until_stdin_closes: bool = False,
) -> int:
    """Run a loopback Tiger until it is interrupted, and return 0.

    Prints what it plays and the environment that points a node at `account`, as lines for a shell;
    their keys are made at start and good for this process only. On a terminal a line on stderr
    tells what happens. With `as_json` it prints the one line of ``python -m tiger_nt.simulator``
    instead, with `until_stdin_closes` it ends when whoever started it does.

    Raises
    ------
    CatalogError
        The catalog has no such session, or `start` is not within it.
    ValueError
        Another option makes no sense; the text names it.
    """
    script = fault_script(faults.file, faults.random_seed, faults.every_s)
    market = _market(source)
    simulator = Simulator(market, fees=_fee_function(fees, market.hours.date))

    async def show() -> None:
        print(ready_line(simulator) if as_json else _announcement(simulator, account), flush=True)
        await _show_status(simulator)

    asyncio.run(serve(simulator, script, show, until_stdin_closes=until_stdin_closes))
    return 0


def _market(source: ReplayOptions | SyntheticOptions) -> Market:
    now_ns = time.time_ns()
    if isinstance(source, SyntheticOptions):
        settings = synthetic_settings(
            source.root,
            quotes_per_second=source.quotes_per_second,
            swing_bps=LIVELY_BPS if source.lively else 0.0,
            seed=source.seed,
        )
        hours = hours_around(now_ns, source.open_for_s, source.closes_in_s)
        return SyntheticMarket(settings, hours, now_ns)
    catalog = Catalog(source.catalog)
    entries = catalog.sessions(source.root, source.date, source.date)
    if not entries:
        wanted = f"a session of {source.root}{f' on {source.date}' if source.date else ''}"
        raise CatalogError(f"Expected {wanted} in {source.catalog}, was none")
    return CatalogMarket(
        catalog, entries[-1], start=source.start, start_ns=now_ns, speed=source.speed
    )


def _fee_function(params: FeeParams, date: dt.date) -> FeeFunction:
    schedule = params.schedule(date)

    def total(root: str, is_sell: bool, fills: Sequence[tuple[int, float]]) -> float:
        return order_fee(schedule, root, is_sell, list(fills)).total

    return total


def _announcement(simulator: Simulator, account: str) -> str:
    lines = [
        f"# {simulator.market.description}",
        f"# control port {simulator.control_url}; end with Ctrl-C",
        f"# the {account} account; keys are good for this process only",
    ]
    variables = environments(simulator)[account]
    return "\n".join(
        [*lines, *(f"export {name}={shlex.quote(text)}" for name, text in variables.items())]
    )


async def _show_status(simulator: Simulator) -> None:
    console = Console(stderr=True)
    if not console.is_terminal:
        return
    sent = 0
    with Live(console=console, auto_refresh=False, transient=True) as live:
        while True:
            rows = simulator.feed.counters.rows
            live.update(Text(_status(simulator, (rows - sent) / _STATUS_EVERY_S)), refresh=True)
            sent = rows
            await asyncio.sleep(_STATUS_EVERY_S)


def _status(simulator: Simulator, rate: float) -> str:
    hours, now_ns = simulator.market.hours, time.time_ns()
    left = dt.timedelta(seconds=max(0, hours.close_ns - now_ns) // 1_000_000_000)
    accounts = simulator.exchange.accounts.values()
    faults = len(simulator.faults.pending())
    return "  ".join(
        [
            f"closes in {left}" if hours.is_open(now_ns) else "closed",
            f"{rate:,.0f} rows/s",
            f"{len(simulator.push.sessions)} connected",
            f"{sum(len(account.orders) for account in accounts)} orders",
            f"{sum(len(account.transactions) for account in accounts)} fills",
            *([f"{faults} faults"] if faults else []),
        ]
    )
