"""The children that read mails: few, shared, pipelined; the mail that ends one harms nobody else."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from channels.email.parser import MOST, Parser
from channels.errors import Unreadable
from channels.message import Inbound

OWN = "support@shop.example"


def mail(number: int) -> bytes:
    return b"From: ana@people.example\r\nSubject: %d\r\nMessage-ID: <%d@x>\r\n\r\nhello\r\n" % (number, number)


@pytest.fixture
async def parser() -> AsyncIterator[Parser]:
    parser = Parser(OWN)
    yield parser
    await parser.close()


def children() -> list[int]:
    """The processes that read for this one."""
    tasks = Path("/proc/self/task").iterdir()
    pids = [int(pid) for task in tasks for pid in (task / "children").read_text().split()]
    return [pid for pid in pids if b"channels.email.child" in Path(f"/proc/{pid}/cmdline").read_bytes()]


async def subject(parser: Parser, raw: bytes) -> str:
    (event,) = await parser.parse(raw)
    assert isinstance(event, Inbound)
    return event.subject


async def test_one_child_reads_many_mails_that_come_one_after_the_other(parser: Parser) -> None:
    assert [await subject(parser, mail(n)) for n in range(20)] == [str(n) for n in range(20)]
    assert len(children()) == 1


async def test_a_crowd_of_mails_is_answered_each_with_its_own_and_by_few_children(parser: Parser) -> None:
    found = await asyncio.gather(*(subject(parser, mail(n)) for n in range(300)))
    assert found == [str(n) for n in range(300)]
    assert 1 <= len(children()) <= min(MOST, os.cpu_count() or 1)


async def test_two_mailboxes_share_the_children_and_the_last_one_to_close_ends_them(parser: Parser) -> None:
    other = Parser("sales@shop.example")
    await asyncio.gather(*(one.parse(mail(n)) for n in range(50) for one in (parser, other)))
    assert len(children()) <= min(MOST, os.cpu_count() or 1)
    await other.close()
    assert await subject(parser, mail(1)) == "1"
    await parser.close()
    assert children() == []


async def test_a_child_that_dies_costs_the_mail_in_its_hands_and_is_started_again(parser: Parser) -> None:
    await parser.parse(mail(0))
    (child,) = children()
    os.kill(child, signal.SIGKILL)
    with pytest.raises(Unreadable):
        await parser.parse(mail(1))
    assert await subject(parser, mail(2)) == "2"


async def test_the_mails_behind_one_that_ends_the_child_are_read_all_the_same(parser: Parser) -> None:
    await parser.parse(mail(0))
    (child,) = children()
    os.kill(child, signal.SIGSTOP)
    reading = asyncio.gather(*(parser.parse(mail(n)) for n in range(40)), return_exceptions=True)
    for _ in range(10):
        await asyncio.sleep(0)  # until they are in its hands
    os.kill(child, signal.SIGKILL)
    failed = [one for one in await reading if isinstance(one, BaseException)]
    assert [type(one) for one in failed] == [Unreadable]
