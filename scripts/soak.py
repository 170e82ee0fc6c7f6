"""Minutes of trading at full rate with random faults: does anything grow, and do the books agree?

``python scripts/soak.py [MINUTES]`` (20) starts the loopback Tiger with random faults and, in
another process, ``autotrade paper --broker`` with a strategy that trades all the time. It watches
the node's memory and threads from outside and, at the end, compares every order, fill, position and
fee of the run with the simulator's. Exit code 1 if anything is not as it should be.
"""

import argparse
import json
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np

TESTS = Path(__file__).resolve().parents[1] / "tests"
sys.path.insert(0, str(TESTS))

from faults.books import differences, run_books, tiger_books  # noqa: E402
from faults.paper_node import PaperNode  # noqa: E402
from simulator_process import SimulatorProcess  # noqa: E402

SAMPLE_S = 5.0
WARM_UP = 0.2
"""Part of the run that counts as warming up: caches fill, code is compiled."""
MAX_GROWTH = 0.25
"""MiB a minute after the warm-up, beside what is kept of the orders."""
KEPT_PER_ORDER = 24
"""KiB that the engine and the run's books keep of an order: it, its dozen events, its fills and the
closed position, all of them until the end. Of quotes nothing is kept."""
MAX_THREADS = 3
"""Threads more at the end than after the warm-up: pools make theirs when first needed. A thread
lost at each reconnect would be many more."""
FINISH_S = 20.0
CONFIG = """
name = "soak"
root = "SPY"

[regular]
path = "faults.churn:ChurnStrategy"

[regular.params]
pause_s = 2.0
trade_for_s = {trade_for_s}

[live]
max_orders_per_minute = 120
reconcile_interval_s = 10.0
"""


class Sample(msgspec.Struct, frozen=True):
    """The node at one time: seconds since the first sample, resident MiB, threads."""

    at_s: float
    rss: float
    threads: int


def main() -> int:
    options = _options()
    with tempfile.TemporaryDirectory(prefix="soak-") as name:
        folder = Path(name) if options.folder is None else options.folder
        folder.mkdir(parents=True, exist_ok=True)
        trade_for_s = options.minutes * 60
        (folder / "config.toml").write_text(CONFIG.format(trade_for_s=trade_for_s))
        with _simulator(options) as simulator:
            with PaperNode(simulator, folder, options.minutes + FINISH_S / 60) as node:
                samples = _watch(node, trade_for_s + FINISH_S, verbose=options.verbose)
                code = node.end()
            # Up to the end of trading: bringing the recording into the catalog takes memory too.
            traded = [sample for sample in samples if sample.at_s <= trade_for_s]
            return _judge(traded, node, code, simulator.state(), simulator.account("paper"))


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("minutes", nargs="?", type=float, default=20.0, help="of trading (20)")
    parser.add_argument("--rate", type=float, default=1_000.0, help="quotes a second (1000)")
    parser.add_argument("--seed", type=int, default=1, help="of the random faults (1)")
    parser.add_argument("--every", type=float, default=10.0, help="a fault every so many s (10)")
    parser.add_argument("--folder", type=Path, help="keep what the node writes here")
    parser.add_argument("--verbose", action="store_true", help="print every sample")
    return parser.parse_args()


def _simulator(options: argparse.Namespace) -> SimulatorProcess:
    code = (
        "from autotrade_0dte.nodes.simulator import FaultOptions, SyntheticOptions, run_simulator; "
        f"run_simulator(SyntheticOptions(quotes_per_second={options.rate}, lively=True), "
        f"faults=FaultOptions(random_seed={options.seed}, every_s={options.every}), "
        "as_json=True, until_stdin_closes=True)"
    )
    return SimulatorProcess(command=[sys.executable, "-c", code])


def _watch(node: PaperNode, seconds: float, *, verbose: bool) -> list[Sample]:
    """Sample the node until it ends or its time is over."""
    samples: list[Sample] = []
    began_s = time.monotonic()
    while (at_s := time.monotonic() - began_s) < seconds and node.is_running:
        time.sleep(SAMPLE_S)
        status = Path(f"/proc/{node.pid}/status").read_text()
        facts = dict(line.split(":", 1) for line in status.splitlines())
        if "VmRSS" not in facts:
            break  # it has just ended
        rss = int(facts["VmRSS"].split()[0]) / 1024
        samples.append(Sample(at_s, rss, int(facts["Threads"])))
        if verbose:
            print(f"{at_s:7.0f} s  {rss:7.1f} MiB  {samples[-1].threads} threads", flush=True)
    return samples


def _judge(
    samples: list[Sample],
    node: PaperNode,
    code: int,
    state: dict[str, Any],
    account: dict[str, Any],
) -> int:
    warm = samples[int(len(samples) * WARM_UP) :]
    minutes = np.array([sample.at_s for sample in warm]) / 60
    growth = float(np.polyfit(minutes, [sample.rss for sample in warm], 1)[0])
    orders = len(account["orders"])
    allowed = MAX_GROWTH + KEPT_PER_ORDER / 1024 * orders / (samples[-1].at_s / 60)
    threads = [sample.threads for sample in warm]
    wrong = differences(run_books(node.folder), tiger_books(account))
    summary = json.loads((node.folder / "summary.json").read_text())
    errors = [line for line in _log(node.folder) if line["level"] == "ERROR"]
    problems = wrong + [f"{line['component']}: {line['message']}" for line in errors]
    if growth > allowed:
        problems.append(f"memory grows by {growth:.2f} MiB/min, allowed {allowed:.2f}")
    if threads[-1] - threads[0] > MAX_THREADS:
        problems.append(f"threads grew from {threads[0]} to {threads[-1]}")
    hits = Counter(state["faults"]["hits"])
    for name, text in {
        "minutes": f"{samples[-1].at_s / 60:.1f}",
        "quotes": f"{summary['quotes']:,} ({summary['quotes'] / samples[-1].at_s:,.0f} /s)",
        "orders": _counted(order["status"] for order in account["orders"]),
        "fills": str(len(account["transactions"])),
        "faults": _counted(hits.elements()),
        "memory": f"{warm[0].rss:.1f} -> {warm[-1].rss:.1f} MiB, "
        f"{growth:+.2f} MiB/min (allowed {allowed:.2f})",
        "threads": f"{threads[0]} -> {threads[-1]} (at most {max(threads)})",
        "differences": str(len(wrong)),
        "errors": str(len(errors)),
        "exit code": str(code),
        "reasons": _counted(reasons.split(": ")[1] for reasons in summary["unclean_reasons"]),
    }.items():
        print(f"{name:12} {text}")
    for problem in problems:
        print(f"FAILED: {problem}")
    return 1 if problems else 0


def _counted(names: Iterable[str]) -> str:
    counts = Counter(names)
    listed = ", ".join(f"{name} {count}" for name, count in sorted(counts.items()))
    return f"{counts.total()} ({listed})"


def _log(folder: Path) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (folder / "log.jsonl").read_text().splitlines()]


if __name__ == "__main__":
    sys.exit(main())
