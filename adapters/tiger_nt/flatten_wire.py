"""Signed calls to Tiger with the SDK's signature and nothing else of it, for when seconds count.

The SDK's clients take 0.4 s to import, mostly pandas; this takes a tenth of that. The requests are
the SDK's to the letter (tests compare them), and whatever fails is told as `TigerRest` tells it.
"""

import base64
import contextlib
import datetime as dt
import http.client
import json
from typing import Any

from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.hashes import SHA1
from cryptography.hazmat.primitives.serialization import load_der_private_key
from tigeropen import __VERSION__
from tigeropen.common.util.signature_utils import get_sign_content, verify_with_rsa

from tiger_nt.config import TigerConfig
from tiger_nt.errors import (
    TigerError,
    TigerRequestError,
    TigerUnknownOutcomeError,
    UnreachableError,
)
from tiger_nt.http_connections import HttpAnswer, HttpConnections, NotConnectedError

__all__ = ["Wire"]

_OK = 200
_QUOTE_METHODS = frozenset({"option_brief"})


class Wire:
    """Makes calls of one login; may be used from any thread.

    Parameters
    ----------
    config : TigerConfig
        Who and where. Without addresses in it Tiger is asked where its servers are, and for the
        licence where that is not given either, as the SDK does; it may take a second or two.
    timeout_s : float
        Of connecting, and of each wait for data.

    Attributes
    ----------
    told_s : float
        Tiger's time in its newest answer, UTC epoch seconds; 0 before the first.
    """

    def __init__(self, config: TigerConfig, timeout_s: float) -> None:
        self._credentials = config.credentials
        self._timeout_s = timeout_s
        self.told_s = 0.0
        # The SDK would check the key's numbers first, for 30 ms.
        self._key: Any = load_der_private_key(
            base64.b64decode(config.credentials.private_key),
            None,
            unsafe_skip_rsa_key_validation=True,
        )
        self._device = _device_id()
        self._connections = HttpConnections()
        url, key = config.endpoints.server_url, config.server_public_key
        if url is not None and key is not None:
            self._urls, self._answer_key = (url, url), key
        else:
            self._find_servers(config)

    def ask(self, method: str, content: dict[str, Any] | None) -> Any:
        """Make a call that changes nothing; return its data.

        Raises
        ------
        TigerDeniedError, TigerLimitError, TigerRequestError
            As `TigerRest` does; the call is made once.
        """
        return self._call(method, content, changes=False)

    def change(self, method: str, content: dict[str, Any]) -> Any:
        """Make a call that places, modifies or cancels; return its data.

        Raises
        ------
        TigerUnknownOutcomeError
            Tiger may have done it.
        TigerDeniedError, TigerLimitError, UnreachableError
            It has not.
        """
        return self._call(method, content, changes=True)

    def _find_servers(self, config: TigerConfig) -> None:
        """Have the SDK say where the servers of this licence are, and of paper accounts."""
        from tiger_nt.sdk import sdk_config  # noqa: PLC0415 - imports half of the SDK

        sdk = sdk_config(config)
        self._urls, self._answer_key = (sdk.server_url, sdk.quote_server_url), sdk.tiger_public_key
        if sdk.license is None and config.endpoints.server_url is None:
            with contextlib.suppress(TigerError, KeyError, TypeError):
                sdk.license = self.ask("user_license", None)["license"]
            sdk.refresh_server_info()
            self._urls = sdk.server_url, sdk.quote_server_url

    def _call(self, method: str, content: dict[str, Any] | None, *, changes: bool) -> Any:
        url = self._urls[method in _QUOTE_METHODS]
        params = self._signed(method, content)
        status, body = self._post(method, url, json.dumps(params), changes=changes)
        if status != _OK:
            raise self._failure(method, None, f"invalid http status {status}", status, changes)
        try:
            answer = json.loads(body)
            code, data = answer["code"], answer.get("data")
            if isinstance(data, str):
                data = json.loads(data)
            sign, told_ms = answer.get("sign"), answer.get("timestamp")
        except (ValueError, KeyError, TypeError, AttributeError):
            raise _lost(changes)(f"{method}: the answer could not be read") from None
        if sign is not None and not self._verifies(params["timestamp"], str(sign)):
            raise self._failure(method, None, "response sign verify failed", None, changes)
        if isinstance(told_ms, int):
            self.told_s = max(self.told_s, told_ms / 1_000)
        if code != 0:
            raise self._failure(method, code, str(answer.get("message")), None, changes)
        return data

    def _signed(self, method: str, content: dict[str, Any] | None) -> dict[str, Any]:
        who = self._credentials
        params = {
            "method": method,
            "version": "2.0",
            "timestamp": f"{dt.datetime.now():%Y-%m-%d %H:%M:%S}",  # noqa: DTZ005 - as the SDK
            "tiger_id": who.tiger_id,
            "charset": "UTF-8",
            "sign_type": "RSA",
            "device_id": self._device,
        }
        if content is not None:
            params["biz_content"] = json.dumps(
                content, ensure_ascii=False, sort_keys=True, separators=(",", ":")
            )
        signed = self._key.sign(get_sign_content(params).encode(), PKCS1v15(), SHA1())  # noqa: S303
        return params | {"sign": base64.b64encode(signed).decode()}

    def _post(self, method: str, url: str, body: str, *, changes: bool) -> HttpAnswer:
        headers = {
            "Content-type": "application/json;charset=UTF-8",
            "Cache-Control": "no-cache",
            "Connection": "Keep-Alive",
            "User-Agent": f"openapi-python-sdk-{__VERSION__}",
        }
        if self._credentials.token:
            headers["Authorization"] = self._credentials.token
        try:
            return self._connections.request(
                "POST", url, body=body, headers=headers, timeout=self._timeout_s
            )
        except NotConnectedError as e:
            raise UnreachableError(f"{method}: {e}, nothing was sent") from None
        except TimeoutError:
            raise _lost(changes)(f"{method}: no answer in time") from None
        except (OSError, http.client.HTTPException):
            raise _lost(changes)(f"{method}: the connection broke before the answer") from None

    def _verifies(self, signed_text: str, sign: str) -> bool:
        try:
            return bool(verify_with_rsa(self._answer_key, signed_text.encode(), sign.encode()))
        except Exception:  # noqa: BLE001 - the SDK's verification raises anything
            return False

    def _failure(
        self, method: str, code: Any, text: str, status: int | None, changes: bool
    ) -> TigerError:
        from tigeropen.common.exceptions import ApiException, ResponseException  # noqa: PLC0415

        from tiger_nt.failures import failure, hiding  # noqa: PLC0415 - imports half of the SDK

        error = ResponseException(text, status=status) if code is None else ApiException(code, text)
        return failure(method, error, hiding(self._credentials), changes=changes)


def _lost(changes: bool) -> type[TigerRequestError]:
    return TigerUnknownOutcomeError if changes else TigerRequestError


def _device_id() -> str:
    """Return this machine's id as the SDK has it, on which Tiger's right to quotes depends."""
    try:
        from getmac import get_mac_address  # noqa: PLC0415 - as the SDK: where it is installed

        found = get_mac_address()
    except Exception:  # noqa: BLE001 - as the SDK
        found = None
    if found:
        return str(found)
    import uuid  # noqa: PLC0415

    return ":".join(f"{uuid.getnode():012x}"[i : i + 2] for i in range(0, 12, 2))
