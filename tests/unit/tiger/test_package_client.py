"""Packages in a node, with the real SDK against the simulator: life cycle and faults."""

from collections.abc import Iterator

import pytest
from nautilus_trader.model import OrderSide, Price
from simulator_process import SimulatorProcess
from tiger_packages import Vertical
from tiger_trader import TigerTrader


@pytest.fixture(scope="module")
def simulator() -> Iterator[SimulatorProcess]:
    with SimulatorProcess("--rate", "100") as process:
        yield process


@pytest.fixture(scope="module")
def node(simulator: SimulatorProcess) -> Iterator[TigerTrader]:
    with TigerTrader(simulator) as trader:
        simulator.fault("frozen_quotes", seconds=3600)
        yield trader


@pytest.fixture
def vertical(node: TigerTrader) -> Iterator[Vertical]:
    """Both legs quoted by hand, and after each test the proof that engine and broker agree."""
    node.alarms.clear()
    found = Vertical(node)
    found.fix((1.00, 1.10), (0.50, 0.60))
    yield found
    for order in node.cache.orders_open():
        node.strategy.cancel_order(order.client_order_id)
    node.wait(found.agrees, "the engine and Tiger to agree")


def test_a_vertical_is_bought_and_sold_as_packages(vertical: Vertical) -> None:
    trader, (long, short) = vertical.trader, vertical.symbols
    bought = vertical.buy(2, 1.10, 0.50)
    for order in bought:
        trader.await_status(order, "FILLED")
    trader.wait(lambda: trader.held() == {long: 2, short: -2}, "both positions")
    [package] = vertical.at_tiger()
    assert package["limit_price"] == 0.60
    assert [leg["average_price"] for leg in package["legs"]] == [1.10, 0.50]
    prices = [float(trader.cache.order(order).avg_px) for order in bought]
    assert prices == [1.10, 0.50]

    sold = vertical.sell(2, 1.00, 0.60)
    for order in sold:
        trader.await_status(order, "FILLED")
    trader.wait(lambda: trader.held() == {}, "no position")
    assert vertical.at_tiger()[-1]["limit_price"] == -0.40
    assert trader.alarms == []


def test_a_package_made_in_the_app_is_two_orders_and_two_positions(vertical: Vertical) -> None:
    trader, (long, short) = vertical.trader, vertical.symbols
    body = {"account": "paper", "buy": long, "sell": short, "quantity": 2, "limit_price": 0.60}
    trader.simulator.control("POST", "/package", body)
    trader.wait(lambda: trader.held() == {long: 2, short: -2}, "both positions")
    trader.simulator.control(
        "POST", "/package", body | {"buy": short, "sell": long, "limit_price": -0.40}
    )
    trader.wait(lambda: trader.held() == {}, "no position")
    assert [alarm.kind for alarm in trader.alarms] == []


def test_both_legs_are_denied_where_tiger_cannot_have_the_package(vertical: Vertical) -> None:
    trader = vertical.trader
    orders = vertical.submit(1, (vertical.long, 1.10), (vertical.long, 0.50))
    for order in orders:
        trader.await_status(order, "DENIED")
        assert trader.reason(order).startswith("PACKAGE_NOT_SUPPORTED: Expected two strikes")


def test_a_package_that_sells_uncovered_is_denied_unsent(vertical: Vertical) -> None:
    trader = vertical.trader
    count = len(vertical.at_tiger())
    for order in vertical.submit(1, (vertical.short, 0.60), (vertical.long, 1.00)):
        trader.await_status(order, "DENIED")
        assert trader.reason(order).startswith("PACKAGE_NOT_A_DEBIT")
    assert len(vertical.at_tiger()) == count


def test_the_first_leg_alone_is_denied(vertical: Vertical) -> None:
    trader = vertical.trader
    order = trader.order(OrderSide.BUY, 1, 1.10, tags=["package=alone"])
    trader.await_status(trader.submit(order), "DENIED")
    assert trader.reason(order.client_order_id).startswith("PACKAGE_INCOMPLETE")


def test_a_package_counts_as_one_order_and_its_net_price_against_the_limits(
    vertical: Vertical,
) -> None:
    trader = vertical.trader
    for order in vertical.buy(101, 1.10, 0.50):
        trader.await_status(order, "DENIED")
        assert trader.reason(order) == "MAX_CONTRACTS: Expected at most 100, was 101"


def test_a_rejection_in_the_answer_is_told_to_both_legs(vertical: Vertical) -> None:
    trader = vertical.trader
    trader.simulator.fault("reject", message="Insufficient buying power")
    for order in vertical.buy(1, 1.10, 0.50):
        trader.await_status(order, "REJECTED")
        assert "Insufficient buying power" in trader.reason(order)


def test_a_rejection_after_the_acceptance_ends_both_legs(vertical: Vertical) -> None:
    trader = vertical.trader
    trader.simulator.fault("late_reject", value=0.2, message="Closed by risk control")
    for order in vertical.buy(1, 1.00, 0.60):
        trader.await_status(order, "REJECTED")
        assert "Closed by risk control" in trader.reason(order)


