"""Limits that close a position at once, farther from the market from attempt to attempt."""

import math

from tiger_nt.symbols import INDICES, option_terms

__all__ = ["ATTEMPTS", "closing_limit"]

_SLACKS = ((2, 0.05), (5, 0.15), (10, 0.40), (20, 1.00))
"""By attempt, what a limit gives beyond the quote: cents, or a part of the price if that is more.
An order is filled at the best prices there are, so slack costs nothing where the quote is still
true; it is for the quote that has moved, and for the contracts behind the touch. The last one
sells at any price, and buys at twice the ask."""
ATTEMPTS = len(_SLACKS)
"""Attempts with a limit of their own; any after the last is as that one."""
_CENT, _NICKEL, _DIME = 1, 5, 10
_DIME_FROM = 300


def closing_limit(symbol: str, *, is_buy: bool, touch: float, attempt: int) -> float:
    """Return a limit that is valid on every price grid of US options, dollars.

    Parameters
    ----------
    symbol : str
        Compact OSI.
    is_buy : bool
        Buying back, or selling.
    touch : float
        The quote it is to meet: the bid for a sale, the ask for a purchase; 0 without one.
    attempt : int
        0 for the first.

    Returns
    -------
    float
        NaN for a purchase without an ask: no limit is sure to buy then. A sale without a bid is
        offered at the lowest price there is, where it also waits for one.
    """
    lowest = _NICKEL if _is_index(option_terms(symbol).root) else _CENT
    cents = touch * 100
    least, part = _SLACKS[min(attempt, ATTEMPTS - 1)]
    slack = max(least, part * cents)
    if is_buy:
        return _up(cents + slack) / 100 if touch > 0 else math.nan
    return max(lowest, _down(cents - slack) if touch > 0 else 0) / 100


def _down(cents: float) -> int:
    """Round down to the coarsest grid in use (a dime from $3, a nickel below), cents under it."""
    step = _DIME if cents >= _DIME_FROM else _NICKEL if cents >= _NICKEL else _CENT
    return math.floor(cents / step + 1e-9) * step


def _up(cents: float) -> int:
    step = _NICKEL if cents <= _DIME_FROM else _DIME
    return math.ceil(cents / step - 1e-9) * step


def _is_index(root: str) -> bool:
    """Whether contracts of this root trade on nickels and dimes: SPX, and SPXW of the same."""
    return root in INDICES or root[:-1] in INDICES
