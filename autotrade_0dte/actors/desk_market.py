"""The market as the order desk sees it: the newest quote, and the newest view moved to now."""

import math
from typing import Any

from nautilus_trader.model import InstrumentId

from autotrade_0dte.actors.trading_session import TradingSession
from autotrade_0dte.chain.snapshot import ChainSnapshot
from autotrade_0dte.execution.fair_value import FairValues
from autotrade_0dte.execution.order_quote import OrderQuote
from autotrade_0dte.instruments import VENUE
from autotrade_0dte.market_state.view import MarketView

__all__ = ["DeskMarket"]

_NS = 1_000_000_000


class DeskMarket:
    """Puts together what is known of a contract at one instant.

    Parameters
    ----------
    cache : Any
        The engine's, which has the newest quotes and prints.
    session : TradingSession
        The session and its contracts.

    Attributes
    ----------
    chain : ChainSnapshot, optional
        The newest one.
    """

    def __init__(self, cache: Any, session: TradingSession) -> None:
        self._cache = cache
        self._underlying = InstrumentId.from_str(f"{session.underlying}.{VENUE}")
        self.chain: ChainSnapshot | None = None
        self._fair: FairValues | None = None

    def take(self, view: MarketView) -> None:
        """Take the newest view; its fair values are worked out when they are asked for."""
        self.chain = view.chain
        self._fair = None

    def quote(self, instrument_id: InstrumentId, row: int, now_ns: int) -> OrderQuote:
        """Return the market of a contract, -1 being its row if the chain has none of it.

        NaN where a figure is not known.
        """
        spot, chain = self._spot(), self.chain
        fair = delta = math.nan
        if chain is not None and row >= 0:
            if self._fair is None:
                self._fair = FairValues(chain)
            fair, delta = self._fair.at(row, spot), chain.delta.item(row)
        tick = self._cache.quote(instrument_id)
        if tick is None:
            unknown = math.nan
            return OrderQuote(
                now_ns, unknown, unknown, unknown, unknown, unknown, fair, delta, spot
            )
        return OrderQuote(
            now_ns,
            tick.bid_price.as_double(),
            tick.ask_price.as_double(),
            tick.bid_size.as_double(),
            tick.ask_size.as_double(),
            (now_ns - tick.ts_event) / _NS,
            fair,
            delta,
            spot,
        )

    def skew_s(self, instrument_id: InstrumentId, pair: InstrumentId | None) -> float:
        """Return the seconds between the quotes of two contracts; 0 without a pair, NaN unknown."""
        if pair is None:
            return 0.0
        quotes = self._cache.quote(instrument_id), self._cache.quote(pair)
        if None in quotes:
            return math.nan
        return float(abs(quotes[0].ts_event - quotes[1].ts_event) / _NS)

    def _spot(self) -> float:
        """Return the underlying's newest price: a stock's last trade, an index's last value."""
        trade = self._cache.trade(self._underlying)
        if trade is not None:
            return float(trade.price.as_double())
        update = self._cache.index_price(self._underlying)
        return math.nan if update is None else float(update.value.as_double())
