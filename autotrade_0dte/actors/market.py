"""Makes views of the market from the engine's data, and publishes them."""

from collections.abc import Iterable, Sequence
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
from autotrade_0dte.actors.recorder import RunRecorder
from autotrade_0dte.actors.underlying_prints import UnderlyingPrints
from autotrade_0dte.actors.view_maker import ViewMaker
from autotrade_0dte.actors.views import market_topic
from autotrade_0dte.actors.views_ahead import ViewsAhead
from autotrade_0dte.chain.book import OptionChainBook
from autotrade_0dte.chain.quote_columns import ColumnQuotes

if TYPE_CHECKING:
    from autotrade_0dte.market_state.watch import MarketWatch

__all__ = ["MarketActor"]

# The engine fires timers of one instant by name: this one before the desk's, whose look then sees
# the newest view.
_TIMER = "chain-snapshot"
_NS_PER_MS = 1_000_000


class MarketActor(DataActor):
    """Publishes a MarketView on a timer: the chain, its indicators and the market's state.

    The newest quotes are taken when the timer fires, not one by one as they come: nothing looks at
    the book in between, and a busy feed costs Python nothing. Where there is no reason for a view,
    see `ViewMaker.view`, none is published.

    Book, watch and recorder are in one component, as each has its clock moved at every event.

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
        The chain's quotes where the node has them as columns, as a backtest does, which tells of
        all other data by `foresee`. Without it everything is subscribed to, and quotes are taken
        from the engine's cache.
    recorder : RunRecorder, optional
        Listens through this component.
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
        recorder: RunRecorder | None = None,
    ) -> None:
        super().__init__()
        self._recorder = recorder
        self._contracts = [contract.id for contract in contracts]
        self._underlying = underlying
        self._topic = market_topic(str(underlying.id.symbol))
        self._interval_ns = interval_ms * _NS_PER_MS
        self._start_ns = start_ns
        self._stop_ns = stop_ns
        self._volatility_index = volatility_index
        self._prints = UnderlyingPrints(start_ns, stop_ns, has_volume=has_volume)
        self._maker = ViewMaker(quotes, self._prints, book, watch, volatility_index)
        self._views = ViewsAhead(self._maker, self._interval_ns, stop_ns)

    def on_start(self) -> None:
        if self._recorder is not None:
            self._recorder.listen(self)
        if self._maker.quotes is None:
            self._maker.quotes = CachedQuotes(self.cache, self._contracts)
            self._subscribe()
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
        self._maker.add(trade)

    def on_index_price(self, update: IndexPriceUpdate) -> None:
        self._maker.add(update)

    def foresee(self, ticks: Iterable[TradeTick | IndexPriceUpdate], known_ns: int) -> None:
        """Take the ticks up to `known_ns`, UTC ns, before the engine gets there, beside the quotes.

        Views are made ahead with them, see `ViewsAhead`. Ticks of other instruments are left out.
        """
        names = self._underlying.id, self._volatility_index
        self._views.add((tick for tick in ticks if tick.instrument_id in names), known_ns)

    @property
    def last_prints(self) -> tuple[tuple[int, float], tuple[int, float]]:
        """Time and price of the underlying's last two prints up to expiry; (0, NaN) for none."""
        return self._prints.last_two()

    def _subscribe(self) -> None:
        for instrument_id in self._contracts:
            self.subscribe_quotes(instrument_id)
        if isinstance(self._underlying, IndexInstrument):
            self.subscribe_index_prices(self._underlying.id)
        else:
            self.subscribe_trades(self._underlying.id)
        if self._volatility_index is not None:
            self.subscribe_index_prices(self._volatility_index)

    def _on_timer(self, event: TimeEvent) -> None:
        view = self._views.view(event.ts_event)
        if view is not None:
            self.publish_message(self._topic, view)


def _first_due(start_ns: int, interval_ns: int, now_ns: int) -> int:
    """Return the first instant of the timer's grid that has not passed."""
    missed = max(0, -((start_ns - now_ns) // interval_ns))
    return start_ns + missed * interval_ns
