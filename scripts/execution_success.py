"""How many of the orders that the rules say should fill do: a table of docs/execution.md.

    python scripts/execution_success.py [--workers N] [--write]

Both tracks of the demo trade generated sessions with quotes every second, whose seeds nothing was
chosen on, under two fill scenarios. Without --write the table is printed and compared with the
document; a difference ends with exit code 1.
"""

import argparse
import datetime as dt
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import numpy as np
from document_part import compared_or_written

from autotrade_0dte.analysis.intervals import share95, wilson95
from autotrade_0dte.analysis.scenarios import scenario_folder
from autotrade_0dte.analysis.tca import ParentCost, read_parent_costs
from autotrade_0dte.calendar import sessions_between
from autotrade_0dte.config import load_config
from autotrade_0dte.data.catalog import Catalog
from autotrade_0dte.data.synthetic.generate import SyntheticParams, generate
from autotrade_0dte.data.synthetic.quotes import QuoteParams
from autotrade_0dte.execution.fills import FillScenario
from autotrade_0dte.execution.parent import Purpose
from autotrade_0dte.nodes.sessions import run_backtest

ROOT = Path(__file__).resolve().parents[1]
CONFIG = ROOT / "configs" / "demo.toml"
DOCUMENT = ROOT / "docs" / "execution.md"
MARKS = (
    "<!-- execution success: made by scripts/execution_success.py -->",
    "<!-- end of execution success -->",
)
SEEDS = range(200, 234)
"""A session each: more than 300 orders under either scenario."""
DATES = [each.date for each in sessions_between(dt.date(2026, 6, 1), dt.date(2026, 7, 31))]
SCENARIOS = (FillScenario.BASE, FillScenario.PESSIMISTIC)
ALL = "all"
HEAD = """\
| fills | purpose | orders | should fill | filled | success | 95 %, orders independent \
| 95 %, sessions independent |
|---|---|--:|--:|--:|--:|---|---|"""
FAILED = """\
| fills | not filled | route | outcome | reason | orders | filled in part |
|---|---|---|---|---|--:|--:|"""

type Parents = Sequence[ParentCost]


def run_all(folder: Path, workers: int) -> dict[FillScenario, list[ParentCost]]:
    """Generate the sessions, run them, and return the parents of each scenario."""
    catalog = Catalog(folder / "catalog")
    params = SyntheticParams(quotes=QuoteParams(interval_s=1))
    for seed, date in zip(SEEDS, DATES, strict=False):
        generate(catalog, params, sessions=1, seed=seed, last=date)
    config = load_config(CONFIG)
    run, _ = run_backtest(
        config,
        catalog.path,
        catalog.sessions(config.root),
        folder / "runs",
        workers=workers,
        command=f"autotrade backtest configs/{CONFIG.name}",
        progress=lambda _: None,
        scenarios=SCENARIOS,
    )
    return {each: read_parent_costs(scenario_folder(run, each)) for each in SCENARIOS}


def success_rows(scenario: FillScenario, parents: Parents) -> Iterator[str]:
    """Yield a row for each purpose and one for all."""
    for name in (*Purpose, ALL):
        members = [p for p in parents if name in (ALL, p.purpose)]
        due = [p for p in members if p.should_fill]
        if not due:
            continue
        filled = np.array([p.succeeded for p in due])
        session = np.array([p.session.toordinal() for p in due])
        yield (
            f"| {scenario} | {name} | {len(members):,} | {len(due):,} | {filled.sum():,} "
            f"| {filled.mean():.1%} | {_interval(wilson95(int(filled.sum()), len(due)))} "
            f"| {_interval(share95(filled, session))} |"
        )


def failed_rows(scenario: FillScenario, parents: Parents) -> Iterator[str]:
    """Yield a row for each way in which orders that should fill did not."""
    failed = [p for p in parents if p.should_fill and not p.succeeded]
    ways = Counter((p.purpose, p.route, p.outcome, p.end_reason) for p in failed)
    in_part = Counter((p.purpose, p.route, p.outcome, p.end_reason) for p in failed if p.filled)
    for way, count in sorted(ways.items()):
        yield f"| {scenario} | {' | '.join(way)} | {count} | {in_part[way]} |"


def table(found: Mapping[FillScenario, Parents]) -> str:
    """Return the part of the document."""
    rows = [row for scenario, parents in found.items() for row in success_rows(scenario, parents)]
    failed = [row for scenario, parents in found.items() for row in failed_rows(scenario, parents)]
    title = (
        f"{len(SEEDS)} generated SPY sessions of seeds {SEEDS[0]} to {SEEDS[-1]} with quotes "
        "every second, both tracks of the demo:\n"
    )
    parts = [title, HEAD, *rows]
    if failed:
        parts += ["", FAILED, *failed]
    return "\n".join(parts) + "\n"


def _interval(bounds: tuple[float, float]) -> str:
    return f"{bounds[0]:.1%} to {bounds[1]:.1%}"


def main() -> int:
    """Run, and compare or write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        made = table(run_all(Path(folder), options.workers))
    print(made, end="")
    return compared_or_written(DOCUMENT, MARKS, made, write=options.write)


if __name__ == "__main__":
    sys.exit(main())
