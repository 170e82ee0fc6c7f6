"""Push frames of the SDK (protobuf) to views; pure, called on the SDK's receiving thread.

Every function raises FrameError or SymbolError, both ValueErrors, for a frame it cannot read.
"""

import json
import math
from itertools import accumulate
from typing import Any

from tigeropen.common.util.order_utils import get_order_status

from tiger_nt.symbols import SEC_TYPES, engine_symbol, option_terms
from tiger_nt.views import (
    AssetsView,
    CommandStatus,
    OrderState,
    OrderView,
    PositionView,
    QuotaView,
    QuoteView,
    TickView,
    TransactionView,
)

__all__ = ["FrameError", "assets_view", "is_complete", "order_view", "position_view"]
__all__ += ["quota_view", "quote_symbol", "quote_view", "tick_views", "transaction_view"]

SECURITIES = "S"
_UNKNOWN_SIZE = -1
_MAX_DECIMALS = 12


class FrameError(ValueError):
    """A frame whose fields contradict the protocol."""


def quote_symbol(data: Any) -> str:
    """Return the engine's symbol of a QuoteData frame."""
    return engine_symbol(data.identifier or data.symbol)


def quote_view(
    data: Any, symbol: str, received_ns: int, previous: QuoteView | None
) -> QuoteView | None:
    """Read a QuoteData frame of `symbol`; None when it says nothing of bid or ask.

    A field the frame leaves out keeps its value of `previous`, the same symbol's last view on this
    connection. Without one it stays unknown (see `is_complete`): a missing side is not a zero.
    """
    has = data.HasField
    fields = [has("bidPrice"), has("bidSize"), has("askPrice"), has("askSize")]
    if not any(fields):
        return None
    bid, bid_size, ask, ask_size = (
        (math.nan, _UNKNOWN_SIZE, math.nan, _UNKNOWN_SIZE)
        if previous is None
        else (previous.bid, previous.bid_size, previous.ask, previous.ask_size)
    )
    if fields[0]:
        bid = _price("bidPrice", data.bidPrice, data)
    if fields[1]:
        bid_size = _size("bidSize", data.bidSize, data)
    if fields[2]:
        ask = _price("askPrice", data.askPrice, data)
    if fields[3]:
        ask_size = _size("askSize", data.askSize, data)
    return QuoteView(
        symbol=symbol,
        bid=bid,
        ask=ask,
        bid_size=bid_size,
        ask_size=ask_size,
        time_ms=_quote_time_ms(data),
        received_ns=received_ns,
    )


def is_complete(view: QuoteView) -> bool:
    """Whether price and size of both sides are known."""
    return view.bid == view.bid and view.ask == view.ask and min(view.bid_size, view.ask_size) >= 0


def tick_views(data: Any, received_ns: int) -> list[TickView]:
    """Read a TradeTickData frame: prices against a base, times as differences."""
    count = len(data.price)
    if len(data.time) != count or len(data.volume) != count:
        raise FrameError(
            f"{data.symbol}: Expected as many times and volumes as the {count} prices, "
            f"was {len(data.time)} and {len(data.volume)}"
        )
    if not 0 <= data.priceOffset <= _MAX_DECIMALS:
        raise FrameError(f"{data.symbol}: Expected 0..12 decimals, was {data.priceOffset}")
    symbol = engine_symbol(data.symbol)
    scale = 10**data.priceOffset
    rows = zip(data.price, data.volume, accumulate(data.time), strict=True)
    return [
        TickView(
            symbol=symbol,
            price=_price("price", (data.priceBase + price) / scale, data),
            size=_size("volume", volume, data),
            sn=data.sn + i,
            time_ms=time_ms,
            received_ns=received_ns,
        )
        for i, (price, volume, time_ms) in enumerate(rows)
    ]


def order_view(data: Any) -> OrderView:
    """Read an OrderStatusData frame; a state in words the SDK does not know is UNKNOWN."""
    filled = _whole("filledQuantity", data.filledQuantity, data.filledQuantityScale)
    return OrderView(
        id=data.id,
        user_mark=data.userMark,
        symbol=_symbol(data),
        sec_type=data.secType,
        is_buy=_is_buy(data.action),
        order_type=data.orderType,
        quantity=_whole("totalQuantity", data.totalQuantity, data.totalQuantityScale),
        filled=filled,
        limit_price=data.limitPrice or None,
        stop_price=data.stopPrice or None,
        average_price=data.avgFillPrice if filled else math.nan,
        # A float32 on the wire: its digits beyond the sixth decimal are noise.
        commission=round(data.commissionAndFee, 6),
        state=_order_state(data.status, filled),
        reason=data.errorMsg,
        replace_status=_command_status(data.replaceStatus),
        cancel_status=_command_status(data.cancelStatus),
        time_in_force=data.timeInForce or "DAY",
        updated_ms=max(data.updateTime, data.latestTime) or data.timestamp,
    )


