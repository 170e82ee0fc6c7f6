"""The control port of a simulator in another process."""

import time
from collections.abc import Iterator
from typing import Any

import pytest
from simulator_process import SimulatorError, SimulatorProcess


@pytest.fixture(scope="module")
def process() -> Iterator[SimulatorProcess]:
    with SimulatorProcess("--rate", "100", "--strikes", "3", is_measured=True) as running:
        yield running


@pytest.fixture
def simulator(process: SimulatorProcess) -> SimulatorProcess:
    """The simulator as after its start, with quotes that stay as they are set."""
    process.control("POST", "/reset")
    process.fault("frozen_quotes", seconds=60)
    return process


@pytest.fixture
def contract(simulator: SimulatorProcess) -> str:
    """A contract quoted at 1.00 to 1.02, ten contracts a side."""
    symbol = str(simulator.control("GET", "/session")["contracts"][6])
    simulator.control("POST", "/quote", quote(symbol))
    return symbol


def quote(symbol: str, **changes: object) -> dict[str, object]:
    return {
        "symbol": symbol,
        "bid": 1.0,
        "ask": 1.02,
        "bid_size": 10,
        "ask_size": 10,
    } | changes


def order(symbol: str, **changes: object) -> dict[str, object]:
    return {
        "account": "paper",
        "symbol": symbol,
        "side": "BUY",
        "quantity": 2,
        "limit_price": 1.02,
    } | changes


def the_order(state: dict[str, Any], kind: str) -> dict[str, Any]:
    return next(
        placed
        for account in state["accounts"].values()
        if account["is_paper"] == (kind == "paper")
        for placed in account["orders"]
    )


def test_session_tells_what_is_played(simulator: SimulatorProcess):
    session = simulator.control("GET", "/session")
    assert session["underlying"] == "SPY"
    assert session["indices"] == ["VIX"]
    assert len(session["contracts"]) == 14
    assert session["synthetic"] is True
    assert session["open_ns"] < time.time_ns() < session["close_ns"]
    assert session["description"] == simulator.description


def test_quote_set_by_hand_is_shown(simulator: SimulatorProcess, contract: str):
    answer = simulator.control("POST", "/quote", quote(contract, bid=0.0, ask=0.05))
    assert answer == simulator.control("GET", f"/quote/{contract}")
    assert (answer["bid"], answer["bid_size"], answer["ask"]) == (0.0, 0, 0.05)


def test_print_set_by_hand_keeps_the_quote(simulator: SimulatorProcess, contract: str):
    answer = simulator.control("POST", "/quote", {"symbol": contract, "last": 1.01})
    assert (answer["bid"], answer["ask"], answer["last"]) == (1.0, 1.02, 1.01)


def test_order_made_by_hand_fills_and_is_in_the_state_without_a_mark(
    simulator: SimulatorProcess, contract: str
):
    placed = simulator.control("POST", "/order", order(contract))
    assert (placed["user_mark"], placed["source"]) == ("", "android")
    state = simulator.wait_for(lambda s: the_order(s, "paper")["status"] == "Filled", "a fill")
    account = simulator.account("paper")
    filled = the_order(state, "paper")
    assert (filled["id"], filled["filled"], filled["average_price"]) == (placed["id"], 2, 1.02)
    (execution,) = account["transactions"]
    assert (execution["order_id"], execution["quantity"], execution["price"]) == (
        placed["id"],
        2,
        1.02,
    )
    assert account["positions"][contract]["quantity"] == 2
    assert account["fees"] == filled["commission"] > 0
    assert account["cash"] == pytest.approx(100_000 - 204 - account["fees"])
    assert simulator.account("live")["orders"] == []


def test_positions_are_those_still_open(simulator: SimulatorProcess, contract: str):
    for side, price in (("BUY", 1.02), ("SELL", 1.0)):
        simulator.control("POST", "/order", order(contract, side=side, limit_price=price))
        simulator.wait_for(
            lambda s: all(
                o["status"] == "Filled" for a in s["accounts"].values() for o in a["orders"]
            ),
            "fills",
        )
    account = simulator.account("paper")
    assert account["positions"] == {}
    assert [fill["side"] for fill in account["transactions"]] == ["BUY", "SELL"]
    assert account["realized"] == pytest.approx(-4 - account["fees"])


