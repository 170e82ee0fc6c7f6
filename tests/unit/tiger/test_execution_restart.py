"""What a node leaves behind when it ends, and what the next one finds."""

from collections.abc import Iterator

import pytest
from nautilus_trader.model import ClientOrderId, OrderSide, Price, Quantity, TimeInForce
from simulator_process import SimulatorProcess
from tiger_trader import TigerTrader

from tiger_nt.alarms import Alarm, AlarmKind, Residual
from tiger_nt.marks import user_mark


@pytest.fixture(scope="module")
def simulator() -> Iterator[SimulatorProcess]:
    with SimulatorProcess("--rate", "100") as process:
        yield process


def test_after_a_restart_orders_fills_and_positions_are_there_once(
    simulator: SimulatorProcess,
) -> None:
    with TigerTrader(simulator, cancel_on_stop=False) as first:
        filled = first.buy(2, limit=first.ask() + 0.2)
        first.await_status(filled, "FILLED")
        working = first.buy(3, limit=0.05)
        first.await_status(working, "ACCEPTED")
        body = {"account": "paper", "symbol": first.symbol, "side": "BUY", "quantity": 1}
        simulator.control("POST", "/order", body | {"limit_price": first.ask() + 0.2})
        first.wait(first.agrees, "the order by hand")
        first.stop()
        assert first.alarms[-1].kind == "LEFT_OPEN"
    with TigerTrader(simulator, claim=True) as second:
        assert second.agrees()
        assert second.held() == {second.symbol: 3}
        order = second.cache.order(working)
        assert str(order.strategy_id) == "S-001"
        [alarm] = second.alarms
        assert alarm.kind == "UNEXPLAINED"
        assert alarm.residuals == (Residual(second.symbol, 3, 2),)
        second.strategy.cancel_order(working)
        second.await_status(working, "CANCELED")
        second.strategy.close_all_positions(second.option)
        second.wait(lambda: second.held() == {}, "no position")
        assert second.agrees()
        left = second.buy(1, limit=0.05)
        second.await_status(left, "ACCEPTED")
        second.stop()
        assert second.status(left) == "CANCELED"
        assert all(o["status"] != "Submitted" for o in simulator.account()["orders"])


def test_a_position_that_changes_without_an_order_is_an_alarm_with_its_figures(
    simulator: SimulatorProcess,
) -> None:
    with TigerTrader(simulator) as trader:
        order = trader.buy(2, limit=trader.ask() + 0.2)
        trader.await_status(order, "FILLED")
        trader.wait(lambda: trader.held() == {trader.symbol: 2}, "the position")
        trader.alarms.clear()
        simulator.control("POST", "/reset")
        simulator.fault("drop")
        trader.wait(lambda: bool(trader.alarms), "an alarm")
        [alarm] = trader.alarms
        assert alarm.kind == "MISMATCH"
        assert alarm.residuals == (Residual(trader.symbol, 0, 2),)


def test_an_alarm_ends_a_node_that_ends_on_errors_unless_its_own_books_are_true(
    simulator: SimulatorProcess,
) -> None:
    with TigerTrader(simulator, ends_on_error=True) as trader:
        for kind in (AlarmKind.UNSUPPORTED, AlarmKind.UNREADABLE, AlarmKind.CALLS_HALTED):
            trader.client._alarm(Alarm(kind, "passing"))
        trader.await_status(trader.buy(1, limit=0.05), "ACCEPTED")
        assert trader.is_running
        trader.client._alarm(Alarm(AlarmKind.MISMATCH, "grave"))
        trader.wait(lambda: not trader.is_running, "the end of the node")


def test_a_stop_cancels_an_order_under_an_id_of_the_strategys_own(
    simulator: SimulatorProcess,
) -> None:
    with TigerTrader(simulator) as trader:
        order = trader.order(OrderSide.BUY, 1, 0.05, client_order_id=ClientOrderId("MY-OWN"))
        trader.await_status(trader.submit(order), "ACCEPTED")
        trader.stop()
        assert trader.status(order.client_order_id) == "CANCELED"
        assert trader.alarms == []


def test_a_stop_keeps_stop_limit_orders_where_it_is_to_and_says_so(
    simulator: SimulatorProcess,
) -> None:
    with TigerTrader(simulator, keep_stops=True) as trader:
        held = trader.buy(1, limit=trader.ask() + 0.2)
        trader.await_status(held, "FILLED")
        stop = trader.strategy.order_factory.stop_limit(
            trader.option, OrderSide.SELL, Quantity.from_int(1), Price(0.05, 2), Price(0.10, 2),
            time_in_force=TimeInForce.DAY,
        )  # fmt: skip
        trader.await_status(trader.submit(stop), "ACCEPTED")
        limit = trader.buy(1, limit=0.05)
        trader.await_status(limit, "ACCEPTED")
        trader.stop()
        assert trader.status(limit) == "CANCELED"
        assert trader.order_at_tiger(stop.client_order_id)["status"] == "Submitted"
        [alarm] = trader.alarms
        assert alarm.kind == "LEFT_OPEN"
        assert trader.symbol in alarm.text
    with TigerTrader(simulator, claim=True) as second:  # leave the account as it was
        second.strategy.cancel_order(stop.client_order_id)
        second.await_status(stop.client_order_id, "CANCELED")
        second.strategy.close_all_positions(second.option)
        second.wait(lambda: second.held() == {}, "no position")


def test_a_stop_sends_no_entry_that_was_waiting(simulator: SimulatorProcess) -> None:
    with TigerTrader(simulator) as trader:
        before = len(simulator.account()["orders"])
        orders = [trader.buy(1, limit=0.05) for _ in range(6)]
        trader.wait(lambda: trader.status(orders[-1]) == "SUBMITTED", "the last one on its way")
        client = trader.client
        trader.do(client._disconnect())
        for order in orders:
            trader.wait(lambda o=order: trader.status(o) in {"CANCELED", "REJECTED"}, "its end")  # type: ignore[misc]
        assert [trader.status(order) for order in orders].count("REJECTED") >= 2
        assert len(simulator.account()["orders"]) - before <= 4
        assert trader.alarms == []


def test_a_stop_lists_an_order_whose_outcome_is_unknown(
    simulator: SimulatorProcess,
) -> None:
    with TigerTrader(simulator, stop_timeout_s=0.5) as trader:
        simulator.fault("drop", seconds=5)
        trader.wait(lambda: not trader.client._connection.push.is_up, "the loss of the push")
        for method in ("orders", "active_orders"):
            simulator.fault("lost_response", method=method, count=100)
        simulator.fault("lost_response", method="place_order")
        order = trader.buy(1, limit=0.05)
        trader.wait(lambda: "Submitted" in trader.events(order), "the order on its way")
        client = trader.client
        trader.do(client._disconnect())
        [alarm] = trader.alarms
        assert alarm.kind == "LEFT_OPEN"
        assert f"{trader.symbol} with mark {user_mark(order.value)}" in alarm.text
        # The engine does not end cleanly with an order on its way, and no node could follow.
        client.generate_order_rejected(trader.cache.order(order), "given up", 0, False)
        trader.await_status(order, "REJECTED")
