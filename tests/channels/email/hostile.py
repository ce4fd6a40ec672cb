"""Mails made to hurt whoever reads them (F13): name → the whole mail."""

from __future__ import annotations

import base64
from collections.abc import Callable, Mapping

HEAD = b"From: a@b.example\r\nTo: support@shop.example\r\nMessage-ID: <x@y>\r\nMIME-Version: 1.0\r\n"
ORDINARY = HEAD + b"Subject: next\r\n\r\nhello\r\n"


def _parts(number: int) -> bytes:
    return HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * number + b"--b--\r\n"


def _nested(depth: int) -> bytes:
    head = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (i, i) for i in range(depth))
    return HEAD + head + b"\r\nx\r\n"


def _file(media_type: bytes, content: bytes) -> bytes:
    encoded = base64.encodebytes(content)
    return HEAD + b"Content-Type: " + media_type + b"\r\nContent-Transfer-Encoding: base64\r\n\r\n" + encoded


def _calendar(line: bytes) -> bytes:
    return HEAD + b"Content-Type: text/calendar; method=REQUEST\r\n\r\nBEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\n" + line


_TNEF = b"\x78\x9f\x3e\x22\x01\x00"

HOSTILE: Mapping[str, Callable[[], bytes]] = {
    "10,000 parts": lambda: _parts(10_000),
    "100,000 parts": lambda: _parts(100_000),
    "depth 1,000": lambda: _nested(1_000),
    "depth 10,000": lambda: _nested(10_000),
    "3,000 mails in each other": lambda: HEAD + b"Content-Type: message/rfc822\r\n\r\n" * 3_000 + b"x",
    "a subject of 1.4 MB": lambda: HEAD + b"Subject: " + b"=?utf-8?q?=C5=BB?= " * 70_000 + b"\r\n\r\nx",
    "a subject of 60 kB": lambda: HEAD + b"Subject: " + b"=?utf-8?q?=C5=BB?= " * 3_000 + b"\r\n\r\nx",
    "20,000 pieces of a name": lambda: (
        HEAD + b"Content-Type: text/plain" + b"".join(b";\r\n name*%d*=%%41" % i for i in range(20_000)) + b"\r\n\r\nx"
    ),
    "20,000 recipients": lambda: (
        HEAD + b"Cc: " + b",\r\n ".join(b"a%d@b.example" % i for i in range(20_000)) + b"\r\n\r\nx"
    ),
    "((((": lambda: HEAD + b"Cc: " + b"(" * 5_000 + b"\r\n\r\nx",
    "((((, as long as a header may be": lambda: HEAD + b"Cc: " + b"(" * 65_000 + b"\r\n\r\nx",
    "a header line of 64 KB": lambda: HEAD + b"X-Long: " + b"x" * 65_000 + b"\r\nSubject: y\r\n\r\nx",
    "header lines of 64 KB": lambda: HEAD + (b"X-Long: " + b"x" * 65_000 + b"\r\n") * 100 + b"\r\nx",
    "a file of 100 MB": lambda: _file(b"application/octet-stream", b"\0" * 75_000_000),
    "a file of 18 MB": lambda: _file(b"application/octet-stream", b"\0" * 18_000_000),
    "TNEF of nothing": lambda: _file(b"application/ms-tnef", _TNEF),
    "TNEF that promises 4 GB": lambda: _file(
        b"application/ms-tnef", _TNEF + b"\x02\x05\x90\x06\x00\xff\xff\xff\xff" * 9
    ),
    "TNEF of zeros": lambda: _file(b"application/ms-tnef", _TNEF + b"\0" * 2_000_000),
    "TNEF of small things": lambda: _file(
        b"application/ms-tnef", _TNEF + b"\x02\x05\x90\x06\x00\x00\x00\x00\x00\x00\x00" * 200_000
    ),
    "an invitation of nothing": lambda: _calendar(b""),
    "an invitation with a million names": lambda: _calendar(b"ATTENDEE:mailto:a@b.example\r\n" * 300_000),
    "an invitation that folds for ever": lambda: _calendar(b"SUMMARY:x\r\n" + b" x\r\n" * 1_000_000),
    "an invitation with parameters": lambda: _calendar(b"DTSTART" + b';X="a"' * 300_000 + b":20260101T000000Z\r\n"),
    "invitations in invitations": lambda: _calendar(b"BEGIN:VEVENT\r\n" * 300_000),
    "a rule that never ends": lambda: _calendar(b"DTSTART:20260101T000000Z\r\nRRULE:FREQ=SECONDLY\r\nEND:VEVENT\r\n"),
    "open tags": lambda: HEAD + b"Content-Type: text/html\r\n\r\n" + b"<a " * 300_000,
    "quotations in quotations": lambda: HEAD + b"Content-Type: text/html\r\n\r\n" + b"<blockquote type=cite>" * 100_000,
    "a boundary of kilobytes": lambda: (
        HEAD + b'Content-Type: multipart/mixed; boundary="' + b"b" * 60_000 + b'"\r\n\r\n' + b"--b\r\n" * 100_000
    ),
    "uuencode without end": lambda: HEAD + b"\r\n" + b"begin 644 x\r\n" * 200_000,
    "escapes of another alphabet": lambda: (
        HEAD + b"Content-Type: text/plain; charset=iso-2022-jp\r\n\r\n" + b"\x1b$B\x1b(B" * 500_000
    ),
    "soft line ends": lambda: HEAD + b"Content-Transfer-Encoding: quoted-printable\r\n\r\n" + b"=\r\n" * 2_000_000,
}
