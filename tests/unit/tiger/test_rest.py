"""The REST side over real sockets, with the real SDK against the loopback simulator."""

import asyncio
import datetime as dt
import logging
import os
import sys
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from http.client import HTTPConnection
from pathlib import Path
from typing import Any

import msgspec
import pytest
from cryptography.hazmat.primitives import serialization as form
from cryptography.hazmat.primitives.asymmetric import rsa
from patience import PATIENCE_S
from tiger_simulator import CALL, EXPIRY, PUT, FixedMarket, SimulatorThread, running

from tiger_nt.budget import CallBudget, Priority
from tiger_nt.config import TigerConfig, tiger_config
from tiger_nt.errors import (
    ClosedError,
    TigerDeniedError,
    TigerLimitError,
    TigerRequestError,
    TigerUnknownOutcomeError,
    UnreachableError,
)
from tiger_nt.lanes import Lane, UnderWay
from tiger_nt.rest import TigerRest
from tiger_nt.sdk import sdk_config
from tiger_nt.simulator.accounts import STOCK_QUOTES, User
from tiger_nt.simulator.faults import Fault, FaultKind
from tiger_nt.simulator.server import Simulator
from tiger_nt.views import OrderRequest, OrderState, OrderView

OFTEN = dict.fromkeys(
    ("user_license", "market_state", "get_quote_permission", "trading_calendar"), 10_000
) | dict.fromkeys(("addon_entitlements", "prime_assets", "option_chain"), 10_000)
LIVE = User(tiger_id="20157777", account="50000077", license="TBSG", calls_per_minute=OFTEN)
STOCKS_ONLY = User(tiger_id="20158888", account="50000088", permissions=(STOCK_QUOTES,))
RATIONED = User(
    tiger_id="20159999", account="50000099", calls_per_minute={"positions": 1, "cancel_order": 1}
)
BUY = OrderRequest(
    user_mark="M", symbol=CALL, is_buy=True, order_type="LMT", quantity=2, limit_price=0.5
)


@pytest.fixture(scope="module")
def server() -> Iterator[SimulatorThread]:
    with running(Simulator(FixedMarket(), users=(LIVE, STOCKS_ONLY, RATIONED))) as thread:
        yield thread


@pytest.fixture
def simulator(server: SimulatorThread) -> SimulatorThread:
    server.call(server.simulator.reset)
    return server


def config_of(server: SimulatorThread, user: User = LIVE, **changes: Any) -> TigerConfig:
    config = tiger_config(server.simulator.environment(user))
    return msgspec.structs.replace(config, calls_per_minute=OFTEN, **changes)


def run[T](config: TigerConfig, use: Callable[[TigerRest], Awaitable[T]]) -> T:
    """Use a started client, and close it."""

    async def main() -> T:
        rest = TigerRest(config)
        await rest.start()
        try:
            return await use(rest)
        finally:
            await rest.close()

    return asyncio.run(main())


def fault(server: SimulatorThread, kind: FaultKind, method: str | None = None, **more: Any) -> None:
    server.call(lambda: server.simulator.faults.add(Fault(kind=kind, method=method, **more)))


def hits(server: SimulatorThread, method: str) -> int:
    return server.call(lambda: server.simulator.hits.get(method, 0))


async def until(
    rest: TigerRest, order_id: int, state: OrderState, quantity: int | None = None
) -> OrderView:
    async with asyncio.timeout(PATIENCE_S):
        while True:
            view = await rest.order(order_id)
            if view is not None and view.state is state and quantity in {None, view.quantity}:
                return view
            await asyncio.sleep(0.01)


# The market


