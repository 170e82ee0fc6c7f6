"""The market of one contract as the order desk sees it at one instant."""

import math

import msgspec

from autotrade_0dte.execution.parent import Side

__all__ = ["OrderQuote"]


class OrderQuote(msgspec.Struct, frozen=True, gc=False):
    """Best prices, fair value and underlying of one contract; dollars, NaN is unknown.

    Parameters
    ----------
    now_ns : int
        Event time, UTC ns.
    bid, ask : float
        Best prices; 0 or NaN where there is none.
    bid_size, ask_size : float
        Contracts shown.
    age_s : float
        Seconds since the quote's event.
    fair : float
        Fair value at the newest price of the underlying, see `execution.fair_value`.
    delta : float
        Change of the option's value with the underlying.
    spot : float
        Newest price of the underlying.
    """

    now_ns: int
    bid: float
    ask: float
    bid_size: float
    ask_size: float
    age_s: float
    fair: float = math.nan
    delta: float = math.nan
    spot: float = math.nan

    @property
    def is_two_sided(self) -> bool:
        """Whether both sides have a price."""
        return self.bid > 0 and self.ask > 0

    @property
    def mid(self) -> float:
        """Middle of the spread, NaN without both sides."""
        return (self.bid + self.ask) / 2 if self.is_two_sided else math.nan

    @property
    def spread(self) -> float:
        """Ask less bid, NaN without both sides."""
        return self.ask - self.bid if self.is_two_sided else math.nan

    def near(self, side: Side) -> float:
        """Return the price on the order's own side of the market: where it would queue."""
        return self.bid if side is Side.BUY else self.ask

    def far(self, side: Side) -> float:
        """Return the price that an order of `side` trades at, at once."""
        return self.ask if side is Side.BUY else self.bid

    def far_size(self, side: Side) -> float:
        """Return the contracts shown at `far`."""
        return self.ask_size if side is Side.BUY else self.bid_size
