"""How long tests wait for what must come, and the waiting."""

import time
from collections.abc import Callable

__all__ = ["PATIENCE_S", "wait_until"]

PATIENCE_S = 120.0
"""Far longer than anything takes: a machine may be ten times slower than the one at hand, or busy.

It passes only where something is wrong.
"""
_POLL_S = 0.02


def wait_until[T](condition: Callable[[], T], what: str, told: Callable[[], object] = str) -> T:
    """Return the condition's first true value; fail, with what is `told`, when there is none."""
    deadline_s = time.monotonic() + PATIENCE_S
    while not (value := condition()):
        assert time.monotonic() < deadline_s, f"Expected {what}, was not: {told()}"
        time.sleep(_POLL_S)
    return value
