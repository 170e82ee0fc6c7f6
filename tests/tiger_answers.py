"""A gateway that answers each method with what a test gave it, and keeps what it was asked."""

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any, Self

from cryptography.hazmat.primitives import serialization as form
from cryptography.hazmat.primitives.asymmetric import rsa

from tiger_nt.config import TigerConfig, tiger_config

__all__ = ["AnsweringGateway"]


class AnsweringGateway:
    """Listens on the loopback interface; ends with its context.

    `answers` are the data by method (None without one), `status` is that of HTTP, and `whole` is a
    whole answer in place of one with data.
    """

    def __init__(self) -> None:
        self.answers: dict[str, Any] = {}
        self.status = 200
        self.whole: bytes | None = None
        self.asked: list[dict[str, Any]] = []
        """Bodies of the requests, with their headers under ``headers``."""
        gateway = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                gateway.asked.append(body | {"headers": dict(self.headers), "path": self.path})
                data = gateway.answers.get(body["method"])
                answer = {"code": 0, "message": "success", "timestamp": 1, "data": data}
                text = json.dumps(answer).encode() if gateway.whole is None else gateway.whole
                self.send_response(gateway.status)
                self.send_header("Content-Length", str(len(text)))
                self.end_headers()
                self.wfile.write(text)

            def log_message(self, *_: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,))
        self._key = rsa.generate_private_key(65537, 2048)

    def config(self, **more: str) -> TigerConfig:
        """Return a login whose requests come here; `more` are variables of its environment."""
        pem = self._key.private_bytes(
            form.Encoding.PEM, form.PrivateFormat.TraditionalOpenSSL, form.NoEncryption()
        )
        return tiger_config(
            {
                "TIGEROPEN_TIGER_ID": "20150001",
                "TIGEROPEN_ACCOUNT": "21700000000000001",
                "TIGEROPEN_PRIVATE_KEY": pem.decode(),
                "TIGEROPEN_SERVER_URL": f"http://127.0.0.1:{self._server.server_port}/gateway",
                "TIGEROPEN_SOCKET_HOST_PORT": "tcp,127.0.0.1,1",
                "TIGER_NT_PUBLIC_KEY": self.public_key,
                **more,
            }
        )

    @property
    def public_key(self) -> str:
        """The key's public half, bare base64."""
        pem = self._key.public_key().public_bytes(
            form.Encoding.PEM, form.PublicFormat.SubjectPublicKeyInfo
        )
        return "".join(pem.decode().splitlines()[1:-1])

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()
