"""Mails that are read side by side: each is read as if it were alone."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from channels.email import parser, reading
from channels.email.steps import Steps, side_by_side
from channels.errors import Unreadable
from channels.message import Event
from tests.bench.letters import OWN, received

DEEP = b"".join(b'Content-Type: multipart/mixed; boundary="%d"\r\n\r\n--%d\r\n' % (n, n) for n in range(60))


def _alone(raw: bytes) -> Sequence[Event] | str:
    try:
        return reading.read_events(raw, OWN.value)
    except Unreadable as e:
        return str(e)


def test_side_by_side_each_mail_says_what_it_says_alone_and_a_bad_one_only_fails_itself() -> None:
    mails = [*received(7), b"", *received(12)[7:], DEEP, b"Subject: no body"]

    found = side_by_side([reading.steps(raw, OWN.value) for raw in mails])

    assert [str(one) if isinstance(one, Exception) else one for one in found] == [_alone(raw) for raw in mails]
    assert [type(one) for one in found if isinstance(one, Exception)] == [Unreadable, Unreadable]


async def test_a_child_that_is_given_many_mails_at_once_answers_each_of_them_in_its_own_words() -> None:
    mails = [*received(40), DEEP, *received(60)[40:], b"\r\n"]
    readers = parser.Readers("events", 1)
    try:
        answers = await asyncio.gather(*(readers.read(raw, OWN.value) for raw in mails), return_exceptions=True)
    finally:
        await readers.close()

    assert [str(one) if isinstance(one, Exception) else one for one in answers] == [_alone(raw) for raw in mails]


@pytest.mark.parametrize("error", [MemoryError, RecursionError, RuntimeError])
def test_what_one_mail_raises_does_not_keep_what_it_had_in_hand(error: type[Exception]) -> None:
    def failing() -> Steps[list[Event]]:
        yield
        raise error("too much")

    good, bad = side_by_side([reading.steps(received(1)[0], OWN.value), failing()])

    assert good == _alone(received(1)[0])
    assert isinstance(bad, error)
    assert bad.__traceback__ is None
