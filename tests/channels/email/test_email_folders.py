"""Several folders of one mailbox: each is watched by itself, and has its troubles by itself."""

from __future__ import annotations

import asyncio
import contextlib
import imaplib
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest

from channels.adapter import Batch, Hitch
from channels.errors import Interrupted, Misconfigured
from tests.dovecot import PASSWORD, Dovecot

pytestmark = pytest.mark.dovecot
Build = Callable[..., Any]
FOLDERS = tuple(f"F{number}" for number in range(6))


class Counting:
    """A way to the server that counts the connections, and can cut them."""

    def __init__(self, to: int) -> None:
        self._to, self.opened = to, 0
        self._writers: list[asyncio.StreamWriter] = []

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.opened += 1
        self._writers.append(writer)
        far_reader, far_writer = await asyncio.open_connection("127.0.0.1", self._to)
        with contextlib.suppress(OSError):
            await asyncio.gather(_copy(reader, far_writer), _copy(far_reader, writer))

    def cut(self, *which: int) -> None:
        for number in which:
            self._writers[number].transport.abort()


async def _copy(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    while data := await reader.read(65_536):
        writer.write(data)
        await writer.drain()
    writer.close()


@pytest.fixture
async def way(peer: Dovecot) -> Counting:
    return Counting(peer.port)


@pytest.fixture
async def listening(way: Counting, serving: Build, settings: Build, opened: Build) -> AsyncIterator[Build]:
    streams: list[Any] = []

    async def build(user: str, **imap: Any) -> AsyncIterator[Batch | Hitch]:
        made = settings(1, await serving(way.serve), username=user, **imap)
        streams.append(opened(made).listener.listen({}))
        return streams[-1]  # type: ignore[no-any-return]

    yield build
    for one in streams:
        await one.aclose()


async def put(peer: Dovecot, user: str, *folders: str, name: str = "x") -> None:
    def append() -> None:
        with imaplib.IMAP4("127.0.0.1", peer.port) as imap:
            imap.login(user, PASSWORD)
            for folder in folders:
                imap.create(folder)
                imap.append(folder, "", "", f"Subject: {folder} {name}\r\n\r\n".encode())

    await asyncio.to_thread(append)


async def mails(news: AsyncIterator[Batch | Hitch], count: int) -> set[bytes]:
    """The next mails; trouble and empty batches are read over."""
    found: set[bytes] = set()
    async with asyncio.timeout(20):
        while len(found) < count:
            one = await anext(news)
            found |= {raw.content.strip() for raw in one.messages} if isinstance(one, Batch) else set()
    return found


async def test_new_mail_in_any_watched_folder_is_announced(peer: Dovecot, way: Counting, listening: Build) -> None:
    await put(peer, "all", *FOLDERS[:5], name="old")
    news = await listening("all", folders=FOLDERS[:5], poll_seconds=600)
    assert len(await mails(news, 5)) == 5
    for folder in (*FOLDERS[:5], *FOLDERS[:5]):
        coming = asyncio.ensure_future(mails(news, 1))
        await put(peer, "all", folder, name="new")
        assert await coming == {f"Subject: {folder} new".encode()}
    assert way.opened == 5


async def test_folders_that_are_too_many_share_the_last_connection(
    peer: Dovecot, way: Counting, listening: Build
) -> None:
    await put(peer, "many", *FOLDERS, name="old")
    news = await listening("many", folders=FOLDERS, poll_seconds=0.2, connections=3)
    assert len(await mails(news, 6)) == 6
    coming = asyncio.ensure_future(mails(news, 6))
    await put(peer, "many", *FOLDERS, name="new")
    assert (len(await coming), way.opened) == (6, 3)


async def test_a_folder_that_is_not_there_keeps_the_others_going_until_it_is(peer: Dovecot, listening: Build) -> None:
    await put(peer, "one", "F0")
    news = await listening("one", folders=("Nowhere", "F0"), poll_seconds=0.2)
    assert await mails(news, 1) == {b"Subject: F0 x"}
    hitch = await anext(one async for one in news if isinstance(one, Hitch))
    assert (hitch.folder, "Check its spelling" in hitch.words) == ("Nowhere", True)
    await put(peer, "one", "Nowhere")
    assert await mails(news, 1) <= {b"Subject: F0 x", b"Subject: Nowhere x"}
    async with asyncio.timeout(20):
        while (one := await anext(news)) != Hitch("Nowhere"):
            assert isinstance(one, Batch | Hitch)


async def test_a_lost_connection_comes_back_while_the_others_go_on(
    peer: Dovecot, way: Counting, listening: Build
) -> None:
    await put(peer, "lost", "F0", "F1")
    news = await listening("lost", folders=("F0", "F1"), poll_seconds=600)
    await mails(news, 2)
    coming = asyncio.ensure_future(mails(news, 2))
    await asyncio.sleep(0)
    way.cut(1)
    await put(peer, "lost", "F0", "F1", name="new")
    assert await coming == {b"Subject: F0 new", b"Subject: F1 new"}


async def test_when_all_connections_are_lost_the_listening_ends(peer: Dovecot, way: Counting, listening: Build) -> None:
    await put(peer, "gone", "F0", "F1")
    news = await listening("gone", folders=("F0", "F1"), poll_seconds=600)
    await mails(news, 2)
    way.cut(0, 1)
    with pytest.raises(Interrupted):
        await mails(news, 1)


async def test_a_refused_login_is_tried_once_for_all_folders(way: Counting, listening: Build) -> None:
    news = await listening("all", password="wrong", folders=FOLDERS[:5])
    with pytest.raises(Misconfigured, match="login refused"):
        await anext(news)
    assert way.opened == 1
