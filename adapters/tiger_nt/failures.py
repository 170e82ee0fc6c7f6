"""What an exception of the SDK means: refused, limited, unknown, or worth another try.

The SDK's texts hold the signed request, so none of them gets out; Tiger's own messages do, without
the account and developer id.
"""

import re
from collections.abc import Callable

from tigeropen.common.exceptions import ApiException, RequestException, ResponseException

from tiger_nt.config import Credentials
from tiger_nt.errors import (
    AnswerError,
    TigerDeniedError,
    TigerError,
    TigerLimitError,
    TigerRequestError,
    TigerUnknownOutcomeError,
    UnreachableError,
)
from tiger_nt.http_connections import NotConnectedError
from tiger_nt.symbols import SymbolError

__all__ = ["failure", "hiding", "limit_per_minute"]

_OWN_TROUBLE = frozenset({1, 2})
"""Codes for trouble inside Tiger: its server failed, or did not hear from the one behind it."""
_RATE_LIMIT = 5
_TOO_MANY_REQUESTS = 429
_REQUEST_TIMEOUT = 408
_FORBIDDEN = 4
_COMMON_PARAMETER = 1000
_TIMED_OUT = re.compile(r"time(d )?[ -]?out", re.IGNORECASE)
_PER_MINUTE = re.compile(r"up to (\d+) times per minute")

_ADVICE = tuple(
    (re.compile(pattern, re.IGNORECASE), advice)
    for pattern, advice in (
        (
            r"current device",
            "another device holds the right to quotes: close Tiger's app there, or grab the right",
        ),
        (
            r"OPT quote market",
            "the account lacks usOptionQuote: buy US option quotes for the API in Tiger's app",
        ),
        (
            r"quote (market|permission)|subscribe quotes",
            "the account lacks this market's quotes: buy them for the API in Tiger's app",
        ),
        (
            r"white ?list|\bip\b",
            "this machine's address is not on the allow-list of Tiger's developer page",
        ),
        (
            r"black ?list",
            "Tiger has blocked this developer id for calling too often: stop, and ask its support",
        ),
        (
            r"licen[cs]e",
            "the licence is not this account's: set TIGEROPEN_LICENSE to the one of your Tiger "
            "entity, or leave it out",
        ),
        (
            r"account.*(not (exist|match|auth)|invalid|illegal)",
            "the account does not belong to this developer id: check TIGEROPEN_ACCOUNT",
        ),
        (
            r"\brsa\b|signature|\bsign\b",
            "the private key does not belong to this developer id: use the key whose public half "
            "is registered on Tiger's developer page",
        ),
        (
            r"tiger.?id|developer",
            "the developer id is not known: copy it from Tiger's developer page",
        ),
    )
)
_ADVISED_CODES = frozenset({_FORBIDDEN, _COMMON_PARAMETER, 4000, 40013})


def hiding(credentials: Credentials) -> Callable[[str], str]:
    """Return a function that takes the account and the developer id out of a text."""
    hidden = {credentials.account: credentials.account_hint, credentials.tiger_id: "…"}

    def hide(text: str) -> str:
        for secret, shown in hidden.items():
            text = text.replace(secret, shown)
        return text

    return hide


def failure(
    method: str, error: Exception, hide: Callable[[str], str], *, changes: bool
) -> TigerError:
    """Return what `error`, raised by the SDK in a call of `method`, means.

    `changes` says that the call places, modifies or cancels: with it whatever may have happened
    after the request had left is a TigerUnknownOutcomeError.
    """
    lost = TigerUnknownOutcomeError if changes else TigerRequestError
    if isinstance(error, SymbolError):
        return AnswerError(f"{method}: {error}")
    if isinstance(error, TigerError):
        return error
    if isinstance(error, ApiException):
        return _answered(method, error, hide, lost)
    if isinstance(error, ResponseException):
        return _bad_answer(method, error, lost)
    if isinstance(error, RequestException):
        return _no_answer(method, error, lost)
    return lost(f"{method}: the answer could not be read ({type(error).__name__})")


def limit_per_minute(message: str) -> int | None:
    """Return the limit that Tiger's refusal names, calls a minute, if it does."""
    match = _PER_MINUTE.search(message)
    return int(match[1]) if match else None


def _answered(
    method: str,
    error: ApiException,
    hide: Callable[[str], str],
    lost: type[TigerRequestError],
) -> TigerError:
    code, message = error.code, hide(str(error.msg or ""))
    if not isinstance(code, int):
        return lost(f"{method}: Expected an answer with a code, was one without")
    if code == _RATE_LIMIT or (code == _FORBIDDEN and "rate limit" in message.lower()):
        return TigerLimitError(method, 0.0, message or "rate limit")
    if code in _OWN_TROUBLE or _TIMED_OUT.search(message):
        return lost(f"{method}: Tiger could not tell the outcome (code={code} {message})")
    return TigerDeniedError(method, code, f"{message}{_advice(code, message)}")


def _advice(code: int, message: str) -> str:
    if code not in _ADVISED_CODES and "permission" not in message.lower():
        return ""
    for pattern, advice in _ADVICE:
        if pattern.search(message):
            return f": {advice}"
    return ""


def _bad_answer(method: str, error: ResponseException, lost: type[TigerRequestError]) -> TigerError:
    status = error.status
    if status is None:
        return lost(f"{method}: Expected an answer signed by Tiger, was one with another signature")
    if status == _TOO_MANY_REQUESTS:
        return TigerLimitError(method, 0.0, "too many requests (HTTP 429)")
    if 300 <= status < 500 and status != _REQUEST_TIMEOUT:
        return TigerDeniedError(method, status, "Expected HTTP 200, was a refusal by the gateway")
    return lost(f"{method}: Expected HTTP 200, was {status}")


def _no_answer(method: str, error: RequestException, lost: type[TigerRequestError]) -> TigerError:
    cause = error.__context__
    if isinstance(cause, NotConnectedError):
        return UnreachableError(f"{method}: {cause} to Tiger, nothing was sent")
    if "request sign failed" in str(error):
        return TigerDeniedError(method, 0, "the private key cannot sign; nothing was sent")
    what = "in time" if isinstance(cause, TimeoutError) else "before the connection broke"
    return lost(f"{method}: no answer {what}")
