"""What the underlying did after each signal."""

import datetime as dt
from enum import StrEnum

import msgspec
import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from autotrade_0dte.analysis.tables import by_session

__all__ = ["HORIZONS_S", "Observations", "Sample", "SpotPath", "observations", "spot_paths"]

type Floats = NDArray[np.float64]
type Integers = NDArray[np.int64]

HORIZONS_S = (10.0, 30.0, 60.0, 300.0, 900.0, 1_800.0)
"""How far ahead returns are looked at, seconds."""

_NS = 1_000_000_000
_MINUTE_NS = 60 * _NS
_BPS = 10_000.0
_LATENESS = 1.01
"""Prices that come once in a horizon come not on the dot."""


class Sample(StrEnum):
    """Which snapshots stand for signals.

    ONSET: where a direction begins. ACTIONABLE: where it first may be acted on. MINUTE: the first
    recorded one of each minute, if it has a direction; directions begin and become actionable at
    much the same strength, and only this sample meets all of them.
    """

    ONSET = "onset"
    ACTIONABLE = "actionable"
    MINUTE = "minute"


class Observations(msgspec.Struct, frozen=True, eq=False):
    """Signals of one sample, one value each.

    Parameters
    ----------
    session : int64
        Days since the epoch.
    ts_event : int64
        UTC ns.
    direction, level : int64
        As in the table of signals.
    strength, spot : float64
        As in the table of signals.
    """

    session: Integers
    ts_event: Integers
    direction: Integers
    level: Integers
    strength: Floats
    spot: Floats


class SpotPath:
    """The underlying's price through one session.

    Parameters
    ----------
    ts_event : int64
        Instants of the snapshots, ascending, UTC ns.
    spot : float64
        Dollars; NaN where unknown.
    """

    def __init__(self, ts_event: Integers, spot: Floats) -> None:
        known = ~np.isnan(spot)
        self._times, self._spot = ts_event[known], spot[known]
        self._end_ns = int(ts_event[-1]) if len(ts_event) else 0
        changes = self._times[1:][np.diff(self._spot) != 0]
        gaps = np.diff(changes)
        self.spacing_s = float(np.median(gaps)) / _NS if len(gaps) else np.inf

    def returns_bps(self, ts_event: Integers, spot: Floats) -> Floats:
        """Return log returns from `spot` at `ts_event` over each horizon, shape (n, horizons).

        The price at a horizon is the last one before its end. A return is NaN where the session has
        ended by then, where prices change less often than once in the horizon (snapshots repeat the
        last one, which would look like no move), and where no price is from its second half.
        """
        found = np.full((len(ts_event), len(HORIZONS_S)), np.nan)
        if not len(self._times):
            return found
        for column, horizon_s in enumerate(HORIZONS_S):
            if self.spacing_s > _LATENESS * horizon_s:
                continue
            end = ts_event + round(horizon_s * _NS)
            at = np.maximum(np.searchsorted(self._times, end, side="right") - 1, 0)
            fresh = 2 * (self._times[at] - ts_event) >= horizon_s * _NS
            known = (end <= self._end_ns) & fresh
            found[known, column] = _BPS * np.log(self._spot[at[known]] / spot[known])
        return found

    def any_time(self) -> Floats:
        """Return the returns over each horizon from every snapshot on, shape (n, horizons)."""
        return self.returns_bps(self._times, self._spot)


def spot_paths(states: pa.Table) -> dict[dt.date, SpotPath]:
    """Return the price path of each session of a table of states."""
    return {
        date: SpotPath(table["ts_event"].cast(pa.int64()).to_numpy(), table["spot"].to_numpy())
        for date, table in by_session(states).items()
    }


def observations(signals: pa.Table) -> dict[tuple[str, Sample], Observations]:
    """Return each track's signals by sample, from a table in time order; none that is empty."""
    track = np.asarray(signals["track"].to_pylist(), "U")
    onset = signals["onset"].cast(pa.int64()).fill_null(0).to_numpy()
    columns = {
        "session": signals["session"].cast(pa.int32()).to_numpy().astype(np.int64),
        "ts_event": signals["ts_event"].cast(pa.int64()).to_numpy(),
        "direction": signals["direction"].to_numpy().astype(np.int64),
        "level": signals["level"].to_numpy().astype(np.int64),
        "strength": signals["strength"].to_numpy(),
        "spot": signals["spot"].to_numpy(),
    }
    directed = columns["direction"] != 0
    free = directed & (np.asarray(signals["refusal"].to_pylist(), "U") == "")
    found = {}
    for name in np.unique(track).tolist():
        mine = np.flatnonzero(track == name)
        minutely = _first_of_each(columns["ts_event"] // _MINUTE_NS, mine)
        samples = {
            Sample.ONSET: _first_of_each(onset, mine[directed[mine]]),
            Sample.ACTIONABLE: _first_of_each(onset, mine[free[mine]]),
            Sample.MINUTE: minutely[directed[minutely]],
        }
        for sample, rows in samples.items():
            if len(rows):
                found[name, sample] = Observations(**{key: c[rows] for key, c in columns.items()})
    return found


def _first_of_each(key: Integers, rows: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the first of those `rows` that share a value of `key`."""
    return rows[np.unique(key[rows], return_index=True)[1]]
