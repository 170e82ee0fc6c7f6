"""Where Tiger is, who we are, and how much we may ask: credentials, endpoints, limits."""

import base64
import binascii
import contextlib
import ipaddress
import os
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import SplitResult, urlsplit

import msgspec

from tiger_nt.errors import TigerConfigError

__all__ = ["Credentials", "Endpoints", "TigerConfig", "tiger_config"]

PROPERTIES_FILE = "tiger_openapi_config.properties"
LICENSES = ("TBNZ", "TBSG", "TBHK", "TBAU", "TBUS")
_PAPER_ACCOUNT_DIGITS = 17
_HINTED_LENGTH = 8
_LONGEST_TIMEOUT_S = 60.0
_LOCAL_HOSTS = ("localhost",)


class Credentials(msgspec.Struct, frozen=True, kw_only=True):
    """Who signs; never printed: its text form shows the last digits of the account only.

    Parameters
    ----------
    tiger_id, account : str
        Developer id and trading account.
    private_key : str
        RSA key as bare base64 of its DER form (PKCS#1 or PKCS#8).
    license : str, optional
        TBNZ, TBSG, TBHK, TBAU or TBUS; asked of Tiger when not given.
    token, secret_key : str, optional
        TBHK's two-factor token and the institutional trader's key.
    """

    tiger_id: str
    account: str
    private_key: str
    license: str | None = None
    token: str | None = None
    secret_key: str | None = None

    @property
    def is_paper(self) -> bool:
        """Whether the account is one of Tiger's paper accounts (17 digits or more)."""
        return self.account.isdigit() and len(self.account) >= _PAPER_ACCOUNT_DIGITS

    @property
    def account_hint(self) -> str:
        """The account's last four characters behind dots, fit for logs."""
        return f"…{self.account[-4:]}" if len(self.account) >= _HINTED_LENGTH else "…"

    def __repr__(self) -> str:
        return f"Credentials(account={self.account_hint})"

    __str__ = __repr__

    def __rich_repr__(self) -> list[tuple[str, Any]]:
        """Say no more to rich, which does not ask for the text form."""
        return [("account", self.account_hint)]


class Endpoints(msgspec.Struct, frozen=True, kw_only=True):
    """Where requests go; Tiger's own addresses when `server_url` is None.

    All of REST goes to `server_url`, quotes included: the SDK by itself would send quote requests
    to production when only the first was changed.

    Raises
    ------
    TigerConfigError
        For some of the addresses without the others, one on this machine and one elsewhere, or
        plain http to elsewhere.
    """

    server_url: str | None = None
    push_host: str | None = None
    push_port: int | None = None
    push_tls: bool = True

    def __post_init__(self) -> None:
        """Refuse what would split a login between this machine and another."""
        if self.server_url is None and self.push_host is None and self.push_port is None:
            return
        if self.server_url is None or self.push_host is None or self.push_port is None:
            raise TigerConfigError(
                "Expected the addresses of requests and push together or neither, was one: the "
                "other would go to Tiger's production host"
            )
        url = _url(self.server_url)
        if url is None:
            raise TigerConfigError(
                "server_url: Expected such as https://127.0.0.1:8443/gateway, "
                f"was {self.server_url!r}"
            )
        if _is_local(url.hostname) != _is_local(self.push_host):
            raise TigerConfigError(
                "Expected both addresses on this machine or neither, "
                f"was {url.hostname} for requests and {self.push_host} for the push"
            )
        if url.scheme == "http" and not _is_local(url.hostname):
            raise TigerConfigError(
                f"server_url: Expected https for {url.hostname}, was http, which is for a "
                "loopback address only"
            )

    @property
    def is_loopback(self) -> bool:
        """Whether nothing can leave this machine."""
        return self.server_url is not None and _is_local(urlsplit(self.server_url).hostname)


class TigerConfig(msgspec.Struct, frozen=True, kw_only=True):
    """One login at Tiger.

    Parameters
    ----------
    credentials, endpoints
        Who and where.
    server_public_key : str, optional
        Key that answers are verified with, bare base64; Tiger's own when None. Loopback only.
    timeout_s : float, default 5
        Of one request, up to 60; the SDK's 15 s are half of an emergency.
    calls_per_minute : mapping of str to int
        Limits of the account by REST method where they differ from Tiger's published ones.
    quote_symbols : int, optional
        Symbols that may be subscribed; asked of Tiger when None.
    """

    credentials: Credentials
    endpoints: Endpoints = Endpoints()
    server_public_key: str | None = None
    timeout_s: float = 5.0
    calls_per_minute: dict[str, int] = {}
    quote_symbols: int | None = None

    def __post_init__(self) -> None:
        """Refuse a timeout out of range and another answer key than Tiger's for Tiger."""
        if not 0 < self.timeout_s <= _LONGEST_TIMEOUT_S:
            raise TigerConfigError(
                f"timeout_s: Expected above 0 and up to {_LONGEST_TIMEOUT_S:.0f} s, "
                f"was {self.timeout_s}"
            )
        if self.server_public_key is not None and not self.endpoints.is_loopback:
            raise TigerConfigError(
                "server_public_key (TIGER_NT_PUBLIC_KEY): Expected with a loopback address only"
            )


