"""An account brought to nothing over sockets, with nothing but the broker's address."""

import contextlib
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from loopback import refusing_port
from patience import PATIENCE_S, wait_until
from simulator_process import SimulatorProcess

from tiger_nt.config import tiger_config
from tiger_nt.errors import TigerDeniedError
from tiger_nt.flatten import Flattened, Verdict, flatten
from tiger_nt.flatten_broker import FlattenBroker
from tiger_nt.flatten_lock import one_at_a_time
from tiger_nt.views import OrderRequest

CONTRACTS = 6
METHODS = ("active_orders", "orders", "positions", "option_brief", "place_order", "cancel_order")
MANY = 100_000
"""Calls a minute of the live account, as the tests share it; the paper account has Tiger's."""


@pytest.fixture(scope="module")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[SimulatorProcess]:
    users = tmp_path_factory.mktemp("users") / "users.toml"
    limits = ", ".join(f"{method} = {MANY}" for method in (*METHODS, "modify_order"))
    users.write_text(
        f"""
        [[user]]
        tiger_id = "90000001"
        account = "59000001"
        calls_per_minute = {{ {limits} }}
        [[user]]
        tiger_id = "90000002"
        account = "29000000000000001"
        """
    )
    with SimulatorProcess("--rate", "400", "--lively", "--users", str(users)) as simulator:
        yield simulator


@pytest.fixture
def simulator(running: SimulatorProcess) -> SimulatorProcess:
    running.control("DELETE", "/faults")
    running.control("POST", "/reset")
    return running


