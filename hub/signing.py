"""Signed tokens for public links and for the addresses that mail comes back to. They hide nothing.

Every token is lower-case letters and digits only, and case does not matter: mail servers fold it, people retype it.
"""

from __future__ import annotations

import base64
import binascii
import functools
import hashlib
import hmac
from collections.abc import Iterable
from datetime import UTC, datetime
from uuid import UUID

_MAC = 16  # bytes
_SHORT_MAC = 10  # bytes; a UUID and this are 42 characters, so `support+` and more fit into 64 (RFC 5321 §4.5.3.1.1)
_EXPIRY = 5  # bytes, seconds since 1970; zero means never
_MESSAGE = "message"
_LINK = 35  # characters of a link's token
CODE = 12  # characters of a short code


class Signer:
    """Signs with `secret`; reads what was signed with it or with one of the `previous` ones."""

    def __init__(self, secret: bytes, *, previous: Iterable[bytes] = ()) -> None:
        secrets = (secret, *previous)
        if any(len(one) < 16 for one in secrets):
            raise ValueError("A signing secret needs at least 16 bytes. `openssl rand -hex 32` makes one")
        self._keys = [hashlib.blake2b(one).digest() for one in secrets]  # of any length: keys have at most 64 bytes
        self._begun: dict[tuple[str, int], hashlib.blake2b] = {}  # purposes are few, and words of ours

    def sign(self, purpose: str, value: str, *, expires: datetime | None = None) -> str:
        """A token that only `read` with the same purpose understands, until `expires` (aware)."""
        moment = 0 if expires is None else max(1, int(_aware(expires).timestamp()))
        payload = moment.to_bytes(_EXPIRY, "big") + value.encode()
        return _spell(payload + self._mac(purpose, payload, _MAC))

    def read(self, purpose: str, token: str, *, now: datetime) -> str | None:
        """The signed value, or None when the token is forged, expired, or meant for something else."""
        payload = self._verified(purpose, token, _MAC)
        if payload is None or len(payload) < _EXPIRY:
            return None
        moment = int.from_bytes(payload[:_EXPIRY], "big")
        if moment and _aware(now).timestamp() >= moment:
            return None
        return payload[_EXPIRY:].decode()

    def message_token(self, message: UUID) -> str:
        """42 characters that travel out with a message and come back with its answer, bounce or receipt."""
        said = message.bytes
        return _spell(said + self._mac(_MESSAGE, said, _SHORT_MAC))

    def read_message_token(self, token: str) -> UUID | None:
        payload = self._verified(_MESSAGE, token, _SHORT_MAC)
        return UUID(bytes=payload) if payload is not None and len(payload) == 16 else None

    def link_token(self, purpose: str, message: UUID, about: str = "") -> str:
        """35 characters: a message, signed together with what travels beside the token in plain sight. Nobody retypes
        it, so case matters: made for every link of a campaign, it is spelled in the fastest way."""
        said = message.bytes
        raw = said + self._mac(purpose, said + about.encode(), _SHORT_MAC)
        return binascii.b2a_base64(raw, newline=False).translate(_IN_LINKS, b"=").decode()

    def read_link_token(self, purpose: str, token: str, about: str = "") -> UUID | None:
        """The message, when the token was signed for this purpose together with `about`, to the letter."""
        try:
            raw = base64.urlsafe_b64decode(f"{token}=") if len(token) == _LINK else b""
        except ValueError:
            return None
        if len(raw) != 16 + _SHORT_MAC or base64.urlsafe_b64encode(raw).rstrip(b"=").decode() != token:
            return None
        macs = self._macs(purpose, raw[:16] + about.encode(), _SHORT_MAC)
        genuine = [hmac.compare_digest(raw[16:], mac) for mac in macs]
        return UUID(bytes=raw[:16]) if any(genuine) else None

    def code(self, purpose: str, message: UUID, about: str) -> str:
        """12 characters, 60 bits, that nobody can guess: a name under which something is kept."""
        return _spell(self._mac(purpose, message.bytes + about.encode(), _MAC))[:CODE]

    def _verified(self, purpose: str, token: str, length: int) -> bytes | None:
        raw = _unspell(token)
        if raw is None or len(raw) <= length:
            return None
        payload, given = raw[:-length], raw[-length:]
        genuine = [hmac.compare_digest(given, mac) for mac in self._macs(purpose, payload, length)]
        return payload if any(genuine) else None

    def _mac(self, purpose: str, payload: bytes, length: int) -> bytes:
        """By the present secret: BLAKE2 with a key (RFC 7693), a third of HMAC's price. The lengths are signed too, so
        no purpose or kind of token can pass for another."""
        begun = self._begun.get((purpose, length))
        if begun is None:
            begun = self._begun[purpose, length] = _begin(self._keys[0], purpose, length)
        whole = begun.copy()
        whole.update(payload)
        return whole.digest()

    def _macs(self, purpose: str, payload: bytes, length: int) -> list[bytes]:
        """One per secret."""
        begun = [_begin(key, purpose, length) for key in self._keys]
        for one in begun:
            one.update(payload)
        return [one.digest() for one in begun]


