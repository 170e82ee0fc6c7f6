"""The price grid of one product, in whole cents, seen from a buy's or a sell's side."""

import math
from collections.abc import Callable

from autotrade_0dte.execution.parent import Side

__all__ = ["TickGrid", "in_cents"]

_MOST_DOLLARS = 1e6
"""Larger than any option's price; keeps a cap that means "any price" a whole number."""

_CENT_NOISE = 4e-7
"""Less than half of the sixth digit of a cent."""


def in_cents(price: float) -> float:
    """Return dollars in cents, 0 or more, without the noise of binary fractions; NaN stays NaN."""
    if price <= 0.0:
        return 0.0
    cents = (_MOST_DOLLARS if price > _MOST_DOLLARS else price) * 100.0
    whole = (cents + 0.5) // 1.0
    # Most prices are on the cent, where the slow rounding to six digits gives the same.
    return whole if abs(cents - whole) < _CENT_NOISE else round(cents, 6)


class TickGrid:
    """Rounds prices to ticks; "toward" the market is up for a buy and down for a sell.

    Parameters
    ----------
    tick_cents : callable
        Tick in cents at a price in whole cents, 1 or more. Where the tick changes, the price must
        be a multiple of both.
    side : Side
        Of the order.
    """

    __slots__ = ("_is_buy", "tick")

    def __init__(self, tick_cents: Callable[[int], int], side: Side) -> None:
        self.tick = tick_cents
        self._is_buy = side is Side.BUY

    def away(self, cents: float) -> int:
        """Return the nearest tick that is no worse for us: at or below a buy's price."""
        return self._down(cents) if self._is_buy else self._up(cents)

    def toward(self, cents: float) -> int:
        """Return the nearest tick at which an order at `cents` or better still trades."""
        return self._up(cents) if self._is_buy else self._down(cents)

    def step(self, cents: int, ticks: int) -> int:
        """Return the price `ticks` further toward the market, or away from it below 0."""
        up = (ticks > 0) == self._is_buy
        for _ in range(abs(ticks)):
            cents = cents + self.tick(cents) if up else cents - self.tick(cents - 1)
        return cents

    def _down(self, cents: float) -> int:
        tick = self.tick(int(cents))
        return math.floor(cents / tick) * tick

    def _up(self, cents: float) -> int:
        tick = self.tick(int(cents))
        return math.ceil(cents / tick) * tick
