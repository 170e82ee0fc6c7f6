"""One push connection: login, heartbeats, subscriptions."""

import asyncio
import json
from typing import Any, Protocol, cast

from tigeropen.push.pb.SocketCommon_pb2 import SocketCommon

from tiger_nt.simulator.accounts import User
from tiger_nt.simulator.errors import ACCESS
from tiger_nt.simulator.frames import FrameReader, reply_frame
from tiger_nt.simulator.listing import Listing
from tiger_nt.simulator.push_subscriptions import SubscriptionError, Subscriptions

__all__ = ["PushHub", "PushSession"]

SUBSCRIPTIONS, SUBSCRIBED, UNSUBSCRIBED, FAILED = 111, 112, 113, 200
"""Codes of replies."""
KICKED = 4001
SUCCESS = json.dumps({"code": 0, "message": "success"})
MAX_BUFFER = 8 << 20
"""Bytes not yet taken by a client beyond which it gets no more quotes."""


class PushHub(Protocol):
    """What a connection needs of the server."""

    heartbeat_s: float
    listing: Listing

    def opened(self, session: "PushSession") -> bool:
        """Return whether the connection may be."""
        ...

    def closed(self, session: "PushSession") -> None:
        """Forget a connection."""
        ...

    def login(self, session: "PushSession", tiger_id: str, signature: str) -> User | None:
        """Return who logs in, None if refused."""
        ...

    def subscribed(self, session: "PushSession", data_type: int, symbols: list[str]) -> None:
        """Take note of new subscriptions, after the reply."""
        ...

    def unsubscribed(self, session: "PushSession", data_type: int, symbols: list[str]) -> None:
        """Take note of ended subscriptions."""
        ...

    @property
    def is_stalled(self) -> bool:
        """Whether nothing may be sent."""
        ...


class PushSession(asyncio.Protocol):
    """The server's end of one connection; `user` is None before the login."""

    def __init__(self, hub: PushHub) -> None:
        self.user: User | None = None
        self._subscriptions = Subscriptions(hub.listing)
        self.frames_sent = 0
        self.quotes_dropped = 0
        self._hub = hub
        self._reader = FrameReader()
        self._transport: asyncio.Transport | None = None
        self._held: list[bytes] = []
        self._batch: list[bytes] = []
        self._heartbeat: asyncio.TimerHandle | None = None

    @property
    def quotes(self) -> set[str]:
        """Symbols whose quotes are subscribed."""
        return self._subscriptions.quotes

    @property
    def ticks(self) -> set[str]:
        """Symbols whose prints are subscribed."""
        return self._subscriptions.ticks

    @property
    def topics(self) -> set[int]:
        """Data types about the account that are subscribed."""
        return self._subscriptions.topics

    # -- connection ------------------------------------------------------------------------------

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin, or end at once if the server takes no connections."""
        self._transport = cast("asyncio.Transport", transport)
        if not self._hub.opened(self):
            self.abort()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002
        """End."""
        if self._heartbeat is not None:
            self._heartbeat.cancel()
        self._transport = None
        self._hub.closed(self)

    def data_received(self, data: bytes) -> None:
        """Answer what the client asks."""
        try:
            requests = self._reader.feed(data)
        except ValueError:
            self.abort()
            return
        for request in requests:
            self._answer(request)

    def abort(self) -> None:
        """Break the connection."""
        if self._transport is not None:
            self._transport.abort()

    def close(self) -> None:
        """End the connection when all is sent."""
        if self._transport is not None:
            self._transport.close()

    def kick(self) -> None:
        """End the connection in favour of another login."""
        self.send(reply_frame(SocketCommon.ERROR, code=KICKED, text="kick out by a new connection"))
        self.close()

    # -- sending ---------------------------------------------------------------------------------

    def send(self, data: bytes) -> None:
        """Send a frame; while the server is stalled it waits."""
        self._held.append(data)
        self.release()

    def release(self) -> None:
        """Send what waits, unless the server is stalled."""
        if self._transport is not None and self._held and not self._hub.is_stalled:
            self.frames_sent += len(self._held)
            self._transport.write(b"".join(self._held))
            self._held.clear()

    def add_quote(self, data: bytes) -> None:
        """Add a frame to the batch that `flush_quotes` sends."""
        self._batch.append(data)

    def flush_quotes(self) -> None:
        """Send the batch in one write; to a client that lags or a stalled link it is lost."""
        if self._transport is None or not self._batch:
            return
        if self._hub.is_stalled or self._transport.get_write_buffer_size() > MAX_BUFFER:
            self.quotes_dropped += len(self._batch)
        else:
            self.frames_sent += len(self._batch)
            self._transport.write(b"".join(self._batch))
        self._batch.clear()

    def _beat(self) -> None:
        self.send(reply_frame(SocketCommon.HEARTBEAT))
        self._heartbeat = asyncio.get_running_loop().call_later(self._hub.heartbeat_s, self._beat)

    # -- requests --------------------------------------------------------------------------------

    def _answer(self, request: Any) -> None:
        command = request.command
        if command == SocketCommon.CONNECT:
            self._login(request)
        elif self.user is None or command == SocketCommon.DISCONNECT:
            self.close()
        elif command == SocketCommon.SUBSCRIBE:
            self._subscribe(self.user, request)
        elif command == SocketCommon.UNSUBSCRIBE:
            self._unsubscribe(request)
        elif command == SocketCommon.SEND:
            self._list_subscriptions(self.user, request)

    def _login(self, request: Any) -> None:
        user = self._hub.login(self, request.connect.tigerId, request.connect.sign)
        if user is None:
            text = "access forbidden(failed to verify signature of the long connection)"
            self.send(reply_frame(SocketCommon.ERROR, request=request.id, code=ACCESS, text=text))
            self.close()
            return
        self.user = user
        milliseconds = int(self._hub.heartbeat_s * 1000)
        text = json.dumps({"version": "3", "heart-beat": f"{milliseconds},{milliseconds}"})
        self.send(reply_frame(SocketCommon.CONNECTED, request=request.id, code=0, text=text))
        self._heartbeat = asyncio.get_running_loop().call_later(self._hub.heartbeat_s, self._beat)

    def _subscribe(self, user: User, request: Any) -> None:
        wanted = request.subscribe
        try:
            symbols = self._subscriptions.add(user, wanted.dataType, wanted.symbols, wanted.account)
        except SubscriptionError as error:
            self._reply(request, FAILED, json.dumps({"code": ACCESS, "message": str(error)}))
            return
        self._reply(request, SUBSCRIBED, SUCCESS)
        self._hub.subscribed(self, wanted.dataType, symbols)

    def _unsubscribe(self, request: Any) -> None:
        ended = request.subscribe
        symbols = self._subscriptions.remove(ended.dataType, ended.symbols)
        self._hub.unsubscribed(self, ended.dataType, symbols)
        self._reply(request, UNSUBSCRIBED, SUCCESS)

    def _list_subscriptions(self, user: User, request: Any) -> None:
        text = json.dumps(self._subscriptions.listed(user))
        self.send(
            reply_frame(SocketCommon.MESSAGE, request=request.id, code=SUBSCRIPTIONS, text=text)
        )

    def _reply(self, request: Any, code: int, text: str) -> None:
        self.send(
            reply_frame(
                SocketCommon.MESSAGE,
                request=request.id,
                code=code,
                text=text,
                data_type=request.subscribe.dataType,
            )
        )
