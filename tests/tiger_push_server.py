"""A push server of a few lines: speaks Tiger's frames and does what a test tells it to.

It checks no signatures and matches no orders (the simulator does); it exists to send what no honest
server would, and to be dropped, stalled and restarted hundreds of times a second.
"""

import asyncio
import base64
import datetime as dt
import json
import ssl
import tempfile
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from functools import cache
from pathlib import Path
from typing import Any

from cryptography import x509
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives import serialization as form
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, generate_private_key
from cryptography.x509.oid import NameOID
from patience import PATIENCE_S
from tigeropen.push.pb.Request_pb2 import Request
from tigeropen.push.pb.Response_pb2 import Response
from tigeropen.push.pb.SocketCommon_pb2 import SocketCommon

from tiger_nt.config import Credentials, Endpoints, TigerConfig

TIGER_ID = "20150899"
ACCOUNT = "123456789"


@cache
def _key() -> RSAPrivateKey:
    return generate_private_key(public_exponent=65_537, key_size=1_024)


def push_config(port: int, *, tls: bool = False, timeout_s: float = 5.0) -> TigerConfig:
    """Return a login at a server of this machine."""
    der = _key().private_bytes(
        form.Encoding.DER, form.PrivateFormat.TraditionalOpenSSL, form.NoEncryption()
    )
    return TigerConfig(
        credentials=Credentials(
            tiger_id=TIGER_ID, account=ACCOUNT, private_key=base64.b64encode(der).decode()
        ),
        endpoints=Endpoints(
            server_url="http://127.0.0.1:1/gateway",
            push_host="127.0.0.1",
            push_port=port,
            push_tls=tls,
        ),
        timeout_s=timeout_s,
    )


def frame(response: Response) -> bytes:
    """Return a message as on the wire, its length before it."""
    packed = response.SerializeToString()
    head, rest = b"", len(packed)
    while rest > 127:
        head, rest = head + bytes([rest & 127 | 128]), rest >> 7
    return head + bytes([rest]) + packed


def message(data_type: int = 0, **fields: Any) -> Response:
    """Return a MESSAGE with a body of this type, its fields set."""
    response = Response(command=SocketCommon.MESSAGE)
    response.body.dataType = data_type
    body = {
        SocketCommon.Quote: response.body.quoteData,
        SocketCommon.Option: response.body.quoteData,
        SocketCommon.TradeTick: response.body.tradeTickData,
        SocketCommon.OrderStatus: response.body.orderStatusData,
        SocketCommon.OrderTransaction: response.body.orderTransactionData,
        SocketCommon.Position: response.body.positionData,
        SocketCommon.Asset: response.body.assetData,
    }[data_type]
    for name, value in fields.items():
        if isinstance(value, list):
            getattr(body, name).extend(value)
        else:
            setattr(body, name, value)
    return response


def quote(symbol: str, bid: float = 1.0, ask: float = 1.1, **fields: Any) -> Response:
    """Return a complete best bid and offer."""
    given = {"bidPrice": bid, "bidSize": 5, "askPrice": ask, "askSize": 7, "timestamp": 1_000}
    given["type"] = SocketCommon.BBO
    return message(SocketCommon.Quote, symbol=symbol, **(given | fields))


