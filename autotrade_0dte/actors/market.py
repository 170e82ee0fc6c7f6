"""Keeps the option chain and the market's state from the engine's data, and publishes its views."""

from collections import deque
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Self

from nautilus_trader.common import DataActor, TimeEvent
from nautilus_trader.model import (
    IndexInstrument,
    IndexPriceUpdate,
    InstrumentId,
    OptionContract,
    TradeTick,
)

from autotrade_0dte.actors.cached_quotes import CachedQuotes
from autotrade_0dte.actors.underlying_prints import UnderlyingPrints
from autotrade_0dte.actors.views import market_topic
from autotrade_0dte.chain.book import OptionChainBook
from autotrade_0dte.chain.quote_columns import ColumnQuotes

if TYPE_CHECKING:
    from autotrade_0dte.market_state.watch import MarketWatch

__all__ = ["MarketActor"]

# The engine fires timers of one instant by name: this one before the desk's, whose look then sees
# the newest view.
_TIMER = "chain-snapshot"
_IDLE_NS = 10_000_000_000
_NS_PER_MS = 1_000_000


class MarketActor(DataActor):
    """Publishes a MarketView on a timer: the chain, its indicators and the market's state.

    The newest quotes are taken when the timer fires, not one by one as they come: nothing looks at
    the book in between, and a busy feed costs Python nothing. A view is published when a quote or a
    print has come since the last one, and every ten seconds when none has, so that deadlines pass
    and growing quote ages are seen.

    Book and watch are in one component, as each has its clock moved at every event.

    Parameters
    ----------
    contracts : sequence of OptionContract
        The chain in the order of the book's rows (by strike, call before put).
    underlying : Equity or IndexInstrument
        Spot comes from the trades of an equity, or from the price updates of an index.
    book : OptionChainBook
        One row a contract.
    watch : MarketWatch
        Indicators, detector and ladder of this session.
    interval_ms : int
        Time between views.
    start_ns, stop_ns : int
        Views are made from `start_ns` (the session's open) until just before `stop_ns`.
    has_volume : bool
        Whether the sizes of the underlying's trades are real.
    volatility_index : InstrumentId, optional
        Index whose values are evidence, such as VIX; None where there is none.
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
        watch: "MarketWatch",
        interval_ms: int,
        start_ns: int,
        stop_ns: int,
        *,
        has_volume: bool,
        volatility_index: InstrumentId | None = None,
        quotes: ColumnQuotes | None = None,
    ) -> None:
        super().__init__()
        self._contracts = [contract.id for contract in contracts]
        self._quotes: ColumnQuotes | CachedQuotes | None = quotes
        self._underlying = underlying
        self._topic = market_topic(str(underlying.id.symbol))
        self._book = book
        self._watch = watch
        self._interval_ns = interval_ms * _NS_PER_MS
        self._start_ns = start_ns
        self._stop_ns = stop_ns
        self._prints = UnderlyingPrints(start_ns, stop_ns, has_volume=has_volume)
        self._volatility_index = volatility_index
        self._volatility_updates: deque[IndexPriceUpdate] = deque()
        self._volatility = float("nan")
        self._volatility_ns = 0
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
        if self._volatility_index is not None:
            self.subscribe_index_prices(self._volatility_index)
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
        self._prints.add(trade)

    def on_index_price(self, update: IndexPriceUpdate) -> None:
        if update.instrument_id == self._volatility_index:
            self._volatility_updates.append(update)
        else:
            self._prints.add(update)

    @property
    def last_prints(self) -> tuple[tuple[int, float], tuple[int, float]]:
        """Time and price of the underlying's last two prints up to expiry; (0, NaN) for none."""
        return self._prints.last_two()

    def _on_timer(self, event: TimeEvent) -> None:
        now_ns = event.ts_event
        assert self._quotes is not None
        changed = self._quotes.take(now_ns, self._book)
        changed |= self._prints.take(now_ns)
        if not changed and now_ns - self._published_ns < _IDLE_NS:
            return
        self._published_ns = now_ns
        self._take_volatility(now_ns)
        chain = self._book.snapshot(now_ns, self._prints.spot, self._prints.tape())
        view = self._watch.update(chain, self._volatility, self._volatility_ns)
        self.publish_message(self._topic, view)

    def _take_volatility(self, now_ns: int) -> None:
        """Take the volatility index as of the view's instant, as quotes and prints are."""
        updates = self._volatility_updates
        while updates and updates[0].ts_init <= now_ns:
            update = updates.popleft()
            self._volatility, self._volatility_ns = update.value.as_double(), update.ts_event


def _first_due(start_ns: int, interval_ns: int, now_ns: int) -> int:
    """Return the first instant of the timer's grid that has not passed."""
    missed = max(0, -((start_ns - now_ns) // interval_ns))
    return start_ns + missed * interval_ns
