"""The push side, through the real SDK over a real socket, plain and with TLS."""

import contextlib
import json
import socket
import ssl
import time
from collections import defaultdict
from collections.abc import Iterator
from typing import Any

import msgspec
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from patience import PATIENCE_S
from tiger_simulator import (
    CALL,
    PUT,
    FixedMarket,
    SimulatorThread,
    row,
    running,
    sdk_config,
    wait_for,
)
from tigeropen.push.pb.util import ProtoMessageUtil
from tigeropen.push.push_client import PushClient

from tiger_nt.simulator.accounts import DEFAULT_USERS, STOCK_QUOTES, User
from tiger_nt.simulator.admission import Ticket
from tiger_nt.simulator.faults import Fault, FaultKind
from tiger_nt.simulator.frames import FrameReader, frame
from tiger_nt.simulator.keys import SigningKey
from tiger_nt.simulator.market import MarketChunk
from tiger_nt.simulator.orders import Order, OrderStatus
from tiger_nt.simulator.server import Simulator, SimulatorSettings
from tiger_nt.symbols import option_terms

PAPER, LIVE = DEFAULT_USERS
SMALL = User(
    tiger_id="20150003",
    account="50000003",
    permissions=(STOCK_QUOTES,),
    quote_limit=2,
    tick_limit=1,
)
TIGHT = msgspec.structs.replace(LIVE, tiger_id="20150004", account="50000004", quote_limit=2)
CALL_NAME = "SPY 20261123 600.0 CALL"
CALL_OCC = "SPY   261123C00600000"
HEARTBEAT_S = 0.2


class Client:
    """The SDK's push client, with everything it was told by kind."""

    def __init__(self, config: Any, *, use_ssl: bool = False) -> None:
        self.got: defaultdict[str, list[Any]] = defaultdict(list)
        _, host, port = config.socket_host_port
        self.sdk = PushClient(host, port, use_ssl=use_ssl, client_config=config)
        self._config = config
        for kind in ("connect", "error", "kickout", "subscribe", "unsubscribe", "heartbeat"):
            setattr(self.sdk, f"{kind}_callback", self.got[kind].append)
        for kind in ("order", "transaction", "position", "asset", "quote", "quote_bbo", "tick"):
            setattr(self.sdk, f"{kind}_changed", self.got[kind].append)
        self.sdk.query_subscribed_callback = self.got["query"].append
        self.sdk.disconnect_callback = lambda: self.got["disconnect"].append(True)

    def connect(self) -> None:
        self.sdk.connect(self._config.tiger_id, self._config.private_key)

    def close(self) -> None:
        """Disconnect, and end the heartbeat's thread, which the SDK leaves running."""
        beating = self.sdk.client._connection
        thread = beating.heartbeat_thread
        beating.running = False
        beating.heartbeat_terminate_event.set()
        self.sdk.disconnect()
        if thread is not None:
            thread.join(PATIENCE_S)

    def wait(self, kind: str, count: int = 1) -> list[Any]:
        wait_for(lambda: len(self.got[kind]) >= count)
        return self.got[kind]

    def subscribe(self, *names: str) -> None:
        """Subscribe and wait for the reply and the first state of each."""
        replies, quotes = len(self.got["subscribe"]), len(self.got["quote_bbo"])
        self.sdk.subscribe_quote(list(names))
        self.wait("subscribe", replies + 1)
        self.wait("quote_bbo", quotes + len(names))
        self.got["quote_bbo"].clear()
        self.got["quote"].clear()

    def subscribe_account(self) -> None:
        self.sdk.subscribe_order()
        self.sdk.subscribe_transaction()
        self.sdk.subscribe_position()
        self.sdk.subscribe_asset()
        self.wait("subscribe", 4)


@pytest.fixture(scope="module", autouse=True)
def wrap_socket() -> Iterator[None]:
    """Undo what every PushClient of the SDK does to the ssl module."""
    before = ssl.SSLContext.wrap_socket
    yield
    ssl.SSLContext.wrap_socket = before


