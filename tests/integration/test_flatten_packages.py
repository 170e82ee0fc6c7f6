"""A package that cannot be canceled: a kill closes what is not in it, and says what is."""

import threading
from collections.abc import Iterator
from typing import Any

import pytest
from patience import PATIENCE_S, wait_until
from simulator_process import SimulatorProcess

from tiger_nt.config import tiger_config
from tiger_nt.flatten import Flattened, Verdict, flatten


@pytest.fixture(scope="module")
def simulator() -> Iterator[SimulatorProcess]:
    with SimulatorProcess("--rate", "400") as running:
        running.fault("frozen_quotes", seconds=3_600)
        yield running


def held(simulator: SimulatorProcess) -> dict[str, int]:
    positions = simulator.account()["positions"]
    return {symbol: each["quantity"] for symbol, each in positions.items()}


def quote(simulator: SimulatorProcess, symbol: str, bid: float, ask: float) -> None:
    simulator.control("POST", "/quote", {"symbol": symbol, "bid": bid, "ask": ask})


def package(simulator: SimulatorProcess, buy: str, sell: str, net: float) -> None:
    order = {"account": "paper", "buy": buy, "sell": sell, "quantity": 2, "limit_price": net}
    simulator.control("POST", "/package", order)


def test_all_but_the_legs_of_a_package_that_does_not_go_is_closed_and_those_when_it_does(
    simulator: SimulatorProcess,
) -> None:
    calls = sorted(s for s in simulator.control("GET", "/session")["contracts"] if s[9] == "C")
    lower, higher, other = calls[len(calls) // 2 :][:3]
    for symbol, (bid, ask) in zip(
        (lower, higher, other), ((1.00, 1.10), (0.50, 0.60), (0.20, 0.30)), strict=True
    ):
        quote(simulator, symbol, bid, ask)
    package(simulator, lower, higher, 0.60)
    order = {"account": "paper", "symbol": other, "side": "BUY", "quantity": 1}
    simulator.control("POST", "/order", order | {"limit_price": 0.30})
    entered = {lower: 2, higher: -2, other: 1}
    wait_until(lambda: held(simulator) == entered, "the positions", lambda: held(simulator))
    package(simulator, higher, lower, -0.90)  # brings more than anybody pays
    simulator.fault("cancel_fails", seconds=3_600)

    said: list[str] = []
    ended: list[Flattened] = []

    def kill() -> None:
        config = tiger_config(simulator.environment())
        ended.append(flatten(config, said.append, within_s=PATIENCE_S))

    killing = threading.Thread(target=kill)
    killing.start()
    legs = {lower: 2, higher: -2}
    wait_until(lambda: held(simulator) == legs, "the other one sold", lambda: said)
    [stuck] = [o for o in at_work(simulator) if o["legs"]]
    assert stuck["filled"] == 0
    assert not [o for o in at_work(simulator) if not o["legs"]]
    simulator.control("DELETE", "/faults")
    killing.join()
    [found] = ended
    assert (found.verdict, held(simulator), at_work(simulator)) == (Verdict.FLAT, {}, [])
    closed = {row.symbol: (row.at_first, row.closed, row.left) for row in found.rows}
    assert closed == {lower: (2, 2, 0), higher: (-2, 2, 0), other: (1, 1, 0)}


def at_work(simulator: SimulatorProcess) -> list[dict[str, Any]]:
    over = {"Cancelled", "Filled", "Inactive", "Invalid"}
    return [order for order in simulator.account()["orders"] if order["status"] not in over]
