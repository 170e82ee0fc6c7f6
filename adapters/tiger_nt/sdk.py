"""The SDK's configuration and clients, pinned: what it reads, where it sends, what it prints.

Left alone the SDK takes settings from the environment and from a file in the working directory,
asks a third host for its servers' names, follows redirects, repeats orders' connections and prints
signed requests. Here every one of these is settled by `TigerConfig` alone.
"""

import logging
import threading
import time
from collections import deque
from typing import Any

from tigeropen.common.util import web_utils
from tigeropen.quote.quote_client import QuoteClient
from tigeropen.tiger_open_client import TigerOpenClient
from tigeropen.tiger_open_config import (
    SERVER_URL,
    SOCKET_HOST_PORT,
    US_SERVER_URL,
    US_SOCKET_HOST_PORT,
    TigerOpenClientConfig,
)
from tigeropen.trade.trade_client import TradeClient
from urllib3 import PoolManager

from tiger_nt.config import TigerConfig
from tiger_nt.errors import TigerConfigError

__all__ = ["ServerClock", "drop_idle_connections", "quote_client", "sdk_config", "trade_client"]

_CONNECTIONS = 16
_SAMPLES = 16
_SILENT = logging.Logger("tigeropen", logging.CRITICAL + 1)  # outside of logging's tree
_pool_lock = threading.Lock()


class _PinnedConfig(TigerOpenClientConfig):  # type: ignore[misc]
    """The SDK's configuration without its other sources: no environment, no files."""

    def _load_env_vars(self) -> None:
        """Leave the environment alone; `tiger_config` has read what counts."""

    def _load_props(self) -> None:
        """Leave the working directory alone."""

    def load_token(self) -> None:
        """Leave the token file alone."""


def sdk_config(config: TigerConfig) -> Any:
    """Return the SDK's configuration for this login.

    With addresses in `config` nothing else can be reached. Without, Tiger is asked where this
    licence's servers are (up to a second, so call it off the event loop); its published addresses
    serve when it does not say.
    """
    sdk = _PinnedConfig(enable_dynamic_domain=False)
    who, where = config.credentials, config.endpoints
    sdk.tiger_id, sdk.account, sdk.license = who.tiger_id, who.account, who.license
    sdk.private_key, sdk.secret_key, sdk.token = who.private_key, who.secret_key or "", who.token
    sdk.timeout = config.timeout_s
    sdk.retry_max_tries = 0  # whether a call may be repeated is decided in calls.py
    if where.server_url is not None:
        tls = "ssl" if where.push_tls else "tcp"
        sdk.server_url = sdk.quote_server_url = where.server_url
        sdk.socket_host_port = (tls, where.push_host, where.push_port)
        if config.server_public_key is not None:
            sdk.tiger_public_key = config.server_public_key
        return sdk
    _use_own_pool()
    sdk.server_url = sdk.quote_server_url = US_SERVER_URL if sdk.is_us() else SERVER_URL
    sdk.socket_host_port = US_SOCKET_HOST_PORT if sdk.is_us() else SOCKET_HOST_PORT
    sdk.enable_dynamic_domain = True
    sdk.domain_conf = sdk.query_domains() or {}
    sdk.refresh_server_info()
    return sdk


class ServerClock:
    """Tiger's clock against ours, from the times in its answers; may be used from any thread.

    The answer that came back fastest of the last 16 tells best, as in NTP.
    """

    def __init__(self) -> None:
        self._samples: deque[tuple[float, float]] = deque(maxlen=_SAMPLES)

    def note(self, sent_s: float, received_s: float, server_ms: object) -> None:
        """Take the times of one call: ours in seconds, Tiger's in milliseconds, all UTC epoch."""
        if isinstance(server_ms, int) and server_ms > 0:
            middle_s = (sent_s + received_s) / 2
            self._samples.append((received_s - sent_s, server_ms / 1_000 - middle_s))

    @property
    def offset_s(self) -> float | None:
        """Tiger's time less ours, None before the first answer."""
        samples = list(self._samples)
        return min(samples)[1] if samples else None


class _Watched(TigerOpenClient):  # type: ignore[misc]
    """Sends to one address only, if told so, and notes the time of each answer.

    Stands between the SDK's two clients and their base, whose `execute` every call goes through.
    """

    clock: ServerClock

    def __init__(self, sdk: Any, logger: Any) -> None:
        self.pinned_url: str | None = None if sdk.enable_dynamic_domain else sdk.server_url
        self._sdk = sdk
        super().__init__(sdk, logger)

    def execute(self, request: Any, url: str | None = None) -> Any:
        target = url or self._sdk.server_url
        if self.pinned_url is not None and target != self.pinned_url:
            raise TigerConfigError(f"Expected requests to {self.pinned_url} only, was {target}")
        sent_s = time.time()
        answer = super().execute(request, target)
        self.clock.note(sent_s, time.time(), answer.get("timestamp"))
        return answer


class _Trade(TradeClient, _Watched):  # type: ignore[misc]
    def __init__(self, sdk: Any, clock: ServerClock) -> None:
        self.clock = clock
        super().__init__(sdk, _SILENT)


class _Quote(QuoteClient, _Watched):  # type: ignore[misc]
    def __init__(self, sdk: Any, clock: ServerClock) -> None:
        self.clock = clock
        super().__init__(sdk, _SILENT, is_grab_permission=False)  # type: ignore[call-arg]


def trade_client(sdk: Any, clock: ServerClock) -> Any:
    """Return a trade client; may ask Tiger for the licence, so call it off the event loop."""
    _use_own_pool()
    return _Trade(sdk, clock)


def quote_client(sdk: Any, clock: ServerClock) -> Any:
    """Return a quote client that leaves the right to quotes with the user's other devices."""
    _use_own_pool()
    return _Quote(sdk, clock)


def drop_idle_connections() -> None:
    """Close the connections that no call is using."""
    web_utils.http_pool.clear()


class _Pool(PoolManager):
    """Marks the SDK's connection pool as ours."""


def _use_own_pool() -> None:
    """Give the SDK's module a connection pool fit for several threads, once a process.

    Its own keeps one connection a host and throws the others away with a warning each; it connects
    up to four times and follows redirects, with orders too and to other hosts too.
    """
    with _pool_lock:
        if not isinstance(web_utils.http_pool, _Pool):
            web_utils.http_pool = _Pool(maxsize=_CONNECTIONS, retries=False)
