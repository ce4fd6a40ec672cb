"""winmail.dat: unpacked to its files, byte for byte, or kept as it came. The streams are built from [MS-OXTNEF]."""

from __future__ import annotations

import base64
import random
import struct
import time

import pytest

from channels.email import mime, tnef
from channels.message import Attachment

BODY, TITLE, DATA, RENDERING, ATTACHMENT, PROPERTIES, CODEPAGE, RECIPIENTS = (
    0x800C,
    0x8010,
    0x800F,
    0x9002,
    0x9005,
    0x9003,
    0x9007,
    0x9004,
)
LONG_NAME, CONTENT_ID, MIME_TAG, DATA_OBJECT, HTML = 0x3707, 0x3712, 0x370E, 0x3701, 0x1013
STRING, UNICODE, BINARY, OBJECT, LONGS = 0x1E, 0x1F, 0x102, 0x0D, 0x1003


def item(name: int, data: bytes, level: int = 1, kind: int = 6) -> bytes:
    return struct.pack("<BHHI", level, name, kind, len(data)) + data + struct.pack("<H", sum(data) & 0xFFFF)


def properties(*rows: tuple[int, int, bytes]) -> bytes:
    """MAPI properties of variable length: (type, id, value)."""
    out = struct.pack("<I", len(rows))
    for kind, name, value in rows:
        out += struct.pack("<HHII", kind, name, 1, len(value)) + value + b"\0" * (-len(value) % 4)
    return out


def attached(name: bytes, content: bytes, *rows: tuple[int, int, bytes]) -> bytes:
    parts = [
        item(RENDERING, b"\0" * 14, 2),
        item(TITLE, name + b"\0", 2),
        item(DATA, content, 2),
        item(ATTACHMENT, properties(*rows), 2) if rows else b"",
    ]
    return b"".join(parts)


def stream(*items: bytes) -> bytes:
    codepage = item(CODEPAGE, struct.pack("<II", 1252, 0))
    return b"\x78\x9f\x3e\x22" + b"\1\0" + codepage + b"".join(items) + b"\0\0"


def mail(content: bytes, text: str = "See the files.\r\n", kind: str = "application/ms-tnef") -> bytes:
    head = "From: ana@people.example\r\nTo: support@shop.example\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n"
    words = f"--b\r\nContent-Type: text/plain\r\n\r\n{text}\r\n"
    file = f"--b\r\nContent-Type: {kind}; name=winmail.dat\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    return (head + words + file).encode() + base64.encodebytes(content) + b"\r\n--b--\r\n"


PDF = bytes(range(256)) * 40 + b"\0\0\0"


def test_its_files_stand_among_the_mails_files_byte_for_byte_under_their_long_names() -> None:
    long_name = (UNICODE, LONG_NAME, "Rechnung März 2026.pdf\0".encode("utf-16-le"))
    packed = stream(attached(b"RECHNU~1.PDF", PDF, long_name), attached(b"a.txt", b"one\r\n"))
    read = mime.read(mail(packed))
    assert read.attachments == (
        Attachment("Rechnung März 2026.pdf", "application/pdf", PDF),
        Attachment("a.txt", "text/plain", b"one\r\n"),
    )
    assert read.text == "See the files.\n"


def test_a_picture_that_the_text_shows_keeps_its_content_id() -> None:
    rows = ((STRING, MIME_TAG, b"image/png\0"), (STRING, CONTENT_ID, b"p1@shop\0"))
    (file,) = mime.read(mail(stream(attached(b"p.png", b"PNG", *rows)))).attachments
    assert file == Attachment("p.png", "image/png", b"PNG", inline=True, content_id="p1@shop")


def test_its_words_are_shown_when_the_mail_has_no_others() -> None:
    packed = stream(item(PROPERTIES, properties((BINARY, HTML, b"<p>Hello</p>"))), attached(b"a.txt", b"one"))
    assert mime.read(mail(packed, text="")).html == "<p>Hello</p>"
    assert mime.read(mail(packed, text="Words")).html == ""
    assert mime.read(mail(stream(item(BODY, b"Caf\xe9\r\n\0")), text="")).text == "Café\n"


def test_the_files_of_a_message_within_the_message_are_not_lost() -> None:
    marker = b"\x07\x03\x02\x00\x00\x00\x00\x00\xc0\x00\x00\x00\x00\x00\x00\x46"
    inner = stream(item(BODY, b"Inside\0"), attached(b"in.txt", b"two"))
    packed = stream(attached(b"Forwarded", b"", (OBJECT, DATA_OBJECT, marker + inner)))
    files = mime.read(mail(packed)).attachments
    assert [(file.name, file.content) for file in files] == [("Forwarded.txt", b"Inside"), ("in.txt", b"two")]


@pytest.mark.parametrize(
    "content", [b"", b"no stream at all", b"\x78\x9f\x3e\x22\1\0", b"\x78\x9f\x3e\x22" + b"\xff" * 99]
)
def test_what_is_no_stream_stays_the_file_it_was(content: bytes) -> None:
    (file,) = mime.read(mail(content)).attachments
    assert (file.name, file.content) == ("winmail.dat", content)


def test_a_gateway_that_loses_the_type_leaves_the_name() -> None:
    packed = stream(attached(b"a.txt", b"one"))
    assert [file.name for file in mime.read(mail(packed, kind="application/octet-stream")).attachments] == ["a.txt"]


def test_the_names_in_it_leave_no_folder() -> None:
    packed = stream(attached(b"..\\..\\evil.exe", b"one"))
    assert [file.name for file in mime.read(mail(packed)).attachments] == ["evil.exe"]


LIES = {
    "four billion properties": stream(item(PROPERTIES, struct.pack("<I", 0xFFFFFFFF) + b"\x03\0\1\0abcd")),
    "four billion values": stream(
        item(PROPERTIES, struct.pack("<IHHI", 1, LONGS, 1, 0xFFFFFFFF) + b"abcd"), attached(b"a", b"b")
    ),
    "four billion recipients": stream(item(RECIPIENTS, struct.pack("<II", 0xFFFFFFFF, 0)), attached(b"a", b"b")),
    "a million objects": stream(*[item(0x8006, b"x")] * 60_000),
    "a length beyond the end": stream(struct.pack("<BHHI", 1, BODY, 6, 0xFFFFFFF0)),
}


@pytest.mark.parametrize("name", LIES)
def test_counts_that_are_lies_cost_nothing(name: str) -> None:
    started = time.process_time()
    tnef.unpacked(LIES[name])
    assert time.process_time() - started < 2


def test_streams_inside_streams_without_end_are_turned_away() -> None:
    marker = b"\x07\x03\x02\x00\x00\x00\x00\x00\xc0\x00\x00\x00\x00\x00\x00\x46"
    inner = stream(attached(b"a", b"b"))
    for _ in range(40):
        inner = stream(attached(b"x", b"", (OBJECT, DATA_OBJECT, marker + inner)))
    assert tnef.unpacked(inner) is None


def test_no_change_of_bytes_makes_it_raise() -> None:
    whole = stream(
        item(PROPERTIES, properties((BINARY, HTML, b"<p>Hello</p>"), (UNICODE, LONG_NAME, b"a\0b\0"))),
        attached(b"a.txt", b"one", (UNICODE, LONG_NAME, "ä.txt".encode("utf-16-le"))),
    )
    chance = random.Random(7)
    for _ in range(1_500):
        broken = bytearray(whole)
        for _ in range(chance.randint(1, 6)):
            broken[chance.randrange(len(broken))] = chance.randrange(256)
        tnef.unpacked(bytes(broken[: chance.randint(1, len(broken))]))
