"""What entries of four styles cost, on recorded and on generated quotes: docs/execution.md.

    python scripts/entry_styles.py DATA [--workers N] [--write]

DATA is the folder of vendor files that docs/data.md describes. Every ten minutes four options are
bought on paper, the call and the put nearest to a delta of 0.50 and of 0.25, in each style and
under each fill scenario, each order in a world of its own. There is no engine: the desk's own walk
meets the quotes, and the fill rules of the backtest say what it gets. Without --write the tables
are printed and compared with the document; a difference ends with exit code 1.
"""

import argparse
import datetime as dt
import itertools
import sys
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import NamedTuple

import msgspec
import numpy as np
from document_part import compared_or_written
from numpy.typing import NDArray
from paper_entry import EntryStyle, PaperEntry, policy

from autotrade_0dte.chain.snapshot import ChainSnapshot
from autotrade_0dte.config import StrategySpec, SystemConfig, load_config
from autotrade_0dte.data.catalog import Catalog, SessionEntry
from autotrade_0dte.data.importers.importing import import_files
from autotrade_0dte.data.replay import snapshots
from autotrade_0dte.data.synthetic.days import DayKind
from autotrade_0dte.data.synthetic.generate import SyntheticParams, generate
from autotrade_0dte.data.synthetic.quotes import QuoteParams
from autotrade_0dte.execution.fair_value import FairValues
from autotrade_0dte.execution.fees import fee_schedule
from autotrade_0dte.execution.fills import FillScenario, FillScenarios
from autotrade_0dte.execution.order_quote import OrderQuote
from autotrade_0dte.execution.parent import ParentOrder, Purpose, Side
from autotrade_0dte.execution.remainder import RemainderRule
from autotrade_0dte.market_state.actions import Urgency
from autotrade_0dte.market_state.state import Level
from autotrade_0dte.products import product, tick_cents

ROOT = Path(__file__).resolve().parents[1]
DOCUMENT = ROOT / "docs" / "execution.md"
MARKS = ("<!-- entry styles: made by scripts/entry_styles.py -->", "<!-- end of entry styles -->")
DATE = dt.date(2026, 7, 30)
SEEDS = range(21, 27)
NS = 1_000_000_000
DELTAS = (0.50, 0.25)
EVERY_S = 590
FIRST_S, LAST_S = 600, 1_800
FRESH_S = 10.0
QUANTITY = 4
SOON_S, SOON_STEP_S, LATER_STEP_S = 30, 0.5, 10.0
BOOTSTRAPS = 2_000
HEAD = """\
| style | scenario | orders | filled | cost, % of the spread [95 %] | median time to fill | \
all-in cost [95 %] |
|---|---|--:|--:|---|--:|---|"""


class Variant(NamedTuple):
    """How long an entry may take, and how far above the ask of its decision its cap lies."""

    life_s: int
    beyond_ticks: int


RECORDED = (Variant(30, 0), Variant(600, 0))
GENERATED = (Variant(30, 0), Variant(30, 2))


class Result(NamedTuple):
    """What became of one entry; prices are dollars, `at_end` is the touch when it was over."""

    session: int
    variant: Variant
    style: EntryStyle
    scenario: FillScenario
    mid: float
    spread: float
    filled: int
    paid: float
    at_end: float
    seconds: float


