"""Secrets that the hub must be able to read again, sealed under its own (AES-256-GCM, key by HKDF-SHA256, RFC 5869).

What is sealed for one subject opens for no other: a row copied over another row is worth nothing.
"""

from __future__ import annotations

import secrets
from collections.abc import Iterable

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives.ciphers.aead import AESGCM
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.kdf.hkdf import HKDF

_VERSION = b"\x01"
_NONCE = 12  # bytes; random, and a key seals far fewer than 2^32 times (NIST SP 800-38D 8.3)
_PURPOSE = b"contact-hub sealing 1"


class Sealer:
    """Seals with `secret`; opens what was sealed with it or with one of the `previous` ones."""

    def __init__(self, secret: bytes, *, previous: Iterable[bytes] = ()) -> None:
        self._keys = [AESGCM(_key(one)) for one in (secret, *previous)]

    def seal(self, subject: str, text: str) -> bytes:
        """Version, nonce, ciphertext with its tag."""
        nonce = secrets.token_bytes(_NONCE)
        return _VERSION + nonce + self._keys[0].encrypt(nonce, text.encode(), subject.encode())

    def open(self, subject: str, sealed: bytes) -> str | None:
        """What was sealed; None when it was changed, sealed for another subject or under a secret we do not have."""
        if sealed[:1] != _VERSION or len(sealed) < 1 + _NONCE:
            return None
        nonce, content = sealed[1 : 1 + _NONCE], sealed[1 + _NONCE :]
        for key in self._keys:
            try:
                return key.decrypt(nonce, content, subject.encode()).decode()
            except InvalidTag:
                continue
        return None


def _key(secret: bytes) -> bytes:
    return HKDF(algorithm=SHA256(), length=32, salt=None, info=_PURPOSE).derive(secret)
