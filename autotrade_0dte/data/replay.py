"""A catalog session without an engine: the snapshots and views that a backtest would publish.

An engine hands over every tick; here the ticks that are newest at a snapshot's instant are found
for all snapshots at once. When there is a snapshot and what it sees are the rules of `MarketActor`.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from autotrade_0dte.calendar import expiry_ns, learn
from autotrade_0dte.chain.book import OptionChainBook
from autotrade_0dte.chain.snapshot import ChainSnapshot, Tape
from autotrade_0dte.config import SystemConfig, check_profile_fits
from autotrade_0dte.data.catalog import Catalog, SessionEntry
from autotrade_0dte.data.spacing import check_windows
from autotrade_0dte.data.ticks import chain_ticks, index_ticks, underlying_ticks
from autotrade_0dte.instruments import option_symbol
from autotrade_0dte.market_state.view import MarketView
from autotrade_0dte.pipeline import chain_book, market_watch

__all__ = ["replay", "snapshots"]

_IDLE_NS = 10_000_000_000
_NS_PER_MS = 1_000_000

type Floats = NDArray[np.float64]
type Ints = NDArray[np.int64]


def snapshots(
    catalog: Catalog, entry: SessionEntry, config: SystemConfig
) -> Iterator[tuple[ChainSnapshot, float, int]]:
    """Yield each snapshot with the newest value of the volatility index and its time.

    The value is in index points (15.0 is 15 %), NaN with time 0 until there is one; times are UTC
    ns. Raises CatalogError when a file of the session is missing or damaged.
    """
    learn(entry.hours)
    expiry = expiry_ns(entry.root, entry.date)
    grid = _instants(entry, expiry, config.snapshot_interval_ms * _NS_PER_MS)
    symbols = [option_symbol(name) for name in entry.chain.contracts]
    book = chain_book(config, symbols, catalog.open_interest(entry), expiry)
    quotes = _quotes(catalog, entry, grid)
    prints = _prints(catalog, entry, grid, expiry)
    index_value, index_ns = _index(catalog, entry, grid, config.volatility_index)

    changed = prints.changed | (np.diff(quotes.starts) > 0)
    published_ns = 0
    for at, now_ns in enumerate(grid.tolist()):
        if changed[at]:
            quotes.put(at, book)
        elif now_ns - published_ns < _IDLE_NS:
            continue
        published_ns = now_ns
        tape = Tape(int(prints.ts_event[at]), float(prints.volume[at]), float(prints.turnover[at]))
        snapshot = book.snapshot(now_ns, float(prints.price[at]), tape)
        yield snapshot, float(index_value[at]), int(index_ns[at])


def replay(catalog: Catalog, entry: SessionEntry, config: SystemConfig) -> Iterator[MarketView]:
    """Yield each snapshot with its indicators and the market's state; errors as above.

    Raises ConfigError too, where a backtest would: when a window is too short for the data, or the
    profile knows the session or later ones.
    """
    check_windows(config, catalog, entry)
    check_profile_fits(config, entry.date)
    hours = entry.hours
    watch = market_watch(config, hours.open_ns, hours.close_ns)
    for snapshot, index, index_ns in snapshots(catalog, entry, config):
        yield watch.update(snapshot, index, index_ns)


def _instants(entry: SessionEntry, expiry: int, interval_ns: int) -> Ints:
    """Return when snapshots may be: on the grid from the open, as soon as there is data.

    The engine's timer fires first when one interval has passed.
    """
    open_ns = entry.hours.open_ns
    first_ns = min(held.first_ns for held in entry.datasets)
    missed = max(0, -((open_ns - first_ns) // interval_ns))
    return np.arange(open_ns + (missed + 1) * interval_ns, expiry, interval_ns, dtype=np.int64)


@dataclass(frozen=True, slots=True, eq=False)
class _Quotes:
    """The quotes that are new at each instant, the newest of each contract.

    Those of instant k are the columns from `starts[k]` to `starts[k + 1]`.
    """

    starts: Ints
    contract: Ints
    ts_event: Ints
    sides: Floats

    def put(self, at: int, book: OptionChainBook) -> None:
        new = slice(self.starts[at], self.starts[at + 1])
        row, sides = self.contract[new], self.sides[:, new]
        book.bid[row], book.ask[row], book.bid_size[row], book.ask_size[row] = sides
        book.ts_event[row] = self.ts_event[new]


def _quotes(catalog: Catalog, entry: SessionEntry, grid: Ints) -> _Quotes:
    instants, contracts, times, sides = [], [], [], []
    for contract, ticks in chain_ticks(catalog, entry):
        instant = np.searchsorted(grid, ticks.ts_init)
        newest = np.append(instant[1:] != instant[:-1], True) & (instant < len(grid))
        seen = ticks.where(newest)
        instants.append(instant[newest])
        contracts.append(np.full(len(instants[-1]), contract))
        times.append(seen.ts_event)
        sides.append(seen.values)
    instant = np.concatenate(instants)
    order = np.argsort(instant, kind="stable")
    return _Quotes(
        starts=np.searchsorted(instant[order], np.arange(len(grid) + 1)),
        contract=np.concatenate(contracts)[order],
        ts_event=np.concatenate(times)[order],
        sides=np.concatenate(sides, axis=1)[:, order],
    )


@dataclass(frozen=True, slots=True, eq=False)
class _Prints:
    """The last print at each instant and what had been traded; `changed` where it is new."""

    changed: NDArray[np.bool_]
    ts_event: Ints
    price: Floats
    volume: Floats
    turnover: Floats


def _prints(catalog: Catalog, entry: SessionEntry, grid: Ints, expiry: int) -> _Prints:
    ticks = underlying_ticks(catalog, entry)
    ticks = ticks.where(ticks.ts_event <= expiry)
    price, *sizes = ticks.values
    size = sizes[0] if sizes else np.zeros(len(price))  # an index has none
    size = np.where(ticks.ts_event >= entry.hours.open_ns, size, 0.0)
    nothing = 0.0 if catalog.has_volume(entry) else np.nan
    seen = np.searchsorted(ticks.ts_init, grid, side="right")
    return _Prints(
        changed=np.diff(seen, prepend=0) > 0,
        ts_event=_from(0, ticks.ts_event)[seen],
        price=_from(np.nan, price)[seen],
        volume=np.cumsum(_from(nothing, size))[seen],
        turnover=np.cumsum(_from(nothing, size * price))[seen],
    )


def _index(catalog: Catalog, entry: SessionEntry, grid: Ints, symbol: str) -> tuple[Floats, Ints]:
    """Return value and time of an index at each instant."""
    ticks = index_ticks(catalog, entry, symbol)
    seen = np.searchsorted(ticks.ts_init, grid, side="right")
    return _from(np.nan, ticks.values[0])[seen], _from(0, ticks.ts_event)[seen]


def _from[T: np.generic](first: float, values: NDArray[T]) -> NDArray[T]:
    """Put the value before there is any in front of the values."""
    return np.concatenate((np.array([first], values.dtype), values))