def test_order_made_by_hand_can_be_cancelled_by_hand(simulator: SimulatorProcess, contract: str):
    wanted = order(contract, account="live", limit_price=0.9)
    placed = simulator.control("POST", "/order", wanted)
    simulator.wait_for(lambda s: the_order(s, "live")["status"] == "Submitted", "an order at work")
    simulator.control("POST", "/cancel", {"id": placed["id"]})
    simulator.wait_for(lambda s: the_order(s, "live")["status"] == "Cancelled", "a cancelled order")
    assert simulator.account("live")["cash"] == 100_000


def test_reset_forgets_orders_positions_and_faults(simulator: SimulatorProcess, contract: str):
    simulator.control("POST", "/order", order(contract))
    simulator.control("POST", "/order", order(contract, limit_price=0.5))
    simulator.wait_for(lambda s: the_order(s, "paper")["status"] == "Filled", "a fill")
    state = simulator.control("POST", "/reset")
    account = simulator.account("paper")
    assert (account["orders"], account["positions"], account["cash"]) == ([], {}, 100_000)
    assert (account["transactions"], account["fees"]) == ([], 0)
    assert state["faults"]["pending"] == []


def test_faults_are_added_one_or_many_and_forgotten(simulator: SimulatorProcess):
    simulator.control("DELETE", "/faults")
    one = simulator.control("POST", "/faults", {"kind": "reject", "message": "no"})
    two = simulator.control(
        "POST",
        "/faults",
        [
            {"kind": "lost_response", "method": "place_order"},
            {"kind": "clock_skew", "value": 2, "seconds": 9},
        ],
    )
    assert [fault["kind"] for fault in one] == ["reject"]
    assert [fault["kind"] for fault in two] == ["reject", "lost_response", "clock_skew"]
    assert simulator.state()["faults"]["pending"] == two
    assert simulator.control("DELETE", "/faults") == []


def test_faults_hit_are_counted(simulator: SimulatorProcess, contract: str):
    before = simulator.state()["faults"]["hits"].get("late_reject", 0)
    simulator.fault("late_reject", message="201:margin")
    simulator.control("POST", "/order", order(contract, limit_price=0.5))
    state = simulator.wait_for(lambda s: the_order(s, "paper")["status"] == "Inactive", "a reject")
    assert the_order(state, "paper")["remark"] == "201:margin"
    assert state["faults"]["hits"]["late_reject"] == before + 1


@pytest.mark.parametrize(
    ("method", "path", "body", "problem"),
    [
        ("POST", "/faults", {"kind": "earthquake"}, r"400 .*earthquake"),
        ("POST", "/faults", {"kind": "drop", "times": 3}, r"400 .*times"),
        ("POST", "/faults", {"kind": "drop", "seconds": -1}, r"400 .*seconds"),
        ("POST", "/faults", "drop", "400 .*Expected"),
        ("POST", "/quote", {"symbol": "TSLA", "last": 1}, "404 .*TSLA"),
        ("POST", "/quote", {"symbol": "SPY", "bid": 1}, "400 .*bid and ask together"),
        ("POST", "/quote", {"symbol": "SPY", "ask": 1, "last": 1}, "400 .*bid and ask together"),
        ("POST", "/quote", {"symbol": "SPY"}, "400 .*last"),
        ("POST", "/quote", {"symbol": "SPY", "bid": -1, "ask": 1}, r"400 .*bid"),
        ("GET", "/quote/TSLA", None, "404 .*TSLA"),
        ("POST", "/order", {"account": "paper"}, "400 .*symbol"),
        ("POST", "/order", order("SPY"), "400 .*SPY"),
        ("POST", "/order", order("SPY261122C00600000", account="12"), "404 .*'12'"),
        ("POST", "/order", order("SPY300101C00600000"), "400 .*Refused as Tiger would: 1300"),
        ("POST", "/cancel", {"id": 5}, "404 .*5"),
        ("GET", "/nothing", None, "404"),
        ("GET", "/faults", None, "405"),
    ],
)
def test_what_cannot_be_done_is_refused_with_the_reason(
    simulator: SimulatorProcess, method: str, path: str, body: object, problem: str
):
    with pytest.raises(SimulatorError, match=problem):
        simulator.control(method, path, body)


def test_a_body_that_is_no_json_is_refused(simulator: SimulatorProcess):
    import urllib.error
    import urllib.request

    address = simulator._ready["control"]
    with pytest.raises(urllib.error.HTTPError, match="400"):
        urllib.request.urlopen(f"{address}/faults", data=b"{")


def test_state_holds_no_key(simulator: SimulatorProcess):
    told = str(simulator.state())
    for kind in ("paper", "live"):
        environment = simulator.environment(kind)
        assert environment["TIGEROPEN_PRIVATE_KEY"] not in told
        assert environment["TIGEROPEN_ACCOUNT"] in told
