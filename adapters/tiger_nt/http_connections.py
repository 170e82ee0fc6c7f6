"""HTTP connections that stay open: each request written at once, none repeated or redirected.

In place of the SDK's pool. That one writes head and body apart, and so gives the interpreter away
between them; connects up to four times, follows redirects to other hosts, and is the slower by a
quarter of a millisecond, which counts for an order.
"""

import http.client
import ssl
import threading
from collections import defaultdict, deque
from collections.abc import Callable, Mapping
from functools import cache
from select import POLLIN, poll
from typing import Any, NamedTuple
from urllib.parse import SplitResult, urlsplit

__all__ = ["HttpAnswer", "HttpConnections", "NotConnectedError", "when_written"]

_thread = threading.local()


class NotConnectedError(Exception):
    """No connection came about, its text says which; nothing was sent."""


class HttpAnswer(NamedTuple):
    """Status and body of an answer."""

    status: int
    data: bytes


def when_written(tell: Callable[[], None]) -> None:
    """Have the next request of this thread `tell` as it is handed to the socket."""
    _thread.tell = tell


class HttpConnections:
    """Makes requests from any thread, each on a connection that no other is using."""

    def __init__(self) -> None:
        self._idle: dict[tuple[str, str], deque[_Connection]] = defaultdict(deque)

    def request(
        self,
        method: str,
        url: str,
        *,
        body: str,
        headers: Mapping[str, str],
        timeout: float,
        fields: None = None,  # noqa: ARG002 - the SDK names it, and never has any
    ) -> HttpAnswer:
        """Send a request, once, and return the answer.

        Parameters
        ----------
        timeout : float
            Of connecting, and of each wait for data, seconds.

        Raises
        ------
        NotConnectedError
            Nothing was sent.
        OSError, http.client.HTTPException
            The request may have arrived; TimeoutError if no answer came in time.
        """
        tell, _thread.tell = getattr(_thread, "tell", None), None
        parts = urlsplit(url)
        connection = self._connected(parts, timeout)
        target = f"{parts.path or '/'}?{parts.query}" if parts.query else parts.path or "/"
        try:
            connection.request(method, target, body.encode(), headers)
            if tell is not None:
                tell()
            connection.write()
            answer = connection.getresponse()
            data = answer.read()
        except BaseException:
            connection.close()
            raise
        if connection.sock is not None:  # otherwise the other end has closed it
            self._idle[parts.scheme, parts.netloc].append(connection)
        return HttpAnswer(answer.status, data)

    def clear(self) -> None:
        """Close the connections that no request is using."""
        for idle in list(self._idle.values()):
            while (kept := _newest(idle)) is not None:
                kept.close()

    def _connected(self, parts: SplitResult, timeout: float) -> "_Connection":
        while (kept := _newest(self._idle[parts.scheme, parts.netloc])) is not None:
            if not kept.is_dropped():
                kept.sock.settimeout(timeout)
                return kept
            kept.close()
        assert parts.hostname is not None
        if parts.scheme == "https":
            made: _Connection = _TlsConnection(
                parts.hostname, parts.port, timeout=timeout, context=_tls()
            )
        else:
            made = _Connection(parts.hostname, parts.port, timeout=timeout)
        try:
            made.connect()
        except ssl.SSLError as e:
            raise NotConnectedError("no trusted TLS connection") from e
        except OSError as e:
            raise NotConnectedError("no connection") from e
        return made


class _Connection(http.client.HTTPConnection):
    """Keeps what is to be sent until `write`, which sends it in one piece."""

    sock: Any

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._pieces: list[bytes] = []

    def send(self, data: Any) -> None:
        self._pieces.append(data)

    def write(self) -> None:
        whole, self._pieces = b"".join(self._pieces), []
        self.sock.sendall(whole)

    def is_dropped(self) -> bool:
        """Return whether the other end has closed it, or has said what nobody asked."""
        waiting = poll()
        waiting.register(self.sock, POLLIN)
        return bool(waiting.poll(0))


class _TlsConnection(http.client.HTTPSConnection, _Connection):
    """The same over TLS."""


def _newest(idle: deque[_Connection]) -> _Connection | None:
    try:
        return idle.pop()
    except IndexError:  # none, or another thread was quicker
        return None


@cache
def _tls() -> ssl.SSLContext:
    return ssl.create_default_context()
