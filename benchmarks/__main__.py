"""Run every benchmark, print the budgets beside what was measured, and write the JSON.

``python -m benchmarks [--write] [NAME ...]``, NAME being pricing, chain, pipeline, selection, risk,
desk, store, import, backtest or tiger. With --write the tables of the README are replaced as well:
one needs tiger, the other one all the rest.
"""

import datetime as dt
import importlib
import json
import platform
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from benchmarks.bench_tiger import tiger_table

ROOT = Path(__file__).resolve().parents[1]
RESULTS = ROOT / "benchmarks" / "results"
README = ROOT / "README.md"
NAMES = (
    "pricing", "chain", "pipeline", "selection", "risk", "desk", "store", "import", "backtest",
    "tiger",
)  # fmt: skip

type Budget = tuple[str, Callable[[dict[str, Any]], float], str, float]
"""What is measured, where it stands in the results, `<=` or `>=`, and the bound."""


def _desk_median(kind: str, result: dict[str, Any]) -> float:
    median: float = result["handlers_us"][kind]["median"]
    return median


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
    "pipeline": [
        (
            "snapshot to the signals of both tracks, microseconds",
            lambda r: r["both_tracks_us"],
            "<=",
            60.0,
        )
    ],
    "selection": [
        ("ranking of 200 contracts, microseconds", lambda r: r["slowest_us"], "<=", 200.0)
    ],
    "risk": [
        ("risk gate, median microseconds", lambda r: r["check_us"], "<=", 20.0),
        ("... with scenarios", lambda r: r["with_scenarios_us"], "<=", 200.0),
    ],
    "desk": [
        (
            "fair value of one at a new spot, microseconds",
            lambda r: r["fair_values"]["at_us"],
            "<=",
            1.0,
        ),
        *(
            (f"order desk, {kind}, median microseconds", partial(_desk_median, kind), "<=", 20.0)
            for kind in ("view, none at work", "view, an order at work", "timer", "answer", "order")
        ),
        (
            "order desk, all its events, mean microseconds",
            lambda r: r["handlers_us"]["all events"]["mean"],
            "<=",
            20.0,
        ),
    ],
    "store": [
        (
            "one write of what survives a node, median microseconds",
            lambda r: r["slowest_us"],
            "<=",
            200.0,
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
    "tiger": [
        (
            "push frame to `on_quote`, 1,000 quotes/s, p99 ms",
            lambda r: r["node"]["quotes"]["1000"]["p99"],
            "<=",
            10.0,
        ),
        ("decision to order at the server, p99 ms", lambda r: r["node"]["order"]["p99"], "<=", 5.0),
    ],
}


def main() -> None:
    """Run the named benchmarks, or all."""
    write = "--write" in sys.argv
    names = [name for name in sys.argv[1:] if name != "--write"] or list(NAMES)
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
    if "tiger" in results:
        print(*tiger_table(results["tiger"]), sep="\n")
    print(f"Written: {path.relative_to(ROOT)}")
    if write:
        _write(results)


def _write(results: dict[str, Any]) -> None:
    """Replace the README's tables for which every benchmark has run."""
    text = README.read_text()
    for title, (names, markdown) in TABLES.items():
        if not set(names) <= results.keys():
            continue
        begin, end = f"<!-- {title}: begin -->\n", f"<!-- {title}: end -->\n"
        head, found, rest = text.partition(begin)
        if not found:
            raise SystemExit(f"Expected the line {begin.strip()} in {README.name}, was none")
        chosen = {name: results[name] for name in names}
        text = head + begin + markdown(chosen) + end + rest.partition(end)[2]
    README.write_text(text)


def _rows(results: dict[str, Any]) -> list[tuple[str, str, str, bool]]:
    rows = []
    for name, result in results.items():
        for what, read, sign, bound in BUDGETS[name]:
            value = read(result)
            met = value <= bound if sign == "<=" else value >= bound
            rows.append((what, _figure(value), f"{sign} {_figure(bound)}", met))
    return rows


def _figure(value: float) -> str:
    return f"{value:.1e}" if value < 1e-3 else f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _table(results: dict[str, Any]) -> Table:
    table = Table("what", "measured", "budget", "", box=None, pad_edge=False)
    for what, value, budget, met in _rows(results):
        table.add_row(what, value, budget, "[green]met[/]" if met else "[red]missed[/]")
    return table


def _budgets(results: dict[str, Any]) -> list[str]:
    lines = ["| what | measured | budget | |", "|---|--:|--:|---|"]
    return lines + [
        f"| {what} | {value} | {budget} | {'met' if met else '**missed**'} |"
        for what, value, budget, met in _rows(results)
    ]


def _tiger(results: dict[str, Any]) -> str:
    return "\n".join([*_budgets(results), "", *tiger_table(results["tiger"])]) + "\n"


def _core(results: dict[str, Any]) -> str:
    lines = [
        *_budgets(results),
        "",
        "| IV and Greeks of 200 contracts | outputs | ns a contract | largest IV error |",
    ]
    lines += ["|---|---|--:|--:|"]
    for name, row in results["pricing"]["libraries"].items():
        timing, error = row["ns_per_contract"]["200"], row["max_relative_error"]
        lines.append(
            f"| {name} {row['version']} | {row['outputs']} | {timing:,.0f} | {error:.0e} |"
        )
    # What the engine does with a command of the desk is in none of the desk's own figures.
    lines += ["", "| order desk, its own microseconds | events | median | mean | p99 "]
    lines[-1] += (
        "| median with cold caches | events with commands | the engine's in those, median |"
    )
    lines += ["|---|--:|--:|--:|--:|--:|--:|--:|"]
    for kind, row in results["desk"]["handlers_us"].items():
        figures = " | ".join(f"{row[name]:.1f}" for name in ("median", "mean", "p99"))
        cold = results["desk"]["cold_us"].get(kind)
        figures += f" | {cold['median']:.1f}" if cold else " | "
        engine = f"{row['engine']:.1f}" if row["commands"] else "-"
        lines.append(f"| {kind} | {row['events']:,} | {figures} | {row['commands']:,} | {engine} |")
    return "\n".join(lines) + "\n"


def _own(result: dict[str, Any]) -> dict[str, Any]:
    own: dict[str, Any] = result["libraries"]["autotrade-0dte"]
    return own


def _ours(result: dict[str, Any]) -> dict[str, float]:
    timings: dict[str, float] = _own(result)["ns_per_contract"]
    return timings


TABLES: dict[str, tuple[tuple[str, ...], Callable[[dict[str, Any]], str]]] = {
    "benchmarks": (tuple(name for name in NAMES if name != "tiger"), _core),
    "tiger benchmarks": (("tiger",), _tiger),
}
"""The README's tables: between which comments, of which benchmarks, and how they are written."""


def _machine() -> dict[str, str]:
    return {"python": platform.python_version(), "processor": platform.machine()}


if __name__ == "__main__":
    main()
