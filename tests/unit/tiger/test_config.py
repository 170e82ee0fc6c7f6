"""Credentials and addresses of one login: what is read, what is refused, what is never shown."""

import base64
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives import serialization as form
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from rich.pretty import pretty_repr

from tiger_nt.config import Credentials, Endpoints, TigerConfig, tiger_config
from tiger_nt.errors import TigerConfigError

KEY = rsa.generate_private_key(65537, 1024)
PKCS1, PKCS8 = form.PrivateFormat.TraditionalOpenSSL, form.PrivateFormat.PKCS8


def key_bytes(encoding: form.Encoding, layout: form.PrivateFormat) -> bytes:
    return KEY.private_bytes(encoding, layout, form.NoEncryption())


def bare(layout: form.PrivateFormat) -> str:
    return base64.b64encode(key_bytes(form.Encoding.DER, layout)).decode()


ENV = {
    "TIGEROPEN_TIGER_ID": "20159999",
    "TIGEROPEN_ACCOUNT": "87654321",
    "TIGEROPEN_PRIVATE_KEY": bare(PKCS1),
}
LOOPBACK = {
    "TIGEROPEN_SERVER_URL": "http://127.0.0.1:8080/gateway",
    "TIGEROPEN_SOCKET_HOST_PORT": "tcp,127.0.0.1,9883",
}


def without(name: str) -> dict[str, str]:
    return {key: value for key, value in ENV.items() if key != name}


@pytest.mark.parametrize("layout", [PKCS1, PKCS8], ids=["pkcs1", "pkcs8"])
def test_private_key_is_read_as_pem_base64_or_file_of_either_kind(
    layout: form.PrivateFormat, tmp_path: Path
) -> None:
    pem = key_bytes(form.Encoding.PEM, layout)
    (tmp_path / "key.pem").write_bytes(pem)
    (tmp_path / "key.txt").write_text(bare(layout) + "\n")
    texts = [pem.decode(), bare(layout), str(tmp_path / "key.pem"), str(tmp_path / "key.txt")]
    for text in texts:
        config = tiger_config(ENV | {"TIGEROPEN_PRIVATE_KEY": text})
        assert config.credentials.private_key == bare(PKCS1)


@pytest.mark.parametrize("name", ["private_key", "private_key_pk8", "private_key_pk1"])
def test_properties_file_serves_where_the_environment_is_silent(name: str, tmp_path: Path) -> None:
    file = tmp_path / "tiger_openapi_config.properties"
    file.write_text(
        f"tiger_id=1\naccount=12345678901234567\nlicense=TBSG\ntoken=T\nsecret_key=S\n"
        f"{name}={bare(PKCS8)}\nserver_url=https://127.0.0.1:1/gateway\n"
        "socket_host_port=ssl,127.0.0.1,2\n"
    )
    for config in (
        tiger_config({}, file),
        tiger_config({}, tmp_path),
        tiger_config({"TIGEROPEN_PROPS_PATH": str(tmp_path)}),
    ):
        assert config.credentials == Credentials(
            tiger_id="1",
            account="12345678901234567",
            private_key=bare(PKCS1),
            license="TBSG",
            token="T",
            secret_key="S",
        )
        assert config.endpoints == Endpoints(
            server_url="https://127.0.0.1:1/gateway", push_host="127.0.0.1", push_port=2
        )
    assert tiger_config(ENV, file).credentials.account == "87654321"


@pytest.mark.parametrize("name", sorted(ENV))
def test_missing_credential_is_named(name: str) -> None:
    with pytest.raises(TigerConfigError, match=f"was none for {name}$"):
        tiger_config(without(name))


def test_all_missing_credentials_are_named_at_once() -> None:
    with pytest.raises(
        TigerConfigError, match=r"TIGER_ID, TIGEROPEN_ACCOUNT, TIGEROPEN_PRIVATE_KEY$"
    ):
        tiger_config({})


def broken_keys() -> list[str]:
    curve = ec.generate_private_key(ec.SECP256R1())
    locked = KEY.private_bytes(
        form.Encoding.PEM, PKCS8, form.BestAvailableEncryption(b"password")
    ).decode()
    elliptic = curve.private_bytes(form.Encoding.PEM, PKCS8, form.NoEncryption()).decode()
    return ["/no/such/key.pem", bare(PKCS1)[:-9] + "A", locked, elliptic, "=" * 600]


@pytest.mark.parametrize("text", broken_keys(), ids=["path", "cut", "locked", "elliptic", "junk"])
def test_unfit_private_key_is_refused_without_being_shown(text: str) -> None:
    with pytest.raises(TigerConfigError, match="TIGEROPEN_PRIVATE_KEY: Expected an RSA") as refused:
        tiger_config(ENV | {"TIGEROPEN_PRIVATE_KEY": text})
    assert text not in str(refused.value)


def test_unknown_license_is_refused() -> None:
    with pytest.raises(
        TigerConfigError, match=r"TIGEROPEN_LICENSE: Expected one of .*, was 'TBXX'"
    ):
        tiger_config(ENV | {"TIGEROPEN_LICENSE": "TBXX"})


def test_missing_properties_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(TigerConfigError, match="Expected a readable properties file, was"):
        tiger_config(ENV, tmp_path / "none.properties")


def test_properties_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").write_bytes(b"\xff\xfe\x00=\x81")
    with pytest.raises(TigerConfigError, match="Expected lines of name=value in UTF-8 in"):
        tiger_config(ENV, tmp_path / "file")