class Bought:
    """One contract's entries of all variants, styles and scenarios, decided on one snapshot."""

    def __init__(
        self,
        number: int,
        date: dt.date,
        chain: ChainSnapshot,
        row: int,
        config: SystemConfig,
        variants: tuple[Variant, ...],
    ) -> None:
        self.row = row
        self._number = number
        self._quote = _quote(chain, FairValues(chain), row, chain.ts_event)
        self._next_ns = self._decided_ns = chain.ts_event
        ticks = partial(tick_cents, product(config.root))
        tick = ticks(round(self._quote.ask * 100)) / 100
        schedule = fee_schedule(config.fees.entity, date)
        rule = RemainderRule(schedule, config.root, config.desk.remainder)
        right = "C" if chain.is_call[row] else "P"
        self.entries: list[tuple[Variant, EntryStyle, FillScenario, PaperEntry]] = []
        for variant, style, scenario in itertools.product(variants, EntryStyle, FillScenario):
            parent = ParentOrder(
                parent_id="", plan_id="", strategy="", reason="",
                instrument_id=f"{right}{chain.strike[row]:g}", side=Side.BUY, quantity=QUANTITY,
                cap=self._quote.ask + variant.beyond_ticks * tick, purpose=Purpose.ENTRY,
                urgency=Urgency.NORMAL, level=Level.CALM, decided_ns=chain.ts_event,
                deadline_ns=chain.ts_event + variant.life_s * NS,
            )  # fmt: skip
            worker = policy(style, parent, config.desk, ticks, chain.expiry_ns, rule)
            entry = PaperEntry(
                worker,
                knows_fair=style is EntryStyle.FAIR_VALUE_WALK,
                fills=FillScenarios().of(scenario),
                latency_ns=config.simulation.latency_ms * 1_000_000,
                tick_cents=ticks,
            )
            self.entries.append((variant, style, scenario, entry))

    def look(self, chain: ChainSnapshot, fair: FairValues, now_ns: int) -> None:
        """Show the market of `now_ns` to the entries that are not over, when a look is due."""
        if now_ns < self._next_ns:
            return
        is_soon = now_ns - self._decided_ns < SOON_S * NS
        self._next_ns = now_ns + round((SOON_STEP_S if is_soon else LATER_STEP_S) * NS)
        quote = _quote(chain, fair, self.row, now_ns)
        for _, _, _, entry in self.entries:
            if not entry.is_over:
                entry.look(quote)

    @property
    def is_over(self) -> bool:
        """Whether all entries are."""
        return all(entry.is_over for _, _, _, entry in self.entries)

    def results(self) -> Iterator[Result]:
        """Yield what became of each."""
        first = self._quote
        for variant, style, scenario, entry in self.entries:
            seconds = (entry.last_fill_ns - self._decided_ns) / NS
            at_end = first.ask if entry.quote is None else entry.quote.ask
            yield Result(
                self._number, variant, style, scenario, first.mid, first.spread, entry.filled,
                entry.paid, at_end, seconds,
            )  # fmt: skip


def _quote(chain: ChainSnapshot, fair: FairValues, row: int, now_ns: int) -> OrderQuote:
    return OrderQuote(
        now_ns=now_ns,
        bid=float(chain.bid[row]),
        ask=float(chain.ask[row]),
        bid_size=float(chain.bid_size[row]),
        ask_size=float(chain.ask_size[row]),
        age_s=float(chain.quote_age_s[row]) + (now_ns - chain.ts_event) / NS,
        fair=fair.at(row),
        delta=float(chain.delta[row]),
        spot=chain.spot,
    )


def chosen_rows(chain: ChainSnapshot) -> Iterator[int]:
    """Yield the rows nearest to each delta that have a fresh two-sided quote with a spread."""
    usable = chain.usable() & (chain.ask > chain.bid) & (chain.quote_age_s < FRESH_S)
    for is_call, delta in itertools.product((True, False), DELTAS):
        off = np.where(usable & (chain.is_call == is_call), np.abs(np.abs(chain.delta) - delta), 1)
        row = int(np.nanargmin(off))
        if off[row] < 0.1:
            yield row


def session_results(
    catalog: Catalog,
    entry: SessionEntry,
    config: SystemConfig,
    number: int,
    variants: tuple[Variant, ...],
) -> list[Result]:
    """Return what became of every entry of one session."""
    hours = entry.hours
    at_work: list[Bought] = []
    results: list[Result] = []
    due_ns = hours.open_ns + FIRST_S * NS
    before: tuple[ChainSnapshot, FairValues] | None = None
    for chain, _, _ in snapshots(catalog, entry, config):
        now_ns = chain.ts_event
        if before is not None:
            _pass_time(*before, now_ns, at_work)
        fair = FairValues(chain)
        is_fresh = bool((chain.quote_age_s < FRESH_S).any())
        if is_fresh and due_ns <= now_ns <= hours.close_ns - LAST_S * NS:
            due_ns = now_ns + EVERY_S * NS
            at_work += [
                Bought(number, entry.date, chain, r, config, variants) for r in chosen_rows(chain)
            ]
        for bought in at_work:
            bought.look(chain, fair, now_ns)
        for bought in [b for b in at_work if b.is_over]:
            at_work.remove(bought)
            results += bought.results()
        before = chain, fair
    return results + [result for bought in at_work for result in bought.results()]


def _pass_time(
    chain: ChainSnapshot, fair: FairValues, until_ns: int, at_work: list[Bought]
) -> None:
    """Show the market of a snapshot again while nothing new comes."""
    if not at_work:
        return
    step_ns = round(SOON_STEP_S * NS)
    for now_ns in range(chain.ts_event + step_ns, until_ns, step_ns):
        for bought in at_work:
            bought.look(chain, fair, now_ns)


def recorded(task: tuple[Path, int]) -> list[Result]:
    """Run one recorded session."""
    folder, number = task
    config = load_config(ROOT / "configs" / "spy_5min.toml")
    vetoes = msgspec.structs.replace(config.desk.vetoes, max_age_s=config.chain.stale_after_s)
    config = msgspec.structs.replace(
        config, desk=msgspec.structs.replace(config.desk, vetoes=vetoes)
    )
    catalog = Catalog(folder)
    entry = catalog.sessions(config.root)[number]
    return session_results(catalog, entry, config, number, RECORDED)


