"""From the push and the pollers into the engine: each view becomes one of the engine's values."""

from collections.abc import Callable, Iterable, Sequence

import msgspec
from nautilus_trader.model import IndexInstrument, InstrumentId

from tiger_nt.live_greeks import LiveGreeks
from tiger_nt.parsing.data import (
    QuoteMaker,
    Stamps,
    index_price,
    instrument_status,
    trade_tick,
)
from tiger_nt.providers import TigerInstrumentProvider
from tiger_nt.push_listener import PushListener
from tiger_nt.push_topics import Topic
from tiger_nt.views import LinkEvent, QuoteView, StockView, TickView

__all__ = ["DataFeed", "FeedCounters"]


class FeedCounters(msgspec.Struct, frozen=True, kw_only=True):
    """What passed so far.

    Parameters
    ----------
    quotes, trades : int
        Handed to the engine, polled quotes included.
    empty_trades : int
        Prints without a price or a size, left out.
    unlisted : int
        Quotes and prints of symbols that are no instrument here, left out.
    missing_levels : int
        Answers without the level of an index that was asked for.
    ahead : int
        Stamps later than our clock, set back to it.
    ahead_max_ms : float
        The furthest of them, milliseconds.
    unstamped : int
        Values without Tiger's time, which have the time of receipt.
    """

    quotes: int
    trades: int
    empty_trades: int
    unlisted: int
    missing_levels: int
    ahead: int
    ahead_max_ms: float
    unstamped: int


class DataFeed(PushListener):
    """Hears the push and the pollers on the event loop's thread.

    Parameters
    ----------
    emit : callable
        Hands a value to the engine.
    now_ns : callable
        The engine's clock, ns UTC.
    provider : TigerInstrumentProvider
        Instruments by symbol.
    greeks : LiveGreeks
        Told of the quotes of options it values.
    spots : dict of str to float
        Price by underlying in dollars, kept up to date here; its keys are the underlyings.
    on_change, on_bar, on_failure : callable
        Told of the connection, of symbols Tiger refuses for a topic and why, of an error in here.
    """

    def __init__(
        self,
        emit: Callable[[object], None],
        now_ns: Callable[[], int],
        provider: TigerInstrumentProvider,
        greeks: LiveGreeks,
        spots: dict[str, float],
        on_change: Callable[[LinkEvent], None],
        on_bar: Callable[[Topic, list[str], str], None],
        on_failure: Callable[[Exception], None],
    ) -> None:
        self._emit = emit
        self._now_ns = now_ns
        self._provider = provider
        self._greeks = greeks
        self._spots = spots
        self._on_change = on_change
        self._on_bar = on_bar
        self._on_failure = on_failure
        self._stamps = Stamps()
        self._make = QuoteMaker(self._stamps)
        self._ids: dict[str, InstrumentId] = {}
        self._polled: dict[str, tuple[float, float, int, int, int]] = {}
        self._quotes = self._trades = self._empty_trades = self._unlisted = 0
        self._missing_levels = 0
        self._statuses: dict[str, None] = {}
        self._status: str | None = None
        self.pushed: frozenset[str] = frozenset()
        self.levels: set[str] = set()

    @property
    def counters(self) -> FeedCounters:
        """What passed so far."""
        return FeedCounters(
            quotes=self._quotes,
            trades=self._trades,
            empty_trades=self._empty_trades,
            unlisted=self._unlisted,
            missing_levels=self._missing_levels,
            ahead=self._stamps.ahead,
            ahead_max_ms=self._stamps.ahead_max_ns / 1e6,
            unstamped=self._stamps.unstamped,
        )

    def on_quotes(self, quotes: list[QuoteView]) -> None:
        """Hand on every quote; this runs for each frame of the push."""
        now_ns = self._now_ns()
        emit, make, ids, greeks, spots = (
            self._emit, self._make, self._ids, self._greeks, self._spots
        )  # fmt: skip
        for view in quotes:
            symbol = view.symbol
            instrument_id = ids.get(symbol) or self._id(symbol)
            if instrument_id is None:
                continue
            emit(make(view, instrument_id, now_ns))
            self._quotes += 1
            if symbol in greeks:
                greeks.on_quote(symbol, view.bid, view.ask)
            elif symbol in spots and 0 < view.bid <= view.ask:
                spots[symbol] = (view.bid + view.ask) / 2

    def on_ticks(self, ticks: list[TickView]) -> None:
        """Hand on every print that has a price and a size."""
        now_ns = self._now_ns()
        for view in ticks:
            instrument_id = self._id(view.symbol)
            if instrument_id is None:
                continue
            trade = trade_tick(view, instrument_id, now_ns, self._stamps)
            if trade is None:
                self._empty_trades += 1
            else:
                self._trades += 1
                self._emit(trade)

    def on_option_quotes(self, quotes: Sequence[QuoteView]) -> None:
        """Hand on polled quotes that are new; what is pushed by now would only be older."""
        self.on_quotes([view for view in quotes if self._is_news(view)])

    def on_briefs(self, briefs: Sequence[StockView]) -> None:
        """Hand on polled levels of indices, and quotes of stocks."""
        now_ns = self._now_ns()
        stocks = []
        for brief in briefs:
            instrument = self._provider.by_symbol(brief.symbol)
            if not isinstance(instrument, IndexInstrument):
                stocks.append(brief.quote)
                continue
            level = index_price(brief.last, brief.last_ms, instrument.id, now_ns, self._stamps)
            if level is None:
                self._missing_levels += 1
                continue
            if brief.symbol in self._spots:
                self._spots[brief.symbol] = brief.last
            if brief.symbol in self.levels:
                self._emit(level)
        self.on_option_quotes(stocks)

    def watch_status(self, symbol: str) -> None:
        """Hand on the market's status for this symbol from now on, the present one at once."""
        self._statuses[symbol] = None
        self._emit_status([symbol])

    def unwatch_status(self, symbol: str) -> None:
        """Hand it on no more."""
        self._statuses.pop(symbol, None)

    def on_status(self, statuses: Sequence[str]) -> None:
        """Hand on the market's status for each watched symbol when it has changed."""
        if self._status != statuses[-1]:
            self._status = statuses[-1]
            self._emit_status(self._statuses)

    def _emit_status(self, symbols: Iterable[str]) -> None:
        if self._status is None:
            return
        now_ns = self._now_ns()
        for symbol in symbols:
            instrument_id = self._id(symbol)
            if instrument_id is not None:
                self._emit(instrument_status(self._status, instrument_id, now_ns))

    def on_link(self, event: LinkEvent) -> None:
        """Pass on a change of the connection."""
        self._on_change(event)

    def on_refused(self, topic: Topic, symbols: list[str], reason: str) -> None:
        """Pass on that Tiger refuses to push these."""
        self._on_bar(topic, symbols, reason)

    def on_fault(self, error: Exception) -> None:
        """Pass on an error in handling the data; it must not be lost."""
        self._on_failure(error)

    def _id(self, symbol: str) -> InstrumentId | None:
        """Look up an engine symbol; count what is no instrument here."""
        found = self._ids.get(symbol)
        if found is None:
            instrument = self._provider.by_symbol(symbol)
            if instrument is None:
                self._unlisted += 1
                return None
            found = self._ids[symbol] = instrument.id
        return found

    def _is_news(self, view: QuoteView) -> bool:
        said = (view.bid, view.ask, view.bid_size, view.ask_size, view.time_ms)
        if view.symbol in self.pushed or self._polled.get(view.symbol) == said:
            return False
        self._polled[view.symbol] = said
        return True
