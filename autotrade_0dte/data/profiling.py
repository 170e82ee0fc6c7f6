"""What is usual at each minute of the day, measured by replaying sessions."""

import multiprocessing
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from itertools import pairwise
from pathlib import Path

import msgspec
import numpy as np
from numpy.typing import NDArray

from autotrade_0dte.calendar import Session
from autotrade_0dte.config import SystemConfig
from autotrade_0dte.data.catalog import Catalog, SessionEntry
from autotrade_0dte.data.replay import snapshots
from autotrade_0dte.data.ticks import underlying_ticks
from autotrade_0dte.market_state.profile import (
    VOLATILITY,
    VOLUME_RATE,
    Profile,
    ProfileError,
    SessionSamples,
    build_profile,
)
from autotrade_0dte.market_state.state import CHANNELS, Channel
from autotrade_0dte.pipeline import market_watch

__all__ = ["MIN_SESSIONS", "measure_profile", "state_samples", "trading_samples"]

MIN_SESSIONS = 5
"""Fewest sessions that make something usual."""

_NS = 1_000_000_000
_MINUTE_NS = 60 * _NS
_STEP_NS = 15 * _NS

# The others are scored by rules of their own, not against what is usual.
_PROFILED = tuple(
    (column, channel)
    for column, channel in enumerate(CHANNELS)
    if channel not in (Channel.JUMP, Channel.DRIFT, Channel.EVENT)
)

type Floats = NDArray[np.float64]
type Ints = NDArray[np.int64]


def measure_profile(
    config: SystemConfig,
    catalog: Path,
    entries: Sequence[SessionEntry],
    *,
    workers: int,
    progress: Callable[[Sequence[float]], None],
) -> Profile:
    """Replay sessions under `config` and return what is usual in them.

    The result does not depend on `workers`. `progress` is called with each session's share done.

    Raises
    ------
    ProfileError
        There are fewer than `MIN_SESSIONS`.
    """
    if len(entries) < MIN_SESSIONS:
        raise ProfileError(
            f"Expected at least {MIN_SESSIONS} sessions for a profile, was {len(entries)}"
        )
    held = Catalog(catalog)
    trading = [trading_samples(held, entry) for entry in entries]
    # A burst of volume is one against the usual volume, which must be known before it is measured.
    config = msgspec.structs.replace(config, profile=build_profile(trading, MIN_SESSIONS))
    done = [0.0] * len(entries)
    context = multiprocessing.get_context("forkserver")
    with ProcessPoolExecutor(min(workers, len(entries)), mp_context=context) as pool:
        futures = {
            pool.submit(state_samples, config, catalog, entry): number
            for number, entry in enumerate(entries)
        }
        try:
            for future in as_completed(futures):
                future.result()
                done[futures[future]] = 1.0
                progress(done)
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    samples = [
        msgspec.structs.replace(session, metrics={**session.metrics, **future.result()})
        for session, future in zip(trading, futures, strict=True)
    ]
    return build_profile(samples, MIN_SESSIONS)


def trading_samples(catalog: Catalog, entry: SessionEntry) -> SessionSamples:
    """Return shares traded a second and realized volatility of each minute of one session.

    A minute without a print is unknown; so is the volume where the sizes are not real. Volatility
    is the root of the sum of squared returns over steps of 15 s, as a fraction.
    """
    hours = entry.hours
    ticks = underlying_ticks(catalog, entry)
    within = (ticks.ts_event >= hours.open_ns) & (ticks.ts_event < hours.close_ns)
    ticks = ticks.where(within)
    order = np.argsort(ticks.ts_event, kind="stable")
    times, (price, *sizes) = ticks.ts_event[order], ticks.values[:, order]
    minute = (times - hours.open_ns) // _MINUTE_NS
    silent = np.bincount(minute, minlength=_minutes(hours)) == 0
    metrics = {VOLATILITY: np.where(silent, np.nan, _volatility(times, price, hours))}
    if catalog.has_volume(entry):
        shares = np.bincount(minute, weights=sizes[0], minlength=_minutes(hours))
        metrics[VOLUME_RATE] = np.where(silent, np.nan, shares / 60)
    return SessionSamples(entry.date, entry.root, metrics)


def _volatility(times: Ints, price: Floats, hours: Session) -> Floats:
    """Return the realized volatility of each minute, NaN until there is a price."""
    steps = _MINUTE_NS // _STEP_NS
    grid = hours.open_ns + _STEP_NS * np.arange(_minutes(hours) * steps + 1)
    seen = np.searchsorted(times, grid, side="right")
    # At the open itself there may be no print yet; the first one stands in for it.
    log_price = np.log(np.concatenate((price[:1], price)))[seen] if len(price) else grid * np.nan
    return np.asarray(np.sqrt(np.square(np.diff(log_price)).reshape(-1, steps).sum(axis=1)))


def state_samples(config: SystemConfig, catalog: Path, entry: SessionEntry) -> dict[str, Floats]:
    """Return each channel's value at one snapshot of each minute of one session.

    One snapshot, because single snapshots are what the profile will judge: a mean or median of the
    minute varies less than they do. Which one is drawn, the same for the same date, so that it is
    not at one point of the data's own rhythm in every session.

    The volatility index is left out: with it, the volatility channels show the index or the chain,
    whichever says more, and their scatter would be of neither.
    """
    hours = entry.hours
    watch = market_watch(config, hours.open_ns, hours.close_ns)
    times, values = [], []
    for snapshot, _, _ in snapshots(Catalog(catalog), entry, config):
        times.append(snapshot.ts_event)
        values.append(watch.update(snapshot).state.values)
    minute = (np.array(times, np.int64) - hours.open_ns) // _MINUTE_NS
    table = np.array(values).reshape(len(minute), len(CHANNELS))
    starts = np.searchsorted(minute, np.arange(_minutes(hours) + 1))
    drawn = np.random.default_rng(entry.date.toordinal()).random(_minutes(hours))
    return {
        str(channel): np.array(
            [
                _one_of(table[first:stop, column], share)
                for (first, stop), share in zip(pairwise(starts), drawn, strict=True)
            ]
        )
        for column, channel in _PROFILED
    }


def _minutes(hours: Session) -> int:
    return int((hours.close_ns - hours.open_ns) // _MINUTE_NS)


def _one_of(values: Floats, share: float) -> float:
    """Return the known value that lies at `share`, in [0, 1), of them; NaN when none is known."""
    known = values[np.isfinite(values)]
    return float(known[int(share * known.size)]) if known.size else np.nan
