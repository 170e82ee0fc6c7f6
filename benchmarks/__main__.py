"""Run every benchmark, print the budgets beside what was measured, and write the JSON.

python -m benchmarks [NAME ...]      NAME: pricing chain import backtest
"""

import datetime as dt
import importlib
import json
import platform
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

RESULTS = Path(__file__).parent / "results"
NAMES = ("pricing", "chain", "import", "backtest")

type Budget = tuple[str, Callable[[dict[str, Any]], float], str, float]
"""What is measured, where it stands in the results, `<=` or `>=`, and the bound."""

BUDGETS: dict[str, list[Budget]] = {
    "pricing": [
        ("IV + 8 Greeks, 200 contracts, ns a contract", lambda r: _ours(r)["200"], "<=", 100.0),
        ("... times the fastest other library", lambda r: r["speedup_200"], ">=", 5.0),
        ("largest relative IV error", lambda r: _own(r)["max_relative_error"], "<=", 1e-12),
    ],
    "chain": [
        (
            "chain cycle, 200 contracts, microseconds",
            lambda r: r["snapshot_200_us"]["total"],
            "<=",
            150.0,
        )
    ],
    "import": [
        ("columns to Parquet, quotes/s a core", lambda r: r["quotes_per_s"], ">=", 1e6),
        ("Parquet to engine objects, ticks/s a core", lambda r: r["chunk_ticks_per_s"], ">=", 7e5),
    ],
    "backtest": [
        ("full system, share of the no-op engine", lambda r: r["share_of_engine"], ">=", 0.60),
        ("session of 4.7 M quotes, seconds", lambda r: r["big_session_s"], "<=", 30.0),
        ("session of 4.7 M quotes, peak GB", lambda r: r["big_session_peak_gb"], "<=", 1.5),
    ],
}


def main() -> None:
    """Run the named benchmarks, or all."""
    names = sys.argv[1:] or list(NAMES)
    results: dict[str, Any] = {}
    for name in names:
        print(f"benchmark: {name}", file=sys.stderr)
        module = importlib.import_module(f"benchmarks.bench_{name}")
        # Through JSON, so that what is printed is what is stored.
        results[name] = json.loads(json.dumps(module.run()))
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{dt.datetime.now(dt.UTC):%Y%m%dT%H%M%S}.json"
    path.write_text(json.dumps({"machine": _machine(), "results": results}, indent=1) + "\n")
    Console().print(_table(results))
    print(f"Written: {path.relative_to(Path(__file__).parents[1])}")


def _table(results: dict[str, Any]) -> Table:
    table = Table("what", "measured", "budget", "", box=None, pad_edge=False)
    for name, result in results.items():
        for what, read, sign, bound in BUDGETS[name]:
            value = read(result)
            met = value <= bound if sign == "<=" else value >= bound
            verdict = "[green]met[/]" if met else "[red]missed[/]"
            table.add_row(what, f"{value:,.4g}", f"{sign} {bound:,.4g}", verdict)
    return table


def _own(result: dict[str, Any]) -> dict[str, Any]:
    own: dict[str, Any] = result["libraries"]["autotrade-0dte"]
    return own


def _ours(result: dict[str, Any]) -> dict[str, float]:
    timings: dict[str, float] = _own(result)["ns_per_contract"]
    return timings


def _machine() -> dict[str, str]:
    return {"python": platform.python_version(), "processor": platform.machine()}


if __name__ == "__main__":
    main()
