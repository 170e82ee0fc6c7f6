"""How often signals were right, measured after the fact and with its uncertainty."""

import datetime as dt
import math
from collections.abc import Iterator, Mapping, Sequence
from enum import StrEnum
from pathlib import Path

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from numpy.typing import NDArray

from autotrade_0dte.analysis.forward_returns import (
    HORIZONS_S,
    Observations,
    Sample,
    SpotPath,
    observations,
    spot_paths,
)
from autotrade_0dte.analysis.intervals import SessionBootstrap, share95
from autotrade_0dte.analysis.tables import TableError, read_table, write_bytes

__all__ = ["ACCURACY_FILE", "Accuracy", "AccuracyRow", "BinKind"]
__all__ += ["read_accuracy", "signal_accuracy", "write_accuracy"]

type Floats = NDArray[np.float64]
type Integers = NDArray[np.int64]

ACCURACY_FILE = "signal_accuracy.parquet"

_MOST_BINS = 10
_FEWEST_IN_BIN = 20
_SIGNAL_COLUMNS = (
    *("session", "ts_event", "track", "direction", "strength"),
    *("onset", "refusal", "level", "spot"),
)
_STATE_COLUMNS = ("run_id", "session", "ts_event", "spot", "spot_time")
_EPOCH = dt.date(1970, 1, 1)


class BinKind(StrEnum):
    """What signals are grouped by; ALL is one group."""

    ALL = "all"
    STRENGTH = "strength"
    LEVEL = "level"


class AccuracyRow(msgspec.Struct, frozen=True):
    """Signals of one group at one horizon; NaN is unknown.

    Parameters
    ----------
    track : str
        Whose signals.
    sample : Sample
        Which snapshots stand for them.
    horizon_s : float
        How far ahead, seconds.
    kind : BinKind
        What they are grouped by.
    bin : int
        Number of the group: of the strength from weak to strong, or the level.
    low, high : float
        Least and greatest strength in the group.
    signals : int
        Signals in the group.
    known : int
        Those of them whose forward return is known; the figures below are theirs.
    hit_rate, hit_low, hit_high : float
        Share with a move the signal's way, and its 95 % interval (Wilson, see `share95`). No move
        is no hit.
    base_rate : float
        Share at which signals of the same directions would have hit at any new price of the run.
    mean_bps, mean_low_bps, mean_high_bps : float
        Mean return in the signal's direction in basis points, and its 95 % interval (sessions drawn
        with replacement).
    """

    track: str
    sample: Sample
    horizon_s: float
    kind: BinKind
    bin: int
    low: float
    high: float
    signals: int
    known: int
    hit_rate: float
    hit_low: float
    hit_high: float
    base_rate: float
    mean_bps: float
    mean_low_bps: float
    mean_high_bps: float


class Accuracy(msgspec.Struct, frozen=True):
    """The accuracy of a run's signals.

    Signals that follow each other closely look at the same future, the more the longer the horizon,
    so the intervals take sessions as independent, not signals. With some hundred groups, a few in
    a hundred intervals leave out the base rate by chance.

    Parameters
    ----------
    run_id : str
        The run.
    sessions : int
        Sessions it looked at.
    rows : tuple of AccuracyRow
        By track, sample, horizon, kind and group.
    """

    run_id: str
    sessions: int
    rows: tuple[AccuracyRow, ...]


_ARROW = {int: pa.int64(), float: pa.float64()}
_SCHEMA = pa.schema(
    [("run_id", pa.string()), ("sessions", pa.int64())]
    + [(f.name, _ARROW.get(f.type, pa.string())) for f in msgspec.structs.fields(AccuracyRow)]
)


def signal_accuracy(folder: Path) -> Accuracy:
    """Measure the signals of a run folder by what the underlying did after them.

    Each `Sample` of each track is measured. Strengths are cut into ten groups of equal
    size, or fewer where a group would have less than 20 signals. See `Accuracy` for what the
    intervals are worth.

    Raises
    ------
    TableError
        When the tables of signals or states cannot be read.
    """
    signals = read_table(folder, "signals", _SIGNAL_COLUMNS)
    states = read_table(folder, "states", _STATE_COLUMNS)
    paths = spot_paths(states)
    base = _BaseRates(list(paths.values()))
    rows: list[AccuracyRow] = []
    for (track, sample), seen in observations(signals).items():
        returns = _forward_returns(seen, paths)
        bootstrap = SessionBootstrap(seen.session)
        for at, horizon_s in enumerate(HORIZONS_S):
            forward = returns[:, at] * seen.direction
            for kind, number, group in _groups(seen):
                mine = group & ~np.isnan(forward)
                known = int(mine.sum())
                hits = forward[mine] > 0
                rows.append(
                    AccuracyRow(
                        track,
                        sample,
                        horizon_s,
                        kind,
                        number,
                        float(seen.strength[group].min()),
                        float(seen.strength[group].max()),
                        int(group.sum()),
                        known,
                        float(hits.mean()) if known else math.nan,
                        *share95(hits, seen.session[mine]),
                        base.of(seen.direction[mine], at),
                        float(forward[mine].mean()) if known else math.nan,
                        *bootstrap.mean95(forward, mine),
                    )
                )
    run_id = states["run_id"][0].as_py() if len(states) else ""
    return Accuracy(run_id, len(paths), tuple(rows))


