"""Signed requests over real sockets: written once, never repeated, on connections that are kept."""

import contextlib
import http.client
import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor

import pytest
from patience import PATIENCE_S

from tiger_nt.http_connections import HttpConnections, NotConnectedError, when_written
from tiger_nt.simulator.keys import server_tls

OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"
HEADERS = {"Content-type": "application/json"}


class Server:
    """Answers each piece that arrives on a connection with `answer`, and keeps the pieces.

    It may hang up after an answer; None is none, and hangs up at once.
    """

    def __init__(self) -> None:
        self.answer: bytes | None = OK
        self.pieces: list[bytes] = []
        self.connections = 0
        self.on_piece: Callable[[], None] = lambda: None
        self.hangs_up = False
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.url = f"http://127.0.0.1:{self._listener.getsockname()[1]}/gateway"
        self._open: list[socket.socket] = []
        threading.Thread(target=self._accept, daemon=True).start()

    def hang_up(self) -> None:
        for connection in self._open:
            with contextlib.suppress(OSError):  # its other end may have been quicker
                connection.shutdown(socket.SHUT_RDWR)
            connection.close()
        self._open.clear()

    def close(self) -> None:
        self._listener.shutdown(socket.SHUT_RDWR)  # ends the accept
        self._listener.close()
        self.hang_up()

    def _accept(self) -> None:
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            self.connections += 1
            self._open.append(connection)
            threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        try:
            while piece := connection.recv(65_536):
                self.pieces.append(piece)
                self.on_piece()
                if self.answer is not None:
                    connection.sendall(self.answer)
                if self.answer is None or self.hangs_up:
                    connection.shutdown(socket.SHUT_RDWR)
        except OSError:
            return


@pytest.fixture
def server() -> Iterator[Server]:
    running = Server()
    yield running
    running.close()


def post(connections: HttpConnections, url: str, body: str = '{"a": 1}') -> bytes:
    return connections.request("POST", url, body=body, headers=HEADERS, timeout=PATIENCE_S).data


def test_request_is_one_piece_with_head_and_body(server: Server) -> None:
    answer = HttpConnections().request(
        "POST", server.url, body='{"a": "ä"}', headers=HEADERS, timeout=PATIENCE_S
    )
    assert answer == (200, b"ok")
    (piece,) = server.pieces
    head, body = piece.split(b"\r\n\r\n")
    assert body == '{"a": "ä"}'.encode()
    assert head.startswith(b"POST /gateway HTTP/1.1\r\n")
    assert b"Content-Length: 11" in head
    assert b"Content-type: application/json" in head


def test_connection_is_kept_for_the_next_request_whichever_thread_makes_it(server: Server) -> None:
    connections = HttpConnections()
    post(connections, server.url)
    thread = threading.Thread(target=post, args=(connections, server.url))
    thread.start()
    thread.join()
    assert (server.connections, len(server.pieces)) == (1, 2)


def test_requests_at_one_time_have_a_connection_each(server: Server) -> None:
    together = threading.Barrier(4)
    server.on_piece = lambda: (together.wait(PATIENCE_S), None)[1]
    connections = HttpConnections()
    with ThreadPoolExecutor(4) as pool:
        for _ in range(3):
            assert list(pool.map(lambda _: post(connections, server.url), range(4))) == [b"ok"] * 4
    assert server.connections == 4


def test_connection_that_the_server_has_closed_is_replaced_and_the_request_sent_once(
    server: Server,
) -> None:
    connections = HttpConnections()
    post(connections, server.url)
    server.hang_up()
    assert post(connections, server.url) == b"ok"
    assert (server.connections, len(server.pieces)) == (2, 2)


def test_lost_answer_is_an_error_and_the_request_is_not_sent_again(server: Server) -> None:
    connections = HttpConnections()
    server.answer = None
    with pytest.raises(OSError, match=r"closed connection|reset"):
        post(connections, server.url)
    assert len(server.pieces) == 1
    server.answer = OK
    post(connections, server.url)
    assert (server.connections, len(server.pieces)) == (2, 2)


