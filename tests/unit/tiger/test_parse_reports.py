"""Reports of orders, executions, positions and balances in the engine's types."""

import math
from decimal import Decimal

import pytest
from nautilus_trader.model import (
    AccountId,
    AvgPxReconciliation,
    ClientOrderId,
    OrderSide,
    OrderStatus,
    OrderType,
    PositionSide,
    Price,
    Quantity,
    TimeInForce,
    TriggerType,
)

from tiger_nt.instruments import DefaultListings
from tiger_nt.orders import TrackedOrder
from tiger_nt.parsing.reports import (
    balances,
    fill_report,
    margins,
    order_report,
    position_report,
)
from tiger_nt.symbols import option_terms
from tiger_nt.views import (
    AssetsView,
    OrderRequest,
    OrderState,
    OrderView,
    PositionView,
    TransactionView,
)

SYMBOL, ID = "SPY261123C00600000", 44_000_000_000_000_001
OPTION = DefaultListings().contract(option_terms(SYMBOL))
ACCOUNT, NAME = AccountId("US-0001"), ClientOrderId("O-1")


def tracked(
    state: OrderState = OrderState.HELD,
    trades: tuple[tuple[int, float], ...] = (),
    **changes: object,
) -> TrackedOrder:
    filled = sum(quantity for quantity, _ in trades)
    facts: dict[str, object] = {
        "id": ID,
        "user_mark": "",
        "symbol": SYMBOL,
        "sec_type": "OPT",
        "is_buy": False,
        "order_type": "LMT",
        "quantity": 3,
        "filled": filled,
        "limit_price": 2.5,
        "stop_price": None,
        "average_price": math.nan,
        "commission": math.nan,
        "state": state,
        "reason": "words",
        "updated_ms": 1_700_000_000_123,
    }
    view = OrderView(**{**facts, **changes})  # type: ignore[arg-type]
    order = TrackedOrder(
        OrderRequest(
            user_mark="",
            symbol=SYMBOL,
            is_buy=view.is_buy,
            order_type=view.order_type,
            quantity=view.quantity,
            limit_price=view.limit_price,
            stop_price=view.stop_price,
            time_in_force=view.time_in_force,
        )
    )
    order.id = ID
    for number, (quantity, price) in enumerate(trades):
        order.on_transaction(
            TransactionView(
                id=number,
                order_id=ID,
                symbol=SYMBOL,
                sec_type="OPT",
                is_buy=view.is_buy,
                quantity=quantity,
                price=price,
                time_ms=1_700_000_000_100,
            )
        )
    order.on_view(view)
    return order


def test_an_order_at_work_is_reported_with_its_terms_and_fills() -> None:
    order = tracked(OrderState.PARTIALLY_FILLED, ((1, 2.6), (1, 2.5)))
    report = order_report(order, OPTION, ACCOUNT, NAME, 7)
    assert report.venue_order_id.value == str(ID)
    assert report.client_order_id == NAME
    assert report.order_side == OrderSide.SELL
    assert report.order_type == OrderType.LIMIT
    assert report.time_in_force == TimeInForce.DAY
    assert report.order_status == OrderStatus.PARTIALLY_FILLED
    assert (report.quantity, report.filled_qty) == (Quantity.from_int(3), Quantity.from_int(2))
    assert report.price == Price(2.5, 2)
    assert report.avg_px == Decimal("2.55")
    assert report.ts_last == 1_700_000_000_123_000_000
    assert report.is_open


@pytest.mark.parametrize(
    ("state", "trades", "status"),
    [
        (OrderState.HELD, (), OrderStatus.ACCEPTED),
        (OrderState.NEW, (), OrderStatus.ACCEPTED),
        (OrderState.FILLED, ((3, 2.5),), OrderStatus.FILLED),
        (OrderState.CANCELLED, ((1, 2.5),), OrderStatus.CANCELED),
        (OrderState.EXPIRED, (), OrderStatus.EXPIRED),
        (OrderState.REJECTED, (), OrderStatus.REJECTED),
        (OrderState.REJECTED, ((1, 2.5),), OrderStatus.CANCELED),
    ],
)
def test_the_status_is_what_the_engine_was_told(
    state: OrderState, trades: tuple[tuple[int, float], ...], status: OrderStatus
) -> None:
    report = order_report(tracked(state, trades), OPTION, ACCOUNT, NAME, 7)
    assert report.order_status == status