def write_accuracy(folder: Path) -> Path:
    """Measure the signals of a run folder and keep the result in it; return the file's path."""
    accuracy = signal_accuracy(folder)
    head = {"run_id": accuracy.run_id, "sessions": accuracy.sessions}
    rows = [head | msgspec.to_builtins(row) for row in accuracy.rows]
    buffer = pa.BufferOutputStream()
    pq.write_table(pa.Table.from_pylist(rows, _SCHEMA), buffer, compression="zstd")
    return write_bytes(folder / ACCURACY_FILE, buffer.getvalue().to_pybytes())


def read_accuracy(folder: Path) -> Accuracy:
    """Read what `write_accuracy` kept.

    Raises
    ------
    TableError
        When the file cannot be read or has other columns.
    """
    path = folder / ACCURACY_FILE
    try:
        with pq.ParquetFile(path) as file:
            table = file.read()
    except FileNotFoundError:
        raise TableError(f"Expected a run folder with {ACCURACY_FILE}, was {folder}") from None
    except (OSError, pa.ArrowException) as e:
        raise TableError(f"Expected a readable {ACCURACY_FILE}, was: {e}") from None
    if not table.schema.equals(_SCHEMA):
        raise TableError(f"Expected the columns of {ACCURACY_FILE}, was {table.schema.names}")
    rows = table.to_pylist()
    run_id, sessions = (rows[0]["run_id"], rows[0]["sessions"]) if rows else ("", 0)
    kept = table.drop_columns(["run_id", "sessions"]).to_pylist()
    return Accuracy(run_id, sessions, tuple(msgspec.convert(row, AccuracyRow) for row in kept))


class _BaseRates:
    """Shares of a run's new prices after which the price was higher, and lower, by horizon."""

    def __init__(self, paths: Sequence[SpotPath]) -> None:
        moments = ups = downs = np.zeros(len(HORIZONS_S))
        for path in paths:
            returns = path.new_prices()
            moments = moments + np.sum(~np.isnan(returns), axis=0)
            ups = ups + np.sum(returns > 0, axis=0)
            downs = downs + np.sum(returns < 0, axis=0)
        unknown = np.full(len(HORIZONS_S), np.nan)
        self._up = np.divide(ups, moments, out=unknown.copy(), where=moments > 0)
        self._down = np.divide(downs, moments, out=unknown, where=moments > 0)

    def of(self, direction: Integers, horizon: int) -> float:
        """Return how often signals of these directions would hit at any new price."""
        if not len(direction):
            return math.nan
        return float(np.where(direction > 0, self._up[horizon], self._down[horizon]).mean())


def _forward_returns(seen: Observations, paths: Mapping[dt.date, SpotPath]) -> Floats:
    found = np.full((len(seen.session), len(HORIZONS_S)), np.nan)
    for date, path in paths.items():
        mine = seen.session == (date - _EPOCH).days
        found[mine] = path.returns_bps(seen.ts_event[mine], seen.spot[mine])
    return found


def _groups(seen: Observations) -> Iterator[tuple[BinKind, int, NDArray[np.bool_]]]:
    """Yield each group's kind, number and members, of which it has at least one."""
    size = len(seen.strength)
    yield BinKind.ALL, 0, np.ones(size, np.bool_)
    bins = min(_MOST_BINS, max(1, size // _FEWEST_IN_BIN))
    edges = np.unique(np.quantile(seen.strength, np.arange(1, bins) / bins))
    strength = np.searchsorted(edges, seen.strength, side="right")
    for kind, number in ((BinKind.STRENGTH, strength), (BinKind.LEVEL, seen.level)):
        for value in np.unique(number).tolist():
            yield kind, value, number == value
