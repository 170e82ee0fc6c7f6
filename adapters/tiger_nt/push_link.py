"""One push connection: the SDK's client for one login over one socket.

What the SDK gets wrong is mended from outside, by overriding, none of its code changed. Left alone
it connects again by itself without pause, tries up to 60 times while its caller waits, leaves a
heartbeat thread behind for each lost connection, waits for ever in `disconnect`, and reports zeros
for what a frame leaves out. What it does to the whole process is fenced in by push_fences.py.
"""

import asyncio
import contextlib
import socket
import time
from collections.abc import Callable
from typing import Any

import msgspec
from tigeropen.push.network.connect import PushConnection
from tigeropen.push.network.exception import PushException
from tigeropen.push.pb.util import ProtoMessageUtil
from tigeropen.push.protobuf_push_client import ProtobufPushClient

from tiger_nt.errors import TigerRequestError
from tiger_nt.push_fences import InlineCallbacks, keep_sdk_from_logging, ssl_left_alone
from tiger_nt.views import LinkState

__all__ = ["KICKED_OUT", "Address", "Ending", "Link", "Login"]

KICKED_OUT = 4001
TRANSIENT_CODES = frozenset({1, 2, 5})  # server error, read timeout, rate limit


class Address(msgspec.Struct, frozen=True):
    """Where the push server listens."""

    host: str
    port: int
    tls: bool


class Login(msgspec.Struct, frozen=True):
    """Who logs in; never printed."""

    tiger_id: str
    private_key: str

    def __repr__(self) -> str:
        return "Login()"


class Ending(msgspec.Struct, frozen=True):
    """How a connection ended: DOWN, KICKED or REFUSED, why, and Tiger's code (0 without)."""

    state: LinkState
    reason: str
    code: int = 0