def test_a_cancel_of_either_leg_cancels_the_package(vertical: Vertical) -> None:
    trader = vertical.trader
    for number in (0, 1):
        orders = vertical.buy(1, 1.00, 0.60)
        for order in orders:
            trader.await_status(order, "ACCEPTED")
        cancels = trader.simulator.state()["hits"].get("cancel_order", 0)
        trader.strategy.cancel_order(orders[number])
        for order in orders:
            trader.await_status(order, "CANCELED")
        assert trader.simulator.state()["hits"]["cancel_order"] == cancels + 1
        assert vertical.at_tiger()[-1]["status"] == "Cancelled"


def test_a_cancel_that_fails_is_told_to_the_leg_that_asked(vertical: Vertical) -> None:
    trader = vertical.trader
    first, second = vertical.buy(1, 1.00, 0.60)
    trader.await_status(first, "ACCEPTED")
    trader.await_status(second, "ACCEPTED")
    trader.simulator.fault("cancel_fails")
    trader.strategy.cancel_order(first)
    trader.wait(lambda: "CancelRejected" in trader.events(first), "the rejection")
    assert "CancelRejected" not in trader.events(second)
    assert trader.status(first) == trader.status(second) == "ACCEPTED"


def test_a_change_of_a_leg_is_rejected(vertical: Vertical) -> None:
    trader = vertical.trader
    first, second = vertical.buy(1, 1.00, 0.60)
    trader.await_status(first, "ACCEPTED")
    trader.await_status(second, "ACCEPTED")
    trader.strategy.modify_order(first, price=Price(1.05, 2))
    trader.wait(lambda: "ModifyRejected" in trader.events(first), "the rejection")
    assert trader.reason(first).startswith("PACKAGE_NOT_MODIFIABLE")
    assert vertical.at_tiger()[-1]["limit_price"] == 0.40


def test_part_of_both_legs_is_filled_and_the_rest_cancelled(vertical: Vertical) -> None:
    trader, (long, short) = vertical.trader, vertical.symbols
    trader.simulator.fault("partial_fill", value=1)
    orders = vertical.buy(3, 1.10, 0.50)
    for order in orders:
        trader.await_status(order, "PARTIALLY_FILLED")
    trader.wait(lambda: trader.held() == {long: 1, short: -1}, "one of each")
    trader.strategy.cancel_order(orders[1])
    for order in orders:
        trader.await_status(order, "CANCELED")
    for order in vertical.sell(1, 1.00, 0.60):
        trader.await_status(order, "FILLED")
    trader.wait(lambda: trader.held() == {}, "no position")


def test_a_package_whose_answer_is_lost_is_found_by_its_mark_and_not_sent_again(
    vertical: Vertical,
) -> None:
    trader = vertical.trader
    count = len(vertical.at_tiger())
    trader.simulator.fault("drop", seconds=1.5)
    trader.simulator.fault("lost_response", method="place_order")
    orders = vertical.buy(1, 1.00, 0.60)
    for order in orders:
        trader.await_status(order, "ACCEPTED")
    assert len(vertical.at_tiger()) == count + 1


def test_a_package_that_never_reached_tiger_ends_both_legs(vertical: Vertical) -> None:
    trader = vertical.trader
    trader.simulator.fault("drop", seconds=3)
    trader.simulator.fault("lost_response", method="place_order")
    trader.simulator.fault("reject", message="Order rejected")
    for order in vertical.buy(1, 1.00, 0.60):
        trader.await_status(order, "REJECTED")
        assert trader.reason(order).startswith("UNKNOWN_OUTCOME_NOT_FOUND")


def test_fills_that_no_execution_shows_are_inferred_by_leg(vertical: Vertical) -> None:
    trader = vertical.trader
    trader.simulator.fault("drop", seconds=2)
    trader.simulator.fault("wrong_signature", method="order_transactions", seconds=0.5)
    orders = vertical.buy(1, 1.10, 0.50)
    for order in orders:
        trader.await_status(order, "FILLED")
    prices = [float(trader.cache.order(order).avg_px) for order in orders]
    assert prices == [1.10, 0.50]
    for order in vertical.sell(1, 1.00, 0.60):
        trader.await_status(order, "FILLED")
    trader.wait(lambda: trader.held() == {}, "no position")


def test_fees_are_tigers_split_over_both_legs(vertical: Vertical) -> None:
    trader = vertical.trader
    for send, limits in ((vertical.buy, (1.10, 0.50)), (vertical.sell, (1.00, 0.60))):
        orders = send(2, *limits)
        for order in orders:
            trader.await_status(order, "FILLED")
        fees = [
            sum(money.as_double() for money in trader.cache.order(order).commissions().values())
            for order in orders
        ]
        assert sum(fees) == pytest.approx(vertical.at_tiger()[-1]["commission"])
        assert fees[0] == pytest.approx(fees[1])
    trader.wait(lambda: trader.held() == {}, "no position")