def test_answer_that_is_cut_off_is_an_error_and_its_connection_is_not_used_again(
    server: Server,
) -> None:
    connections = HttpConnections()
    server.answer = b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nok"
    server.hangs_up = True
    with pytest.raises(http.client.IncompleteRead):
        post(connections, server.url)
    server.answer, server.hangs_up = OK, False
    assert post(connections, server.url) == b"ok"
    assert server.connections == 2


def test_no_answer_in_time_is_a_timeout_and_its_connection_is_not_used_again(
    server: Server,
) -> None:
    connections = HttpConnections()
    server.answer = b""
    with pytest.raises(TimeoutError):
        connections.request("POST", server.url, body="{}", headers=HEADERS, timeout=0.05)
    server.answer = OK
    assert post(connections, server.url) == b"ok"
    assert server.connections == 2


def test_connection_that_the_answer_closes_is_not_kept(server: Server) -> None:
    connections = HttpConnections()
    server.answer = OK.replace(b"200 OK\r\n", b"200 OK\r\nConnection: close\r\n")
    for _ in range(2):
        assert post(connections, server.url) == b"ok"
    assert server.connections == 2


def test_redirect_is_an_answer_and_is_not_followed(server: Server) -> None:
    server.answer = (
        b"HTTP/1.1 307 Temporary Redirect\r\nLocation: " + server.url.encode() + b"/elsewhere"
        b"\r\nContent-Length: 0\r\n\r\n"
    )
    answer = HttpConnections().request(
        "POST", server.url, body="{}", headers={}, timeout=PATIENCE_S
    )
    assert answer.status == 307
    assert len(server.pieces) == 1


def test_refused_connection_says_that_there_was_none() -> None:
    server = Server()
    server.close()
    with pytest.raises(NotConnectedError, match=r"^no connection$"):
        post(HttpConnections(), server.url)


def tls_gateway(received: list[bytes]) -> tuple[str, threading.Thread]:
    """Return the address of a server with a certificate nobody knows, which answers one request."""
    listener = socket.create_server(("127.0.0.1", 0))

    def serve() -> None:
        with contextlib.suppress(OSError), listener:
            connection, _ = listener.accept()
            with server_tls().wrap_socket(connection, server_side=True) as secure:
                received.append(secure.recv(65_536))
                secure.sendall(OK)

    thread = threading.Thread(target=serve)
    thread.start()
    return f"https://127.0.0.1:{listener.getsockname()[1]}/gateway", thread


def test_server_without_a_trusted_certificate_is_sent_nothing() -> None:
    received: list[bytes] = []
    url, thread = tls_gateway(received)
    with pytest.raises(NotConnectedError, match=r"^no trusted TLS connection$"):
        post(HttpConnections(), url)
    thread.join()
    assert not any(received)


def test_request_over_tls_is_one_piece_too(monkeypatch: pytest.MonkeyPatch) -> None:
    trusting = ssl.create_default_context()
    trusting.check_hostname, trusting.verify_mode = False, ssl.CERT_NONE
    monkeypatch.setattr("tiger_nt.http_connections._tls", lambda: trusting)
    received: list[bytes] = []
    url, thread = tls_gateway(received)
    assert post(HttpConnections(), url) == b"ok"
    thread.join()
    (piece,) = received
    assert piece.endswith(b'\r\n\r\n{"a": 1}')


def test_cleared_connections_are_closed_and_new_ones_made(server: Server) -> None:
    connections = HttpConnections()
    post(connections, server.url)
    connections.clear()
    post(connections, server.url)
    assert server.connections == 2


def test_write_is_told_of_before_the_answer_and_once(server: Server) -> None:
    order: list[str] = []
    server.on_piece = lambda: order.append("arrived")
    connections = HttpConnections()
    post(connections, server.url)
    when_written(lambda: order.append("told"))
    post(connections, server.url)
    post(connections, server.url)
    assert order == ["arrived", "told", "arrived", "arrived"]


def test_request_that_is_not_connected_tells_of_no_write_and_leaves_none_to_tell(
    server: Server,
) -> None:
    told: list[int] = []
    other = Server()
    other.close()
    when_written(lambda: told.append(1))
    with pytest.raises(NotConnectedError):
        post(HttpConnections(), other.url)
    assert told == []
    post(HttpConnections(), server.url)
    assert told == []
