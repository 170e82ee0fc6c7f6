"""How good fair values are, on generated and on recorded quotes: tables of docs/execution.md.

    python scripts/fair_value_table.py DATA [--write]

DATA is the folder of vendor files that docs/data.md describes. On generated sessions the true value
is known; on recorded ones it is asked whether the mid of a quote comes to its fair value by the
next book. Without --write the tables are printed and compared; a difference ends with exit code 1.
"""

import argparse
import datetime as dt
import itertools
import math
import sys
import tempfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import numpy as np
from document_part import compared_or_written
from numpy.typing import NDArray

from autotrade_0dte.chain.snapshot import ChainSnapshot
from autotrade_0dte.config import StrategySpec, SystemConfig, load_config
from autotrade_0dte.data.catalog import Catalog
from autotrade_0dte.data.importers.importing import import_files
from autotrade_0dte.data.replay import snapshots
from autotrade_0dte.data.synthetic.days import DayKind
from autotrade_0dte.data.synthetic.generate import SyntheticParams, generate, generate_session
from autotrade_0dte.data.synthetic.path import Path as PricePath
from autotrade_0dte.data.synthetic.quotes import MarketGrid, QuoteParams, fair_values
from autotrade_0dte.execution.fair_value import FairValues

ROOT = Path(__file__).resolve().parents[1]
DOCUMENT = ROOT / "docs" / "execution.md"
MARKS = ("<!-- fair value: made by scripts/fair_value_table.py -->", "<!-- end of fair value -->")
DATE = dt.date(2026, 7, 30)
SEEDS = range(21, 27)
NS = 1_000_000_000
EVERY_S = 60
BOOTSTRAPS = 1_000
WIDTHS = ((3.0, math.inf), (2.0, 3.0), (1.5, 2.0), (1.0, 1.5), (0.0, 1.0))
DELTAS = ((0.1, 0.9), (0.02, 0.1))
BOOKS_S = (200, 500)

type Floats = NDArray[np.float64]


class Book(NamedTuple):
    """The out-of-the-money rows of one snapshot that have a bid; arrays of one value a row."""

    session: int
    ts_event: int
    width: float
    delta: Floats
    spread: Floats
    mid: Floats
    fair: Floats
    forward_move: Callable[[float, int], Floats]
    forward: float
    strike: Floats
    is_call: NDArray[np.bool_]


def book_of(session: int, chain: ChainSnapshot) -> Book:
    """Return what is needed of a snapshot; `width` is a standard deviation in strike steps."""
    rows = np.flatnonzero(
        (chain.is_call == (chain.strike >= chain.forward))
        & chain.usable()
        & (chain.bid > 0)
        & (np.abs(chain.delta) > DELTAS[-1][0])
    )
    values = FairValues(chain)
    deviation = chain.analytics.atm_iv * math.sqrt(chain.years) * chain.forward
    delta, gamma, theta = chain.delta[rows], chain.gamma[rows], chain.theta[rows]
    forward, ts_event = chain.forward, chain.ts_event

    def move(later: float, later_ns: int) -> Floats:
        """Return the change of value by delta, gamma and theta."""
        step, years = later - forward, (later_ns - ts_event) / NS / (365 * 86_400)
        return np.asarray(delta * step + gamma * step * step / 2 + theta * years)

    return Book(
        session=session,
        ts_event=ts_event,
        width=deviation / float(np.min(np.diff(np.unique(chain.strike)))),
        delta=np.abs(delta),
        spread=chain.ask[rows] - chain.bid[rows],
        mid=chain.mid[rows],
        fair=np.array([values.at(row) for row in rows.tolist()]),
        forward_move=move,
        forward=forward,
        strike=chain.strike[rows],
        is_call=chain.is_call[rows],
    )