def tiger_config(
    environment: Mapping[str, str] | None = None, properties: Path | None = None
) -> TigerConfig:
    """Read credentials and endpoints; raise TigerConfigError naming what is missing or unfit.

    The environment (``TIGEROPEN_*``, as the SDK knows them) goes before Tiger's properties file,
    which is `properties`, or the file or folder ``TIGEROPEN_PROPS_PATH`` names.
    """
    env = os.environ if environment is None else environment
    given = _properties(properties or _path(env.get("TIGEROPEN_PROPS_PATH")))

    def value(name: str) -> str | None:
        return env.get(f"TIGEROPEN_{name.upper()}") or given.get(name) or None

    key = value("private_key") or given.get("private_key_pk8") or given.get("private_key_pk1")
    wanted = {"tiger_id": value("tiger_id"), "account": value("account"), "private_key": key}
    missing = [name for name, text in wanted.items() if not text]
    if missing:
        names = ", ".join(f"TIGEROPEN_{name.upper()}" for name in missing)
        raise TigerConfigError(
            f"Expected Tiger credentials in the environment or in {PROPERTIES_FILE}, "
            f"was none for {names}"
        )
    license_ = value("license")
    if license_ is not None and license_ not in LICENSES:
        raise TigerConfigError(f"TIGEROPEN_LICENSE: Expected one of {LICENSES}, was {license_!r}")
    return TigerConfig(
        credentials=Credentials(
            tiger_id=str(wanted["tiger_id"]),
            account=str(wanted["account"]),
            private_key=_private_key(str(key)),
            license=license_,
            token=value("token"),
            secret_key=value("secret_key"),
        ),
        endpoints=_endpoints(value("server_url"), value("socket_host_port")),
        server_public_key=env.get("TIGER_NT_PUBLIC_KEY") or None,
    )


def _endpoints(server_url: str | None, push: str | None) -> Endpoints:
    if server_url is None and push is None:
        return Endpoints()
    if server_url is None or push is None:
        raise TigerConfigError(
            "Expected TIGEROPEN_SERVER_URL and TIGEROPEN_SOCKET_HOST_PORT together or neither, "
            "was one: the other would go to Tiger's production host"
        )
    parts = push.split(",")
    if len(parts) != 3 or parts[0] not in {"ssl", "tcp"} or not parts[2].strip().isdigit():
        raise TigerConfigError(
            f"TIGEROPEN_SOCKET_HOST_PORT: Expected such as ssl,127.0.0.1,9883, was {push!r}"
        )
    return Endpoints(
        server_url=server_url,
        push_host=parts[1].strip(),
        push_port=int(parts[2]),
        push_tls=parts[0] == "ssl",
    )


def _url(text: str) -> SplitResult | None:
    try:
        url = urlsplit(text)
        fits = url.scheme in {"http", "https"} and bool(url.hostname) and url.port != 0
    except ValueError:
        return None
    return url if fits else None


def _is_local(host: str | None) -> bool:
    if host is None:
        return False
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host in _LOCAL_HOSTS


def _path(text: str | None) -> Path | None:
    return None if text is None else Path(text)


def _properties(path: Path | None) -> dict[str, str]:
    if path is None:
        return {}
    file = path / PROPERTIES_FILE if path.is_dir() else path
    from jproperties import ParseError, Properties  # noqa: PLC0415 - only with a properties file

    read: Any = Properties()
    try:
        read.load(file.read_bytes(), "utf-8")
    except OSError as e:
        raise TigerConfigError(
            f"Expected a readable properties file, was {file}: {e.strerror}"
        ) from None
    except (ParseError, UnicodeDecodeError):
        raise TigerConfigError(f"Expected lines of name=value in UTF-8 in {file}") from None
    return {name: str(pair.data).strip() for name, pair in read.items()}


def _private_key(text: str) -> str:
    """Return the key as the SDK needs it; it may be a path, PEM of either kind, or base64.

    The SDK itself fails on a PKCS#8 PEM, and only when the first request is signed.
    """
    from cryptography.hazmat.primitives import serialization as form  # noqa: PLC0415
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey  # noqa: PLC0415

    material = text.encode()
    if "-----" not in text and len(text) < 500:
        with contextlib.suppress(OSError):
            material = Path(text).read_bytes().strip()
    # The key's numbers are not checked here: it takes 30 ms, which an emergency has not, and a key
    # that is no good signs what Tiger refuses, with advice.
    load: Any = form.load_der_private_key
    try:
        if material.startswith(b"-----"):
            load = form.load_pem_private_key
        else:
            material = base64.b64decode(material, validate=True)
        key = load(material, None, unsafe_skip_rsa_key_validation=True)
    except (ValueError, TypeError, binascii.Error):
        key = None
    if not isinstance(key, RSAPrivateKey):
        # The text itself stays out of the message: it may be the key with one letter wrong.
        raise TigerConfigError(
            "TIGEROPEN_PRIVATE_KEY: Expected an RSA private key without a password, as PEM, bare "
            "base64 or the path of a file with one, was something else"
        )
    der = key.private_bytes(
        form.Encoding.DER, form.PrivateFormat.TraditionalOpenSSL, form.NoEncryption()
    )
    return base64.b64encode(der).decode()
