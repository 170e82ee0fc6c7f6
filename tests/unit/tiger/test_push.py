"""The push over the SDK's own client and a real socket; the server misbehaves at will."""

import asyncio
import logging
import ssl
import threading
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from patience import PATIENCE_S
from tiger_push_server import ACCOUNT, TIGER_ID, PushServer, message, push_config, quote
from tigeropen.push.pb.Response_pb2 import Response
from tigeropen.push.pb.SocketCommon_pb2 import SocketCommon

from tiger_nt.errors import TigerDeniedError, TigerRequestError
from tiger_nt.push import TigerPush
from tiger_nt.push_link import Address, Link, Login
from tiger_nt.push_listener import PushListener
from tiger_nt.push_supervisor import Backoff, Patience
from tiger_nt.push_topics import Topic
from tiger_nt.symbols import SymbolError
from tiger_nt.views import (
    AssetsView,
    LinkEvent,
    LinkState,
    OrderView,
    PositionView,
    QuotaView,
    QuoteView,
    TickView,
    TransactionView,
)

OPTION = "SPY261123C00600000"
OPTION_AT_TIGER = "SPY 20261123 600.0 CALL"
OPTION_AT_OCC = "SPY   261123C00600000"
QUICK = Patience(silence_s=PATIENCE_S, first_s=0.01, longest_s=0.02)


class Ear(PushListener):
    """Notes everything, in order."""

    def __init__(self) -> None:
        self.heard: list[Any] = []
        self.batches: list[list[QuoteView]] = []
        self.refused: list[tuple[Topic, list[str], str]] = []
        self.faults: list[Exception] = []
        self.threads: set[int] = set()

    def on_quotes(self, quotes: list[QuoteView]) -> None:
        self.batches.append(quotes)
        self._hear(*quotes)

    def on_ticks(self, ticks: list[TickView]) -> None:
        self._hear(*ticks)

    def on_order(self, order: OrderView) -> None:
        self._hear(order)

    def on_transaction(self, transaction: TransactionView) -> None:
        self._hear(transaction)

    def on_position(self, position: PositionView) -> None:
        self._hear(position)

    def on_assets(self, assets: AssetsView) -> None:
        self._hear(assets)

    def on_link(self, event: LinkEvent) -> None:
        self._hear(event)

    def on_refused(self, topic: Topic, symbols: list[str], reason: str) -> None:
        self.refused.append((topic, symbols, reason))

    def on_fault(self, error: Exception) -> None:
        self.faults.append(error)

    def _hear(self, *views: Any) -> None:
        self.threads.add(threading.get_ident())
        self.heard.extend(views)

    def of[T](self, kind: type[T]) -> list[T]:
        return [view for view in self.heard if isinstance(view, kind)]

    @property
    def states(self) -> list[LinkState]:
        return [event.state for event in self.of(LinkEvent)]


@pytest.fixture
def server() -> Iterator[PushServer]:
    with PushServer() as running:
        yield running


async def until(condition: Callable[[], object]) -> None:
    """Wait for the condition, by asking often; a wait that ends without it fails the test."""
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        await asyncio.sleep(0.002)


@asynccontextmanager
async def started(
    server: PushServer, patience: Patience = QUICK, **settings: Any
) -> AsyncIterator[tuple[TigerPush, Ear]]:
    push, ear = TigerPush(push_config(server.port, **settings), patience), Ear()
    push.add_listener(ear)
    await push.start()
    try:
        yield push, ear
    finally:
        await push.stop()


def sdk_threads() -> set[threading.Thread]:
    """Threads of the SDK and of the push; none may outlive its connection."""
    return {
        thread
        for thread in threading.enumerate()
        if "receiver_loop" in thread.name
        or "Heartbeat" in thread.name
        or "tiger-push" in thread.name
    }


def order_frame(**fields: Any) -> Response:
    given = {"id": 1, "account": ACCOUNT, "identifier": OPTION_AT_OCC, "action": "BUY"}
    return message(SocketCommon.OrderStatus, **(given | {"status": "Submitted"} | fields))


def run(scenario: Callable[[], Awaitable[None]]) -> None:
    asyncio.run(scenario())  # type: ignore[arg-type]


