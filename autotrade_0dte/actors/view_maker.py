"""Makes views of the market from what was known at their instants."""

from collections import deque
from typing import TYPE_CHECKING, Protocol

from nautilus_trader.model import IndexPriceUpdate, InstrumentId, TradeTick

from autotrade_0dte.actors.underlying_prints import UnderlyingPrints
from autotrade_0dte.chain.book import OptionChainBook
from autotrade_0dte.market_state.view import MarketView

if TYPE_CHECKING:
    from autotrade_0dte.market_state.watch import MarketWatch

__all__ = ["QuoteSource", "ViewMaker"]

_IDLE_NS = 10_000_000_000


class QuoteSource(Protocol):
    """Where the quotes of a chain come from."""

    def take(self, now_ns: int, book: OptionChainBook) -> bool:
        """Bring `book` to `now_ns`, UTC ns; return whether there were new quotes."""


class ViewMaker:
    """Takes quotes and prints up to an instant, and makes the view of it.

    Parameters
    ----------
    quotes : QuoteSource, optional
        Quotes of the chain; an attribute, to be set before the first view.
    prints : UnderlyingPrints
        Prints of the underlying.
    book : OptionChainBook
        One row a contract.
    watch : MarketWatch
        Indicators, detector and ladder of this session.
    volatility_index : InstrumentId, optional
        Index whose values are evidence, such as VIX; None where there is none.
    """

    def __init__(
        self,
        quotes: QuoteSource | None,
        prints: UnderlyingPrints,
        book: OptionChainBook,
        watch: "MarketWatch",
        volatility_index: InstrumentId | None,
    ) -> None:
        self.quotes = quotes
        self._prints = prints
        self._book = book
        self._watch = watch
        self._volatility_index = volatility_index
        self._volatility_updates: deque[IndexPriceUpdate] = deque()
        self._volatility = float("nan")
        self._volatility_ns = 0
        self._made_ns = 0

    def add(self, tick: TradeTick | IndexPriceUpdate) -> None:
        """Add a print of the underlying or a value of the volatility index; `ts_init` ascends."""
        if isinstance(tick, IndexPriceUpdate) and tick.instrument_id == self._volatility_index:
            self._volatility_updates.append(tick)
        else:
            self._prints.add(tick)

    def view(self, now_ns: int) -> MarketView | None:
        """Return the view as of `now_ns`, UTC ns; None where there is no reason for one.

        A quote or a print since the last one is a reason, and so are ten seconds without any, so
        that deadlines pass and growing quote ages are seen. Instants ascend.
        """
        assert self.quotes is not None
        changed = self.quotes.take(now_ns, self._book)
        changed |= self._prints.take(now_ns)
        if not changed and now_ns - self._made_ns < _IDLE_NS:
            return None
        self._made_ns = now_ns
        self._take_volatility(now_ns)
        chain = self._book.snapshot(now_ns, self._prints.spot, self._prints.tape())
        return self._watch.update(chain, self._volatility, self._volatility_ns)

    def _take_volatility(self, now_ns: int) -> None:
        """Take the volatility index as of the view's instant, as quotes and prints are."""
        updates = self._volatility_updates
        while updates and updates[0].ts_init <= now_ns:
            update = updates.popleft()
            self._volatility, self._volatility_ns = update.value.as_double(), update.ts_event
