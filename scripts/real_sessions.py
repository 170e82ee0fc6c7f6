"""Import the real sample data, backtest it, and write the figures into the README.

    python scripts/real_sessions.py DATA [--workers N] [--write]

DATA is the folder of vendor files that docs/data.md describes. Without --write the table is
printed and compared with the README; a difference ends with exit code 1.
"""

import argparse
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from autotrade_0dte.config import load_config
from autotrade_0dte.data.catalog import Catalog
from autotrade_0dte.data.importers.importing import import_files
from autotrade_0dte.data.importers.report import ImportReport
from autotrade_0dte.execution.fills import FillScenario
from autotrade_0dte.nodes.sessions import run_backtest

ROOT = Path(__file__).resolve().parents[1]
README = ROOT / "README.md"
BEGIN, END = "<!-- real sessions: begin -->\n", "<!-- real sessions: end -->\n"

IMPORTS = (
    ("cboe-delayed", "spy_0dte_5min", None),
    ("closes", "spy_0dte_5min/closes.csv", None),
    ("ohlc-bars", "spx_1min", "SPX"),
    ("ohlc-bars", "vix_daily.csv", "VIX"),
    ("lean", "lean", None),
)
RUNS = (
    ("SPY, books of 5 minutes", "spy_5min.toml", None),
    ("SPXW 2021-01-04, minute bars", "spxw_1min.toml", "2021-01-04"),
    ("GOOG 2015-12-24, half day", "goog_1min.toml", None),
)


def import_all(data: Path, folder: Path) -> dict[str, ImportReport]:
    """Import every sample into one catalog; return the report of each source."""
    return {
        source: import_files(name, [data / source], Catalog(folder), symbol=symbol)
        for name, source, symbol in IMPORTS
    }


def backtest_all(
    catalog: Path,
    runs: Path,
    workers: int,
    scenarios: Sequence[FillScenario] = (FillScenario.BASE,),
) -> list[tuple[str, dict[str, Any]]]:
    """Run each configuration over its sessions; return the summaries."""
    results = []
    for title, config_name, date in RUNS:
        config = load_config(ROOT / "configs" / config_name)
        entries = Catalog(catalog).sessions(config.root)
        chosen = [entry for entry in entries if date in (None, str(entry.date))]
        _, summary = run_backtest(
            config,
            catalog,
            chosen,
            runs,
            workers=workers,
            scenarios=scenarios,
            command=f"autotrade backtest configs/{config_name}",
            progress=lambda _: None,
        )
        results.append((title, summary))
    return results


def table(results: list[tuple[str, dict[str, Any]]]) -> str:
    """Return the README's table."""
    lines = [
        "| data | sessions | quotes | trades | gross P&L | fees | net P&L | max drawdown | clean |",
        "|---|--:|--:|--:|--:|--:|--:|--:|--:|",
    ]
    lines += [
        f"| {title} | {s['sessions']} | {s['quotes']:,} | {s['trades']} | {s['gross_pnl']:,.2f} "
        f"| {s['fees']:,.2f} | {s['net_pnl']:,.2f} | {s['max_drawdown']:,.2f} "
        f"| {sum(row['clean'] for row in s['per_session'])} of {s['sessions']} |"
        for title, s in results
    ]
    return "\n".join(lines) + "\n"


def readme_table() -> str:
    """Return the table that the README holds now."""
    return README.read_text().partition(BEGIN)[2].partition(END)[0]


def main() -> int:
    """Import, run, and compare or write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        catalog = Path(folder, "catalog")
        import_all(options.data, catalog)
        made = table(backtest_all(catalog, Path(folder, "runs"), options.workers))
    print(made, end="")
    if options.write:
        text = README.read_text()
        head, found, rest = text.partition(BEGIN)
        if not found:
            raise SystemExit(f"Expected the line {BEGIN.strip()} in {README.name}, was none")
        README.write_text(head + BEGIN + made + END + rest.partition(END)[2])
        return 0
    return 0 if made == readme_table() else 1


if __name__ == "__main__":
    sys.exit(main())
