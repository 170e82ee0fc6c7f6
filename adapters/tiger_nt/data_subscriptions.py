"""The engine's subscriptions, taken down: what is wanted, for the client to serve."""

import asyncio

from nautilus_trader.live import (
    SubscribeCustomData,
    SubscribeIndexPrices,
    SubscribeInstrument,
    SubscribeInstruments,
    SubscribeInstrumentStatus,
    SubscribeOptionGreeks,
    SubscribeQuotes,
    SubscribeTrades,
    UnsubscribeCustomData,
    UnsubscribeIndexPrices,
    UnsubscribeInstrument,
    UnsubscribeInstruments,
    UnsubscribeInstrumentStatus,
    UnsubscribeOptionGreeks,
    UnsubscribeQuotes,
    UnsubscribeTrades,
)
from nautilus_trader.model import IndexInstrument, InstrumentId, OptionContract

from tiger_nt.data_requests import RequestAnsweringClient
from tiger_nt.feed import DataFeed
from tiger_nt.link_data import LINK_DATA_TYPE, link_data
from tiger_nt.live_greeks import LiveGreeks
from tiger_nt.polling import Poller
from tiger_nt.push import TigerPush
from tiger_nt.quote_source import QuoteSource
from tiger_nt.refusals import UnsupportedDataError
from tiger_nt.subscriptions import QuoteWishes
from tiger_nt.views import LinkEvent

__all__ = ["SubscriptionTakingClient"]


class SubscriptionTakingClient(RequestAnsweringClient):
    """Takes the engine's subscriptions; a subclass sets the attributes and serves them.

    Attributes
    ----------
    push : TigerPush
        Where prints are subscribed.
    feed : DataFeed
        Told whose levels and status are handed on.
    greeks : LiveGreeks
        Told which options are valued.
    wishes : QuoteWishes
        Whose quotes are wanted.
    source : QuoteSource
        Told which levels are polled.
    status : Poller of str
        Asks for the market's status once somebody wants it.
    review : asyncio.Event
        Set when `wishes` have changed.
    link : LinkEvent or None
        The last change of the connection.
    link_wanted : bool
        Whether such changes are handed on.
    """

    push: TigerPush
    feed: DataFeed
    greeks: LiveGreeks
    wishes: QuoteWishes
    source: QuoteSource
    status: Poller[str]
    review: asyncio.Event
    link: LinkEvent | None
    link_wanted: bool

    async def _subscribe_quotes(self, command: SubscribeQuotes) -> None:
        symbol = self._symbol(command.instrument_id, "quotes", indices=False)
        self.wishes.add(symbol, "quotes")
        self.review.set()

    async def _unsubscribe_quotes(self, command: UnsubscribeQuotes) -> None:
        self.wishes.remove(str(command.instrument_id.symbol), "quotes")
        self.review.set()

    async def _subscribe_trades(self, command: SubscribeTrades) -> None:
        symbol = self._symbol(command.instrument_id, "trades", indices=False)
        await self.push.subscribe_ticks([symbol])

    async def _unsubscribe_trades(self, command: UnsubscribeTrades) -> None:
        await self.push.unsubscribe_ticks([str(command.instrument_id.symbol)])

    async def _subscribe_index_prices(self, command: SubscribeIndexPrices) -> None:
        for new in self.listed.list_known(str(command.instrument_id.symbol)):
            self._handle_instrument(new)
        symbol = self._symbol(command.instrument_id, "levels", stocks=False)
        self.feed.levels.add(symbol)
        self.source.poll_level(symbol)

    async def _unsubscribe_index_prices(self, command: UnsubscribeIndexPrices) -> None:
        self.feed.levels.discard(str(command.instrument_id.symbol))

    async def _subscribe_option_greeks(self, command: SubscribeOptionGreeks) -> None:
        instrument = self.listed.find(command.instrument_id)
        if not isinstance(instrument, OptionContract):
            raise UnsupportedDataError(
                f"Greeks of {command.instrument_id}: Expected an option of the day's chains"
            )
        symbol = str(command.instrument_id.symbol)
        self.greeks.add(symbol, instrument, self.listed.open_interest(symbol))
        self.wishes.add(symbol, "Greeks")
        self.review.set()

    async def _unsubscribe_option_greeks(self, command: UnsubscribeOptionGreeks) -> None:
        symbol = str(command.instrument_id.symbol)
        self.greeks.remove(symbol)
        self.wishes.remove(symbol, "Greeks")
        self.review.set()

    async def _subscribe_instrument_status(self, command: SubscribeInstrumentStatus) -> None:
        self.feed.watch_status(str(command.instrument_id.symbol))
        self.status.set_symbols(["US"])

    async def _unsubscribe_instrument_status(self, command: UnsubscribeInstrumentStatus) -> None:
        self.feed.unwatch_status(str(command.instrument_id.symbol))

    async def _subscribe_instruments(self, command: SubscribeInstruments) -> None:
        """Do nothing: every instrument is handed on when it is listed."""

    async def _subscribe_instrument(self, command: SubscribeInstrument) -> None:
        """Do nothing: every instrument is handed on when it is listed."""

    async def _unsubscribe_instruments(self, command: UnsubscribeInstruments) -> None:
        """Do nothing: the engine passes on what is wanted."""

    async def _unsubscribe_instrument(self, command: UnsubscribeInstrument) -> None:
        """Do nothing: the engine passes on what is wanted."""

    async def _subscribe(self, command: SubscribeCustomData) -> None:
        if command.data_type != LINK_DATA_TYPE:
            raise UnsupportedDataError(
                f"Custom data {command.data_type}: Expected {LINK_DATA_TYPE}, there is no other"
            )
        self.link_wanted = True
        if self.link is not None:
            self._handle_data(link_data(self.link, self.clock.timestamp_ns()))

    async def _unsubscribe(self, command: UnsubscribeCustomData) -> None:
        if command.data_type == LINK_DATA_TYPE:
            self.link_wanted = False

    def _symbol(
        self, instrument_id: InstrumentId, what: str, *, stocks: bool = True, indices: bool = True
    ) -> str:
        """Return the symbol of a listed instrument of the right kind; refuse any other."""
        instrument = self.listed.find(instrument_id)
        is_index = isinstance(instrument, IndexInstrument)
        if instrument is None or (is_index and not indices) or (not is_index and not stocks):
            kind = "an index" if not stocks else "an option or a stock"
            raise UnsupportedDataError(
                f"Expected {kind} listed by {self.client_id} for {what}, was {instrument_id}"
            )
        return str(instrument_id.symbol)
