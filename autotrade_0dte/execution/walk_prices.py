"""The limits of a walk: where it starts, where its steps lead, where it crosses; in whole cents."""

import math
from collections.abc import Callable

from autotrade_0dte.execution.order_quote import OrderQuote
from autotrade_0dte.execution.parent import Side
from autotrade_0dte.execution.ticks import TickGrid, in_cents

__all__ = ["WalkPrices"]


class WalkPrices:
    """Prices of one order, all on the grid and never beyond its cap.

    "Toward" the market is up for a buy and down for a sell.

    Parameters
    ----------
    side : Side
        Of the order.
    cap : float
        Its worst price, dollars.
    tick_cents : callable
        Tick in cents at a price in whole cents.

    Attributes
    ----------
    cap : int
        The cap on the grid, cents; below a tick there is no price for a buy.
    least : int
        The least price of the grid, cents: its finest tick.
    """

    __slots__ = ("_grid", "_side", "_sign", "_tick", "_tick_price", "cap", "least")

    def __init__(self, side: Side, cap: float, tick_cents: Callable[[int], int]) -> None:
        self._side = side
        self._sign = side.sign
        self._grid = TickGrid(tick_cents, side)
        self.least = tick_cents(0)
        self._tick, self._tick_price = math.nan, math.nan  # the last one asked for: looks ask again
        self.cap = self._grid.away(in_cents(cap))
        if side is Side.SELL:
            self.cap = max(self.cap, self.least)

    @property
    def has_price(self) -> bool:
        """Whether any price of the grid is within the cap."""
        return self.cap >= self.least

    def tick(self, quote: OrderQuote) -> float:
        """Return the price step at the market, dollars: at its far side, else its near one."""
        far = quote.far(self._side)
        price = far if is_price(far) else quote.near(self._side)
        if price != self._tick_price:
            cents = int(in_cents(price)) if is_price(price) else 0
            self._tick, self._tick_price = self._grid.tick(cents) / 100, price
        return self._tick

    def is_beyond(self, cents: int, other: int) -> bool:
        """Return whether a limit lies further toward the market than another."""
        return self._sign * (cents - other) > 0

    def past_far(self, cents: int, quote: OrderQuote) -> float:
        """Return how far a limit lies through the far side, cents; NaN where there is none.

        Below zero it is short of it; from zero on nothing is to be gained by a step.
        """
        far = quote.far(self._side)
        return self._sign * (cents - in_cents(far)) if is_price(far) else math.nan

    def passive(self, quote: OrderQuote) -> int:
        """Return the better of fair value and the near side, short of the far side by a tick."""
        near, far = in_cents(quote.near(self._side)), in_cents(quote.far(self._side))
        fair = in_cents(quote.fair)
        best = fair if self._sign * (fair - near) > 0 else near  # NaN: near
        limit = self._grid.away(best)
        last = self._grid.step(self._grid.toward(far), -1)
        return self._within(last if self.is_beyond(limit, last) else limit)

    def walk(self, quote: OrderQuote, start_fraction: float, done: float) -> int:
        """Return where a walk should be after the part `done` (0 .. 1) of its steps.

        It starts `start_fraction` of the way from the near side to fair value (the middle when
        none is known) and ends at the far side; both are those of now.
        """
        near, far = in_cents(quote.near(self._side)), in_cents(quote.far(self._side))
        fair = in_cents(quote.fair)
        value = (near + far) / 2 if math.isnan(fair) else fair
        start = near + start_fraction * (value - near)
        if self._sign * (start - far) > 0:
            start = far
        return self._within(self._grid.away(start + (far - start) * done))

    def marketable(self, quote: OrderQuote, ticks: int) -> int:
        """Return the limit `ticks` beyond the far side."""
        far = self._grid.toward(in_cents(quote.far(self._side)))
        return self._within(self._grid.step(far, ticks))

    def without_far(self, quote: OrderQuote, *, at_any_price: bool) -> int | None:
        """Return where an exit rests when there is nobody to trade with, or None to wait.

        At fair value; `at_any_price` lets a sale without one rest at its cap, for whoever comes.
        """
        if is_price(quote.fair):
            return self._within(self._grid.away(in_cents(quote.fair)))
        return self.cap if at_any_price and self._side is Side.SELL else None

    def further(self, cents: int, ticks: int, quote: OrderQuote) -> int:
        """Return the limit `ticks` further toward the market, at most the far side."""
        limit = self._grid.step(cents, ticks)
        far = self._grid.toward(in_cents(quote.far(self._side)))
        return self._within(far if self.is_beyond(limit, far) else limit)

    def beyond(self, cents: int, other: int) -> int:
        """Return the one of two limits that is further toward the market."""
        return cents if self.is_beyond(cents, other) else other

    def _within(self, cents: int) -> int:
        return max(self.cap if self.is_beyond(cents, self.cap) else cents, self.least)


def is_price(price: float) -> bool:
    """Return whether there is a price: above 0, known and finite."""
    return 0.0 < price < math.inf
