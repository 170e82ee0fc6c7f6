"""One push connection: login, heartbeats, subscriptions."""

import asyncio
import json
from typing import Any, Protocol, cast

from tigeropen.push.pb.SocketCommon_pb2 import SocketCommon

from tiger_nt.simulator.accounts import OPTION_QUOTES, STOCK_QUOTES, User
from tiger_nt.simulator.errors import ACCESS
from tiger_nt.simulator.frames import FrameReader, reply_frame
from tiger_nt.simulator.listing import Listing, push_names
from tiger_nt.symbols import SymbolError, engine_symbol

__all__ = ["ACCOUNT_TOPICS", "PushHub", "PushSession"]

ACCOUNT_TOPICS = frozenset(
    {
        SocketCommon.OrderStatus,
        SocketCommon.OrderTransaction,
        SocketCommon.Position,
        SocketCommon.Asset,
    }
)
QUOTE_TOPICS = frozenset({SocketCommon.Quote, SocketCommon.Option})
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


class SubscriptionError(Exception):
    """A subscription that is refused, in Tiger's words."""


class PushSession(asyncio.Protocol):
    """The server's end of one connection; `user` is None before the login."""

    def __init__(self, hub: PushHub) -> None:
        self.user: User | None = None
        self.quotes: set[str] = set()
        self.ticks: set[str] = set()
        self.topics: set[int] = set()
        self.frames_sent = 0
        self.quotes_dropped = 0
        self._hub = hub
        self._reader = FrameReader()
        self._transport: asyncio.Transport | None = None
        self._held: list[bytes] = []
        self._batch: list[bytes] = []
        self._heartbeat: asyncio.TimerHandle | None = None

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
        data_type = request.subscribe.dataType
        try:
            symbols = self._granted(user, request.subscribe)
        except SubscriptionError as error:
            text = json.dumps({"code": ACCESS, "message": str(error)})
            self._reply(request, FAILED, text)
            return
        self._reply(request, SUBSCRIBED, SUCCESS)
        self._hub.subscribed(self, data_type, symbols)

    def _granted(self, user: User, subscribe: Any) -> list[str]:
        data_type = subscribe.dataType
        if data_type in ACCOUNT_TOPICS:
            if subscribe.account not in {"", user.account}:
                raise SubscriptionError("access forbidden(no permission for this account)")
            self.topics.add(data_type)
            return []
        if data_type in QUOTE_TOPICS:
            taken, limit = self.quotes, user.quote_limit
        elif data_type == SocketCommon.TradeTick:
            taken, limit = self.ticks, user.tick_limit
        else:
            raise SubscriptionError("the simulator has no such subscription")
        symbols = self._symbols(subscribe.symbols)
        for symbol in symbols:
            self._check_permission(user, symbol)
        if len(taken.union(symbols)) > limit:
            raise SubscriptionError(
                f"According to your user level, you can only subscribe to {limit} symbols"
            )
        taken.update(symbols)
        return symbols

    def _check_permission(self, user: User, symbol: str) -> None:
        listing = self._hub.listing
        if symbol in listing.options:
            needed = OPTION_QUOTES
        elif listing.is_stock(symbol):
            needed = STOCK_QUOTES
        else:
            raise SubscriptionError(f"invalid symbols({symbol})")
        if needed not in user.permissions:
            raise SubscriptionError(
                "You don't have permission to subscribe quotes, "
                "please purchase api quotes permission first"
            )

    def _symbols(self, text: str) -> list[str]:
        try:
            return [engine_symbol(name.strip()) for name in text.split(",") if name.strip()]
        except SymbolError as error:
            raise SubscriptionError(f"invalid symbols({error})") from None

    def _unsubscribe(self, request: Any) -> None:
        data_type = request.subscribe.dataType
        if data_type in ACCOUNT_TOPICS:
            self.topics.discard(data_type)
        elif data_type in QUOTE_TOPICS or data_type == SocketCommon.TradeTick:
            taken = self.ticks if data_type == SocketCommon.TradeTick else self.quotes
            try:
                symbols = self._symbols(request.subscribe.symbols) or sorted(taken)
            except SubscriptionError:
                symbols = []
            taken.difference_update(symbols)
            self._hub.unsubscribed(self, data_type, symbols)
        self._reply(request, UNSUBSCRIBED, SUCCESS)

    def _list_subscriptions(self, user: User, request: Any) -> None:
        listed = {
            "limit": user.quote_limit,
            "used": len(self.quotes),
            "subscribedSymbols": [push_names(symbol)[0] for symbol in sorted(self.quotes)],
            "askBidLimit": 0,
            "askBidUsed": 0,
            "subscribedAskBidSymbols": [],
            "tradeTickLimit": user.tick_limit,
            "tradeTickUsed": len(self.ticks),
            "subscribedTradeTickSymbols": [push_names(symbol)[0] for symbol in sorted(self.ticks)],
        }
        text = json.dumps(listed)
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