@pytest.fixture(scope="module")
def server() -> Iterator[SimulatorThread]:
    simulator = Simulator(
        FixedMarket(),
        users=(PAPER, LIVE, SMALL, TIGHT),
        settings=SimulatorSettings(heartbeat_s=HEARTBEAT_S),
    )
    with running(simulator) as handle:
        yield handle


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> str:
    return str(tmp_path_factory.mktemp("empty"))


@pytest.fixture(autouse=True)
def fresh(server: SimulatorThread) -> Iterator[None]:
    yield
    server.call(server.simulator.reset)


@pytest.fixture
def connected(server: SimulatorThread, folder: str) -> Iterator[Client]:
    with connection(server, folder) as client:
        yield client


@contextlib.contextmanager
def connection(
    server: SimulatorThread, folder: str, user: User = LIVE, *, tls: bool = False
) -> Iterator[Client]:
    config = sdk_config(server.simulator.environment(user, tls=tls), folder)
    client = Client(config, use_ssl=tls)
    client.connect()
    client.wait("connect")
    try:
        yield client
    finally:
        client.close()


def tell(server: SimulatorThread, *values: Any, **fields: Any) -> None:
    server.call(lambda: server.simulator.exchange.on_quote(row(*values, **fields)))


def fault(server: SimulatorThread, kind: FaultKind, **fields: Any) -> None:
    server.call(lambda: server.simulator.faults.add(Fault(kind=kind, **fields)))


def place(server: SimulatorThread, quantity: int = 1, limit: float = 1.05, **fields: Any) -> Order:
    exchange = server.simulator.exchange
    ticket = {
        "terms": option_terms(PUT),
        "is_buy": True,
        "order_type": "LMT",
        "quantity": quantity,
        "limit_price": limit,
    }
    account = exchange.accounts[LIVE.account]
    return server.call(lambda: exchange.place(account, Ticket(**(ticket | fields))))


def refill(server: SimulatorThread) -> None:
    """Show a full size of the contract that is traded here."""
    tell(server, PUT, 0.5, 0.6)
    tell(server, PUT, 1.0, 1.05, 10, 12)


# -- login -------------------------------------------------------------------------------------


@pytest.mark.parametrize("tls", [False, True], ids=["plain", "tls"])
def test_login_is_confirmed_with_the_heartbeat(server: SimulatorThread, folder: str, tls: bool):
    with connection(server, folder, tls=tls) as client:
        (confirmed,) = client.got["connect"]
        assert json.loads(confirmed.msg) == {"version": "3", "heart-beat": "200,200"}
        client.wait("heartbeat", 3)
        assert not client.got["disconnect"]


@pytest.mark.parametrize("wrong", ["key", "tiger_id", "refused"])
def test_login_that_is_not_right_ends_the_connection(
    server: SimulatorThread, folder: str, wrong: str
):
    config = sdk_config(server.simulator.environment(LIVE), folder)
    if wrong == "key":
        config.private_key = SigningKey().private_text
    elif wrong == "tiger_id":
        config.tiger_id = "1"
    else:
        fault(server, FaultKind.REFUSE_LOGIN)
    client = Client(config)
    with pytest.MonkeyPatch.context() as patch:
        # Whether the SDK also raises is a race between its threads.
        patch.setattr("tigeropen.push.network.transport.Transport.wait_for_connection", _no_wait)
        client.connect()
        client.wait("disconnect")
    assert [
        (refused.code, "access forbidden" in refused.msg) for refused in client.got["error"]
    ] == [(4, True)]
    assert not client.got["connect"]


def _no_wait(*_: Any, **__: Any) -> None:
    return None


def test_new_login_kicks_the_old_one_of_the_same_user_only(server: SimulatorThread, folder: str):
    with (
        connection(server, folder) as first,
        connection(server, folder, PAPER) as other,
        connection(server, folder),
    ):
        assert first.wait("kickout")[0].code == 4001
        first.wait("disconnect")
        assert not other.got["kickout"]


