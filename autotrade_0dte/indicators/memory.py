"""What the indicators of a session rest on, as arrays that compiled code reads and writes."""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["PRINT", "RETURN", "STATE", "VOLUME", "Memory"]

_BARS = np.dtype(
    [("width_ns", np.int64), ("bar", np.int64), ("closed", np.int64), ("last", np.float64)]
)
"""See `ema.take_price`."""

_AVERAGE = np.dtype(
    [
        ("period", np.int64),
        ("weight", np.float64),
        ("count", np.int64),
        ("sum", np.float64),
        ("value", np.float64),
    ]
)
"""See `ema.take_close`."""

_CROSS = np.dtype(
    [
        ("fast", _AVERAGE),
        ("slow", _AVERAGE),
        ("close", np.float64),
        ("gap", np.float64),
        ("bars_since", np.float64),
        ("side", np.int64),
    ]
)
"""See `ema.take_close`."""

_LAGGED = np.dtype([("window_ns", np.int64), ("old", np.int64)])
"""A window and the number of rows that are at least as old; see `lagged`."""

_OPENING = np.dtype(
    [
        ("end_ns", np.int64),
        ("gap_ns", np.int64),
        ("last_ns", np.int64),
        ("seen", np.bool_),
        ("over", np.bool_),
        ("max", np.float64),
        ("min", np.float64),
        ("high", np.float64),
        ("low", np.float64),
    ]
)
"""See `opening_range`."""

STATE = np.dtype(
    [
        ("open_ns", np.int64),
        ("close_ns", np.int64),
        ("opening_gap_ns", np.int64),
        ("return_ns", np.int64),
        ("min_returns", np.int64),
        ("price_ns", np.int64),
        ("price", np.float64),
        ("is_whole", np.bool_),
        ("prints", np.int64),
        ("returns", np.int64),
        ("volumes", np.int64),
        ("return_log", np.int64),
        ("bars", _BARS),
        ("cross", _CROSS),
        ("momentum", _LAGGED),
        ("trend", _LAGGED),
        ("half_trend", _LAGGED),
        ("short", _LAGGED),
        ("long", _LAGGED),
        ("burst", _LAGGED),
        ("trailing", _LAGGED),
        ("opening", _OPENING),
    ]
)
"""Session, windows, the newest print, how many rows the tables have, and what is known so far."""

PRINT = np.dtype(
    [
        ("ts_event", np.int64),
        ("price", np.float64),
        ("log_price", np.int64),
        ("t", np.int64),
        ("y", np.int64),
        ("tt", np.uint64, 2),
        ("ty", np.uint64, 2),
    ]
)
"""A print, its price as `fixed_log` gives it, and sums over all prints up to it; see `trend`."""

RETURN = np.dtype([("ts_event", np.int64), ("squares", np.uint64, 2), ("span", np.int64)])
"""Time of a print, and sums over all returns up to it; see `volatility`."""

VOLUME = np.dtype([("ts_event", np.int64), ("shares", np.float64)])
"""Instant of a snapshot, and shares traded since the open."""


class Memory(NamedTuple):
    """The state of a session and the tables it looks back on, each with room for more rows.

    Parameters
    ----------
    state : STATE
        Its record in compiled code; outside it an array of one, by which it goes in.
    prints : PRINT (capacity,)
        A row for each print, in time order.
    returns : RETURN (capacity,)
        A row for each print that a return begins or ends with.
    volumes : VOLUME (capacity,)
        A row for each snapshot.
    usual_rate : float64 (minutes,)
        Usual shares a second by minute after the open, NaN where unknown.
    """

    state: Any
    prints: NDArray[Any]
    returns: NDArray[Any]
    volumes: NDArray[Any]
    usual_rate: NDArray[np.float64]
