"""The stop at the broker with nodes that are killed: it stays, it fills, and it is taken over."""

import datetime as dt
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from faults.paper_node import PLANNED, PaperNode
from patience import wait_until
from project_simulator import project_simulator
from simulator_process import SimulatorProcess

from autotrade_0dte.nodes.kept_state import KeptState, read_kept_state
from autotrade_0dte.store.rows import Owner, account_key

QUANTITY = 3
CONFIG = (
    PLANNED
    + """
[risk.protective]
enabled = true

[regular.params.exits]
profit_fraction = 0.5
loss_fraction = 0.4
theta_burn_fraction = 1000.0
hold_s = 23_400
entry_timeout_s = 300
"""
)


class Broker:
    """The simulator's paper account and the one contract that is traded."""

    def __init__(self, simulator: SimulatorProcess, folder: Path) -> None:
        self.simulator = simulator
        self.folder = folder
        session = simulator.control("GET", "/session")
        self.date = dt.date.fromisoformat(session["date"])
        self.symbol = session["contracts"][len(session["contracts"]) // 2]
        ask = simulator.control("GET", f"/quote/{self.symbol}")["ask"]
        self.cap = round(ask + 0.05, 2)
        (folder / "config.toml").write_text(
            CONFIG.format(
                name="guarded",
                quantity=QUANTITY,
                date=f"{self.date:%y%m%d}",
                symbol=self.symbol,
                entry_cap=self.cap,
            )
        )
        self._number = simulator.environment("paper")["TIGEROPEN_ACCOUNT"]

    def node(self) -> PaperNode:
        return PaperNode(self.simulator, self.folder)

    def kept(self) -> KeptState:
        owner = Owner(self.date, account_key(self._number))
        return read_kept_state(self.folder / "state" / "broker-guarded-SPY", owner)

    def orders(self) -> list[dict[str, Any]]:
        orders: list[dict[str, Any]] = self.simulator.account("paper")["orders"]
        return orders

    def wait(self, condition: Callable[[dict[str, Any]], bool], what: str) -> None:
        """Wait until the account is as expected."""
        self.simulator.wait_for(lambda seen: condition(seen["accounts"][self._number]), what)

    def quote(self, fraction: float) -> None:
        """Set the bid to a fraction of the plan's cost; the market before stands still."""
        bid = round(fraction * self.cap, 2)
        quote = {"symbol": self.symbol, "bid": bid, "ask": round(bid + 0.05, 2)}
        self.simulator.control("POST", "/quote", quote)

    def knows_its_stop(self) -> bool:
        """Whether the node has written down all that was bought, and the stop that guards it."""
        plans = [plan.state for plan in self.kept().plans]
        return any(state.held == QUANTITY and state.stop_order for state in plans)

    def guarded_until(self, end: Callable[[PaperNode], object]) -> dict[str, Any]:
        """Run a node until a stop rests and end it; return the stop."""
        with self.node() as node:
            self.wait(lambda account: is_resting(account["orders"]), "a stop at work")
            wait_until(self.knows_its_stop, "a stop that is kept", lambda: node.output)
            end(node)
        return self.orders()[-1]


@pytest.fixture
def broker(tmp_path: Path) -> Iterator[Broker]:
    with project_simulator(lively=False) as simulator:
        yield Broker(simulator, tmp_path)


def is_resting(orders: list[dict[str, Any]]) -> bool:
    """Return whether the last order is a stop at work."""
    return bool(orders) and (orders[-1]["order_type"], orders[-1]["status"]) == (
        "STP_LMT",
        "Submitted",
    )


def stopped(node: PaperNode) -> None:
    node.interrupt()
    node.end()


def test_stop_of_a_dead_node_fills_in_a_fall_and_the_next_one_finds_its_plan_closed(
    broker: Broker,
) -> None:
    stop = broker.guarded_until(PaperNode.kill)
    assert (stop["side"], stop["quantity"], stop["filled"]) == ("SELL", QUANTITY, 0)
    assert stop["limit_price"] < stop["stop_price"] < 0.6 * broker.cap
    broker.simulator.fault("frozen_quotes", seconds=3_600)
    broker.quote(0.5)  # below the plan's own stop, above the other one
    assert is_resting(broker.orders())
    broker.quote(0.3)
    broker.wait(lambda account: not account["positions"], "no position")
    [_, sold] = broker.orders()
    assert (sold["order_type"], sold["filled"]) == ("STP_LMT", QUANTITY)

    with broker.node() as node:
        wait_until(lambda: not broker.kept().open_plans, "no open plan", lambda: node.output)
        node.interrupt()
        assert node.end() == 0, node.output
    [plan] = broker.kept().plans
    assert (plan.state.phase, plan.state.held) == ("CLOSED", 0)
    assert plan.state.exit_reason == "PROTECTIVE_STOP"
    assert len(broker.orders()) == 2


def test_stop_of_a_stopped_node_is_placed_anew_by_the_next_and_canceled_before_it_sells(
    broker: Broker,
) -> None:
    first = broker.guarded_until(stopped)
    assert is_resting([first])
    with broker.node() as node:
        broker.wait(
            lambda account: len(account["orders"]) == 3 and is_resting(account["orders"]),
            "a new stop at work",
        )
        _, before, stop = broker.orders()
        assert before["id"] == first["id"]
        assert before["status"] == "Cancelled"
        broker.simulator.fault("frozen_quotes", seconds=3_600)

        def is_sold(account: dict[str, Any]) -> bool:
            broker.quote(1.6)  # again and again, as the market's last
            return not account["positions"]

        broker.wait(is_sold, "no position")
        node.interrupt()
        assert node.end() == 0, node.output
    *_, stop, sold = broker.orders()
    assert (stop["status"], stop["filled"]) == ("Cancelled", 0)
    assert (sold["order_type"], sold["filled"]) == ("LMT", QUANTITY)
    assert len(broker.orders()) == 4  # none was refused
    [plan] = broker.kept().plans
    assert plan.state.exit_reason == "TARGET"
