"""Both tracks over the recorded SPY sessions, alone and together: docs/results.md.

    python scripts/track_results.py DATA [--workers N] [--write]

DATA is the folder of vendor files that docs/data.md describes. Without --write the tables are
printed and compared with the document; a difference ends with exit code 1.
"""

import argparse
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
from real_sessions import import_all

from autotrade_0dte.analysis.forward_returns import Sample
from autotrade_0dte.analysis.signal_accuracy import (
    Accuracy,
    AccuracyRow,
    BinKind,
    signal_accuracy,
)
from autotrade_0dte.analysis.tables import by_session, read_table
from autotrade_0dte.calendar import NEW_YORK
from autotrade_0dte.config import SystemConfig, load_config
from autotrade_0dte.data.catalog import Catalog
from autotrade_0dte.market_state.state import CHANNELS, Level
from autotrade_0dte.nodes.sessions import run_backtest

ROOT = Path(__file__).resolve().parents[1]
DOCUMENT = ROOT / "docs" / "results.md"
CONFIG = ROOT / "configs" / "spy_5min.toml"
BEGIN, END = "<!-- {}: begin -->\n", "<!-- {}: end -->\n"
HORIZONS_S = (300.0, 900.0, 1_800.0)
_LONGEST = 8


def variants(config: SystemConfig) -> dict[str, SystemConfig]:
    """Return the configuration with each track alone, and with both."""
    return {
        "regular alone": msgspec.structs.replace(config, anomaly=None),
        "anomaly alone": msgspec.structs.replace(config, regular=None),
        "both": config,
    }


def run_all(data: Path, folder: Path, workers: int) -> dict[str, tuple[Path, dict[str, Any]]]:
    """Import the sessions and run each variant; return run folders and summaries."""
    catalog = folder / "catalog"
    import_all(data, catalog)
    config = load_config(CONFIG)
    entries = Catalog(catalog).sessions(config.root)
    return {
        name: run_backtest(
            variant,
            catalog,
            entries,
            folder / "runs",
            workers=workers,
            command=f"autotrade backtest configs/{CONFIG.name}",
            progress=lambda _: None,
        )
        for name, variant in variants(config).items()
    }


