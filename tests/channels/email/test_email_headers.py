"""Header blocks and encoded words (RFC 5322 2.2, RFC 2047), with the RFC's own examples."""

from __future__ import annotations

import pytest

from channels.email import headers
from channels.email.headers import words


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("=?ISO-8859-1?Q?a?=", "a"),
        ("=?ISO-8859-1?Q?a?= b", "a b"),
        ("=?ISO-8859-1?Q?a?= =?ISO-8859-1?Q?b?=", "ab"),
        ("=?ISO-8859-1?Q?a?=  =?ISO-8859-1?Q?b?=", "ab"),
        ("=?ISO-8859-1?Q?a?=\r\n     =?ISO-8859-1?Q?b?=", "ab"),
        ("=?ISO-8859-1?Q?a_b?=", "a b"),
        ("=?ISO-8859-1?Q?a?= =?ISO-8859-2?Q?_b?=", "a b"),
        (
            "=?ISO-8859-1?B?SWYgeW91IGNhbiByZWFkIHRoaXMgeW8=?=\r\n "
            "=?ISO-8859-2?B?dSB1bmRlcnN0YW5kIHRoZSBleGFtcGxlLg==?=",
            "If you can read this you understand the example.",
        ),
        ("=?iso-8859-1*en?q?caf=E9?=", "café"),  # RFC 2231 5
        ("=?utf-8?q?=C5?= =?utf-8?q?=BB?=", "Ż"),  # a character cut in two
        ("Re: =?utf-8?q?x?=y", "Re: xy"),
        ("=?utf-8?q?with blanks in it?=", "with blanks in it"),
        ("=?utf-8?x?nothing?=", "=?utf-8?x?nothing?="),
        ("=?utf-8?q?no end", "=?utf-8?q?no end"),
        ("=?x-unknown?q?caf=C3=A9?=", "café"),
        ("=?iso-2022-jp?B?GyRCJCIbKEI=?= =?iso-2022-jp?B?GyRCJCQbKEI=?=", "あい"),
        ("=?utf-8?q?nul=00nul?=", "nulnul"),
        ("=?utf-8?q?a=0D=0ABcc:_x?=", "a Bcc: x"),
        ("plain  with\tblanks", "plain with blanks"),
    ],
)
def test_encoded_words(value: str, text: str) -> None:
    assert words(value.encode()) == text


def test_raw_bytes_are_utf8_then_the_mails_charset_then_windows_1252() -> None:
    assert words("Zażółć".encode()) == "Zażółć"
    assert words("Привет".encode("koi8-r"), "koi8-r") == "Привет"
    assert words(b"caf\xe9") == "café"


def test_raw_chinese_bytes_are_told_from_western_ones() -> None:
    assert words("整体提升企业服务水平".encode("gb2312"), "iso-8859-1") == "整体提升企业服务水平"
    for western in ("Größe, Länge & Übermaß", "Ünïcödé", "À bientôt, élève", "ÄÖÜÄÖÜÄÖÜ", "¿Qué pasó?"):
        assert words(western.encode("latin-1")) == western
    for language, text in (("koi8-r", "Здравствуйте, это письмо"), ("cp1251", "ЗДРАВСТВУЙТЕ, ПИСЬМО")):
        assert words(text.encode(language)) == text.encode(language).decode("cp1252", "replace").replace("\ufffd", "")


def test_fields_are_unfolded_and_lines_that_are_none_are_passed_over() -> None:
    block = b"Subject: one\r\n two\r\n\tthree\r\nthis is no field\r\nX-Empty:\r\nFrom : a@b.example\r\nSubject: second"
    found = headers.parse(block)
    assert found.fields == (
        ("subject", b"one two\tthree"),
        ("x-empty", b""),
        ("from", b"a@b.example"),
        ("subject", b"second"),
    )
    assert (found.text("subject"), found.all("subject"), found.text("no-such")) == (
        "one two three",
        [b"one two\tthree", b"second"],
        "",
    )


@pytest.mark.parametrize(
    "front", ["", "\r\n\r\n", "From ana@people.example Mon Mar  2 10:00:00 2026\r\n", ">From x\r\n"]
)
@pytest.mark.parametrize("line_end", ["\r\n", "\n", "\r"])
def test_what_stands_before_the_header_is_skipped_whatever_the_line_ends(front: str, line_end: str) -> None:
    raw = f"{front}Subject: x\r\nTo: a@b.example\r\n\r\nbody\r\n\r\nmore".replace("\r\n", line_end).encode()
    if front.startswith(("From", ">")) and line_end == "\r":
        return  # an mbox has no such line ends
    block, body = headers.split(raw)
    assert (headers.parse(block).text("to"), body) == ("a@b.example", f"body{line_end}{line_end}more".encode())
