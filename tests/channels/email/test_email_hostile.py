"""F13 and M8: whatever a mail does to the reader, it is parked within its limits and the next mail is read."""

from __future__ import annotations

import time
from collections.abc import AsyncIterator
from urllib.parse import quote

import pytest

from channels.email.parser import Parser
from channels.email.reading import read_events
from channels.errors import Unreadable
from channels.message import Inbound

HEAD = b"From: a@b.example\r\nTo: support@shop.example\r\nMessage-ID: <x@y>\r\n"
GOOD = HEAD + b"Subject: next\r\n\r\nhello\r\n"


def nested(depth: int) -> bytes:
    head = b"".join(b"Content-Type: multipart/mixed; boundary=b%d\r\n\r\n--b%d\r\n" % (i, i) for i in range(depth))
    return HEAD + head + b"\r\nx\r\n"


HOSTILE = {
    "10,000 parts": HEAD
    + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
    + b"--b\r\n\r\nx\r\n" * 10_000
    + b"--b--\r\n",
    "100,000 parts": HEAD
    + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n"
    + b"--b\r\n\r\nx\r\n" * 100_000
    + b"--b--\r\n",
    "depth 1,000": nested(1_000),
    "depth 10,000": nested(10_000),
    "a subject of 1.4 MB": HEAD + b"Subject: " + b"=?utf-8?q?=C5=BB?= " * 70_000 + b"\r\n\r\nx",
    "20,000 pieces of a name": HEAD
    + b"Content-Type: text/plain"
    + b"".join(b";\r\n name*%d*=%%41" % i for i in range(20_000))
    + b"\r\n\r\nx",
    "20,000 recipients": HEAD + b"Cc: " + b",\r\n ".join(b"a%d@b.example" % i for i in range(20_000)) + b"\r\n\r\nx",
    "30 MB": HEAD + b"\r\n" + b"x" * 30_000_000,
}
HARMLESS = {
    "((((": HEAD + b"Cc: " + b"(" * 60_000 + b"\r\n\r\nx",
    "<<<<": HEAD + b"Cc: " + b"<" * 60_000 + b"\r\n\r\nx",
    '""""': HEAD + b"Cc: " + b'"' * 60_000 + b"\r\n\r\nx",
    "\\\\": HEAD + b"Cc: " + b"\\" * 60_000 + b"\r\n\r\nx",
    "=?=?": HEAD + b"Subject: " + b"=?q?q?" * 10_000 + b"\r\n\r\nx",
    "forwards in forwards": HEAD + b"Content-Type: message/rfc822\r\n\r\n" * 3_000 + b"x",
    "a million newlines": HEAD + b"\r\n" + b"\r\n" * 1_000_000,
    "On and blanks": HEAD + b"\r\nOn " + b" " * 2_000_000,
    "open tags": HEAD + b"Content-Type: text/html\r\n\r\n" + b"<a " * 300_000,
    "open comments": HEAD + b"Content-Type: text/html\r\n\r\n" + b"<!--" * 250_000,
    "open styles": HEAD + b"Content-Type: text/html\r\n\r\n" + b"<style><p>" * 100_000,
    "brackets": HEAD + b"Content-Type: text/html\r\n\r\n" + b"<" * 1_000_000,
    "a report of lines": HEAD
    + b"Return-Path: <>\r\nSubject: Undeliverable\r\n\r\n"
    + b"a@b.example user unknown: From: x\r\n" * 50_000,
    "long words in a report": HEAD + b"Return-Path: <>\r\nSubject: Undeliverable\r\n\r\n" + b"user account " * 100_000,
}


@pytest.fixture
async def parser() -> AsyncIterator[Parser]:
    parser = Parser("support@shop.example")
    yield parser
    await parser.close()


@pytest.mark.parametrize("name", HOSTILE)
async def test_a_mail_over_the_limits_is_parked_and_the_next_one_is_read(name: str, parser: Parser) -> None:
    started = time.monotonic()
    with pytest.raises(Unreadable):
        await parser.parse(HOSTILE[name])
    (event,) = await parser.parse(GOOD)
    assert isinstance(event, Inbound)
    assert (event.subject, time.monotonic() - started < 15) == ("next", True)


@pytest.mark.parametrize("name", HARMLESS)
async def test_a_mail_that_was_made_to_be_slow_is_read_in_no_time(name: str, parser: Parser) -> None:
    await parser.parse(GOOD)
    started = time.monotonic()
    (*_, event) = await parser.parse(HARMLESS[name])
    assert isinstance(event, Inbound)
    assert time.monotonic() - started < 8


def test_an_address_of_kilobytes_is_cut_to_what_an_address_may_be() -> None:
    raw = (
        b"From: <"
        + b"x" * 5000
        + b"@evil.example>\r\nTo: support@meadow.example\r\nMessage-ID: <1@evil.example>\r\n\r\nhi"
    )
    (message,) = read_events(raw, "support@meadow.example")
    assert isinstance(message, Inbound)
    assert len(message.sender.value) == 254


def test_the_name_of_a_file_hides_nothing_and_turns_nothing_round() -> None:
    name = "x\u202egpj.\u200bexe"
    raw = (
        "From: a@b.example\r\nMIME-Version: 1.0\r\nContent-Type: application/octet-stream\r\n"
        f"Content-Disposition: attachment; filename*=utf-8''{quote(name)}\r\n\r\nhi"
    )
    (message,) = read_events(raw.encode(), "support@meadow.example")
    assert isinstance(message, Inbound)
    assert [file.name for file in message.attachments] == ["x_gpj._exe"]
