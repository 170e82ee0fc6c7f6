"""Frames of the push connection: a message of protobuf behind its length as a varint."""

import math
from typing import Any

from google.protobuf.message import DecodeError
from tigeropen.push.pb.Request_pb2 import Request
from tigeropen.push.pb.Response_pb2 import Response
from tigeropen.push.pb.SocketCommon_pb2 import SocketCommon

from tiger_nt.simulator.accounts import Account, AssetFigures, Position
from tiger_nt.simulator.board import Print, Quote
from tiger_nt.simulator.orders import MULTIPLIER, Order, Transaction
from tiger_nt.symbols import OptionTerms

__all__ = ["FrameReader", "QuoteFrames", "asset_frame", "frame", "order_frame"]
__all__ += ["position_frame", "reply_frame", "transaction_frame"]

MAX_REQUEST = 1 << 20
"""Bytes; a longer request is no request of the SDK's."""


def frame(message: Any) -> bytes:
    """Return the bytes of one frame."""
    packed: bytes = message.SerializeToString()
    length = len(packed)
    if length < 0x80:
        return bytes((length,)) + packed
    head = bytearray()
    while length >= 0x80:
        head.append(length & 0x7F | 0x80)
        length >>= 7
    head.append(length)
    return bytes(head) + packed


class FrameReader:
    """Cuts what a client sends into requests."""

    def __init__(self) -> None:
        self._buffer = bytearray()

    def feed(self, data: bytes) -> list[Any]:
        """Return the requests that are whole now; raise ValueError for bytes that are none."""
        self._buffer += data
        requests = []
        while (found := self._next()) is not None:
            request = Request()
            try:
                request.ParseFromString(found)
            except DecodeError as error:
                raise ValueError(f"Expected a request, was {len(found)} other bytes") from error
            requests.append(request)
        return requests

    def _next(self) -> bytes | None:
        length = shift = 0
        for used, byte in enumerate(self._buffer, 1):
            length |= (byte & 0x7F) << shift
            shift += 7
            if length > MAX_REQUEST:
                raise ValueError(f"Expected at most {MAX_REQUEST} bytes a request, was {length}")
            if byte < 0x80:
                if len(self._buffer) < used + length:
                    return None
                found = bytes(self._buffer[used : used + length])
                del self._buffer[: used + length]
                return found
        return None


def reply_frame(
    command: int,
    *,
    request: int | None = None,
    code: int | None = None,
    text: str | None = None,
    data_type: int | None = None,
) -> bytes:
    """Return a frame that answers a request or says something of the connection."""
    response = Response()
    response.command = command
    if request is not None:
        response.id = request
    if code is not None:
        response.code = code
    if text is not None:
        response.msg = text
    if data_type is not None:
        response.body.dataType = data_type
    return frame(response)


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


def order_frame(order: Order, now_ms: int) -> bytes:
    """Return an order's state; Tiger writes times in milliseconds and fees as a single float."""
    message, data = _account_message(SocketCommon.OrderStatus, "orderStatusData", order.terms)
    data.id = order.id
    data.account = order.account
    data.expiry = f"{order.terms.expiry:%Y%m%d}"
    data.strike = order.terms.strike_text
    data.right = order.terms.right
    data.action = order.action
    data.isLong = order.is_buy
    data.orderType = order.order_type
    data.totalQuantity = order.quantity
    data.filledQuantity = order.filled
    data.avgFillPrice = order.average_price
    data.limitPrice = order.limit_price or 0.0
    data.stopPrice = order.stop_price or 0.0
    data.realizedPnl = order.realized
    data.status = order.wire_status
    data.replaceStatus = order.replace_status.value
    data.cancelStatus = order.cancel_status.value
    data.outsideRth = order.outside_rth
    data.canModify = order.can_modify
    data.canCancel = order.can_cancel
    data.name = order.terms.root
    data.source = order.source
    data.errorMsg = order.remark
    data.commissionAndFee = order.commission
    data.openTime = order.opened_ms
    data.updateTime = order.updated_ms
    data.latestTime = order.status_ms
    data.timestamp = now_ms
    data.userMark = order.user_mark
    data.timeInForce = order.time_in_force
    data.filledCashAmount = order.filled_amount
    return frame(message)


def transaction_frame(transaction: Transaction, now_ms: int) -> bytes:
    """Return an execution; it carries no fee and no user mark."""
    message, data = _account_message(
        SocketCommon.OrderTransaction, "orderTransactionData", transaction.terms
    )
    data.id = transaction.id
    data.orderId = transaction.order_id
    data.account = transaction.account
    data.action = "BUY" if transaction.is_buy else "SELL"
    data.filledPrice = transaction.price
    data.filledQuantity = transaction.quantity
    data.createTime = data.updateTime = data.transactTime = transaction.time_ms
    data.timestamp = now_ms
    return frame(message)


def position_frame(account: Account, position: Position, price: float, now_ms: int) -> bytes:
    """Return a position at the market's `price`, dollars a share."""
    message, data = _account_message(SocketCommon.Position, "positionData", position.terms)
    value = position.quantity * price * MULTIPLIER
    data.account = account.user.account
    data.expiry = f"{position.terms.expiry:%Y%m%d}"
    data.strike = position.terms.strike_text
    data.right = position.terms.right
    data.position = position.quantity
    data.positionQty = float(position.quantity)
    data.salableQty = float(account.free_contracts(position.terms.compact))
    data.averageCost = position.average_cost
    data.latestPrice = price
    data.marketValue = value
    data.unrealizedPnl = value - position.quantity * position.average_cost * MULTIPLIER
    data.name = position.terms.root
    data.timestamp = now_ms
    return frame(message)


def asset_frame(account: Account, figures: AssetFigures, now_ms: int) -> bytes:
    """Return the securities segment."""
    message = Response()
    message.command = SocketCommon.MESSAGE
    message.body.dataType = SocketCommon.Asset
    data = message.body.assetData
    data.account = account.user.account
    data.currency = "USD"
    data.segType = "S"
    data.availableFunds = data.excessLiquidity = data.buyingPower = figures.free_cash
    data.netLiquidation = data.equityWithLoan = figures.net_liquidation
    data.cashBalance = figures.cash
    data.grossPositionValue = figures.position_value
    data.timestamp = now_ms
    return frame(message)


def _account_message(data_type: int, field: str, terms: OptionTerms) -> tuple[Any, Any]:
    message = Response()
    message.command = SocketCommon.MESSAGE
    message.body.dataType = data_type
    data = getattr(message.body, field)
    data.symbol = terms.root
    data.identifier = terms.osi
    data.multiplier = MULTIPLIER
    data.market = "US"
    data.currency = "USD"
    data.segType = "S"
    data.secType = "OPT"
    return message, data
