"""What the gateway may answer besides Tiger's protocol, through the real SDK over real sockets."""

import asyncio
import gc
import json
import socket
import threading
import time
from collections.abc import Awaitable, Callable, Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from patience import PATIENCE_S
from tiger_simulator import CALL

from tiger_nt.config import Credentials, Endpoints, TigerConfig
from tiger_nt.errors import (
    AnswerError,
    TigerDeniedError,
    TigerError,
    TigerLimitError,
    TigerRequestError,
    TigerUnknownOutcomeError,
)
from tiger_nt.failures import failure, hiding, limit_per_minute
from tiger_nt.rest import TigerRest
from tiger_nt.simulator.keys import SigningKey
from tiger_nt.views import OrderRequest

type Answer = Callable[[BaseHTTPRequestHandler], None]
BUY = OrderRequest(user_mark="M", symbol=CALL, is_buy=True, order_type="MKT", quantity=1)


class Gateway:
    """An HTTP server that answers every request the same way, and counts them."""

    def __init__(self) -> None:
        self.answer: Answer = lambda _: None
        self.paths: list[str] = []
        gateway = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self) -> None:
                self.rfile.read(int(self.headers["Content-Length"]))
                gateway.paths.append(self.path)
                gateway.answer(self)

            def log_message(self, *_: object) -> None:
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.server.daemon_threads = True
        self.thread = threading.Thread(target=self.server.serve_forever, args=(0.01,))

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.server.server_address[1]}/gateway"


@pytest.fixture(scope="module")
def gateway() -> Iterator[Gateway]:
    running = Gateway()
    running.thread.start()
    yield running
    running.server.shutdown()
    running.thread.join()
    running.server.server_close()


@pytest.fixture(scope="module")
def key() -> str:
    return SigningKey().private_text


def respond(status: int, body: object = None, **headers: str) -> Answer:
    def answer(handler: BaseHTTPRequestHandler) -> None:
        content = body if isinstance(body, bytes) else json.dumps(body).encode()
        handler.send_response(status)
        handler.send_header("Content-Length", str(len(content)))
        for name, value in headers.items():
            handler.send_header(name, value)
        handler.end_headers()
        handler.wfile.write(content)

    return answer


def hang_up(handler: BaseHTTPRequestHandler) -> None:
    handler.connection.shutdown(socket.SHUT_RDWR)
    handler.close_connection = True


def drip(handler: BaseHTTPRequestHandler) -> None:
    handler.send_response(200)
    handler.send_header("Content-Length", "1000")
    handler.end_headers()
    handler.close_connection = True
    for _ in range(40):
        handler.wfile.write(b" ")
        time.sleep(0.05)


def failing(
    gateway: Gateway,
    key: str,
    answer: Answer,
    use: Callable[[TigerRest], Awaitable[object]],
    timeout_s: float = PATIENCE_S / 2,
) -> TigerError:
    """Make a call that must fail, and return its error."""
    gateway.answer = answer
    gateway.paths.clear()
    config = TigerConfig(
        credentials=Credentials(tiger_id="20150001", account="50000001", private_key=key),
        endpoints=Endpoints(
            server_url=gateway.url, push_host="127.0.0.1", push_port=1, push_tls=False
        ),
        timeout_s=timeout_s,
    )

    async def main() -> TigerError:
        rest = TigerRest(config)
        await rest.start()
        try:
            with pytest.raises(TigerError) as failed:
                await use(rest)
        finally:
            await rest.close()
        return failed.value

    return asyncio.run(main())


@pytest.mark.parametrize(
    ("answer", "kind", "text"),
    [
        (respond(500), TigerUnknownOutcomeError, "Expected HTTP 200, was 500"),
        (respond(408), TigerUnknownOutcomeError, "Expected HTTP 200, was 408"),
        (respond(429, {"code": 5}), TigerLimitError, "refuses for its call limit"),
        (respond(403), TigerDeniedError, "code=403 Expected HTTP 200, was a refusal"),
        (respond(200, b"<html>"), TigerUnknownOutcomeError, r"not be read \(JSONDecodeError\)"),
        (respond(200, []), TigerUnknownOutcomeError, r"could not be read \("),
        (respond(200, {}), TigerUnknownOutcomeError, "Expected an id, was none"),
        (respond(200, {"data": {}}), TigerUnknownOutcomeError, "an answer with a code"),
        (respond(200, {"code": 0, "data": {}}), TigerUnknownOutcomeError, "an id, was none"),
        (respond(200, {"code": 1, "message": "server error"}), TigerUnknownOutcomeError, "code=1"),
        (respond(200, {"code": 2, "message": "x"}), TigerUnknownOutcomeError, "code=2"),
        (respond(200, {"code": 5, "message": "x"}), TigerLimitError, "refuses for its"),
        (respond(200, {"code": 1200, "message": "too late"}), TigerDeniedError, "1200 too late"),
        (
            respond(200, {"code": 1200, "message": "order service timed out"}),
            TigerUnknownOutcomeError,
            "code=1200",
        ),
        (
            respond(200, {"code": 0, "data": {"code": "1010", "message": "no such right"}}),
            TigerDeniedError,
            "code=1010 no such right",
        ),
        (hang_up, TigerUnknownOutcomeError, "no answer before the connection broke"),
    ],
)
def test_every_answer_to_an_order_is_told_apart_and_the_order_sent_once(
    gateway: Gateway, key: str, answer: Answer, kind: type[TigerError], text: str
) -> None:
    error = failing(gateway, key, answer, lambda rest: rest.place(BUY))
    assert type(error) is kind
    with pytest.raises(kind, match=f"^place_order: .*{text}"):
        raise error
    assert gateway.paths == ["/gateway"]