def result_table(runs: dict[str, tuple[Path, dict[str, Any]]]) -> str:
    """Return what each variant earned."""
    lines = [
        "| tracks | trades | won | gross P&L | fees | net P&L | 95 % a session | max drawdown |",
        "|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for name, (_, s) in runs.items():
        low, high = s["net_pnl_daily_ci95"] or (None, None)
        interval = "" if low is None else f"{low:,.2f} to {high:,.2f}"
        won = "" if s["win_rate"] is None else f"{s['win_rate']:.0%}"
        lines.append(
            f"| {name} | {s['trades']} | {won} | {s['gross_pnl']:,.2f} | {s['fees']:,.2f} "
            f"| {s['net_pnl']:,.2f} | {interval} | {s['max_drawdown']:,.2f} |"
        )
    return "\n".join(lines) + "\n"


def fills_table(runs: dict[str, tuple[Path, dict[str, Any]]]) -> str:
    """Return what is left of each variant under each belief about fills."""
    beliefs = list(next(iter(runs.values()))[1]["scenarios"])
    lines = [
        f"| tracks | {' | '.join(beliefs)} | verdict |",
        "|---|" + "--:|" * len(beliefs) + "---|",
    ]
    for name, (_, s) in runs.items():
        found = s["scenarios"]
        cells = [f"{found[b]['trades']}: {found[b]['net_pnl']:,.2f}" for b in beliefs]
        lines.append(f"| {name} | {' | '.join(cells)} | {s['fill_verdict']} |")
    return "\n".join(lines) + "\n"


def group_table(runs: dict[str, tuple[Path, dict[str, Any]]], key: str, title: str) -> str:
    """Return trades and net result of each variant by one of the summary's groups."""
    groups = sorted({group for _, s in runs.values() for group in s[key]})
    lines = [f"| {title} | {' | '.join(runs)} |", "|---|" + "--:|" * len(runs)]
    for group in groups:
        cells = []
        for _, s in runs.values():
            found = s[key].get(group)
            cells.append("" if found is None else f"{found['trades']}: {found['net_pnl']:,.2f}")
        lines.append(f"| {group} | {' | '.join(cells)} |")
    return "\n".join(lines) + "\n"


def states_table(folder: Path) -> str:
    """Return minutes at each level by session, and every rise with its evidence."""
    lines = [
        "| session | L1 min | L2 min | L3 min | rises, New York, with the evidence |",
        "|---|--:|--:|--:|---|",
    ]
    scores = [f"{channel}_score" for channel in CHANNELS]
    table = read_table(folder, "states", ["session", "ts_event", "level", *scores])
    for date, states in by_session(table).items():
        times = states["ts_event"].cast(pa.int64()).to_numpy()
        level = states["level"].to_numpy()
        width = np.diff(times, append=times[-1]) / 60e9
        minutes = [width[level == at].sum() for at in (Level.L1, Level.L2, Level.L3)]
        rises = list(_rises(states, level, scores))
        more = f"; and {len(rises) - _LONGEST} more" if len(rises) > _LONGEST else ""
        told = "; ".join(rises[:_LONGEST]) + more
        lines.append(f"| {date} | {' | '.join(f'{m:.0f}' for m in minutes)} | {told} |")
    return "\n".join(lines) + "\n"


def _rises(states: pa.Table, level: np.ndarray, scores: list[str]) -> Iterator[str]:
    for row in np.flatnonzero(np.diff(level, prepend=Level.CALM) > 0).tolist():
        at = states["ts_event"][row].as_py().astimezone(NEW_YORK)
        known = {
            channel: states[name][row].as_py()
            for channel, name in zip(CHANNELS, scores, strict=True)
        }
        best = sorted(known, key=lambda c: -np.nan_to_num(known[c], nan=-np.inf))[:2]
        because = ", ".join(f"{c.replace('_', ' ')} {known[c]:+.1f}" for c in best)
        yield f"{at:%H:%M} L{level[row]} ({because})"


def accuracy_table(accuracy: Accuracy, kinds: tuple[BinKind, ...]) -> str:
    """Return how often signals were right, against the same directions at every new price."""
    lines = [
        "| track | signals | horizon | n | right | 95 % | base rate | mean bps | 95 % |",
        "|---|---|--:|--:|--:|--:|--:|--:|--:|",
    ]
    for row in accuracy.rows:
        wanted = row.kind in kinds and row.horizon_s in HORIZONS_S and row.sample is Sample.ONSET
        if wanted and row.known:
            low, high = row.mean_low_bps, row.mean_high_bps
            interval = "" if np.isnan(low) else f"{low:+.1f} to {high:+.1f}"
            lines.append(
                f"| {row.track} | {_group(row)} | {row.horizon_s / 60:g} min | {row.known} "
                f"| {row.hit_rate:.0%} | {row.hit_low:.0%} to {row.hit_high:.0%} "
                f"| {row.base_rate:.0%} | {row.mean_bps:+.1f} | {interval} |"
            )
    return "\n".join(lines) + "\n"


def _group(row: AccuracyRow) -> str:
    if row.kind is BinKind.LEVEL:
        return f"at {Level(row.bin).name}"
    if row.kind is BinKind.STRENGTH:
        return f"strength {row.low:.2f} to {row.high:.2f}"
    return "all"


def sections(runs: dict[str, tuple[Path, dict[str, Any]]]) -> dict[str, str]:
    """Return the generated parts of the document by name."""
    both = runs["both"][0]
    accuracy = signal_accuracy(both)
    return {
        "results": result_table(runs),
        "fills": fills_table(runs),
        "exits": group_table(runs, "by_exit_reason", "exit reason"),
        "levels": group_table(runs, "by_level", "level at entry"),
        "states": states_table(both),
        "accuracy by level": accuracy_table(accuracy, (BinKind.ALL, BinKind.LEVEL)),
        "accuracy by strength": accuracy_table(accuracy, (BinKind.STRENGTH,)),
    }


def replaced(text: str, parts: dict[str, str]) -> str:
    """Return the document with its generated parts made anew."""
    for name, made in parts.items():
        begin, end = BEGIN.format(name), END.format(name)
        head, found, rest = text.partition(begin)
        if not found or end not in rest:
            raise SystemExit(f"Expected the lines of {name} in {DOCUMENT.name}, was none")
        text = head + begin + made + end + rest.partition(end)[2]
    return text


def main() -> int:
    """Run, and compare or write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        made = sections(run_all(options.data, Path(folder), options.workers))
    for name, part in made.items():
        print(f"{name}\n{part}")
    before = DOCUMENT.read_text()
    after = replaced(before, made)
    if options.write:
        DOCUMENT.write_text(after)
        return 0
    return 0 if after == before else 1


if __name__ == "__main__":
    sys.exit(main())
