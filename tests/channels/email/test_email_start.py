"""Where a mailbox begins: what lies in it from before the start is no new work (decision 0022), against Dovecot."""

from __future__ import annotations

import asyncio
import imaplib
import time
from collections.abc import Callable
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from email.utils import format_datetime
from typing import Any

import pytest

from channels.adapter import Cursor, Raw
from tests.dovecot import PASSWORD, Dovecot

pytestmark = pytest.mark.dovecot
Build = Callable[..., Any]


def letter(name: str, written: datetime) -> bytes:
    return f"From: a@b.example\r\nSubject: {name}\r\nDate: {format_datetime(written)}\r\n\r\n{name}\r\n".encode()


class Box:
    """One user's INBOX, filled over IMAP: an APPEND says when a mail came."""

    def __init__(self, peer: Dovecot, user: str) -> None:
        self._peer, self._user = peer, user

    async def put(self, name: str, days: float, *, written: float | None = None) -> None:
        """A mail that came `days` ago, by its own date `written` days ago."""
        mail = letter(name, datetime.now(UTC) - timedelta(days=days if written is None else written))
        await asyncio.to_thread(self._append, mail, time.time() - days * 86_400)

    def _append(self, mail: bytes, at: float) -> None:
        with imaplib.IMAP4("127.0.0.1", self._peer.port) as imap:
            imap.login(self._user, PASSWORD)
            imap.append("INBOX", "", imaplib.Time2Internaldate(at), mail)


@pytest.fixture
def box(peer: Dovecot, request: pytest.FixtureRequest) -> Box:
    return Box(peer, f"user{abs(hash(request.node.name))}")


@pytest.fixture
def read(peer: Dovecot, box: Box, settings: Build, opened: Build) -> Build:
    """Read from a cursor on until a mail called `last` has come; what came, and the cursor behind it."""

    async def until(last: str, after: Cursor | None = None, **imap: Any) -> tuple[list[Raw], Cursor]:
        channel = opened(settings(1, peer.port, username=box._user, **imap))
        news = channel.listener.listen({} if after is None else {"INBOX": after})
        found: list[Raw] = []
        async with asyncio.timeout(10):
            async for batch in news:
                found += batch.messages
                if any(names([raw]) == [last] for raw in batch.messages):
                    await news.aclose()
                    return found, batch.cursor
        raise AssertionError("it ended")

    return until


def names(raws: list[Raw]) -> list[str]:
    return [raw.content.split(b"\r\n")[1].removeprefix(b"Subject: ").decode() for raw in raws]


async def test_only_the_last_days_of_what_lies_there_at_first_is_read(box: Box, read: Build) -> None:
    for name, days in (("a year", 365), ("a month", 30), ("yesterday", 1), ("moved", 90), ("today", 0)):
        await box.put(name, days)
    raws, cursor = await read("today", since_days=7)
    assert (names(raws), [raw.old for raw in raws]) == (["yesterday", "today"], [False, False])
    assert (cursor.uid, cursor.present) == (5, 5)


async def test_a_mailbox_may_begin_with_what_comes_from_now_on(box: Box, read: Build) -> None:
    await box.put("a minute ago", 1 / 1440)
    now = datetime.now(UTC)
    cursor = Cursor("INBOX", 1, 0, since=now)  # numbered otherwise: begun anew, at the moment it was first begun
    await box.put("from now on", -1 / 1440)
    raws, _ = await read("from now on", cursor)
    assert names(raws) == ["from now on"]


async def test_everything_can_be_wanted(box: Box, read: Build) -> None:
    await box.put("twenty years", 20 * 365)
    await box.put("today", 0)
    raws, _ = await read("today", since_days=36_500)
    assert names(raws) == ["twenty years", "today"]


async def test_an_old_mail_that_is_moved_there_later_is_read_as_history(box: Box, read: Build) -> None:
    await box.put("today", 0)
    _, cursor = await read("today")
    await box.put("moved", 90)
    await box.put("a broken clock", 0, written=9000)
    raws, _ = await read("a broken clock", cursor)
    assert [(name, raw.old) for name, raw in zip(names(raws), raws, strict=True)] == [
        ("moved", True),
        ("a broken clock", False),
    ]


async def test_what_comes_after_the_start_is_new_although_the_server_s_clock_is_behind(box: Box, read: Build) -> None:
    """Its INTERNALDATE knows whole seconds only: even by one clock, what comes at once seems to be from before."""
    await box.put("today", 0)
    _, cursor = await read("today")
    start = datetime.now(UTC) + timedelta(minutes=10)
    await box.put("by a slow clock", 0)
    raws, _ = await read("by a slow clock", replace(cursor, since=start))
    assert [raw.old for raw in raws] == [False]


async def test_a_new_uidvalidity_brings_back_the_time_since_the_start_and_no_old_work(box: Box, read: Build) -> None:
    """Also where a program moved the mails and gave all of them the same new time of arrival."""
    start = datetime.now(UTC) - timedelta(days=300)
    await box.put("before the start", 400)
    await box.put("since the start", 200)
    await box.put("moved here, from before the start", 0, written=400)
    await box.put("today", 0)
    raws, cursor = await read("today", Cursor("INBOX", 1, 900, start, 17))
    assert [(name, raw.old) for name, raw in zip(names(raws), raws, strict=True)] == [
        ("since the start", False),
        ("moved here, from before the start", True),
        ("today", False),
    ]
    assert (cursor.uid, cursor.present, cursor.since) == (4, 4, start)