def test_chain_quotes_and_calendar_are_read_through_the_sdk(simulator: SimulatorThread) -> None:
    async def use(rest: TigerRest) -> None:
        assert await rest.expirations("SPY") == [EXPIRY]
        chain = await rest.chain("SPY", EXPIRY)
        assert {view.symbol for view in chain} == set(FixedMarket.contracts)
        assert {(view.quote.bid, view.quote.ask_size) for view in chain} == {(1.0, 12)}
        assert await rest.chain("SPY", dt.date(2026, 12, 31)) == []
        spy, vix = await rest.stock_quotes(["SPY", "VIX"])
        assert (spy.quote.bid, spy.quote.ask, spy.last) == (600.0, 600.02, 600.01)
        assert (vix.symbol, vix.last, vix.quote.bid_size) == ("VIX", 15.5, 0)
        assert await rest.market_status() == "TRADING"
        days = await rest.trading_days(EXPIRY, EXPIRY)
        assert [(day.date, day.kind) for day in days] == [(EXPIRY, "TRADING")]
        assert await rest.option_bars(CALL, 1, 0, time.time_ns() // 1_000_000) == []

    run(config_of(simulator), use)


def test_option_quotes_are_asked_for_in_batches_of_thirty(simulator: SimulatorThread) -> None:
    before = hits(simulator, "option_brief")
    unlisted = [f"SPY261123C{k:05d}000" for k in range(700, 760)]

    views = run(config_of(simulator), lambda rest: rest.option_quotes([CALL, *unlisted, PUT]))

    assert [view.symbol for view in views] == [CALL, PUT]
    assert (views[0].bid, views[0].ask, views[0].bid_size, views[0].ask_size) == (1.0, 1.05, 10, 12)
    assert hits(simulator, "option_brief") - before == 3


def test_bars_of_a_length_tiger_lacks_are_refused_before_sending(
    simulator: SimulatorThread,
) -> None:
    with pytest.raises(ValueError, match=r"Expected bars of \[1, 5, 30, 60\] minutes, was 7"):
        run(config_of(simulator), lambda rest: rest.option_bars(CALL, 7, 0, 1))
    with pytest.raises(ValueError, match=r"Expected bars of \[1, 3, .*, 60\] minutes, was 1440"):
        run(config_of(simulator), lambda rest: rest.stock_bars("SPY", 1_440, 0, 1))


def test_license_permissions_and_account_are_read(simulator: SimulatorThread) -> None:
    async def use(rest: TigerRest) -> None:
        assert await rest.license() == "TBSG"
        assert await rest.permissions() == ["usQuoteBasic", "usOptionQuote"]
        assets = await rest.assets()
        assert (assets.net_liquidation, assets.currency) == (LIVE.cash, "USD")
        assert await rest.positions() == []

    run(config_of(simulator), use)


# Orders


def test_order_is_placed_changed_cancelled_and_found_again(simulator: SimulatorThread) -> None:
    async def use(rest: TigerRest) -> None:
        since_ms = time.time_ns() // 1_000_000 - 60_000
        order_id = await rest.place(BUY)
        assert order_id > 2**53
        placed = await until(rest, order_id, OrderState.HELD)
        assert (placed.user_mark, placed.symbol, placed.sec_type) == ("M", CALL, "OPT")
        assert (placed.quantity, placed.limit_price, placed.order_type) == (2, 0.5, "LMT")
        assert [view.id for view in (await rest.open_orders()).views] == [order_id]
        assert (await rest.order_by_mark("M", since_ms)) == placed
        assert await rest.order_by_mark("N", since_ms) is None

        dearer = msgspec.structs.replace(BUY, limit_price=0.57, quantity=3)
        await rest.modify(order_id, dearer)
        view = await until(rest, order_id, OrderState.HELD, quantity=3)
        assert (view.quantity, view.limit_price, view.user_mark) == (3, 0.57, "M")

        await rest.cancel(order_id)
        cancelled = await until(rest, order_id, OrderState.CANCELLED)
        assert (await rest.open_orders()).rows == {}
        assert await rest.orders_since(since_ms) == [cancelled]
        assert await rest.order(1) is None

    run(config_of(simulator), use)


def test_fill_shows_in_order_executions_positions_and_cash(simulator: SimulatorThread) -> None:
    async def use(rest: TigerRest) -> None:
        since_ms = time.time_ns() // 1_000_000 - 60_000
        request = msgspec.structs.replace(BUY, order_type="MKT", limit_price=None)
        order_id = await rest.place(request, Priority.RISK)
        order = await until(rest, order_id, OrderState.FILLED)
        assert (order.filled, order.average_price) == (2, 1.05)
        executions = await rest.transactions(order_id)
        assert sum(view.quantity for view in executions) == 2
        assert {(view.order_id, view.symbol, view.price) for view in executions} == {
            (order_id, CALL, 1.05)
        }
        orders = await rest.orders_since(since_ms)
        assert await rest.transactions_since(since_ms, orders) == executions
        (position,) = await rest.positions()
        assert (position.symbol, position.sec_type, position.quantity) == (CALL, "OPT", 2)
        assets = await rest.assets()
        assert assets.cash == pytest.approx(LIVE.cash - 210.0 - order.commission)

    run(config_of(simulator), use)


def test_sells_and_stop_limits_carry_their_prices(simulator: SimulatorThread) -> None:
    async def use(rest: TigerRest) -> OrderView:
        buy = msgspec.structs.replace(BUY, order_type="MKT", limit_price=None)
        await until(rest, await rest.place(buy), OrderState.FILLED)
        stop = OrderRequest(
            user_mark="S",
            symbol=CALL,
            is_buy=False,
            order_type="STP_LMT",
            quantity=1,
            limit_price=0.45,
            stop_price=0.5,
        )
        return await until(rest, await rest.place(stop), OrderState.HELD)

    order = run(config_of(simulator), use)
    assert (order.is_buy, order.limit_price, order.stop_price) == (False, 0.45, 0.5)


def test_preview_tells_the_cost_and_not_the_account(simulator: SimulatorThread) -> None:
    preview = run(config_of(simulator), lambda rest: rest.preview(BUY))
    assert preview["is_pass"] is True
    assert LIVE.account not in str(preview)


def test_more_orders_than_a_page_are_all_found(
    simulator: SimulatorThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tiger_nt.order_lists._A_PAGE", 2)

    async def use(rest: TigerRest) -> tuple[set[int], list[int]]:
        placed = {
            await rest.place(msgspec.structs.replace(BUY, quantity=1), Priority.RISK)
            for _ in range(5)
        }
        return placed, [view.id for view in await rest.orders_since(1)]

    placed, found = run(config_of(simulator), use)
    assert sorted(found) == sorted(placed)


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"user_mark": ""}, "user_mark: Expected one"),
        ({"quantity": 0}, "quantity: Expected 1 or more, was 0"),
        ({"order_type": "TRAIL"}, "order_type: Expected one of MKT, LMT, STP, STP_LMT"),
        ({"limit_price": None}, "limit_price: Expected one, was None"),
        ({"order_type": "MKT"}, "limit_price: Expected none, was 0.5"),
        ({"limit_price": float("nan")}, "limit_price: Expected dollars above 0, was nan"),
        ({"stop_price": 1.0}, "stop_price: Expected none, was 1.0"),
    ],
)
def test_order_that_cannot_be_is_refused_unsent(
    simulator: SimulatorThread, changes: dict[str, Any], text: str
) -> None:
    before = hits(simulator, "place_order")
    with pytest.raises(TigerDeniedError, match=text) as refused:
        run(config_of(simulator), lambda rest: rest.place(msgspec.structs.replace(BUY, **changes)))
    assert refused.value.code == 0
    assert hits(simulator, "place_order") == before