def generated() -> Iterator[tuple[Book, Floats]]:
    """Yield books of generated sessions a minute apart, with the true values of their rows."""
    config = SystemConfig(
        name="fair",
        root="SPY",
        regular=StrategySpec("autotrade_strategies.regular:RegularStrategy"),
    )
    params = SyntheticParams(quotes=QuoteParams(strikes=60))
    for seed in SEEDS:
        path = generate_session(params, DATE, seed, DayKind.ORDINARY).path
        with tempfile.TemporaryDirectory() as folder:
            catalog = Catalog(Path(folder))
            generate(catalog, params, sessions=1, seed=seed, last=DATE, kind=DayKind.ORDINARY)
            (entry,) = catalog.sessions()
            for chain, _, _ in snapshots(catalog, entry, config):
                second = (chain.ts_event - entry.hours.open_ns) // NS
                # A second after a repricing all its quotes have come.
                if second % EVERY_S == 1 and chain.forward_pairs:
                    book = book_of(seed, chain)
                    yield book, _truth(book, path, second - 1, params)


def _truth(book: Book, path: PricePath, second: int, params: SyntheticParams) -> Floats:
    one = np.ones(1)
    left_s = len(path.spot) - 1 - second
    grid = MarketGrid(
        ts=np.zeros(1, np.int64),
        spot=path.spot[second : second + 1],
        implied_variance=path.implied_variance[second : second + 1],
        volatility=one,
        spread=one,
        elapsed=one,
        years=one * left_s / (365 * 86_400),
    )
    values = []
    for strike, is_call in zip(book.strike.tolist(), book.is_call.tolist(), strict=True):
        call, put = fair_values(strike, grid, params.smile, params.quotes.rate)
        values.append((call if is_call else put).price[0])
    return np.array(values)


def truth_table() -> str:
    """Return how far mid and fair value are from the truth, by how many strikes are left."""
    found = list(generated())
    lines = [
        "| standard deviation to expiry | quotes | known | mid off by, cents rms | "
        "fair value, rms | 99th percentile |",
        "|---|--:|--:|--:|--:|--:|",
    ]
    for low, high in WIDTHS:
        group = [(book, truth) for book, truth in found if low <= book.width < high]
        fair, mid = (
            np.concatenate([getattr(book, name) - truth for book, truth in group])
            for name in ("fair", "mid")
        )
        known = ~np.isnan(fair)
        span = f"{low:g} to {high:g}" if high < math.inf else f"{low:g} or more"
        figures = "| | "
        if known.any():
            worst = 100 * np.quantile(np.abs(fair[known]), 0.99)
            figures = f"{_rms(mid[known]):.2f} | {_rms(fair[known]):.2f} | {worst:.2f}"
        lines.append(f"| {span} strikes | {fair.size:,} | {known.mean():.0%} | {figures} |")
    return "\n".join(lines) + "\n"


def recorded(data: Path) -> list[Book]:
    """Return the books of the recorded sessions."""
    config = load_config(ROOT / "configs" / "spy_5min.toml")
    books = []
    with tempfile.TemporaryDirectory() as folder:
        catalog = Catalog(Path(folder))
        import_files("cboe-delayed", [data / "spy_0dte_5min"], catalog)
        for number, entry in enumerate(catalog.sessions(config.root)):
            newest_ns = 0
            for chain, _, _ in snapshots(catalog, entry, config):
                ages = chain.quote_age_s[~np.isnan(chain.quote_age_s)]
                quoted_ns = chain.ts_event - round(ages.min() * NS) if ages.size else newest_ns
                if quoted_ns > newest_ns and chain.forward_pairs:
                    newest_ns = quoted_ns
                    books.append(book_of(number, chain))
    return books


