"""A live node against the loopback Tiger, whole: chain, desk, recording; its strategy takes times.

It is the node of ``autotrade live``, with two changes: the strategy, and no limit to the number of
orders, at which a benchmark of seconds would see too few of them. Every check is made all the same.
"""

import asyncio
import json
import sys
import tempfile
from pathlib import Path

import msgspec

from autotrade_0dte.risk.params import RiskParams
from benchmarks.tiger_server import CONFIG
from benchmarks.tiger_stopwatch import Connection

_MANY = 1_000_000


def main() -> None:
    """Run the node until stdin closes."""
    from rich.console import Console

    from autotrade_0dte.calendar import learn
    from autotrade_0dte.config import StrategySpec, load_config
    from autotrade_0dte.nodes import live
    from autotrade_0dte.nodes.preflight import NodeMode, preflight
    from autotrade_0dte.nodes.tiger import trading_day
    from tiger_nt.config import tiger_config

    environment = json.loads(sys.stdin.readline())["environment"]
    config = load_config(CONFIG)
    config = msgspec.structs.replace(
        config,
        regular=StrategySpec("benchmarks.tiger_stopwatch:Stopwatch"),
        live=msgspec.structs.replace(config.live, max_orders_per_minute=_MANY),
        risk=_unlimited(config.risk),
    )
    tiger = tiger_config(environment)
    day = trading_day(tiger, environment)
    learn(day)
    with tempfile.TemporaryDirectory() as folder:
        state = Path(folder) / "state"
        ready = asyncio.run(preflight(config, tiger, day, NodeMode.LIVE, state))
        if ready.refusal is not None:
            raise RuntimeError(f"Expected a node that starts, was {ready.refusal}")
        live.TigerConnection = Connection  # type: ignore[attr-defined, assignment]
        job = live.NodeJob(
            config=config,
            tiger=tiger,
            day=day,
            mode=NodeMode.LIVE,
            ready=ready,
            runs=Path(folder) / "runs",
            state=state,
            catalog=Path(folder) / "catalog",
            stop_after_s=None,
            command="benchmark",
        )
        _, summary = live.run_node(job, Console(stderr=True, quiet=True))
    print(*summary["unclean_reasons"], sep="\n", end="", file=sys.stderr)


def _unlimited(risk: RiskParams) -> RiskParams:
    """Return the limits without those on the number of orders and on what they may lose."""
    changed, limits = msgspec.structs.replace, risk.limits
    return changed(
        risk,
        limits=changed(
            limits,
            order=changed(limits.order, max_orders_a_minute=_MANY, duplicate_window_s=0.0),
            portfolio=changed(limits.portfolio, max_entries=_MANY, max_losses_in_row=_MANY),
        ),
        ladder=changed(risk.ladder, max_daily_loss=1.0, max_drawdown=1.0),
    )


if __name__ == "__main__":
    main()