def generated(seed: int) -> list[Result]:
    """Make one session with quotes every second, and run it."""
    config = SystemConfig(
        name="entry-styles",
        root="SPY",
        regular=StrategySpec("autotrade_strategies.regular:RegularStrategy"),
        snapshot_interval_ms=500,
    )
    params = SyntheticParams(quotes=QuoteParams(interval_s=1, strikes=40))
    with tempfile.TemporaryDirectory() as folder:
        catalog = Catalog(Path(folder))
        generate(catalog, params, sessions=1, seed=seed, last=DATE, kind=DayKind.ORDINARY)
        return session_results(catalog, catalog.sessions()[0], config, seed, GENERATED)


def table(results: list[Result]) -> str:
    """Return a table: a row a style and scenario."""
    groups: dict[tuple[EntryStyle, FillScenario], list[Result]] = {}
    for result in results:
        groups.setdefault((result.style, result.scenario), []).append(result)
    rows = (
        f"| {style} | {scenario} | {_cells(groups[style, scenario])} |"
        for style, scenario in itertools.product(EntryStyle, FillScenario)
    )
    return "\n".join((HEAD, *rows)) + "\n"


def _cells(group: list[Result]) -> str:
    """Return count, filled share, cost of what was filled, time, and cost with a chase at the end.

    What was not filled is bought at the touch when the order is over: an order that waits for the
    market to come fills when that falls, and what it missed is dearer.
    """
    filled = sum(r.filled for r in group) / QUANTITY / len(group)
    done = [r for r in group if r.filled]
    cost = _percent((r, r.paid / r.filled) for r in done)
    all_in = _percent((r, (r.paid + (QUANTITY - r.filled) * r.at_end) / QUANTITY) for r in group)
    seconds = f"{np.median([r.seconds for r in done]):.1f} s" if done else ""
    return f"{len(group):,} | {filled:.0%} | {cost} | {seconds} | {all_in}"


def _percent(prices: Iterable[tuple[Result, float]]) -> str:
    """Return the mean of what was paid beyond the arrival mid, in percent of the spread."""
    known = [(r.session, 100 * (price - r.mid) / r.spread) for r, price in prices if price > 0]
    if not known:
        return ""
    costs = np.array([cost for _, cost in known])
    low, high = _interval(costs, [session for session, _ in known])
    return f"{costs.mean():+.0f} [{low:+.0f}, {high:+.0f}]"


def _interval(values: NDArray[np.float64], sessions: list[int]) -> tuple[float, float]:
    """Return the 95 % interval of a mean, resampling whole sessions."""
    names, number = np.unique(sessions, return_inverse=True)
    sums = np.bincount(number, values)
    counts = np.bincount(number)
    drawn = np.random.default_rng(1).integers(0, names.size, (BOOTSTRAPS, names.size))
    means = sums[drawn].sum(axis=1) / counts[drawn].sum(axis=1)
    low, high = np.quantile(means, (0.025, 0.975))
    return float(low), float(high)


def section(title: str, results: list[Result], variants: tuple[Variant, ...]) -> str:
    """Return the tables of one kind of data."""
    sessions = len({r.session for r in results})
    parts = []
    for variant in variants:
        cap = f"{variant.beyond_ticks} ticks above the ask" if variant.beyond_ticks else "the ask"
        parts.append(
            f"{title}, {sessions} sessions; given up after {variant.life_s} seconds, cap at {cap} "
            f"of the decision:\n\n{table([r for r in results if r.variant == variant])}"
        )
    return "\n".join(parts)


def tables(data: Path, workers: int) -> str:
    """Run everything and return the document's part."""
    # A forked child of a process that has read a catalog hangs in its libraries' threads.
    spawned = ProcessPoolExecutor(workers, get_context("spawn"))
    with tempfile.TemporaryDirectory() as folder, spawned as pool:
        catalog = Path(folder)
        import_files("cboe-delayed", [data / "spy_0dte_5min"], Catalog(catalog))
        count = len(Catalog(catalog).sessions("SPY"))
        real = itertools.chain.from_iterable(
            pool.map(recorded, [(catalog, n) for n in range(count)])
        )
        made = itertools.chain.from_iterable(pool.map(generated, SEEDS))
        parts = (
            section("Recorded SPY, books of five minutes", list(real), RECORDED),
            section("Synthetic SPY, quotes every second", list(made), GENERATED),
        )
    return "\n".join(parts)


def main() -> int:
    """Run, and compare or write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--workers", type=int, default=2)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    made = tables(options.data, options.workers)
    print(made, end="")
    return compared_or_written(DOCUMENT, MARKS, made, write=options.write)


if __name__ == "__main__":
    sys.exit(main())
