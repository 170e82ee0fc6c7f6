"""The short way to Tiger against the SDK's: the same requests, read the same way."""

import asyncio
import json
import socket
import threading
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from loopback import refusing_port
from patience import PATIENCE_S
from tiger_answers import AnsweringGateway
from tigeropen.common.consts import OrderSortBy
from tigeropen.common.util.order_utils import get_order_status
from tigeropen.common.util.signature_utils import get_sign_content, verify_with_rsa

from tiger_nt.config import Endpoints, TigerConfig
from tiger_nt.errors import (
    TigerDeniedError,
    TigerLimitError,
    TigerRequestError,
    TigerUnknownOutcomeError,
    UnreachableError,
)
from tiger_nt.flatten_broker import FlattenBroker
from tiger_nt.rest import TigerRest
from tiger_nt.views import OrderRequest, OrderState

OPTION = {
    "symbol": "SPXW",
    "secType": "OPT",
    "market": "US",
    "currency": "USD",
    "expiry": "20261123",
    "strike": "6012.5",
    "right": "PUT",
    "identifier": "SPXW  261123P06012500",
}
ORDER = OPTION | {
    "id": 44507462673736704,
    "action": "SELL",
    "orderType": "LMT",
    "limitPrice": 1.25,
    "totalQuantity": 30,
    "totalQuantityScale": 1,
    "filledQuantity": 1,
    "filledQuantityScale": 0,
    "userMark": "kill-1",
    "status": "Submitted",
    "remark": "why",
}
REQUEST = OrderRequest(
    user_mark="kill-1",
    symbol="SPXW261123P06012500",
    is_buy=False,
    order_type="LMT",
    quantity=3,
    limit_price=1.25,
)
MARKET = OrderRequest(
    user_mark="kill-2", symbol="SPY261123C00600000", is_buy=True, order_type="MKT", quantity=1
)
WORDS = (-2, -1, 2, 3, 4, 5, 6, 7, 8, "Initial", "Submitted", "PendingSubmit", "PendingCancel")
MORE_WORDS = ("Cancelled", "Filled", "Inactive", "Invalid", "NEW", "New", "HELD", "Held")
LAST_WORDS = ("CANCELLED", "FILLED", "REJECTED", "EXPIRED", "PartiallyFilled", "", None)


@pytest.fixture
def gateway() -> Iterator[AnsweringGateway]:
    with AnsweringGateway() as gateway:
        yield gateway


def brokered(gateway: AnsweringGateway, **more: str) -> FlattenBroker:
    return FlattenBroker(gateway.config(**more), PATIENCE_S)


async def by_the_sdk(config: TigerConfig) -> None:
    rest = TigerRest(config)
    await rest.start()
    await rest.open_orders()
    await rest.positions()
    await rest.option_quotes([REQUEST.symbol, MARKET.symbol])
    await rest.place(REQUEST)
    await rest.place(MARKET)
    await rest.modify(7, REQUEST)
    await rest.cancel(7)
    await rest.close()


def by_hand(config: TigerConfig) -> None:
    broker = FlattenBroker(config, PATIENCE_S)
    broker.orders_at_work()
    broker.options_held()
    broker.stocks_held()
    broker.quotes([REQUEST.symbol, MARKET.symbol])
    broker.place(REQUEST)
    broker.place(MARKET)
    broker.modify(7, REQUEST)
    broker.cancel(7)