def test_kickout_drop_and_refusal_on_demand(server: SimulatorThread, folder: str):
    with connection(server, folder) as client:
        fault(server, FaultKind.KICKOUT)
        assert client.wait("kickout")[0].code == 4001
    with connection(server, folder) as client:
        fault(server, FaultKind.DROP)
        client.wait("disconnect")
    assert not server.call(server.simulator.faults.pending)
    with connection(server, folder) as client:
        assert not client.got["disconnect"]


def test_dropped_server_takes_no_connections_for_a_while(server: SimulatorThread):
    fault(server, FaultKind.DROP, seconds=60.0)
    with socket.create_connection(("127.0.0.1", server.simulator.push_port)) as link:
        link.settimeout(PATIENCE_S)
        with contextlib.suppress(ConnectionResetError):
            assert link.recv(1) == b""


def test_disconnect_is_answered_by_closing(server: SimulatorThread, folder: str):
    with connection(server, folder) as client:
        pass
    client.wait("disconnect")
    wait_for(lambda: server.call(lambda: not server.simulator.push.sessions))


def test_bytes_that_are_no_request_and_commands_before_the_login_end_the_connection(
    server: SimulatorThread,
):
    for sent in (b"\xff\xff\xff\xff\xff", b"\x02\xff\xff", frame(_subscription("SPY"))):
        with socket.create_connection(("127.0.0.1", server.simulator.push_port)) as link:
            link.settimeout(PATIENCE_S)
            link.sendall(sent)
            with contextlib.suppress(ConnectionResetError):
                assert link.recv(100) == b""


def _subscription(symbols: str) -> Any:
    return ProtoMessageUtil.build_subscribe_quote_message(symbols)


# -- subscriptions -----------------------------------------------------------------------------


@pytest.mark.parametrize("name", [CALL_NAME, CALL_OCC, CALL])
def test_options_are_named_in_four_parts_however_they_were_asked_for(connected: Client, name: str):
    connected.sdk.subscribe_option([name])
    (bbo,) = connected.wait("quote_bbo")
    (basic,) = connected.wait("quote")
    assert (bbo.symbol, basic.identifier) == (CALL_NAME, CALL_OCC)
    assert (bbo.bidPrice, bbo.bidSize, bbo.askPrice, bbo.askSize) == (1.0, 10, 1.05, 12)


def test_change_of_the_quote_alone_is_bbo_a_print_basic_and_both_all(
    server: SimulatorThread, connected: Client
):
    connected.subscribe("SPY")
    tell(server, "SPY", 600.1, 600.12, 5, 6)
    (bbo,) = connected.wait("quote_bbo")
    assert (bbo.bidPrice, bbo.askPrice, bbo.bidSize, bbo.askSize) == (600.1, 600.12, 5, 6)
    assert all(
        abs(stamp - time.time() * 1000) < 60_000 for stamp in (bbo.bidTimestamp, bbo.timestamp)
    )
    assert not connected.got["quote"]
    tell(server, "SPY", last=600.11, last_size=7)
    (basic,) = connected.wait("quote")
    assert (basic.latestPrice, basic.volume) == (600.11, 107)
    assert len(connected.got["quote_bbo"]) == 1
    tell(server, "SPY", 600.2, 600.22, last=600.2, last_size=1)
    assert connected.wait("quote_bbo", 2)[1].bidPrice == 600.2
    assert connected.wait("quote", 2)[1].latestPrice == 600.2


def test_side_without_a_quote_is_zero(server: SimulatorThread, connected: Client):
    connected.subscribe(CALL_NAME)
    tell(server, CALL, 0.0, 0.05)
    (bbo,) = connected.wait("quote_bbo")
    assert (bbo.bidPrice, bbo.bidSize, bbo.askPrice) == (0.0, 0, 0.05)
    tell(server, CALL, 1.0, 1.05, 10, 12)


