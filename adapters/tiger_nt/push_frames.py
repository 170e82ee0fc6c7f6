"""From one connection's frames to views in the inbox; runs on the SDK's receiving thread."""

import logging
import time
from collections.abc import Callable, Iterable
from typing import Any

import msgspec
from tigeropen.push.pb.SocketCommon_pb2 import SocketCommon

from tiger_nt.inbox import AccountView, Inbox
from tiger_nt.parsing import push as parse
from tiger_nt.views import QuoteView

__all__ = ["FrameReader", "Tally"]

_log = logging.getLogger(__name__)
_MARKETS = frozenset({"", "US"})
"""Orders elsewhere (an account may trade in Hong Kong too) have no names and no place here."""
_FREQUENT = frozenset({"Quote", "Option", "TradeTick"})


class Tally(msgspec.Struct):
    """Counts over all connections; written by the receiving thread alone."""

    frames: int = 0
    incomplete: int = 0
    malformed: int = 0


class FrameReader:
    """Reads the frames of one connection.

    Parameters
    ----------
    account : str
        Ours; news of another account of the same login is left out.
    inbox : Inbox
        Takes the views.
    on_reply : callable
        Takes frames that are answers to requests (subscribed, refused, list of subscriptions).
    on_fault : callable
        Takes what went wrong other than by an unreadable frame.
    """

    def __init__(
        self,
        account: str,
        inbox: Inbox,
        tally: Tally,
        on_reply: Callable[[Any], None],
        on_fault: Callable[[Exception], None],
    ) -> None:
        self._own = account
        self._inbox = inbox
        self._tally = tally
        self._on_reply = on_reply
        self._on_fault = on_fault
        self._symbols: dict[str, str] = {}
        self._last: dict[str, QuoteView] = {}
        self._reported: set[str] = set()
        self._readers: dict[int, Callable[[Any], None]] = {
            SocketCommon.Quote: self._quote,
            SocketCommon.Option: self._quote,
            SocketCommon.TradeTick: self._ticks,
            SocketCommon.OrderStatus: self._order,
            SocketCommon.OrderTransaction: self._transaction,
            SocketCommon.Position: self._position,
            SocketCommon.Asset: self._assets,
        }

    def read(self, frame: Any) -> None:
        """Read one frame; never raises, for that would end the SDK's receiving thread."""
        kind = "answer"
        self._tally.frames += 1
        try:
            if frame.code or not frame.HasField("body"):
                self._on_reply(frame)
                return
            read = self._readers.get(frame.body.dataType)
            if read is not None:
                kind = SocketCommon.DataType.Name(frame.body.dataType)
                read(frame.body)
        except ValueError as e:
            self._malformed(kind, e)
        except Exception as e:  # noqa: BLE001 handed on whole
            self._on_fault(e)

    def forget(self, symbols: Iterable[str]) -> None:
        """Complete no quote out of what was said of these before; from any thread."""
        for symbol in symbols:
            self._last.pop(symbol, None)

    def _quote(self, body: Any) -> None:
        data = body.quoteData
        # One option comes under two names: its own in some frames, the OCC's in others.
        name = data.identifier or data.symbol
        symbol = self._symbols.get(name)
        if symbol is None:
            symbol = self._symbols[name] = parse.quote_symbol(data)
        view = parse.quote_view(data, symbol, time.time_ns(), self._last.get(symbol))
        if view is None:
            return
        self._last[symbol] = view
        if parse.is_complete(view):
            self._inbox.put_quote(view)
        else:
            self._tally.incomplete += 1

    def _ticks(self, body: Any) -> None:
        self._inbox.put_ticks(parse.tick_views(body.tradeTickData, time.time_ns()))

    def _order(self, body: Any) -> None:
        if body.orderStatusData.market in _MARKETS:
            self._put(body.orderStatusData, parse.order_view)

    def _transaction(self, body: Any) -> None:
        if body.orderTransactionData.market in _MARKETS:
            self._put(body.orderTransactionData, parse.transaction_view)

    def _position(self, body: Any) -> None:
        self._put(body.positionData, parse.position_view)

    def _assets(self, body: Any) -> None:
        self._put(body.assetData, parse.assets_view)

    def _put(self, data: Any, view: Callable[[Any], AccountView | None]) -> None:
        if data.account and data.account != self._own:
            return
        if (found := view(data)) is not None:
            self._inbox.put_account(found)

    def _malformed(self, kind: str, error: ValueError) -> None:
        self._tally.malformed += 1
        if kind in self._reported:
            return
        if kind in _FREQUENT:
            self._reported.add(kind)
        _log.error("push: unreadable %s frame: %s", kind, error)
