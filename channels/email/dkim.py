"""Signing mail with DKIM (RFC 6376; Ed25519: RFC 8463), and the DNS record that lets others check it.

Written here because cryptography's RSA takes less than a millisecond, and the libraries that do the rest take fourteen.
The tests have dkimpy check every kind of mail that is signed.
"""

from __future__ import annotations

import hashlib
import re
from base64 import b64encode
from datetime import datetime
from typing import Annotated

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat, load_pem_private_key
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, SecretStr

from channels import address

Key = RSAPrivateKey | Ed25519PrivateKey

_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_SMALLEST_RSA = 2048  # RFC 8301 3.2: signers should use no less
# Each is named once more than it is there, so that nobody can add another (RFC 6376 8.15).
_SEALED = (
    *("from", "to", "cc", "reply-to", "subject", "date", "message-id"),
    *("mime-version", "content-type", "content-transfer-encoding"),
)
# Signed (and sealed) where present: a relay may add one of these to a mail that has none.
_SEALED_IF_THERE = (
    *("in-reply-to", "references", "auto-submitted", "list-id", "list-unsubscribe", "list-unsubscribe-post"),
    "feedback-id",
)
_BLANKS = re.compile(rb"[ \t]+")
_FIELD = re.compile(rb"([^:\r\n]+):((?:[^\r]|\r\n[ \t])*)\r\n")


def _signing_key(pem: SecretStr) -> SecretStr:
    _loaded(pem.get_secret_value())
    return pem


def _domain(text: str) -> str:
    return address.mail(f"x@{text}").partition("@")[2]


class Dkim(BaseModel):
    """`[channels.NAME.dkim]`. `key` is a private key in PEM; without `domain` it is that of the channel's address."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    selector: str = Field(pattern=rf"^{_LABEL}(?:\.{_LABEL})*$", max_length=63)
    domain: Annotated[str, AfterValidator(_domain)] | None = None
    key: Annotated[SecretStr, AfterValidator(_signing_key)]


class Signer:
    """Holds one key, read once."""

    def __init__(self, settings: Dkim, own: str) -> None:
        """`own` is the address that stands in From."""
        self._key = _loaded(settings.key.get_secret_value())
        self._selector, self.domain = settings.selector, settings.domain or own.rpartition("@")[2]
        self._algorithm = "rsa-sha256" if isinstance(self._key, RSAPrivateKey) else "ed25519-sha256"

    @property
    def record(self) -> tuple[str, str]:
        """The name and the content of the TXT record to publish (RFC 6376 3.6.1)."""
        public = self._key.public_key()
        if isinstance(self._key, RSAPrivateKey):
            kind, octets = "rsa", public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
        else:
            kind, octets = "ed25519", public.public_bytes(Encoding.Raw, PublicFormat.Raw)
        return f"{self._selector}._domainkey.{self.domain}", f"v=DKIM1; k={kind}; p={b64encode(octets).decode()}"

    def signed(self, mail: bytes, now: datetime) -> bytes:
        """The mail with a DKIM-Signature in front: relaxed/relaxed, over all header fields that a reader goes by."""
        head, _, body = mail.partition(b"\r\n\r\n")
        fields = [(name.lower(), value) for name, value in _FIELD.findall(head + b"\r\n")]
        covered = _covered([name.decode("ascii") for name, _ in fields])
        unsigned = (
            f" v=1; a={self._algorithm}; c=relaxed/relaxed; d={self.domain};\r\n s={self._selector};"
            f" t={int(now.timestamp())};\r\n h={_list(covered)};\r\n bh={_body_hash(body)};\r\n b="
        )
        signature = b64encode(self._sign(_signed_header(fields, covered) + _relaxed(b"dkim-signature", unsigned)))
        folded = "\r\n  ".join(signature[i : i + 72].decode() for i in range(0, len(signature), 72))
        return f"DKIM-Signature:{unsigned}{folded}\r\n".encode() + mail

    def _sign(self, data: bytes) -> bytes:
        if isinstance(self._key, RSAPrivateKey):
            return self._key.sign(data, padding.PKCS1v15(), SHA256())
        return self._key.sign(hashlib.sha256(data).digest())  # RFC 8463 3


def _loaded(pem: str) -> Key:
    """Raises ValueError, in words for whoever wrote the configuration."""
    try:
        key = load_pem_private_key(pem.encode(), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as e:
        raise ValueError("is no unencrypted private key in PEM (-----BEGIN PRIVATE KEY-----)") from e
    if isinstance(key, RSAPrivateKey) and key.key_size < _SMALLEST_RSA:
        raise ValueError(f"has {key.key_size} bits; make one of {_SMALLEST_RSA}")
    if not isinstance(key, RSAPrivateKey | Ed25519PrivateKey):
        raise ValueError("is neither an RSA nor an Ed25519 key; DKIM knows no other")
    return key


def _covered(present: list[str]) -> list[str]:
    """What `h=` names: every field that is there, and one more of each (RFC 6376 5.4.2)."""
    names = [*_SEALED, *(name for name in _SEALED_IF_THERE if name in present)]
    return [name for name in names for _ in range(present.count(name) + 1)]


def _list(names: list[str]) -> str:
    lines = [":".join(names[i : i + 3]) for i in range(0, len(names), 3)]
    return ":\r\n  ".join(lines)


def _signed_header(fields: list[tuple[bytes, bytes]], covered: list[str]) -> bytes:
    """Of fields with one name the lowest comes first; one that is named and not there counts as nothing."""
    values: dict[bytes, list[bytes]] = {}
    for name, value in fields:
        values.setdefault(name, []).append(value)
    names = (name.encode() for name in covered)
    return b"".join(_relaxed(name, values[name].pop()) + b"\r\n" for name in names if values.get(name))


def _relaxed(name: bytes, value: bytes | str) -> bytes:
    """RFC 6376 3.4.2, without the line end."""
    octets = value.encode() if isinstance(value, str) else value
    return name + b":" + _BLANKS.sub(b" ", octets.replace(b"\r\n", b"")).strip(b" ")


def _body_hash(body: bytes) -> str:
    """RFC 6376 3.4.4."""
    content = _BLANKS.sub(b" ", body).replace(b" \r\n", b"\r\n").removesuffix(b" ").rstrip(b"\r\n")
    return b64encode(hashlib.sha256(content + b"\r\n" if content else b"").digest()).decode()
