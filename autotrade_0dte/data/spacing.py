"""How far apart a session's prints and quotes are, which no window may be shorter than."""

import msgspec
import numpy as np
from numpy.typing import NDArray

from autotrade_0dte.config import ConfigError, SystemConfig
from autotrade_0dte.data.catalog import Catalog, SessionEntry
from autotrade_0dte.data.ticks import busiest_quote_times, underlying_ticks
from autotrade_0dte.indicators.params import WindowError, check_spacing

__all__ = ["DataSpacing", "check_windows", "spacing"]

# Contracts that stand for the chain: those whose quotes take the most room.
_CONTRACTS = 4

# A book takes a moment to go out: the share of the time that may pass within books.
_WITHIN_BOOKS = 0.25

# Longest gaps that say nothing of what is usual: outages, which may take up most of a recording.
_OUTAGES = 2

type Ints = NDArray[np.int64]


class DataSpacing(msgspec.Struct, frozen=True):
    """Typical seconds between prints of the underlying and between repricings of the chain.

    NaN where there are too few to tell.
    """

    underlying_s: float
    chain_s: float


def spacing(catalog: Catalog, entry: SessionEntry) -> DataSpacing:
    """Measure a session's data; raise CatalogError when a file is missing or damaged."""
    return DataSpacing(
        _typical(underlying_ticks(catalog, entry).ts_event, entry),
        _typical(busiest_quote_times(catalog, entry, _CONTRACTS), entry),
    )


def _typical(times: Ints, entry: SessionEntry) -> float:
    """Return the median time between the beginnings of books, two digits of it.

    A book is what comes close together: the quotes of one repricing, of which some contracts have
    none, or a minute bar's close and the next one's open a nanosecond later.
    """
    hours = entry.hours
    times = np.unique(times[(times >= hours.open_ns) & (times < hours.close_ns)])
    gaps = np.diff(times) / 1e9
    if gaps.size == 0:
        return np.nan
    ascending = np.sort(gaps)[: max(1, gaps.size - _OUTAGES)]
    passed = np.cumsum(ascending)
    between_books = ascending[np.searchsorted(passed, _WITHIN_BOOKS * passed[-1])]
    begins = times[1:][gaps > between_books / 2]
    return float(f"{np.median(np.diff(begins, prepend=times[0])) / 1e9:.2g}")


def check_windows(config: SystemConfig, catalog: Catalog, entry: SessionEntry) -> None:
    """Raise ConfigError when a window is too short for the session's data."""
    found = spacing(catalog, entry)
    try:
        check_spacing(config.indicators, found.underlying_s, found.chain_s)
    except WindowError as e:
        raise ConfigError(f"indicators.{e} ({entry.root} on {entry.date})") from None
    state = config.market_state
    windows = (
        ("chain.iv_change_window_s", config.chain.iv_change_window_s, found.chain_s),
        ("market_state.change_window_s", state.change_window_s, found.chain_s),
        ("market_state.jump_window_s", state.jump_window_s, found.underlying_s),
        ("market_state.reference_s", state.reference_s, state.min_samples * found.chain_s),
    )
    for name, window_s, least_s in windows:
        if window_s < least_s:
            raise ConfigError(
                f"{name}: Expected at least {least_s:g} s, which the data's spacing takes, was "
                f"{window_s:g} ({entry.root} on {entry.date})"
            )