def test_order_whose_answer_comes_in_drops_is_given_up_and_its_late_error_is_not_printed(
    gateway: Gateway, key: str, caplog: pytest.LogCaptureFixture
) -> None:
    gc.collect()  # what earlier tests have left
    caplog.clear()
    error = failing(gateway, key, drip, lambda rest: rest.place(BUY), timeout_s=0.4)
    assert type(error) is TigerUnknownOutcomeError
    assert str(error) == "place_order: no whole answer in time"
    del error  # its traceback holds the call
    gc.collect()
    assert caplog.text == ""  # asyncio would show the request, signature and all


def test_question_is_asked_again_after_ever_longer_pauses(
    gateway: Gateway, key: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    pauses: list[float] = []
    sleep = asyncio.sleep

    async def record(seconds: float) -> None:
        pauses.append(seconds)
        await sleep(0)

    def answer(handler: BaseHTTPRequestHandler) -> None:
        respond(500 if len(gateway.paths) < 4 else 403)(handler)

    monkeypatch.setattr("tiger_nt.calls.asyncio.sleep", record)
    error = failing(gateway, key, answer, lambda rest: rest.assets())
    assert isinstance(error, TigerDeniedError)
    assert len(gateway.paths) == 4
    assert all(
        longest / 2 <= pause <= longest
        for pause, longest in zip(pauses, (0.25, 0.5, 1.0), strict=True)
    )


def test_order_is_not_carried_to_another_address(gateway: Gateway, key: str) -> None:
    elsewhere = gateway.url.replace("/gateway", "/elsewhere")
    answer = respond(307, Location=elsewhere)
    error = failing(gateway, key, answer, lambda rest: rest.place(BUY))
    assert isinstance(error, TigerDeniedError)
    assert error.code == 307
    assert gateway.paths == ["/gateway"]


def test_retry_after_header_makes_no_second_order(gateway: Gateway, key: str) -> None:
    answer = respond(503, **{"Retry-After": "0"})
    error = failing(gateway, key, answer, lambda rest: rest.cancel(1))
    assert type(error) is TigerUnknownOutcomeError
    assert gateway.paths == ["/gateway"]


@pytest.mark.parametrize("body", [{"data": None}, {"data": {"segments": []}}])
def test_answer_that_makes_no_sense_is_not_asked_for_again(
    gateway: Gateway, key: str, body: dict[str, object]
) -> None:
    answer = respond(200, {"code": 0, "message": "success", **body})
    error = failing(gateway, key, answer, lambda rest: rest.assets())
    assert type(error) is AnswerError
    assert str(error) == "Expected an account with a segment for securities, was none"
    assert gateway.paths == ["/gateway"]


def test_option_no_symbol_can_carry_is_an_answer_that_makes_no_sense(
    gateway: Gateway, key: str
) -> None:
    item = {"symbol": "SPY", "secType": "OPT", "identifier": "SPY X", "position": 1, "account": "1"}
    answer = respond(200, {"code": 0, "data": {"items": [item]}})
    error = failing(gateway, key, answer, lambda rest: rest.positions())
    assert type(error) is AnswerError
    assert str(error).startswith("positions: Expected an option such as")


@pytest.mark.parametrize(
    ("code", "message", "advice"),
    [
        (1000, "failed to verify signature", "private key does not belong to this developer id"),
        (1000, "failed to get developer information", "copy it from Tiger's developer page"),
        (4, "4000:permission denied(current device does not have permission)", "another device"),
        (4, "permissions in the US OPT quote market", "the account lacks usOptionQuote"),
        (2200, "no permission in the US OPT quote market", "the account lacks usOptionQuote"),
        (4, "do not have permissions in the US quote market", "lacks this market's quotes"),
        (4, "access forbidden(ip is not in the white list)", "address is not on the allow-list"),
        (4, "the developer's ip is not in the whitelist", "address is not on the allow-list"),
        (4, "you are in the blacklist", "blocked this developer id for calling too often"),
        (1000, "license is not match", "set TIGEROPEN_LICENSE"),
        (1000, "account does not exist", "check TIGEROPEN_ACCOUNT"),
    ],
)
def test_refusals_a_user_can_cure_say_how(
    gateway: Gateway, key: str, code: int, message: str, advice: str
) -> None:
    answer = respond(200, {"code": code, "message": message})
    error = failing(gateway, key, answer, lambda rest: rest.license())
    assert isinstance(error, TigerDeniedError)
    assert (error.code, error.method) == (code, "user_license")
    assert error.message.startswith(f"{message}: ")
    assert advice in error.message


def test_business_refusal_is_tigers_word_alone() -> None:
    hide = hiding(Credentials(tiger_id="20150001", account="50000001", private_key=""))
    from tigeropen.common.exceptions import ApiException

    error = failure("place_order", ApiException(1200, "your IP order"), hide, changes=True)
    assert str(error) == "place_order: code=1200 your IP order"


def test_key_that_cannot_sign_is_told_and_nothing_sent(gateway: Gateway) -> None:
    error = failing(gateway, "bm8ga2V5", respond(200, {}), lambda rest: rest.place(BUY))
    assert isinstance(error, TigerDeniedError)
    assert str(error) == "place_order: code=0 the private key cannot sign; nothing was sent"
    assert gateway.paths == []


def test_limit_that_tigers_words_name_is_read() -> None:
    text = "rate limit error(current limiting interface:positions, up to 60 times per minute)"
    assert limit_per_minute(text) == 60
    assert limit_per_minute("rate limit error") is None


def test_unknown_outcome_is_a_kind_of_failed_request() -> None:
    assert issubclass(TigerUnknownOutcomeError, TigerRequestError)
