"""Feeds the option chain book from the engine and publishes its snapshots."""

from collections.abc import Sequence
from typing import Any, Self

from nautilus_trader.common import DataActor, TimeEvent
from nautilus_trader.model import (
    IndexInstrument,
    IndexPriceUpdate,
    InstrumentId,
    OptionContract,
    QuoteTick,
    TradeTick,
)

from autotrade_0dte.chain.book import OptionChainBook

__all__ = ["ChainActor", "chain_topic"]

_TIMER = "chain-snapshot"
_IDLE_NS = 60_000_000_000
_NS_PER_MS = 1_000_000


def chain_topic(underlying: str) -> str:
    """Return the bus topic on which snapshots of the chain on `underlying` are published."""
    return f"chain.{underlying}"


class ChainActor(DataActor):
    """Keeps one chain's book by quote and publishes a ChainSnapshot on a timer.

    A snapshot is published when anything has changed since the last one, and once a minute when
    nothing has, so that growing quote ages are seen.

    Parameters
    ----------
    contracts : sequence of OptionContract
        The chain in the order of the book's rows (by strike, call before put).
    underlying : Equity or IndexInstrument
        Spot comes from the trades of an equity, or from the price updates of an index.
    book : OptionChainBook
        One row a contract.
    interval_ms : int
        Time between snapshots.
    start_ns, stop_ns : int
        Snapshots are made from `start_ns` (the session's open) until just before `stop_ns`.
    """

    def __new__(cls, *_args: Any, **_kwargs: Any) -> Self:
        """Pass none of the arguments on: the engine's base class accepts only a configuration."""
        return super().__new__(cls)

    def __init__(
        self,
        contracts: Sequence[OptionContract],
        underlying: Any,
        book: OptionChainBook,
        interval_ms: int,
        start_ns: int,
        stop_ns: int,
    ) -> None:
        super().__init__()
        self._row: dict[InstrumentId, int] = {c.id: row for row, c in enumerate(contracts)}
        self._underlying = underlying
        self._topic = chain_topic(str(underlying.id.symbol))
        self._book = book
        self._interval_ns = interval_ms * _NS_PER_MS
        self._start_ns = start_ns
        self._stop_ns = stop_ns
        self._spot = float("nan")
        self._spot_ns = 0
        self._changed = False
        self._published_ns = 0

    def on_start(self) -> None:
        for instrument_id in self._row:
            self.subscribe_quotes(instrument_id)
        if isinstance(self._underlying, IndexInstrument):
            self.subscribe_index_prices(self._underlying.id)
        else:
            self.subscribe_trades(self._underlying.id)
        self.clock.set_timer_ns(
            _TIMER,
            self._interval_ns,
            start_time_ns=self._start_ns,
            stop_time_ns=self._stop_ns - 1,
            callback=self._on_timer,
        )

    def on_quote(self, quote: QuoteTick) -> None:
        self._book.update(
            self._row[quote.instrument_id],
            quote.bid_price.as_double(),
            quote.ask_price.as_double(),
            quote.bid_size.as_double(),
            quote.ask_size.as_double(),
            quote.ts_event,
        )
        self._changed = True

    def on_trade(self, trade: TradeTick) -> None:
        self._take_spot(trade.ts_event, trade.price.as_double())

    def on_index_price(self, update: IndexPriceUpdate) -> None:
        self._take_spot(update.ts_event, update.value.as_double())

    @property
    def last_print(self) -> tuple[int, float]:
        """Time and price of the last print of the underlying up to expiry; (0, NaN) without one."""
        return self._spot_ns, self._spot

    def _take_spot(self, ts_event: int, price: float) -> None:
        if ts_event <= self._stop_ns:
            self._spot_ns = ts_event
            self._spot = price
            self._changed = True

    def _on_timer(self, event: TimeEvent) -> None:
        now_ns = event.ts_event
        if not self._changed and now_ns - self._published_ns < _IDLE_NS:
            return
        self._changed = False
        self._published_ns = now_ns
        self.publish_message(self._topic, self._book.snapshot(now_ns, self._spot))