def test_a_stop_limit_order_carries_both_prices_and_a_market_order_none() -> None:
    stop = order_report(tracked(order_type="STP_LMT", stop_price=2.4), OPTION, ACCOUNT, None, 7)
    assert stop.order_type == OrderType.STOP_LIMIT
    assert (stop.price, stop.trigger_price) == (Price(2.5, 2), Price(2.4, 2))
    assert stop.trigger_type == TriggerType.LAST_PRICE
    market = order_report(tracked(order_type="MKT", limit_price=None), OPTION, ACCOUNT, None, 7)
    assert market.order_type == OrderType.MARKET
    assert market.price is None


def test_an_order_of_an_unknown_type_is_reported_by_the_price_it_has() -> None:
    report = order_report(tracked(order_type="TRAIL"), OPTION, ACCOUNT, None, 7)
    assert report.order_type == OrderType.LIMIT


def test_an_execution_is_reported_under_its_own_id_and_time() -> None:
    order = tracked(OrderState.FILLED, ((3, 2.5),), commission=3.1)
    [fill] = order.fills
    report = fill_report(order, fill, OPTION, ACCOUNT, NAME, 7)
    assert report.trade_id.value == "0"
    assert report.venue_order_id.value == str(ID)
    assert report.order_side == OrderSide.SELL
    assert (report.last_qty, report.last_px) == (Quantity.from_int(3), Price(2.5, 2))
    assert report.ts_event == 1_700_000_000_100_000_000


@pytest.mark.parametrize(
    ("quantity", "side"),
    [(3, PositionSide.LONG), (-3, PositionSide.SHORT), (0, PositionSide.FLAT)],
)
def test_a_position_has_a_side_and_an_average_the_engine_must_not_compare(
    quantity: int, side: PositionSide
) -> None:
    position = PositionView(symbol=SYMBOL, sec_type="OPT", quantity=quantity, average_cost=0.9153)
    report = position_report(position, OPTION, ACCOUNT, 7)
    assert report.position_side == side
    assert report.quantity == Quantity.from_int(abs(quantity))
    assert report.avg_px_open == Decimal("0.9153")
    assert report.avg_px_open_reconciliation == AvgPxReconciliation.OPENING_ONLY


def test_a_position_without_a_cost_has_no_average() -> None:
    position = PositionView(symbol=SYMBOL, sec_type="OPT", quantity=1, average_cost=math.nan)
    assert position_report(position, OPTION, ACCOUNT, 7).avg_px_open is None


def assets(**changes: float) -> AssetsView:
    facts = {
        "net_liquidation": 12_000.0,
        "cash": 10_000.0,
        "cash_available": 9_500.0,
        "buying_power": 20_000.0,
        "init_margin": 100.0,
        "maintenance_margin": 80.0,
    }
    return AssetsView(**{**facts, **changes})


def test_cash_is_the_balance_and_what_may_be_spent_is_free() -> None:
    [balance] = balances(assets())
    assert [balance.total.as_double(), balance.locked.as_double(), balance.free.as_double()] == [
        10_000.0,
        500.0,
        9_500.0,
    ]


def test_borrowed_money_is_not_free_cash() -> None:
    [balance] = balances(assets(cash_available=15_000.0))
    assert balance.free.as_double() == 10_000.0


def test_an_unknown_cash_is_no_balance_and_unknown_margins_are_none() -> None:
    assert balances(assets(cash=math.nan)) == []
    assert margins(assets(init_margin=math.nan)) == []
    [margin] = margins(assets())
    assert (margin.initial.as_double(), margin.maintenance.as_double()) == (100.0, 80.0)