class TestLogin:
    def test_start_returns_only_after_the_server_has_confirmed(self, server: PushServer) -> None:
        async def scenario() -> None:
            async with started(server) as (push, ear):
                assert ear.states == [LinkState.UP]
                assert ear.of(LinkEvent)[0].gap_from_ns == 0
                assert push.is_up

        run(scenario)

    def test_refused_login_is_denied_and_names_no_credentials(self, server: PushServer) -> None:
        text = f"access forbidden for {TIGER_ID} {ACCOUNT}"
        server.login = lambda: Response(command=SocketCommon.ERROR, code=4, msg=text)

        async def scenario() -> None:
            with pytest.raises(TigerDeniedError, match="access forbidden") as caught:
                async with started(server):
                    pass
            assert caught.value.code == 4
            assert TIGER_ID not in str(caught.value)
            assert ACCOUNT not in str(caught.value)
            await until(lambda: not sdk_threads())

        run(scenario)

    def test_nobody_listening_is_a_request_error_at_once(self, server: PushServer) -> None:
        server.deaf()

        async def scenario() -> None:
            with pytest.raises(TigerRequestError, match=f"127.0.0.1:{server.port}"):
                async with started(server):
                    pass
            await until(lambda: not sdk_threads())

        run(scenario)

    def test_server_without_an_answer_is_a_request_error_in_time(self, server: PushServer) -> None:
        server.login = lambda: None

        async def scenario() -> None:
            with pytest.raises(TigerRequestError, match=r"within 0\.2 s"):
                async with started(server, timeout_s=0.2):
                    pass
            await until(lambda: not sdk_threads())

        run(scenario)

    def test_server_in_trouble_is_a_request_error(self, server: PushServer) -> None:
        server.login = lambda: Response(command=SocketCommon.ERROR, code=1, msg="server error")

        async def scenario() -> None:
            with pytest.raises(TigerRequestError, match="code=1 server error"):
                async with started(server):
                    pass

        run(scenario)

    def test_news_of_the_account_is_subscribed_by_itself(self, server: PushServer) -> None:
        async def scenario() -> None:
            async with started(server):
                await until(lambda: len(server.sent(SocketCommon.SUBSCRIBE)) == 4)
            wishes = [request.subscribe for request in server.sent(SocketCommon.SUBSCRIBE)]
            assert {wish.account for wish in wishes} == {ACCOUNT}
            assert [wish.dataType for wish in wishes] == [
                SocketCommon.OrderStatus,
                SocketCommon.OrderTransaction,
                SocketCommon.Position,
                SocketCommon.Asset,
            ]

        run(scenario)

    def test_encrypted_connection_works_and_stops_and_leaves_the_ssl_module_alone(self) -> None:
        before = ssl.SSLContext.wrap_socket

        async def scenario() -> None:
            with PushServer(tls=True) as server:
                async with started(server, tls=True) as (_, ear):
                    server.send(quote("SPY"))
                    await until(lambda: ear.of(QuoteView))
                await until(lambda: not sdk_threads() and not server.connections)

        run(scenario)
        assert ssl.SSLContext.wrap_socket is before