def test_quotes_end_with_the_subscription(server: SimulatorThread, connected: Client):
    connected.subscribe("SPY", CALL_NAME)
    connected.sdk.unsubscribe_quote(["SPY"])
    connected.wait("unsubscribe")
    tell(server, "SPY", 600.3, 600.32)
    tell(server, CALL, 1.0, 1.05, 10, 11)
    assert [quote.symbol for quote in connected.wait("quote_bbo")] == [CALL_NAME]
    connected.sdk.unsubscribe_quote()
    connected.wait("unsubscribe", 2)
    connected.sdk.query_subscribed_quote()
    assert json.loads(connected.wait("query")[0])["used"] == 0


def test_prints_come_compressed_with_running_numbers(server: SimulatorThread, connected: Client):
    connected.sdk.subscribe_tick(["SPY", CALL_NAME])
    connected.wait("subscribe")
    sent = [(600.01, 3), (599.9875, 1), (600.0, 250)]
    for k, (price, size) in enumerate(sent):
        tell(server, "SPY", last=price, last_size=size, ts_ns=(5_000 + k) * 10**6)
    ticks = [tick for frame in connected.wait("tick", 3) for tick in frame.ticks]
    assert [(tick.price, tick.volume) for tick in ticks] == [
        (pytest.approx(price), size) for price, size in sent
    ]
    assert [tick.time for tick in ticks] == [5_000, 5_001, 5_002]
    assert [tick.sn - ticks[0].sn for tick in ticks] == [0, 1, 2]


def test_prints_of_one_batch_are_one_push(server: SimulatorThread, connected: Client):
    connected.sdk.subscribe_tick([CALL_NAME])
    connected.wait("subscribe")
    columns = [np.array(values) for values in ([9_000, 9_001, 9_007], [0, 0, 0])]
    nothing, sizes = np.full(3, np.nan), np.array([4, 5, 6])
    chunk = MarketChunk(
        (CALL,),
        columns[0] * 10**6,
        columns[1].astype(np.int32),
        nothing,
        nothing,
        np.zeros(3, np.int64),
        np.zeros(3, np.int64),
        np.array([1.1, 1.05, 1.2]),
        sizes,
    )
    server.call(lambda: server.simulator.exchange.on_rows(chunk, 0, 3))
    (pushed,) = connected.wait("tick")
    assert (pushed.symbol, pushed.sec_type) == (CALL_NAME, "OPT")
    assert [(t.time, t.price, t.volume) for t in pushed.ticks] == [
        (9_000, pytest.approx(1.1), 4),
        (9_001, pytest.approx(1.05), 5),
        (9_007, pytest.approx(1.2), 6),
    ]


def test_subscriptions_are_listed_quotes_and_prints_apart(connected: Client):
    connected.subscribe("SPY", CALL_OCC)
    connected.sdk.subscribe_tick([CALL_NAME])
    connected.sdk.query_subscribed_quote()
    listed = json.loads(connected.wait("query")[0])
    assert listed["subscribedSymbols"] == ["SPY", CALL_NAME]
    assert (listed["limit"], listed["used"]) == (100, 2)
    assert listed["subscribedTradeTickSymbols"] == [CALL_NAME]
    assert (listed["tradeTickLimit"], listed["tradeTickUsed"]) == (100, 1)


def test_more_symbols_than_allowed_are_refused_as_a_whole(server: SimulatorThread, folder: str):
    with connection(server, folder, TIGHT) as client:
        client.subscribe("SPY")
        client.sdk.subscribe_quote([CALL_NAME, CALL_OCC, "SPY 20261123 601.0 CALL"])
        (refused,) = client.wait("error")
        assert refused.code == 200
        assert "you can only subscribe to 2 symbols" in json.loads(refused.msg)["message"]
        client.sdk.query_subscribed_quote()
        assert json.loads(client.wait("query")[0])["subscribedSymbols"] == ["SPY"]
        client.subscribe(CALL_NAME)


