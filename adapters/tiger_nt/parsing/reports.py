"""Tracked orders, positions and assets as the reports and balances of the engine."""

import math
from decimal import Decimal
from typing import Any

from nautilus_trader.model import (
    AccountBalance,
    AccountId,
    AvgPxReconciliation,
    ClientOrderId,
    Currency,
    FillReport,
    LiquiditySide,
    MarginBalance,
    Money,
    OrderSide,
    OrderStatus,
    OrderStatusReport,
    OrderType,
    PositionSide,
    PositionStatusReport,
    Price,
    Quantity,
    TimeInForce,
    TradeId,
    TriggerType,
    VenueOrderId,
)

from tiger_nt.engine_orders import EngineOrder
from tiger_nt.order_events import Canceled, Expired, Filled, Rejected
from tiger_nt.views import AssetsView, PositionView

__all__ = ["balances", "fill_report", "margins", "order_report", "position_report"]

USD = Currency.from_str("USD")
_NS_PER_MS = 1_000_000
_TYPES = {
    "MKT": OrderType.MARKET,
    "LMT": OrderType.LIMIT,
    "STP": OrderType.STOP_MARKET,
    "STP_LMT": OrderType.STOP_LIMIT,
}
_TIMES = {"DAY": TimeInForce.DAY, "GTC": TimeInForce.GTC, "GTD": TimeInForce.GTD}


def order_report(
    order: EngineOrder,
    instrument: Any,
    account_id: AccountId,
    client_order_id: ClientOrderId | None,
    now_ns: int,
) -> OrderStatusReport:
    """Return the order as it was told to the engine so far.

    An order of a type the engine has no word for is reported as a limit order if it has a limit,
    else as a market order.
    """
    quantity, limit_price, stop_price = order.terms
    fallback = OrderType.MARKET if limit_price is None else OrderType.LIMIT
    kind = _TYPES.get(order.request.order_type, fallback)
    has_limit = kind in {OrderType.LIMIT, OrderType.STOP_LIMIT}
    has_stop = kind in {OrderType.STOP_MARKET, OrderType.STOP_LIMIT}
    at_ns = now_ns if order.view is None else order.view.updated_ms * _NS_PER_MS
    spent = sum(fill.quantity * fill.price for fill in order.fills)
    return OrderStatusReport(
        account_id=account_id,
        instrument_id=instrument.id,
        venue_order_id=VenueOrderId(str(order.id)),
        order_side=OrderSide.BUY if order.request.is_buy else OrderSide.SELL,
        order_type=kind,
        time_in_force=_TIMES.get(order.request.time_in_force, TimeInForce.DAY),
        order_status=_status(order),
        quantity=Quantity.from_int(quantity),
        filled_qty=Quantity.from_int(order.filled),
        ts_accepted=at_ns,
        ts_last=at_ns,
        ts_init=now_ns,
        client_order_id=client_order_id,
        price=_price(limit_price, instrument) if has_limit else None,
        trigger_price=_price(stop_price, instrument) if has_stop else None,
        trigger_type=TriggerType.LAST_PRICE if has_stop else None,
        avg_px=Decimal(str(round(spent / order.filled, 6))) if order.filled else None,
        cancel_reason=getattr(order.ended, "reason", None) or None,
    )


def fill_report(
    order: EngineOrder,
    fill: Filled,
    instrument: Any,
    account_id: AccountId,
    client_order_id: ClientOrderId | None,
    now_ns: int,
) -> FillReport:
    """Return one execution; the report has no word for an unknown commission: it is 0 there."""
    return FillReport(
        account_id=account_id,
        instrument_id=instrument.id,
        venue_order_id=VenueOrderId(str(order.id)),
        trade_id=TradeId(fill.trade_id),
        order_side=OrderSide.BUY if order.request.is_buy else OrderSide.SELL,
        last_qty=Quantity.from_int(fill.quantity),
        last_px=Price(fill.price, instrument.price_precision),
        commission=Money(fill.commission or 0.0, USD),
        liquidity_side=LiquiditySide.NO_LIQUIDITY_SIDE,
        ts_event=fill.at_ms * _NS_PER_MS,
        ts_init=now_ns,
        client_order_id=client_order_id,
    )


def position_report(
    position: PositionView, instrument: Any, account_id: AccountId, now_ns: int
) -> PositionStatusReport:
    """Return a position.

    Tiger's average cost holds fees, so the engine may open a position with it that no fill
    explains, but must not compare it with an average of its own: it would refuse to start.
    """
    known = not math.isnan(position.average_cost)
    return PositionStatusReport(
        account_id=account_id,
        instrument_id=instrument.id,
        position_side=_side(position.quantity),
        quantity=Quantity.from_int(abs(position.quantity)),
        ts_last=now_ns,
        ts_init=now_ns,
        avg_px_open=Decimal(str(round(position.average_cost, 6))) if known else None,
        avg_px_open_reconciliation=AvgPxReconciliation.OPENING_ONLY,
    )


def balances(assets: AssetsView) -> list[AccountBalance]:
    """Return the cash of the account, none where Tiger did not say it.

    Free is what may be spent, and never more than the cash: borrowed money is not ours.
    """
    if math.isnan(assets.cash):
        return []
    available = assets.cash if math.isnan(assets.cash_available) else assets.cash_available
    total = Money(assets.cash, USD)
    free = Money(min(available, assets.cash), USD)
    return [AccountBalance(total, total - free, free)]


def margins(assets: AssetsView) -> list[MarginBalance]:
    """Return the margins of the account, none where Tiger did not say them."""
    if math.isnan(assets.init_margin) or math.isnan(assets.maintenance_margin):
        return []
    return [MarginBalance(Money(assets.init_margin, USD), Money(assets.maintenance_margin, USD))]


def _status(order: EngineOrder) -> OrderStatus:
    match order.ended:
        case Rejected():
            return OrderStatus.REJECTED
        case Canceled():
            return OrderStatus.CANCELED
        case Expired():
            return OrderStatus.EXPIRED
    if order.filled >= order.quantity:
        return OrderStatus.FILLED
    return OrderStatus.PARTIALLY_FILLED if order.filled else OrderStatus.ACCEPTED


def _price(price: float | None, instrument: Any) -> Price | None:
    return None if price is None else Price(price, instrument.price_precision)


def _side(quantity: int) -> PositionSide:
    if quantity == 0:
        return PositionSide.FLAT
    return PositionSide.LONG if quantity > 0 else PositionSide.SHORT
