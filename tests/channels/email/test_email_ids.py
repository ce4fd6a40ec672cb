"""Message-IDs as they stand in a header: folded, damaged, and made to take long."""

from __future__ import annotations

import time

import pytest

from channels.email.mime import ids, read


def test_ids_are_told_each_once_without_what_folding_put_between() -> None:
    assert ids("<a@x> (text) <b\r\n @x>\t<a@x> <> <\0> <c\0@x>") == ("<a@x>", "<b@x>", "<c@x>")


@pytest.mark.parametrize("text", ["a " * 32_000, " " * 65_000, "<a " * 20_000, "<" * 65_000, "<" + " " * 65_000])
def test_a_header_of_64_kb_without_an_id_is_read_at_once(text: str) -> None:
    before = time.process_time()
    assert ids(text) == ()
    assert time.process_time() - before < 0.5


@pytest.mark.parametrize("stated", ["<%s@x>", "%s"])
def test_an_id_fits_into_an_index_whatever_its_letters_weigh(stated: str) -> None:
    """PostgreSQL's holds 2,700 bytes; a mail whose name does not fit could never be kept."""
    letters = "".join(chr(0x20000 + 37 * number % 40_000) for number in range(950))
    head = f"From: a@x.example\r\nMessage-ID: {stated % letters}\r\nIn-Reply-To: <{letters}@y>\r\n\r\nHi"
    mail = read(head.encode())
    assert mail.message_id
    assert all(len(one.encode()) <= 1_000 for one in (mail.message_id, *mail.in_reply_to))
