"""What a node leaves behind when it ends, and what the next one finds."""

from collections.abc import Iterator

import pytest
from simulator_process import SimulatorProcess
from tiger_trader import TigerTrader

from tiger_nt.alarms import Residual


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
