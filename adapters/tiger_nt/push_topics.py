"""What is to be subscribed, and which requests for it await their answer."""

import json
from collections.abc import Iterable, Iterator
from enum import StrEnum
from typing import Any

import msgspec
from tigeropen.common.consts.push_types import ResponseType
from tigeropen.push.pb.SocketCommon_pb2 import SocketCommon
from tigeropen.push.pb.util import ProtoMessageUtil

from tiger_nt.symbols import is_option, option_terms, tiger_symbol

__all__ = ["ANSWERS", "Answer", "Refusal", "Topic", "Topics"]

BATCH = 50
"""Symbols in one request."""
_QUOTA, _PERMISSION = "only subscribe to", "permission"
"""In the text of refusals for the quota and for a missing entitlement."""
_ACCOUNT_NEWS = (
    SocketCommon.OrderStatus,
    SocketCommon.OrderTransaction,
    SocketCommon.Position,
    SocketCommon.Asset,
)
ANSWERS = frozenset(
    {ResponseType.GET_SUBSCRIBE_END.value, ResponseType.GET_CANCEL_SUBSCRIBE_END.value}
)
"""Codes of frames that answer a subscription; what they say of it is in their text."""


class Topic(StrEnum):
    """Kinds of market data."""

    QUOTES = "quotes"
    TICKS = "ticks"


class Refusal(msgspec.Struct, frozen=True):
    """A subscription Tiger refused; without a topic it is one to news of the account (`what`)."""

    what: str
    topic: Topic | None
    symbols: list[str]
    code: int
    reason: str


class Answer(msgspec.Struct, frozen=True):
    """What an answer says: what is refused for good, if anything, and what to ask for next."""

    refusal: Refusal | None = None
    requests: list[Any] = []


class _Asked(msgspec.Struct, frozen=True):
    """A request that awaits its answer; `rest` is to be asked for when it is agreed to."""

    what: str
    symbols: list[str] = []
    rest: list[str] = []


class Topics:
    """Wanted subscriptions by engine symbol, in the order asked for; loop thread only."""

    def __init__(self, account: str) -> None:
        self._account = account
        self._wanted: dict[Topic, dict[str, None]] = {topic: {} for topic in Topic}
        self._pending: dict[int, _Asked] = {}

    def want(self, topic: Topic, symbols: Iterable[str]) -> list[str]:
        """Note the symbols as wanted and return those that are new.

        Raises SymbolError for one that Tiger has no name for; then none is noted.
        """
        names = list(symbols)
        for name in names:
            _tiger_name(name)
        wanted = self._wanted[topic]
        new = [name for name in dict.fromkeys(names) if name not in wanted]
        wanted.update(dict.fromkeys(new))
        return new

    def drop(self, topic: Topic, symbols: Iterable[str]) -> list[str]:
        """Forget the symbols and return those that were wanted."""
        wanted = self._wanted[topic]
        known = [name for name in dict.fromkeys(symbols) if name in wanted]
        for name in known:
            del wanted[name]
        return known

    def subscribe(self, topic: Topic, symbols: list[str]) -> Iterator[Any]:
        """Yield the requests to send for these symbols.

        Options and others go apart, for they need different entitlements.
        """
        for kind in (False, True):
            alike = [name for name in symbols if is_option(name) == kind]
            for first in range(0, len(alike), BATCH):
                yield self._request(topic, alike[first : first + BATCH], [])

    def unsubscribe(self, topic: Topic, symbols: list[str]) -> Iterator[Any]:
        """Yield the requests to send to hear no more of these symbols."""
        build = {
            Topic.QUOTES: ProtoMessageUtil.build_unsubscribe_quote_message,
            Topic.TICKS: ProtoMessageUtil.build_unsubscribe_tick_quote_message,
        }[topic]
        if symbols:  # a request without symbols would end all subscriptions
            yield build([_tiger_name(name) for name in symbols])

    def everything(self) -> Iterator[Any]:
        """Yield the requests for all that is wanted; on a new connection nothing is subscribed."""
        self._pending.clear()
        for data_type in _ACCOUNT_NEWS:
            request = ProtoMessageUtil.build_subscribe_trade_message(data_type, self._account)
            self._pending[request.id] = _Asked(SocketCommon.DataType.Name(data_type))
            yield request
        for topic, wanted in self._wanted.items():
            yield from self.subscribe(topic, list(wanted))

    def answered(self, frame: Any) -> Answer:
        """Take an answer, which is of a whole request: one symbol too many refuses all of it.

        One that names no request is taken for the oldest one's refusal, for Tiger answers in turn.
        """
        code, text = _outcome(frame)
        request_id = frame.id or (next(iter(self._pending), 0) if code else 0)
        asked = self._pending.pop(request_id, None)
        if asked is None:
            return Answer()
        if asked.what not in Topic:
            refusal = Refusal(asked.what, None, [], code, text) if code else None
            return Answer(refusal)
        topic = Topic(asked.what)
        if not code:
            return Answer(None, self._ask(topic, asked.rest))
        refused, requests = self._refused(topic, asked, text)
        known = self.drop(topic, refused)
        refusal = Refusal(asked.what, topic, known, code, text) if known else None
        return Answer(refusal, requests)

    def _refused(self, topic: Topic, asked: _Asked, text: str) -> tuple[list[str], list[Any]]:
        """Return the symbols that are refused for good, and the requests for the others."""
        symbols = self._wanted_of(topic, asked.symbols)
        middle = len(symbols) // 2
        if len(symbols) > 1 and _QUOTA in text:
            # What came first is wanted most: only when half of it has a place, ask for the other.
            return asked.rest, self._ask(topic, symbols[:middle], symbols[middle:])
        if _QUOTA in text:
            return symbols + asked.rest, []
        if len(symbols) > 1 and _PERMISSION not in text:  # a single one may be to blame
            parts = (symbols[:middle], symbols[middle:], asked.rest)
            return [], [request for part in parts for request in self._ask(topic, part)]
        return symbols, self._ask(topic, asked.rest)

    def _ask(self, topic: Topic, symbols: list[str], rest: Iterable[str] = ()) -> list[Any]:
        symbols = self._wanted_of(topic, symbols)
        return [self._request(topic, symbols, list(rest))] if symbols else []

    def _wanted_of(self, topic: Topic, symbols: Iterable[str]) -> list[str]:
        return [name for name in symbols if name in self._wanted[topic]]

    def _request(self, topic: Topic, symbols: list[str], rest: list[str]) -> Any:
        build = {
            Topic.QUOTES: ProtoMessageUtil.build_subscribe_quote_message,
            Topic.TICKS: ProtoMessageUtil.build_subscribe_tick_quote_message,
        }[topic]
        request = build([_tiger_name(name) for name in symbols])
        self._pending[request.id] = _Asked(topic, symbols, rest)
        return request


def _tiger_name(symbol: str) -> str:
    return option_terms(symbol).tiger if is_option(symbol) else tiger_symbol(symbol)


def _outcome(frame: Any) -> tuple[int, str]:
    """Return code and text of an answer, 0 for one that agrees."""
    refused = 0 if frame.code in ANSWERS else frame.code
    try:
        said = json.loads(frame.msg)
        return int(said.get("code", refused)), str(said.get("message", frame.msg))
    except (ValueError, AttributeError, TypeError):
        return refused, frame.msg  # a refusal in plain words, or agreement without any