@pytest.mark.parametrize("name", sorted(LOOPBACK))
def test_one_address_without_the_other_is_refused(name: str) -> None:
    with pytest.raises(TigerConfigError, match="together or neither, was one"):
        tiger_config(ENV | {name: LOOPBACK[name]})


@pytest.mark.parametrize(
    ("server_url", "push"),
    [
        ("http://127.0.0.1:8080/gateway", "ssl,openapi.tigerfintech.com,9883"),
        ("https://openapi.tigerfintech.com/gateway", "tcp,127.0.0.1,9883"),
        ("https://127.0.0.1@openapi.tigerfintech.com/gateway", "tcp,127.0.0.1,9883"),
        ("https://127.0.0.1.tigerfintech.com/gateway", "tcp,localhost,9883"),
    ],
)
def test_one_address_here_and_one_elsewhere_is_refused(server_url: str, push: str) -> None:
    addresses = {"TIGEROPEN_SERVER_URL": server_url, "TIGEROPEN_SOCKET_HOST_PORT": push}
    with pytest.raises(TigerConfigError, match="both addresses on this machine or neither"):
        tiger_config(ENV | addresses)


def test_plain_http_to_elsewhere_is_refused() -> None:
    addresses = {
        "TIGEROPEN_SERVER_URL": "http://openapi.tigerfintech.com/gateway",
        "TIGEROPEN_SOCKET_HOST_PORT": "ssl,openapi.tigerfintech.com,9883",
    }
    with pytest.raises(TigerConfigError, match=r"Expected https for openapi.tigerfintech.com"):
        tiger_config(ENV | addresses)


@pytest.mark.parametrize("push", ["127.0.0.1", "udp,127.0.0.1,1", "tcp,127.0.0.1,x", "a,b,c,d"])
def test_unreadable_push_address_is_refused(push: str) -> None:
    with pytest.raises(TigerConfigError, match="TIGEROPEN_SOCKET_HOST_PORT: Expected such as"):
        tiger_config(ENV | LOOPBACK | {"TIGEROPEN_SOCKET_HOST_PORT": push})


@pytest.mark.parametrize("url", ["127.0.0.1:80", "ftp://127.0.0.1", "http://", "http://[::1"])
def test_unreadable_server_url_is_refused(url: str) -> None:
    with pytest.raises(TigerConfigError, match="server_url: Expected such as"):
        tiger_config(ENV | LOOPBACK | {"TIGEROPEN_SERVER_URL": url})


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "[::1]", "127.8.9.10"])
def test_loopback_addresses_are_told(host: str) -> None:
    addresses = {
        "TIGEROPEN_SERVER_URL": f"http://{host}:1/gateway",
        "TIGEROPEN_SOCKET_HOST_PORT": f"tcp,{host.strip('[]')},2",
    }
    assert tiger_config(ENV | addresses).endpoints.is_loopback
    assert not tiger_config(ENV).endpoints.is_loopback


@pytest.mark.parametrize(
    "given",
    [
        {"push_host": "127.0.0.1", "push_port": 1},
        {"server_url": "http://127.0.0.1:1/gateway"},
        {"server_url": "http://127.0.0.1:1/gateway", "push_host": "127.0.0.1"},
    ],
)
def test_endpoints_made_by_hand_are_checked_too(given: dict[str, object]) -> None:
    with pytest.raises(TigerConfigError, match="together or neither"):
        Endpoints(**given)  # type: ignore[arg-type]


def test_answer_key_is_for_a_loopback_address_only() -> None:
    key = {"TIGER_NT_PUBLIC_KEY": "MIGf"}
    assert tiger_config(ENV | LOOPBACK | key).server_public_key == "MIGf"
    with pytest.raises(TigerConfigError, match=r"TIGER_NT_PUBLIC_KEY.*loopback address only"):
        tiger_config(ENV | key)


@pytest.mark.parametrize("seconds", [0.0, -1.0, 60.5])
def test_timeout_out_of_range_is_refused(seconds: float) -> None:
    config = tiger_config(ENV)
    with pytest.raises(TigerConfigError, match="timeout_s: Expected above 0 and up to 60 s"):
        TigerConfig(credentials=config.credentials, timeout_s=seconds)


def test_paper_account_is_known_by_its_length() -> None:
    def is_paper(account: str) -> bool:
        return tiger_config(ENV | {"TIGEROPEN_ACCOUNT": account}).credentials.is_paper

    assert is_paper("12345678901234567")
    assert not is_paper("12345678")
    assert not is_paper("U1234567890123456")


def test_no_text_form_shows_more_than_the_accounts_last_digits() -> None:
    env = ENV | {"TIGEROPEN_TOKEN": "TOKENTOKEN", "TIGEROPEN_SECRET_KEY": "SECRETKEY"}
    config = tiger_config(env)
    shown = repr(config) + str(config) + pretty_repr(config) + f"{config.credentials}"
    assert "…4321" in shown
    secrets = [*env.values(), config.credentials.private_key, config.credentials.private_key[:40]]
    assert [text for text in secrets if text in shown] == []


def test_hint_of_a_short_account_shows_none_of_it() -> None:
    credentials = msgspec.structs.replace(tiger_config(ENV).credentials, account="1234567")
    assert credentials.account_hint == "…"
