"""The commands around live data: doctor, paper, live and the loopback Tiger to rehearse with."""

import datetime as dt
import os
import re
import sys
from pathlib import Path
from typing import Annotated, Any, Literal

import cyclopts

from autotrade_0dte.cli_errors import EXIT_REFUSED
from autotrade_0dte.cli_options import (
    DEFAULT_RUNS,
    EXIT_UNCLEAN,
    AsJson,
    CatalogFolder,
    SessionDate,
    print_json,
)
from autotrade_0dte.nodes.kill_latch import DEFAULT_STATE, refuse_latched

__all__ = ["doctor", "live", "paper", "simulator"]

DEFAULT_CATALOG = Path("catalog/live")

Minutes = Annotated[float, cyclopts.Parameter(validator=cyclopts.validators.Number(gt=0))]
Broker = Annotated[bool, cyclopts.Parameter(name="--broker", negative="")]
Lively = Annotated[bool, cyclopts.Parameter(name="--lively", negative="")]
Positive = Annotated[float, cyclopts.Parameter(validator=cyclopts.validators.Number(gt=0))]
Live = Annotated[bool, cyclopts.Parameter(name="--live", negative="")]


def _is_root(_: Any, text: str) -> None:
    if not re.fullmatch(r"[A-Z][A-Z0-9.]{0,5}", text):
        raise ValueError("Expected an option root such as SPY.")


Root = Annotated[str, cyclopts.Parameter(validator=_is_root)]


def paper(
    config: Path,
    /,
    *,
    broker: Broker = False,
    minutes: Minutes | None = None,
    catalog: CatalogFolder = DEFAULT_CATALOG,
    runs: Path = DEFAULT_RUNS,
    state: Path = DEFAULT_STATE,
    as_json: AsJson = False,
) -> int:
    """Trade on Tiger's live data without money, and write a run folder.

    Credentials come from the environment or Tiger's properties file (docs/tiger.md).

    Parameters
    ----------
    config
        TOML file, the same as for a backtest.
    broker
        Send the orders to Tiger's paper account; without it the engine fills them itself.
    minutes
        Stop after this long; otherwise a minute after the close, or on Ctrl-C.
    catalog
        Folder of the catalog that the recording goes to.
    runs
        Folder that run folders are made in.
    state
        Folder of the kill latch, and of what a node keeps over its end.
    as_json
        Print the summary as one JSON object.
    """
    mode = "broker" if broker else "paper"
    return _run(config, mode, minutes, catalog, runs, state, as_json=as_json)


def live(
    config: Path,
    /,
    *,
    minutes: Minutes | None = None,
    catalog: CatalogFolder = DEFAULT_CATALOG,
    runs: Path = DEFAULT_RUNS,
    state: Path = DEFAULT_STATE,
    as_json: AsJson = False,
) -> int:
    """Trade with real money at Tiger; asks the operator to confirm the account at the terminal.

    Ends with exit code 4 without trading when account, market or positions are not in order.

    Parameters
    ----------
    config
        TOML file, the same as for a backtest.
    minutes
        Stop after this long; otherwise a minute after the close, or on Ctrl-C.
    catalog
        Folder of the catalog that the recording goes to.
    runs
        Folder that run folders are made in.
    state
        Folder of the kill latch, and of what a node keeps over its end.
    as_json
        Print the summary as one JSON object.
    """
    return _run(config, "live", minutes, catalog, runs, state, as_json=as_json)


def doctor(
    config: Path,
    /,
    *,
    broker: Broker = False,
    live: Live = False,
    state: Path = DEFAULT_STATE,
    as_json: AsJson = False,
) -> int:
    """Run the checks of a node's start and print them as a table; nothing is traded.

    Ends with the exit code the node would refuse to start with: 2 or 4, and 0 when it would start.

    Parameters
    ----------
    config
        TOML file, the same as for a backtest.
    broker
        Check for orders at Tiger's paper account.
    live
        Check for orders with real money.
    state
        Folder of what a node keeps over its end.
    as_json
        Print the checks as one JSON object.
    """
    from autotrade_0dte.config import ConfigError
    from autotrade_0dte.nodes.preflight_table import print_checks

    if live and broker:
        raise ConfigError("Expected --broker or --live, was both: an account is one or the other")
    mode = "live" if live else "broker" if broker else "paper"
    _, _, _, ready = _prepare(config, mode, state)
    if as_json:
        print_json({"checks": ready.checks, "starts": ready.refusal is None})
    else:
        print_checks(ready)
    return 0 if ready.refusal is None else int(ready.refusal.exit_code)