class Link(ProtobufPushClient):  # type: ignore[misc]
    """One connection from login to end; another needs another Link.

    Parameters
    ----------
    address : Address
        The server.
    on_frame : callable
        Takes every MESSAGE frame, and ERROR frames after the login, on the receiving thread. It
        must return within microseconds: all frames pass there, one after the other.
    silence_s : float
        Seconds to wait for the connection, and without a byte until the connection is lost.

    Attributes
    ----------
    confirmed : asyncio.Future of None
        Done when the server has confirmed the login.
    ended : asyncio.Future of Ending
        Done when the connection has ended, whoever ended it.
    last_frame_ns : int
        When the last frame came, nanoseconds UTC; 0 before the first.
    """

    def __init__(
        self, address: Address, on_frame: Callable[[Any], None], *, silence_s: float
    ) -> None:
        keep_sdk_from_logging()
        with ssl_left_alone():
            super().__init__(
                address.host,
                address.port,
                use_ssl=address.tls,
                connection_timeout=silence_s,
                callback_executor=InlineCallbacks(),
            )
        self._on_frame = on_frame
        self._loop = asyncio.get_running_loop()
        self.confirmed: asyncio.Future[None] = self._loop.create_future()
        self.ended: asyncio.Future[Ending] = self._loop.create_future()
        self.last_frame_ns = 0
        self._last_frame_s = time.monotonic()
        self._logged_in = False
        self._abandoned = False

    # Called by the supervisor: `dial` and `send` block, off the loop; the others do not.

    def dial(self, login: Login) -> None:
        """Connect and send the login, whose answer is `confirmed` or `ended`.

        Raises
        ------
        TigerRequestError
            When there is no connection, after at most `silence_s`.
        """
        try:
            self.connect(login.tiger_id, login.private_key)
        except (PushException, OSError, AttributeError) as e:
            # AttributeError: the SDK's socket is None once its receiving thread has lost it.
            self.abandon()
            raise TigerRequestError(
                f"push: Expected a connection to {self.host}:{self.port}, was {type(e).__name__}"
            ) from None
        if self._abandoned:
            self.abandon()

    def send(self, request: Any) -> None:
        """Send one of the SDK's requests; raise TigerRequestError when the connection is lost."""
        try:
            self._connection.send_frame(request)
        except (PushException, OSError, AttributeError) as e:
            raise TigerRequestError(
                f"push: Expected a connection to send on, was {type(e).__name__}"
            ) from None

    def silence_s(self) -> float:
        """Return the seconds since the last frame, or since there was a Link."""
        return time.monotonic() - self._last_frame_s

    def abandon(self) -> None:
        """End the connection now, from any thread; without waiting for the server or a thread."""
        self._abandoned = True
        connection = self._connection
        sock = connection.transport.socket if connection is not None else None
        if sock is not None:
            # Past the TLS layer, whose own shutdown would wait for the server. The receiving
            # thread sees the end of the stream and cleans up.
            with contextlib.suppress(OSError):
                socket.socket.shutdown(sock, socket.SHUT_RDWR)

    # Called by the SDK on its receiving thread.

    def on_connected(self, frame: Any) -> None:
        """Take the server's answer to the login."""
        self._note_frame()
        if frame.code:
            self._end(_refusal(frame))
            return
        self._logged_in = True
        self._call(_resolve, self.confirmed, None)

    def on_error(self, frame: Any) -> None:
        """Take an ERROR frame: a kick, a refused login, or trouble with a request."""
        self._note_frame()
        if frame.code == KICKED_OUT:
            self._end(Ending(LinkState.KICKED, frame.msg, frame.code))
        elif not self._logged_in:
            self._end(_refusal(frame))
        else:
            self._on_frame(frame)

    def on_heartbeat(self, frame: Any) -> None:  # noqa: ARG002
        """Take a sign of life."""
        self._note_frame()

    def on_message(self, frame: Any) -> None:
        """Pass a data frame on as it is; the SDK's own conversion fills in zeros."""
        self._note_frame()
        self._on_frame(frame)

    def on_disconnecting(self) -> None:
        """Take note of the end, and end the heartbeat thread, which the SDK forgets."""
        self._connection.on_disconnected()
        if self._abandoned:
            reason = "closed by us"
        elif self.silence_s() >= self._connection_timeout:
            reason = f"no frame for {self._connection_timeout:.1f} s"
        else:
            reason = "connection lost"
        self._end(Ending(LinkState.DOWN, reason))

    def _connect(self) -> None:
        # As in the base, but one attempt instead of 60: how often is the supervisor's to say.
        self._connection = connection = PushConnection(
            host_and_ports=[(self.host, self.port)],
            try_loopback_connect=False,
            keepalive=True,
            timeout=self._connection_timeout,
            heartbeats=self._heartbeats,
            reconnect_attempts_max=1,
            callback_executor=self.callback_executor,
        )
        connection.set_listener("push", self)
        if self.use_ssl:
            connection.set_ssl([(self.host, self.port)])
        send_ms, receive_ms = self._heartbeats
        connection.connect(
            ProtoMessageUtil.build_connect_message(
                self._tiger_id, self._sign, send_interval=send_ms, receive_interval=receive_ms
            )
        )

    def _note_frame(self) -> None:
        self.last_frame_ns = time.time_ns()
        self._last_frame_s = time.monotonic()

    def _end(self, ending: Ending) -> None:
        self._call(_resolve, self.ended, ending)

    def _call(self, function: Callable[..., None], *args: object) -> None:
        with contextlib.suppress(RuntimeError):  # the loop is closed: nobody is left to be told
            self._loop.call_soon_threadsafe(function, *args)


def _refusal(frame: Any) -> Ending:
    state = LinkState.DOWN if frame.code in TRANSIENT_CODES else LinkState.REFUSED
    return Ending(state, frame.msg, frame.code)


def _resolve[T](future: asyncio.Future[T], result: T) -> None:
    if not future.done():
        future.set_result(result)
