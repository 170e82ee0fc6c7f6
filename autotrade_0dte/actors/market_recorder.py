"""Writes the market data that a live node receives to a journal."""

from collections.abc import Callable, Sequence
from typing import Any, Protocol, Self

from nautilus_trader.common import DataActor, TimeEvent
from nautilus_trader.model import (
    IndexInstrument,
    IndexPriceUpdate,
    InstrumentId,
    OptionContract,
    QuoteTick,
    TradeTick,
)

from autotrade_0dte.risk.mode import Trigger
from autotrade_0dte.risk.report import REPORT_TOPIC, RiskReport
from autotrade_0dte.risk.rungs import FIGURES

__all__ = ["MarketJournal", "MarketRecorder"]

_TIMER = "journal-flush"
_FLUSH_NS = 500_000_000


class MarketJournal(Protocol):
    """Where rows go; `symbols` are those it has numbers for.

    `flush` and `close` raise OSError.
    """

    symbols: Sequence[str]

    def quote(
        self,
        symbol: int,
        ts_event: int,
        ts_init: int,
        bid: float,
        ask: float,
        bid_size: float,
        ask_size: float,
    ) -> None: ...
    def trade(
        self, symbol: int, ts_event: int, ts_init: int, price: float, size: float
    ) -> None: ...
    def index(self, symbol: int, ts_event: int, ts_init: int, value: float) -> None: ...
    def flush(self) -> None: ...
    def close(self) -> None: ...


class MarketRecorder(DataActor):
    """Records quotes of contracts, quotes and trades of stocks, and index values.

    Rows are appended as they come, in a microsecond or two each, and flushed twice a second. A disk
    that fails does not stop the node: `failure` then says why the journal ends early, and each time
    is reported to the risk controller as an error.

    Parameters
    ----------
    journal : MarketJournal
        Open for writing; closed when the actor stops.
    instruments : sequence of instrument
        What to subscribe to; the journal must have a number for each, KeyError otherwise.
    """

    def __new__(cls, *_args: Any, **_kwargs: Any) -> Self:
        """Pass none of the arguments on: the engine's base class accepts only a configuration."""
        return super().__new__(cls)

    def __init__(self, journal: MarketJournal, instruments: Sequence[Any]) -> None:
        super().__init__()
        self.failure: str | None = None
        self._journal = journal
        self._instruments = list(instruments)
        number = {symbol: n for n, symbol in enumerate(journal.symbols)}
        self._number: dict[InstrumentId, int] = {
            i.id: number[str(i.id.symbol)] for i in instruments
        }

    def on_start(self) -> None:
        for instrument in self._instruments:
            if isinstance(instrument, IndexInstrument):
                self.subscribe_index_prices(instrument.id)
                continue
            self.subscribe_quotes(instrument.id)
            if not isinstance(instrument, OptionContract):
                self.subscribe_trades(instrument.id)
        self.clock.set_timer_ns(_TIMER, _FLUSH_NS, callback=self._on_timer)

    def on_stop(self) -> None:
        self.clock.cancel_timer(_TIMER)
        self._guarded(self._journal.close)

    def on_quote(self, quote: QuoteTick) -> None:
        self._journal.quote(
            self._number[quote.instrument_id],
            quote.ts_event,
            quote.ts_init,
            quote.bid_price.as_double(),
            quote.ask_price.as_double(),
            quote.bid_size.as_double(),
            quote.ask_size.as_double(),
        )

    def on_trade(self, trade: TradeTick) -> None:
        self._journal.trade(
            self._number[trade.instrument_id],
            trade.ts_event,
            trade.ts_init,
            trade.price.as_double(),
            trade.size.as_double(),
        )

    def on_index_price(self, update: IndexPriceUpdate) -> None:
        self._journal.index(
            self._number[update.instrument_id],
            update.ts_event,
            update.ts_init,
            update.value.as_double(),
        )

    def _on_timer(self, _event: TimeEvent) -> None:
        if not self._guarded(self._journal.flush):
            report = RiskReport(
                ts_event=self.clock.timestamp_ns(),
                trigger=Trigger.ERRORS,
                begins=True,
                figures={FIGURES[Trigger.ERRORS]: 1.0},
                text=self.failure or "",
            )
            self.publish_message(REPORT_TOPIC, report)

    def _guarded(self, write: Callable[[], None]) -> bool:
        try:
            write()
        except OSError as e:
            self.failure = f"JOURNAL_NOT_WRITTEN: {e.strerror}"
            # No error: the engine may be set to stop at the first one.
            self.log.warning(self.failure)
            return False
        return True
