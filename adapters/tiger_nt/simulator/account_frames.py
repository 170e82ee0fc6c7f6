"""What is pushed of an account: orders, executions, positions, money."""

from typing import Any

from tigeropen.push.pb.Response_pb2 import Response
from tigeropen.push.pb.SocketCommon_pb2 import SocketCommon

from tiger_nt.simulator.accounts import Account, AssetFigures, Position
from tiger_nt.simulator.frames import frame
from tiger_nt.simulator.orders import MULTIPLIER, Order, Transaction
from tiger_nt.symbols import OptionTerms

__all__ = ["asset_frame", "order_frame", "position_frame", "transaction_frame"]


def order_frame(order: Order, now_ms: int) -> bytes:
    """Return an order's state; Tiger writes times in milliseconds and fees as a single float."""
    message, data = _account_message(SocketCommon.OrderStatus, "orderStatusData", order.terms)
    data.id = order.id
    data.account = order.account
    if order.legs:  # the frame has no place for them
        data.secType = "MLEG"
        data.ClearField("identifier")
        data.ClearField("multiplier")
    else:
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
    data.salableQty = float(max(0, account.free_contracts(position.terms.compact)))
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