def _begin(key: bytes, purpose: str, length: int) -> hashlib.blake2b:
    """What all that is signed for a purpose begins with."""
    said = purpose.encode()
    return hashlib.blake2b(bytes([length]) + len(said).to_bytes(2, "big") + said, key=key, digest_size=length)


def _aware(moment: datetime) -> datetime:
    if moment.tzinfo is None:
        raise ValueError("A token's time needs a time zone")
    return moment.astimezone(UTC)


# RFC 4648 §6 in lower case without padding, by way of Python's own numbers to base 32: callbacks come in floods, and
# each brings a token. Whatever is no letter of ours becomes one of nobody's.
_READ = bytes.maketrans(
    b"abcdefghijklmnopqrstuvwxyz234567ABCDEFGHIJKLMNOPQRSTUVWXYZ",
    b"0123456789abcdefghijklmnopqrstuv0123456789abcdefghijklmnop",
)
_FOREIGN = bytes(set(range(128)) - set(b"abcdefghijklmnopqrstuvwxyz234567ABCDEFGHIJKLMNOPQRSTUVWXYZ"))
# What base64 writes for numbers below 32.
_SPELT = bytes.maketrans(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdef", b"abcdefghijklmnopqrstuvwxyz234567")
_IN_LINKS = bytes.maketrans(b"+/", b"-_")  # RFC 4648 5


@functools.lru_cache(maxsize=64)
def _steps(length: int) -> tuple[int, tuple[tuple[int, int], ...], int]:
    """How so many bytes are spread to six bits for each five: bits to add first; by how much to move which bits, the
    upper half of all groups first, then that of each half; and how many bytes come out."""
    groups = -(-length * 8 // 5)
    room = 1 << (groups - 1).bit_length()
    steps, half = list[tuple[int, int]](), room // 2
    while half:
        upper = sum(((1 << 5 * half) - 1) << 6 * 2 * half * place + 5 * half for place in range(room // (2 * half)))
        steps.append((half, upper))
        half //= 2
    return groups * 5 - length * 8, tuple(steps), groups


def _spell(raw: bytes) -> str:
    """Python writes base32 letter by letter, and base64 at once: so each five bits get a sixth."""
    spare, steps, groups = _steps(len(raw))
    number = int.from_bytes(raw, "big") << spare
    for shift, upper in steps:
        high = number & upper
        number += (high << shift) - high
    missing = -groups % 4
    written = binascii.b2a_base64((number << 6 * missing).to_bytes((groups + missing) * 6 // 8, "big"), newline=False)
    return written[:groups].translate(_SPELT).decode()


def _unspell(token: str) -> bytes | None:
    """The bytes of a token in its one canonical spelling (case apart); None for anything else."""
    if not token or not token.isascii():  # some letters beyond ASCII fold into it
        return None
    spelt = token.encode().translate(_READ, _FOREIGN)
    if len(spelt) != len(token):
        return None
    spare = len(token) * 5 % 8
    number = int(spelt, 32)
    if spare >= 5 or number & ((1 << spare) - 1):  # a letter too many, or bits that mean nothing
        return None
    return (number >> spare).to_bytes(len(token) * 5 // 8, "big")
