"""Feeds the option chain book from the engine and publishes its snapshots."""

from collections import deque
from collections.abc import Sequence
from typing import Any, Self

from nautilus_trader.common import DataActor, TimeEvent
from nautilus_trader.model import (
    IndexInstrument,
    IndexPriceUpdate,
    OptionContract,
    TradeTick,
)

from autotrade_0dte.actors.cached_quotes import CachedQuotes
from autotrade_0dte.chain.book import OptionChainBook
from autotrade_0dte.chain.quote_columns import ColumnQuotes
from autotrade_0dte.chain.snapshot import Tape

__all__ = ["ChainActor", "chain_topic"]

_TIMER = "chain-snapshot"
_IDLE_NS = 10_000_000_000
_NS_PER_MS = 1_000_000


def chain_topic(underlying: str) -> str:
    """Return the bus topic on which snapshots of the chain on `underlying` are published."""
    return f"chain.{underlying}"


class ChainActor(DataActor):
    """Keeps one chain's book and publishes a ChainSnapshot on a timer.

    The newest quotes are taken when the timer fires, not one by one as they come: nothing looks at
    the book in between, and a busy feed costs Python nothing. A snapshot is published when anything
    has changed since the last one, and every ten seconds when nothing has, so that deadlines pass
    and growing quote ages are seen.

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
    has_volume : bool
        Whether the sizes of the underlying's trades are real.
    quotes : ColumnQuotes, optional
        The chain's quotes where the node has them as columns, as a backtest does. Without it they
        are subscribed to and taken from the engine's cache.
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
        *,
        has_volume: bool,
        quotes: ColumnQuotes | None = None,
    ) -> None:
        super().__init__()
        self._contracts = [contract.id for contract in contracts]
        self._quotes: ColumnQuotes | CachedQuotes | None = quotes
        self._underlying = underlying
        self._topic = chain_topic(str(underlying.id.symbol))
        self._book = book
        self._interval_ns = interval_ms * _NS_PER_MS
        self._start_ns = start_ns
        self._stop_ns = stop_ns
        self._prints: deque[TradeTick | IndexPriceUpdate] = deque()
        self._spot = float("nan")
        self._spot_ns = 0
        self._volume = self._turnover = 0.0 if has_volume else float("nan")
        self._print_before = (0, float("nan"))
        self._changed = False
        self._published_ns = 0

    def on_start(self) -> None:
        if self._quotes is None:
            self._quotes = CachedQuotes(self.cache, self._contracts)
            for instrument_id in self._contracts:
                self.subscribe_quotes(instrument_id)
        if isinstance(self._underlying, IndexInstrument):
            self.subscribe_index_prices(self._underlying.id)
        else:
            self.subscribe_trades(self._underlying.id)
        self.clock.set_timer_ns(
            _TIMER,
            self._interval_ns,
            start_time_ns=_first_due(self._start_ns, self._interval_ns, self.clock.timestamp_ns()),
            stop_time_ns=self._stop_ns - 1,
            callback=self._on_timer,
        )

    def on_stop(self) -> None:
        self.clock.cancel_timer(_TIMER)

    def on_trade(self, trade: TradeTick) -> None:
        self._prints.append(trade)

    def on_index_price(self, update: IndexPriceUpdate) -> None:
        self._prints.append(update)

    @property
    def last_prints(self) -> tuple[tuple[int, float], tuple[int, float]]:
        """Time and price of the underlying's last two prints up to expiry; (0, NaN) for none."""
        while self._prints:
            self._take_spot(self._prints.popleft())
        return self._print_before, (self._spot_ns, self._spot)

    def _take_spot(self, tick: TradeTick | IndexPriceUpdate) -> None:
        if tick.ts_event <= self._stop_ns:
            self._print_before = self._spot_ns, self._spot
            self._spot_ns = tick.ts_event
            if isinstance(tick, TradeTick):
                self._spot = tick.price.as_double()
                if tick.ts_event >= self._start_ns:
                    size = tick.size.as_double()
                    self._volume += size
                    self._turnover += size * self._spot
            else:
                self._spot = tick.value.as_double()
            self._changed = True

    def _on_timer(self, event: TimeEvent) -> None:
        now_ns = event.ts_event
        assert self._quotes is not None
        self._changed |= self._quotes.take(now_ns, self._book)
        while self._prints and self._prints[0].ts_init <= now_ns:
            self._take_spot(self._prints.popleft())
        if not self._changed and now_ns - self._published_ns < _IDLE_NS:
            return
        self._changed = False
        self._published_ns = now_ns
        tape = Tape(self._spot_ns, self._volume, self._turnover)
        self.publish_message(self._topic, self._book.snapshot(now_ns, self._spot, tape))


def _first_due(start_ns: int, interval_ns: int, now_ns: int) -> int:
    """Return the first instant of the timer's grid that has not passed."""
    missed = max(0, -((start_ns - now_ns) // interval_ns))
    return start_ns + missed * interval_ns
