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
    """The underlying's price through one session, as its snapshots showed it.

    Parameters
    ----------
    ts_event : int64
        Instants of the snapshots, ascending, UTC ns.
    spot : float64
        Dollars; NaN where unknown.
    spot_time : int64
        Time of the print behind `spot`, UTC ns; 0 for none.
    """

    def __init__(self, ts_event: Integers, spot: Floats, spot_time: Integers) -> None:
        known = ~np.isnan(spot) & (spot_time > 0)
        self._times, self._spot, self._printed = ts_event[known], spot[known], spot_time[known]
        self._end_ns = int(ts_event[-1]) if len(ts_event) else 0

    def returns_bps(self, ts_event: Integers, spot: Floats) -> Floats:
        """Return log returns from `spot` at `ts_event` over each horizon, shape (n, horizons).

        The price at a horizon is the last one before its end. A return is NaN where the session has
        ended by then, and where the price at its start or at its end was older than half the
        horizon then: snapshots repeat the last print, which would look like no move.
        """
        found = np.full((len(ts_event), len(HORIZONS_S)), np.nan)
        if not len(self._times):
            return found
        _, start_age_ns = self._at(ts_event)
        for column, horizon_s in enumerate(HORIZONS_S):
            span_ns = round(horizon_s * _NS)
            end = ts_event + span_ns
            price, end_age_ns = self._at(end)
            fresh = 2 * np.maximum(start_age_ns, end_age_ns) <= span_ns
            known = (end <= self._end_ns) & fresh
            found[known, column] = _BPS * np.log(price[known] / spot[known])
        return found

    def new_prices(self) -> Floats:
        """Return the returns from every snapshot that shows a new print, shape (n, horizons).

        Those are the moments at which a signal can say something new.
        """
        new = np.diff(self._printed, prepend=0) > 0
        return self.returns_bps(self._times[new], self._spot[new])

    def _at(self, ts_event: Integers) -> tuple[Floats, Integers]:
        """Return the last price shown at each instant, and the age of its print."""
        at = np.maximum(np.searchsorted(self._times, ts_event, side="right") - 1, 0)
        return self._spot[at], ts_event - self._printed[at]


def spot_paths(states: pa.Table) -> dict[dt.date, SpotPath]:
    """Return the price path of each session of a table of states."""
    return {
        date: SpotPath(_ns(table["ts_event"]), table["spot"].to_numpy(), _ns(table["spot_time"]))
        for date, table in by_session(states).items()
    }


def observations(signals: pa.Table) -> dict[tuple[str, Sample], Observations]:
    """Return each track's signals by sample, from a table in time order; none that is empty."""
    track = np.asarray(signals["track"].to_pylist(), "U")
    onset = _ns(signals["onset"])
    columns = {
        "session": signals["session"].cast(pa.int32()).to_numpy().astype(np.int64),
        "ts_event": _ns(signals["ts_event"]),
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


def _ns(times: pa.ChunkedArray) -> Integers:
    """Return times in UTC ns; 0 for none."""
    found: Integers = times.cast(pa.int64()).fill_null(0).to_numpy()
    return found


def _first_of_each(key: Integers, rows: NDArray[np.intp]) -> NDArray[np.intp]:
    """Return the first of those `rows` that share a value of `key`."""
    return rows[np.unique(key[rows], return_index=True)[1]]
