"""The execution client in a node, with the real SDK against the simulator: orders and faults."""

import asyncio
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any

import pytest
from nautilus_trader.model import OrderSide, Price, TimeInForce
from simulator_process import SimulatorProcess
from tiger_trader import TigerTrader
from tigeropen.trade.response.orders_response import OrdersResponse

from tiger_nt.execution import TigerExecutionClient
from tiger_nt.marks import user_mark


@pytest.fixture(scope="module")
def simulator() -> Iterator[SimulatorProcess]:
    with SimulatorProcess("--rate", "100") as process:
        yield process


@pytest.fixture(scope="module")
def node(simulator: SimulatorProcess) -> Iterator[TigerTrader]:
    with TigerTrader(simulator, max_order_contracts=20) as trader:
        yield trader


@pytest.fixture
def trader(node: TigerTrader) -> Iterator[TigerTrader]:
    """The node, and after each test the proof that it agrees with the simulator."""
    node.alarms.clear()
    yield node
    for order in node.cache.orders_open():
        node.strategy.cancel_order(order.client_order_id)
    node.wait(node.agrees, "the engine and Tiger to agree")


def test_a_limit_order_rests_is_changed_and_cancelled(trader: TigerTrader) -> None:
    order = trader.buy(2, limit=0.05)
    trader.await_status(order, "ACCEPTED")
    assert trader.order_at_tiger(order)["limit_price"] == 0.05

    trader.strategy.modify_order(order, price=Price(0.07, 2))
    trader.wait(lambda: "Updated" in trader.events(order), "the change")
    assert trader.order_at_tiger(order)["limit_price"] == 0.07
    assert trader.cache.order(order).price == Price(0.07, 2)

    trader.strategy.cancel_order(order)
    trader.await_status(order, "CANCELED")
    assert trader.events(order) == [
        "Initialized", "Submitted", "Accepted", "PendingUpdate", "Updated", "PendingCancel",
        "Canceled",
    ]  # fmt: skip
    assert trader.order_at_tiger(order)["status"] == "Cancelled"


def test_an_order_is_sent_as_the_engine_has_it_now_and_not_as_it_was_made() -> None:
    made = SimpleNamespace(client_order_id="O-1", price=2.10)
    changed = SimpleNamespace(client_order_id="O-1", price=2.00)
    sent: list[Any] = []
    client: Any = SimpleNamespace(
        cache=SimpleNamespace(order={"O-1": changed}.get), _submit=sent.append
    )
    command: Any = SimpleNamespace(order=made)
    asyncio.run(TigerExecutionClient._submit_order(client, command))
    assert sent == [changed]


def test_a_marketable_order_is_filled_and_a_market_order_closes_it(trader: TigerTrader) -> None:
    before = trader.held().get(trader.symbol, 0)
    bought = trader.buy(2, limit=trader.ask() + 0.2)
    trader.await_status(bought, "FILLED")
    trader.wait(lambda: trader.held().get(trader.symbol) == before + 2, "the position")
    sold = trader.sell(2)
    trader.await_status(sold, "FILLED")
    trader.wait(lambda: trader.held().get(trader.symbol, 0) == before, "the position gone")


def test_the_engines_own_close_of_positions_works(trader: TigerTrader) -> None:
    trader.await_status(trader.buy(1, limit=trader.ask() + 0.2), "FILLED")
    trader.strategy.close_all_positions(trader.option)
    trader.wait(lambda: trader.held() == {}, "no position")


def test_an_order_that_tiger_cannot_have_is_denied_and_says_what_can_be(
    trader: TigerTrader,
) -> None:
    order = trader.buy(1, limit=0.05, time_in_force=TimeInForce.IOC)
    trader.await_status(order, "DENIED")
    assert trader.reason(order) == "TIME_IN_FORCE_NOT_SUPPORTED: Expected DAY, GTC, was IOC"


def test_an_order_beyond_the_limits_is_denied(trader: TigerTrader) -> None:
    order = trader.buy(21, limit=0.05)
    trader.await_status(order, "DENIED")
    assert trader.reason(order) == "MAX_CONTRACTS: Expected at most 20, was 21"


def test_a_rejection_in_the_answer_carries_tigers_words(trader: TigerTrader) -> None:
    trader.simulator.fault("reject", message="Insufficient buying power")
    order = trader.buy(1, limit=0.05)
    trader.await_status(order, "REJECTED")
    assert "Insufficient buying power" in trader.reason(order)


def test_a_rejection_after_the_acceptance_ends_the_order(trader: TigerTrader) -> None:
    trader.simulator.fault("late_reject", value=0.2, message="Closed by risk control")
    order = trader.buy(1, limit=0.05)
    trader.await_status(order, "REJECTED")
    assert trader.events(order) == ["Initialized", "Submitted", "Accepted", "Rejected"]
    assert "Closed by risk control" in trader.reason(order)


