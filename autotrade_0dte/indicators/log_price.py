"""Log prices in fixed point.

Sums of integers are exact: a window may slide for a whole session without drift, and the
differences of large sums that a regression needs cancel nothing.
"""

import math

from autotrade_0dte.pricing.jit import strict_kernel

__all__ = ["LOG_UNIT", "fixed_log"]

LOG_UNIT = 1e-15
"""Resolution of a fixed-point log price, about the rounding of a logarithm in float64."""


@strict_kernel
def fixed_log(price: float) -> int:  # pragma: no cover - compiled
    """Return the logarithm of a price in units of LOG_UNIT."""
    return round(math.log(price) / LOG_UNIT)
