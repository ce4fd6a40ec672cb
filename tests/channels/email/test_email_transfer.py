"""Transfer encodings (RFC 2045 6, uuencode) as they come, whole or damaged."""

from __future__ import annotations

import base64
import binascii

import pytest

from channels.email import mime, transfer


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (b"SGVsbG8=", b"Hello"),
        (b"SGVs\r\nbG8=\r\n", b"Hello"),
        (b"SGVsbG8", b"Hello"),  # the padding is lost
        (b"SGVs=bG8=", b"Hello"[:2] + b"l" + b"lo"),  # padded in the middle
        (b"SGVsbG8=SGVsbG8=", b"HelloHello"),
        (b"S G\tV!s bG8=", b"Hello"),
        (b"SGVsbG8=S", b"Hello"),  # one character too many
        (b"", b""),
        (b"====", b""),
    ],
)
def test_base64_is_read_as_it_is_found(data: bytes, expected: bytes) -> None:
    assert transfer.unbase64(data) == expected


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (
            b"Now's the time =\r\nfor all folk to come=\r\n to the aid",
            b"Now's the time for all folk to come to the aid",
        ),
        (b"a=3Db", b"a=b"),
        (b"a=3db", b"a=b"),
        (b"soft = \r\nbreak", b"soft break"),  # blanks added on the way (rule 3)
        (b"line   \r\nnext", b"line\r\nnext"),
        (b"kept=20\r\nnext", b"kept \r\nnext"),
        (b"1=2 and =ZZ", b"1=2 and =ZZ"),
        (b"end=", b"end"),
    ],
)
def test_quoted_printable(data: bytes, expected: bytes) -> None:
    assert transfer.unquoted(data) == expected


@pytest.mark.parametrize("stated", ["base64", " BASE64 ", "base64;", '"base64"', "Base64 (of course)"[:6]])
def test_the_name_of_an_encoding_is_freed_from_what_stands_around_it(stated: str) -> None:
    assert transfer.named(stated) == "base64"


@pytest.mark.parametrize("stated", ["7-bit", "plain", "x-nothing", "8bit", ""])
def test_an_encoding_nobody_knows_leaves_the_body_as_it_is(stated: str) -> None:
    assert transfer.undone(b"a=3Db", transfer.named(stated)) == b"a=3Db"


def uuencoded(name: str, content: bytes, line_end: bytes = b"\r\n") -> bytes:
    lines = [binascii.b2a_uu(content[i : i + 45]).rstrip(b"\n") for i in range(0, len(content), 45)]
    return line_end.join([f"begin 644 {name}".encode(), *lines, b"`", b"end", b""])


CONTENT = bytes(range(256)) * 3


@pytest.mark.parametrize("line_end", [b"\r\n", b"\n"])
def test_uuencoded_files_within_a_text_become_attachments(line_end: bytes) -> None:
    words = b"Hello," + line_end * 2
    body = (
        words
        + uuencoded("my file.bin", CONTENT, line_end)
        + b"between"
        + line_end
        + uuencoded("b.bin", b"two", line_end)
    )
    read = mime.read(b"From: a@b.example" + line_end * 2 + body)
    assert [(file.name, file.content) for file in read.attachments] == [("my file.bin", CONTENT), ("b.bin", b"two")]
    assert read.text == "Hello,\n\nbetween\n"


def test_a_body_in_x_uuencode_is_one_file() -> None:
    head = b"Content-Type: application/pdf; name=a.pdf\r\nContent-Transfer-Encoding: x-uuencode\r\n\r\n"
    (file,) = mime.read(head + uuencoded("a.pdf", CONTENT)).attachments
    assert file.content == CONTENT


@pytest.mark.parametrize(
    "text",
    [
        "begin 644 of the story\r\nit was a dark night in the little town, and nobody knew\r\nend\r\n" + "x" * 99,
        "begin 644 x.bin\r\nM5G never ends",
        "we begin 644 things\r\n",
        "begin 999 x.bin\r\n`\r\nend\r\n",
    ],
)
def test_words_that_only_look_like_uuencode_stay_text(text: str) -> None:
    read = mime.read(b"From: a@b.example\r\n\r\n" + text.encode())
    assert (read.attachments, read.text) == ((), text.replace("\r\n", "\n"))


def test_a_text_that_says_base64_and_is_none_is_shown_and_kept_as_it_came() -> None:
    body = "Dear Ana, this was never encoded: see you on Monday!\r\n"
    raw = f"Content-Type: text/plain\r\nContent-Transfer-Encoding: base64\r\n\r\n{body}".encode()
    read = mime.read(raw)
    assert read.text == body.replace("\r\n", "\n")
    honest = mime.read(raw.replace(body.encode(), base64.encodebytes(body.encode())))
    assert (honest.text, honest.attachments) == (read.text, ())
