"""The SDK's configuration and connections, pinned: what it reads, where it sends.

Left alone the SDK takes settings from the environment and from a file in the working directory,
asks a third host for its servers' names, follows redirects, repeats orders' connections and prints
signed requests. Here and in sdk_clients.py every one of these is settled by `TigerConfig` alone.
"""

import threading
from typing import Any

from tigeropen.common.util import web_utils
from tigeropen.tiger_open_config import (
    SERVER_URL,
    SOCKET_HOST_PORT,
    US_SERVER_URL,
    US_SOCKET_HOST_PORT,
    TigerOpenClientConfig,
)

from tiger_nt.config import TigerConfig
from tiger_nt.http_connections import HttpConnections

__all__ = ["drop_idle_connections", "sdk_config", "use_own_connections"]

_lock = threading.Lock()


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
    use_own_connections()
    sdk.server_url = sdk.quote_server_url = US_SERVER_URL if sdk.is_us() else SERVER_URL
    sdk.socket_host_port = US_SOCKET_HOST_PORT if sdk.is_us() else SOCKET_HOST_PORT
    sdk.enable_dynamic_domain = True
    sdk.domain_conf = sdk.query_domains() or {}
    sdk.refresh_server_info()
    return sdk


def drop_idle_connections() -> None:
    """Close the connections that no call is using."""
    web_utils.http_pool.clear()


def use_own_connections() -> None:
    """Have the SDK send by `HttpConnections`, once a process."""
    with _lock:
        if not isinstance(web_utils.http_pool, HttpConnections):
            web_utils.http_pool = HttpConnections()