def test_an_order_whose_answer_is_lost_is_found_by_its_mark_and_not_sent_again(
    trader: TigerTrader,
) -> None:
    count = len(trader.simulator.account()["orders"])
    trader.simulator.fault("lost_response", method="place_order")
    order = trader.buy(1, limit=0.05)
    trader.await_status(order, "ACCEPTED")
    assert len(trader.simulator.account()["orders"]) == count + 1


def test_an_answer_with_a_wrong_signature_is_an_unknown_outcome(trader: TigerTrader) -> None:
    count = len(trader.simulator.account()["orders"])
    trader.simulator.fault("wrong_signature", method="place_order")
    order = trader.buy(1, limit=trader.ask() + 0.2)
    trader.await_status(order, "FILLED")
    assert len(trader.simulator.account()["orders"]) == count + 1


def test_a_cancel_that_fails_is_told_and_the_order_works_on(trader: TigerTrader) -> None:
    order = trader.buy(1, limit=0.05)
    trader.await_status(order, "ACCEPTED")
    trader.simulator.fault("cancel_fails")
    trader.strategy.cancel_order(order)
    trader.wait(lambda: "CancelRejected" in trader.events(order), "the failure")
    assert trader.status(order) == "ACCEPTED"


def test_a_cancel_does_not_wait_for_an_order_that_has_no_answer_yet(trader: TigerTrader) -> None:
    working = trader.buy(1, limit=0.05)
    trader.await_status(working, "ACCEPTED")
    trader.simulator.fault("delay_response", method="place_order", value=4.0)
    slow = trader.buy(1, limit=0.04)
    trader.wait(lambda: "Accepted" in trader.events(slow), "the order, told by the push")
    trader.strategy.cancel_order(working)
    trader.await_status(working, "CANCELED")
    assert trader.client._gateway._tasks  # the call that places it has not come back
    trader.strategy.cancel_order(slow)
    trader.await_status(slow, "CANCELED")


def test_a_change_that_fails_is_told_and_the_order_stays_as_it_was(trader: TigerTrader) -> None:
    order = trader.buy(1, limit=0.05)
    trader.await_status(order, "ACCEPTED")
    trader.simulator.fault("modify_refused")
    trader.strategy.modify_order(order, price=Price(0.08, 2))
    trader.wait(lambda: "ModifyRejected" in trader.events(order), "the failure")
    assert trader.cache.order(order).price == Price(0.05, 2)


def test_a_cancel_whose_answer_is_lost_still_cancels(trader: TigerTrader) -> None:
    order = trader.buy(1, limit=0.05)
    trader.await_status(order, "ACCEPTED")
    trader.simulator.fault("lost_response", method="cancel_order")
    trader.strategy.cancel_order(order)
    trader.await_status(order, "CANCELED")


def test_a_partial_fill_and_its_cancel_add_up(trader: TigerTrader) -> None:
    trader.simulator.fault("partial_fill", value=1)
    order = trader.buy(3, limit=trader.ask() + 0.2)
    trader.await_status(order, "PARTIALLY_FILLED")
    trader.strategy.cancel_order(order)
    trader.await_status(order, "CANCELED")
    assert trader.cache.order(order).filled_qty.as_double() == 1
    trader.strategy.close_all_positions(trader.option)


@pytest.mark.parametrize("fault", ["duplicate_push", "reorder_push"])
def test_news_that_come_twice_or_swapped_change_nothing(trader: TigerTrader, fault: str) -> None:
    trader.simulator.fault(fault, count=6)
    order = trader.buy(2, limit=trader.ask() + 0.2)
    trader.await_status(order, "FILLED")
    fills = [name for name in trader.events(order) if name == "Filled"]
    at_tiger = [
        each
        for each in trader.simulator.account()["transactions"]
        if each["order_id"] == trader.order_at_tiger(order)["id"]
    ]
    assert len(fills) == len(at_tiger)
    trader.strategy.close_all_positions(trader.option)
    trader.wait(lambda: trader.held() == {}, "no position")


def test_a_status_nobody_knows_is_asked_for(trader: TigerTrader) -> None:
    trader.simulator.fault("unknown_status", message="Pondering", count=1)
    order = trader.buy(1, limit=0.05)
    trader.await_status(order, "ACCEPTED")


def test_what_happened_while_the_push_was_down_is_found(trader: TigerTrader) -> None:
    order = trader.buy(1, limit=0.05)
    trader.await_status(order, "ACCEPTED")
    at_tiger = trader.order_at_tiger(order)
    trader.simulator.fault("drop", seconds=0.3)
    trader.simulator.control("POST", "/cancel", {"id": at_tiger["id"]})
    trader.await_status(order, "CANCELED")


