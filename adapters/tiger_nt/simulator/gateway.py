"""The REST side: one address, the method in the body, requests and answers signed."""

import asyncio
import json
import time
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any

from aiohttp import web

from tiger_nt.simulator.accounts import User
from tiger_nt.simulator.errors import (
    ACCESS,
    BIZ_PARAM,
    COMMON_PARAM,
    LIVE_ORDER,
    PAPER_ORDER,
    RATE_LIMIT,
    Refusal,
)
from tiger_nt.simulator.faults import FaultKind, Faults
from tiger_nt.simulator.keys import SigningKey
from tiger_nt.simulator.limits import PAPER_ORDER_CAP, CallLimits, SharedCap
from tiger_nt.simulator.logins import Logins

__all__ = ["Gateway"]

HTTP_OK = 200
HTTP_TOO_MANY = 429

type Method = Callable[[User, Any], Any]


class Gateway:
    """Tiger's gateway: checks who asks and how often, runs the method, signs the answer.

    Parameters
    ----------
    methods : mapping of str to callable
        What there is to be called, given the user and the request's content.
    key : SigningKey
        Signs the answers.
    limit_status : int, default 200
        HTTP status of an answer to one call too many: 200 with code 4 or 429 with code 5.
    shared_caps : tuple of SharedCap
        Caps over several methods that hold for all users, beside the one of paper accounts.
    """

    def __init__(
        self,
        methods: Mapping[str, Method],
        logins: Logins,
        key: SigningKey,
        faults: Faults,
        *,
        clock: Callable[[], int],
        limit_status: int = HTTP_OK,
        shared_caps: tuple[SharedCap, ...] = (),
    ) -> None:
        self.calls: Counter[str] = Counter()
        """How often each method was called, by whomever, refused calls included."""
        self._methods = methods
        self._logins = logins
        self._key = key
        self._faults = faults
        self._clock = clock
        self._limit_status = limit_status
        self._limits = {
            user.tiger_id: CallLimits(
                user.calls_per_minute,
                (*shared_caps, PAPER_ORDER_CAP) if user.is_paper else shared_caps,
            )
            for user in logins.users.values()
        }

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Answer one request."""
        try:
            params = json.loads(await request.read())
            method, signed_text = str(params["method"]), str(params["timestamp"])
        except (ValueError, KeyError, TypeError):
            refusal = Refusal(COMMON_PARAM, "common param error(invalid request)")
            return self._answer(self._refused(refusal), "")
        status, answer = self._execute(method, params)
        delay = self._faults.take(FaultKind.DELAY_RESPONSE, method)
        if delay is not None:
            await asyncio.sleep(delay.value)
        if self._faults.take(FaultKind.LOST_RESPONSE, method) and request.transport is not None:
            request.transport.abort()
        if self._faults.take(FaultKind.WRONG_SIGNATURE, method):
            signed_text += "?"
        return self._answer(answer, signed_text, status)

    def _execute(self, method: str, params: dict[str, Any]) -> tuple[int, dict[str, Any]]:
        self.calls[method] += 1
        try:
            user = self._user(params)
            limited = self._limit(user, method)
            if limited is not None:
                return limited
            data = self._run(user, method, params.get("biz_content"))
        except Refusal as refusal:
            return HTTP_OK, self._refused(refusal)
        return HTTP_OK, {"code": 0, "message": "success", "data": data}

    def _user(self, params: dict[str, Any]) -> User:
        signature = str(params.pop("sign", ""))
        user = self._logins.users.get(str(params.get("tiger_id")))
        if user is None:
            raise Refusal(COMMON_PARAM, "common param error(failed to get developer information)")
        content = "&".join(
            f"{name}={value if isinstance(value, str) else json.dumps(value, ensure_ascii=False)}"
            for name, value in sorted(params.items())
        )
        if not self._logins.verifies(user, content, signature):
            raise Refusal(
                COMMON_PARAM,
                "common param error(failed to verify signature, "
                "please make sure you use the correct rsa private key)",
            )
        return user

    def _limit(self, user: User, method: str) -> tuple[int, dict[str, Any]] | None:
        """Return the answer to one call too many, None for a call that may be."""
        limits = self._limits[user.tiger_id]
        text, status = limits.refusal(method, time.monotonic_ns()), self._limit_status
        fault = self._faults.take(FaultKind.RATE_LIMIT, method)
        if fault is not None:
            calls = limits.limit(method)
            text = f"current limiting interface:{method}, up to {calls} times per minute"
            status = HTTP_TOO_MANY if fault.value == HTTP_TOO_MANY else HTTP_OK
        if text is None:
            return None
        code = RATE_LIMIT if status == HTTP_TOO_MANY else ACCESS
        return status, {"code": code, "message": f"rate limit error({text})"}

    def _run(self, user: User, method: str, content: str | None) -> object:
        call = self._methods.get(method)
        if call is None:
            raise Refusal(
                COMMON_PARAM,
                "common param error(the current requested method does not support)",
            )
        if method == "place_order":
            rejected = self._faults.take(FaultKind.REJECT, method)
            if rejected is not None:
                code = PAPER_ORDER if user.is_paper else LIVE_ORDER
                raise Refusal(code, rejected.message or "bad_request:Order rejected")
        try:
            return call(user, json.loads(content or "{}"))
        except (KeyError, TypeError, ValueError) as error:
            raise Refusal(BIZ_PARAM, f"biz param error({error!r})") from error

    @staticmethod
    def _refused(refusal: Refusal) -> dict[str, Any]:
        return {"code": refusal.code, "message": refusal.text}

    def _answer(
        self, answer: dict[str, Any], signed_text: str, status: int = HTTP_OK
    ) -> web.Response:
        answer["timestamp"] = self._clock() // 1_000_000
        if signed_text:
            answer["sign"] = self._key.sign(signed_text)
        return web.json_response(answer, status=status)
