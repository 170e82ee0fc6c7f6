"""Measure the detector on labeled synthetic sessions and write the tables of docs/market-state.md.

    python scripts/detection_table.py [--workers 2]

Sessions are replayed as in a backtest without an engine, with the default parameters, no profile
and no calendar of events. The seeds are not those that thresholds were chosen on (100 to 199).
"""

import argparse
import datetime as dt
import math
import statistics
import tempfile
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from itertools import product
from pathlib import Path

import msgspec

from autotrade_0dte.analysis.intervals import wilson95
from autotrade_0dte.config import StrategySpec, SystemConfig
from autotrade_0dte.data.catalog import Catalog
from autotrade_0dte.data.replay import replay
from autotrade_0dte.data.synthetic.days import DayKind
from autotrade_0dte.data.synthetic.generate import SyntheticParams, generate
from autotrade_0dte.data.synthetic.quotes import QuoteParams
from autotrade_0dte.market_state.state import CHANNELS, Channel, Level
from autotrade_0dte.market_state.support import Limits
from autotrade_0dte.market_state.view import MarketView

DOCUMENT = Path(__file__).resolve().parents[1] / "docs" / "market-state.md"
MARKS = ("<!-- detection tables: made by scripts/detection_table.py -->", "<!-- end of tables -->")
DATE = dt.date(2026, 7, 30)
SEEDS = range(41, 61)
SPACINGS_S = (1, 5)
CALM_KINDS = (DayKind.QUIET, DayKind.ORDINARY)
# A volume burst is expected at L2. L1, which volume alone supports, is shown beside it.
EXPECTED = (
    (DayKind.VOLATILITY_SHOCK, Level.L3),
    (DayKind.FLASH_MOVE, Level.L3),
    (DayKind.SCHEDULED_EVENT, Level.L2),
    (DayKind.LIQUIDITY_DROUGHT, Level.L2),
    (DayKind.VOLUME_BURST, Level.L1),
    (DayKind.VOLUME_BURST, Level.L2),
    (DayKind.SLOW_GRIND, Level.L1),
)
DISTURBED = tuple(dict.fromkeys(kind for kind, _ in EXPECTED))
HORIZON_S = {DayKind.SLOW_GRIND: 10_800}
USUAL_HORIZON_S = 600
LEVELS = (Level.L1, Level.L2, Level.L3)
GRADES = ("elevated", "strong", "extreme")
DELAYS_HEAD = """\
| day | data | level | sessions | reached within snapshots, share [95 %] | ever | \
median snapshots | median / worst seconds | also a higher one |
|---|---|---|---|---|---|---|---|---|"""
FALSE_HEAD = """\
| calm day | data | sessions | L1 entered, a session [95 %] | L2 | L3 |
|---|---|---|---|---|---|"""
NS = 1_000_000_000


class Found(msgspec.Struct):
    """What one session showed; what did not happen is left out.

    Of a disturbed one: snapshots with quotes from after its start, and seconds, until each level
    (0 where it was there before), and seconds until each channel was elevated. Of a calm one: how
    often each level was entered from below, and how often each channel crossed each limit.
    """

    kind: DayKind
    spacing_s: int
    snapshots: dict[Level, int] = {}
    seconds: dict[Level, float] = {}
    elevated_s: dict[Channel, float] = {}
    raised: dict[Level, int] = {}
    crossed: dict[Channel, dict[str, int]] = {}


def measure(task: tuple[int, DayKind, int]) -> Found:
    """Make one session and watch it."""
    spacing_s, kind, seed = task
    params = SyntheticParams(quotes=QuoteParams(interval_s=spacing_s, strikes=50))
    config = SystemConfig(
        name="detection",
        root="SPY",
        regular=StrategySpec("autotrade_strategies.regular:RegularStrategy"),
        snapshot_interval_ms=1_000 * spacing_s,
    )
    found = Found(kind, spacing_s)
    with tempfile.TemporaryDirectory() as folder:
        catalog = Catalog(Path(folder))
        (recipe,) = generate(catalog, params, sessions=1, seed=seed, last=DATE, kind=kind)
        (entry,) = catalog.sessions()
        views = replay(catalog, entry, config)
        if kind in CALM_KINDS:
            watch_calm(views, config.market_state.enter, found)
        elif recipe.label is not None:
            watch_disturbed(views, config.market_state.enter, recipe.label.start_ns, found)
    return found


def watch_disturbed(
    views: Iterator[MarketView], limits: Limits, start_ns: int, found: Found
) -> None:
    """Note when each level is reached and each channel elevated after the start."""
    end_ns = start_ns + HORIZON_S.get(found.kind, USUAL_HORIZON_S) * NS
    count, level = 0, Level.CALM
    for view in views:
        now_ns, state = view.chain.ts_event, view.state
        if now_ns <= start_ns:
            level = state.level
            continue
        if now_ns > end_ns:
            break
        after_s = (now_ns - start_ns) / NS
        count += bool((view.chain.quote_age_s < after_s).any())
        for reached in LEVELS:
            if state.level >= reached and reached not in found.seconds:
                was_there = level >= reached
                found.snapshots[reached] = 0 if was_there else count
                found.seconds[reached] = 0.0 if was_there else after_s
        for channel, score in zip(CHANNELS, state.scores, strict=True):
            if score >= limits.elevated:
                found.elevated_s.setdefault(channel, after_s)