def transaction_view(data: Any) -> TransactionView:
    """Read an OrderTransactionData frame."""
    return TransactionView(
        id=data.id,
        order_id=data.orderId,
        symbol=_execution_symbol(data),
        sec_type=data.secType,
        is_buy=_is_buy(data.action),
        quantity=data.filledQuantity,
        # A package that brought money in has a net price below zero.
        price=data.filledPrice
        if _is_foreign(data)
        else _price("filledPrice", data.filledPrice, data),
        time_ms=data.transactTime or data.createTime or data.timestamp,
    )


def position_view(data: Any) -> PositionView:
    """Read a PositionData frame."""
    return PositionView(
        symbol=_symbol(data),
        sec_type=data.secType,
        quantity=_whole("position", data.position, data.positionScale),
        average_cost=data.averageCost,
    )


def assets_view(data: Any) -> AssetsView | None:
    """Read an AssetData frame; None for another segment than securities.

    The protocol leaves out figures that are zero, so that a missing one is zero.
    """
    if data.segType != SECURITIES:
        return None
    return AssetsView(
        net_liquidation=data.netLiquidation,
        cash=data.cashBalance,
        cash_available=data.availableFunds,
        buying_power=data.buyingPower,
        init_margin=data.initMarginReq,
        maintenance_margin=data.maintMarginReq,
        currency=data.currency or "USD",
    )


def quota_view(message: str) -> QuotaView:
    """Read the answer to a query of the subscriptions."""
    try:
        found = json.loads(message)
        return QuotaView(
            limit=int(found["limit"]),
            used=int(found["used"]),
            tick_limit=int(found.get("tradeTickLimit", 0)),
            tick_used=int(found.get("tradeTickUsed", 0)),
        )
    except (KeyError, TypeError, AttributeError, ValueError):
        raise FrameError(
            f"Expected subscriptions with limit and used, was {message[:100]!r}"
        ) from None


def _quote_time_ms(data: Any) -> int:
    # The sides' own times are the exchange's and may be older; none is newer than its frame.
    sides_ms: int = max(data.bidTimestamp, data.askTimestamp)
    frame_ms: int = data.timestamp
    return min(sides_ms, frame_ms) if sides_ms and frame_ms else sides_ms or frame_ms


def _symbol(data: Any) -> str:
    if _is_foreign(data):
        return str(data.symbol)
    if data.identifier or not data.expiry:
        return engine_symbol(data.identifier or data.symbol)
    right = "CALL" if data.right in {"CALL", "C"} else "PUT"
    return option_terms(f"{data.symbol} {data.expiry} {data.strike} {right}").compact


def _is_foreign(data: Any) -> bool:
    return bool(data.secType) and data.secType not in SEC_TYPES


def _execution_symbol(data: Any) -> str:
    if _is_foreign(data):
        return str(data.symbol)
    return engine_symbol(data.identifier or data.symbol)


def _order_state(status: str, filled: int) -> OrderState:
    name = get_order_status(status, filled).name
    return OrderState.UNKNOWN if name == "PENDING_NEW" else OrderState(name)


def _command_status(text: str) -> CommandStatus:
    if not text:
        return CommandStatus.NONE
    try:
        return CommandStatus(text)
    except ValueError:
        raise FrameError(f"Expected a status of {list(CommandStatus)}, was {text!r}") from None


def _is_buy(action: str) -> bool:
    if action not in {"BUY", "SELL"}:
        raise FrameError(f"Expected BUY or SELL, was {action!r}")
    return action == "BUY"


def _whole(name: str, value: int, scale: int) -> int:
    if not 0 <= scale <= _MAX_DECIMALS or value % 10**scale:
        raise FrameError(f"{name}: Expected a whole number, was {value} by 10^-{scale}")
    return int(value // 10**scale)


def _price(name: str, value: float, data: Any) -> float:
    if not 0.0 <= value < math.inf:
        raise FrameError(f"{data.symbol}: Expected {name} of zero or more, was {value}")
    return float(value)


def _size(name: str, value: int, data: Any) -> int:
    if value < 0:
        raise FrameError(f"{data.symbol}: Expected {name} of zero or more, was {value}")
    return value
