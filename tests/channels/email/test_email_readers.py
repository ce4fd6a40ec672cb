"""The children that read mails: few, shared, pipelined; the mail that ends one harms nobody else."""

from __future__ import annotations

import asyncio
import os
import signal
from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from channels.email.answers import packed, unpacked
from channels.email.parser import MOST, Parser
from channels.email.reader import Child, Job
from channels.email.reading import read_events
from channels.errors import Unreadable
from channels.message import Inbound

OWN = "support@shop.example"

_HEAD = b"From: Ana <ana@people.example>\r\nTo: Shop <support+abc@shop.example>, b@x.example\r\nCc: c@x.example\r\n"
_CALENDAR = b"BEGIN:VCALENDAR\r\nBEGIN:VEVENT\r\nUID:1\r\nDTSTART:20260310T120000Z\r\nEND:VEVENT\r\nEND:VCALENDAR\r\n"
MAILS = {
    "plain": _HEAD + b"Reply-To: d@x.example\r\nDate: Tue, 10 Mar 2026 12:00:00 +0100\r\n\r\nhello\r\n",
    "files": _HEAD + b"Content-Type: image/png; name=a.png\r\nContent-ID: <1@x>\r\n\r\n\x89PNG\r\n",
    "calendar": _HEAD + b"Content-Type: text/calendar; method=REQUEST\r\n\r\n" + _CALENDAR,
    "bounce": b"From: MAILER-DAEMON@x.example\r\nReturn-Path: <>\r\nContent-Type: message/delivery-status\r\n\r\n"
    b"Reporting-MTA: dns; x.example\r\n\r\nFinal-Recipient: rfc822; a@b.example\r\nAction: failed\r\nStatus: 5.1.1\r\n",
}


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
    pids = [int(pid) for task in tasks for pid in content(task / "children").split()]
    return [pid for pid in pids if b"channels.email.child" in content(Path(f"/proc/{pid}/cmdline"))]


def content(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError:  # the thread or the process has just ended
        return b""


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


async def test_mails_that_wait_behind_one_that_takes_long_get_another_child(parser: Parser) -> None:
    await parser.parse(mail(0))
    (child,) = children()
    os.kill(child, signal.SIGSTOP)
    reading = [asyncio.ensure_future(parser.parse(mail(n))) for n in range(40)]
    await reading[-1]
    assert not reading[0].done()
    os.kill(child, signal.SIGCONT)
    assert len(await asyncio.gather(*reading)) == 40


async def test_two_mailboxes_share_the_children_and_the_last_one_to_close_ends_them(parser: Parser) -> None:
    other = Parser("sales@shop.example")
    await asyncio.gather(*(one.parse(mail(n)) for n in range(50) for one in (parser, other)))
    assert len(children()) <= min(MOST, os.cpu_count() or 1)
    await other.close()
    assert await subject(parser, mail(1)) == "1"
    await parser.close()
    assert children() == []


async def test_a_child_that_is_killed_is_started_again_and_its_mail_is_read_once_more(parser: Parser) -> None:
    await parser.parse(mail(0))
    (child,) = children()
    os.kill(child, signal.SIGKILL)
    assert await subject(parser, mail(1)) == "1"
    assert await subject(parser, mail(2)) == "2"


async def test_a_mail_over_which_a_second_child_dies_is_given_up_for_good() -> None:
    reader, job = Child("events"), Job(mail(0), OWN, asyncio.get_running_loop().create_future())
    reading = asyncio.create_task(reader.read([job]))
    killed: set[int] = set()
    while not reading.done():
        for pid in {*children()} - killed:
            os.kill(pid, signal.SIGKILL)
            killed.add(pid)
        await asyncio.sleep(0)
    assert len(killed) == 2
    error = job.answer.exception()
    assert isinstance(error, Unreadable)
    assert not error.again


async def test_the_mails_in_the_hands_of_a_child_that_dies_are_all_read_by_the_next(parser: Parser) -> None:
    await parser.parse(mail(0))
    (child,) = children()
    os.kill(child, signal.SIGSTOP)
    reading = asyncio.gather(*(parser.parse(mail(n)) for n in range(40)))
    for _ in range(10):
        await asyncio.sleep(0)  # until they are in its hands
    os.kill(child, signal.SIGKILL)
    assert [event.provider_id for (event,) in await reading if isinstance(event, Inbound)] == [
        f"<{n}@x>" for n in range(40)
    ]


@pytest.mark.parametrize("name", ["plain", "files", "calendar", "bounce"])
def test_what_a_child_says_arrives_as_it_was_read(name: str) -> None:
    events = read_events(MAILS[name], OWN)
    assert unpacked(packed([events, events])) == [events, events]
