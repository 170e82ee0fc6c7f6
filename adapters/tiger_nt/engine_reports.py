"""Orders, executions and positions as reports of the engine, under its ids and instruments."""

from collections.abc import Callable, Iterable

from nautilus_trader.live.clients import ExecutionClient
from nautilus_trader.model import (
    ClientOrderId,
    FillReport,
    InstrumentId,
    OrderStatusReport,
    PositionStatusReport,
    Symbol,
    VenueOrderId,
)

from tiger_nt.alarms import Alarm, AlarmKind
from tiger_nt.engine_orders import EngineOrder
from tiger_nt.instruments import Instrument, Listings
from tiger_nt.marks import client_order_id
from tiger_nt.order_events import Filled
from tiger_nt.parsing.reports import fill_report, order_report, position_report
from tiger_nt.symbols import SEC_TYPES, is_option, option_terms
from tiger_nt.views import PositionView

__all__ = ["EngineReports"]


class EngineReports:
    """Makes reports for one client.

    Parameters
    ----------
    client : ExecutionClient
        Whose reports they are.
    listings : Listings
        Makes instruments the engine does not know yet.
    alarm : callable
        Told once of each symbol that the engine cannot be told of.
    """

    def __init__(
        self, client: ExecutionClient, listings: Listings, alarm: Callable[[Alarm], None]
    ) -> None:
        self._client = client
        self._listings = listings
        self._alarm = alarm
        self._unsupported: set[str] = set()

    def client_order_id(self, order: EngineOrder) -> ClientOrderId | None:
        """Return the engine's id of an order: from its mark, else from its own cache."""
        ours = client_order_id(order.mark)
        if ours is not None:
            return ClientOrderId(ours)
        if order.id is None:
            return None
        return self._client.cache.client_order_id(VenueOrderId(str(order.id)))

    def known_instrument(self, symbol: str) -> Instrument | None:
        """Return the engine's instrument of a symbol, None if it has none."""
        name = InstrumentId(Symbol(symbol), self._listings.venue)
        instrument: Instrument | None = self._client.cache.instrument(name)
        return instrument

    def orders(self, orders: Iterable[EngineOrder]) -> list[OrderStatusReport]:
        """Report orders as they were told so far."""
        now_ns = self._client.clock.timestamp_ns()
        return [
            order_report(
                order, instrument, self._client.account_id, self.client_order_id(order), now_ns
            )
            for order in orders
            if (instrument := self._instrument_of(order)) is not None
        ]

    def fills(self, order: EngineOrder, fills: Iterable[Filled]) -> list[FillReport]:
        """Report executions of an order."""
        instrument = self._instrument_of(order)
        if instrument is None:
            return []
        client, name = self._client, self.client_order_id(order)
        now_ns = client.clock.timestamp_ns()
        return [
            fill_report(order, fill, instrument, client.account_id, name, now_ns) for fill in fills
        ]

    def positions(self, positions: Iterable[PositionView]) -> list[PositionStatusReport]:
        """Report positions."""
        now_ns = self._client.clock.timestamp_ns()
        return [
            position_report(position, instrument, self._client.account_id, now_ns)
            for position in positions
            if (instrument := self._instrument(position.symbol, position.sec_type)) is not None
        ]

    def _instrument_of(self, order: EngineOrder) -> Instrument | None:
        symbol = order.request.symbol
        seen = order.view
        sec_type = seen.sec_type if seen else "OPT" if is_option(symbol) else "STK"
        return self._instrument(symbol, sec_type)

    def _instrument(self, symbol: str, sec_type: str) -> Instrument | None:
        """Return the instrument, made known to the engine if it was not; None if unsupported."""
        if sec_type not in SEC_TYPES or (sec_type == "OPT") != is_option(symbol):
            if symbol not in self._unsupported:
                self._unsupported.add(symbol)
                text = f"Expected an option or a stock, was {sec_type} {symbol}: left out"
                self._alarm(Alarm(AlarmKind.UNSUPPORTED, text))
            return None
        known = self.known_instrument(symbol)
        if known is not None:
            return known
        made: Instrument = (
            self._listings.contract(option_terms(symbol))
            if sec_type == "OPT"
            else self._listings.underlying(symbol)
        )
        self._client._handle_instrument(made)
        return made
