"""What is left of a mail that cannot be read: who, to whom, about what."""

from __future__ import annotations

import time

import pytest

from channels.email import masthead
from channels.email.reading import read_events
from channels.message import Inbound


def test_the_fields_that_tell_who_and_what_stay_and_the_rest_goes() -> None:
    raw = b"From x\nReceived: a\nFROM: =?utf-8?q?Zo=C3=AB?=\n <z@x.example>\nSubject: a\nSubject: b\nX-A: b\n\nBody"
    assert masthead.of(raw) == b"from: =?utf-8?q?Zo=C3=AB?= <z@x.example>\r\nsubject: a\r\n\r\n"


@pytest.mark.parametrize(
    "raw",
    [
        b"From: a@b.example\r\nSubject: " + b"=?utf-8?q?x?= " * 200_000 + b"\r\n\r\n",
        b"From: a@b.example\r\n" + b"X: y\r\n" * 500_000,
        b"From: a@b.example\r\nTo: " + b"a@b.example, " * 100_000,
        b"\n" * 3_000_000 + b"From: a@b.example\n\n",
        b"From: a@b.example\n" + b" \n" * 1_000_000,
    ],
    ids=["subject", "fields", "recipients", "blank lines", "folds"],
)
def test_whatever_the_mail_holds_its_masthead_is_small_and_can_be_read(raw: bytes) -> None:
    started = time.process_time()
    told = masthead.of(raw)
    assert len(told) < 100_000
    (word,) = read_events(told, "support@shop.example")
    assert isinstance(word, Inbound)
    assert word.sender.value == "a@b.example"
    assert time.process_time() - started < 3
