"""What is pushed of the market: quotes in three forms, and prints."""

import math
from typing import Any

from tigeropen.push.pb.Response_pb2 import Response
from tigeropen.push.pb.SocketCommon_pb2 import SocketCommon

from tiger_nt.simulator.board import Print, Quote
from tiger_nt.simulator.frames import frame

__all__ = ["QuoteFrames"]


class QuoteFrames:
    """Frames of quotes and prints; the message of each symbol and form is made once and filled.

    Bid and ask alone go out as BBO, a print alone as BASIC, both together as ALL, as documented.
    """

    def __init__(self) -> None:
        self._messages: dict[tuple[str, int], Any] = {}

    def bbo(self, name: str, quote: Quote, now_ms: int) -> bytes:
        """Return bid and ask."""
        message = self._message(name, SocketCommon.BBO)
        self._fill_bbo(message.body.quoteData, quote, now_ms)
        return frame(message)

    def basic(self, name: str, quote: Quote, identifier: str | None, now_ms: int) -> bytes:
        """Return the last price and the day's figures."""
        message = self._message(name, SocketCommon.BASIC)
        self._fill_basic(message.body.quoteData, quote, identifier, now_ms)
        return frame(message)

    def all(self, name: str, quote: Quote, identifier: str | None, now_ms: int) -> bytes:
        """Return everything."""
        message = self._message(name, SocketCommon.ALL)
        self._fill_bbo(message.body.quoteData, quote, now_ms)
        self._fill_basic(message.body.quoteData, quote, identifier, now_ms)
        return frame(message)

    def ticks(self, name: str, prints: list[Print], number: int, now_ms: int) -> bytes:
        """Return prints in the compressed form; `number` is the first one's."""
        message = Response()
        message.command = SocketCommon.MESSAGE
        message.body.dataType = SocketCommon.TradeTick
        data = message.body.tradeTickData
        data.symbol = name
        data.timestamp = now_ms
        data.sn = number
        data.secType = "OPT" if " " in name else "STK"
        data.type = "*" * len(prints)
        data.priceOffset = 4
        mills = [round(price * 10_000) for _, price, _ in prints]
        data.priceBase = min(mills)
        data.price.extend(mill - data.priceBase for mill in mills)
        data.volume.extend(size for _, _, size in prints)
        before = 0
        for time_ms, _, _ in prints:
            data.time.append(time_ms - before)
            before = time_ms
        return frame(message)

    def _message(self, name: str, form: int) -> Any:
        message = self._messages.get((name, form))
        if message is None:
            message = self._messages[name, form] = Response()
            message.command = SocketCommon.MESSAGE
            message.body.dataType = SocketCommon.Quote
            message.body.quoteData.symbol = name
            message.body.quoteData.type = form
        return message

    @staticmethod
    def _fill_bbo(data: Any, quote: Quote, now_ms: int) -> None:
        data.timestamp = now_ms
        data.bidPrice = quote.bid if quote.has_bid else 0.0
        data.bidSize = quote.bid_size
        data.askPrice = quote.ask if quote.has_ask else 0.0
        data.askSize = quote.ask_size
        data.bidTimestamp = data.askTimestamp = quote.quoted_ms

    @staticmethod
    def _fill_basic(data: Any, quote: Quote, identifier: str | None, now_ms: int) -> None:
        data.timestamp = data.serverTimestamp = now_ms
        if not math.isnan(quote.last):
            data.latestPrice = quote.last
            data.latestPriceTimestamp = quote.traded_ms
            data.open, data.high, data.low = quote.open, quote.high, quote.low
        data.volume = quote.volume
        if identifier is not None:
            data.identifier = identifier