def test_after_a_gap_tiger_is_asked_again_for_what_fell_between_answer_and_subscription(
    trader: TigerTrader, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tiger_nt.account_client._SETTLED_S", 0.2)
    rest = trader.client._connection.rest

    def asked() -> int:
        return rest.timings()["active_orders"].count

    before = asked()
    trader.simulator.fault("drop")
    trader.wait(lambda: asked() >= before + 2, "two reconciliations")


def test_an_order_that_the_engine_gave_up_by_itself_and_tiger_works_is_cancelled(
    trader: TigerTrader,
) -> None:
    trader.simulator.fault("drop", seconds=0.5)
    trader.wait(lambda: not trader.client._connection.push.is_up, "the loss of the push")
    trader.simulator.fault("lost_response", method="place_order")
    order = trader.buy(1, limit=0.05)
    trader.await_status(order, "SUBMITTED")
    known = trader.cache.order(order)
    trader.client.generate_order_rejected(known, "INFLIGHT_TIMEOUT", 0, False)
    trader.wait(lambda: bool(trader.alarms), "an alarm")
    [alarm] = trader.alarms
    assert alarm.kind == "TWIN"
    assert "is at work and REJECTED here; it is cancelled" in alarm.text
    mark = user_mark(order.value)
    trader.simulator.wait_for(
        lambda state: any(
            (each["user_mark"], each["status"]) == (mark, "Cancelled")
            for account in state["accounts"].values()
            for each in account["orders"]
        ),
        "the order to be cancelled",
    )


def test_a_burst_of_entries_waits_for_the_next_second_of_the_budget(trader: TigerTrader) -> None:
    orders = [trader.buy(1, limit=0.05) for _ in range(6)]
    for order in orders:
        trader.await_status(order, "ACCEPTED")


def test_an_order_made_by_hand_becomes_an_order_of_the_engine(trader: TigerTrader) -> None:
    body = {"account": "paper", "symbol": trader.symbol, "side": "BUY", "quantity": 1}
    by_hand = trader.simulator.control("POST", "/order", body | {"limit_price": 0.04})
    trader.wait(trader.agrees, "the order in the engine")
    trader.simulator.control("POST", "/cancel", {"id": by_hand["id"]})


def test_an_order_of_the_day_that_cannot_be_read_is_named_once_and_hides_nothing(
    trader: TigerTrader, monkeypatch: pytest.MonkeyPatch
) -> None:
    body = {"account": "paper", "symbol": trader.symbol, "side": "BUY", "quantity": 1}
    by_hand = trader.simulator.control("POST", "/order", body | {"limit_price": 0.04})
    resting = trader.buy(1, limit=0.05)
    trader.await_status(resting, "ACCEPTED")
    trader.wait(trader.agrees, "both orders in the engine")
    parse = OrdersResponse.parse_order

    def fails(row: dict[str, Any], *rest: Any) -> Any:
        return parse(row if row["id"] != by_hand["id"] else row | {"action": "HOLD"}, *rest)

    monkeypatch.setattr(OrdersResponse, "parse_order", fails)
    at_tiger = trader.order_at_tiger(resting)
    trader.simulator.fault("drop", seconds=0.3)
    trader.simulator.control("POST", "/cancel", {"id": at_tiger["id"]})
    trader.await_status(resting, "CANCELED")
    trader.wait(lambda: bool(trader.alarms), "an alarm")
    trader.do(trader.client._reconcile(whole=True))
    [alarm] = trader.alarms
    assert alarm.kind == "UNREADABLE"
    assert str(by_hand["id"]) in alarm.text
    monkeypatch.undo()
    trader.simulator.control("POST", "/cancel", {"id": by_hand["id"]})


def test_all_orders_of_a_side_are_cancelled(trader: TigerTrader) -> None:
    orders = [trader.buy(1, limit=limit) for limit in (0.03, 0.04, 0.05)]
    for order in orders:
        trader.await_status(order, "ACCEPTED")
    trader.strategy.cancel_all_orders(trader.option, OrderSide.BUY)
    for order in orders:
        trader.await_status(order, "CANCELED")


def test_under_a_rate_limit_an_entry_is_rejected_and_an_exit_is_tried_again(
    trader: TigerTrader,
) -> None:
    trader.await_status(trader.buy(1, limit=trader.ask() + 0.2), "FILLED")
    trader.simulator.fault("rate_limit", method="place_order")
    entry = trader.buy(1, limit=0.05)
    trader.await_status(entry, "REJECTED")
    assert trader.reason(entry).startswith("RATE_LIMIT")
    trader.await_status(trader.sell(1), "FILLED")