@pytest.mark.parametrize(
    ("name", "words"),
    [
        (CALL_NAME, "You don't have permission to subscribe quotes"),
        ("VIX", "invalid symbols"),
        ("QQQ", "invalid symbols"),
        ("no symbol", "invalid symbols"),
    ],
)
def test_what_cannot_be_subscribed_is_refused(
    server: SimulatorThread, folder: str, name: str, words: str
):
    with connection(server, folder, SMALL) as client:
        client.sdk.subscribe_quote([name])
        (refused,) = client.wait("error")
        assert words in json.loads(refused.msg)["message"]


def test_unknown_topics_and_other_accounts_are_refused(connected: Client):
    connected.sdk.subscribe_depth_quote(["SPY"])
    connected.sdk.subscribe_order(PAPER.account)
    words = {json.loads(reply.msg)["message"] for reply in connected.wait("error", 2)}
    assert words == {
        "the simulator has no such subscription",
        "access forbidden(no permission for this account)",
    }


# -- accounts ----------------------------------------------------------------------------------


def test_account_is_told_of_its_orders_and_nobody_else(server: SimulatorThread, folder: str):
    with connection(server, folder) as mine, connection(server, folder, PAPER) as other:
        mine.subscribe_account()
        other.subscribe_account()
        order = place(server, 2, user_mark="mark-7")
        mine.wait("asset")
        assert [frame.status for frame in mine.wait("order", 3)] == ["NEW", "HELD", "FILLED"]
        filled = mine.got["order"][-1]
        assert (filled.id, filled.userMark, filled.filledQuantity) == (order.id, "mark-7", 2)
        assert (filled.identifier, filled.avgFillPrice) == ("SPY   261123P00600000", 1.05)
        assert filled.commissionAndFee == pytest.approx(3.06)
        (trade,) = mine.wait("transaction")
        assert (trade.orderId, trade.filledQuantity, trade.filledPrice) == (order.id, 2, 1.05)
        (position,) = mine.wait("position")
        assert (position.position, position.identifier) == (2, "SPY   261123P00600000")
        assert mine.got["asset"][0].cashBalance == pytest.approx(100_000 - 210 - 3.06)
        assert (position.marketValue, position.salableQty) == (pytest.approx(205.0), 2.0)
        for push in (filled, trade, position):
            assert (push.account, push.symbol, push.secType) == (LIVE.account, "SPY", "OPT")
            assert (push.market, push.currency, push.multiplier) == ("US", "USD", 100)
            assert abs(push.timestamp - time.time() * 1000) < 60_000
        for push in (filled, position):
            assert (push.expiry, push.strike, push.right) == ("20261123", "600.0", "PUT")
        assert filled.action == trade.action == "BUY"
        assert not any(other.got[kind] for kind in ("order", "transaction", "position", "asset"))
        refill(server)


def test_topic_is_confirmed_and_ends_with_the_subscription(
    server: SimulatorThread, connected: Client
):
    connected.sdk.subscribe_order()
    connected.sdk.subscribe_asset()
    replies = connected.wait("subscribe", 2)
    assert {reply.body.dataType for reply in replies} == {8, 6}
    connected.sdk.unsubscribe_order()
    connected.wait("unsubscribe")
    place(server)
    connected.wait("asset")
    assert not connected.got["order"]
    refill(server)


def test_unknown_word_reaches_the_sdk_as_pending_new(server: SimulatorThread, connected: Client):
    connected.sdk.subscribe_order()
    connected.wait("subscribe")
    fault(server, FaultKind.UNKNOWN_STATUS)
    place(server, 1, 0.5)
    assert [frame.status for frame in connected.wait("order", 2)] == ["NEW", "PENDING_NEW"]


def test_duplicated_push_comes_twice(server: SimulatorThread, connected: Client):
    connected.sdk.subscribe_order()
    connected.wait("subscribe")
    fault(server, FaultKind.DUPLICATE_PUSH, method="OrderStatus")
    place(server, 1, 0.5)
    assert [frame.status for frame in connected.wait("order", 3)] == ["NEW", "NEW", "HELD"]


