"""What the order desk costs: its fair values alone, and each of its handlers in a backtest.

The backtest is one session of 200 contracts (`desk_session`), run twice. *As they come*: an order
once in a minute of market time, between thousands of quotes, so that nothing it needs is in the
processor's caches; the second order, right after it, does the same work and finds them filled.
*Cold*: the caches are emptied before each event, as they are in a live node, where milliseconds lie
between any two.
"""

import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import msgspec
from rich.console import Console
from rich.table import Table

from autotrade_0dte.execution.fair_value import FairValues
from autotrade_0dte.execution.fair_value import warm as warm_fair_value
from benchmarks.bench_backtest import DATE
from benchmarks.bench_chain import NOW_NS, median_us, quoted_book
from benchmarks.desk_session import AS_IT_COMES, COLD

CONTRACTS = 200

type Figures = dict[str, dict[str, float]]
"""Events and microseconds by kind of event."""


def run() -> dict[str, Any]:
    """Return microseconds of the fair values, and of the desk by what it handles."""
    with tempfile.TemporaryDirectory() as folder:
        generate(Path(folder))
        handlers, cold = (_measured(folder, way) for way in (AS_IT_COMES, COLD))
    return {"fair_values": fair_value_us(), "handlers_us": handlers, "cold_us": cold}


def _measured(folder: str, way: str) -> Figures:
    command = [sys.executable, "-m", "benchmarks.desk_session", folder, way]
    told = subprocess.run(command, capture_output=True, text=True, check=True)
    figures: Figures = json.loads(told.stdout.splitlines()[-1])
    return figures


def fair_value_us(rounds: int = 2_000) -> dict[str, float]:
    """Return what a fair value costs: `row_us` on a new chain, `at_us` at a new spot."""
    warm_fair_value()
    chain = quoted_book(CONTRACTS, 2.0).snapshot(NOW_NS, 600.0)
    row = CONTRACTS // 2
    found = {"row_us": median_us(lambda: FairValues(chain).at(row, 600.1), rounds)}
    fair = FairValues(chain)
    found["at_us"] = median_us(lambda: [fair.at(row, 600.1) for row in range(CONTRACTS)], rounds)
    found["at_us"] /= CONTRACTS
    return {name: round(us, 3) for name, us in found.items()}


def generate(folder: Path) -> None:
    """Write one synthetic session of 200 contracts, quoted every five seconds."""
    from autotrade_0dte.data.catalog import Catalog
    from autotrade_0dte.data.synthetic.generate import SyntheticParams
    from autotrade_0dte.data.synthetic.generate import generate as write

    params = msgspec.convert({"quotes": {"strikes": CONTRACTS // 2}}, SyntheticParams)
    write(Catalog(folder), params, sessions=1, seed=1, last=DATE)


def desk_table(result: dict[str, Any]) -> Table:
    """Return a row for each kind of event, with the mean over all of them last."""
    table = Table("microseconds", "events", "median", "mean", "p99", "cold", "p99", box=None)
    for kind, row in result["handlers_us"].items():
        figures = [f"{row[name]:.1f}" for name in ("median", "mean", "p99")]
        cold = result["cold_us"].get(kind)
        figures += [f"{cold[name]:.1f}" for name in ("median", "p99")] if cold else ["", ""]
        table.add_row(kind, f"{row['events']:,}", *figures)
    return table


if __name__ == "__main__":
    Console().print(desk_table(run()))
