"""High and low of the first minutes of a session.

They are of the prints in ``[open, open + range)``, NaN until that time is over. They stay NaN where
the prints leave a gap longer than `gap_ns` (less than the range), before the first and after the
last included: the extreme may have been in it. Once known they do not change.
"""

from typing import Any

from autotrade_0dte.pricing.jit import strict_kernel

__all__ = ["close_range", "widen_range"]

# Compiled, so coverage cannot see the bodies; the unit tests run them print by print.


@strict_kernel
def widen_range(opening: Any, ts_event: int, price: float) -> None:  # pragma: no cover
    """Take a print of the session, later than all before."""
    if ts_event < opening.end_ns:
        _check_gap(opening, ts_event)
        opening.min = min(opening.min, price)
        opening.max = max(opening.max, price)


@strict_kernel
def close_range(opening: Any, now_ns: int) -> None:  # pragma: no cover
    """Close the range when its time is over."""
    if opening.over or now_ns < opening.end_ns:
        return
    opening.over = True
    _check_gap(opening, opening.end_ns)
    if opening.seen:
        opening.high = opening.max
        opening.low = opening.min


@strict_kernel
def _check_gap(opening: Any, ts_event: int) -> None:  # pragma: no cover
    if ts_event - opening.last_ns > opening.gap_ns:
        opening.seen = False
    opening.last_ns = ts_event