class PushServer:
    """Listens on a free port of this machine in a thread of its own; methods from any thread.

    Attributes
    ----------
    requests : list of Request
        All requests, heartbeats too, of all connections.
    login : callable
        Makes the answer to a login; None is no answer.
    unlisted : str
        A symbol there is not; a request with it is refused whole.
    answers : bool
        Whether anything but a login is answered.
    quota : int
        Symbols that may be subscribed on one connection; a request beyond it is refused whole.
    """

    def __init__(self, *, tls: bool = False) -> None:
        self._tls = _server_tls() if tls else None
        self.requests: list[Request] = []
        self.login: Callable[[], Response | None] = self.confirmed
        self.quota = 100
        self.unlisted = ""
        self.answers = True
        self.heartbeat = "10000,10000"
        self.port = 0
        self.subscribed: set[tuple[int, str]] = set()
        self._writers: set[asyncio.StreamWriter] = set()
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, name="push server")
        self._server: asyncio.Server | None = None

    def __enter__(self) -> "PushServer":
        self._thread.start()
        self.listen()
        return self

    def __exit__(self, *_: object) -> None:
        self.deaf()
        self.drop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def listen(self) -> None:
        """Take connections, on the same port again after `deaf`."""
        self._run(self._listen())

    def deaf(self) -> None:
        """Take no new connections."""
        self._run(self._deaf())

    def drop(self) -> None:
        """End all connections."""
        self._run(self._drop())

    def send(self, *responses: Response) -> None:
        """Send messages to all connections."""
        self.send_raw(b"".join(frame(response) for response in responses))

    def send_raw(self, data: bytes) -> None:
        """Send bytes to all connections."""
        self._run(self._send(data))

    def confirmed(self) -> Response:
        """Return the usual answer to a login."""
        said = json.dumps({"version": "3", "heart-beat": self.heartbeat})
        return Response(command=SocketCommon.CONNECTED, code=0, msg=said)

    def sent(self, command: int) -> list[Request]:
        """Return the requests with this command so far."""
        return [request for request in self.requests if request.command == command]

    @property
    def connections(self) -> int:
        """Return how many are open."""
        return len(self._writers)

    def _run(self, coroutine: Any) -> None:
        future: Future[None] = asyncio.run_coroutine_threadsafe(coroutine, self._loop)
        future.result(PATIENCE_S)

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(
            self._serve, "127.0.0.1", self.port, ssl=self._tls
        )
        self.port = self._server.sockets[0].getsockname()[1]

    async def _deaf(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None

    async def _drop(self) -> None:
        for writer in list(self._writers):
            writer.transport.abort()

    async def _send(self, data: bytes) -> None:
        for writer in self._writers:
            writer.write(data)
            await writer.drain()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self._writers.add(writer)
        self.subscribed = set()
        try:
            while True:
                request = Request.FromString(await reader.readexactly(await _length(reader)))
                self.requests.append(request)
                for response in self._answers(request):
                    writer.write(frame(response))
        except (asyncio.IncompleteReadError, ConnectionError):
            pass
        finally:
            self._writers.discard(writer)
            writer.close()

    def _answers(self, request: Request) -> Iterator[Response]:
        if request.command == SocketCommon.CONNECT:
            answer = self.login()
            if answer is not None:
                answer.id = request.id
                yield answer
        elif not self.answers:
            return
        elif request.command in {SocketCommon.SUBSCRIBE, SocketCommon.UNSUBSCRIBE}:
            yield self._subscription(request)
        elif request.command == SocketCommon.SEND:
            said = {"limit": self.quota, "used": len(self.subscribed), "tradeTickLimit": 9}
            yield Response(
                command=SocketCommon.MESSAGE, id=request.id, code=111, msg=json.dumps(said)
            )

    def _subscription(self, request: Request) -> Response:
        wish = request.subscribe
        named = {(wish.dataType, name) for name in wish.symbols.split(",") if name}
        answer = Response(command=SocketCommon.MESSAGE, id=request.id)
        if request.command == SocketCommon.UNSUBSCRIBE:
            self.subscribed -= named
            answer.code, answer.msg = 113, '{"code":0,"message":"success"}'
        elif self.unlisted in (name for _, name in named):
            answer.code, answer.msg = 200, f"invalid symbols({self.unlisted})"
        elif len(self.subscribed | named) > self.quota:
            answer.code = 200
            answer.msg = f"code=4, you can only subscribe to {self.quota} symbols"
        else:
            self.subscribed |= named
            answer.code, answer.msg = 112, '{"code":0,"message":"success"}'
            answer.body.dataType = wish.dataType
        return answer


def _server_tls() -> ssl.SSLContext:
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    today = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(_key().public_key())
        .serial_number(1)
        .not_valid_before(today - dt.timedelta(days=1))
        .not_valid_after(today + dt.timedelta(days=1))
        .sign(_key(), hashes.SHA256())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.set_ciphers("DEFAULT@SECLEVEL=0")  # a short key is made faster
    with tempfile.TemporaryDirectory() as folder:
        file = Path(folder) / "both.pem"
        key = _key().private_bytes(
            form.Encoding.PEM, form.PrivateFormat.TraditionalOpenSSL, form.NoEncryption()
        )
        file.write_bytes(key + certificate.public_bytes(form.Encoding.PEM))
        context.load_cert_chain(file)
    return context


async def _length(reader: asyncio.StreamReader) -> int:
    length = shift = 0
    while True:
        (byte,) = await reader.readexactly(1)
        length |= (byte & 127) << shift
        if byte < 128:
            return length
        shift += 7