def comparable(asked: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return requests without what differs from call to call."""
    ours = {"Content-type", "Cache-Control", "Connection", "User-Agent", "Authorization"}
    return [
        {name: value for name, value in request.items() if name not in {"timestamp", "sign"}}
        | {"headers": {k: v for k, v in request["headers"].items() if k in ours}}
        for request in asked
    ]


@pytest.mark.parametrize(
    "more", [{}, {"TIGEROPEN_SECRET_KEY": "institution", "TIGEROPEN_TOKEN": "two-factor"}]
)
def test_requests_are_the_sdks_to_the_letter(
    gateway: AnsweringGateway, more: dict[str, str]
) -> None:
    gateway.answers["place_order"] = {"id": 7}
    gateway.answers["modify_order"] = gateway.answers["cancel_order"] = {"id": 7}
    config = gateway.config(**more)
    asyncio.run(by_the_sdk(config))
    theirs = gateway.asked[:]
    gateway.asked.clear()
    by_hand(config)
    assert len(theirs) == 8
    assert comparable(gateway.asked) == comparable(theirs)
    for request in gateway.asked:
        kept = {
            name: text for name, text in request.items() if name not in {"headers", "path", "sign"}
        }
        content = get_sign_content(kept).encode()
        assert verify_with_rsa(gateway.public_key, content, request["sign"].encode())


@pytest.mark.parametrize("word", WORDS + MORE_WORDS + LAST_WORDS)
def test_states_are_read_as_the_sdk_reads_them(gateway: AnsweringGateway, word: object) -> None:
    gateway.answers["active_orders"] = {"items": [ORDER | {"status": word}]}
    [order] = brokered(gateway).orders_at_work()
    theirs = get_order_status(word).name
    assert order.state == ("UNKNOWN" if theirs == "PENDING_NEW" else theirs)


def test_order_is_read_with_its_scales(gateway: AnsweringGateway) -> None:
    gateway.answers["orders"] = {"items": [ORDER]}
    [order] = brokered(gateway).orders_since(0.0)
    assert order.id == 44507462673736704
    assert (order.mark, order.symbol, order.sec_type) == ("kill-1", "SPXW261123P06012500", "OPT")
    assert (order.is_buy, order.quantity, order.filled, order.limit_price) == (False, 3, 1, 1.25)
    assert (order.state, order.reason, order.is_option) == (OrderState.HELD, "why", True)


def test_option_without_an_identifier_is_named_by_its_terms(gateway: AnsweringGateway) -> None:
    nameless = {name: value for name, value in OPTION.items() if name != "identifier"}
    held = {"position": -2, "positionScale": 0}
    midnight = nameless | {"expiry": 1795410000000}
    for item in (nameless, midnight):
        gateway.answers["positions"] = {"items": [item | held]}
        assert brokered(gateway).options_held() == ({"SPXW261123P06012500": -2}, [])


def test_order_that_cannot_be_read_can_still_be_cancelled(gateway: AnsweringGateway) -> None:
    gateway.answers["active_orders"] = {
        "items": [
            {"id": 1, "secType": "MLEG", "symbol": "SPY", "status": "Submitted"},
            {"id": 2, "secType": "OPT", "symbol": "SPY", "identifier": "?", "status": "Submitted"},
            {"id": 3, "secType": "STK", "symbol": "SPY", "status": "Submitted"},
        ]
    }
    orders = brokered(gateway).orders_at_work()
    assert [(order.symbol, order.is_option) for order in orders] == [
        ("SPY", True),
        ("SPY", True),
        ("SPY", False),
    ]


def test_what_a_package_has_filled_is_told_by_leg(gateway: AnsweringGateway) -> None:
    sold = OPTION | {"action": "SELL", "ratio": 1}
    bought = OPTION | {"action": "BUY", "strike": "6010", "right": None, "putCall": "PUT"}
    bought.pop("identifier")
    package = {"secType": "MLEG", "symbol": "SPXW", "status": "Submitted", "action": "BUY"}
    package |= {"totalQuantity": 5, "filledQuantity": 3}
    gateway.answers["active_orders"] = {
        "items": [
            package | {"id": 1, "legs": [bought, sold]},
            package | {"id": 2, "legs": [bought, sold | {"identifier": "?"}]},
        ]
    }
    readable, unreadable = brokered(gateway).orders_at_work()
    assert readable.fills == (("SPXW261123P06010000", 3), ("SPXW261123P06012500", -3))
    assert readable.open_legs == (("SPXW261123P06010000", 2), ("SPXW261123P06012500", -2))
    assert str(readable) == "buy 2 SPXW261123P06010000 and sell 2 SPXW261123P06012500 (id 1)"
    assert unreadable.fills == unreadable.open_legs == ()
    assert str(unreadable) == "a combination of SPXW (id 2)"


def test_position_that_cannot_be_read_is_told_and_the_others_are_read(
    gateway: AnsweringGateway,
) -> None:
    gateway.answers["positions"] = {
        "items": [
            OPTION | {"position": 5, "positionScale": 1},
            OPTION | {"position": 4, "identifier": "SPY   261123C00600000"},
            OPTION | {"position": 0, "identifier": "SPY   261123C00601000"},
        ]
    }
    held, unreadable = brokered(gateway).options_held()
    assert held == {"SPY261123C00600000": 4}
    assert len(unreadable) == 1
    assert "SPXW  261123P06012500" in unreadable[0]


def test_what_is_held_in_two_parts_of_the_account_is_added_up(gateway: AnsweringGateway) -> None:
    held = OPTION | {"position": 2}
    gateway.answers["positions"] = {"items": [held, held | {"position": 1}]}
    assert brokered(gateway).options_held() == ({"SPXW261123P06012500": 3}, [])


def test_recent_orders_are_those_that_changed_whenever_they_were_made(
    gateway: AnsweringGateway,
) -> None:
    times = {"openTime": 1_000, "updateTime": 5_000, "latestTime": 4_000}
    gateway.answers["orders"] = {"items": [ORDER | times]}
    [order] = brokered(gateway).orders_since(1_000.0)
    assert order.updated_s == 5.0
    [request] = gateway.asked
    content = json.loads(request["biz_content"])
    assert content["sort_by"] == OrderSortBy.LATEST_STATUS_UPDATED.value
    assert content["start_date"] <= 1_000_000


def test_quotes_have_zero_where_there_is_none(gateway: AnsweringGateway) -> None:
    gateway.answers["option_brief"] = [OPTION | {"bidPrice": None, "askPrice": 0.15}]
    assert brokered(gateway).quotes([REQUEST.symbol]) == {REQUEST.symbol: (0.0, 0.15)}


@pytest.mark.parametrize(
    ("status", "whole", "asking", "changing"),
    [
        (200, b'{"code": 1200, "message": "bad_request"}', TigerDeniedError, TigerDeniedError),
        (200, b'{"code": 4, "message": "rate limit error"}', TigerLimitError, TigerLimitError),
        (429, b"{}", TigerLimitError, TigerLimitError),
        (403, b"{}", TigerDeniedError, TigerDeniedError),
        (502, b"{}", TigerRequestError, TigerUnknownOutcomeError),
        (200, b"not json", TigerRequestError, TigerUnknownOutcomeError),
        (200, b'{"code": 0, "data": null, "sign": "AAAA"}', TigerRequestError,
         TigerUnknownOutcomeError),
        (200, b'{"code": 0, "data": null}', None, TigerUnknownOutcomeError),
    ],
)  # fmt: skip
def test_failure_is_told_as_the_adapter_tells_it(
    gateway: AnsweringGateway,
    status: int,
    whole: bytes,
    asking: type[Exception] | None,
    changing: type[Exception],
) -> None:
    gateway.status, gateway.whole = status, whole
    broker = brokered(gateway)
    if asking is None:
        assert broker.orders_at_work() == []
    else:
        with pytest.raises(asking) as e:
            broker.orders_at_work()
        assert not isinstance(e.value, TigerUnknownOutcomeError)
    with pytest.raises(changing):
        broker.place(REQUEST)


def test_silence_is_an_unknown_outcome_and_the_next_call_goes_by_another_connection() -> None:
    with AnsweringGateway() as gateway, socket.create_server(("127.0.0.1", 0)) as silent:
        port = silent.getsockname()[1]
        address = {"TIGEROPEN_SERVER_URL": f"http://127.0.0.1:{port}/gateway"}
        broker = FlattenBroker(gateway.config(**address), 0.05)
        for _ in range(2):
            with pytest.raises(TigerUnknownOutcomeError, match="no answer in time"):
                broker.cancel(7)
        connections = [silent.accept() for _ in range(2)]
        for connection, _ in connections:
            connection.close()


def test_connection_that_breaks_is_an_unknown_outcome() -> None:
    with AnsweringGateway() as gateway, socket.create_server(("127.0.0.1", 0)) as breaking:
        port = breaking.getsockname()[1]
        address = {"TIGEROPEN_SERVER_URL": f"http://127.0.0.1:{port}/gateway"}
        broker = FlattenBroker(gateway.config(**address), PATIENCE_S)

        def hang_up() -> None:
            breaking.accept()[0].close()

        thread = threading.Thread(target=hang_up)
        thread.start()
        with pytest.raises(TigerUnknownOutcomeError, match="broke"):
            broker.cancel(7)
        thread.join()


def test_nobody_there_means_nothing_was_sent() -> None:
    with refusing_port() as port, AnsweringGateway() as gateway:
        address = {"TIGEROPEN_SERVER_URL": f"http://127.0.0.1:{port}/gateway"}
        with pytest.raises(UnreachableError):
            FlattenBroker(gateway.config(**address), PATIENCE_S).place(REQUEST)


def test_servers_are_those_of_the_licence_that_tiger_names(
    gateway: AnsweringGateway, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = gateway.config()
    url = str(config.endpoints.server_url)

    class Servers:
        """The SDK's configuration before the licence is known."""

        license: str | None = None
        server_url = quote_server_url = url
        tiger_public_key = gateway.public_key

        def refresh_server_info(self) -> None:
            self.server_url = f"{url}/{self.license}"

    monkeypatch.setattr("tiger_nt.sdk.sdk_config", lambda _config: Servers())
    gateway.answers["user_license"] = {"license": "TBNZ"}
    published = msgspec.structs.replace(config, endpoints=Endpoints(), server_public_key=None)
    broker = FlattenBroker(published, PATIENCE_S)
    broker.orders_at_work()
    licence, orders = gateway.asked
    assert "biz_content" not in licence
    assert (licence["path"], orders["path"]) == ("/gateway", "/gateway/TBNZ")
