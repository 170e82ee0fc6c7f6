"""What the evidence of a session rests on, as arrays that compiled code reads and writes.

One call into compiled code takes a snapshot in. As objects of Python the same state took most of
the time of a snapshot: between two of them the engine drives all of it out of the processor's
caches, and a few arrays are back much sooner than hundreds of objects.
"""

from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

__all__ = ["FIGURES", "POINT", "PRODUCTS", "SAMPLES", "STATE", "WINDOWS", "Memory", "grown"]

WINDOWS = (
    "index", "index_second", "chain", "chain_second", "chain_step", "chain_step_second", "spread",
    "price",
)  # fmt: skip
"""Rows of the windows; that of a second estimate comes after the first's."""

FIGURES = (
    "index_level", "index_change", "chain_level", "chain_change", "chain_step", "realized",
    "activity", "spread", "spread_change", "quote_age", "crossed",
)  # fmt: skip
"""Rows of the figures."""

SAMPLES = len(WINDOWS)
"""Row of the points of the first figure; those of the windows come before."""

PRODUCTS = SAMPLES + len(FIGURES)
"""Row of the points of local volatility, the last."""

POINT = np.dtype([("ts_event", np.int64), ("value", np.float64)])
"""A value and its time, UTC ns."""

_WINDOW = np.dtype(
    [
        ("step_ns", np.int64),
        ("longest_s", np.float64),
        ("first", np.int64),
        ("count", np.int64),
        ("value", np.float64),
        ("elapsed_s", np.float64),
    ]
)
"""A change, see `window`; it looks at its points from `first` up to `count`."""

_FIGURE = np.dtype(
    [
        ("floor", np.float64),
        ("trailing_minutes", np.int64),
        ("window_ns", np.int64),
        ("lag_ns", np.int64),
        ("sample_ns", np.int64),
        ("min_samples", np.int64),
        ("first", np.int64),
        ("stop", np.int64),
        ("count", np.int64),
        ("next_ns", np.int64),
        ("due_ns", np.int64),
        ("median", np.float64),
        ("scale", np.float64),
        ("value", np.float64),
        ("score", np.float64),
    ]
)
"""What is scored, see `trailing` and `standard`. Its points from `first` up to `stop` are in the
trailing window, those up to `count` are too young."""

_LOCAL = np.dtype(
    [
        ("step_ns", np.int64),
        ("steps", np.int64),
        ("lag_ns", np.int64),
        ("ts_event", np.int64),
        ("log_price", np.float64),
        ("before", np.float64),
        ("stop", np.int64),
        ("count", np.int64),
        ("value", np.float64),
        ("last", np.float64),
    ]
)
"""Local volatility, see `jump.take_step`; its points up to `stop` are old enough to be in it."""

_DRIFT = np.dtype(
    [("allowance", np.float64), ("up", np.float64), ("down", np.float64), ("value", np.float64)]
)
"""See `jump.take_drift`."""

_PRICE = np.dtype(
    [
        ("floor", np.float64),
        ("implied_share", np.float64),
        ("drift_scale", np.float64),
        ("jump", np.float64),
        ("jump_score", np.float64),
        ("drift_score", np.float64),
    ]
)
"""See `price`."""

STATE = np.dtype(
    [
        ("open_ns", np.int64),
        ("close_ns", np.int64),
        ("index_life_ns", np.int64),
        ("enter", np.float64, 3),
        ("leave", np.float64, 3),
        ("quoted_ns", np.int64),
        ("print_ns", np.int64),
        ("index_ns", np.int64),
        ("windows", _WINDOW, len(WINDOWS)),
        ("figures", _FIGURE, len(FIGURES)),
        ("price", _PRICE),
        ("local", _LOCAL),
        ("drift", _DRIFT),
    ]
)
"""Session, limits, times of the newest data seen, and what is known so far."""


class Memory(NamedTuple):
    """The state of a session and the points it looks back on.

    Parameters
    ----------
    state : STATE
        Its record in compiled code; outside it an array of one, by which it goes in.
    points : POINT (rows, capacity)
        What each window, each figure and local volatility has seen, in time order.
    ordered : float64 (figures, capacity)
        The values in each trailing window, by size.
    usual : float64 (figures, minutes, 2)
        Median and scale by minute of the session, where a profile knows them; else NaN.
    pattern : float64 (minutes,)
        Usual volatility of the underlying by minute over that of the day; empty where no profile
        knows it.
    """

    state: Any
    points: NDArray[Any]
    ordered: NDArray[np.float64]
    usual: NDArray[np.float64]
    pattern: NDArray[np.float64]


def grown[T: np.generic](array: NDArray[T]) -> NDArray[T]:
    """Return an array with room for twice as many values in each row."""
    wider = np.zeros((array.shape[0], 2 * array.shape[1]), array.dtype)
    wider[:, : array.shape[1]] = array
    return wider
