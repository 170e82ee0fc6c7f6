"""Chains quoted at Black prices, so that every figure of a snapshot has a known answer."""

import math

import numpy as np
from numpy.typing import ArrayLike

from autotrade_0dte.chain.book import ChainParams, OptionChainBook
from autotrade_0dte.pricing.black import price_and_greeks
from autotrade_0dte.products import product

EXPIRY_NS = 1_784_318_400_000_000_000
NOW_NS = EXPIRY_NS - 3 * 3_600_000_000_000
YEARS = 3 / (24 * 365)


class QuotedChain:
    """A book with a call and a put at each strike, quoted `half_spread` around the Black price."""

    def __init__(
        self,
        strikes: ArrayLike,
        vol: ArrayLike = 0.30,
        forward: float = 600.0,
        *,
        half_spread: float = 0.02,
        size: float = 20.0,
        params: ChainParams | None = None,
        open_interest: ArrayLike | None = None,
        root: str = "SPY",
    ) -> None:
        levels = np.asarray(strikes, float)
        self.strike = np.repeat(levels, 2)
        self.is_call = np.tile([True, False], levels.size)
        self.params = params or ChainParams()
        self.half_spread = half_spread
        self.size = size
        self.book = OptionChainBook(
            self.strike,
            self.is_call,
            EXPIRY_NS,
            self.params,
            None if open_interest is None else np.asarray(open_interest, float),
            facts=product(root),
        )
        self.quote(vol, forward)

    def quote(self, vol: ArrayLike, forward: float, now_ns: int = NOW_NS) -> None:
        """Quote every row at the volatility of its strike."""
        self.vol = np.repeat(np.broadcast_to(vol, self.strike.size // 2), 2)
        years = (EXPIRY_NS - now_ns) / (365 * 86_400e9)
        priced = price_and_greeks(
            self.vol, forward, self.strike, years, self.params.annual_rate, self.is_call
        )
        self.price = priced.price
        for row, price in enumerate(priced.price):
            half = self.half_spread
            self.book.update(row, price - half, price + half, self.size, self.size, now_ns)

    def row(self, strike: float, *, is_call: bool) -> int:
        return int(np.flatnonzero((self.strike == strike) & (self.is_call == is_call))[0])

    def set_quote(
        self, strike: float, bid: float, ask: float, *, is_call: bool, ts_event: int = NOW_NS
    ) -> int:
        row = self.row(strike, is_call=is_call)
        self.book.update(row, bid, ask, self.size, self.size, ts_event)
        return row

    @property
    def discount(self) -> float:
        return math.exp(-self.params.annual_rate * YEARS)
