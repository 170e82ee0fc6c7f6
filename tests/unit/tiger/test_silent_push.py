"""What a node knows of the account by its readings alone, without a word of the push."""

import pytest
from simulator_process import SimulatorProcess
from tiger_trader import TigerTrader


@pytest.mark.parametrize("skew_s", [0, -600])
def test_what_was_done_by_hand_while_the_push_was_silent_is_found_whatever_tigers_clock(
    skew_s: int,
) -> None:
    with SimulatorProcess("--rate", "100") as simulator, TigerTrader(simulator) as trader:
        simulator.fault("stall", seconds=60)
        if skew_s:
            simulator.fault("clock_skew", value=skew_s, seconds=60)
        order = {"account": "paper", "symbol": trader.symbol, "side": "BUY", "quantity": 1}
        at_work = simulator.control("POST", "/order", order | {"limit_price": 0.04})
        simulator.control("POST", "/order", order | {"limit_price": trader.ask() + 0.2})
        simulator.control("POST", "/cancel", {"id": at_work["id"]})

        def both_are_over() -> bool:
            orders = simulator.account()["orders"][-2:]
            return {each["status"] for each in orders} == {"Cancelled", "Filled"}

        trader.wait(both_are_over, "the end of both orders")
        assert not trader.agrees()
        trader.do(trader.client._reconcile(whole=False))
        trader.wait(trader.agrees, "what was done by hand")
        simulator.control("DELETE", "/faults")
        sale = order | {"side": "SELL", "limit_price": 0.01}
        simulator.control("POST", "/order", sale)
        trader.wait(lambda: trader.held() == {}, "no position")