def fill_account(
    simulator: SimulatorProcess, contracts: int = CONTRACTS, kind: str = "live"
) -> list[str]:
    """Hold some contracts, with an order at work in each: sales of what is held, and purchases."""
    listed = simulator.control("GET", "/session")["contracts"]
    symbols: list[str] = listed[(len(listed) - contracts) // 2 :][:contracts]
    quantities = {symbol: 2 + number % 3 for number, symbol in enumerate(symbols)}
    for symbol, quantity in quantities.items():
        order = {"account": kind, "symbol": symbol, "quantity": quantity}
        simulator.control("POST", "/order", order | {"side": "BUY", "order_type": "MKT"})
    account = simulator.environment(kind)["TIGEROPEN_ACCOUNT"]

    def is_filled(state: dict[str, Any]) -> bool:
        positions = state["accounts"][account]["positions"]
        return {symbol: held["quantity"] for symbol, held in positions.items()} == quantities

    simulator.wait_for(is_filled, "positions")
    for number, symbol in enumerate(symbols):
        ask = simulator.control("GET", f"/quote/{symbol}")["ask"]
        side, price = ("SELL", round(ask + 3, 2)) if number % 2 else ("BUY", 0.01)
        order = {"account": kind, "symbol": symbol, "side": side, "quantity": 2}
        simulator.control("POST", "/order", order | {"limit_price": price})
    return symbols


def stand_still(simulator: SimulatorProcess, symbols: list[str]) -> None:
    """Let no quote change any more, with a hundred wanted of each contract."""
    simulator.fault("frozen_quotes", seconds=3_600)
    for symbol in symbols:
        quote = simulator.control("GET", f"/quote/{symbol}")
        prices = {"bid": max(quote["bid"], 0.05), "ask": max(quote["ask"], 0.10)}
        simulator.control("POST", "/quote", {"symbol": symbol, **prices})


def run(
    simulator: SimulatorProcess, within_s: float = PATIENCE_S, kind: str = "live"
) -> tuple[Flattened, list[str]]:
    said: list[str] = []
    config = tiger_config(simulator.environment(kind))
    return flatten(config, said.append, within_s=within_s), said


def kill_orders(simulator: SimulatorProcess) -> list[dict[str, Any]]:
    """Return the orders of the live account that closings have made."""
    orders: list[dict[str, Any]] = simulator.account("live")["orders"]
    return [order for order in orders if order["user_mark"].startswith("kill")]


def left(account: dict[str, Any]) -> tuple[dict[str, Any], list[str]]:
    at_work = {"Initial", "Submitted", "PendingCancel"}
    return account["positions"], [
        order["user_mark"] for order in account["orders"] if order["status"] in at_work
    ]


def test_everything_is_cancelled_and_sold_and_verified(simulator: SimulatorProcess) -> None:
    symbols = fill_account(simulator)
    found, said = run(simulator)
    assert (found.verdict, found.why) == (Verdict.FLAT, "")
    assert left(simulator.account("live")) == ({}, [])
    assert [row.symbol for row in found.rows] == sorted(symbols)
    assert all((row.closed, row.left) == (row.at_first, 0) for row in found.rows)
    assert sum("sell " in line for line in said) == CONTRACTS


def test_second_run_finds_nothing_to_do(simulator: SimulatorProcess) -> None:
    fill_account(simulator, 2)
    run(simulator)
    orders = len(simulator.account("live")["orders"])
    found, _ = run(simulator)
    assert (found.verdict, found.rows) == (Verdict.FLAT, ())
    assert len(simulator.account("live")["orders"]) == orders


def test_random_trouble_at_every_step_is_got_over(simulator: SimulatorProcess) -> None:
    fill_account(simulator)
    for fault in (
        {"kind": "cancel_fails", "count": 2},
        {"kind": "lost_response", "method": "cancel_order"},
        {"kind": "lost_response", "method": "place_order"},
        {"kind": "wrong_signature", "method": "place_order"},
        {"kind": "rate_limit", "method": "place_order"},
        {"kind": "rate_limit", "method": "active_orders", "value": 429},
        {"kind": "reject", "message": "1200:Order rejected by the exchange"},
        {"kind": "late_reject", "value": 0.05, "message": "201:Order rejected"},
        {"kind": "partial_fill", "count": 2, "value": 1},
        {"kind": "wrong_signature", "method": "orders"},
        {"kind": "lost_response", "method": "positions"},
        {"kind": "rate_limit", "method": "option_brief"},
        {"kind": "unknown_status", "message": "PartiallyFilled"},
    ):
        simulator.control("POST", "/faults", fault)
    found, said = run(simulator)
    assert found.verdict is Verdict.FLAT, "\n".join(said)
    account = simulator.account("live")
    assert left(account) == ({}, [])
    sold = sum(order["filled"] for order in account["orders"] if order["user_mark"])
    assert sold == sum(row.at_first for row in found.rows)


def test_price_gives_way_until_it_meets_the_market(simulator: SimulatorProcess) -> None:
    """The quote is frozen at a bid that only one contract is wanted at."""
    [symbol] = fill_account(simulator, 1)
    simulator.fault("frozen_quotes", seconds=3_600)
    simulator.control("POST", "/quote", {"symbol": symbol, "bid": 2.0, "ask": 2.1, "bid_size": 1})
    began_s = time.monotonic()
    found: list[Flattened] = []
    thread = threading.Thread(target=lambda: found.append(run(simulator)[0]))
    thread.start()
    number = simulator.environment("live")["TIGEROPEN_ACCOUNT"]
    simulator.wait_for(
        lambda state: any(
            order["limit_price"] == 1.7 for order in state["accounts"][number]["orders"]
        ),
        "a lower limit",
    )
    assert time.monotonic() - began_s > 1.0  # the first one had its time
    simulator.control("DELETE", "/faults")
    simulator.control("POST", "/quote", {"symbol": symbol, "bid": 1.8, "ask": 1.9})
    thread.join()
    assert found[0].verdict is Verdict.FLAT


def test_two_at_once_take_turns_and_sell_once(simulator: SimulatorProcess) -> None:
    stand_still(simulator, fill_account(simulator))
    results: list[tuple[Flattened, list[str]]] = []
    threads = [threading.Thread(target=lambda: results.append(run(simulator))) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [found.verdict for found, _ in results] == [Verdict.FLAT, Verdict.FLAT]
    account = simulator.account("live")
    assert left(account) == ({}, [])
    marks = [order["user_mark"] for order in account["orders"] if order["user_mark"]]
    assert len(marks) == CONTRACTS
    assert len({mark.rpartition("-")[0] for mark in marks}) == 1
    assert sum("waiting for it" in line for _, said in results for line in said) == 1


def test_one_that_hangs_is_named_and_not_waited_for_without_end(
    simulator: SimulatorProcess, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    environment = simulator.environment("live")
    what = f"{environment['TIGEROPEN_ACCOUNT']} {environment['TIGEROPEN_SERVER_URL']}"
    with one_at_a_time(what, 0.0, lambda _: None):
        found, said = run(simulator, 0.2)
    assert found.verdict is Verdict.NOT_FLAT
    assert f"process {os.getpid()}" in found.why
    assert f"process {os.getpid()}" in said[0]


def test_where_no_lock_can_be_made_it_goes_on_without(
    simulator: SimulatorProcess, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("TMPDIR", str(tmp_path / "missing"))
    fill_account(simulator, 1)
    found, _ = run(simulator)
    assert found.verdict is Verdict.FLAT


def test_two_that_do_not_know_of_each_other_both_end_flat(
    simulator: SimulatorProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On two machines no lock keeps them apart: what both have sold, one of them buys back."""
    fill_account(simulator)
    monkeypatch.setattr("tiger_nt.flatten.one_at_a_time", lambda *_: contextlib.nullcontext(None))
    found: list[Flattened] = []
    threads = [threading.Thread(target=lambda: found.append(run(simulator)[0])) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert [each.verdict for each in found] == [Verdict.FLAT, Verdict.FLAT]
    assert left(simulator.account("live")) == ({}, [])


def test_one_begun_when_another_elsewhere_has_sold_sells_nothing_again(
    simulator: SimulatorProcess, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It finds orders of its kind that have just filled, and waits until positions show them."""
    fill_account(simulator)
    held = simulator.account("live")["positions"]
    monkeypatch.setattr("tiger_nt.flatten.one_at_a_time", lambda *_: contextlib.nullcontext(None))
    first = threading.Thread(target=run, args=(simulator,))
    first.start()
    wait_until(lambda: len(kill_orders(simulator)) == CONTRACTS, "the sales of the first")
    found, _ = run(simulator)
    first.join()
    assert found.verdict is Verdict.FLAT
    assert left(simulator.account("live")) == ({}, [])
    ours = kill_orders(simulator)
    assert {order["side"] for order in ours} == {"SELL"}
    sold = sum(order["filled"] for order in ours)
    assert sold == sum(position["quantity"] for position in held.values())


def test_leftovers_of_a_run_that_was_killed_are_cancelled(simulator: SimulatorProcess) -> None:
    [symbol] = fill_account(simulator, 1)
    broker = FlattenBroker(tiger_config(simulator.environment("live")), PATIENCE_S)
    for order in broker.orders_at_work():
        broker.cancel(order.id)
    number = simulator.environment("live")["TIGEROPEN_ACCOUNT"]
    simulator.wait_for(lambda state: not left(state["accounts"][number])[1], "no orders")
    broker.place(
        OrderRequest(
            user_mark="kill-0-1",
            symbol=symbol,
            is_buy=False,
            order_type="LMT",
            quantity=2,
            limit_price=90.0,
        )
    )
    found, _ = run(simulator)
    assert found.verdict is Verdict.FLAT
    assert left(simulator.account("live")) == ({}, [])


def test_wrong_login_is_told_at_once(simulator: SimulatorProcess) -> None:
    environment = simulator.environment("live") | {
        "TIGEROPEN_ACCOUNT": simulator.environment("paper")["TIGEROPEN_ACCOUNT"]
    }
    found = flatten(tiger_config(environment), print, within_s=PATIENCE_S)
    assert found.verdict is Verdict.ACCOUNT
    assert "permission" in found.why
    assert "\n" not in found.why
    assert environment["TIGEROPEN_ACCOUNT"] not in found.why


def test_nobody_answers_until_the_time_is_over(simulator: SimulatorProcess) -> None:
    with refusing_port() as port:
        environment = simulator.environment("live") | {
            "TIGEROPEN_SERVER_URL": f"http://127.0.0.1:{port}/gateway"
        }
        found = flatten(tiger_config(environment), print, within_s=0.5)
    assert found.verdict is Verdict.NOT_FLAT
    assert found.why.startswith("what is held is not known; the last answer was: ")


def test_market_that_takes_no_orders_is_told_in_its_words_before_the_time_is_over(
    simulator: SimulatorProcess,
) -> None:
    fill_account(simulator, 1)
    words = "bad_request:Orders cannot be placed at this moment"
    simulator.fault("reject", seconds=3_600, message=words)
    found, _ = run(simulator)
    assert found.verdict is Verdict.NOT_FLAT
    assert f"Tiger says: {words}" in found.why
    assert sum(order["user_mark"] != "" for order in simulator.account("live")["orders"]) == 0
    assert left(simulator.account("live"))[1] == []  # cancels are taken at any time


def test_calls_that_a_node_has_left_go_to_cancels_first(simulator: SimulatorProcess) -> None:
    """Of a paper account's 120 calls a minute 12 are left: 6 cancels and 6 sales."""
    stand_still(simulator, fill_account(simulator, kind="paper"))
    broker = FlattenBroker(tiger_config(simulator.environment("paper")), PATIENCE_S)
    for _ in range(108):
        with contextlib.suppress(TigerDeniedError):
            broker.cancel(1)
    found, said = run(simulator, kind="paper")
    assert found.verdict is Verdict.FLAT
    assert not any("limit" in line for line in said)
    assert (found.calls["cancel_order"], found.calls["place_order"]) == (CONTRACTS, CONTRACTS)
    assert left(simulator.account("paper")) == ({}, [])


def test_used_up_limit_is_tried_with_few_calls_and_what_can_be_sent_is_cancels(
    simulator: SimulatorProcess,
) -> None:
    fill_account(simulator)
    simulator.fault("rate_limit", method="place_order", seconds=5.0)
    found, said = run(simulator)
    assert found.verdict is Verdict.FLAT
    # Five at first, which may be sent within a second, and then one a second.
    assert sum("place_order is used up" in line for line in said) <= 10
    account = simulator.account("live")
    ended = [order["updated_ms"] for order in account["orders"] if order["status"] == "Cancelled"]
    sold = [order["opened_ms"] for order in account["orders"] if order["user_mark"]]
    assert max(ended) < min(sold)