def recorded_table(books: list[Book]) -> str:
    """Return how quotes lie around their fair values, and where their mids go."""
    lines = [
        "| delta | sessions | quotes | known | mid off fair: cents, median | of the spread | "
        "gone by the next book [95 %] | next mid by its own mid: cents rms | by its fair value | "
        "less [95 %] |",
        "|---|--:|--:|--:|--:|--:|---|--:|--:|---|",
    ]
    for low, high in DELTAS:
        rows = np.concatenate([_pairs(before, after) for before, after in _neighbours(books)])
        rows = rows[(rows[:, 1] > low) & (rows[:, 1] <= high)]
        seen = np.concatenate([b.fair[(b.delta > low) & (b.delta <= high)] for b in books])
        off = np.abs(rows[:, 3])
        gone = _interval(rows, _gone)
        less = _interval(rows, lambda part: _rms(part[:, 5]) - _rms(part[:, 6]))
        lines.append(
            f"| {low:g} to {min(high, 0.5):g} | {np.unique(rows[:, 0]).size} | {len(rows):,} "
            f"| {(~np.isnan(seen)).mean():.0%} | {100 * np.median(off):.2f} "
            f"| {np.median(off / rows[:, 2]):.0%} "
            f"| {_gone(rows):.0%} [{gone[0]:.0%}, {gone[1]:.0%}] | {_rms(rows[:, 5]):.2f} "
            f"| {_rms(rows[:, 6]):.2f} | {_rms(rows[:, 5]) - _rms(rows[:, 6]):.2f} "
            f"[{less[0]:.2f}, {less[1]:.2f}] |"
        )
    return "\n".join(lines) + "\n"


def _neighbours(books: list[Book]) -> Iterator[tuple[Book, Book]]:
    for before, after in itertools.pairwise(books):
        seconds = (after.ts_event - before.ts_event) / NS
        if before.session == after.session and BOOKS_S[0] < seconds < BOOKS_S[1]:
            yield before, after


def _pairs(before: Book, after: Book) -> Floats:
    """Return a row a contract in both books.

    Session, delta, spread, distance of mid and fair value then and now, and what is left of the
    next mid's change after delta, gamma and theta, from the mid and from the fair value.
    """
    index = {(k, c): n for n, (k, c) in enumerate(zip(after.strike, after.is_call, strict=True))}
    moved = before.forward_move(after.forward, after.ts_event)
    rows = []
    for n, key in enumerate(zip(before.strike, before.is_call, strict=True)):
        m = index.get(key)
        if (
            m is not None
            and not math.isnan(before.fair[n] + after.fair[m])
            and before.spread[n] > 0
        ):
            expected = before.mid[n] + moved[n], before.fair[n] + moved[n]
            rows.append(
                (before.session, before.delta[n], before.spread[n], before.mid[n] - before.fair[n],
                 after.mid[m] - after.fair[m], after.mid[m] - expected[0],
                 after.mid[m] - expected[1])
            )  # fmt: skip
    return np.array(rows).reshape(-1, 7)


def _gone(rows: Floats) -> float:
    """Return the share of a distance between mid and fair value that is gone by the next book."""
    return float(1 - np.polyfit(rows[:, 3], rows[:, 4], 1)[0])


def _rms(values: Floats) -> float:
    return float(100 * np.sqrt(np.mean(values**2)))


def _interval(rows: Floats, figure: Callable[[Floats], float]) -> tuple[float, float]:
    """Return the 95 % interval of a figure, resampling whole sessions."""
    by_session = [rows[rows[:, 0] == name] for name in np.unique(rows[:, 0])]
    random = np.random.default_rng(1)
    found = []
    for _ in range(BOOTSTRAPS):
        drawn = random.integers(0, len(by_session), len(by_session))
        found.append(figure(np.concatenate([by_session[n] for n in drawn])))
    low, high = np.quantile(found, (0.025, 0.975))
    return float(low), float(high)


def main() -> int:
    """Run, and compare or write."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--write", action="store_true")
    options = parser.parse_args()
    made = "\n".join((truth_table(), recorded_table(recorded(options.data))))
    print(made, end="")
    return compared_or_written(DOCUMENT, MARKS, made, write=options.write)


if __name__ == "__main__":
    sys.exit(main())
