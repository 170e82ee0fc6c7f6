"""One login shared by several clients, over the SDK's push and a stand-in for REST."""

import asyncio
from collections.abc import Iterator

import pytest
from tiger_push_server import PushServer, push_config
from tigeropen.push.pb.Response_pb2 import Response
from tigeropen.push.pb.SocketCommon_pb2 import SocketCommon

from tiger_nt.connection import TigerConnection
from tiger_nt.errors import TigerDeniedError


class Rest:
    """Counts its starts and ends."""

    def __init__(self) -> None:
        self.calls: list[str] = []

    async def start(self) -> None:
        self.calls.append("start")

    async def close(self) -> None:
        self.calls.append("close")


@pytest.fixture
def server() -> Iterator[PushServer]:
    with PushServer() as running:
        yield running


def connection(server: PushServer, rest: Rest) -> TigerConnection:
    made = TigerConnection(push_config(server.port))
    made.rest = rest  # type: ignore[assignment]
    return made


def test_clients_share_one_login_until_the_last_has_closed(server: PushServer) -> None:
    async def scenario() -> None:
        rest = Rest()
        shared = connection(server, rest)
        await asyncio.gather(shared.open(), shared.open())
        assert len(server.sent(SocketCommon.CONNECT)) == 1
        await shared.close()
        assert shared.push.is_up
        assert rest.calls == ["start"]
        await shared.close()
        assert not shared.push.is_up
        assert rest.calls == ["start", "close"]

    asyncio.run(scenario())


def test_closed_connection_can_be_opened_again(server: PushServer) -> None:
    async def scenario() -> None:
        shared = connection(server, Rest())
        for _ in range(2):
            await shared.open()
            assert shared.push.is_up
            await shared.close()

    asyncio.run(scenario())


def test_refused_push_closes_the_requests_side_too(server: PushServer) -> None:
    server.login = lambda: Response(command=SocketCommon.ERROR, code=4, msg="no")

    async def scenario() -> None:
        rest = Rest()
        shared = connection(server, rest)
        with pytest.raises(TigerDeniedError):
            await shared.open()
        assert rest.calls == ["start", "close"]
        with pytest.raises(RuntimeError, match="one close for each open"):
            await shared.close()

    asyncio.run(scenario())