def simulator(
    *,
    catalog: Annotated[Path | None, cyclopts.Parameter(name="--catalog")] = None,
    session: SessionDate | None = None,
    start: str | None = None,
    root: Root = "SPY",
    account: Literal["paper", "live"] = "paper",
    rate: Positive | None = None,
    lively: Lively = False,
    speed: Positive | None = None,
    faults: Path | None = None,
    random_faults: int | None = None,
    seed: int | None = None,
) -> int:
    """Start a loopback Tiger to rehearse with, open at any hour, and print how to point at it.

    Paste the printed lines into another terminal; `autotrade paper` and
    `autotrade live` there then trade against it, and nothing can reach Tiger.
    It ends on Ctrl-C.

    Parameters
    ----------
    catalog
        Replay a session of this catalog; without it the market is synthetic.
    session
        Session to replay; the latest when not given.
    start
        New York time of the session that becomes now, 10:00 when not given.
    root
        Option root.
    account
        Account that the printed environment logs in to.
    rate
        Quotes a second of a synthetic market, 1,000 when not given.
    lively
        Let the synthetic price swing every minute.
    speed
        Of a replay, 1 when not given; another for load tests only.
    faults
        TOML file of faults by the clock (docs/tiger.md).
    random_faults
        Seed of random faults.
    seed
        Seed of the synthetic market, 1 when not given.
    """
    from autotrade_0dte.config import ConfigError
    from autotrade_0dte.nodes.simulator import (
        FaultOptions,
        ReplayOptions,
        SyntheticOptions,
        run_simulator,
    )

    replayed = {"date": session, "start": start, "speed": speed}
    made_up = {"quotes_per_second": rate, "lively": lively or None, "seed": seed}
    of_other, names = (
        (replayed, "--session, --start and --speed without a --catalog to replay")
        if catalog is None
        else (
            made_up,
            "--rate, --lively and --seed, which are a synthetic market's, with --catalog",
        )
    )
    if any(value is not None for value in of_other.values()):
        raise ConfigError(f"Expected none of {names}, was one")
    source: ReplayOptions | SyntheticOptions
    if catalog is None:
        source = SyntheticOptions(root=root, **_given(made_up))
    else:
        try:
            at = None if start is None else dt.time.fromisoformat(start)
        except ValueError:
            raise ConfigError(
                f"--start: Expected a New York time such as 10:30, was {start}"
            ) from None
        source = ReplayOptions(catalog=catalog, root=root, **_given(replayed | {"start": at}))
    try:
        return run_simulator(
            source, account=account, faults=FaultOptions(file=faults, random_seed=random_faults)
        )
    except ValueError as e:
        raise ConfigError(str(e)) from None


def _given(options: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in options.items() if value is not None}


def _run(
    config: Path,
    mode: str,
    minutes: float | None,
    catalog: Path,
    runs: Path,
    state: Path,
    *,
    as_json: bool,
) -> int:
    refuse_latched(state)
    from rich.console import Console

    from autotrade_0dte.analysis.report import write_report
    from autotrade_0dte.analysis.terminal import print_summary
    from autotrade_0dte.nodes.confirmation import confirm_account
    from autotrade_0dte.nodes.live import NodeJob, run_node
    from autotrade_0dte.nodes.live_end import NotWrittenError
    from autotrade_0dte.nodes.preflight import NodeMode
    from autotrade_0dte.nodes.preflight_table import print_checks

    system, tiger, day, ready = _prepare(config, mode, state)
    console = Console(stderr=True)
    print_checks(ready, console)
    if ready.refusal is not None:
        row = ready.refusal
        expected = f" (expected {row.expected})" if row.expected else ""
        print(f"autotrade: not started, {row.name}: {row.found}{expected}", file=sys.stderr)
        return int(row.exit_code)
    if NodeMode(mode) is NodeMode.LIVE:
        confirm_account(tiger.credentials, f"{system.name}: {system.strategies} on {system.root}")
    job = NodeJob(
        config=system,
        tiger=tiger,
        day=day,
        mode=NodeMode(mode),
        ready=ready,
        runs=runs,
        state=state,
        catalog=catalog,
        stop_after_s=None if minutes is None else minutes * 60,
        command=" ".join(["autotrade", *sys.argv[1:]]),
    )
    folder, summary = run_node(job, console)
    try:
        report = write_report(folder)
    except OSError as e:
        raise NotWrittenError(folder, e) from e
    if as_json:
        print_json(summary)
    else:
        print_summary(summary)
        print(f"Report: {report}")
    if any("UNEXPLAINED: " in reason for reason in summary["unclean_reasons"]):
        return EXIT_REFUSED
    return 0 if summary["clean"] else EXIT_UNCLEAN


def _prepare(path: Path, mode: str, state: Path) -> tuple[Any, Any, Any, Any]:
    import asyncio

    from autotrade_0dte.calendar import learn
    from autotrade_0dte.config import check_profile_fits, load_config
    from autotrade_0dte.nodes.preflight import NodeMode, preflight
    from autotrade_0dte.nodes.tiger import trading_day
    from tiger_nt.config import tiger_config

    system = load_config(path)
    tiger = tiger_config(os.environ)
    day = trading_day(tiger)
    check_profile_fits(system, day.date)
    learn(day)
    return system, tiger, day, asyncio.run(preflight(system, tiger, day, NodeMode(mode), state))
