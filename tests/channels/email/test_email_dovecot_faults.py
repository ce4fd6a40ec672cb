"""F7 against Dovecot: cut within literals, mails expunged meanwhile, a new UIDVALIDITY; each mail exactly once."""

from __future__ import annotations

import asyncio
import contextlib
import imaplib
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from channels.adapter import Cursor
from channels.email.channel import Settings
from channels.errors import Interrupted
from tests.dovecot import PASSWORD, Dovecot

pytestmark = pytest.mark.dovecot
Build = Callable[..., Any]
MAILS = [
    b"From: a@b.example\r\nSubject: %d\r\nMessage-ID: <%d@x>\r\n\r\n" % (n, n) + b"x" * 4000 + b"\r\n"
    for n in range(600)
]


class Scissors:
    """A way to the server that is cut after so many bytes, further away each time."""

    def __init__(self, to: int) -> None:
        self._to, self.cuts = to, 0

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._to)
        up = asyncio.create_task(self._copy(reader, far_writer, 1 << 40))
        with contextlib.suppress(OSError):
            await self._copy(far_reader, writer, 150_000 + 70_001 * self.cuts)
        self.cuts += 1
        up.cancel()
        for one in (writer, far_writer):
            one.transport.abort()

    async def _copy(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, left: int) -> None:
        while left and (data := await reader.read(min(left, 65_536))):
            writer.write(data)
            await writer.drain()
            left -= len(data)


async def all_of(listen: Callable[[dict[str, Cursor]], Any], count: int) -> list[bytes]:
    """Every mail until there are so many, as a worker takes them: after a loss again from the stored cursor."""
    found: list[bytes] = []
    cursors: dict[str, Cursor] = {}
    while len(found) < count:
        batches = listen(cursors)
        with contextlib.suppress(Interrupted):
            async for batch in batches:
                found += [raw.content for raw in batch.messages]
                cursors[batch.cursor.folder] = batch.cursor
                if len(found) >= count:
                    break
        await batches.aclose()
    return found


@pytest.fixture
def listening(settings: Build, opened: Build) -> Build:
    def build(port: int, user: str, **imap: Any) -> Any:
        made: Settings = settings(1, port, username=user, **imap)
        return opened(made).listener.listen

    return build


async def test_a_connection_that_is_cut_within_literals_loses_and_doubles_nothing(
    peer: Dovecot, listening: Build, serving: Build
) -> None:
    peer.fill("cut", MAILS)
    scissors = Scissors(peer.port)
    found = await all_of(listening(await serving(scissors.serve), "cut"), len(MAILS))
    assert (sorted(found), scissors.cuts > 3) == (sorted(MAILS), True)


async def test_mails_that_are_expunged_meanwhile_cost_nobody_else(peer: Dovecot, listening: Build) -> None:
    peer.fill("storm", MAILS)
    batches = listening(peer.port, "storm")({})
    found: list[bytes] = []
    async for batch in batches:
        if batch.messages and not found:
            await asyncio.to_thread(_expunge, peer, "storm", "400:499")
        found += [raw.content for raw in batch.messages]
        if batch.messages and batch.cursor.uid >= 600:
            break
    await batches.aclose()
    assert sorted(found) == sorted(MAILS[:399] + MAILS[499:])


async def test_a_new_uidvalidity_is_read_from_its_beginning(peer: Dovecot, listening: Build) -> None:
    peer.fill("anew", MAILS[:3])
    batches = listening(peer.port, "anew")({"INBOX": Cursor("INBOX", 1, 900)})
    first, second = await anext(batches), await anext(batches)
    await batches.aclose()
    assert (first.messages, first.cursor.uid) == ((), 0)
    assert (first.cursor.uidvalidity != 1, [raw.content for raw in second.messages]) == (True, MAILS[:3])


def _expunge(peer: Dovecot, user: str, numbers: str) -> None:
    with imaplib.IMAP4("127.0.0.1", peer.port) as imap:
        imap.login(user, PASSWORD)
        imap.select("INBOX")
        imap.store(numbers, "+FLAGS", "\\Deleted")
        imap.expunge()


async def test_a_folder_of_five_thousand_mails_comes_once_and_holds_no_memory(peer: Dovecot, listening: Build) -> None:
    many = 5_000
    peer.fill("many", (b"Subject: %d\r\n\r\n" % n + b"x" * 4_000 for n in range(many)))
    batches = listening(peer.port, "many", timeout_seconds=60, mark_seen=False)({})
    found: set[bytes] = set()
    count, begun = 0, 0
    async for batch in batches:
        found |= {raw.content[:16] for raw in batch.messages}
        count += len(batch.messages)
        begun = begun or (_resident() if count >= 500 else 0)
        if count >= many:
            break
    await batches.aclose()
    assert (count, len(found)) == (many, many)
    assert _resident() - begun < 15_000_000  # the 18 MB that were read in between are not held


def _resident() -> int:
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
