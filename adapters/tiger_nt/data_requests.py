"""Answers to the engine's requests: instruments, the price a chain is centred on, past bars."""

from nautilus_trader.common import Logger
from nautilus_trader.live import (
    BarsResponse,
    InstrumentResponse,
    InstrumentsResponse,
    OptionChainReferencePriceResponse,
    RequestBars,
    RequestInstrument,
    RequestInstruments,
    RequestOptionChainReferencePrice,
)
from nautilus_trader.model import BarAggregation, Equity, OptionContract, Price, PriceType

from tiger_nt.errors import TigerError
from tiger_nt.parsing.data import bar
from tiger_nt.providers import TigerInstrumentProvider
from tiger_nt.refusals import RefusingDataClient, UnsupportedDataError
from tiger_nt.rest import TigerRest
from tiger_nt.rest_quote import OPTION_BAR_MINUTES, STOCK_BAR_MINUTES

__all__ = ["RequestAnsweringClient"]

_NS_PER_MS = 1_000_000
_NS_PER_DAY = 86_400_000_000_000


class RequestAnsweringClient(RefusingDataClient):
    """Answers what can be asked once; a subclass sets the attributes.

    Attributes
    ----------
    rest : TigerRest
        Where Tiger is asked.
    listed : TigerInstrumentProvider
        The instruments.
    spots : dict of str to float
        Price by underlying, dollars.
    _log : Logger
        Told of requests that cannot be answered.
    """

    rest: TigerRest
    listed: TigerInstrumentProvider
    spots: dict[str, float]
    _log: Logger

    async def _request_instruments(self, request: RequestInstruments) -> None:
        self._handle_response(
            InstrumentsResponse(
                client_id=self.client_id,
                venue=self.listed.venue,
                data=self.listed.list_all(),
                correlation_id=request.request_id,
                ts_init=self.clock.timestamp_ns(),
                start=request.start_ns,
                end=request.end_ns,
                params=request.params,
            )
        )

    async def _request_instrument(self, request: RequestInstrument) -> None:
        instrument_id = request.instrument_id
        for new in self.listed.list_known(str(instrument_id.symbol)):
            self._handle_instrument(new)
        instrument = self.listed.find(instrument_id)
        if instrument is None:
            raise UnsupportedDataError(
                f"Instrument {instrument_id}: Expected a stock on {self.venue} or a contract of "
                "the day's chains"
            )
        self._handle_response(
            InstrumentResponse(
                client_id=self.client_id,
                instrument_id=instrument_id,
                data=instrument,
                correlation_id=request.request_id,
                ts_init=self.clock.timestamp_ns(),
                start=request.start_ns,
                end=request.end_ns,
                params=request.params,
            )
        )

    async def _request_option_chain_reference_price(
        self, request: RequestOptionChainReferencePrice
    ) -> None:
        spot = self.spots.get(request.series_id.underlying)
        self._handle_response(
            OptionChainReferencePriceResponse(
                client_id=self.client_id,
                series_id=request.series_id,
                price=None if spot is None else Price(spot, 2),
                correlation_id=request.request_id,
                ts_init=self.clock.timestamp_ns(),
                params=request.params,
            )
        )

    async def _request_bars(self, request: RequestBars) -> None:
        bar_type = request.bar_type
        instrument = self.listed.find(bar_type.instrument_id)
        if isinstance(instrument, OptionContract):
            ask, served = self.rest.option_bars, OPTION_BAR_MINUTES
        elif isinstance(instrument, Equity):
            ask, served = self.rest.stock_bars, STOCK_BAR_MINUTES
        else:
            raise UnsupportedDataError(
                f"Bars {bar_type}: Expected a listed stock or an option of the day's chains"
            )
        minutes = _minutes(request)
        if minutes not in served:
            raise UnsupportedDataError(
                f"Bars {bar_type}: Expected LAST bars of {served} minutes; no daily ones"
            )
        now_ns = self.clock.timestamp_ns()
        end_ns = request.end_ns or now_ns
        start_ns = request.start_ns or end_ns - _NS_PER_DAY
        try:
            views = await ask(
                str(instrument.id.symbol), minutes, start_ns // _NS_PER_MS, end_ns // _NS_PER_MS
            )
        except TigerError as error:
            # Raised or logged as an error it would end the node; the past is not worth that.
            self._log.warning(
                f"Bars {bar_type} cannot be had, the request is not answered: {error}"
            )
            return
        now_ns = self.clock.timestamp_ns()
        bars = [made for view in views if (made := bar(view, bar_type, now_ns)) is not None]
        self._handle_response(
            BarsResponse(
                client_id=self.client_id,
                bar_type=bar_type,
                data=bars[-request.limit :] if request.limit else bars,
                correlation_id=request.request_id,
                ts_init=now_ns,
                start=request.start_ns,
                end=request.end_ns,
                params=request.params,
            )
        )


def _minutes(request: RequestBars) -> int:
    """Return the bars' length in minutes, 0 for bars that are not of last prices by time."""
    spec = request.bar_type.spec
    if spec.price_type != PriceType.LAST:
        return 0
    if spec.aggregation == BarAggregation.HOUR:
        return spec.step * 60
    return spec.step if spec.aggregation == BarAggregation.MINUTE else 0
