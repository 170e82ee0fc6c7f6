"""A table's row as of some time ago.

Every window here is the difference between a running total and what the total was a window ago, so
that an update costs the same however much the window holds.
"""

from typing import Any

from numpy.typing import NDArray

from autotrade_0dte.pricing.jit import strict_kernel

__all__ = ["nanoseconds", "rows_before"]

_NS = 1_000_000_000


def nanoseconds(window_s: float) -> int:
    """Return a window in nanoseconds; raise ValueError unless it is above zero."""
    if not window_s > 0:
        raise ValueError(f"Expected a window above 0 s, was {window_s}")
    return round(window_s * _NS)


@strict_kernel
def rows_before(  # pragma: no cover - compiled; the property tests compare it with a plain search
    lagged: Any, table: NDArray[Any], count: int, now_ns: int
) -> int:
    """Return how many of `count` rows are at least as old as the window; 0 for none.

    The newest of them is the table as of then: of several at one time the last counts. Times, of
    rows and of questions, must not go back.
    """
    cutoff = now_ns - lagged.window_ns
    old: int = lagged.old
    while old < count and table[old].ts_event <= cutoff:
        old += 1
    lagged.old = old
    return old