def test_wire_order_has_exact_terms_prices_and_the_mark(
    simulator: SimulatorThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[dict[str, Any]] = []
    methods = simulator.simulator.gateway._methods
    real = methods["place_order"]

    def spy(user: User, body: Any) -> Any:
        sent.append(body)
        return real(user, body)

    monkeypatch.setitem(methods, "place_order", spy)  # type: ignore[arg-type]
    request = msgspec.structs.replace(
        BUY, symbol="SPY261123C00064100", limit_price=0.1 + 0.2, user_mark="AT-1"
    )
    with pytest.raises(TigerDeniedError):  # not listed
        run(config_of(simulator), lambda rest: rest.place(request))
    body = sent[0]
    assert body["strike"] == 64.1
    assert {k: body[k] for k in ("symbol", "expiry", "right", "sec_type", "currency")} == {
        "symbol": "SPY",
        "expiry": "20261123",
        "right": "CALL",
        "sec_type": "OPT",
        "currency": "USD",
    }
    assert (body["limit_price"], body["total_quantity"], body["action"]) == (0.3, 2, "BUY")
    assert (body["user_mark"], body["time_in_force"], body["outside_rth"]) == ("AT-1", "DAY", False)


# Outcomes


@pytest.mark.parametrize(
    ("kind", "text"),
    [
        (FaultKind.LOST_RESPONSE, "no answer before the connection broke"),
        (FaultKind.WRONG_SIGNATURE, "signed by Tiger, was one with another signature"),
        (FaultKind.DELAY_RESPONSE, "no answer in time"),
    ],
)
def test_order_whose_answer_is_lost_is_unknown_sent_once_and_found_by_its_mark(
    simulator: SimulatorThread, kind: FaultKind, text: str
) -> None:
    before = hits(simulator, "place_order")
    fault(simulator, kind, "place_order", value=3.0)

    async def use(rest: TigerRest) -> None:
        with pytest.raises(TigerUnknownOutcomeError, match=f"^place_order: .*{text}"):
            await rest.place(BUY)
        found = await rest.order_by_mark("M", 1)
        assert found is not None
        assert found.quantity == 2

    run(config_of(simulator, timeout_s=1.0 if kind is FaultKind.DELAY_RESPONSE else 5.0), use)
    assert hits(simulator, "place_order") - before == 1


@pytest.mark.parametrize("method", ["modify_order", "cancel_order"])
def test_change_whose_answer_is_lost_is_unknown_and_sent_once(
    simulator: SimulatorThread, method: str
) -> None:
    before = hits(simulator, method)

    async def use(rest: TigerRest) -> None:
        order_id = await rest.place(BUY)
        await until(rest, order_id, OrderState.HELD)
        fault(simulator, FaultKind.LOST_RESPONSE, method)
        with pytest.raises(TigerUnknownOutcomeError, match=f"^{method}: "):
            await (
                rest.cancel(order_id) if method == "cancel_order" else rest.modify(order_id, BUY)
            )

    run(config_of(simulator), use)
    assert hits(simulator, method) - before == 1


@pytest.mark.parametrize("kind", [FaultKind.LOST_RESPONSE, FaultKind.WRONG_SIGNATURE])
def test_question_whose_answer_is_lost_is_asked_again(
    simulator: SimulatorThread, kind: FaultKind
) -> None:
    before = hits(simulator, "prime_assets")
    fault(simulator, kind, "prime_assets", count=2)
    assert run(config_of(simulator), lambda rest: rest.assets()).cash == LIVE.cash
    assert hits(simulator, "prime_assets") - before == 3


def test_question_is_given_up_when_its_time_is_over(
    simulator: SimulatorThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tiger_nt.calls._ASKING_S", 2.0)
    before = hits(simulator, "prime_assets")
    fault(simulator, FaultKind.LOST_RESPONSE, "prime_assets", count=100)

    async def use(rest: TigerRest) -> int:
        with pytest.raises(TigerRequestError, match="prime_assets: no answer") as failed:
            await rest.assets()
        assert not isinstance(failed.value, TigerUnknownOutcomeError)
        return rest.timings()["prime_assets"].count

    count = run(config_of(simulator), use)
    assert count >= 2
    assert hits(simulator, "prime_assets") - before == count


def test_rejection_is_tigers_word_and_final(simulator: SimulatorThread) -> None:
    fault(simulator, FaultKind.REJECT, "place_order", message="bad_request:Too bold")
    with pytest.raises(TigerDeniedError, match="code=1200 bad_request:Too bold") as denied:
        run(config_of(simulator), lambda rest: rest.place(BUY))
    assert (denied.value.code, denied.value.method) == (1200, "place_order")


def test_cancel_of_an_order_tiger_does_not_know_is_denied(simulator: SimulatorThread) -> None:
    with pytest.raises(TigerDeniedError, match="cancel_order: code=1200 "):
        run(config_of(simulator), lambda rest: rest.cancel(1))


def test_refused_connection_means_that_nothing_was_sent(simulator: SimulatorThread) -> None:
    config = config_of(simulator)
    nowhere = msgspec.structs.replace(
        config.endpoints, server_url="http://127.0.0.1:9/gateway", push_port=9
    )
    config = msgspec.structs.replace(config, endpoints=nowhere)
    with pytest.raises(UnreachableError, match="no connection to Tiger, nothing was sent") as e:
        run(config, lambda rest: rest.place(BUY))
    assert not isinstance(e.value, TigerUnknownOutcomeError)


def test_address_that_never_answered_is_soon_given_up_and_one_that_did_is_not(
    simulator: SimulatorThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tiger_nt.calls._FIRST_CONTACT_S", 0.0)

    async def use(rest: TigerRest) -> None:
        outcomes: list[Exception | str] = [UnreachableError("gone")]

        def call() -> str:
            outcome = outcomes.pop(0)
            if isinstance(outcome, Exception):
                raise outcome
            return outcome

        with pytest.raises(UnreachableError):
            await rest._calls.ask("positions", call)
        assert await rest.license() == "TBSG"
        outcomes += [UnreachableError("gone for a moment"), "answer"]
        assert await rest._calls.ask("positions", call) == "answer"

    run(config_of(simulator), use)


def test_order_whose_task_is_cancelled_in_the_queue_is_not_sent(simulator: SimulatorThread) -> None:
    async def use(rest: TigerRest) -> None:
        release = threading.Event()
        calls = rest._calls
        stuck = [
            asyncio.create_task(calls.change(f"slow{i}", release.wait, Lane.ORDERS, Priority.RISK))
            for i in range(3)
        ]
        await asyncio.sleep(0)
        placing = asyncio.create_task(rest.place(BUY))
        await asyncio.sleep(0.01)
        placing.cancel()
        await asyncio.wait({placing})
        release.set()
        await asyncio.gather(*stuck)
        await rest.place(msgspec.structs.replace(BUY, user_mark="LATER"))
        assert [order.user_mark for order in await rest.orders_since(1)] == ["LATER"]

    run(config_of(simulator), use)


# Limits


def test_limit_of_tiger_on_an_order_is_an_error_with_the_time_to_wait(
    simulator: SimulatorThread,
) -> None:
    fault(simulator, FaultKind.RATE_LIMIT, "place_order")

    async def use(rest: TigerRest) -> None:
        with pytest.raises(TigerLimitError, match="Tiger refuses for its call limit") as limited:
            await rest.place(BUY)
        assert limited.value.retry_after_s == 2.0
        with pytest.raises(TigerLimitError, match="no budget left for now"):
            await rest.place(BUY)
        assert await rest.orders_since(1) == []

    run(config_of(simulator), use)


def test_question_waits_out_tigers_limit(
    simulator: SimulatorThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tiger_nt.budget._BACKOFF_S", 0.1)
    fault(simulator, FaultKind.RATE_LIMIT, "prime_assets", count=2)
    assert run(config_of(simulator), lambda rest: rest.assets()).cash == LIVE.cash


def test_limit_learned_from_tigers_answer_is_kept_to(simulator: SimulatorThread) -> None:
    async def use(rest: TigerRest) -> None:
        with pytest.raises(TigerDeniedError):
            await rest.cancel(1)
        with pytest.raises(TigerLimitError, match="Tiger refuses"):
            await rest.cancel(1)
        assert rest.budget.take("cancel_order", Priority.RISK, time.monotonic() + 30.0) > 20.0

    run(config_of(simulator, RATIONED), use)


def test_cancel_goes_out_while_all_threads_of_orders_and_questions_wait(
    simulator: SimulatorThread,
) -> None:
    async def use(rest: TigerRest) -> None:
        order_id = await rest.place(BUY)
        await until(rest, order_id, OrderState.HELD)
        release = threading.Event()
        calls = rest._calls
        stuck = [
            asyncio.create_task(calls.change(f"slow{i}", release.wait, lane, Priority.RISK))
            for lane in (Lane.ORDERS, Lane.QUERIES)
            for i in range(8)
        ]
        await asyncio.sleep(0)
        try:
            await asyncio.wait_for(rest.cancel(order_id), PATIENCE_S)
        finally:
            release.set()
            await asyncio.gather(*stuck)

    run(config_of(simulator, timeout_s=60.0), use)


def test_order_that_finds_no_thread_in_time_is_never_sent(simulator: SimulatorThread) -> None:
    before = hits(simulator, "place_order")

    async def use(rest: TigerRest) -> None:
        release = threading.Event()
        calls = rest._calls
        stuck = [
            asyncio.create_task(calls.change(f"slow{i}", release.wait, Lane.ORDERS, Priority.RISK))
            for i in range(3)
        ]
        await asyncio.sleep(0)
        with pytest.raises(TigerRequestError, match="no thread free in time, nothing was sent"):
            await rest.place(BUY)
        outcomes = await asyncio.gather(*stuck, return_exceptions=True)
        assert [type(error) for error in outcomes] == [TigerUnknownOutcomeError] * 3
        release.set()

    run(config_of(simulator, timeout_s=0.3), use)
    assert hits(simulator, "place_order") == before


def test_entry_does_not_wait_for_a_thread_and_a_later_market_but_an_exit_does(
    simulator: SimulatorThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tiger_nt.calls._QUEUE_S", 0.1)

    async def use(rest: TigerRest) -> None:
        release = threading.Event()
        calls = rest._calls
        stuck = [
            asyncio.create_task(calls.change(f"slow{i}", release.wait, Lane.ORDERS, Priority.RISK))
            for i in range(3)
        ]
        await asyncio.sleep(0)
        leaving = asyncio.create_task(rest.place(BUY, Priority.RISK))
        entry = msgspec.structs.replace(BUY, user_mark="ENTRY")
        with pytest.raises(TigerRequestError, match="no thread free in time, nothing was sent"):
            await rest.place(entry)
        release.set()
        await asyncio.gather(leaving, *stuck)
        assert [order.user_mark for order in await rest.orders_since(1)] == ["M"]

    run(config_of(simulator), use)


def test_close_does_not_wait_for_a_call_that_hangs(
    simulator: SimulatorThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tiger_nt.calls._CLOSING_S", 0.1)
    began, release = threading.Event(), threading.Event()

    def slow() -> bool:
        began.set()
        return release.wait()

    async def main() -> None:
        rest = TigerRest(config_of(simulator, timeout_s=60.0))
        await rest.start()
        hanging = asyncio.create_task(rest._calls.ask("slow", slow))
        await asyncio.to_thread(began.wait)
        await rest.close()
        assert not hanging.done()
        release.set()
        assert await hanging

    asyncio.run(main())


def test_call_given_up_before_it_began_does_not_begin_afterwards() -> None:
    called: list[int] = []
    is_open = threading.Event()
    is_open.set()
    late = UnderWay("place_order", lambda: called.append(1), is_open, set())
    error = late.given_up(changes=True)
    assert not isinstance(error, TigerUnknownOutcomeError)
    with pytest.raises(ClosedError):
        late()
    assert called == []


# Credentials and permissions


def test_wrong_private_key_is_told_with_what_to_do(simulator: SimulatorThread) -> None:
    key = rsa.generate_private_key(65537, 1024).private_bytes(
        form.Encoding.PEM, form.PrivateFormat.PKCS8, form.NoEncryption()
    )
    env = simulator.simulator.environment(LIVE) | {"TIGEROPEN_PRIVATE_KEY": key.decode()}
    with pytest.raises(TigerDeniedError, match="private key does not belong to this developer id"):
        run(tiger_config(env), lambda rest: rest.license())


def test_unknown_developer_is_told_with_what_to_do(simulator: SimulatorThread) -> None:
    env = simulator.simulator.environment(LIVE) | {"TIGEROPEN_TIGER_ID": "20150000"}
    with pytest.raises(TigerDeniedError, match="copy it from Tiger's developer page"):
        run(tiger_config(env), lambda rest: rest.license())


def test_missing_option_quotes_are_told_with_what_to_buy(simulator: SimulatorThread) -> None:
    async def use(rest: TigerRest) -> None:
        assert await rest.permissions() == ["usQuoteBasic"]
        with pytest.raises(TigerDeniedError, match="lacks usOptionQuote: buy US option quotes"):
            await rest.chain("SPY", EXPIRY)

    run(config_of(simulator, STOCKS_ONLY), use)


def test_no_secret_is_logged_or_in_an_error(
    simulator: SimulatorThread, caplog: pytest.LogCaptureFixture
) -> None:
    config = config_of(simulator)
    texts: list[str] = []

    async def use(rest: TigerRest) -> None:
        for kind in (FaultKind.LOST_RESPONSE, FaultKind.WRONG_SIGNATURE, FaultKind.RATE_LIMIT):
            fault(simulator, kind, "place_order")
            error: BaseException | None
            with pytest.raises((TigerRequestError, TigerLimitError)) as failed:
                await rest.place(BUY, Priority.RISK)
            error = failed.value
            while error is not None:
                texts.append(repr(error))
                error = error.__cause__ or error.__context__
            await asyncio.sleep(1.05 if kind is FaultKind.RATE_LIMIT else 0.0)
        fault(
            simulator,
            FaultKind.REJECT,
            "place_order",
            message=f"account {LIVE.account} of {LIVE.tiger_id} is not allowed",
        )
        with pytest.raises(TigerDeniedError, match="account …0077 of … is not allowed") as denied:
            await rest.place(BUY, Priority.RISK)
        texts.append(repr(denied.value))

    with caplog.at_level(logging.DEBUG):
        run(config, use)
    shown = "\n".join([*texts, caplog.text])
    secrets = [LIVE.account, LIVE.tiger_id, config.credentials.private_key[:30], "sign="]
    assert [secret for secret in secrets if secret in shown] == []


# The address


_hosts: list[str] | None = None


def _watch(event: str, args: tuple[Any, ...]) -> None:
    if _hosts is None or event not in {"socket.connect", "socket.getaddrinfo"}:
        return
    host = args[1][0] if event == "socket.connect" else args[0]
    _hosts.append(str(host))
    if host not in {"127.0.0.1", "localhost", "::1"}:
        raise ConnectionRefusedError(f"The test allows loopback only, was {host}")


sys.addaudithook(_watch)


@pytest.fixture
def hosts() -> Iterator[list[str]]:
    """Every host that anything in this process looks up or connects to."""
    global _hosts  # noqa: PLW0603
    _hosts = []
    yield _hosts
    _hosts = None


def test_loopback_address_is_all_that_is_ever_reached_whatever_the_environment_says(
    simulator: SimulatorThread,
    hosts: list[str],
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    config = config_of(simulator)
    production = {
        "TIGEROPEN_SERVER_URL": "https://openapi.tigerfintech.com/gateway",
        "TIGEROPEN_SOCKET_HOST_PORT": "ssl,openapi.tigerfintech.com,9883",
        "TIGEROPEN_ACCOUNT": "21700000000000001",
        "TIGEROPEN_LICENSE": "TBUS",
        "TIGEROPEN_TOKEN": "T",
        "TIGEROPEN_TIGER_ID": "1",
        "TIGEROPEN_TIMEZONE": "Asia/Shanghai",
        "TIGEROPEN_LANGUAGE": "zh_CN",
        "TIGEROPEN_USE_FULL_TICK": "true",
        "TIGEROPEN_TOKEN_REFRESH_DURATION": "60",
        "TIGEROPEN_PROPS_PATH": str(tmp_path),
    }
    for name, value in production.items():
        monkeypatch.setenv(name, value)
    lines = "\n".join(f"{name[10:].lower()}={value}" for name, value in production.items())
    (tmp_path / "tiger_openapi_config.properties").write_text(lines)
    (tmp_path / "tiger_openapi_token.properties").write_text("token=T\n")
    monkeypatch.chdir(tmp_path)

    async def use(rest: TigerRest) -> None:
        await asyncio.gather(
            rest.license(),
            rest.assets(),
            rest.positions(),
            rest.open_orders(),
            rest.orders_since(1),
            rest.transactions(1),
            rest.preview(BUY),
            rest.expirations("SPY"),
            rest.chain("SPY", EXPIRY),
            rest.option_quotes([CALL]),
            rest.stock_quotes(["SPY"]),
            rest.market_status(),
            rest.trading_days(EXPIRY, EXPIRY),
            rest.permissions(),
            rest.option_bars(CALL, 1, 0, 1),
            rest.stock_bars("SPY", 1, 0, 1),
        )
        order_id = await rest.place(BUY)
        await until(rest, order_id, OrderState.HELD)
        await rest.modify(order_id, BUY)
        await rest.cancel(order_id)

    run(config, use)
    assert set(hosts) == {"127.0.0.1"}
    sdk = sdk_config(config)
    assert sdk.server_url == sdk.quote_server_url == config.endpoints.server_url
    assert sdk.socket_host_port == ("tcp", "127.0.0.1", config.endpoints.push_port)
    assert (sdk.account, sdk.license, sdk.token) == (LIVE.account, "TBSG", None)
    assert (sdk.timezone, sdk.language.value, sdk.use_full_tick) == (None, "en_US", False)
    assert (sdk.is_paper, sdk.token_refresh_duration, sdk.load_token()) == (False, 0, None)
    assert not sdk.enable_dynamic_domain
    assert os.environ["TIGEROPEN_LICENSE"] == "TBUS"


def test_the_watch_on_hosts_would_catch_the_sdk_left_alone(hosts: list[str]) -> None:
    from tigeropen.tiger_open_config import TigerOpenClientConfig

    TigerOpenClientConfig(props_path="/nonexistent")
    assert hosts == ["cg.play-analytics.com"]


def test_without_addresses_tigers_own_are_asked_for_and_stay_if_it_does_not_say(
    simulator: SimulatorThread, hosts: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    env = simulator.simulator.environment(LIVE)
    loopback = ("SERVER_URL", "SOCKET_HOST_PORT", "PUBLIC_KEY")
    env = {name: value for name, value in env.items() if not name.endswith(loopback)}
    monkeypatch.setenv("TIGEROPEN_SERVER_URL", "https://evil.example/gateway")
    sdk = sdk_config(tiger_config(env))
    assert hosts == ["cg.play-analytics.com"]
    assert sdk.server_url == sdk.quote_server_url == "https://openapi.tigerfintech.com/gateway"
    assert sdk.socket_host_port == ("ssl", "openapi.tigerfintech.com", 9883)
    paper = sdk_config(tiger_config(env | {"TIGEROPEN_ACCOUNT": "21700000000000001"}))
    assert (sdk.is_paper, paper.is_paper) == (False, True)
    american = sdk_config(tiger_config(env | {"TIGEROPEN_LICENSE": "TBUS"}))
    assert american.server_url == american.quote_server_url
    assert american.server_url == "https://openapi.tradeup.com/gateway"


# Life


def test_clock_offset_is_tigers_time_less_ours(simulator: SimulatorThread) -> None:
    fault(simulator, FaultKind.CLOCK_SKEW, value=600.0, seconds=3_600)

    async def use(rest: TigerRest) -> float | None:
        assert rest.clock_offset_s() is None
        await rest.license()
        return rest.clock_offset_s()

    assert run(config_of(simulator), use) == pytest.approx(600.0, abs=30.0)


def test_clock_offset_of_late_is_by_answers_of_late(simulator: SimulatorThread) -> None:
    async def use(rest: TigerRest) -> None:
        await rest.license()
        began_s = time.monotonic()
        await asyncio.sleep(0.05)
        assert rest.clock_offset_s(time.monotonic() - began_s) is None
        fault(simulator, FaultKind.CLOCK_SKEW, value=600.0, seconds=3_600)
        await rest.license()
        late_s = time.monotonic() - began_s
        assert rest.clock_offset_s(late_s) == pytest.approx(600.0, abs=30.0)

    run(config_of(simulator), use)


def test_failures_are_calls_without_a_usable_answer_and_no_refusals(
    simulator: SimulatorThread,
) -> None:
    async def use(rest: TigerRest) -> None:
        with pytest.raises(TigerDeniedError):
            await rest.cancel(1)
        fault(simulator, FaultKind.RATE_LIMIT, "prime_assets")
        await rest.assets()
        assert rest.failures == 0
        fault(simulator, FaultKind.LOST_RESPONSE, "prime_assets", count=2)
        await rest.assets()  # asked again, and answered
        assert rest.failures == 2
        fault(simulator, FaultKind.LOST_RESPONSE, "place_order")
        with pytest.raises(TigerUnknownOutcomeError):
            await rest.place(BUY)
        assert rest.failures == 3
        await rest.close()
        with pytest.raises(ClosedError):
            await rest.place(BUY)
        assert rest.failures == 3

    run(config_of(simulator), use)


def test_calls_are_counted_and_timed_by_method(simulator: SimulatorThread) -> None:
    async def use(rest: TigerRest) -> None:
        await rest.license()
        await rest.license()
        with pytest.raises(TigerDeniedError):
            await rest.cancel(1)
        times = rest.timings()
        assert set(times) == {"user_license", "cancel_order"}
        assert (times["user_license"].count, times["user_license"].errors) == (2, 0)
        assert (times["cancel_order"].count, times["cancel_order"].errors) == (1, 1)
        assert 0.0 < times["user_license"].p50_ms <= times["user_license"].p99_ms

    run(config_of(simulator), use)


def test_calls_before_start_and_after_close_fail_unsent_and_it_may_start_again(
    simulator: SimulatorThread,
) -> None:
    async def main() -> None:
        rest = TigerRest(config_of(simulator))
        for _ in range(2):
            with pytest.raises(ClosedError, match="nothing was sent"):
                await rest.place(BUY)
            await rest.start()
            assert await rest.license() == "TBSG"
            await rest.close()
        await rest.close()
        names = [thread.name for thread in threading.enumerate()]
        assert [name for name in names if name.startswith("tiger-")] == []

    asyncio.run(main())


def test_close_lets_a_call_under_way_end(simulator: SimulatorThread) -> None:
    fault(simulator, FaultKind.DELAY_RESPONSE, "place_order", value=0.3)
    before = hits(simulator, "place_order")

    async def main() -> int:
        rest = TigerRest(config_of(simulator))
        await rest.start()
        placing = asyncio.create_task(rest.place(BUY))
        while hits(simulator, "place_order") == before:
            await asyncio.sleep(0.01)
        await rest.close()
        return await placing

    assert asyncio.run(main()) > 2**53


def test_connections_are_kept_for_all_threads_of_a_client(
    simulator: SimulatorThread, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[HTTPConnection] = []
    connect = HTTPConnection.connect
    monkeypatch.setattr(HTTPConnection, "connect", lambda c: (made.append(c), connect(c))[1])

    async def use(rest: TigerRest) -> None:
        for _ in range(3):
            await asyncio.gather(*(rest.assets() for _ in range(8)))

    run(config_of(simulator), use)
    assert 1 <= len(made) <= 4


def test_given_budget_is_the_one_used(simulator: SimulatorThread) -> None:
    async def main() -> None:
        rest = TigerRest(config_of(simulator), CallBudget({"modify_order": 1}))
        await rest.start()
        try:
            assert rest.budget.take("modify_order", Priority.WALK, time.monotonic()) == 0.0
            with pytest.raises(TigerLimitError, match="no budget left"):
                await rest.modify(1, BUY)
        finally:
            await rest.close()

    asyncio.run(main())
