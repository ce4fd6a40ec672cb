"""DKIM (requirements U1, U4): what is signed here, dkimpy believes; what is changed on the way, it does not."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import dkim  # type: ignore[import-untyped]
import pytest
from cryptography.hazmat.primitives.asymmetric.dsa import generate_private_key as dsa_key
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from cryptography.hazmat.primitives.asymmetric.rsa import generate_private_key as rsa_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from pydantic import ValidationError

from channels.email.compose import compose
from channels.email.dkim import Dkim, Signer
from channels.message import Address, Attachment, Kind

Build = Callable[..., Any]
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
SHOP = Address(Kind.EMAIL, "support@shop.example", "The Shop")


def pem(key: Any) -> str:
    return str(key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode())


RSA, EDWARDS = pem(rsa_key(65537, 2048)), pem(Ed25519PrivateKey.generate())


def signer(key: str = RSA, **more: str) -> Signer:
    return Signer(Dkim.model_validate({"selector": "hub", "key": key, **more}), SHOP.value)


def holds(mail: bytes, by: Signer) -> bool:
    """As dkimpy sees it, with our record in its DNS."""
    name, record = by.record

    def dns(asked: bytes, timeout: int = 5) -> bytes | None:
        return record.encode() if asked.decode().rstrip(".") == name else None

    sent = mail if mail.endswith(b"\r\n") else mail + b"\r\n"  # SMTP knows no other end (RFC 5321 2.3.8)
    return bool(dkim.verify(sent, dnsfunc=dns))


@pytest.mark.parametrize("key", [RSA, EDWARDS], ids=["rsa", "ed25519"])
@pytest.mark.parametrize(
    "mail",
    [
        {},
        {"subject": "Żółć " * 60, "html": "<p>ż</p>", "unsubscribe_url": "https://hub.example/u/abc"},
        {"text": "ends in blank lines \t \n\n\n\n"},
        {"text": ""},
        {"text": " "},
        {"text": "\n\n"},
        {"text": " two  blanks\t\tand\ttabs \n.\n..dots\n"},
        {"text": "word " * 4000, "in_reply_to": "<a@x>", "references": tuple(f"<{n}@x>" for n in range(25))},
        {"html": "<p>x</p>", "attachments": (Attachment("ż.bin", "a/b", bytes(range(256)) * 40),)},
    ],
    ids=["plain", "folded", "trailing", "empty", "blank", "line ends", "spaces", "long", "file"],
)
def test_what_we_sign_is_believed(key: str, mail: dict[str, Any], outbound: Build) -> None:
    by = signer(key)
    assert holds(by.signed(compose(outbound(**mail), SHOP, NOW), NOW), by)


@pytest.mark.parametrize(
    "ending", [b"", b"\r\n", b"\r\n\r\n", b" \r\n \t\r\n", b"x", b"x ", b"x\r\n \r\n", b"\xc5\xbc\r\n"]
)
def test_any_end_of_a_body_is_hashed_as_others_do(ending: bytes) -> None:
    by = signer(EDWARDS)
    mail = b"From: a@shop.example\r\nSubject: 8 bits \xc5\xbc\r\n\tfolded  twice\r\n\r\n" + ending
    assert holds(by.signed(mail, NOW), by)


@hypothesis_settings(max_examples=100, deadline=None)
@given(st.lists(st.sampled_from([b"\r\n", b" ", b"\t", b"x", b".", b"\xff"]), max_size=12).map(b"".join))
def test_any_body_is_hashed_as_others_do(body: bytes) -> None:
    by = signer(EDWARDS)
    assert holds(by.signed(b"From: a@shop.example\r\nTo: b@x.example\r\n\r\n" + body, NOW), by)


@pytest.mark.parametrize(
    "added", ["Subject: other", "From: ceo@shop.example", "Reply-To: x@evil.example", "List-Unsubscribe: <https://e>"]
)
def test_a_field_that_somebody_adds_breaks_the_signature(added: str, outbound: Build) -> None:
    by = signer(EDWARDS)
    mail = by.signed(compose(outbound(unsubscribe_url="https://hub.example/u/abc"), SHOP, NOW), NOW)
    assert not holds(f"{added}\r\n".encode() + mail, by)


def test_both_fields_of_unsubscribing_are_covered(outbound: Build) -> None:
    signed = signer().signed(compose(outbound(unsubscribe_url="https://hub.example/u/abc"), SHOP, NOW), NOW)
    header = signed.partition(b"mime-version")[0] + signed.partition(b"mime-version")[2].partition(b"bh=")[0]
    assert b"list-unsubscribe:" in header
    assert b"list-unsubscribe-post" in header


def test_no_line_of_the_signature_is_long(outbound: Build) -> None:
    signed = signer().signed(compose(outbound(), SHOP, NOW), NOW)
    assert max(map(len, signed.partition(b"\r\nFrom:")[0].split(b"\r\n"))) <= 78


def test_a_domain_of_its_own_is_named(outbound: Build) -> None:
    by = signer(domain="BÜCHER.example")
    assert by.record[0] == "hub._domainkey.xn--bcher-kva.example"
    assert holds(by.signed(compose(outbound(), SHOP, NOW), NOW), by)


@pytest.mark.parametrize(
    ("key", "told"),
    [
        ("", "is no unencrypted private key in PEM"),
        ("-----BEGIN PRIVATE KEY-----\nxxxx\n-----END PRIVATE KEY-----", "is no unencrypted private key in PEM"),
        (pem(rsa_key(65537, 1024)), "has 1024 bits; make one of 2048"),
        (pem(dsa_key(1024)), "neither an RSA nor an Ed25519 key"),
    ],
    ids=["empty", "broken", "short", "dsa"],
)
def test_a_key_that_cannot_sign_is_named_when_the_configuration_is_read(key: str, told: str) -> None:
    with pytest.raises(ValidationError) as raised:
        Dkim.model_validate({"selector": "hub", "key": key})
    assert told in str(raised.value)
    assert "PRIVATE KEY-----\nx" not in str(raised.value)