class TestDelivery:
    def test_every_kind_arrives_as_a_view_on_the_loops_thread(self, server: PushServer) -> None:
        async def scenario() -> None:
            async with started(server) as (_, ear):
                server.send(
                    quote(OPTION_AT_TIGER),
                    quote(OPTION_AT_OCC),
                    message(SocketCommon.TradeTick, symbol="SPY", price=[1], time=[1], volume=[1]),
                    order_frame(),
                    message(SocketCommon.OrderTransaction, identifier=OPTION_AT_OCC, action="SELL"),
                    message(SocketCommon.Position, identifier=OPTION_AT_OCC, position=-1),
                    message(SocketCommon.Asset, segType="S", netLiquidation=5.0),
                )
                await until(lambda: len(ear.heard) == 8)
                assert [view.symbol for view in ear.of(QuoteView)] == [OPTION, OPTION]
                for kind in (TickView, OrderView, TransactionView, PositionView, AssetsView):
                    assert len(ear.of(kind)) == 1
                assert ear.threads == {threading.get_ident()}
                assert not ear.faults

        run(scenario)

    def test_order_news_overtakes_quotes_that_wait(self, server: PushServer) -> None:
        async def scenario() -> None:
            async with started(server) as (push, ear):
                server.send(*[quote("SPY", i, i + 1) for i in range(300)], order_frame())
                block_loop_until(lambda: push.counters.backlog == 301)
                await until(lambda: len(ear.heard) == 302)
                assert isinstance(ear.heard[1], OrderView)
                assert [view.bid for view in ear.of(QuoteView)] == list(range(300))
                assert push.counters.conflated == 0

        run(scenario)

    def test_loop_gets_other_turns_between_batches_of_a_backlog(self, server: PushServer) -> None:
        async def scenario() -> None:
            async with started(server) as (push, ear):
                server.send(*[quote("SPY", i, i + 1) for i in range(600)])
                block_loop_until(lambda: push.counters.backlog == 600)
                turns = 0
                while len(ear.of(QuoteView)) < 600:
                    turns += 1
                    await asyncio.sleep(0)
                assert max(map(len, ear.batches)) <= 32
                assert turns >= len(ear.batches)

        run(scenario)

    def test_lagging_loop_gets_the_newest_quote_of_each_symbol(self, server: PushServer) -> None:
        async def scenario() -> None:
            async with started(server) as (push, ear):
                rows = [quote(s, i, i + 1) for i in range(1_000) for s in ("SPY", "QQQ", "IWM")]
                frames = push.counters.frames
                server.send(*rows)
                block_loop_until(lambda: push.counters.frames == frames + 3_000)
                await until(lambda: push.counters.backlog == 0)
                counters = push.counters
                assert counters.conflated > 0
                assert counters.delivered + counters.conflated == 3_000
                last = {view.symbol: view.bid for view in ear.of(QuoteView)}
                assert last == {"SPY": 999, "QQQ": 999, "IWM": 999}

        run(scenario)

    def test_half_a_quote_waits_for_its_other_half(self, server: PushServer) -> None:
        async def scenario() -> None:
            async with started(server) as (push, ear):
                bid = {"symbol": "SPY", "bidPrice": 1.0, "bidSize": 1}
                ask = {"symbol": "SPY", "askPrice": 1.1, "askSize": 1}
                server.send(message(SocketCommon.Quote, **bid))
                await until(lambda: push.counters.incomplete == 1)
                assert not ear.of(QuoteView)
                server.send(message(SocketCommon.Quote, **ask))
                await until(lambda: len(ear.of(QuoteView)) == 1)

        run(scenario)

    def test_halves_under_an_options_two_names_are_one_quote(self, server: PushServer) -> None:
        async def scenario() -> None:
            async with started(server) as (_, ear):
                ask = {"symbol": OPTION_AT_TIGER, "askPrice": 1.2, "askSize": 1}
                server.send(quote(OPTION_AT_TIGER, identifier=OPTION_AT_OCC))
                server.send(message(SocketCommon.Quote, **ask))
                await until(lambda: len(ear.of(QuoteView)) == 2)
                assert [(view.bid, view.ask) for view in ear.of(QuoteView)] == [
                    (1.0, 1.1),
                    (1.0, 1.2),
                ]

        run(scenario)

    def test_half_a_quote_is_not_completed_out_of_an_ended_subscription(
        self, server: PushServer
    ) -> None:
        async def scenario() -> None:
            async with started(server) as (push, ear):
                await push.subscribe_quotes(["SPY"])
                server.send(quote("SPY"))
                await until(lambda: len(ear.of(QuoteView)) == 1)
                await push.unsubscribe_quotes(["SPY"])
                await push.subscribe_quotes(["SPY"])
                half = {"symbol": "SPY", "askPrice": 9.0, "askSize": 1}
                server.send(message(SocketCommon.Quote, **half))
                await until(lambda: push.counters.incomplete == 1)
                assert len(ear.of(QuoteView)) == 1

        run(scenario)

    def test_half_a_quote_is_not_completed_across_a_lost_connection(
        self, server: PushServer
    ) -> None:
        async def scenario() -> None:
            async with started(server) as (push, ear):
                server.send(quote("SPY"))
                await until(lambda: len(ear.of(QuoteView)) == 1)
                server.drop()
                await until(lambda: push.counters.reconnects == 1)
                half = {"symbol": "SPY", "askPrice": 9.0, "askSize": 1}
                server.send(message(SocketCommon.Quote, **half))
                await until(lambda: push.counters.incomplete == 1)
                assert len(ear.of(QuoteView)) == 1

        run(scenario)

    def test_unreadable_frames_are_counted_and_logged_once_and_the_next_arrive(
        self, server: PushServer, caplog: pytest.LogCaptureFixture
    ) -> None:
        async def scenario() -> None:
            async with started(server) as (push, ear):
                server.send(quote("SPY", bid=-1.0), quote("SPY", bid=-1.0), quote("SPY"))
                await until(lambda: ear.of(QuoteView))
                assert push.counters.malformed == 2

        run(scenario)
        assert caplog.text.count("unreadable Quote frame") == 1

    def test_orders_of_another_market_are_left_out(self, server: PushServer) -> None:
        abroad = {"symbol": "00700", "identifier": "00700", "secType": "STK", "market": "HK"}
        trade = {"id": 1, "orderId": 1, "action": "BUY", "filledQuantity": 100, "filledPrice": 1.0}

        async def scenario() -> None:
            async with started(server) as (push, ear):
                server.send(
                    order_frame(id=1, **abroad),
                    message(SocketCommon.OrderTransaction, **(trade | abroad)),
                    order_frame(id=2, market="US"),
                )
                await until(lambda: ear.of(OrderView))
                assert [view.id for view in ear.of(OrderView)] == [2]
                assert ear.of(TransactionView) == []
                assert push.counters.malformed == 0

        run(scenario)

    def test_news_of_another_account_is_left_out(self, server: PushServer) -> None:
        async def scenario() -> None:
            async with started(server) as (_, ear):
                server.send(order_frame(id=1, account="987654321"), order_frame(id=2))
                await until(lambda: ear.of(OrderView))
                assert [view.id for view in ear.of(OrderView)] == [2]

        run(scenario)

    def test_raising_listener_is_told_and_neither_others_nor_later_news_suffer(
        self, server: PushServer
    ) -> None:
        class Raising(Ear):
            def on_quotes(self, quotes: list[QuoteView]) -> None:
                raise ValueError("boom")

        async def scenario() -> None:
            async with started(server) as (push, ear):
                bad, last = Raising(), Ear()
                push.add_listener(bad)
                push.add_listener(last)
                server.send(quote("SPY"))
                await until(lambda: last.of(QuoteView))
                server.send(quote("SPY"))
                await until(lambda: len(last.of(QuoteView)) == 2)
                assert [str(error) for error in bad.faults] == ["boom", "boom"]
                assert not ear.faults

        run(scenario)

    def test_listener_without_a_fault_method_leaves_its_error_to_the_loop(
        self, server: PushServer
    ) -> None:
        class Raising(PushListener):
            def on_quotes(self, quotes: list[QuoteView]) -> None:
                raise ValueError("boom")

        async def scenario() -> None:
            told: list[Any] = []
            asyncio.get_running_loop().set_exception_handler(lambda _, c: told.append(c))
            async with started(server) as (push, _):
                push.add_listener(Raising())
                server.send(quote("SPY"))
                await until(lambda: told)
            assert str(told[0]["exception"]) == "boom"

        run(scenario)

    def test_error_other_than_an_unreadable_frame_reaches_the_listeners(
        self, server: PushServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def broken(*_: object) -> None:
            raise RuntimeError("a bug")

        monkeypatch.setattr("tiger_nt.parsing.push.quote_view", broken)

        async def scenario() -> None:
            async with started(server) as (push, ear):
                server.send(quote("SPY"))
                await until(lambda: ear.faults)
                assert str(ear.faults[0]) == "a bug"
                assert push.is_up

        run(scenario)

    def test_removed_listener_hears_nothing_more(self, server: PushServer) -> None:
        async def scenario() -> None:
            async with started(server) as (push, ear):
                other = Ear()
                push.add_listener(other)
                push.remove_listener(ear)
                server.send(quote("SPY"))
                await until(lambda: other.of(QuoteView))
                assert not ear.of(QuoteView)

        run(scenario)


class TestSubscriptions:
    def test_symbols_go_out_in_tigers_words_and_once(self, server: PushServer) -> None:
        async def scenario() -> None:
            async with started(server) as (push, _):
                await push.subscribe_quotes(["SPY", OPTION, "SPX"])
                await push.subscribe_quotes(["SPY"])
                await push.subscribe_ticks([OPTION])
                assert await push.quota() == QuotaView(100, 4, 9, 0)
            sent = [r.subscribe.symbols for r in server.sent(SocketCommon.SUBSCRIBE)]
            assert ",".join(sent).split(",").count("SPY") == 1
            assert server.subscribed == {
                (SocketCommon.Quote, "SPY"),
                (SocketCommon.Quote, OPTION_AT_TIGER),
                (SocketCommon.Quote, ".SPX"),
                (SocketCommon.TradeTick, OPTION_AT_TIGER),
            }

        run(scenario)

    def test_unsubscribing_names_the_symbols_and_nothing_unknown(self, server: PushServer) -> None:
        async def scenario() -> None:
            async with started(server) as (push, _):
                await push.subscribe_quotes(["SPY", OPTION])
                await push.unsubscribe_quotes([OPTION, "QQQ"])
                await push.unsubscribe_quotes(["QQQ"])
                await push.subscribe_ticks(["SPY"])
                await push.unsubscribe_ticks(["SPY"])
                assert (await push.quota()).used == 1
            [quotes, ticks] = server.sent(SocketCommon.UNSUBSCRIBE)
            assert quotes.subscribe.symbols == OPTION_AT_TIGER
            assert ticks.subscribe.symbols == "SPY"

        run(scenario)

    def test_unfit_symbol_is_refused_here_and_no_other_of_the_call_is_asked_for(
        self, server: PushServer
    ) -> None:
        async def scenario() -> None:
            async with started(server) as (push, _):
                with pytest.raises(SymbolError):
                    await push.subscribe_quotes(["SPY", "SPY261131C00600000"])
                assert (await push.quota()).used == 0

        run(scenario)

    def test_refusal_names_its_symbols_and_is_not_asked_for_again(
        self, server: PushServer, caplog: pytest.LogCaptureFixture
    ) -> None:
        server.quota = 2

        async def scenario() -> None:
            async with started(server) as (push, ear):
                await push.subscribe_quotes(["SPY", "QQQ"])
                await push.subscribe_quotes(["IWM", "DIA"])
                await until(lambda: ear.refused)
                [(topic, symbols, reason)] = ear.refused
                assert topic is Topic.QUOTES
                assert symbols == ["IWM", "DIA"]
                assert "only subscribe to 2 symbols" in reason
                server.drop()
                await until(lambda: push.counters.reconnects == 1 and len(server.subscribed) == 2)
                assert (await push.quota()).used == 2
                assert len(ear.refused) == 1

        run(scenario)

    def test_one_bad_symbol_among_many_is_found_and_alone_refused(self, server: PushServer) -> None:
        server.unlisted = "BAD"
        names = [f"A{letter}" for letter in "ABCDEFGHIJK"]

        async def scenario() -> None:
            async with started(server) as (push, ear):
                await push.subscribe_quotes([*names[:7], "BAD", *names[7:]])
                await until(lambda: ear.refused)
                await until(lambda: len(server.subscribed) == len(names))
                assert ear.refused == [(Topic.QUOTES, ["BAD"], "code=200 invalid symbols(BAD)")]
                server.drop()
                await until(lambda: push.counters.reconnects == 1)
                await until(lambda: len(server.subscribed) == len(names))
                assert len(ear.refused) == 1

        run(scenario)

    @pytest.mark.parametrize("quota", [0, 1, 4, 36, 49])
    def test_quota_is_filled_with_what_came_first_and_the_rest_refused(
        self, server: PushServer, quota: int
    ) -> None:
        server.quota = quota
        names = [f"A{first}{second}" for first in "ABCDE" for second in "ABCDEFGHIJ"]

        async def scenario() -> None:
            async with started(server) as (push, ear):
                await push.subscribe_quotes(names)
                await until(lambda: sum(len(each[1]) for each in ear.refused) == 50 - quota)
                assert (await push.quota()).used == quota
                asked = len(server.sent(SocketCommon.SUBSCRIBE)) - 4
                assert asked <= 13  # twice the halvings of fifty, and the first
                server.drop()
                await until(lambda: push.counters.reconnects == 1)
                await until(lambda: len(server.subscribed) == quota)
                assert {name for _, name in server.subscribed} == set(names[:quota])

        run(scenario)

    def test_refusal_of_what_nobody_wants_any_more_is_no_news(self, server: PushServer) -> None:
        server.answers = False

        async def scenario() -> None:
            async with started(server) as (push, ear):
                await push.subscribe_quotes(["SPY"])
                await until(lambda: any(r.subscribe.symbols == "SPY" for r in server.requests))
                [request] = [r for r in server.requests if r.subscribe.symbols == "SPY"]
                await push.unsubscribe_quotes(["SPY"])
                await push.subscribe_quotes(["QQQ"])
                await until(lambda: any(r.subscribe.symbols == "QQQ" for r in server.requests))
                [other] = [r for r in server.requests if r.subscribe.symbols == "QQQ"]
                no = '{"code":4,"message":"no permission"}'
                server.send(acknowledged(request.id, no), acknowledged(other.id, no))
                await until(lambda: ear.refused)
                assert ear.refused == [(Topic.QUOTES, ["QQQ"], "code=4 no permission")]
                assert ear.faults == []

        run(scenario)

    def test_refusal_that_names_no_request_goes_to_the_oldest_unanswered(
        self, server: PushServer
    ) -> None:
        server.answers = False

        async def scenario() -> None:
            async with started(server) as (push, ear):
                await until(lambda: len(server.sent(SocketCommon.SUBSCRIBE)) == 4)
                server.send(*[acknowledged(request.id) for request in server.requests])
                await push.subscribe_quotes(["SPY"])
                await push.subscribe_quotes(["QQQ"])
                server.send(Response(command=SocketCommon.ERROR, code=4, msg="no permission"))
                await until(lambda: ear.refused)
                assert ear.refused == [(Topic.QUOTES, ["SPY"], "code=4 no permission")]

        run(scenario)

    def test_trouble_with_another_request_is_logged_and_blamed_on_no_subscription(
        self, server: PushServer, caplog: pytest.LogCaptureFixture
    ) -> None:
        server.answers = False

        async def scenario() -> None:
            async with started(server) as (push, ear):
                await push.subscribe_quotes(["SPY"])
                await until(lambda: len(server.sent(SocketCommon.SUBSCRIBE)) == 5)
                server.send(
                    Response(command=SocketCommon.MESSAGE, id=2**31, code=200, msg=f"no {TIGER_ID}")
                )
                await until(lambda: "Tiger says" in caplog.text)
                assert not ear.refused
                assert not ear.faults

        run(scenario)
        assert "code=200 no …" in caplog.text

    def test_bug_while_subscribing_again_reaches_the_listeners(
        self, server: PushServer, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        async def scenario() -> None:
            async with started(server) as (_, ear):
                await until(lambda: len(server.sent(SocketCommon.SUBSCRIBE)) == 4)

                def broken(*_: object) -> None:
                    raise RuntimeError("a bug")

                monkeypatch.setattr(Link, "send", broken)
                server.drop()
                await until(lambda: ear.faults)
                assert str(ear.faults[0]) == "a bug"
                monkeypatch.undo()

        run(scenario)

    def test_requests_of_a_lost_connection_await_no_answer_any_more(
        self, server: PushServer
    ) -> None:
        server.answers = False

        async def scenario() -> None:
            async with started(server) as (push, ear):
                await push.subscribe_quotes(["SPY"])
                await until(lambda: len(server.sent(SocketCommon.SUBSCRIBE)) == 5)
                server.drop()
                await until(lambda: len(server.sent(SocketCommon.SUBSCRIBE)) == 10)
                news = server.sent(SocketCommon.SUBSCRIBE)[5:9]
                server.send(*[acknowledged(request.id) for request in news])
                server.send(Response(command=SocketCommon.ERROR, code=4, msg="no permission"))
                await until(lambda: ear.refused or ear.faults)
                assert ear.refused == [(Topic.QUOTES, ["SPY"], "code=4 no permission")]
                assert not ear.faults

        run(scenario)

    def test_acknowledgement_that_says_no_is_a_refusal(self, server: PushServer) -> None:
        server.answers = False

        async def scenario() -> None:
            async with started(server) as (push, ear):
                await push.subscribe_ticks(["SPY"])
                await until(lambda: len(server.sent(SocketCommon.SUBSCRIBE)) == 5)
                [request] = [r for r in server.requests if r.subscribe.symbols == "SPY"]
                server.send(acknowledged(request.id, '{"code":4,"message":"no permission"}'))
                await until(lambda: ear.refused)
                assert ear.refused == [(Topic.TICKS, ["SPY"], "code=4 no permission")]

        run(scenario)

    def test_refusal_within_json_is_told_in_its_own_words(self, server: PushServer) -> None:
        server.answers = False

        async def scenario() -> None:
            async with started(server) as (push, ear):
                await push.subscribe_quotes(["SPY"])
                await until(lambda: any(r.subscribe.symbols == "SPY" for r in server.requests))
                [request] = [r for r in server.requests if r.subscribe.symbols == "SPY"]
                said = '{"code":4,"message":"no permission"}'
                server.send(
                    Response(command=SocketCommon.MESSAGE, id=request.id, code=200, msg=said)
                )
                await until(lambda: ear.refused)
                assert ear.refused == [(Topic.QUOTES, ["SPY"], "code=4 no permission")]

        run(scenario)

    def test_refused_news_of_the_account_is_a_fault(self, server: PushServer) -> None:
        server.answers = False

        async def scenario() -> None:
            async with started(server) as (_, ear):
                await until(lambda: len(server.sent(SocketCommon.SUBSCRIBE)) == 4)
                first = server.sent(SocketCommon.SUBSCRIBE)[0]
                server.send(acknowledged(first.id, '{"code":4,"message":"no"}'))
                await until(lambda: ear.faults)
                assert isinstance(ear.faults[0], TigerDeniedError)
                assert "OrderStatus" in str(ear.faults[0])

        run(scenario)

    def test_quota_without_an_answer_is_a_request_error(self, server: PushServer) -> None:
        server.answers = False

        async def scenario() -> None:
            async with started(server, timeout_s=0.2) as (push, _):
                with pytest.raises(TigerRequestError, match=r"quota within 0\.2 s"):
                    await push.quota()

        run(scenario)

    def test_quota_fails_when_the_connection_is_lost_meanwhile(self, server: PushServer) -> None:
        server.answers = False

        async def scenario() -> None:
            async with started(server) as (push, _):
                asked = asyncio.create_task(push.quota())
                await until(lambda: server.sent(SocketCommon.SEND))
                server.drop()
                with pytest.raises(TigerRequestError, match="connection lost"):
                    await asked

        run(scenario)


class TestSupervisor:
    def test_lost_connection_comes_back_with_its_gap_and_all_subscriptions(
        self, server: PushServer
    ) -> None:
        async def scenario() -> None:
            async with started(server) as (push, ear):
                await push.subscribe_quotes(["SPY", OPTION])
                await push.subscribe_ticks(["SPY"])
                server.send(quote("SPY"))
                await until(lambda: ear.of(QuoteView))
                before = len(server.requests)
                server.drop()
                await until(lambda: ear.states == [LinkState.UP, LinkState.DOWN, LinkState.UP])
                await until(lambda: len(server.requests) == before + 8)
                wishes = [request.subscribe for request in server.requests[before + 1 :]]
                assert [(wish.dataType, wish.symbols) for wish in wishes] == [
                    (SocketCommon.OrderStatus, ""),
                    (SocketCommon.OrderTransaction, ""),
                    (SocketCommon.Position, ""),
                    (SocketCommon.Asset, ""),
                    (SocketCommon.Quote, "SPY"),
                    (SocketCommon.Quote, OPTION_AT_TIGER),
                    (SocketCommon.TradeTick, "SPY"),
                ]
                _, down, up = ear.of(LinkEvent)
                [last] = ear.of(QuoteView)
                assert last.received_ns - 10**9 < up.gap_from_ns <= down.at_ns < up.at_ns
                assert (push.counters.gaps, push.counters.reconnects) == (1, 1)

        run(scenario)

    def test_data_that_came_before_the_loss_is_delivered_before_it_is_told(
        self, server: PushServer
    ) -> None:
        async def scenario() -> None:
            async with started(server) as (push, ear):
                server.send(*[quote("SPY", i, i + 1) for i in range(500)])
                block_loop_until(lambda: push.counters.backlog == 500)
                server.drop()
                await until(lambda: LinkState.DOWN in ear.states)
                down = [isinstance(view, LinkEvent) for view in ear.heard].index(True, 1)
                assert len([v for v in ear.heard[:down] if isinstance(v, QuoteView)]) == 500

        run(scenario)

    def test_wish_made_while_down_is_fulfilled_when_up(self, server: PushServer) -> None:
        async def scenario() -> None:
            async with started(server) as (push, ear):
                server.deaf()
                server.drop()
                await until(lambda: not push.is_up)
                await push.subscribe_quotes(["SPY"])
                with pytest.raises(TigerRequestError):
                    await push.quota()
                server.listen()
                await until(lambda: (SocketCommon.Quote, "SPY") in server.subscribed)
                await until(lambda: ear.states[-1] is LinkState.UP)

        run(scenario)

    def test_fifty_reconnects_leave_no_thread_behind(self, server: PushServer) -> None:
        async def scenario() -> None:
            before = set(threading.enumerate())
            async with started(server) as (push, _):
                await until(lambda: len(server.sent(SocketCommon.SUBSCRIBE)) == 4)
                for count in range(1, 51):
                    server.drop()
                    await until(lambda n=count: push.counters.reconnects == n)  # type: ignore[misc]
                await until(lambda: len(sdk_threads()) <= 3)
            await until(lambda: set(threading.enumerate()) <= before)

        run(scenario)

    def test_kick_is_final_and_is_not_fought(self, server: PushServer) -> None:
        async def scenario() -> None:
            async with started(server) as (push, ear):
                server.send(Response(command=SocketCommon.ERROR, code=4001, msg="kick out"))
                await until(lambda: LinkState.KICKED in ear.states)
                await until(lambda: server.connections == 0)
                await asyncio.sleep(5 * QUICK.longest_s)
                assert ear.states == [LinkState.UP, LinkState.KICKED]
                assert len(server.sent(SocketCommon.CONNECT)) == 1
                assert not push.is_up

        run(scenario)

    def test_login_refused_on_the_way_back_is_final(self, server: PushServer) -> None:
        async def scenario() -> None:
            async with started(server) as (_, ear):
                server.login = lambda: Response(command=SocketCommon.ERROR, code=4, msg="no")
                server.drop()
                await until(lambda: LinkState.REFUSED in ear.states)
                await asyncio.sleep(5 * QUICK.longest_s)
                assert ear.states == [LinkState.UP, LinkState.DOWN, LinkState.REFUSED]
                assert len(server.sent(SocketCommon.CONNECT)) == 2

        run(scenario)

    def test_server_in_trouble_is_asked_again_until_it_is_well(self, server: PushServer) -> None:
        async def scenario() -> None:
            async with started(server) as (push, ear):
                server.login = lambda: Response(command=SocketCommon.ERROR, code=1, msg="busy")
                server.drop()
                await until(lambda: len(server.sent(SocketCommon.CONNECT)) >= 4)
                server.login = server.confirmed
                await until(lambda: push.counters.reconnects == 1)
                assert ear.states == [LinkState.UP, LinkState.DOWN, LinkState.UP]

        run(scenario)

    def test_silent_connection_is_given_up_and_made_again(self, server: PushServer) -> None:
        async def scenario() -> None:
            patience = Patience(silence_s=0.2, first_s=0.01, longest_s=0.02)
            async with started(server, patience) as (push, ear):
                await until(lambda: push.counters.reconnects >= 1)
                down = ear.of(LinkEvent)[1]
                assert (down.state, down.reason) == (LinkState.DOWN, "no frame for 0.2 s")

        run(scenario)

    def test_server_that_throws_out_whom_it_lets_in_is_asked_ever_more_slowly(
        self, server: PushServer
    ) -> None:
        async def scenario() -> None:
            patience = Patience(silence_s=PATIENCE_S, first_s=0.01, longest_s=5.0)
            async with started(server, patience) as (push, _):
                begin = time.monotonic()
                for count in range(1, 7):
                    server.drop()
                    await until(lambda n=count: push.counters.reconnects == n)  # type: ignore[misc]
                least_s = sum(0.01 * 2**attempt / 2 for attempt in range(6))
                assert time.monotonic() - begin >= least_s

        run(scenario)

    def test_heartbeats_alone_keep_a_quiet_connection(self, server: PushServer) -> None:
        async def scenario() -> None:
            patience = Patience(silence_s=1.0, first_s=0.01, longest_s=0.02)
            async with started(server, patience) as (push, _):
                end = time.monotonic() + 1.5 * patience.silence_s
                while time.monotonic() < end:
                    server.send(Response(command=SocketCommon.HEARTBEAT))
                    await asyncio.sleep(0.02)
                assert push.counters.gaps == 0

        run(scenario)

    def test_wedged_parser_of_the_sdk_is_noticed_though_bytes_keep_coming(
        self, server: PushServer
    ) -> None:
        async def scenario() -> None:
            patience = Patience(silence_s=0.2, first_s=0.01, longest_s=0.02)
            async with started(server, patience) as (push, ear):
                server.send_raw(b"\x00")  # a frame of no length: the SDK reads no other after it

                def back_after_more_bytes() -> bool:
                    server.send(quote("SPY", 1.0, 1.1))
                    return push.counters.reconnects > 0

                await until(back_after_more_bytes)
                server.send(quote("SPY", 2.0, 2.1))
                await until(lambda: any(view.bid == 2.0 for view in ear.of(QuoteView)))

        run(scenario)

    def test_listener_failing_in_on_link_does_not_end_the_supervision(
        self, server: PushServer
    ) -> None:
        class Raising(Ear):
            def on_link(self, event: LinkEvent) -> None:
                raise ValueError("boom")

        async def scenario() -> None:
            async with started(server) as (push, _):
                bad = Raising()
                push.add_listener(bad)
                for count in (1, 2):
                    server.drop()
                    await until(lambda n=count: push.counters.reconnects == n)  # type: ignore[misc]
                assert len(bad.faults) == 4

        run(scenario)


class TestStop:
    def test_stop_says_farewell_and_does_not_wait_for_the_server_to_close(
        self, server: PushServer
    ) -> None:
        async def scenario() -> None:
            async with started(server) as (push, ear):
                await push.stop()
                await until(lambda: server.sent(SocketCommon.DISCONNECT))
                await until(lambda: not sdk_threads())
                assert ear.states == [LinkState.UP]

        run(scenario)

    def test_stop_while_connecting_again_leaves_nothing(self, server: PushServer) -> None:
        async def scenario() -> None:
            async with started(server) as (push, _):
                server.login = lambda: None
                server.drop()
                await until(lambda: len(server.sent(SocketCommon.CONNECT)) == 2)
                await push.stop()
                await until(lambda: not sdk_threads() and server.connections == 0)

        run(scenario)

    def test_push_that_was_never_started_stops_and_says_so_when_asked(self) -> None:
        async def scenario() -> None:
            push = TigerPush(push_config(1))
            await push.stop()
            with pytest.raises(TigerRequestError, match="none at the moment"):
                await push.quota()

        run(scenario)

    def test_connection_given_up_before_it_was_made_is_ended_when_it_is(
        self, server: PushServer
    ) -> None:
        async def scenario() -> None:
            address = Address("127.0.0.1", server.port, tls=False)
            link = Link(address, lambda _: None, silence_s=PATIENCE_S)
            link.abandon()
            key = push_config(server.port).credentials.private_key
            await asyncio.to_thread(link.dial, Login(TIGER_ID, key))
            ending = await asyncio.wait_for(link.ended, PATIENCE_S)
            assert ending.reason == "closed by us"

        run(scenario)


class TestLogging:
    def test_no_log_of_any_level_holds_the_login(
        self, server: PushServer, caplog: pytest.LogCaptureFixture
    ) -> None:
        caplog.set_level(logging.DEBUG)

        async def scenario() -> None:
            async with started(server) as (push, _):
                await push.subscribe_quotes(["SPY"])
                server.drop()
                await until(lambda: push.counters.reconnects == 1)

        run(scenario)
        connect = server.sent(SocketCommon.CONNECT)[0].connect
        assert connect.sign
        for secret in (connect.sign, TIGER_ID, ACCOUNT):
            assert secret not in caplog.text


@given(
    st.floats(0.01, 10),
    st.floats(0.01, 100),
    st.lists(st.floats(0, 1, exclude_max=True), min_size=1),
)
def test_waits_grow_up_to_the_longest_and_start_over(
    first_s: float, longest_s: float, fractions: list[float]
) -> None:
    drawn = iter(fractions + fractions)
    backoff = Backoff(Patience(first_s=first_s, longest_s=longest_s), lambda: next(drawn))
    for i in range(len(fractions)):
        full = min(first_s * 2.0 ** min(i, 30), longest_s)
        assert full / 2 <= backoff.wait_s() <= full
    backoff.reset()
    assert backoff.wait_s() <= first_s


def acknowledged(request_id: int, text: str = '{"code":0,"message":"success"}') -> Response:
    return Response(command=SocketCommon.MESSAGE, id=request_id, code=112, msg=text)


def block_loop_until(condition: Callable[[], object]) -> None:
    """Keep the event loop from running until the receiving thread has done its part."""
    end = time.monotonic() + PATIENCE_S
    while not condition():
        assert time.monotonic() < end, "waited in vain"
        time.sleep(0.002)
