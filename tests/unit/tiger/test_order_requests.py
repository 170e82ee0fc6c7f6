"""Engine orders as requests, refusals with their reasons, limits of orders, and when to ask."""

from typing import Any

import pytest
from nautilus_trader.core import UUID4
from nautilus_trader.model import (
    ClientOrderId,
    ContingencyType,
    InstrumentId,
    LimitOrder,
    MarketOrder,
    OrderListId,
    OrderSide,
    Price,
    Quantity,
    StopLimitOrder,
    StopMarketOrder,
    StrategyId,
    TimeInForce,
    TraderId,
    TriggerType,
)

from tiger_nt.order_limits import OrderGuard, OrderLimits
from tiger_nt.order_requests import order_request, refusal
from tiger_nt.views import OrderRequest
from tiger_nt.watch import Watch

NAMES = (
    TraderId("T-001"),
    StrategyId("S-001"),
    InstrumentId.from_str("SPY261123C00600000.US"),
    ClientOrderId("O-20261122-153000-001-001-1"),
)
MARK = "nt1-3lib20-001-001-1"


def limit(time: TimeInForce = TimeInForce.DAY, post_only: bool = False, **more: Any) -> LimitOrder:
    return LimitOrder(
        *NAMES, OrderSide.BUY, Quantity.from_int(2), Price(1.25, 2), time, post_only, False,
        False, UUID4(), 0, **more,
    )  # fmt: skip


def market(time: TimeInForce) -> MarketOrder:
    return MarketOrder(*NAMES, OrderSide.SELL, Quantity.from_int(2), UUID4(), 0, time, False, False)


def stop_limit(time: TimeInForce) -> StopLimitOrder:
    return StopLimitOrder(
        *NAMES, OrderSide.SELL, Quantity.from_int(2), Price(1.2, 2), Price(1.25, 2),
        TriggerType.LAST_PRICE, time, False, False, False, UUID4(), 0,
    )  # fmt: skip


def stop_market() -> StopMarketOrder:
    return StopMarketOrder(
        *NAMES, OrderSide.SELL, Quantity.from_int(2), Price(1.25, 2), TriggerType.LAST_PRICE,
        TimeInForce.DAY, False, False, UUID4(), 0,
    )  # fmt: skip


def test_a_limit_order_goes_as_it_is() -> None:
    assert refusal(limit()) is None
    assert order_request(limit(TimeInForce.GTC)) == OrderRequest(
        user_mark=MARK,
        symbol="SPY261123C00600000",
        is_buy=True,
        order_type="LMT",
        quantity=2,
        limit_price=1.25,
        time_in_force="GTC",
    )


def test_a_market_order_goes_as_one_for_the_day_however_long_it_is_meant_to_be_good() -> None:
    order = market(TimeInForce.GTC)
    assert refusal(order) is None
    request = order_request(order)
    assert (request.order_type, request.time_in_force) == ("MKT", "DAY")
    assert (request.is_buy, request.limit_price) == (False, None)


def test_a_stop_limit_order_carries_both_prices() -> None:
    order = stop_limit(TimeInForce.DAY)
    assert refusal(order) is None
    request = order_request(order)
    assert (request.order_type, request.limit_price, request.stop_price) == ("STP_LMT", 1.2, 1.25)


@pytest.mark.parametrize(
    ("order", "reason"),
    [
        (
            stop_market(),
            "ORDER_TYPE_NOT_SUPPORTED: Expected MARKET, LIMIT, STOP_LIMIT, was STOP_MARKET",
        ),
        (
            limit(TimeInForce.FOK),
            "TIME_IN_FORCE_NOT_SUPPORTED: Expected DAY, GTC, was FOK",
        ),
        (
            stop_limit(TimeInForce.GTC),
            "TIME_IN_FORCE_NOT_SUPPORTED: Expected DAY for STOP_LIMIT, was GTC",
        ),
        (
            limit(post_only=True),
            "POST_ONLY_NOT_SUPPORTED: Expected an order that may take liquidity",
        ),
        (
            limit(display_qty=Quantity.from_int(1)),
            "DISPLAY_QUANTITY_NOT_SUPPORTED: Expected none, was 1",
        ),
        (
            limit(
                contingency_type=ContingencyType.OCO,
                order_list_id=OrderListId("OL-1"),
                linked_order_ids=[ClientOrderId("O-2")],
            ),
            "CONTINGENCY_NOT_SUPPORTED: Expected orders independent of each other, was OCO",
        ),
    ],
)
def test_what_tiger_cannot_have_is_refused_with_what_it_can(order: Any, reason: str) -> None:
    assert refusal(order) == reason


def test_the_size_of_an_order_is_limited_in_contracts_and_dollars() -> None:
    guard = OrderGuard(OrderLimits(max_contracts=10, max_notional=2_000.0))
    assert guard.against_size(10, 2.0, 100.0) is None
    assert guard.against_size(11, 0.1, 100.0) == "MAX_CONTRACTS: Expected at most 10, was 11"
    assert guard.against_size(10, 2.01, 100.0) == (
        "MAX_NOTIONAL: Expected at most 2000.00, was 2010.00"
    )
    for unknown in (None, 0.0):  # a side without a quote is at 0 in the engine
        assert str(guard.against_size(1, unknown, 100.0)).startswith("NO_PRICE")


def test_orders_are_counted_over_a_rolling_minute() -> None:
    guard = OrderGuard(OrderLimits(max_orders_per_minute=2))
    assert guard.against_rate(0) is None
    assert guard.against_rate(30_000) is None
    assert guard.against_rate(59_999) == "MAX_ORDERS_PER_MINUTE: Expected at most 2, was 3"
    assert guard.against_rate(60_000) is None


def test_questions_are_asked_soon_and_then_less_often() -> None:
    watch = Watch[str](first_s=1.0, longest_s=3.0)
    asked = [now for now in range(12) if watch.due(["x"], float(now))]
    assert asked == [1, 3, 6, 9]


def test_a_reason_that_has_gone_starts_anew_when_it_comes_back() -> None:
    watch = Watch[str](first_s=1.0, longest_s=3.0)
    watch.due(["x"], 0.0)
    assert watch.due(["x"], 1.0) == ["x"]
    assert watch.answered("x") == 1
    assert watch.age_s("x", 1.5) == 1.5
    watch.due([], 2.0)
    assert watch.answered("x") == 0
    assert watch.due(["x"], 3.0) == []
