"""RSA keys as Tiger's protocol uses them, and a certificate for the push port, made at start."""

import base64
import binascii
import datetime as dt
import ipaddress
import ssl
import tempfile
from functools import cached_property
from pathlib import Path

from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec, padding, rsa
from cryptography.x509.oid import NameOID

__all__ = ["SigningKey", "server_tls"]


class SigningKey:
    """An RSA key pair that signs the way the protocol does: PKCS#1 v1.5 over SHA-1, base64."""

    def __init__(self) -> None:
        self._private = rsa.generate_private_key(public_exponent=65537, key_size=2048)
        self._public = self._private.public_key()

    @cached_property
    def private_text(self) -> str:
        """The private key as the SDK's configuration takes it: bare base64 of PKCS#1."""
        der = self._private.private_bytes(
            serialization.Encoding.DER,
            serialization.PrivateFormat.TraditionalOpenSSL,
            serialization.NoEncryption(),
        )
        return base64.b64encode(der).decode()

    @cached_property
    def public_text(self) -> str:
        """The public key as ``tiger_public_key`` takes it: bare base64."""
        der = self._public.public_bytes(
            serialization.Encoding.DER, serialization.PublicFormat.SubjectPublicKeyInfo
        )
        return base64.b64encode(der).decode()

    def sign(self, text: str) -> str:
        """Return the signature of `text`."""
        signature = self._private.sign(text.encode(), padding.PKCS1v15(), hashes.SHA1())  # noqa: S303
        return base64.b64encode(signature).decode()

    def verifies(self, text: str, signature: str) -> bool:
        """Return whether `signature` is this key's for `text`."""
        try:
            raw = base64.b64decode(signature, validate=True)
            self._public.verify(raw, text.encode(), padding.PKCS1v15(), hashes.SHA1())  # noqa: S303
        except (InvalidSignature, binascii.Error, ValueError):
            return False
        return True


def server_tls() -> ssl.SSLContext:
    """Return a server's TLS context with a new self-signed certificate for 127.0.0.1."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "127.0.0.1")])
    now = dt.datetime.now(dt.UTC)
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(x509.random_serial_number())
        .not_valid_before(now - dt.timedelta(days=1))
        .not_valid_after(now + dt.timedelta(days=30))
        .add_extension(
            x509.SubjectAlternativeName([x509.IPAddress(ipaddress.ip_address("127.0.0.1"))]),
            critical=False,
        )
        .sign(key, hashes.SHA256())
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    with tempfile.TemporaryDirectory() as folder:  # the ssl module reads keys from files only
        pem = Path(folder, "server.pem")
        pem.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM,
                serialization.PrivateFormat.PKCS8,
                serialization.NoEncryption(),
            )
            + certificate.public_bytes(serialization.Encoding.PEM)
        )
        context.load_cert_chain(pem)
    return context