def watch_calm(views: Iterator[MarketView], limits: Limits, found: Found) -> None:
    """Count entries of levels and crossings of limits."""
    above: set[tuple[Channel, str]] = set()
    for view in views:
        state = view.state
        for level in LEVELS:
            if state.before < level <= state.level:
                found.raised[level] = found.raised.get(level, 0) + 1
        for channel, score in zip(CHANNELS, state.scores, strict=True):
            for name in GRADES:
                limit, key = getattr(limits, name), (channel, name)
                if score >= limit and key not in above:
                    above.add(key)
                    found.crossed.setdefault(channel, dict.fromkeys(GRADES, 0))[name] += 1
                elif key in above and score < limit / 2:  # a figure that wobbles counts once
                    above.discard(key)


def delays_table(sessions: list[Found]) -> str:
    """Return how soon the expected level was reached, by kind and spacing of the data."""
    rows = []
    for (kind, level), spacing_s in product(EXPECTED, SPACINGS_S):
        group = [s for s in sessions if s.kind is kind and s.spacing_s == spacing_s]
        soon = 2 if level is Level.L3 else 5
        taken = [s.snapshots.get(level, math.inf) for s in group]
        seconds = sorted(s.seconds.get(level, math.inf) for s in group)
        within = f"{_share(sum(t <= soon for t in taken), len(group))} (of {soon})"
        if kind is DayKind.SLOW_GRIND:
            within = "-"
        ever = _share(sum(t < math.inf for t in taken), len(group))
        beyond = sum(any(s.seconds.get(higher) for higher in LEVELS if higher > level)
                     for s in group)  # fmt: skip
        rows.append(
            f"| `{kind}` | {spacing_s} s | {level.name} | {len(group)} | {within} | "
            f"{ever} | {_number(statistics.median(taken))} | "
            f"{_number(statistics.median(seconds))} / {_number(seconds[-1])} | {beyond} |"
        )
    return "\n".join((DELAYS_HEAD, *rows))


def channels_table(sessions: list[Found]) -> str:
    """Return which channels see which kind of day, and how often they are wrong."""
    rows = []
    for channel in CHANNELS:
        cells = []
        for kind in DISTURBED:
            group = [s for s in sessions if s.kind is kind]
            known = sorted(s.elevated_s[channel] for s in group if channel in s.elevated_s)
            share = f"{100 * len(known) / len(group):.0f} %"
            cells.append(f"{share}, {_number(statistics.median(known))} s" if known else "-")
        calm = [s for s in sessions if s.kind in CALM_KINDS]
        wrong = [sum(s.crossed.get(channel, {}).get(name, 0) for s in calm) for name in GRADES]
        rates = " / ".join(f"{count / len(calm):.2f}" for count in wrong)
        rows.append(f"| `{channel}` | {' | '.join(cells)} | {rates} |")
    heads = " | ".join(f"`{kind}`" for kind in DISTURBED)
    head = f"| channel | {heads} | calm: elevated / strong / extreme |\n"
    return head + "|" + "---|" * (len(DISTURBED) + 2) + "\n" + "\n".join(rows)


def false_alarms_table(sessions: list[Found]) -> str:
    """Return how often calm sessions raise each level."""
    rows = []
    for kind, spacing_s in product(CALM_KINDS, SPACINGS_S):
        group = [s for s in sessions if s.kind is kind and s.spacing_s == spacing_s]
        cells = []
        for level in LEVELS:
            count = sum(s.raised.get(level, 0) for s in group)
            low, high = poisson95(count)
            n = len(group)
            cells.append(f"{count / n:.2f} [{low / n:.2f}, {high / n:.2f}]")
        rows.append(f"| `{kind}` | {spacing_s} s | {len(group)} | {' | '.join(cells)} |")
    calm = [s for s in sessions if s.kind in CALM_KINDS]
    count = sum(s.raised.get(Level.L2, 0) for s in calm)
    low, high = (5 * bound / len(calm) for bound in poisson95(count))
    rows.append(
        f"\nAll {len(calm)} calm sessions together: L2 or more {5 * count / len(calm):.2f} times "
        f"in five sessions (95 % interval {low:.2f} to {high:.2f}; the aim is at most 1)."
    )
    return "\n".join((FALSE_HEAD, *rows))


def poisson95(count: int) -> tuple[float, float]:
    """Return the exact interval of a mean count (Garwood 1936), by bisection."""

    def at_most(k: int, mean: float) -> float:
        return sum(math.exp(-mean + i * math.log(mean) - math.lgamma(i + 1)) for i in range(k + 1))

    def solve(k: int, tail: float) -> float:
        low, high = 1e-9, 10.0 * (count + 3)
        for _ in range(80):
            middle = (low + high) / 2
            low, high = (middle, high) if at_most(k, middle) > tail else (low, middle)
        return low

    return (solve(count - 1, 0.975) if count else 0.0), solve(count, 0.025)


def _share(hits: int, trials: int) -> str:
    low, high = wilson95(hits, trials)
    return f"{100 * hits / trials:.0f} % [{100 * low:.0f}, {100 * high:.0f}]"


def _number(value: float) -> str:
    return "never" if value == math.inf else f"{value:.0f}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("--workers", type=int, default=2)
    tasks = list(product(SPACINGS_S, DayKind, SEEDS))
    with ProcessPoolExecutor(parser.parse_args().workers) as pool:
        sessions = list(pool.map(measure, tasks))
    tables = (delays_table(sessions), false_alarms_table(sessions), channels_table(sessions))
    before, _, rest = DOCUMENT.read_text(encoding="utf-8").partition(MARKS[0])
    _, _, after = rest.partition(MARKS[1])
    body = "\n\n".join((MARKS[0], *tables, MARKS[1]))
    DOCUMENT.write_text(before + body + after, encoding="utf-8")


if __name__ == "__main__":
    main()