def test_reordered_push_comes_after_the_next_of_its_kind(
    server: SimulatorThread, connected: Client
):
    connected.sdk.subscribe_order()
    connected.wait("subscribe")
    fault(server, FaultKind.REORDER_PUSH, method="OrderStatus")
    place(server, 1, 0.5)
    assert [frame.status for frame in connected.wait("order", 2)] == ["HELD", "NEW"]


def test_push_held_back_without_a_next_one_comes_in_the_end(
    server: SimulatorThread, connected: Client
):
    connected.sdk.subscribe_position()
    connected.wait("subscribe")
    fault(server, FaultKind.REORDER_PUSH, method="Position")
    place(server)
    connected.wait("position")
    refill(server)


def test_stalled_link_carries_nothing_and_then_what_concerns_the_account(
    server: SimulatorThread, connected: Client
):
    connected.subscribe("SPY")
    connected.sdk.subscribe_order()
    connected.wait("subscribe", 2)
    heard = time.monotonic()

    def stall_and_go_on() -> None:  # at once, for it to be so while the link is stalled
        server.simulator.faults.add(Fault(kind=FaultKind.STALL, seconds=0.25))
        server.simulator.exchange.on_quote(row("SPY", 600.4, 600.42))

    server.call(stall_and_go_on)
    place(server, 1, 0.5)
    connected.wait("order", 2)
    assert time.monotonic() - heard > 0.2
    assert not connected.got["quote_bbo"]
    assert not connected.got["disconnect"]


def test_stalled_link_goes_on_when_the_faults_are_forgotten(
    server: SimulatorThread, connected: Client
):
    connected.sdk.subscribe_order()
    connected.wait("subscribe")
    fault(server, FaultKind.STALL, seconds=3_600)
    order = place(server, 1, 0.5)
    wait_for(lambda: order.status is OrderStatus.SUBMITTED)
    (session,) = server.simulator.push.sessions

    def sent_by_forgetting() -> int:
        before = session.frames_sent
        server.simulator.clear_faults()
        return session.frames_sent - before

    assert server.call(sent_by_forgetting) >= 2
    assert [frame.status for frame in connected.wait("order", 2)] == ["NEW", "HELD"]


def test_client_that_does_not_read_loses_quotes_but_keeps_the_connection(
    server: SimulatorThread, connected: Client, monkeypatch: pytest.MonkeyPatch
):
    connected.subscribe(CALL_NAME)
    (session,) = server.simulator.push.sessions
    monkeypatch.setattr("tiger_nt.simulator.push_session.MAX_BUFFER", -1)
    tell(server, CALL, 1.0, 1.05, 10, 9)
    assert session.quotes_dropped == 1
    monkeypatch.undo()
    tell(server, CALL, 1.0, 1.05, 10, 12)
    assert connected.wait("quote_bbo")[0].askSize == 12


# -- frames ------------------------------------------------------------------------------------


@given(st.lists(st.text(max_size=300), max_size=8), st.lists(st.integers(1, 40), min_size=1))
def test_requests_are_read_whole_wherever_the_bytes_are_cut(texts: list[str], cuts: list[int]):
    stream = b"".join(frame(_subscription(text)) for text in texts)
    reader, found, k = FrameReader(), [], 0
    while stream:
        size = cuts[k % len(cuts)]
        found += reader.feed(stream[:size])
        stream, k = stream[size:], k + 1
    assert [request.subscribe.symbols for request in found] == texts


@pytest.mark.parametrize("length", [1, 127, 128, 16_383, 16_384])
def test_length_of_a_frame_is_a_varint(length: int):
    class Packed:
        def SerializeToString(self) -> bytes:
            return b"x" * length

    sent = frame(Packed())
    head = sent[: len(sent) - length]
    assert len(head) == {1: 1, 127: 1, 128: 2, 16_383: 2, 16_384: 3}[length]
    assert all(byte >= 0x80 for byte in head[:-1])
    assert sum((byte & 0x7F) << 7 * k for k, byte in enumerate(head)) == length


def test_request_longer_than_any_is_an_error():
    with pytest.raises(ValueError, match="at most"):
        FrameReader().feed(b"\xff\xff\xff\xff\x7f")
