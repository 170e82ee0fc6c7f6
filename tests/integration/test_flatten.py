"""An account brought to nothing over sockets, with nothing but the broker's address."""

from collections.abc import Iterator
from typing import Any

import pytest
from simulator_process import SimulatorProcess

from tiger_nt.config import tiger_config
from tiger_nt.flatten import Flattened, Verdict, flatten

CONTRACTS = 6
LIMITS = {"place_order": 120, "modify_order": 120, "cancel_order": 120, "positions": 60}


@pytest.fixture(scope="module")
def running() -> Iterator[SimulatorProcess]:
    with SimulatorProcess("--rate", "400", "--lively") as simulator:
        yield simulator


@pytest.fixture
def simulator(running: SimulatorProcess) -> SimulatorProcess:
    running.control("DELETE", "/faults")
    running.control("POST", "/reset")
    return running


def fill_account(simulator: SimulatorProcess, contracts: int = CONTRACTS) -> list[str]:
    """Hold some contracts, with an order at work in each: sales of what is held, and purchases."""
    listed = simulator.control("GET", "/session")["contracts"]
    symbols: list[str] = listed[(len(listed) - contracts) // 2 :][:contracts]
    for number, symbol in enumerate(symbols):
        order = {"account": "paper", "symbol": symbol, "quantity": 2 + number % 3}
        simulator.control("POST", "/order", order | {"side": "BUY", "order_type": "MKT"})
    number = simulator.environment("paper")["TIGEROPEN_ACCOUNT"]
    simulator.wait_for(
        lambda state: len(state["accounts"][number]["positions"]) == contracts, "positions"
    )
    for number, symbol in enumerate(symbols):
        ask = simulator.control("GET", f"/quote/{symbol}")["ask"]
        side, price = ("SELL", round(ask + 3, 2)) if number % 2 else ("BUY", 0.01)
        order = {"account": "paper", "symbol": symbol, "side": side, "quantity": 2}
        simulator.control("POST", "/order", order | {"limit_price": price})
    return symbols


def run(simulator: SimulatorProcess, within_s: float = 30.0) -> tuple[Flattened, list[str]]:
    said: list[str] = []
    config = tiger_config(simulator.environment("paper"))
    return flatten(config, said.append, within_s=within_s), said


def left(account: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    at_work = {"Initial", "Submitted", "PendingCancel"}
    return account["positions"], [
        order["user_mark"] for order in account["orders"] if order["status"] in at_work
    ]


def test_everything_is_cancelled_and_sold_and_verified(simulator: SimulatorProcess) -> None:
    symbols = fill_account(simulator)
    found, said = run(simulator)
    assert (found.verdict, found.why) == (Verdict.FLAT, "")
    assert left(simulator.account("paper")) == ({}, [])
    assert [row.symbol for row in found.rows] == sorted(symbols)
    assert all((row.closed, row.left) == (row.at_first, 0) for row in found.rows)
    assert sum("sell " in line for line in said) == CONTRACTS


def test_second_run_finds_nothing_to_do(simulator: SimulatorProcess) -> None:
    fill_account(simulator, 2)
    run(simulator)
    orders = len(simulator.account("paper")["orders"])
    found, _ = run(simulator)
    assert (found.verdict, found.rows) == (Verdict.FLAT, ())
    assert len(simulator.account("paper")["orders"]) == orders
