"""Packages that another process left: at work, filled, and at the moment it was killed."""

import json
import signal
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from nautilus_trader.model import ClientOrderId
from simulator_process import SimulatorProcess
from tiger_packages import Vertical
from tiger_trader import TigerTrader

NODE = Path(__file__).parents[2] / "package_process.py"


@pytest.fixture
def simulator() -> Iterator[SimulatorProcess]:
    with SimulatorProcess("--rate", "100") as process:
        yield process


def test_after_a_restart_packages_are_there_once_under_their_own_orders(
    simulator: SimulatorProcess,
) -> None:
    with TigerTrader(simulator, cancel_on_stop=False) as first:
        simulator.fault("frozen_quotes", seconds=3600)
        before = Vertical(first)
        before.fix((1.00, 1.10), (0.50, 0.60))
        for order in before.buy(2, 1.10, 0.50):
            first.await_status(order, "FILLED")
        working = before.buy(3, 1.00, 0.60)
        for order in working:
            first.await_status(order, "ACCEPTED")
    with TigerTrader(simulator, claim=True) as second:
        vertical = Vertical(second)
        long, short = vertical.symbols
        assert second.held() == {long: 2, short: -2}
        assert vertical.agrees()
        assert second.alarms == []  # its fills explain what is held
        limits = [str(second.cache.order(order).price) for order in working]
        assert limits == ["1.00", "0.60"]
        second.strategy.cancel_order(working[0])
        for order in working:
            second.await_status(order, "CANCELED")
        for order in vertical.sell(2, 1.00, 0.60):
            second.await_status(order, "FILLED")
        second.wait(lambda: second.held() == {} and vertical.agrees(), "no position")


def test_a_package_of_a_node_that_was_killed_fills_and_is_the_next_nodes(
    simulator: SimulatorProcess,
) -> None:
    simulator.fault("frozen_quotes", seconds=3600)
    with subprocess.Popen(
        [sys.executable, str(NODE)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as node:
        assert node.stdin is not None
        assert node.stdout is not None
        node.stdin.write(simulator.ready + "\n")
        node.stdin.flush()
        lines = iter(node.stdout.readline, "")
        names = next(json.loads(line) for line in lines if line.startswith("["))
        node.send_signal(signal.SIGKILL)
    orders = [ClientOrderId(name) for name in names]
    with TigerTrader(simulator, claim=True) as second:
        vertical = Vertical(second)
        assert [second.status(order) for order in orders] == ["ACCEPTED", "ACCEPTED"]
        vertical.fix((0.90, 1.00), (0.60, 0.70))
        for order in orders:
            second.await_status(order, "FILLED")
        long, short = vertical.symbols
        second.wait(lambda: second.held() == {long: 2, short: -2}, "both positions")
        assert vertical.agrees()
        assert second.alarms == []
